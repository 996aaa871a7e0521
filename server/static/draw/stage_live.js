/* The operator's stage: the live picture of the draw, and over it the show of what is written down (draw/stage.js).
   Classic script, ES2015.

   Every second it asks whether anything has changed; if so it takes the picture and the deck of scenes. Scenes are only
   ever added behind those that are there, so a show that runs keeps its place. What has been shown is told to the server,
   which lets office screens show as much. Without an answer everything stays as it is. */
(function () {
  "use strict";

  const hall = document.querySelector("[data-hall]");
  const show = document.querySelector("[data-show]");
  const play = document.querySelector("[data-hall-play]");
  const hint = document.querySelector("[data-hall-hint]");
  const release = document.querySelector("[data-hall-release]");
  const lost = document.querySelector("[data-hall-lost]");
  const ASK_MS = 1000;

  const scenes = [];
  const known = new Map();
  let words = {};
  let names = [];
  let pools = [];
  let place = 0;
  let told = -1;
  let left = 0;
  let taken = "";

  function say(key, facts) {
    return (words[key] || key).replace(/\{(\w+)\}/g, function (whole, name) {
      const fact = facts ? facts[name] : undefined;
      return typeof fact === "number" ? fact.toLocaleString(document.documentElement.lang) : String(fact);
    });
  }

  /* Names of those still in the pool before a scene; of a pool so small that none was sent along, its own winners. */
  function pool(scene) {
    const facts = scene.facts.pool;
    let some = pools[facts.kind].map(function (spot) { return names[spot]; }).filter(function (one) {
      return one[0] && (!one[1] || one[1] >= facts.at);
    }).map(function (one) { return one[0]; });
    if (!some.length) { some = scene.winners.map(function (one) { return one.name; }); }
    return { size: facts.size, left: facts.left, name: function (i) { return some[i % some.length]; } };
  }

  function take(deck) {
    words = deck.words;
    names = deck.names;
    pools = deck.pools;
    let marked = false;
    deck.scenes.forEach(function (facts) {
      const scene = known.get(facts.id) || {};
      const text = JSON.stringify(facts);
      if (known.has(facts.id) && scene.text !== text && scenes.indexOf(scene) === stage.now().index) { marked = true; }
      Object.assign(scene, facts, { facts: facts, text: text, pool: function () { return pool(scene); } });
      if (!known.has(facts.id)) {
        known.set(facts.id, scene);
        scenes.push(scene);
      }
      if (scene.picture && scene.kind === "prize") { new Image().src = scene.picture; }
    });
    if (told < 0) {
      told = deck.shown;
      place = deck.shown ? scenes.filter(function (scene) { return scene.upto <= deck.shown; }).length : 0;
    }
    if (marked && stage.now().open) {
      show.classList.remove("is-moving");
      window.dispatchEvent(new Event("resize"));
    }
    ready();
  }

  function ready() {
    const more = place < scenes.length;
    play.disabled = !scenes.length;
    play.toggleAttribute("data-ready", more);
    hint.hidden = !more;
  }

  // ---- the show

  const stage = vstage(show, {
    say: say,
    end: function () {
      left = performance.now();
      ready();
    },
    moved: function (index, phase) {
      place = phase === "shown" ? index + 1 : index;
      if (phase === "shown") { tell(scenes[index].upto); }
    },
  });

  function begin() {
    if (!scenes.length || stage.now().open || performance.now() - left < vstage.GUARD_MS) { return; }
    stage.play(scenes, place < scenes.length ? place : 0);
  }

  function tell(upto) {
    if (!hall.dataset.csrf || upto <= told) { return; }
    const body = new URLSearchParams({ upto: String(upto) });
    fetch(hall.dataset.hall + "/shown", {
      method: "POST", body: body, headers: { "x-csrftoken": hall.dataset.csrf, "hx-request": "true" }, credentials: "same-origin",
    }).then(function (answer) {
      if (answer.ok) { told = Math.max(told, upto); }
    }).catch(function () { /* told again with the next scene */ });
  }

  document.addEventListener("keydown", function (event) {
    if (vstage.goesOn(event) && !event.repeat && !stage.now().open && place < scenes.length) {
      event.preventDefault();
      begin();
    }
  });
  play.addEventListener("click", function () {
    play.blur();
    begin();
  });

  // ---- what is

  function ask(address) {
    return fetch(address, { credentials: "same-origin", cache: "no-store" }).then(function (answer) {
      const out = answer.redirected || answer.status === 401 || answer.status === 403;
      if (out && !stage.now().open) { location.reload(); }
      if (out || !answer.ok) { throw new Error(String(answer.status)); }
      lost.hidden = true;
      return answer;
    });
  }

  function picture(text) {
    hall.dispatchEvent(new CustomEvent("live:before", { bubbles: true }));
    hall.innerHTML = text;
    hall.dispatchEvent(new CustomEvent("live:after", { bubbles: true }));
  }

  function look() {
    ask(hall.dataset.hall + "/now?seen=" + encodeURIComponent(hall.dataset.seen)).then(function (answer) {
      if (answer.status === 204) { return null; }
      return answer.text().then(function (text) {
        picture(text);
        hall.dataset.seen = answer.headers.get("x-laurel-seen");
        hall.dataset.log = answer.headers.get("x-laurel-log");
        if (release) {
          release.hidden = answer.headers.get("x-laurel-hidden") === "0";
          release.elements.upto.value = answer.headers.get("x-laurel-upto");
        }
      });
    }).then(function () {
      const log = hall.dataset.log;
      if (taken === log) { return null; }
      return ask(hall.dataset.hall + "/deck").then(function (answer) { return answer.json(); }).then(function (deck) {
        taken = log;
        take(deck);
      });
    }).catch(function () { lost.hidden = false; }).then(function () { setTimeout(look, ASK_MS); });
  }

  if (hall.dataset.rehearsal) {
    document.body.classList.add("is-rehearsal");
    document.body.dataset.mark = hall.dataset.rehearsal;
  }
  look();
})();

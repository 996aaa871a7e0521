/* One answer, sent until the server has it. A form[data-answer] is posted once; where the line or the server is away it
   is sent again by itself, slower each time, for as long as its question is shown: the server counts it once however
   often it comes, and its own clock decides whether it was in time. What is said stands in the form, hidden:
   [data-answer-sending], [data-answer-retry]; [data-answer-problem] takes a refusal. Without this script the form
   posts by itself. */
(function () {
  "use strict";
  var FIRST_PAUSE_MS = 400;
  var LONGEST_PAUSE_MS = 5000;
  var PATIENCE_MS = 12000; // for one try
  var WORTH_SAYING_MS = 700;

  var pressed = null;
  var pending = null; // {round, action, body, tries, timer, abort, began}

  function headers() {
    var own = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    own["HX-Request"] = "true";
    own["Content-Type"] = "application/x-www-form-urlencoded";
    return own;
  }

  function form() { return document.querySelector("form[data-answer]"); }

  function roundOf(element) {
    var round = element.closest("[data-round]");
    return round ? round.dataset.round : "";
  }

  function asked() {
    var section = document.querySelector("[data-round][data-state=question]");
    return section ? section.dataset.round : "";
  }

  function body(from, button) {
    var values = new URLSearchParams();
    new FormData(from).forEach(function (value, key) { values.append(key, value); });
    if (button && button.name) { values.append(button.name, button.value); }
    return values;
  }

  // What the form looks like while its answer is under way; a new rendering of the same question gets it again.
  function show() {
    var now = form();
    if (!now) { return; }
    var mine = pending && roundOf(now) === pending.round;
    var fields = now.querySelector("fieldset");
    var retry = now.querySelector("[data-answer-retry]");
    var sending = now.querySelector("[data-answer-sending]");
    fields.disabled = !!mine;
    now.toggleAttribute("data-under-way", !!mine);
    retry.hidden = !mine || pending.tries === 0;
    sending.hidden = !mine || !retry.hidden || performance.now() - pending.began < WORTH_SAYING_MS;
    Array.prototype.forEach.call(now.querySelectorAll("[name=picked]"), function (choice) {
      choice.closest(".option").toggleAttribute("data-marked", !!mine && pending.picked.indexOf(choice.value) >= 0);
    });
  }

  function drop() {
    if (!pending) { return; }
    clearTimeout(pending.timer);
    if (pending.abort) { pending.abort.abort(); }
    pending = null;
  }

  function send() {
    var one = pending;
    if (!one || one.abort) { return; }
    clearTimeout(one.timer);
    one.abort = new AbortController();
    var limit = setTimeout(function () { one.abort.abort(); }, PATIENCE_MS);
    setTimeout(show, WORTH_SAYING_MS + 50);
    fetch(one.action, {
      method: "POST", body: one.body.toString(), headers: headers(), credentials: "same-origin", cache: "no-store",
      signal: one.abort.signal,
    }).then(function (answer) {
      if (answer.status >= 500) { throw new Error(String(answer.status)); }
      return answer.text().then(function (html) {
        clearTimeout(limit);
        if (pending === one) { pending = null; finish(one, answer, html); }
      });
    }).catch(function () {
      clearTimeout(limit);
      if (pending !== one) { return; }
      one.abort = null;
      one.tries += 1;
      var pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, one.tries - 1)) * (0.75 + Math.random() / 2);
      one.timer = setTimeout(send, pause);
      show();
    });
  }

  function finish(one, answer, html) {
    if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
    show();
    var place = document.querySelector(answer.ok ? "#got-it" : "[data-answer-problem]");
    if (!place || asked() !== one.round) { return; }
    window.htmx.swap(place, html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
    if (!answer.ok) { return; }
    var letters = place.querySelector("[data-letters]").dataset.letters;
    var chosen = letters.split(", ").map(function (letter) { return "ABCDEFGH".indexOf(letter); });
    // a receipt that was lost makes our own answer look like an older one
    var again = place.querySelector("[data-again]");
    if (again && chosen.join() === one.picked.map(Number).sort().join()) { again.hidden = true; }
    var fact = { round: one.round, outcome: "answered", letters: letters, chosen: chosen };
    document.dispatchEvent(new CustomEvent("mine", { detail: fact }));
    var announce = document.getElementById("announce");
    if (announce) { announce.textContent = place.innerText.trim(); }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("form[data-answer] button");
    if (button) { pressed = button; }
  }, true);

  document.addEventListener("submit", function (event) {
    var from = event.target;
    if (!from.matches("form[data-answer]")) { return; }
    event.preventDefault();
    if (pending) { return; }
    var values = body(from, event.submitter || pressed);
    pressed = null;
    if (!values.has("picked")) { return; }
    from.querySelector("[data-answer-problem]").textContent = "";
    pending = {
      round: roundOf(from), action: from.action, body: values, picked: values.getAll("picked"),
      tries: 0, timer: null, abort: null, began: performance.now(),
    };
    show();
    send();
  });

  function hasTicks(now) { return !!now.querySelector("input:checked"); }
  function offerSend() {
    var now = form();
    var button = now && now.querySelector("[data-send]");
    if (button) { button.disabled = !hasTicks(now); }
  }
  document.addEventListener("change", offerSend);
  offerSend();

  document.addEventListener("live:after", function () {
    if (pending && asked() !== pending.round) { drop(); }
    show();
    offerSend();
  });
  window.addEventListener("online", function () { if (pending && !pending.abort) { send(); } });
})();

/* One live element per page: <section data-live="STREAM" data-live-poll="FRAGMENT"> that holds or is one
   [data-live-target]. data-live-state="ID" names the state it came with; give it only where the id changes with
   everything shown: a state of the same id is then not swapped again. The stream says what is, not what changed;
   whatever was missed does not matter.

   Events of the stream (id: the state's id):
     state   HTML             replaces the inside of the target
     mine    JSON {round?, }  this member's own result; fills [data-mine], decides [data-mine-when] and [data-mine-mark]
     count   JSON {round?, }  how many; fills [data-count]
     resync                   ask for the fragment again
     crowded                  this is one stream too many and ends: ask now and then, and follow again when looked at
     ping                     nothing changed; the line is alive
   The first event must come at once when the stream opens. A proxy that holds the stream back shows as silence,
   and then the fragment is asked for every few seconds instead, by its ETag; a personal result and the counts may ride
   in the headers x-laurel-mine and x-laurel-count, as ASCII JSON. */
(function () {
  "use strict";
  var live = document.querySelector("[data-live]");
  if (!live) { return; }

  var FIRST_WORD_MS = 6000; // a stream that has not said anything by then does not work
  var SILENCE_MS = 40000; // pings come every 15 s, where the server sends them as events
  var RETRY_MS = 500;
  var RETRY_MOST_MS = 10000;
  var POLL_MS = 3000;
  var CROWDED_MS = 60000;
  var FAILURES_BEFORE_POLL = 3;
  var RELOAD_MS = 30000; // a page that is refused is loaded again, at most so often
  var REFUSED = [401, 403, 404, 409, 410];

  var page = document.documentElement;
  var target = live.matches("[data-live-target]") ? live : live.querySelector("[data-live-target]");
  var announce = document.getElementById("announce");
  var named = live.hasAttribute("data-live-state");
  var state = live.dataset.liveState || "";
  var etag = "";
  var streamed = 0;  // states that the stream has brought
  var pings = false;
  var mine = null;
  var count = null;
  var source = null;
  var failures = 0;
  var heardAt = performance.now();
  var hiddenAt = null;
  var retryTimer = null;
  var silenceTimer = null;
  var pollTimer = null;
  var polling = false;

  function each(selector, root, action) { Array.prototype.forEach.call(root.querySelectorAll(selector), action); }
  function jitter(ms) { return ms * (0.5 + Math.random()); }
  function parse(text) { try { return JSON.parse(text); } catch (error) { return null; } }

  // --- what the member sees -------------------------------------------------------------------------------------

  function roundShown() {
    var element = target.matches("[data-round]") ? target : target.querySelector("[data-round]");
    return element ? element.dataset.round : "";
  }

  // A screen hears the counts of every room and shows one of them at most.
  function elsewhere(fact) {
    var element = target.querySelector("[data-room]");
    return fact.room !== undefined && element !== null && element.dataset.room !== String(fact.room);
  }

  function belongs(fact) {
    return fact && !elsewhere(fact) && (fact.round === undefined || fact.round === null || String(fact.round) === roundShown());
  }

  function words(value) {
    if (value === null || value === undefined) { return ""; }
    return typeof value === "number" ? value.toLocaleString(page.lang) : String(value);
  }

  // "key", "key=a|b", "key>0", "key<0", each may begin with "!": the value is there; is (or holds) one of these; is
  // more, is less. Without a value only "!" is true.
  function holds(condition, facts) {
    var parts = /^(!?)([a-z0-9_]+)(?:([=<>])(.*))?$/.exec(condition);
    if (!parts) { return false; }
    var value = facts[parts[2]];
    var list = Array.isArray(value) ? value : value === undefined || value === null || value === false ? [] : [value];
    var found = list.some(function (item) {
      if (parts[3] === "=") { return parts[4].split("|").indexOf(String(item)) >= 0; }
      if (parts[3] === ">") { return Number(item) > Number(parts[4]); }
      if (parts[3] === "<") { return Number(item) < Number(parts[4]); }
      return true;
    });
    return parts[1] ? !found : found;
  }

  function showMine() {
    var facts = belongs(mine) ? mine : {};
    Array.prototype.slice.call(live.attributes).forEach(function (attribute) {
      if (attribute.name.indexOf("data-mine-") === 0) { live.removeAttribute(attribute.name); }
    });
    Object.keys(facts).forEach(function (key) {
      if (!/^[a-z][a-z0-9_]*$/.test(key) || facts[key] === null) { return; }
      live.setAttribute("data-mine-" + key.replace(/_/g, "-"), Array.isArray(facts[key]) ? facts[key].join(" ") : String(facts[key]));
    });
    each("[data-mine]", live, function (element) {
      var value = facts[element.dataset.mine];
      if (value === undefined) { return; }
      element.textContent = words(element.hasAttribute("data-mine-size") ? Math.abs(value) : value);
    });
    each("[data-mine-when]", live, function (element) { element.hidden = !holds(element.dataset.mineWhen, facts); });
    each("[data-mine-mark]", live, function (element) { element.toggleAttribute("data-marked", holds(element.dataset.mineMark, facts)); });
  }

  function showCount() {
    if (!belongs(count)) { return; }
    each("[data-count]", live, function (element) {
      var value = count[element.dataset.count];
      if (value === undefined) { return; }
      if (element.tagName === "PROGRESS" || element.tagName === "METER") { element.value = value; } else { element.textContent = words(value); }
    });
  }

  // What is said later about the same round adds to what was said before: first what I chose, then whether it was right.
  function takeMine(fact) {
    if (!fact) { return; }
    mine = mine && mine.round === fact.round ? Object.assign({}, mine, fact) : fact;
    showMine();
  }
  function takeCount(fact) { if (fact) { count = fact; showCount(); } }

  function fragment() {
    var element = target.querySelector("[data-round]");
    return element ? element.dataset.round + "/" + (element.dataset.state || "") : null;
  }

  // What is ticked but not yet sent survives a new rendering of the same question.
  function ticked() {
    var kept = [];
    each("input:checked", target, function (input) { kept.push([input.name, input.value]); });
    return kept;
  }
  function tick(kept) {
    each("input[type=checkbox], input[type=radio]", target, function (input) {
      if (kept.some(function (pair) { return pair[0] === input.name && pair[1] === input.value; })) { input.checked = true; }
    });
  }

  function takeState(html, id) {
    if (named && id && id === state) { return; }
    var before = fragment();
    var kept = ticked();
    var focused = target.contains(document.activeElement) && document.activeElement !== target;
    target.dispatchEvent(new CustomEvent("live:before", { bubbles: true }));
    window.htmx.swap(target, html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
    state = id;
    if (before !== null && before === fragment()) { tick(kept); }
    if (count && (count.round === undefined || count.round === null)) { count = null; }
    showMine();
    showCount();
    if (focused && !target.contains(document.activeElement)) {
      target.setAttribute("tabindex", "-1");
      target.focus({ preventScroll: true });
    }
    var said = target.querySelector("[data-announce]");
    if (announce && said && announce.textContent !== said.dataset.announce) { announce.textContent = said.dataset.announce; }
    target.dispatchEvent(new CustomEvent("live:after", { bubbles: true }));
  }

  // --- the sign -------------------------------------------------------------------------------------------------

  function sign(word) {
    if (page.dataset.connection !== word) { page.dataset.connection = word; }
    age();
  }

  function age() {
    var seconds = Math.max(0, Math.round((performance.now() - heardAt) / 1000));
    var unit = seconds < 60 ? "second" : seconds < 3600 ? "minute" : "hour";
    var amount = Math.floor(seconds / { second: 1, minute: 60, hour: 3600 }[unit]);
    var text = window.Intl && Intl.RelativeTimeFormat
      ? new Intl.RelativeTimeFormat(page.lang).format(-amount, unit)
      : amount + " " + unit.charAt(0);
    each("[data-connection-age]", document, function (element) { element.textContent = text; });
  }
  setInterval(function () { if (page.dataset.connection !== "live") { age(); } }, 1000);

  function heard() { heardAt = performance.now(); }

  // --- the stream -----------------------------------------------------------------------------------------------

  function listen(name, action) {
    source.addEventListener(name, function (event) {
      if (event.target !== source) { return; }
      heard();
      failures = 0;
      stopPolling();
      sign("live");
      pings = pings || name === "ping";
      if (pings) { watch(SILENCE_MS); } else { clearTimeout(silenceTimer); }
      action(event);
    });
  }

  function open() {
    clearTimeout(retryTimer);
    close();
    source = new EventSource(live.dataset.live);
    listen("state", function (event) { streamed += 1; etag = ""; takeState(event.data, event.lastEventId); });
    listen("mine", function (event) { takeMine(parse(event.data)); });
    listen("count", function (event) { takeCount(parse(event.data)); });
    listen("resync", function () { ask(true); });
    listen("crowded", function () { close(); startPolling(); reopen(CROWDED_MS); });
    listen("ping", function () {});
    source.addEventListener("error", function (event) { if (event.target === source) { failed(); } });
    watch(FIRST_WORD_MS);
  }

  function close() {
    clearTimeout(silenceTimer);
    if (source) { source.close(); source = null; }
  }

  function watch(ms) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(failed, ms);
  }

  function failed() {
    close();
    failures += 1;
    if (navigator.onLine === false || failures >= FAILURES_BEFORE_POLL) { startPolling(); } else { sign("weak"); }
    reopen(Math.min(RETRY_MOST_MS, RETRY_MS * Math.pow(2, failures - 1)));
  }

  function reopen(ms) {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(open, jitter(ms));
  }

  function now() { failures = Math.min(failures, 1); open(); }

  // --- asking, where the stream does not come through --------------------------------------------------------------

  function startPolling() {
    if (polling || !live.dataset.livePoll) { if (!polling) { sign("lost"); } return; }
    polling = true;
    pollAgain();
    ask(false);
  }

  function stopPolling() { polling = false; clearTimeout(pollTimer); }

  function pollAgain() {
    clearTimeout(pollTimer);
    pollTimer = setTimeout(function () { if (polling) { pollAgain(); ask(false); } }, jitter(POLL_MS));
  }

  function ask(whole) {
    var headers = { "HX-Request": "true" };
    var before = streamed;
    if (!whole && etag) { headers["If-None-Match"] = etag; }
    return fetch(live.dataset.livePoll, { headers: headers, credentials: "same-origin", cache: "no-store" }).then(function (answer) {
      if (REFUSED.indexOf(answer.status) >= 0) { refused(); }
      if (answer.status !== 304 && !answer.ok) { throw new Error(String(answer.status)); }
      heard();
      if (polling) { sign("weak"); }
      if (streamed !== before) { return ask(whole); }  // the stream has brought a state meanwhile, and this may be older
      takeMine(parse(answer.headers.get("x-laurel-mine") || "null"));
      takeCount(parse(answer.headers.get("x-laurel-count") || "null"));
      if (answer.status === 304) { return null; }
      return answer.text().then(function (html) {
        if (streamed !== before) { return ask(whole); }
        etag = answer.headers.get("etag") || "";
        takeState(html, "");
      });
    }).catch(function () { if (polling) { sign("lost"); } });
  }

  // Signed out, sent out of the room, closed: the page itself says why. A screen keeps its last state instead.
  function refused() {
    if (document.body.dataset.face === "screen") { return; }
    try {
      var last = Number(sessionStorage.getItem("laurel-reload")) || 0;
      if (Math.abs(Date.now() - last) < RELOAD_MS) { return; }  // also when the clock was set back
      sessionStorage.setItem("laurel-reload", String(Date.now()));
    } catch (error) { return; }
    location.reload();
  }

  // --- when the world changes -------------------------------------------------------------------------------------

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { hiddenAt = performance.now(); return; }
    if (!source || (hiddenAt !== null && performance.now() - hiddenAt > 5000)) { now(); }
  });
  window.addEventListener("online", now);
  window.addEventListener("offline", function () { close(); failed(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) { if (event.persisted) { now(); } });
  // An answer to a post may carry it too: HX-Trigger: {"mine": {...}}
  document.addEventListener("mine", function (event) { takeMine(event.detail); });

  takeMine(parse(live.dataset.liveMine || "null"));
  open();
})();

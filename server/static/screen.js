/* The screen: nobody touches it, so it turns its slides, fits its words, moves its rows and stays awake by itself.

   [data-playlist=ID]      its [data-slide][data-seconds] children take turns, for as long as the same ID is shown
   [data-fit]              --fit shrinks from 1 until nothing overflows
   [data-flip] [data-key]  rows that stand elsewhere after a swap move there; new ones appear
   [data-replay=ID]        once for each ID, rows move from [data-was] (0: nowhere) to [data-place]: who passed whom
   [data-rise=ID]          once for each ID, the podium rises
   [data-until-ms]         counts down in [data-until-part] (days, hours, minutes, seconds) from when it arrived
   [data-build]            names the style sheets the state needs; other than [data-page-build]: the page loads again */
(function () {
  "use strict";
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");
  var MOVE_MS = 900;
  var REPLAY_WAIT_MS = 1200;
  var REPLAY_MS = 1600;
  var FADE_MS = 500;
  var LEAST_FIT = 0.34;
  var FIT_STEP = 0.03;
  var DAY = 86400;
  var CALM = "cubic-bezier(0.3, 0, 0.1, 1)";
  var before = null;
  var played = {};
  var list = { id: null, began: 0 };
  var turning = null;
  var counting = null;

  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }

  // --- rows that move ---------------------------------------------------------------------------------------------

  document.addEventListener("live:before", function () {
    before = {};
    all("[data-flip] [data-key]").forEach(function (row) { before[row.dataset.key] = row.getBoundingClientRect().top; });
  });

  function flip() {
    if (!before || still.matches || !Object.keys(before).length) { before = null; return; }
    all("[data-flip] [data-key]").forEach(function (row) {
      var old = before[row.dataset.key];
      if (old === undefined) {
        row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE_MS, easing: "ease-out" });
        return;
      }
      var distance = old - row.getBoundingClientRect().top;
      if (!distance) { return; }
      var layer = distance > 0 ? 2 : 1;
      row.animate(
        [
          { transform: "translateY(" + distance + "px)", zIndex: layer },
          { transform: "none", zIndex: layer },
        ],
        { duration: MOVE_MS, easing: CALM }
      );
    });
    before = null;
  }

  function once(id) {
    if (played[id]) { return false; }
    played[id] = true;
    return true;
  }

  function replay(slide) {
    if (!slide.dataset.replay || !once("replay " + slide.dataset.replay) || still.matches) { return; }
    var rows = all("[data-was]", slide);
    var tops = rows.map(function (row) { return row.getBoundingClientRect().top; });
    rows.forEach(function (row, index) {
      var was = Number(row.dataset.was);
      var known = was >= 1 && was <= rows.length;
      var height = row.getBoundingClientRect().height;
      var from = (known ? tops[was - 1] : tops[rows.length - 1] + height) - tops[index];
      if (known && !from) { return; }
      var layer = from > 0 ? 2 : 1;
      row.animate(
        [
          { transform: "translateY(" + from + "px)", zIndex: layer, opacity: known ? 1 : 0 },
          { transform: "none", zIndex: layer, opacity: 1 },
        ],
        { delay: REPLAY_WAIT_MS, duration: REPLAY_MS, easing: CALM, fill: "backwards" }
      );
    });
  }

  function rise() {
    all("[data-rise]").forEach(function (podium) {
      if (once("rise " + podium.dataset.rise)) { podium.classList.add("is-rising"); }
    });
  }

  // --- words that fit ---------------------------------------------------------------------------------------------

  function spills(box) { return box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1; }

  function fit() {
    all("[data-fit]").forEach(function (box) {
      if (!box.clientHeight) { return; }
      var size = 1;
      box.style.setProperty("--fit", "1");
      while (spills(box) && size > LEAST_FIT) {
        size = Math.max(LEAST_FIT, size - FIT_STEP);
        box.style.setProperty("--fit", size.toFixed(2));
      }
    });
  }

  // --- slides that take turns -------------------------------------------------------------------------------------

  function turn() {
    clearTimeout(turning);
    var show = document.querySelector("[data-playlist]");
    if (!show) { list = { id: null, began: 0 }; return; }
    if (list.id !== show.dataset.playlist) { list = { id: show.dataset.playlist, began: performance.now() }; }
    var slides = all("[data-slide]", show);
    var lengths = slides.map(function (slide) { return Number(slide.dataset.seconds) * 1000; });
    var whole = lengths.reduce(function (sum, length) { return sum + length; }, 0);
    if (!whole) { return; }
    var passed = (performance.now() - list.began) % whole;
    var at = 0;
    while (passed >= lengths[at]) { passed -= lengths[at]; at += 1; }
    slides.forEach(function (slide, index) {
      var hidden = slide.hidden;
      slide.hidden = index !== at;
      if (hidden && index === at) {
        if (!still.matches) { slide.animate([{ opacity: 0 }, { opacity: 1 }], { duration: FADE_MS, easing: "ease-out" }); }
      }
      if (index === at) { replay(slide); }
    });
    fit();
    dots(show, slides.length, at);
    if (slides.length > 1) { turning = setTimeout(turn, lengths[at] - passed + 5); }
  }

  function dots(show, many, at) {
    var row = show.querySelector("[data-dots]");
    if (!row) { return; }
    row.hidden = many < 2;
    while (row.children.length < many) { row.appendChild(document.createElement("span")); }
    all("span", row).forEach(function (dot, index) { dot.toggleAttribute("data-on", index === at); });
  }

  // --- time until -------------------------------------------------------------------------------------------------

  function until() {
    clearTimeout(counting);
    var clocks = all("[data-until-ms]");
    clocks.forEach(function (clock) {
      if (!clock.dataset.untilEnd) { clock.dataset.untilEnd = String(performance.now() + Number(clock.dataset.untilMs)); }
      var left = Math.max(0, Math.ceil((Number(clock.dataset.untilEnd) - performance.now()) / 1000));
      var parts = { days: Math.floor(left / DAY), hours: Math.floor(left / 3600) % 24, minutes: Math.floor(left / 60) % 60, seconds: left % 60 };
      all("[data-until-part]", clock).forEach(function (part) {
        var number = part.querySelector("dd");
        var value = parts[part.dataset.untilPart];
        number.textContent = part.dataset.untilPart === "days" || value > 9 ? String(value) : "0" + value;
      });
      clock.hidden = false;
    });
    if (clocks.length) { counting = setTimeout(until, 1000); }
  }

  // --- a new version of Laurel --------------------------------------------------------------------------------------

  function renew() {
    var page = document.querySelector("[data-page-build]");
    var state = document.querySelector("[data-build]");
    if (!page || !state || state.dataset.build === page.dataset.pageBuild) { return; }
    try {
      if (sessionStorage.getItem("laurel-build") === state.dataset.build) { return; }
      sessionStorage.setItem("laurel-build", state.dataset.build);
    } catch (error) { return; }
    location.reload();
  }

  document.addEventListener("live:after", function () { until(); turn(); fit(); rise(); flip(); renew(); });
  window.addEventListener("resize", fit);
  if (document.fonts && document.fonts.ready) { document.fonts.ready.then(fit); }
  until();
  turn();
  fit();
  rise();

  function stayAwake() {
    if (navigator.wakeLock && !document.hidden) { navigator.wakeLock.request("screen").catch(function () {}); }
  }
  document.addEventListener("visibilitychange", function () { stayAwake(); if (!document.hidden) { turn(); } });
  stayAwake();
})();

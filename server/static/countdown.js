/* Time that is left, as the server said it. [data-remaining-ms][data-total-ms] is counted from the moment it arrived
   on the browser's own steady clock; the phone's wall clock is never read. At zero: data-time-up on it and on the
   [data-round] around it, and a "time-up" event. Nothing is sent: whether an answer is late is the server's decision. */
(function () {
  "use strict";
  var LOW_MS = 5000;
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");
  var running = [];
  var timer = null;

  function start(element, received) {
    if (element.hasAttribute("data-counting")) { return; }
    element.setAttribute("data-counting", "");
    var remaining = Math.max(0, Number(element.dataset.remainingMs) || 0);
    var one = {
      element: element,
      end: received + remaining,
      whole: remaining,
      number: element.querySelector("[data-countdown-number]"),
      bar: element.querySelector("[data-countdown-bar]"),
    };
    if (element.hasAttribute("data-paused")) {
      if (one.number) { one.number.textContent = String(Math.ceil(remaining / 1000)); }
      return;
    }
    var left = Math.max(0, one.end - performance.now());
    if (one.bar && !still.matches && left > 0) {
      // one transition run by the compositor instead of a script for every frame
      one.bar.style.transform = "scaleX(" + left / remaining + ")";
      one.bar.getBoundingClientRect();
      one.bar.style.transition = "transform " + left + "ms linear";
      one.bar.style.transform = "scaleX(0)";
    }
    running.push(one);
    tick();
  }

  function tick() {
    clearTimeout(timer);
    var now = performance.now();
    var wake = 1000;
    running = running.filter(function (one) {
      if (!document.contains(one.element)) { return false; }
      var left = Math.max(0, one.end - now);
      if (one.number) { one.number.textContent = String(Math.ceil(left / 1000)); }
      if (one.bar && still.matches) { one.bar.style.transform = "scaleX(" + (one.whole ? left / one.whole : 0) + ")"; }
      if (left <= LOW_MS) { one.element.setAttribute("data-time-low", ""); }
      if (left === 0) { up(one.element); return false; }
      wake = Math.min(wake, left % 1000 || 1000);
      return true;
    });
    if (running.length) { timer = setTimeout(tick, wake + 5); }
  }

  function up(element) {
    var round = element.closest("[data-round]");
    element.setAttribute("data-time-up", "");
    if (round) { round.setAttribute("data-time-up", ""); }
    element.dispatchEvent(new CustomEvent("time-up", { bubbles: true }));
  }

  function scan(root, received) {
    if (root.matches && root.matches("[data-remaining-ms]")) { start(root, received); }
    Array.prototype.forEach.call(root.querySelectorAll("[data-remaining-ms]"), function (element) { start(element, received); });
  }

  // The page itself was answered before this script ran: count from when its first byte came.
  var entry = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
  scan(document, entry && entry.responseStart > 0 ? entry.responseStart : performance.now());
  document.addEventListener("htmx:afterSwap", function (event) { scan(event.target, performance.now()); });
  document.addEventListener("live:after", function (event) { scan(event.target, performance.now()); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { tick(); } });
})();

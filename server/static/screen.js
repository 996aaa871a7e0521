/* The screen: rows of a board move from where they were, so that one sees who passed whom; the panel stays awake. */
(function () {
  "use strict";
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");
  var MOVE_MS = 900;
  var before = null;

  function rows() { return Array.prototype.slice.call(document.querySelectorAll("[data-flip] [data-key]")); }

  document.addEventListener("live:before", function () {
    before = {};
    rows().forEach(function (row) { before[row.dataset.key] = row.getBoundingClientRect().top; });
  });

  document.addEventListener("live:after", function () {
    if (!before || still.matches || !Object.keys(before).length) { return; }
    rows().forEach(function (row) {
      var old = before[row.dataset.key];
      if (old === undefined) {
        row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE_MS, easing: "ease-out" });
        return;
      }
      var distance = old - row.getBoundingClientRect().top;
      if (!distance) { return; }
      var rises = distance > 0;
      row.animate(
        [
          { transform: "translateY(" + distance + "px)", zIndex: rises ? 2 : 1 },
          { transform: "none", zIndex: rises ? 2 : 1 },
        ],
        { duration: MOVE_MS, easing: "cubic-bezier(0.3, 0, 0.1, 1)" }
      );
    });
    before = null;
  });

  function stayAwake() {
    if (navigator.wakeLock && !document.hidden) { navigator.wakeLock.request("screen").catch(function () {}); }
  }
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
})();

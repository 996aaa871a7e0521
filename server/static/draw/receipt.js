/* Keeps a receipt on this phone, where the browser lets it. The check reads it from there. */
(function () {
  "use strict";
  var shown = document.querySelector("[data-receipt]");
  if (!shown) { return; }
  var kept = false;
  try {
    localStorage.setItem("laurel.receipt." + shown.dataset.draw, shown.dataset.receipt);
    kept = localStorage.getItem("laurel.receipt." + shown.dataset.draw) === shown.dataset.receipt;
  } catch (refused) { kept = false; }
  shown.querySelector(kept ? "[data-kept]" : "[data-not-kept]").hidden = false;
})();

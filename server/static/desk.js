/* The desk's keys: Space, the right arrow or the PageDown of a clicker presses the one button marked data-key-next. */
(function () {
  "use strict";
  var WRITES = "input, textarea, select, [contenteditable]";
  var PRESSES = "button, a, summary, [role=button]";

  document.addEventListener("keydown", function (event) {
    var space = event.key === " " || event.key === "Spacebar";
    if (!space && event.key !== "ArrowRight" && event.key !== "PageDown") { return; }
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.defaultPrevented) { return; }
    var at = document.activeElement;
    if (at && (at.closest(WRITES) || (space && at.closest(PRESSES)))) { return; }
    if (document.querySelector("dialog[open]")) { return; }
    var next = document.querySelector("[data-key-next]:not([disabled]):not([aria-busy])");
    if (!next) { return; }
    event.preventDefault();
    next.click();
  });

  // A room that is over asks nobody in.
  document.addEventListener("live:after", function (event) {
    if (!event.target.querySelector("[data-state=podium], [data-state=cancelled]")) { return; }
    Array.prototype.forEach.call(document.querySelectorAll("[data-until-over]"), function (one) { one.hidden = true; });
  });

  // On a narrow screen the menu is behind one button, and Escape leads back to it; without scripts it stands open.
  var button = document.querySelector("[data-menu]");
  var menu = document.getElementById("menu");
  if (button && menu) {
    var narrow = window.matchMedia("(max-width: 860px)");
    var fold = function (shut) {
      menu.classList.toggle("is-shut", shut);
      button.setAttribute("aria-expanded", String(!shut));
    };
    var arrange = function () {
      button.hidden = !narrow.matches;
      fold(narrow.matches);
    };
    button.addEventListener("click", function () { fold(!menu.classList.contains("is-shut")); });
    document.addEventListener("keydown", function (event) {
      var open = narrow.matches && !menu.classList.contains("is-shut");
      if (event.key !== "Escape" || event.defaultPrevented || !open) { return; }
      fold(true);
      button.focus();
    });
    narrow.addListener(arrange);
    arrange();
  }

  // A file dropped on the field is a file chosen.
  document.addEventListener("dragover", function (event) {
    var drop = event.target.closest && event.target.closest("[data-drop]");
    if (drop) { event.preventDefault(); drop.classList.add("is-over"); }
  });
  document.addEventListener("dragleave", function (event) {
    var drop = event.target.closest && event.target.closest("[data-drop]");
    if (drop && !drop.contains(event.relatedTarget)) { drop.classList.remove("is-over"); }
  });
  document.addEventListener("drop", function (event) {
    var drop = event.target.closest && event.target.closest("[data-drop]");
    var input = drop && drop.querySelector("input[type=file]");
    if (!input || !event.dataTransfer.files.length) { return; }
    event.preventDefault();
    drop.classList.remove("is-over");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();

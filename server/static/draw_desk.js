/* The page of a draw: opens the step that the address names, shows what was refused, groups digits while they are typed. */
(function () {
  "use strict";

  function openFold(element) {
    for (var at = element; at; at = at.parentElement) {
      if (at.tagName === "DETAILS" && !at.hasAttribute("data-confirm")) { at.open = true; }
    }
    var own = element.querySelector("details");
    if (own && /^step-/.test(element.id)) { own.open = true; }
  }

  function follow() {
    var name = decodeURIComponent(location.hash.slice(1));
    var element = name && document.getElementById(name);
    if (!element) { return; }
    openFold(element);
    element.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  follow();

  var wrong = document.querySelector("[aria-invalid=true], [data-slip]");
  if (wrong) {
    openFold(wrong);
    wrong.focus();
  }

  // 3141 5926 ...: only when the caret is at the end, so that nobody's correction jumps.
  document.addEventListener("input", function (event) {
    var input = event.target;
    var size = Number(input.dataset && input.dataset.groups);
    if (!size || input.selectionStart !== input.value.length || (event.inputType || "").indexOf("delete") === 0) { return; }
    var digits = input.value.replace(/\s+/g, "");
    var groups = [];
    for (var at = 0; at < digits.length; at += size) { groups.push(digits.slice(at, at + size)); }
    input.value = groups.join(" ");
  });
})();

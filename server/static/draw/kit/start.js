/* Where the kit begins: the draw that it carries, or the choice for everybody. Classic script, ES2015; the last one. */
(function () {
  "use strict";

  const { given, state } = vstate;
  const wanted = String(given && given.language || navigator.language || "").slice(0, 2);

  window.addEventListener("beforeunload", function (event) {
    const journal = state.journal;
    if (journal && journal.armed() && !state.stored && !vframe.isSaved()) { event.preventDefault(); }
  });
  state.language = vpage.LANGUAGES.find(function (language) { return language.slice(0, 2) === wanted; }) || "en";
  if (given) { vopening.openGiven(); } else { vframe.render(); }
})();

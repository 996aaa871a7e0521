/* What the open kit knows: the draw, its journal, which page is open, and what this browser keeps of it. Classic
   script, ES2015; needs core.js, page.js and journal.js, and the data in the page. */
var vstate = (function () {
  "use strict";

  /* The private data of a filled kit (server/runtime/kit_program.py, `kit_data`); null in the empty kit. */
  const given = JSON.parse(document.getElementById("data").textContent);

  /* `shown`: places whose winners the stage has shown. `saved`: the log as it was last saved in a file. `stored`:
     whether this browser keeps the journal. `waited`: the chain head after the dice has been seen long enough. `form`:
     what has been typed so far on the page that is open. `message`: [kind, words] above it. */
  const state = {
    language: "en", view: "home", step: "check", draw: null, people: null, checks: [], journal: null,
    shown: new Set(), saved: "", stored: false, message: null, seenArm: false, waited: false, result: false,
    calling: null, absent: null, form: {}, report: null, kitFile: null, loaded: {},
  };

  function say(key, facts) { return vpage.words(state.language, key, facts); }

  function complain(error) { state.message = ["bad", vpage.refusal(state.language, error)]; }

  // ---- this browser's storage: a mere cache, which may be missing, full or forbidden

  function storeKey() { return "vdraw:" + vdraw.hex(state.draw.m); }

  function store() {
    try {
      localStorage.setItem(storeKey(), JSON.stringify({
        journal: state.journal.text(), shown: Array.from(state.shown), saved: state.saved,
      }));
      state.stored = true;
    } catch (error) {
      state.stored = false;
    }
  }

  /* The journal that this browser kept of this draw, or null. One that cannot be read is left alone and said. */
  function recalled() {
    try {
      const kept = JSON.parse(localStorage.getItem(storeKey()));
      if (!kept) { return null; }
      state.shown = new Set(kept.shown);
      state.saved = kept.saved;
      return vjournal.read(kept.journal, state.draw);
    } catch (error) {
      if (error instanceof vdraw.Refused) { complain(error); }
      return null;
    }
  }

  /* Whether another window of this browser has gone on with this draw. */
  function movedOn() {
    try {
      const kept = JSON.parse(localStorage.getItem(storeKey()));
      return Boolean(kept) && JSON.parse(kept.journal).log !== state.journal.log();
    } catch (error) {
      return false;
    }
  }

  /* Shows the winners of these outcomes in lists from now on. */
  function show(places) {
    places.forEach(function (place) { state.shown.add(place); });
    store();
  }

  // ---- the journal that is open

  /* Takes another journal of this draw. A run that it does not continue is not forgotten. */
  function take(journal) {
    const mine = state.journal;
    const how = mine.armed() && journal.armed() ? vjournal.compared(mine, journal) : "older";
    if (how === "newer" || how === "same") {
      state.message = ["info", say("kit.load." + how, { code: mine.now.code })];
    } else {
      if (how === "other") {
        const known = journal.earlier.concat(mine.earlier, [vjournal.trace(mine)]);
        journal.earlier = known.filter(function (one, place) {
          return known.findIndex(function (each) { return each.head === one.head; }) === place;
        });
        state.shown = new Set();
      } else {
        journal.earlier = journal.earlier.length ? journal.earlier : mine.earlier;
      }
      state.message = ["good", say("kit.load.taken", { code: journal.armed() ? journal.now.code : "-" })];
      Object.assign(state, {
        journal: journal, saved: "", seenArm: journal.armed() && journal.now.lines.length > 1, waited: false,
        result: false,
      });
    }
    Object.assign(state, { view: "work", step: "check" });
    store();
  }

  /* A rehearsal may begin anew; a draw never does. */
  function again() {
    Object.assign(state, {
      journal: vjournal.begin(state.draw, null, []), step: "check", shown: new Set(), saved: "", seenArm: false,
      waited: false, result: false,
    });
    store();
  }

  return { given, state, say, complain, store, recalled, movedOn, show, take, again };
})();

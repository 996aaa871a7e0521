/* The frame around every page of the kit: which page is open, how it is drawn anew, and how an input is taken.
   Classic script, ES2015; needs page.js, journal.js, state.js, names.js and parts.js.

   What happens is written before it is shown: an event goes into the journal, then into this browser's storage (a mere
   cache: nothing depends on it), then it waits to be saved as a file, and only then does a page change. */
var vframe = (function () {
  "use strict";

  const { h, put } = vpage;
  const { given, state, say, complain, store, movedOn } = vstate;
  const { button, notice } = vparts;
  const STEPS = ["check", "present", "void", "arm", "dice", "beacon", "secrets", "draw", "end"];
  const root = document.getElementById("kit");

  /* Name -> function that makes the page; the scripts that come after this one put theirs in. */
  const pages = {};

  let timer = 0;

  // ---- where the kit is

  function stepNow() {
    if (!state.journal.armed()) { return state.step; }
    const stage = state.journal.now.stage;
    if (stage === "venue") { return state.seenArm ? "dice" : "armed"; }
    if (stage === "closed") { return "end"; }
    if (stage === "course") { return state.result ? "result" : "draw"; }
    if (state.journal.now.lines.length === 2 && !state.waited) { return "wait"; }
    return stage === "beacon" ? "beacon" : "secrets";
  }

  function go(view, step) {
    state.view = view;
    if (step) { state.step = step; }
    state.message = null;
    state.form = {};
    render();
  }

  // ---- what is taken and saved

  /* Takes an input: journal, storage, `taken()`, then the page. False when it is refused; the page says why. */
  function record(line, taken) {
    if (movedOn()) {
      tell("bad", say("kit.elsewhere"));
      return false;
    }
    try {
      state.journal.add(line);
    } catch (error) {
      if (!(error instanceof vdraw.Refused)) { throw error; }
      refuse(error);
      return false;
    }
    state.form = {};
    state.message = null;
    store();
    if (taken) { taken(); }
    render();
    return true;
  }

  function fileName() { return state.draw.manifest.draw_id + ".vdraw"; }

  function saveFile() {
    vpage.save(fileName(), state.journal.text(), "application/json");
    state.saved = state.journal.log();
    store();
    render();
  }

  function isSaved() { return state.saved === state.journal.log(); }

  function tell(kind, words) {
    state.message = [kind, words];
    render();
  }

  function refuse(error) {
    complain(error);
    render();
  }

  /* Seconds from the moment `from` (performance.now()) counted down to 0 in the element `shown`; then done(). Ends when
     a page is drawn. */
  function countDown(seconds, from, shown, done) {
    function tick() {
      const left = Math.max(0, seconds - Math.floor((performance.now() - from) / 1000));
      shown.textContent = String(left);
      if (!left) {
        clearInterval(timer);
        done();
      }
    }
    clearInterval(timer);
    timer = setInterval(tick, 200);
    tick();
  }

  // ---- what stands above every page

  function header() {
    const journal = state.journal;
    const armed = journal && journal.armed();
    return h("header", { class: "kit-head" },
      h("div", { class: "kit-name" }, h("b", {}, vnames.titleOf()),
        state.draw ? h("span", { class: "soft" }, "M ", vpage.groups(vdraw.hex(state.draw.m).slice(0, 16), 4),
          " …") : null),
      armed ? h("p", { class: "kit-now" }, h("span", { class: "soft" }, say("kit.code.now")), " ",
        h("b", { class: "kit-code-now" }, journal.now.code)) : null,
      h("div", { class: "kit-tools" }, armed ? savedMark() : null, languages()));
  }

  function savedMark() {
    return h("div", { class: "kit-saved" },
      h("span", { class: "badge " + (state.stored ? "badge-good" : "badge-warn") },
        say(state.stored ? "kit.stored" : "kit.unstored")),
      isSaved() ? h("span", { class: "badge badge-good" }, say("kit.saved")) :
        button("kit.save", saveFile, "button-primary kit-unsaved"));
  }

  function languages() {
    return vpage.LANGUAGES.map(function (language) {
      return h("button", {
        type: "button", class: "kit-language", lang: language, "aria-pressed": String(language === state.language),
        onclick: function () {
          state.language = language;
          render();
        },
      }, vpage.words(language, "kit.language"));
    });
  }

  function menu() {
    const items = [];
    if (state.draw && state.journal) {
      items.push(["work", "kit.menu.work"], ["rebuild", "kit.menu.rebuild"]);
    } else if (!given) {
      items.push(["home", "kit.menu.home"]);
    }
    items.push(["verify", "kit.menu.verify"], ["receipt", "kit.menu.receipt"]);
    return h("nav", { class: "kit-menu", "aria-label": say("kit.menu") }, items.map(function (item) {
      return h("button", {
        type: "button", "aria-current": state.view === item[0] ? "page" : null,
        onclick: function () { go(item[0]); },
      }, say(item[1]));
    }));
  }

  function stepLine() {
    const manifest = state.draw.manifest;
    const now = { armed: "arm", wait: "dice", result: "draw" }[stepNow()] || stepNow();
    const steps = STEPS.filter(function (step) {
      return (step !== "present" || manifest.presence) && (step !== "beacon" || manifest.beacon);
    });
    const at = steps.indexOf(now);
    return h("ol", { class: "kit-steps", "aria-label": say("kit.steps") }, steps.map(function (step, place) {
      const open = !state.journal.armed() && place <= steps.indexOf("arm");
      const name = say("kit.step." + step);
      return h("li", {
        class: place < at ? "is-done" : place === at ? "is-now" : "", "aria-current": place === at ? "step" : null,
      }, open ? h("button", { type: "button", onclick: function () { go("work", step); } }, name) :
        h("span", {}, name));
    }));
  }

  function earlierNotice() {
    const earlier = state.journal ? state.journal.earlier : [];
    return earlier.length ? notice("bad", say("kit.earlier.warning", {
      codes: earlier.map(function (one) { return one.code; }).join(", "),
    })) : null;
  }

  function render() {
    clearInterval(timer);
    const work = state.view === "work";
    const rehearsal = Boolean(state.draw && state.draw.manifest.rehearsal);
    document.documentElement.lang = state.language;
    document.body.classList.toggle("is-rehearsal", rehearsal);
    document.body.dataset.mark = rehearsal ? say("kit.rehearsal") : "";
    const before = root.dataset.page;
    const name = work ? stepNow() : state.view;
    const main = pages[name]();
    root.textContent = "";
    root.dataset.page = name;
    put(root, [header(), menu(), work ? stepLine() : null, earlierNotice(), main]);
    if (before !== name) {
      window.scrollTo(0, 0);
      document.getElementById("top").focus({ preventScroll: true });
    }
  }

  return { pages, go, record, fileName, saveFile, isSaved, tell, refuse, countDown, render };
})();

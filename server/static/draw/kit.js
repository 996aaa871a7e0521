/* The offline kit: the pages that lead through a draw at the venue, and the check of published files for everybody.
   Classic script, ES2015; needs core.js, qr.js, page.js, journal.js, stage.js and paper.js, in one file with its data.

   What happens is written before it is shown: an event goes into the journal, then into this browser's storage (a mere
   cache: nothing depends on it), then it waits to be saved as a file, and only then does a page change. */
(function () {
  "use strict";

  const h = vpage.h;
  const root = document.getElementById("kit");
  const paper = document.getElementById("paper");
  const given = JSON.parse(document.getElementById("data").textContent);
  const MAIN = "button-primary button-big";
  const WAIT_SECONDS = 10;
  const MOST_ROWS = 40;
  const VOID_REASONS = ["left", "ineligible", "duplicate", "withdrawn", "conflict"];

  /* `shown`: places whose winners the stage has shown. `saved`: the log as it was last saved in a file. `wait`: "done"
     when the chain head has been seen long enough. `form`: what has been typed so far on the page that is open. */
  const state = {
    language: "en", view: "home", step: "check", draw: null, people: null, checks: [], journal: null,
    shown: new Set(), saved: "", stored: false, message: null, seenArm: false, wait: 0, result: false,
    calling: null, absent: null, form: {}, report: null, files: [], kitFile: null, loaded: {},
  };

  let timer = 0;

  function say(key, facts) { return vpage.words(state.language, key, facts); }

  // ---- what is remembered

  function storeKey() { return "vdraw:" + vdraw.hex(state.draw.m); }

  /* Whether this browser keeps anything; storage may be missing, full or forbidden. */
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
      if (error instanceof vdraw.Refused) { state.message = ["bad", vpage.refusal(state.language, error)]; }
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

  /* Takes an input: journal, storage, then the page. False when it is refused; the page says why. */
  function record(line) {
    if (movedOn()) {
      state.message = ["bad", say("kit.elsewhere")];
      render();
      return false;
    }
    try {
      state.journal.add(line);
    } catch (error) {
      if (!(error instanceof vdraw.Refused)) { throw error; }
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
      return false;
    }
    state.form = {};
    state.message = null;
    store();
    return true;
  }

  function fileName() { return state.draw.manifest.draw_id + ".vdraw"; }

  function saveFile() {
    vpage.save(fileName(), state.journal.text(), "application/json");
    state.saved = state.journal.log();
    store();
    render();
  }

  /* Takes another journal of this draw, typed or from a file. A run that it does not continue is not forgotten. */
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
      state.journal = journal;
      state.message = ["good", say("kit.load.taken", { code: journal.armed() ? journal.now.code : "-" })];
      state.saved = "";
      state.seenArm = journal.armed() && journal.now.lines.length > 1;
      state.wait = 0;
      state.result = false;
    }
    state.view = "work";
    state.step = "check";
    store();
    render();
  }

  // ---- names

  function nameOf(line, language) {
    return state.people ? state.people.names[line] :
      vpage.words(language || state.language, "kit.line", { line: line });
  }

  function shownName(line) { return state.people ? state.people.shown[line] : say("kit.line", { line: line }); }

  function unitOf(line) {
    if (state.people) { return state.people.units[state.people.unit_of[line]]; }
    return state.draw.snapshot.units[state.draw.snapshot.unit[line]];
  }

  function aboutPrize(id) {
    const about = given && given.prizes && given.prizes[id];
    return about || { name: id, value: 0, sponsor: "", picture: "" };
  }

  function prizeName(id) { return aboutPrize(id).name; }

  function roundName(id) { return given && given.rounds && given.rounds[id] || id; }

  function titleOf() { return given && given.title || (state.draw ? state.draw.manifest.draw_id : say("kit.title")); }

  function custodian(place) {
    const manifest = state.draw.manifest;
    return manifest.names[place] || manifest.labels[place] || say("kit.custodian", { number: place + 1 });
  }

  function money(fen) {
    const rest = fen % 100;
    const cents = rest ? "." + (rest < 10 ? "0" : "") + rest : "";
    return say("kit.worth", { value: vpage.number((fen - rest) / 100) + cents });
  }

  function prizeNote(id) {
    const about = aboutPrize(id);
    const parts = [];
    if (about.value) { parts.push(money(about.value)); }
    if (about.sponsor) { parts.push(say("kit.sponsor", { name: about.sponsor })); }
    return parts.join(" · ");
  }

  function diceWords(label) {
    const shape = /d(6|10)x([0-9]+)$/.exec(label);
    return say(shape[1] === "6" ? "kit.dice.d6" : "kit.dice.d10", { count: Number(shape[2]) });
  }

  // ---- small parts

  function button(key, act, kind, attributes) {
    const about = Object.assign({ type: "button", class: "button " + (kind || ""), onclick: act }, attributes);
    return h("button", about, say(key));
  }

  function actions() { return h("div", { class: "kit-actions" }, Array.prototype.slice.call(arguments)); }

  function labelled(label) {
    return h("label", { class: "field" }, h("span", { class: "field-label" }, label),
      Array.prototype.slice.call(arguments, 1));
  }

  function notice(kind, words) { return h("p", { class: "kit-notice is-" + kind, role: "status" }, words); }

  function card(title) {
    return h("section", { class: "card kit-card" }, title ? h("h2", {}, title) : null,
      Array.prototype.slice.call(arguments, 1));
  }

  function facts(rows) {
    return h("dl", { class: "kit-facts" }, rows.filter(Boolean).map(function (row) {
      return h("div", {}, h("dt", {}, row[0]), h("dd", {}, row[1]));
    }));
  }

  /* A 64-digit value that people compare or photograph, with its QR code. */
  function compared(label, text, why) {
    return h("div", { class: "kit-compare" }, vpage.qr(text), h("div", {},
      h("h2", {}, label), why ? h("p", { class: "soft" }, why) : null, vpage.groups(text, 4, "kit-hash")));
  }

  function page(title, lead) {
    return h("main", { class: "kit-main", id: "main" },
      state.message ? notice(state.message[0], state.message[1]) : null,
      h("h1", { tabindex: "-1", id: "top" }, title), lead ? h("p", { class: "kit-lead" }, lead) : null,
      Array.prototype.slice.call(arguments, 2));
  }

  function go(view, step) {
    state.view = view;
    if (step) { state.step = step; }
    state.message = null;
    state.form = {};
    render();
  }

  /* A field for files; `take(files)` gets them as [{name, data}]. */
  function fileField(id, label, take, several, accept) {
    const field = h("input", {
      type: "file", id: id, class: "visually-hidden", multiple: several, accept: accept, onchange: function (event) {
        vpage.readFiles(event.target.files, take);
      },
    });
    return h("label", { class: "button kit-file" }, say(label), field);
  }

  // ---- the frame around every page

  function header() {
    const journal = state.journal;
    const armed = journal && journal.armed();
    const tools = h("div", { class: "kit-tools" });
    if (armed) { tools.appendChild(savedMark()); }
    vpage.put(tools, vpage.LANGUAGES.map(function (language) {
      return h("button", {
        type: "button", class: "kit-language", lang: language, "aria-pressed": String(language === state.language),
        onclick: function () {
          state.language = language;
          render();
        },
      }, vpage.words(language, "kit.language"));
    }));
    return h("header", { class: "kit-head" },
      h("div", { class: "kit-name" }, h("b", {}, titleOf()),
        state.draw ? h("span", { class: "soft" }, "M ", vpage.groups(vdraw.hex(state.draw.m).slice(0, 16), 4),
          " …") : null),
      armed ? h("p", { class: "kit-now" }, h("span", { class: "soft" }, say("kit.code.now")), " ",
        h("b", { class: "kit-code-now" }, journal.now.code)) : null,
      tools);
  }

  function savedMark() {
    const inFile = state.saved === state.journal.log();
    return h("div", { class: "kit-saved" },
      h("span", { class: "badge " + (state.stored ? "badge-good" : "badge-warn") },
        say(state.stored ? "kit.stored" : "kit.unstored")),
      inFile ? h("span", { class: "badge badge-good" }, say("kit.saved")) :
        button("kit.save", saveFile, "button-primary kit-unsaved"));
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

  const STEPS = ["check", "present", "void", "arm", "dice", "beacon", "secrets", "draw", "end"];

  function stepNow() {
    if (!state.journal.armed()) { return state.step; }
    const stage = state.journal.now.stage;
    if (stage === "venue") { return state.seenArm ? "dice" : "armed"; }
    if (stage === "closed") { return "end"; }
    if (stage === "course") { return state.result ? "result" : "draw"; }
    if (state.journal.now.lines.length === 2 && !waited()) { return "wait"; }
    return stage === "beacon" ? "beacon" : "secrets";
  }

  function waited() { return state.wait === "done"; }

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
      return h("li", { class: place < at ? "is-done" : place === at ? "is-now" : "",
        "aria-current": place === at ? "step" : null },
        open ? h("button", { type: "button", onclick: function () { go("work", step); } }, name) : h("span", {}, name));
    }));
  }

  // ---- opening

  function fromBase64(text) {
    const found = atob(text);
    const bytes = new Uint8Array(found.length);
    for (let i = 0; i < bytes.length; i += 1) { bytes[i] = found.charCodeAt(i); }
    return bytes;
  }

  function open(data, snapshotData, people, then) {
    state.view = "opening";
    state.checks = [];
    render();
    const steps = vjournal.opening(data, snapshotData, people, function (name, told) {
      state.checks.push([name, told]);
    });
    vpage.run(steps, function (share) {
      const bar = document.getElementById("progress");
      if (bar) { bar.value = share; }
    }, then, function (error) {
      state.view = "refused";
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
    });
  }

  function opened(draw) {
    state.draw = draw;
    document.title = (draw.manifest.rehearsal ? say("kit.rehearsal") + " · " : "") + titleOf();
    const n = draw.manifest.n;
    const voids = given && given.voids ? vdraw.parseVoids(vdraw.ascii(given.voids, "void"), n) : null;
    const kept = recalled();
    state.journal = kept || vjournal.begin(draw, voids, given && draw.manifest.presence ? given.present : []);
    state.view = "work";
    if (kept && kept.armed()) {
      state.seenArm = kept.now.lines.length > 1;
      state.message = ["good", say("kit.continued", { code: kept.now.code })];
    }
    store();
    render();
  }

  function openGiven() {
    let data = null;
    let list = null;
    let people = null;
    try {
      data = fromBase64(given.manifest);
      list = vdraw.ascii(given.snapshot, "snapshot.tsv");
      people = given.people;
      people.salts = fromBase64(people.salts);
    } catch (error) {
      state.view = "refused";
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
      return;
    }
    if (vdraw.hex(vdraw.sha256(data)) !== given.m) {
      state.view = "refused";
      state.message = ["bad", say("draw.manifest.other")];
      render();
      return;
    }
    state.people = people;
    open(data, list, people, opened);
  }

  // ---- pages before the arm

  function openingPage() {
    return page(say("kit.opening"), say("kit.opening.why"),
      h("progress", { id: "progress", max: "1", value: "0", "aria-label": say("kit.opening") }));
  }

  function refusedPage() {
    return page(say("kit.refused"), say("kit.refused.why"));
  }

  function checkList() {
    return h("ul", { class: "kit-checks" }, state.checks.map(function (check) {
      return h("li", { class: "is-good" }, say("kit.check." + check[0], check[1]));
    }));
  }

  function prizeTable() {
    return h("ul", { class: "kit-prizes" }, state.draw.manifest.prizes.map(function (prize) {
      const about = aboutPrize(prize.id);
      const notes = [prizeNote(prize.id)];
      if (prize.redraw) { notes.push(say("kit.prize.redraw", { dice: diceWords(prize.redraw) })); }
      if (prize.class) { notes.push(say("kit.prize.class", { name: prize.class })); }
      if (prize.units.length) { notes.push(say("kit.prize.units", { count: prize.units.length })); }
      if (prize.alternates) { notes.push(say("kit.prize.alternates", { count: prize.alternates })); }
      if (!prize.present) { notes.push(say("kit.prize.absent")); }
      return h("li", {}, about.picture ? h("img", { src: about.picture, alt: "" }) : null,
        h("div", {}, h("b", {}, about.name), " × ", vpage.number(prize.count),
          h("p", { class: "soft small" }, notes.filter(Boolean).join(" · "))));
    }));
  }

  function kitCheck() {
    return card(say("kit.self"), h("p", { class: "soft" }, say("kit.self.why")),
      fileField("self", "kit.choose", function (files) {
        state.kitFile = files[0] && files[0].data ? hashesOf(files[0].data) : null;
        render();
      }, false, ".html,text/html"),
      state.kitFile ? facts([
        [say("kit.self.filled"), vpage.groups(state.kitFile.filled, 4, "kit-hash-small")],
        [say("kit.self.empty"), vpage.groups(state.kitFile.empty, 4, "kit-hash-small")],
        state.draw && state.draw.manifest.kit ? [say("kit.self.promised"),
          say(state.draw.manifest.kit === state.kitFile.empty ? "kit.self.same" : "kit.self.other")] : null,
      ]) : null);
  }

  /* SHA-256 of a kit as it is, and of the program in it: with its data taken out again. */
  function hashesOf(data) {
    const start = '<script type="application/json" id="data">';
    const mark = new TextEncoder().encode(start);
    let from = -1;
    for (let i = 0; from < 0 && i + mark.length <= data.length; i += 1) {
      let k = 0;
      while (k < mark.length && data[i + k] === mark[k]) { k += 1; }
      if (k === mark.length) { from = i + k; }
    }
    let to = from;
    while (to >= 0 && to < data.length && data[to] !== 60) { to += 1; }
    const bare = from < 0 ? data :
      vdraw.concat([data.subarray(0, from), new TextEncoder().encode("null"), data.subarray(to)]);
    return { filled: vdraw.hex(vdraw.sha256(data)), empty: vdraw.hex(vdraw.sha256(bare)) };
  }

  function checkPage() {
    const manifest = state.draw.manifest;
    const m = vdraw.hex(state.draw.m);
    return page(titleOf(), say("kit.check.lead"),
      manifest.rehearsal ? notice("warn", say("kit.rehearsal.why")) : null,
      card("", compared(say("kit.m"), m, say("kit.m.why")),
        compared(say("kit.root"), manifest.root, say("kit.root.why"))),
      h("div", { class: "kit-two" },
        card(say("kit.checked"), checkList()),
        card(say("kit.facts"), facts([
          [say("kit.draw_id"), manifest.draw_id],
          [say("kit.list"), say("kit.size", { n: manifest.n, tickets: manifest.tickets })],
          [say("kit.venue"), diceWords(manifest.venue)],
          [say("kit.custodians"), manifest.commit.map(function (one, place) { return custodian(place); }).join(", ")],
          manifest.witnesses.length ? [say("kit.witnesses"), manifest.witnesses.join(", ")] : null,
          manifest.arm_after ? [say("kit.arm_after"), moment(manifest.arm_after)] : null,
          manifest.unit_cap ? [say("kit.unit_cap"), vpage.number(manifest.unit_cap)] : null,
          [say("kit.one_win"), say(manifest.one_win ? "kit.yes" : "kit.no")],
        ]))),
      card(say("kit.prizes"), prizeTable()),
      kitCheck(),
      actions(button("kit.go", function () {
        go("work", manifest.presence ? "present" : "void");
      }, MAIN)));
  }

  function moment(text) { return text.replace("T", " ").replace("Z", " UTC"); }

  /* Lines that a search finds: by staff number, name, unit or, without names, the number of the line. */
  function search(text) {
    const wanted = text.trim().toLowerCase();
    const found = [];
    const n = state.draw.snapshot.n;
    if (/^[0-9]{1,9}$/.test(wanted) && !state.people && Number(wanted) < n) { return [Number(wanted)]; }
    for (let line = 0; line < n && found.length < MOST_ROWS; line += 1) {
      const words = state.people ? state.people.numbers[line] + " " + state.people.names[line] + " " + unitOf(line) :
        unitOf(line);
      if (words.toLowerCase().indexOf(wanted) >= 0) { found.push(line); }
    }
    return found;
  }

  function who(line) {
    return [h("b", {}, nameOf(line)), " ", h("span", { class: "soft" },
      (state.people ? state.people.numbers[line] + " · " : "") + unitOf(line))];
  }

  /* A search field with what it finds under it; `row(line)` gives the elements of a line. */
  function searcher(label, row) {
    const list = h("ul", { class: "kit-found" });
    function fill(text) {
      list.textContent = "";
      vpage.put(list, search(text).map(function (line) { return h("li", {}, row(line)); }));
    }
    const field = h("input", {
      class: "input", type: "search", id: "search", value: state.form.search || "", autocomplete: "off",
      oninput: function (event) {
        state.form.search = event.target.value;
        fill(event.target.value);
      },
    });
    fill(state.form.search || "");
    return [labelled(label, field), list];
  }

  /* Lines named in an imported text: the numbers of present.tsv, or any list with staff numbers in it. */
  function linesNamed(name, text) {
    const n = state.draw.snapshot.n;
    if (!state.people || /^present.*\.tsv$/i.test(name)) { return { lines: vjournal.readRanges(text, n),
      unknown: [] }; }
    const byNumber = new Map(state.people.numbers.map(function (number,
      line) { return [number.toLowerCase(), line]; }));
    const lines = new Set();
    const unknown = [];
    text.replace(/^\ufeff/, "").split(/\r?\n/).forEach(function (row) {
      const cells = row.split(/[\t,;|"'\s]+/).filter(Boolean);
      const hit = cells.find(function (cell) { return byNumber.has(cell.toLowerCase()); });
      if (hit !== undefined) {
        lines.add(byNumber.get(hit.toLowerCase()));
      } else if (cells.length) {
        unknown.push(row.trim());
      }
    });
    return { lines: lines, unknown: unknown };
  }

  function importPresent(files) {
    try {
      const found = linesNamed(files[0].name, vpage.utf8(files[0].data || new Uint8Array(0)));
      found.lines.forEach(function (line) { state.journal.present.add(line); });
      const unknown = found.unknown.length ? " " + say("kit.present.unknown", {
        count: found.unknown.length, first: found.unknown.slice(0, 3).join(" / "),
      }) : "";
      state.message = [found.lines.size ? "good" : "bad",
        say("kit.present.imported", { count: found.lines.size }) + unknown];
    } catch (error) {
      state.message = ["bad", vpage.refusal(state.language, error)];
    }
    store();
    render();
  }

  function presentPage() {
    const journal = state.journal;
    const n = state.draw.snapshot.n;
    const count = h("p", { class: "kit-count", id: "count" },
      say("kit.present.count", { count: journal.present.size, n: n }));
    return page(say("kit.step.present"), say("kit.present.why"), count,
      card(say("kit.present.import"), h("p", { class: "soft" }, say("kit.present.import.why")),
        fileField("present-file", "kit.choose", importPresent)),
      card(say("kit.present.tick"), searcher(say("kit.search"), function (line) {
        return h("label", { class: "check" }, h("input", {
          type: "checkbox", checked: journal.present.has(line), onchange: function (event) {
            if (event.target.checked) { journal.present.add(line); } else { journal.present.delete(line); }
            count.textContent = say("kit.present.count", { count: journal.present.size, n: n });
            store();
          },
        }), h("span", {}, who(line)));
      })),
      actions(
        button("kit.present.all", function () { everybody(true); }),
          button("kit.present.nobody", function () { everybody(false); }),
        button("kit.go", function () { go("work", "void"); }, MAIN)));
  }

  function everybody(here) {
    state.journal.present.clear();
    for (let line = 0; here && line < state.draw.snapshot.n; line += 1) { state.journal.present.add(line); }
    store();
    render();
  }

  function voidPage() {
    const journal = state.journal;
    const reason = h("select", { class: "input", id: "void-reason" }, VOID_REASONS.map(function (code) {
      return h("option", { value: code }, say("kit.void." + code));
    }));
    return page(say("kit.step.void"), say("kit.void.why"),
      card(say("kit.void.struck", { count: journal.voids.size }), h("ul", { class: "kit-found" },
        vjournal.ascending(journal.voids.keys()).map(function (line) {
          const code = journal.voids.get(line);
          return h("li", {}, h("span", {}, who(line), " · ",
            vpage.known("kit.void." + code) ? say("kit.void." + code) : code),
            button("kit.void.undo", function () {
              journal.voids.delete(line);
              store();
              render();
            }, "button-quiet"));
        }))),
      card(say("kit.void.add"), labelled(say("kit.void.reason"), reason),
        searcher(say("kit.search"), function (line) {
          return [h("span", {}, who(line)), button("kit.void.strike", function () {
            journal.voids.set(line, reason.value);
            store();
            render();
          }, "button-danger", { disabled: journal.voids.has(line) })];
        })),
      actions(button("kit.go", function () { go("work", "arm"); }, MAIN)));
  }

  function armPage() {
    const journal = state.journal;
    const manifest = state.draw.manifest;
    const fields = journal.armLine().split(" ");
    function hashAfter(word) {
      const at = fields.indexOf(word);
      return at < 0 ? say("kit.none") : vpage.groups(fields[at + 1], 4, "kit-hash-small");
    }
    const arm = button("kit.arm.do", function () {
      if (record(journal.armLine())) {
        state.seenArm = false;
        state.wait = 0;
        render();
      }
    }, MAIN, { disabled: true, id: "arm" });
    return page(say("kit.step.arm"), say("kit.arm.why"),
      card("", facts([
        [say("kit.m"), vpage.groups(vdraw.hex(state.draw.m), 4, "kit-hash-small")],
        [say("kit.voids"), [say("kit.count", { count: journal.voids.size }), " ", hashAfter("void")]],
        manifest.presence ? [say("kit.present"),
          [say("kit.count", { count: journal.present.size }), " ", hashAfter("present")]] : null,
        manifest.arm_after ? [say("kit.arm_after"), moment(manifest.arm_after)] : null,
      ])),
      h("label", { class: "check" }, h("input", {
        type: "checkbox", id: "arm-sure", onchange: function (event) { arm.disabled = !event.target.checked; },
      }), h("span", {}, say("kit.arm.sure"))),
      actions(arm));
  }

  // ---- from the arm to the secrets

  function armedPage() {
    const journal = state.journal;
    return page(say("kit.armed"), say("kit.armed.why"),
      card("", h("p", { class: "kit-figure", id: "arm-code" }, journal.now.code),
        compared(say("kit.head"), vdraw.hex(journal.now.head), say("kit.photograph"))),
      actions(
        button("kit.save", saveFile, state.saved === journal.log() ? "" : MAIN),
        button("kit.armed.go", function () {
          state.seenArm = true;
          render();
        }, state.saved === journal.log() ? MAIN : "")));
  }

  /* Dice in fives, those that are not thrown yet as empty places. */
  function digitsShown(digits, wanted) {
    const fives = [];
    for (let i = 0; i < wanted; i += 1) {
      if (i % 5 === 0) { fives.push(h("span", { class: "kit-five" })); }
      fives[fives.length - 1].appendChild(h("b", { class: i < digits.length ? "is-set" : "" },
        i < digits.length ? digits[i] : "·"));
    }
    return fives;
  }

  /* Two entries of the same dice, by two people. `done(digits)` once they agree. */
  function diceForm(label, title, why, done) {
    const shape = /d(6|10)x([0-9]+)$/.exec(label);
    const wanted = Number(shape[2]);
    const rule = shape[1] === "6" ? /[^1-6]/g : /[^0-9]/g;
    const show = h("p", { class: "kit-dice", "aria-live": "polite" });
    const told = h("p", { class: "kit-dice-told", role: "status" });
    const act = button("kit.dice.do", function () { done(state.form.first); }, MAIN, { disabled: true, id: "dice-go" });

    function clean(text) { return text.normalize("NFKC").replace(rule, ""); }

    function look() {
      const first = state.form.first || "";
      const second = state.form.second || "";
      const short = first.length < wanted;
      show.textContent = "";
      vpage.put(show, digitsShown(first, wanted));
      let key = "kit.dice.read";
      if (first.length > wanted) {
        key = "kit.dice.long";
      } else if (short) {
        key = "kit.dice.short";
      } else if (second && first.slice(0, second.length) !== second) {
        key = "kit.dice.differ";
      } else if (second.length === wanted) {
        key = "kit.dice.agree";
      }
      told.textContent = say(key, { count: first.length, wanted: wanted });
      told.className = "kit-dice-told" + (/long|differ/.test(key) ? " is-bad" : /agree/.test(key) ? " is-good" : "");
      act.disabled = key !== "kit.dice.agree";
    }

    function field(name, label_) {
      return labelled(label_, h("input", {
        class: "input input-code", id: "dice-" + name, inputmode: "numeric", autocomplete: "off", spellcheck: "false",
        value: state.form[name] || "",
        oninput: function (event) {
          state.form[name] = clean(event.target.value);
          look();
        },
      }));
    }

    const form = card(title, h("p", { class: "kit-dice-what" }, diceWords(label)), h("p", { class: "soft" }, why),
      show, told,
      h("div", { class: "kit-two" }, field("first", say("kit.dice.first")), field("second", say("kit.dice.second"))),
      actions(act));
    look();
    return form;
  }

  function dicePage() {
    const label = state.draw.manifest.venue;
    return page(say("kit.step.dice"), say("kit.dice.lead"),
      diceForm(label, say("kit.venue"), say("kit.dice.why"), function (digits) {
        if (record("venue " + label + " " + digits)) {
          state.wait = 0;
          render();
        }
      }));
  }

  function waitPage() {
    const journal = state.journal;
    const digits = journal.now.lines[1].split(" ")[2];
    const left = h("span", { id: "wait-left" }, String(WAIT_SECONDS));
    const on = button("kit.wait.go", function () {
      state.wait = "done";
      render();
    }, MAIN, { disabled: true, id: "wait-go" });
    const from = performance.now();
    clearInterval(timer);
    timer = setInterval(function () {
      const rest = Math.max(0, WAIT_SECONDS - Math.floor((performance.now() - from) / 1000));
      left.textContent = String(rest);
      if (!rest) {
        on.disabled = false;
        clearInterval(timer);
      }
    }, 200);
    return page(say("kit.wait"), say("kit.wait.why"),
      card("", h("p", { class: "kit-dice is-done" }, digitsShown(digits, digits.length)),
        h("p", { class: "kit-figure" }, journal.now.code),
      compared(say("kit.head"), vdraw.hex(journal.now.head), say("kit.photograph"))),
      actions(h("p", { class: "kit-left" }, left), on));
  }

  function beaconPage() {
    const beacon = state.draw.manifest.beacon;
    const field = h("textarea",
      { class: "input input-code", id: "beacon", rows: "3", autocomplete: "off", spellcheck: "false" });
    return page(say("kit.step.beacon"), say("kit.beacon.why", { round: String(beacon.round) }),
      card("", labelled(say("kit.beacon.field"), field),
        h("p", { class: "soft" }, say("kit.beacon.later"))),
      actions(button("kit.beacon.do", function () {
        const typed = field.value.normalize("NFKC").toLowerCase().replace(/\s/g, "");
        if (!/^[0-9a-f]{96}$/.test(typed)) {
          state.message = ["bad", say("draw.beacon.form")];
          render();
        } else if (record("beacon " + beacon.round + " " + typed)) {
          render();
        }
      }, MAIN)));
  }

  /* How far the typed secret is, row by row; `secret` once it is whole. */
  function readTyped(text) {
    const digits = text.normalize("NFKC").toLowerCase().replace(/[1-8][ \t]*:/g, " ").replace(/[^0-9a-f]/g, "");
    const found = { digits: digits.length, secret: null, rows: [], error: null };
    try {
      found.secret = vdraw.readSecret(text);
    } catch (error) {
      found.error = error;
    }
    if (digits.length !== 64) {
      for (let row = 1; row <= 8; row += 1) {
        const part = digits.slice(10 * row - 10, 10 * row);
        const bytes = part.length === 10 ? vdraw.unhex(part) : null;
        const check = bytes ? vdraw.sha256(vdraw.concat([new Uint8Array([row]), bytes.subarray(0, 4)]))[0] : -1;
        found.rows.push(bytes ? (check === bytes[4] ? "good" : "bad") : part ? "part" : "");
      }
    }
    return found;
  }

  function secretPage() {
    const manifest = state.draw.manifest;
    const next = state.journal.next();
    const place = state.journal.now.lines.filter(function (line) { return /^reveal /.test(line); }).length;
    const rehearsed = given && given.secrets && given.secrets[place];
    const rows = h("ol", { class: "kit-rows" });
    const told = h("p", { class: "kit-dice-told", role: "status" });
    const act = button("kit.secret.do", reveal, MAIN, { disabled: true, id: "secret-go" });
    const name = h("input",
      { class: "input", id: "secret-label", autocomplete: "off", value: state.form.label || "", oninput: look });
    const field = h("textarea", {
      class: "input input-code", id: "secret", rows: "8", autocomplete: "off", spellcheck: "false",
        autocapitalize: "off",
      value: state.form.secret === undefined ? rehearsed || "" : state.form.secret, oninput: look,
    });

    function label() { return next.label === null ? name.value.trim() : next.label; }

    function look() {
      state.form.secret = field.value;
      state.form.label = name.value;
      const typed = readTyped(field.value);
      let key = "kit.secret.more";
      let facts_ = { digits: typed.digits };
      rows.textContent = "";
      vpage.put(rows, typed.rows.map(function (kind, i) {
        return h("li", { class: kind ? "is-" + kind : "" }, say("kit.secret.row", { row: i + 1 }));
      }));
      const bad = typed.rows.indexOf("bad");
      let right = false;
      if (typed.secret) {
        try {
          vdraw.checkReveal(manifest, place, label(), typed.secret);
          right = true;
        } catch (error) {
          typed.error = error;
        }
        key = right ? "kit.secret.right" : typed.error.code;
        facts_ = right ? { name: custodian(place) } : Object.assign({}, typed.error.facts, { label: custodian(place) });
      } else if (bad >= 0) {
        key = "kit.secret.bad";
        facts_ = { row: bad + 1 };
      }
      told.textContent = say(key, facts_);
      told.className = "kit-dice-told" + (right ? " is-good" : typed.secret || bad >= 0 ? " is-bad" : "");
      act.disabled = !right;
    }

    function reveal() {
      const secret = vdraw.readSecret(field.value);
      if (record("reveal " + label() + " " + vdraw.hex(secret))) {
        state.result = state.journal.now.outcomes.length > 0;
        render();
      }
    }

    look();
    return page(say("kit.secret.of", { name: custodian(place) }), say("kit.secret.why"),
      h("ol", { class: "kit-custodians" }, manifest.commit.map(function (one, i) {
        return h("li", { class: i < place ? "is-done" : i === place ? "is-now" : "" }, custodian(i));
      })),
      card("", next.label === null ? labelled(say("kit.secret.label"), name) : null,
        h("label", { class: "field" }, h("span", { class: "field-label" }, say("kit.secret.field")),
          h("span", { class: "field-hint" }, say("kit.secret.hint")), field), rows, told),
      actions(act));
  }

  // ---- after the computation

  function resultPage() {
    const journal = state.journal;
    return page(say("kit.result"), say("kit.result.why"),
      card("", h("p", { class: "kit-figure is-gold", id: "result-code" }, journal.now.code),
        compared(say("kit.head"), vdraw.hex(journal.now.head), say("kit.photograph"))),
      actions(button("kit.stage.open", function () {
        const round = lastRound();
        state.result = false;
        render();
        play(roundDeck(round), 0);
      }, MAIN), button("kit.stage.later", function () {
        state.result = false;
        render();
      }, "button-quiet")));
  }

  function drawnRounds() { return state.draw.manifest.rounds.slice(0, state.journal.now.keys.length); }

  function lastRound() { return drawnRounds()[drawnRounds().length - 1]; }

  function placeOf(one) { return one.prize + " " + one.slot + " " + one.attempt; }

  function wentWhy(one) {
    const now = state.journal.now;
    if (!one.pick || now.standing.indexOf(one) >= 0 || now.aborted) { return ""; }
    const line = now.lines.find(function (each) { return each.indexOf("absent " + placeOf(one)) === 0; });
    return line ? say("kit.reason." + (line.split(" ")[4] || "absent")) : "";
  }

  /* The scene of outcomes that are shown together; `first` and `last` of them are lines of the log from 0. */
  function prizeScene(prize, outcomes, about) {
    const journal = state.journal;
    const lines = journal.now.lines;
    const first = lines.indexOf(winLine(outcomes[0]));
    const last = lines.indexOf(winLine(outcomes[outcomes.length - 1]));
    let pooled = null;
    return {
      kind: "prize", eyebrow: about.eyebrow, title: prizeName(prize.id), note: prizeNote(prize.id),
      picture: aboutPrize(prize.id).picture, intro: about.intro, range: about.range, places: outcomes.map(placeOf),
      count: say("stage.count", { count: prize.count }),
      winners: outcomes.map(function (one) {
        const line = one.pick ? one.pick.line : -1;
        return {
          name: one.pick ? shownName(line) : say("kit.unfilled"), note: one.pick ? unitOf(line) : "",
          photo: one.pick && state.people && state.people.photos[line] || "", out: wentWhy(one),
        };
      }),
      pool: function () {
        if (!pooled) {
          const before = vjournal.pool(journal, prize, first);
          const after = vjournal.pool(journal, prize, last + 1);
          pooled = {
            size: before.length, left: after.length,
              name: function (i) { return shownName(before[i % before.length]); },
          };
        }
        return pooled;
      },
    };
  }

  function winLine(one) { return "win " + placeOf(one) + " " + (one.pick ? one.pick.line : "unfilled"); }

  function roundDeck(round) {
    const manifest = state.draw.manifest;
    const prizes = manifest.prizes.filter(function (prize) { return prize.round === round.id; });
    const scenes = [{
      kind: "title", eyebrow: manifest.rehearsal ? say("kit.rehearsal") : titleOf(), title: roundTitle(round),
      lines: [say("stage.size", { n: manifest.n, tickets: manifest.tickets }),
        say("stage.code", { code: state.journal.now.code })],
    }];
    prizes.forEach(function (prize, number) { scenes.push.apply(scenes, prizeScenes(prize, number, prizes.length)); });
    const head = vdraw.hex(state.journal.now.head);
    const code = vqr.encode(head);
    scenes.push({
      kind: "code", eyebrow: say("stage.end"), title: say("kit.code.sofar"), code: state.journal.now.code,
      picture: vqr.path(code), size: code.size, lines: [say("stage.code.why")],
    });
    return scenes;
  }

  function roundTitle(round) {
    return state.draw.manifest.rounds.length > 1 ? roundName(round.id) : titleOf();
  }

  function prizeScenes(prize, number, count) {
    const outcomes = state.journal.now.outcomes.filter(function (one) { return one.prize === prize.id &&
      !one.attempt; });
    const scenes = [];
    for (let at = 0; at < outcomes.length; at += prize.batch) {
      const page_ = outcomes.slice(at, at + prize.batch);
      scenes.push(prizeScene(prize, page_, {
        eyebrow: say("stage.prize", { number: number + 1, count: count }), intro: at === 0,
        range: rangeOf(at + 1, at + page_.length, outcomes.length),
      }));
    }
    return scenes;
  }

  function rangeOf(from, to, count) {
    if (count === 1) { return ""; }
    return say(from === to ? "stage.number" : "stage.range", { from: from, to: to, count: count });
  }

  function redrawnScene(one) {
    return prizeScene(prizeOf(one.prize), [one], {
      eyebrow: say("stage.redrawn", { place: one.slot + 1 }), intro: true, range: "",
    });
  }

  function prizeOf(id) { return state.draw.manifest.prizes.find(function (prize) { return prize.id === id; }); }

  let deck = [];
  const stage = vstage(document.getElementById("stage"), {
    say: say,
    end: function () { render(); },
    moved: function (index, phase) {
      if (phase !== "shown" || !deck[index].places) { return; }
      deck[index].places.forEach(function (place) { state.shown.add(place); });
      store();
    },
  });

  function play(scenes, from) {
    deck = scenes;
    stage.play(scenes, from);
  }

  function isShown(one) { return state.shown.has(placeOf(one)); }

  function winnerRow(one) {
    const now = state.journal.now;
    const prize = prizeOf(one.prize);
    const stands = now.standing.indexOf(one) >= 0;
    const free = stands && one.pick && now.next.kinds.indexOf("absent") >= 0;
    const place = h("td", {}, vpage.number(one.slot + 1));
    if (!isShown(one)) {
      return h("tr", {}, place, h("td", { colspan: "3", class: "soft" }, say("kit.hidden")));
    }
    const name = one.pick ?
      [h("b", {}, nameOf(one.pick.line)), one.attempt ? h("span", { class: "badge" }, say("kit.redrawn")) : null] :
      say("kit.unfilled");
    return h("tr", { class: stands ? "" : "is-out" }, place, h("td", {}, name),
      h("td", {}, one.pick ?
        [unitOf(one.pick.line), state.people ? " · " + state.people.numbers[one.pick.line] : ""] : ""),
      h("td", { class: "kit-row-actions" }, stands ? [
        free && prize.present ? button("kit.call", function () { call(one); }, "button-quiet") : null,
        free ? button("kit.gone", function () { gone(one); }, "button-quiet") : null,
      ] : wentWhy(one)));
  }

  function prizeSection(prize) {
    const outcomes = state.journal.now.outcomes.filter(function (one) { return one.prize === prize.id; });
    outcomes.sort(function (a, b) { return a.slot - b.slot || a.attempt - b.attempt; });
    const hidden = outcomes.filter(function (one) { return !isShown(one); }).length;
    return h("details", { class: "card kit-prize", open: outcomes.length <= 20 },
      h("summary", {}, h("b", {}, prizeName(prize.id)), " × ", vpage.number(prize.count), " ",
        h("span", { class: "badge " + (hidden ? "badge-warn" : "badge-good") },
          hidden ? say("kit.hidden.count", { count: hidden }) : say("kit.shown"))),
      actions(
        button("kit.stage.prize", function () { play(prizeScenes(prize, 0, 1), 0); }),
        hidden ? button("kit.show", function () {
          outcomes.forEach(function (one) { state.shown.add(placeOf(one)); });
          store();
          render();
        }, "button-quiet") : null),
      h("table", { class: "kit-table" }, h("tbody", {}, outcomes.map(winnerRow))));
  }

  /* Round by round: winners, who is called, who goes, the next round and the end. */
  function drawPage() {
    const now = state.journal.now;
    const next = now.next;
    const waits = next.redraw !== null && next.kinds.indexOf("absent") < 0;
    if (state.absent) { return absentPage(state.absent); }
    if (state.calling) { return callPage(state.calling); }
    if (waits) { return redrawPage(next.redraw); }
    return page(say("kit.step.draw"), say("kit.draw.lead"),
      next.round ? nextRound(next.round) : null,
      drawnRounds().map(function (round) {
        return h("section", { class: "kit-round" },
          h("div", { class: "kit-round-head" }, h("h2", {}, roundTitle(round)),
          button("kit.stage.round", function () { play(roundDeck(round), 0); }, "button-primary")),
        state.draw.manifest.prizes.filter(function (prize) { return prize.round === round.id; }).map(prizeSection));
      }),
      next.kinds.indexOf("close") >= 0 ? closeCard() : null,
      abortCard());
  }

  function nextRound(round) {
    const name = roundName(round.id);
    if (round.dice) {
      return diceForm("round-" + round.dice, say("kit.round.next", { name: name }), say("kit.round.dice"),
        function (digits) {
        roundDrawn("round " + round.id + " round-" + round.dice + " " + digits);
      });
    }
    return card(say("kit.round.next", { name: name }), h("p", {}, say("kit.round.why")),
      button("kit.round.do", function () { roundDrawn("round " + round.id); }, MAIN, { id: "round-go" }));
  }

  function roundDrawn(line) {
    if (record(line)) {
      state.result = true;
      render();
    }
  }

  function closeCard() {
    const act = button("kit.close.do", function () {
      if (record("close")) { render(); }
    }, MAIN, { disabled: true, id: "close" });
    return card(say("kit.close"), h("p", {}, say("kit.close.why")), h("label", { class: "check" }, h("input", {
      type: "checkbox", id: "close-sure", onchange: function (event) { act.disabled = !event.target.checked; },
    }), h("span", {}, say("kit.close.sure"))), act);
  }

  function abortCard() {
    const reason = h("input", { class: "input", id: "abort-reason", autocomplete: "off", placeholder: "power-cut" });
    const act = button("kit.abort.do", function () {
      if (record("abort " + reason.value.trim())) { render(); }
    }, "button-danger", { disabled: true, id: "abort" });
    return h("details", { class: "card kit-abort" }, h("summary", {}, say("kit.abort")),
      h("p", {}, say("kit.abort.why")),
      labelled(say("kit.abort.reason"), reason),
      h("label", { class: "check" }, h("input", {
        type: "checkbox", id: "abort-sure", onchange: function (event) { act.disabled = !event.target.checked; },
      }), h("span", {}, say("kit.abort.sure"))), act);
  }

  function call(one) {
    if (!record("call " + placeOf(one))) { return; }
    state.calling = { one: one, from: performance.now() };
    render();
  }

  function callPage(calling) {
    const seconds = state.draw.manifest.call_seconds;
    const one = calling.one;
    const left = h("p", { class: "kit-seconds", id: "call-left", role: "timer" }, String(seconds));
    const absent = button("kit.call.absent", function () {
      state.calling = null;
      gone(one);
    }, "button-danger button-big", { disabled: true, id: "call-absent" });
    clearInterval(timer);
    function tick() {
      const rest = Math.max(0, seconds - Math.floor((performance.now() - calling.from) / 1000));
      left.textContent = String(rest);
      if (!rest) {
        absent.disabled = false;
        clearInterval(timer);
      }
    }
    timer = setInterval(tick, 200);
    tick();
    const line = one.pick.line;
    return page(say("kit.call.of", { prize: prizeName(one.prize) }), "",
      card("", state.people && state.people.photos[line] ?
        h("img", { class: "kit-photo", src: state.people.photos[line], alt: "" }) : null,
        h("p", { class: "kit-called" }, shownName(line)), h("p", { class: "kit-called-unit" }, unitOf(line)), left),
      actions(button("kit.call.here", function () {
        state.calling = null;
        render();
      }, MAIN), absent));
  }

  function gone(one) {
    state.absent = { one: one, reason: "", first: "" };
    state.message = null;
    render();
  }

  function wasCalled(one) { return state.journal.now.lines.indexOf("call " + placeOf(one)) >= 0; }

  /* Two people say so, one after the other; only then is it written. */
  function absentPage(absent) {
    const one = absent.one;
    const prize = prizeOf(one.prize);
    const manifest = state.draw.manifest;
    const reasons = ["", "declined", "ineligible"].filter(function (reason) {
      return reason || prize.present && (!manifest.call_seconds || wasCalled(one));
    });
    if (reasons.indexOf(absent.reason) < 0) { absent.reason = reasons[0]; }
    const second = Boolean(absent.first);
    const name = h("input", {
      class: "input", id: "confirm-name", autocomplete: "off", list: "people", value: state.form.confirm || "",
      oninput: function (event) {
        state.form.confirm = event.target.value;
        look();
      },
    });
    const act = button(second ? "kit.absent.second" : "kit.absent.first", confirm, "button-danger button-big",
      { disabled: true, id: "confirm" });
    const told = h("p", { class: "soft", role: "status" });

    function typed() { return name.value.trim().replace(/\s+/g, " "); }

    function look() {
      const same = second && typed().toLowerCase() === absent.first.toLowerCase();
      told.textContent = same ? say("kit.absent.same") : "";
      act.disabled = !typed() || same;
    }

    function confirm() {
      if (!second) {
        absent.first = typed();
        state.form = {};
        render();
        return;
      }
      const confirmed = [absent.first, typed()];
      state.journal.confirmed[placeOf(one)] = confirmed;
      if (!record("absent " + placeOf(one) + (absent.reason ? " " + absent.reason : ""))) {
        delete state.journal.confirmed[placeOf(one)];
        return;
      }
      state.absent = null;
      drawnAgain(one);
    }

    look();
    return page(say("kit.absent", { name: shownName(one.pick.line) }),
      say("kit.absent.why", { prize: prizeName(one.prize), place: one.slot + 1 }),
      card(say("kit.absent.reason"), reasons.map(function (reason) {
        return h("label", { class: "check" }, h("input", {
          type: "radio", name: "reason", value: reason, checked: absent.reason === reason, disabled: second,
          onchange: function () { absent.reason = reason; },
        }), h("span", {}, say("kit.reason." + (reason || "absent"))));
      }), prize.present && manifest.call_seconds && !wasCalled(one) ?
        h("p", { class: "soft" }, say("kit.absent.call")) : null),
      card(say(second ? "kit.absent.two" : "kit.absent.one"),
        second ? h("p", {}, say("kit.absent.by", { name: absent.first })) : null,
        labelled(say("kit.absent.name"), name),
        h("datalist", { id: "people" }, manifest.names.concat(state.journal.witnesses).map(function (each) {
          return h("option", { value: each });
        })), told),
      actions(button("kit.cancel", function () {
        state.absent = null;
        state.form = {};
        render();
      }), act));
  }

  /* Shows who was drawn for the place of somebody who went, unless dice are still to be thrown for it. */
  function drawnAgain(one) {
    const found = state.journal.now.standing.find(function (each) {
      return each.prize === one.prize && each.slot === one.slot && each.attempt > one.attempt;
    });
    render();
    if (found) { play([redrawnScene(found)], 0); }
  }

  function redrawPage(redraw) {
    const label = redraw.label;
    return page(say("kit.redraw"), say("kit.redraw.why", { prize: prizeName(redraw.prize), place: redraw.slot + 1 }),
      diceForm(label, prizeName(redraw.prize), say("kit.dice.why"), function (digits) {
        if (record("redraw " + redraw.prize + " " + redraw.slot + " " + redraw.attempt + " " + label + " " + digits)) {
          drawnAgain({ prize: redraw.prize, slot: redraw.slot, attempt: redraw.attempt - 1 });
        }
      }), abortCard());
  }

  // ---- the end

  function print(languages) {
    paper.textContent = "";
    paper.hidden = false;
    languages.forEach(function (language) {
      paper.appendChild(vpaper.write(language, state.journal, {
        title: titleOf(), organisation: given && given.organisation || "", affidavit: given && given.affidavit || {},
        prizeName: prizeName, unitOf: unitOf, nameOf: function (line, wanted) {
          return state.people ? state.people.shown[line] : nameOf(line, wanted);
        },
      }));
    });
    window.print();
  }

  function endPage() {
    const journal = state.journal;
    const now = journal.now;
    const names = h("textarea", {
      class: "input", id: "witnesses", rows: "4", value: journal.witnesses.join("\n"), oninput: function (event) {
        journal.witnesses = event.target.value.split("\n").map(function (name) { return name.trim(); }).filter(Boolean);
        store();
      },
    });
    return page(say(now.aborted ? "kit.aborted" : "kit.ended"), say(now.aborted ? "kit.aborted.why" : "kit.ended.why"),
      card("", h("p", { class: "kit-figure" + (now.aborted ? "" : " is-gold"), id: "end-code" }, now.code),
        compared(say("kit.head"), vdraw.hex(now.head), say("kit.photograph"))),
      card(say("kit.export"), h("p", {}, say("kit.export.why", { file: fileName() })),
        button("kit.save", saveFile, MAIN)),
      card(say("kit.print"), h("p", {}, say("kit.print.why")),
        labelled(say("kit.witnesses.now"), names),
        actions(vpage.LANGUAGES.map(function (language) {
          return h("button", { type: "button", class: "button", onclick: function () { print([language]); } },
            say("kit.print.do", { language: vpage.words(language, "kit.language") }));
        }), button("kit.print.both", function () { print(vpage.LANGUAGES); }))),
      now.aborted ? null : state.draw.manifest.prizes.map(prizeSection),
      state.draw.manifest.rehearsal ? card(say("kit.again"), button("kit.again.do", again)) : null);
  }

  /* A rehearsal may begin anew; a draw never does. */
  function again() {
    state.journal = vjournal.begin(state.draw, null, []);
    Object.assign(state, { step: "check", shown: new Set(), saved: "", seenArm: false, wait: 0, result: false });
    store();
    render();
  }

  // ---- rebuilding on another machine

  function rebuildPage() {
    const form = state.form;
    function area(name, label, hint, rows_) {
      return h("label", { class: "field" }, h("span", { class: "field-label" }, say(label)),
        h("span", { class: "field-hint" }, say(hint)),
        h("textarea", {
          class: "input input-plain", id: "paper-" + name, rows: rows_, spellcheck: "false", value: form[name] || "",
          oninput: function (event) { form[name] = event.target.value; },
        }));
    }
    return page(say("kit.menu.rebuild"), say("kit.rebuild.why"),
      card(say("kit.rebuild.file"), h("p", { class: "soft" }, say("kit.rebuild.file.why")),
        fileField("journal-file", "kit.choose", loadJournal)),
      card(say("kit.rebuild.paper"), h("p", { class: "soft" }, say("kit.rebuild.paper.why")),
        area("inputs", "kit.rebuild.inputs", "kit.rebuild.inputs.hint", "12"),
        area("voids", "kit.rebuild.voids", "kit.rebuild.voids.hint", "3"),
        state.draw.manifest.presence ? area("present", "kit.rebuild.present", "kit.rebuild.present.hint", "4") : null,
        labelled(say("kit.rebuild.code"), h("input", {
          class: "input input-code", id: "paper-code", autocomplete: "off", value: form.code || "",
          oninput: function (event) { form.code = event.target.value; },
        })),
        actions(button("kit.rebuild.do", rebuildPaper, MAIN, { id: "rebuild" }))));
  }

  function loadJournal(files) {
    try {
      take(vjournal.read(vpage.utf8(files[0].data || new Uint8Array(0)), state.draw));
    } catch (error) {
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
    }
  }

  function rebuildPaper() {
    const form = state.form;
    const n = state.draw.manifest.n;
    try {
      const journal = vjournal.rebuild(
        state.draw, form.inputs || "", vjournal.readVoids(form.voids || "", n),
          vjournal.readRanges(form.present || "", n)
      );
      const typed = vdraw.readCode(form.code || "");
      if (form.code && typed !== journal.now.code) {
        state.message = ["bad", say("kit.rebuild.differs", { code: journal.now.code, typed: form.code })];
        render();
        return;
      }
      take(journal);
    } catch (error) {
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
    }
  }

  // ---- for everybody: published files, a receipt, a draw without names

  function homePage() {
    return page(say("kit.home"), say("kit.home.why"), h("div", { class: "grid" },
      card(say("kit.menu.verify"), h("p", {}, say("kit.home.verify")),
        button("kit.home.go", function () { go("verify"); }, "button-primary")),
      card(say("kit.menu.receipt"), h("p", {}, say("kit.home.receipt")),
        button("kit.home.go", function () { go("receipt"); }, "button-primary")),
      card(say("kit.home.run"), h("p", {}, say("kit.home.run.why")), 
        fileField("run-files", "kit.choose.several", openFiles, true))), kitCheck());
  }

  function openFiles(files) {
    const manifest = files.find(function (file) { return /\.json$/i.test(file.name); });
    const snapshot = files.find(function (file) { return /\.tsv$/i.test(file.name); });
    if (!manifest || !snapshot || !manifest.data || !snapshot.data) {
      state.message = ["bad", say("kit.home.run.files")];
      render();
      return;
    }
    open(manifest.data, snapshot.data, null, opened);
  }

  /* The name of a published file from the name on disk: browsers add numbers to what is saved twice. */
  function published(name) {
    const plain = name.toLowerCase().replace(/ ?\([0-9]+\)(?=\.[a-z]+$)/, "");
    const names = [
      "manifest.json", "snapshot.tsv", "void.tsv", "present.tsv", "log.txt", "result.json", "manifest.sig",
        "result.sig", "kit.html",
    ];
    return names.find(function (one) { return plain === one || plain.slice(-one.length - 1) === "-" + one; }) || "";
  }

  function addFiles(files) {
    const strange = [];
    files.forEach(function (file) {
      const name = published(file.name);
      if (name) { state.loaded[name] = file.data || false; } else { strange.push(file.name); }
    });
    state.message = strange.length ? ["warn", say("kit.verify.strange", { names: strange.join(", ") })] : null;
    state.report = null;
    render();
  }

  function fileChooser() {
    return h("div", {
      class: "kit-drop", ondragover: function (event) { event.preventDefault(); }, ondrop: function (event) {
        event.preventDefault();
        vpage.readFiles(event.dataTransfer.files, addFiles);
      },
    }, fileField("files", "kit.choose.several", addFiles, true), h("p", { class: "soft" }, say("kit.verify.drop")),
    h("ul", { class: "kit-files" }, Object.keys(state.loaded).sort().map(function (name) {
      return h("li", { class: "badge badge-good" }, name);
    })));
  }

  function typedField(name, label, hint, code) {
    return h("label", { class: "field" }, h("span", { class: "field-label" }, say(label)),
      hint ? h("span", { class: "field-hint" }, say(hint)) : null, h("input", {
        class: "input" + (code ? " input-code" : ""), id: "verify-" + name, autocomplete: "off", spellcheck: "false",
        value: state.form[name] || "", oninput: function (event) { state.form[name] = event.target.value; },
      }));
  }

  function verifyPage() {
    return page(say("kit.menu.verify"), say("kit.verify.why"),
      card(say("kit.verify.files"), fileChooser()),
      card(say("kit.verify.known"), typedField("m", "kit.verify.m", "kit.verify.m.hint"),
        typedField("code", "kit.verify.code", "kit.verify.code.hint", true)),
      actions(button("kit.verify.do", verifyNow, MAIN, { id: "verify", disabled: !Object.keys(state.loaded).length })),
      h("progress", { id: "progress", max: "1", value: "0", hidden: true }),
      state.report ? reportOf(state.report) : null);
  }

  function verifyNow() {
    const expected = { manifest: (state.form.m || "").replace(/\s/g, ""), code: state.form.code || "",
      receipt: state.form.receipt || "" };
    const bar = document.getElementById("progress");
    bar.hidden = false;
    vpage.run(vdraw.steps.verify(state.loaded, expected), function (share) {
      if (share >= 0) { bar.value = share; }
    }, function (report) {
      state.report = report;
      state.message = null;
      render();
      document.getElementById("report").scrollIntoView();
    }, function (error) {
      state.message = ["bad", vpage.refusal(state.language, error)];
      render();
    });
  }

  function winnersOf(report) {
    if (!report.winners.length) { return null; }
    return h("details", {}, h("summary", {}, say("verify.label.winners")),
      h("table", { class: "kit-table" }, h("tbody", {},
      report.winners.map(function (one) {
        return h("tr", {}, [one.prize, one.slot, one.attempt,
          one.line].map(function (cell) { return h("td", {}, String(cell)); }));
      }))));
  }

  function reportOf(report) {
    return h("section", { class: "card kit-report is-" + (report.ok ? "good" : "bad"), id: "report" },
      h("h2", {}, say("verify.verdict." + (report.ok ? "ok" : "wrong"))),
      h("p", {}, say("verify.state." + report.state)),
      report.rehearsal ? notice("warn", say("verify.label.rehearsal")) : null,
      report.manifest ? facts([
        [say("verify.label.draw"), report.draw_id],
        [say("verify.label.manifest"), vpage.groups(report.manifest, 4, "kit-hash-small")],
        report.code ? [say("verify.label.code"), h("b", { class: "kit-figure" }, report.code)] : null,
      ]) : null,
      h("ol", { class: "kit-checks" }, report.checks.map(function (check) {
        return h("li", { class: check.ok ? "is-good" : "is-bad", "data-check": check.name },
          h("span", { class: "kit-mark" }, say("verify.mark." + (check.ok ? "ok" : "wrong"))), " ",
            say(check.code, plainFacts(check.facts)));
      })), winnersOf(report));
  }

  /* Facts come from files of strangers: cut, and without signs that would turn a line around. */
  function plainFacts(found) {
    const plain = {};
    Object.keys(found).forEach(function (key) {
      const value = found[key];
      plain[key] = typeof value === "number" ? value : String(value).replace(/[^ -~]/g, "?").slice(0, 160);
    });
    return plain;
  }

  function receiptPage() {
    return page(say("kit.menu.receipt"), say("kit.receipt.why"),
      card("", h("label", { class: "field" }, h("span", { class: "field-label" }, say("kit.receipt.field")),
        h("span", { class: "field-hint" }, say("kit.receipt.hint")), h("textarea", {
          class: "input input-plain", id: "receipt", rows: "5", spellcheck: "false", value: state.form.receipt || "",
          oninput: function (event) { state.form.receipt = event.target.value; },
        })),
      fileField("receipt-file", "kit.receipt.file", function (files) {
        state.form.receipt = files[0] && files[0].data ? vpage.utf8(files[0].data) : "";
        render();
      })),
      card(say("kit.receipt.against"), state.draw ? h("p", {}, say("kit.receipt.kit")) : fileChooser()),
      actions(button("kit.receipt.do", checkReceipt, MAIN, { id: "check-receipt" })),
      state.form.checks ? h("section", { class: "card", id: "receipt-report" },
        h("ul", { class: "kit-checks" }, state.form.checks.map(function (check) {
        return h("li", { class: check[1] ? "is-good" : "is-bad", "data-check": check[0] },
          say("verify." + check[0] + (check[1] ? "" : ".wrong")));
      }))) : null);
  }

  function checkReceipt() {
    try {
      const receipt = vdraw.readReceipt(state.form.receipt || "");
      const data = state.draw ? state.draw.data : state.loaded["manifest.json"] || null;
      const list = state.draw ? state.draw.snapshot : state.loaded["snapshot.tsv"] ?
        vdraw.parseSnapshot(state.loaded["snapshot.tsv"]) : null;
      state.form.checks = vdraw.checkReceipt(receipt, data, list);
      state.message = ["info", say("verify.receipt.form", { line: receipt.line, tickets: receipt.tickets })];
    } catch (error) {
      state.form.checks = null;
      state.message = ["bad", vpage.refusal(state.language, error)];
    }
    render();
  }

  // ---- which page

  const WORK = {
    check: checkPage, present: presentPage, void: voidPage, arm: armPage, armed: armedPage, dice: dicePage,
      wait: waitPage,
    beacon: beaconPage, secrets: secretPage, result: resultPage, draw: drawPage, end: endPage,
  };
  const VIEWS = {
    home: homePage, opening: openingPage, refused: refusedPage, rebuild: rebuildPage, verify: verifyPage,
      receipt: receiptPage,
  };

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
    const main = work ? WORK[name]() : VIEWS[state.view]();
    root.textContent = "";
    root.dataset.page = name;
    vpage.put(root, [header(), menu(), work ? stepLine() : null, earlierNotice(), main]);
    if (before !== name) {
      window.scrollTo(0, 0);
      document.getElementById("top").focus({ preventScroll: true });
    }
  }

  function start() {
    const wanted = given && given.language || (navigator.language || "").slice(0, 2);
    state.language = vpage.LANGUAGES.find(function (language) { return language.slice(0,
      2) === String(wanted).slice(0, 2); }) || "en";
    if (given) { openGiven(); } else { render(); }
  }

  window.addEventListener("beforeunload", function (event) {
    const journal = state.journal;
    if (journal && journal.armed() && !state.stored && state.saved !== journal.log()) { event.preventDefault(); }
  });
  start();
})();

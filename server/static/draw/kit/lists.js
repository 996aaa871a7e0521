/* Before the dice: who is present, who is struck off, and the arm that fixes both. Classic script, ES2015; needs
   core.js and the kit's scripts before it. */
(function () {
  "use strict";

  const { h, put } = vpage;
  const { state, say, store } = vstate;
  const { nameOf, staffNumber, unitOf } = vnames;
  const { MAIN, page, card, facts, smallHash, button, actions, labelled, kept, choice, fileField } = vparts;
  const { pages, go, record, render, refuse, tell } = vframe;
  const MOST_ROWS = 40;
  const VOID_REASONS = ["left", "ineligible", "duplicate", "withdrawn", "conflict"];

  // ---- finding a line

  /* Lines that a search finds: by staff number, name, unit or, without names, the number of the line. */
  function search(text) {
    const wanted = text.trim().toLowerCase();
    const found = [];
    const n = state.draw.snapshot.n;
    if (/^[0-9]{1,9}$/.test(wanted) && !state.people && Number(wanted) < n) { return [Number(wanted)]; }
    for (let line = 0; line < n && found.length < MOST_ROWS; line += 1) {
      const words = state.people ? staffNumber(line) + " " + nameOf(line) + " " + unitOf(line) : unitOf(line);
      if (words.toLowerCase().indexOf(wanted) >= 0) { found.push(line); }
    }
    return found;
  }

  function who(line) {
    return [h("b", {}, nameOf(line)), " ", h("span", { class: "soft" },
      (state.people ? staffNumber(line) + " · " : "") + unitOf(line))];
  }

  /* A search field with what it finds under it; `row(line)` gives the elements of a line. */
  function searcher(row) {
    const list = h("ul", { class: "kit-found" });
    function fill(text) {
      list.textContent = "";
      put(list, search(text).map(function (line) { return h("li", {}, row(line)); }));
    }
    fill(state.form.search || "");
    const field = kept("input", "search", { class: "input", type: "search", id: "search" }, fill);
    return [labelled(say("kit.search"), field), list];
  }

  // ---- who is present

  /* Lines named in an imported text: the numbers of present.tsv, or any list with staff numbers in it. */
  function linesNamed(name, text) {
    const n = state.draw.snapshot.n;
    if (!state.people || /^present.*\.tsv$/i.test(name)) {
      return { lines: vjournal.readRanges(text, n), unknown: [] };
    }
    const byNumber = new Map(state.people.numbers.map(function (number, line) {
      return [number.toLowerCase(), line];
    }));
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
      const found = linesNamed(files[0].name, vparts.textOf(files));
      found.lines.forEach(function (line) { state.journal.present.add(line); });
      store();
      const unknown = found.unknown.length ? " " + say("kit.present.unknown", {
        count: found.unknown.length, first: found.unknown.slice(0, 3).join(" / "),
      }) : "";
      tell(found.lines.size ? "good" : "bad", say("kit.present.imported", { count: found.lines.size }) + unknown);
    } catch (error) {
      refuse(error);
    }
  }

  function everybody(here) {
    state.journal.present.clear();
    for (let line = 0; here && line < state.draw.snapshot.n; line += 1) { state.journal.present.add(line); }
    store();
    render();
  }

  function presentPage() {
    const present = state.journal.present;
    const count = h("p", { class: "kit-count", id: "count" });
    function recount() {
      count.textContent = say("kit.present.count", { count: present.size, n: state.draw.snapshot.n });
    }
    recount();
    return page(say("kit.step.present"), say("kit.present.why"), count,
      card(say("kit.present.import"), h("p", { class: "soft" }, say("kit.present.import.why")),
        fileField("present-file", "kit.choose", importPresent)),
      card(say("kit.present.tick"), searcher(function (line) {
        return choice({
          type: "checkbox", checked: present.has(line), onchange: function (event) {
            if (event.target.checked) { present.add(line); } else { present.delete(line); }
            recount();
            store();
          },
        }, who(line));
      })),
      actions(
        button("kit.present.all", function () { everybody(true); }),
        button("kit.present.nobody", function () { everybody(false); }),
        button("kit.go", function () { go("work", "void"); }, MAIN)));
  }

  // ---- who is struck off

  function struck() {
    const voids = state.journal.voids;
    return h("ul", { class: "kit-found" }, vjournal.ascending(voids.keys()).map(function (line) {
      const code = voids.get(line);
      return h("li", {},
        h("span", {}, who(line), " · ", vpage.known("kit.void." + code) ? say("kit.void." + code) : code),
        button("kit.void.undo", function () {
          voids.delete(line);
          store();
          render();
        }, "button-quiet"));
    }));
  }

  function voidPage() {
    const voids = state.journal.voids;
    const reason = h("select", { class: "input", id: "void-reason" }, VOID_REASONS.map(function (code) {
      return h("option", { value: code }, say("kit.void." + code));
    }));
    return page(say("kit.step.void"), say("kit.void.why"),
      card(say("kit.void.struck", { count: voids.size }), struck()),
      card(say("kit.void.add"), labelled(say("kit.void.reason"), reason), searcher(function (line) {
        return [h("span", {}, who(line)), button("kit.void.strike", function () {
          voids.set(line, reason.value);
          store();
          render();
        }, "button-danger", { disabled: voids.has(line) })];
      })),
      actions(button("kit.go", function () { go("work", "arm"); }, MAIN)));
  }

  // ---- the arm

  function armPage() {
    const journal = state.journal;
    const manifest = state.draw.manifest;
    const fields = journal.armLine().split(" ");
    function counted(list, word) {
      const at = fields.indexOf(word);
      return [say("kit.count", { count: list.size }), " ", at < 0 ? say("kit.none") : smallHash(fields[at + 1])];
    }
    const arm = button("kit.arm.do", function () {
      record(journal.armLine(), function () {
        state.seenArm = false;
        state.waited = false;
      });
    }, MAIN, { disabled: true, id: "arm" });
    return page(say("kit.step.arm"), say("kit.arm.why"),
      card("", facts([
        [say("kit.m"), smallHash(vdraw.hex(state.draw.m))],
        [say("kit.voids"), counted(journal.voids, "void")],
        manifest.presence ? [say("kit.present"), counted(journal.present, "present")] : null,
        manifest.arm_after ? [say("kit.arm_after"), vnames.moment(manifest.arm_after)] : null,
      ])),
      vparts.sure(arm, say("kit.arm.sure")),
      actions(arm));
  }

  Object.assign(pages, { present: presentPage, void: voidPage, arm: armPage });
})();

/* Opening a draw: its files are checked against each other before anything else, and shown. Classic script, ES2015;
   needs core.js and the kit's scripts before it. */
var vopening = (function () {
  "use strict";

  const { h } = vpage;
  const { given, state, say } = vstate;
  const { custodian, diceWords } = vnames;
  const { page, card, notice, facts, smallHash, compared, button, actions, fileField } = vparts;
  const { pages, go, render, refuse } = vframe;

  // ---- the files

  function fromBase64(text) {
    const found = atob(text);
    const bytes = new Uint8Array(found.length);
    for (let i = 0; i < bytes.length; i += 1) { bytes[i] = found.charCodeAt(i); }
    return bytes;
  }

  /* Opens a draw from the exact bytes of its files; `people` as in `kit_data` with the salts as bytes, or null. */
  function open(data, snapshotData, people) {
    state.view = "opening";
    state.checks = [];
    render();
    const steps = vjournal.opening(data, snapshotData, people, function (name, told) {
      state.checks.push([name, told]);
    });
    vpage.run(steps, function (share) {
      const bar = document.getElementById("progress");
      if (bar) { bar.value = share; }
    }, opened, notOpened);
  }

  function opened(draw) {
    state.draw = draw;
    document.title = (draw.manifest.rehearsal ? say("kit.rehearsal") + " · " : "") + vnames.titleOf();
    const n = draw.manifest.n;
    const voids = given && given.voids ? vdraw.parseVoids(vdraw.ascii(given.voids, "void"), n) : null;
    const kept = vstate.recalled();
    state.journal = kept || vjournal.begin(draw, voids, given && draw.manifest.presence ? given.present : []);
    state.view = "work";
    if (kept && kept.armed()) {
      state.seenArm = kept.now.lines.length > 1;
      state.message = ["good", say("kit.continued", { code: kept.now.code })];
    }
    vstate.store();
    render();
  }

  function notOpened(error) {
    state.view = "refused";
    refuse(error);
  }

  /* Opens the draw that a filled kit carries. */
  function openGiven() {
    let data = null;
    let list = null;
    try {
      data = fromBase64(given.manifest);
      list = vdraw.ascii(given.snapshot, "snapshot.tsv");
      given.people.salts = fromBase64(given.people.salts);
      if (vdraw.hex(vdraw.sha256(data)) !== given.m) { throw new vdraw.Refused("draw.manifest.other"); }
    } catch (error) {
      notOpened(error);
      return;
    }
    state.people = given.people;
    open(data, list, given.people);
  }

  function openingPage() {
    return page(say("kit.opening"), say("kit.opening.why"),
      h("progress", { id: "progress", max: "1", value: "0", "aria-label": say("kit.opening") }));
  }

  function refusedPage() { return page(say("kit.refused"), say("kit.refused.why")); }

  // ---- the kit itself

  /* A place to compare a kit's file with the promised program. */
  function kitCheck() {
    const promised = state.draw && state.draw.manifest.kit;
    const file = state.kitFile;
    return card(say("kit.self"), h("p", { class: "soft" }, say("kit.self.why")),
      fileField("self", "kit.choose", function (files) {
        state.kitFile = files[0] && files[0].data ? hashesOf(files[0].data) : null;
        render();
      }, false, ".html,text/html"),
      file ? facts([
        [say("kit.self.filled"), smallHash(file.filled)],
        [say("kit.self.empty"), smallHash(file.empty)],
        promised ? [say("kit.self.promised"), say(promised === file.empty ? "kit.self.same" : "kit.self.other")] : null,
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

  // ---- what was checked and what is promised

  function checkList() {
    return h("ul", { class: "kit-checks" }, state.checks.map(function (check) {
      return h("li", { class: "is-good" }, say("kit.check." + check[0], check[1]));
    }));
  }

  function promises() {
    const manifest = state.draw.manifest;
    const custodians = manifest.commit.map(function (one, place) { return custodian(place); });
    return facts([
      [say("kit.draw_id"), manifest.draw_id],
      [say("kit.list"), say("kit.size", { n: manifest.n, tickets: manifest.tickets })],
      [say("kit.venue"), diceWords(manifest.venue)],
      [say("kit.custodians"), custodians.join(", ")],
      manifest.witnesses.length ? [say("kit.witnesses"), manifest.witnesses.join(", ")] : null,
      manifest.arm_after ? [say("kit.arm_after"), vnames.moment(manifest.arm_after)] : null,
      manifest.unit_cap ? [say("kit.unit_cap"), vpage.number(manifest.unit_cap)] : null,
      [say("kit.one_win"), say(manifest.one_win ? "kit.yes" : "kit.no")],
    ]);
  }

  function prizeRow(prize) {
    const about = vnames.aboutPrize(prize.id);
    const notes = [vnames.prizeNote(prize.id)];
    if (prize.redraw) { notes.push(say("kit.prize.redraw", { dice: diceWords(prize.redraw) })); }
    if (prize.class) { notes.push(say("kit.prize.class", { name: prize.class })); }
    if (prize.units.length) { notes.push(say("kit.prize.units", { count: prize.units.length })); }
    if (prize.alternates) { notes.push(say("kit.prize.alternates", { count: prize.alternates })); }
    if (!prize.present) { notes.push(say("kit.prize.absent")); }
    return h("li", {}, about.picture ? h("img", { src: about.picture, alt: "" }) : null,
      h("div", {}, h("b", {}, about.name), " × ", vpage.number(prize.count),
        h("p", { class: "soft small" }, notes.filter(Boolean).join(" · "))));
  }

  function checkPage() {
    const manifest = state.draw.manifest;
    return page(vnames.titleOf(), say("kit.check.lead"),
      manifest.rehearsal ? notice("warn", say("kit.rehearsal.why")) : null,
      card("", compared(say("kit.m"), vdraw.hex(state.draw.m), say("kit.m.why")),
        compared(say("kit.root"), manifest.root, say("kit.root.why"))),
      h("div", { class: "kit-two" },
        card(say("kit.checked"), checkList()), card(say("kit.facts"), promises())),
      card(say("kit.prizes"), h("ul", { class: "kit-prizes" }, manifest.prizes.map(prizeRow))),
      kitCheck(),
      actions(button("kit.go", function () { go("work", manifest.presence ? "present" : "void"); }, vparts.MAIN)));
  }

  Object.assign(pages, { opening: openingPage, refused: refusedPage, check: checkPage });
  return { open, openGiven, kitCheck };
})();

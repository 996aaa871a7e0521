/* From the arm to the last secret: what is entered at the table, one thing after the other. Classic script, ES2015;
   needs core.js and the kit's scripts before it. */
(function () {
  "use strict";

  const { h, put } = vpage;
  const { given, state, say } = vstate;
  const { custodian } = vnames;
  const { MAIN, page, card, photographed, button, actions, labelled, kept } = vparts;
  const { pages, record, render, saveFile, isSaved } = vframe;
  const WAIT_SECONDS = 10;

  function armedPage() {
    return page(say("kit.armed"), say("kit.armed.why"),
      photographed("arm-code", false),
      actions(
        button("kit.save", saveFile, isSaved() ? "" : MAIN),
        button("kit.armed.go", function () {
          state.seenArm = true;
          render();
        }, isSaved() ? MAIN : "")));
  }

  function dicePage() {
    const label = state.draw.manifest.venue;
    return page(say("kit.step.dice"), say("kit.dice.lead"),
      vdice.form(label, say("kit.venue"), say("kit.dice.why"), function (digits) {
        record("venue " + label + " " + digits, function () { state.waited = false; });
      }));
  }

  /* The chain head stands still for a while, so that everybody has photographed it before the first secret. */
  function waitPage() {
    const digits = state.journal.now.lines[1].split(" ")[2];
    const left = h("span", { id: "wait-left" });
    const on = button("kit.wait.go", function () {
      state.waited = true;
      render();
    }, MAIN, { disabled: true, id: "wait-go" });
    vframe.countDown(WAIT_SECONDS, performance.now(), left, function () { on.disabled = false; });
    return page(say("kit.wait"), say("kit.wait.why"),
      photographed(null, false, h("p", { class: "kit-dice is-done" }, vdice.shown(digits, digits.length))),
      actions(h("p", { class: "kit-left" }, left), on));
  }

  function beaconPage() {
    const round = state.draw.manifest.beacon.round;
    const field = h("textarea",
      { class: "input input-code", id: "beacon", rows: "3", autocomplete: "off", spellcheck: "false" });
    return page(say("kit.step.beacon"), say("kit.beacon.why", { round: String(round) }),
      card("", labelled(say("kit.beacon.field"), field), h("p", { class: "soft" }, say("kit.beacon.later"))),
      actions(button("kit.beacon.do", function () {
        const typed = field.value.normalize("NFKC").toLowerCase().replace(/\s/g, "");
        if (/^[0-9a-f]{96}$/.test(typed)) {
          record("beacon " + round + " " + typed);
        } else {
          vframe.tell("bad", say("draw.beacon.form"));
        }
      }, MAIN)));
  }

  // ---- the secrets

  /* How the eight rows of a typed secret stand: good, bad (its check digits differ), part or "". None for 64 digits,
     which have no check. */
  function rowKinds(digits) {
    const kinds = [];
    for (let row = 1; row <= 8 && digits.length !== 64; row += 1) {
      const part = digits.slice(10 * row - 10, 10 * row);
      const bytes = part.length === 10 ? vdraw.unhex(part) : null;
      const check = bytes ? vdraw.sha256(vdraw.concat([new Uint8Array([row]), bytes.subarray(0, 4)]))[0] : -1;
      kinds.push(bytes ? (check === bytes[4] ? "good" : "bad") : part ? "part" : "");
    }
    return kinds;
  }

  /* What is to be said of a secret typed so far: {key, facts, kind}; kind "good" when it is the promised one. */
  function judged(place, label, text, kinds, digits) {
    const bad = kinds.indexOf("bad");
    const name = custodian(place);
    let secret = null;
    try {
      secret = vdraw.readSecret(text);
    } catch (error) {
      return bad < 0 ? { key: "kit.secret.more", facts: { digits: digits.length }, kind: "" } :
        { key: "kit.secret.bad", facts: { row: bad + 1 }, kind: "bad" };
    }
    try {
      vdraw.checkReveal(state.draw.manifest, place, label, secret);
    } catch (error) {
      return { key: error.code, facts: Object.assign({}, error.facts, { label: name }), kind: "bad" };
    }
    return { key: "kit.secret.right", facts: { name: name }, kind: "good" };
  }

  /* The fields for one secret, and `reveal` that takes it; next: what the journal waits for. */
  function secretForm(place, next) {
    const rows = h("ol", { class: "kit-rows" });
    const told = h("p", { class: "kit-dice-told", role: "status" });
    const act = button("kit.secret.do", reveal, MAIN, { disabled: true, id: "secret-go" });

    function label() { return next.label === null ? (state.form.label || "").trim() : next.label; }

    function look() {
      const text = state.form.secret;
      const digits = text.normalize("NFKC").toLowerCase().replace(/[1-8][ \t]*:/g, " ").replace(/[^0-9a-f]/g, "");
      const kinds = rowKinds(digits);
      const found = judged(place, label(), text, kinds, digits);
      rows.textContent = "";
      put(rows, kinds.map(function (kind, i) {
        return h("li", { class: kind ? "is-" + kind : "" }, say("kit.secret.row", { row: i + 1 }));
      }));
      vdice.verdict(told, say(found.key, found.facts), found.kind);
      act.disabled = found.kind !== "good";
    }

    function reveal() {
      record("reveal " + label() + " " + vdraw.hex(vdraw.readSecret(state.form.secret)), function () {
        state.result = state.journal.now.outcomes.length > 0;
      });
    }

    look();
    return [
      card("", next.label !== null ? null :
        labelled(say("kit.secret.label"), kept("input", "label", { class: "input", id: "secret-label" }, look)),
        labelled(say("kit.secret.field"), kept("textarea", "secret", {
          class: "input input-code", id: "secret", rows: "8", spellcheck: "false", autocapitalize: "off",
        }, look), say("kit.secret.hint")), rows, told),
      actions(act),
    ];
  }

  function secretPage() {
    const journal = state.journal;
    const place = journal.now.lines.filter(function (line) { return /^reveal /.test(line); }).length;
    if (state.form.secret === undefined) { state.form.secret = given && given.secrets && given.secrets[place] || ""; }
    return page(say("kit.secret.of", { name: custodian(place) }), say("kit.secret.why"),
      h("ol", { class: "kit-custodians" }, state.draw.manifest.commit.map(function (one, i) {
        return h("li", { class: i < place ? "is-done" : i === place ? "is-now" : "" }, custodian(i));
      })),
      secretForm(place, journal.next()));
  }

  Object.assign(pages, {
    armed: armedPage, dice: dicePage, wait: waitPage, beacon: beaconPage, secrets: secretPage,
  });
})();

/* Round by round: the winners, the next round and the end. Classic script, ES2015; needs core.js and the kit's scripts
   before it. */
var vrounds = (function () {
  "use strict";

  const { h } = vpage;
  const { state, say } = vstate;
  const { placeOf } = vjournal;
  const { unitOf, prizeOf, prizeName, roundName } = vnames;
  const { MAIN, page, card, photographed, button, actions, labelled } = vparts;
  const { pages, record, render } = vframe;

  function drawnRounds() { return state.draw.manifest.rounds.slice(0, state.journal.now.keys.length); }

  function resultPage() {
    return page(say("kit.result"), say("kit.result.why"),
      photographed("result-code", true),
      actions(button("kit.stage.open", function () {
        const rounds = drawnRounds();
        state.result = false;
        render();
        vscenes.playRound(rounds[rounds.length - 1]);
      }, MAIN), button("kit.stage.later", function () {
        state.result = false;
        render();
      }, "button-quiet")));
  }

  // ---- the winners

  function isShown(one) { return state.shown.has(placeOf(one)); }

  function winnerRow(one) {
    const now = state.journal.now;
    const stands = now.standing.indexOf(one) >= 0;
    const free = stands && one.pick && now.next.kinds.indexOf("absent") >= 0;
    const place = h("td", {}, vpage.number(one.slot + 1));
    if (!isShown(one)) {
      return h("tr", {}, place, h("td", { colspan: "3", class: "soft" }, say("kit.hidden")));
    }
    const name = one.pick ? [
      h("b", {}, vnames.nameOf(one.pick.line)), one.attempt ? h("span", { class: "badge" }, say("kit.redrawn")) : null,
    ] : say("kit.unfilled");
    const where = one.pick ?
      [unitOf(one.pick.line), state.people ? " · " + vnames.staffNumber(one.pick.line) : ""] : "";
    return h("tr", { class: stands ? "" : "is-out" }, place, h("td", {}, name), h("td", {}, where),
      h("td", { class: "kit-row-actions" }, stands ? [
        free && prizeOf(one.prize).present ?
          button("kit.call", function () { vabsence.call(one); }, "button-quiet") : null,
        free ? button("kit.gone", function () { vabsence.gone(one); }, "button-quiet") : null,
      ] : vscenes.goneWords(one)));
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
        button("kit.stage.prize", function () { vscenes.playPrize(prize); }),
        hidden ? button("kit.show", function () {
          vstate.show(outcomes.map(placeOf));
          render();
        }, "button-quiet") : null),
      h("table", { class: "kit-table" }, h("tbody", {}, outcomes.map(winnerRow))));
  }

  function roundSection(round) {
    return h("section", { class: "kit-round" },
      h("div", { class: "kit-round-head" }, h("h2", {}, vscenes.roundTitle(round)),
        button("kit.stage.round", function () { vscenes.playRound(round); }, "button-primary")),
      vscenes.roundPrizes(round).map(prizeSection));
  }

  // ---- what comes next

  function nextRound(round) {
    const title = say("kit.round.next", { name: roundName(round.id) });
    function take(line) { record(line, function () { state.result = true; }); }
    if (round.dice) {
      return vdice.form("round-" + round.dice, title, say("kit.round.dice"), function (digits) {
        take("round " + round.id + " round-" + round.dice + " " + digits);
      });
    }
    return card(title, h("p", {}, say("kit.round.why")),
      button("kit.round.do", function () { take("round " + round.id); }, MAIN, { id: "round-go" }));
  }

  function closeCard() {
    const act = button("kit.close.do", function () { record("close"); }, MAIN, { disabled: true, id: "close" });
    return card(say("kit.close"), h("p", {}, say("kit.close.why")), vparts.sure(act, say("kit.close.sure")), act);
  }

  function abortCard() {
    const reason = h("input", { class: "input", id: "abort-reason", autocomplete: "off", placeholder: "power-cut" });
    const act = button("kit.abort.do", function () { record("abort " + reason.value.trim()); }, "button-danger",
      { disabled: true, id: "abort" });
    return h("details", { class: "card kit-abort" }, h("summary", {}, say("kit.abort")),
      h("p", {}, say("kit.abort.why")), labelled(say("kit.abort.reason"), reason),
      vparts.sure(act, say("kit.abort.sure")), act);
  }

  /* Who is called and who goes comes before everything else. */
  function drawPage() {
    const next = state.journal.now.next;
    if (state.absent) { return vabsence.absentPage(); }
    if (state.calling) { return vabsence.callPage(); }
    if (next.redraw !== null && next.kinds.indexOf("absent") < 0) {
      return vabsence.redrawPage(next.redraw, abortCard());
    }
    return page(say("kit.step.draw"), say("kit.draw.lead"),
      next.round ? nextRound(next.round) : null,
      drawnRounds().map(roundSection),
      next.kinds.indexOf("close") >= 0 ? closeCard() : null,
      abortCard());
  }

  Object.assign(pages, { result: resultPage, draw: drawPage });
  return { prizeSection };
})();

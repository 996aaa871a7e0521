/* The stage of the kit: scenes (see stage.js) of what is written in the journal. Classic script, ES2015; needs
   core.js, qr.js, stage.js and the kit's scripts before it. */
var vscenes = (function () {
  "use strict";

  const { state, say } = vstate;
  const { placeOf, winLine } = vjournal;
  const { shownName, unitOf, titleOf, prizeOf } = vnames;
  let deck = [];

  const stage = vstage(document.getElementById("stage"), {
    say: say,
    end: vframe.render,
    moved: function (index, phase) {
      if (phase === "shown" && deck[index].places) { vstate.show(deck[index].places); }
    },
  });

  function play(scenes) {
    deck = scenes;
    stage.play(scenes, 0);
  }

  /* Why the winner of an outcome does not stand any more; "" when he does, or when nothing stands. */
  function goneWords(one) {
    const now = state.journal.now;
    const reason = now.aborted || now.standing.indexOf(one) >= 0 ? "" : vjournal.goneReason(now.lines, one);
    return reason ? say("kit.reason." + reason) : "";
  }

  function winner(one) {
    if (!one.pick) { return { name: say("kit.unfilled"), note: "", photo: "", out: "" }; }
    const line = one.pick.line;
    return { name: shownName(line), note: unitOf(line), photo: vnames.photoOf(line), out: goneWords(one) };
  }

  /* The scene of outcomes of one prize that are shown together. `about`: {eyebrow, intro, range}. */
  function prizeScene(prize, outcomes, about) {
    const journal = state.journal;
    const lines = journal.now.lines;
    const first = lines.indexOf(winLine(outcomes[0]));
    const last = lines.indexOf(winLine(outcomes[outcomes.length - 1]));
    let pooled = null;
    return {
      kind: "prize", eyebrow: about.eyebrow, title: vnames.prizeName(prize.id), note: vnames.prizeNote(prize.id),
      picture: vnames.aboutPrize(prize.id).picture, intro: about.intro, range: about.range,
      places: outcomes.map(placeOf), count: say("stage.count", { count: prize.count }), winners: outcomes.map(winner),
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

  function rangeOf(from, to, count) {
    if (count === 1) { return ""; }
    return say(from === to ? "stage.number" : "stage.range", { from: from, to: to, count: count });
  }

  /* The scenes of a prize, the `number`th (from 0) of `count`, in batches. */
  function prizeScenes(prize, number, count) {
    const outcomes = state.journal.now.outcomes.filter(function (one) {
      return one.prize === prize.id && !one.attempt;
    });
    const scenes = [];
    for (let at = 0; at < outcomes.length; at += prize.batch) {
      const batch = outcomes.slice(at, at + prize.batch);
      scenes.push(prizeScene(prize, batch, {
        eyebrow: say("stage.prize", { number: number + 1, count: count }), intro: at === 0,
        range: rangeOf(at + 1, at + batch.length, outcomes.length),
      }));
    }
    return scenes;
  }

  function roundTitle(round) {
    return state.draw.manifest.rounds.length > 1 ? vnames.roundName(round.id) : titleOf();
  }

  function roundPrizes(round) {
    return state.draw.manifest.prizes.filter(function (prize) { return prize.round === round.id; });
  }

  function roundScenes(round) {
    const manifest = state.draw.manifest;
    const now = state.journal.now;
    const prizes = roundPrizes(round);
    const code = vqr.encode(vdraw.hex(now.head));
    const scenes = [{
      kind: "title", eyebrow: manifest.rehearsal ? say("kit.rehearsal") : titleOf(), title: roundTitle(round),
      lines: [say("stage.size", { n: manifest.n, tickets: manifest.tickets }), say("stage.code", { code: now.code })],
    }];
    prizes.forEach(function (prize, number) { scenes.push.apply(scenes, prizeScenes(prize, number, prizes.length)); });
    scenes.push({
      kind: "code", eyebrow: say("stage.end"), title: say("kit.code.sofar"), code: now.code,
      picture: vqr.path(code), size: code.size, lines: [say("stage.code.why")],
    });
    return scenes;
  }

  function playPrize(prize) { play(prizeScenes(prize, 0, 1)); }

  function playRound(round) { play(roundScenes(round)); }

  /* The winner of a place that was drawn again. */
  function playRedrawn(one) {
    play([prizeScene(prizeOf(one.prize), [one], {
      eyebrow: say("stage.redrawn", { place: one.slot + 1 }), intro: true, range: "",
    })]);
  }

  return { goneWords, roundTitle, roundPrizes, playPrize, playRound, playRedrawn };
})();

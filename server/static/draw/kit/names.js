/* How the kit speaks of people, prizes, rounds and dice. Classic script, ES2015; needs page.js and state.js. */
var vnames = (function () {
  "use strict";

  const { given, state, say } = vstate;

  // ---- lines of the list; without names, the number of the line

  function lineNumber(line, language) { return vpage.words(language || state.language, "kit.line", { line: line }); }

  function nameOf(line) { return state.people ? state.people.names[line] : lineNumber(line); }

  /* The name as everybody may see it. */
  function shownName(line, language) { return state.people ? state.people.shown[line] : lineNumber(line, language); }

  function staffNumber(line) { return state.people ? state.people.numbers[line] : ""; }

  function unitOf(line) {
    if (state.people) { return state.people.units[state.people.unit_of[line]]; }
    return state.draw.snapshot.units[state.draw.snapshot.unit[line]];
  }

  /* A picture as data URI, or "". */
  function photoOf(line) { return state.people && state.people.photos[line] || ""; }

  function custodian(place) {
    const manifest = state.draw.manifest;
    return manifest.names[place] || manifest.labels[place] || say("kit.custodian", { number: place + 1 });
  }

  // ---- the draw, its rounds and prizes

  function titleOf() { return given && given.title || (state.draw ? state.draw.manifest.draw_id : say("kit.title")); }

  function roundName(id) { return given && given.rounds && given.rounds[id] || id; }

  function prizeOf(id) { return state.draw.manifest.prizes.find(function (prize) { return prize.id === id; }); }

  function aboutPrize(id) {
    const about = given && given.prizes && given.prizes[id];
    return about || { name: id, value: 0, sponsor: "", picture: "" };
  }

  function prizeName(id) { return aboutPrize(id).name; }

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

  // ---- dice and time

  /* What a label of dice like `round-d10x6` wants: {sides: 6 or 10, count}. */
  function diceShape(label) {
    const shape = /d(6|10)x([0-9]+)$/.exec(label);
    return { sides: Number(shape[1]), count: Number(shape[2]) };
  }

  function diceWords(label) {
    const shape = diceShape(label);
    return say(shape.sides === 6 ? "kit.dice.d6" : "kit.dice.d10", { count: shape.count });
  }

  function moment(text) { return text.replace("T", " ").replace("Z", " UTC"); }

  return {
    nameOf, shownName, staffNumber, unitOf, photoOf, custodian, titleOf, roundName, prizeOf, aboutPrize, prizeName,
    prizeNote, diceShape, diceWords, moment,
  };
})();

/* Dice typed by two people. Classic script, ES2015; needs the kit's scripts before it. */
var vdice = (function () {
  "use strict";

  const { h, put } = vpage;
  const { state, say } = vstate;
  const { MAIN, card, button, actions, labelled, kept } = vparts;

  /* Dice in fives, those that are not thrown yet as empty places. */
  function shown(digits, wanted) {
    const fives = [];
    for (let i = 0; i < wanted; i += 1) {
      if (i % 5 === 0) { fives.push(h("span", { class: "kit-five" })); }
      fives[fives.length - 1].appendChild(h("b", { class: i < digits.length ? "is-set" : "" },
        i < digits.length ? digits[i] : "·"));
    }
    return fives;
  }

  /* A line under fields that people type from paper; `kind`: good, bad or "". */
  function verdict(line, words, kind) {
    line.textContent = words;
    line.className = "kit-dice-told" + (kind ? " is-" + kind : "");
  }

  /* How two entries of `wanted` dice stand to each other: [key of the words, kind]. */
  function agreement(first, second, wanted) {
    if (first.length > wanted) { return ["kit.dice.long", "bad"]; }
    if (first.length < wanted) { return ["kit.dice.short", ""]; }
    if (second && first.slice(0, second.length) !== second) { return ["kit.dice.differ", "bad"]; }
    return second.length === wanted ? ["kit.dice.agree", "good"] : ["kit.dice.read", ""];
  }

  /* Two entries of the same dice, by two people. `done(digits)` once they agree. */
  function form(label, title, why, done) {
    const shape = vnames.diceShape(label);
    const wanted = shape.count;
    const strange = shape.sides === 6 ? /[^1-6]/g : /[^0-9]/g;
    const show = h("p", { class: "kit-dice", "aria-live": "polite" });
    const told = h("p", { class: "kit-dice-told", role: "status" });
    const act = button("kit.dice.do", function () { done(state.form.first); }, MAIN, { disabled: true, id: "dice-go" });

    function look() {
      const first = state.form.first || "";
      const found = agreement(first, state.form.second || "", wanted);
      show.textContent = "";
      put(show, shown(first, wanted));
      verdict(told, say(found[0], { count: first.length, wanted: wanted }), found[1]);
      act.disabled = found[1] !== "good";
    }

    function field(name, words) {
      return labelled(words, kept("input", name, {
        class: "input input-code", id: "dice-" + name, inputmode: "numeric", spellcheck: "false",
      }, function (text) {
        state.form[name] = text.normalize("NFKC").replace(strange, "");
        look();
      }));
    }

    look();
    return card(title, h("p", { class: "kit-dice-what" }, vnames.diceWords(label)), h("p", { class: "soft" }, why),
      show, told,
      h("div", { class: "kit-two" }, field("first", say("kit.dice.first")), field("second", say("kit.dice.second"))),
      actions(act));
  }

  return { shown, verdict, form };
})();

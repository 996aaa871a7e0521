/* Winners who do not come: the call, the two who confirm, and the place drawn again. Classic script, ES2015; needs the
   kit's scripts before it. */
var vabsence = (function () {
  "use strict";

  const { h } = vpage;
  const { state, say } = vstate;
  const { placeOf } = vjournal;
  const { shownName, prizeName, prizeOf, photoOf } = vnames;
  const { MAIN, page, card, button, actions, labelled, kept, choice } = vparts;
  const { record, render } = vframe;

  // ---- the call

  function call(one) {
    record("call " + placeOf(one), function () { state.calling = { one: one, from: performance.now() }; });
  }

  function wasCalled(one) { return state.journal.now.lines.indexOf("call " + placeOf(one)) >= 0; }

  function callPage() {
    const one = state.calling.one;
    const line = one.pick.line;
    const photo = photoOf(line);
    const left = h("p", { class: "kit-seconds", id: "call-left", role: "timer" });
    const absent = button("kit.call.absent", function () { gone(one); }, "button-danger button-big",
      { disabled: true, id: "call-absent" });
    vframe.countDown(state.draw.manifest.call_seconds, state.calling.from, left, function () {
      absent.disabled = false;
    });
    return page(say("kit.call.of", { prize: prizeName(one.prize) }), "",
      card("", photo ? h("img", { class: "kit-photo", src: photo, alt: "" }) : null,
        h("p", { class: "kit-called" }, shownName(line)), h("p", { class: "kit-called-unit" }, vnames.unitOf(line)),
        left),
      actions(button("kit.call.here", function () {
        state.calling = null;
        render();
      }, MAIN), absent));
  }

  // ---- the absence: two people say so, one after the other; only then is it written

  function gone(one) {
    state.calling = null;
    state.absent = { one: one, reason: "", first: "" };
    state.message = null;
    render();
  }

  /* The reasons that may be given now; "" is mere absence, which needs the call where the manifest asks for one. */
  function reasonsFor(one) {
    return ["", "declined", "ineligible"].filter(function (reason) {
      return reason || prizeOf(one.prize).present && (!state.draw.manifest.call_seconds || wasCalled(one));
    });
  }

  function reasonCard(absent) {
    const one = absent.one;
    const reasons = reasonsFor(one);
    if (reasons.indexOf(absent.reason) < 0) { absent.reason = reasons[0]; }
    const uncalled = prizeOf(one.prize).present && state.draw.manifest.call_seconds && !wasCalled(one);
    return card(say("kit.absent.reason"), reasons.map(function (reason) {
      return choice({
        type: "radio", name: "reason", value: reason, checked: absent.reason === reason,
        disabled: Boolean(absent.first), onchange: function () { absent.reason = reason; },
      }, say("kit.reason." + (reason || "absent")));
    }), uncalled ? h("p", { class: "soft" }, say("kit.absent.call")) : null);
  }

  function write(absent, second) {
    const one = absent.one;
    const confirmed = state.journal.confirmed;
    confirmed[placeOf(one)] = [absent.first, second];
    const line = "absent " + placeOf(one) + (absent.reason ? " " + absent.reason : "");
    if (record(line, function () { state.absent = null; })) {
      playAgain(one.prize, one.slot, one.attempt + 1);
    } else {
      delete confirmed[placeOf(one)];
    }
  }

  function absentPage() {
    const absent = state.absent;
    const one = absent.one;
    const second = Boolean(absent.first);
    const act = button(second ? "kit.absent.second" : "kit.absent.first", confirm, "button-danger button-big",
      { disabled: true, id: "confirm" });
    const told = h("p", { class: "soft", role: "status" });

    function typed() { return (state.form.confirm || "").trim().replace(/\s+/g, " "); }

    function look() {
      const same = second && typed().toLowerCase() === absent.first.toLowerCase();
      told.textContent = same ? say("kit.absent.same") : "";
      act.disabled = !typed() || same;
    }

    function confirm() {
      if (second) {
        write(absent, typed());
        return;
      }
      absent.first = typed();
      state.form = {};
      render();
    }

    look();
    return page(say("kit.absent", { name: shownName(one.pick.line) }),
      say("kit.absent.why", { prize: prizeName(one.prize), place: one.slot + 1 }),
      reasonCard(absent),
      card(say(second ? "kit.absent.two" : "kit.absent.one"),
        second ? h("p", {}, say("kit.absent.by", { name: absent.first })) : null,
        labelled(say("kit.absent.name"),
          kept("input", "confirm", { class: "input", id: "confirm-name", list: "people" }, look)),
        h("datalist", { id: "people" },
          state.draw.manifest.names.concat(state.journal.witnesses).map(function (each) {
            return h("option", { value: each });
          })), told),
      actions(button("kit.cancel", function () {
        state.absent = null;
        state.form = {};
        render();
      }), act));
  }

  // ---- the place drawn again

  /* Shows who was drawn for a place at this attempt, unless dice are still to be thrown for it. */
  function playAgain(prize, slot, attempt) {
    const found = state.journal.now.standing.find(function (one) {
      return one.prize === prize && one.slot === slot && one.attempt >= attempt;
    });
    if (found) { vscenes.playRedrawn(found); }
  }

  /* `after` stands below the dice. */
  function redrawPage(redraw, after) {
    const label = redraw.label;
    const line = ["redraw", redraw.prize, redraw.slot, redraw.attempt, label].join(" ");
    return page(say("kit.redraw"), say("kit.redraw.why", { prize: prizeName(redraw.prize), place: redraw.slot + 1 }),
      vdice.form(label, prizeName(redraw.prize), say("kit.dice.why"), function (digits) {
        if (record(line + " " + digits)) { playAgain(redraw.prize, redraw.slot, redraw.attempt); }
      }), after);
  }

  return { call, gone, callPage, absentPage, redrawPage };
})();

/* The end of a draw: its file, its protocol on paper, and the way back from either on another machine. Classic script,
   ES2015; needs core.js, paper.js and the kit's scripts before it. */
(function () {
  "use strict";

  const { h } = vpage;
  const { given, state, say } = vstate;
  const { MAIN, page, card, photographed, button, actions, labelled, kept, fileField } = vparts;
  const { pages, render, refuse, saveFile } = vframe;
  const paper = document.getElementById("paper");

  // ---- the end

  function print(languages) {
    paper.textContent = "";
    paper.hidden = false;
    languages.forEach(function (language) {
      paper.appendChild(vpaper.write(language, state.journal, {
        title: vnames.titleOf(), organisation: given && given.organisation || "",
        affidavit: given && given.affidavit || {}, prizeName: vnames.prizeName, unitOf: vnames.unitOf,
        nameOf: vnames.shownName,
      }));
    });
    window.print();
  }

  function printCard() {
    const journal = state.journal;
    const names = h("textarea", {
      class: "input", id: "witnesses", rows: "4", value: journal.witnesses.join("\n"), oninput: function (event) {
        journal.witnesses = event.target.value.split("\n").map(function (name) { return name.trim(); }).filter(Boolean);
        vstate.store();
      },
    });
    return card(say("kit.print"), h("p", {}, say("kit.print.why")),
      labelled(say("kit.witnesses.now"), names),
      actions(vpage.LANGUAGES.map(function (language) {
        return h("button", { type: "button", class: "button", onclick: function () { print([language]); } },
          say("kit.print.do", { language: vpage.words(language, "kit.language") }));
      }), button("kit.print.both", function () { print(vpage.LANGUAGES); })));
  }

  function endPage() {
    const aborted = state.journal.now.aborted;
    const manifest = state.draw.manifest;
    return page(say(aborted ? "kit.aborted" : "kit.ended"), say(aborted ? "kit.aborted.why" : "kit.ended.why"),
      photographed("end-code", !aborted),
      card(say("kit.export"), h("p", {}, say("kit.export.why", { file: vframe.fileName() })),
        button("kit.save", saveFile, MAIN)),
      printCard(),
      aborted ? null : manifest.prizes.map(vrounds.prizeSection),
      manifest.rehearsal ? card(say("kit.again"), button("kit.again.do", function () {
        vstate.again();
        render();
      })) : null);
  }

  // ---- rebuilding on another machine

  function area(name, rows, label, hint) {
    const field = kept("textarea", name,
      { class: "input input-plain", id: "paper-" + name, rows: rows, spellcheck: "false" });
    return labelled(say(label), field, say(hint));
  }

  function rebuildPage() {
    return page(say("kit.menu.rebuild"), say("kit.rebuild.why"),
      card(say("kit.rebuild.file"), h("p", { class: "soft" }, say("kit.rebuild.file.why")),
        fileField("journal-file", "kit.choose", loadJournal)),
      card(say("kit.rebuild.paper"), h("p", { class: "soft" }, say("kit.rebuild.paper.why")),
        area("inputs", "12", "kit.rebuild.inputs", "kit.rebuild.inputs.hint"),
        area("voids", "3", "kit.rebuild.voids", "kit.rebuild.voids.hint"),
        state.draw.manifest.presence ? area("present", "4", "kit.rebuild.present", "kit.rebuild.present.hint") : null,
        labelled(say("kit.rebuild.code"), kept("input", "code", { class: "input input-code", id: "paper-code" })),
        actions(button("kit.rebuild.do", rebuildPaper, MAIN, { id: "rebuild" }))));
  }

  function loadJournal(files) {
    try {
      vstate.take(vjournal.read(vparts.textOf(files), state.draw));
      render();
    } catch (error) {
      refuse(error);
    }
  }

  function rebuildPaper() {
    const form = state.form;
    const n = state.draw.manifest.n;
    try {
      const voids = vjournal.readVoids(form.voids || "", n);
      const present = vjournal.readRanges(form.present || "", n);
      const journal = vjournal.rebuild(state.draw, form.inputs || "", voids, present);
      const typed = vdraw.readCode(form.code || "");
      if (form.code && typed !== journal.now.code) {
        vframe.tell("bad", say("kit.rebuild.differs", { code: journal.now.code, typed: form.code }));
        return;
      }
      vstate.take(journal);
      render();
    } catch (error) {
      refuse(error);
    }
  }

  Object.assign(pages, { end: endPage, rebuild: rebuildPage });
})();

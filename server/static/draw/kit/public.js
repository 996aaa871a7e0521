/* For everybody: the check of published files, of a receipt, and a draw without names. Classic script, ES2015; needs
   core.js, verify.js and the kit's scripts before it. */
(function () {
  "use strict";

  const { h } = vpage;
  const { state, say } = vstate;
  const { MAIN, page, card, notice, facts, smallHash, button, actions, labelled, kept, fileField } = vparts;
  const { pages, go, render, refuse, tell } = vframe;
  const PUBLISHED = [
    "manifest.json", "snapshot.tsv", "void.tsv", "present.tsv", "log.txt", "result.json", "manifest.sig", "result.sig",
    "kit.html",
  ];

  function homePage() {
    function way(title, why, view) {
      return card(say(title), h("p", {}, say(why)),
        button("kit.home.go", function () { go(view); }, "button-primary"));
    }
    return page(say("kit.home"), say("kit.home.why"), h("div", { class: "grid" },
      way("kit.menu.verify", "kit.home.verify", "verify"),
      way("kit.menu.receipt", "kit.home.receipt", "receipt"),
      card(say("kit.home.run"), h("p", {}, say("kit.home.run.why")),
        fileField("run-files", "kit.choose.several", openFiles, true))), vopening.kitCheck());
  }

  function openFiles(files) {
    const manifest = files.find(function (file) { return /\.json$/i.test(file.name); });
    const snapshot = files.find(function (file) { return /\.tsv$/i.test(file.name); });
    if (manifest && snapshot && manifest.data && snapshot.data) {
      vopening.open(manifest.data, snapshot.data, null);
    } else {
      tell("bad", say("kit.home.run.files"));
    }
  }

  // ---- the files

  /* The name of a published file from the name on disk, or "": browsers add numbers to what is saved twice. */
  function published(name) {
    const plain = name.toLowerCase().replace(/ ?\([0-9]+\)(?=\.[a-z]+$)/, "");
    return PUBLISHED.find(function (one) { return plain === one || plain.slice(-one.length - 1) === "-" + one; }) || "";
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

  // ---- the check of a draw

  function verifyPage() {
    const m = kept("input", "m", { class: "input", id: "verify-m", spellcheck: "false" });
    const code = kept("input", "code", { class: "input input-code", id: "verify-code", spellcheck: "false" });
    return page(say("kit.menu.verify"), say("kit.verify.why"),
      card(say("kit.verify.files"), fileChooser()),
      card(say("kit.verify.known"), labelled(say("kit.verify.m"), m, say("kit.verify.m.hint")),
        labelled(say("kit.verify.code"), code, say("kit.verify.code.hint"))),
      actions(button("kit.verify.do", verifyNow, MAIN, { id: "verify", disabled: !Object.keys(state.loaded).length })),
      h("progress", { id: "progress", max: "1", value: "0", hidden: true }),
      state.report ? reportOf(state.report) : null);
  }

  function verifyNow() {
    const expected = { manifest: (state.form.m || "").replace(/\s/g, ""), code: state.form.code || "" };
    const bar = document.getElementById("progress");
    bar.hidden = false;
    vpage.run(vdraw.steps.verify(state.loaded, expected), function (share) {
      if (share >= 0) { bar.value = share; }
    }, function (report) {
      state.report = report;
      state.message = null;
      render();
      document.getElementById("report").scrollIntoView();
    }, refuse);
  }

  function winnersOf(report) {
    if (!report.winners.length) { return null; }
    return h("details", {}, h("summary", {}, say("verify.label.winners")),
      h("table", { class: "kit-table" }, h("tbody", {}, report.winners.map(function (one) {
        return h("tr", {}, [one.prize, one.slot, one.attempt, one.line].map(function (cell) {
          return h("td", {}, String(cell));
        }));
      }))));
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

  function reportOf(report) {
    return h("section", { class: "card kit-report is-" + (report.ok ? "good" : "bad"), id: "report" },
      h("h2", {}, say("verify.verdict." + (report.ok ? "ok" : "wrong"))),
      h("p", {}, say("verify.state." + report.state)),
      report.rehearsal ? notice("warn", say("verify.label.rehearsal")) : null,
      report.manifest ? facts([
        [say("verify.label.draw"), report.draw_id],
        [say("verify.label.manifest"), smallHash(report.manifest)],
        report.code ? [say("verify.label.code"), h("b", { class: "kit-figure" }, report.code)] : null,
      ]) : null,
      h("ol", { class: "kit-checks" }, report.checks.map(function (check) {
        return h("li", { class: check.ok ? "is-good" : "is-bad", "data-check": check.name },
          h("span", { class: "kit-mark" }, say("verify.mark." + (check.ok ? "ok" : "wrong"))), " ",
          say(check.code, plainFacts(check.facts)));
      })), winnersOf(report));
  }

  // ---- the check of a receipt

  function receiptPage() {
    const field = kept("textarea", "receipt",
      { class: "input input-plain", id: "receipt", rows: "5", spellcheck: "false" });
    return page(say("kit.menu.receipt"), say("kit.receipt.why"),
      card("", labelled(say("kit.receipt.field"), field, say("kit.receipt.hint")),
        fileField("receipt-file", "kit.receipt.file", function (files) {
          state.form.receipt = vparts.textOf(files);
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
      const loaded = state.loaded["snapshot.tsv"];
      const list = state.draw ? state.draw.snapshot : loaded ? vdraw.parseSnapshot(loaded) : null;
      state.form.checks = vdraw.checkReceipt(receipt, data, list);
      tell("info", say("verify.receipt.form", { line: receipt.line, tickets: receipt.tickets }));
    } catch (error) {
      state.form.checks = null;
      refuse(error);
    }
  }

  Object.assign(pages, { home: homePage, verify: verifyPage, receipt: receiptPage });
})();

/* The protocol of a draw on paper, for signatures. Classic script, ES2015; needs core.js, journal.js and page.js. */
var vpaper = (function () {
  "use strict";

  const h = vpage.h;
  const LONGEST_LIST = 6000;

  function hexLine(text) { return h("code", { class: "paper-hex" }, text.replace(/(.{8})(?!$)/g, "$1 ")); }

  /* Inputs as they are typed on a spare laptop, a secret as its eight rows. */
  function inputs(lines) {
    const text = lines.map(function (line) {
      const fields = line.split(" ");
      if (fields[0] !== "reveal") { return line.replace(/([0-9a-f]{8})(?=[0-9a-f])/g, "$1 "); }
      const rows = vdraw.writeSecret(vdraw.unhex(fields[2])).trim().split("\n");
      return "reveal " + fields[1] + "\n" + rows.map(function (row) { return "   " + row; }).join("\n");
    });
    return h("pre", { class: "paper-inputs" }, text.join("\n"));
  }

  function table(heads, rows) {
    return h("table", {}, h("thead", {}, h("tr", {}, heads.map(function (head) { return h("th", {}, head); }))),
      h("tbody", {}, rows.map(function (row) {
        return h("tr", {}, row.map(function (cell) { return h("td", {}, cell); }));
      })));
  }

  function facts(rows) {
    return h("table", { class: "paper-facts" }, h("tbody", {}, rows.map(function (row) {
      return h("tr", {}, h("th", { scope: "row" }, row[0]), h("td", {}, row[1]));
    })));
  }

  // ---- the parts of a sheet: {say, language, about, journal, draw, manifest,
  //      now, inputs (lines of the log), texts (of the lists)}

  function winner(sheet, one) {
    if (!one.pick) { return ["", sheet.say("kit.unfilled"), ""]; }
    const line = one.pick.line;
    return [vpage.number(line), sheet.about.nameOf(line, sheet.language), sheet.about.unitOf(line)];
  }

  /* Why a winner went, and the two who confirmed it. */
  function gone(sheet, one) {
    if (sheet.now.standing.indexOf(one) >= 0) { return ""; }
    if (sheet.now.aborted) { return sheet.say("kit.aborted.short"); }
    const reason = vjournal.goneReason(sheet.inputs, one);
    const people = sheet.journal.confirmed[vjournal.placeOf(one)] || [];
    return reason ? sheet.say("kit.reason." + reason) + (people.length ? " (" + people.join(", ") + ")" : "") : "";
  }

  function promises(sheet) {
    const { say, draw, manifest, texts } = sheet;
    const arm = vdraw.chain(draw.m, sheet.now.lines.slice(0, 1))[1];
    function hashOf(text) { return hexLine(vdraw.hex(vdraw.sha256(vdraw.ascii(text)))); }
    return [
      facts([
        [say("kit.draw_id"), manifest.draw_id],
        [say("kit.m"), hexLine(vdraw.hex(draw.m))],
        [say("kit.root"), hexLine(manifest.root)],
        [say("paper.list"), say("kit.size", { n: manifest.n, tickets: manifest.tickets })],
        [say("paper.voids.hash"), texts.voids ? hashOf(texts.voids) : say("kit.none")],
        texts.present === null ? null : [say("paper.present.hash"), hashOf(texts.present)],
        [say("kit.arm_code"), h("b", {}, vdraw.displayCode(arm))],
      ].filter(Boolean)),
      h("h2", {}, say("paper.custodians")),
      table([say("paper.label"), say("paper.name"), say("paper.commitment")], manifest.commit.map(function (commit, i) {
        return [manifest.labels[i] || "", manifest.names[i] || "", hexLine(commit)];
      })),
    ];
  }

  function lists(sheet) {
    const { say, journal, texts } = sheet;
    const found = [];
    if (texts.voids) {
      found.push(h("h2", {}, say("paper.voids")), h("pre", {}, texts.voids.replace(/\t/g, " ")));
    }
    if (texts.present !== null) {
      const ranges = vjournal.writeRanges(vjournal.ascending(journal.present));
      found.push(h("h2", {}, say("paper.present", { count: journal.present.size })));
      found.push(h("p", { class: "paper-ranges" },
        ranges.length > LONGEST_LIST ? say("paper.present.file") : ranges));
    }
    return found;
  }

  function winners(sheet) {
    const { say, now } = sheet;
    return [
      h("h2", {}, say(now.aborted ? "paper.aborted" : "paper.winners")),
      table([
        say("paper.prize"), say("paper.place"), say("paper.attempt"), say("paper.line"), say("paper.name"),
        say("paper.unit"), say("paper.note"),
      ], now.outcomes.map(function (one) {
        return [sheet.about.prizeName(one.prize), String(one.slot + 1), String(one.attempt + 1)].concat(
          winner(sheet, one), [gone(sheet, one)]
        );
      })),
    ];
  }

  function alternates(sheet) {
    const { say, now } = sheet;
    if (!now.alternates.length) { return null; }
    return [h("h2", {}, say("paper.alternates")), table([
      say("paper.prize"), say("paper.place"), say("paper.line"), say("paper.name"), say("paper.unit"),
    ], now.alternates.map(function (one) {
      return [sheet.about.prizeName(one.prize), String(one.place + 1)].concat(winner(sheet, one));
    }))];
  }

  function code(sheet) {
    const { say, now } = sheet;
    const head = vdraw.hex(now.head);
    return h("div", { class: "paper-code" }, vpage.qr(head), h("div", {},
      h("p", {}, say(now.stage === "closed" ? "kit.code" : "kit.code.sofar")),
      h("p", { class: "paper-figure" }, now.code),
      h("p", {}, say("kit.head"), " ", hexLine(head))));
  }

  function earlier(sheet) {
    const runs = sheet.journal.earlier;
    return runs.length ? h("div", { class: "paper-earlier" }, h("h2", {}, sheet.say("kit.earlier")),
      h("ul", {}, runs.map(function (one) {
        return h("li", {}, sheet.say("kit.earlier.one", { code: one.code, events: one.events }), " ",
          hexLine(one.head));
      }))) : null;
  }

  function signatures(sheet) {
    const { say, journal, manifest } = sheet;
    const people = manifest.labels.map(function (label, place) {
      return [say("paper.custodian"), manifest.names[place] || label];
    });
    people.unshift([say("paper.leader"), ""]);
    for (const name of journal.witnesses.length ? journal.witnesses : ["", ""]) {
      people.push([say("paper.witness"), name]);
    }
    return table([say("paper.role"), say("paper.name"), say("paper.signature"), say("paper.day")],
      people.map(function (one) { return [one[0], one[1], "", ""]; }));
  }

  /* One protocol in one language. `about`: {title, organisation, affidavit, prizeName(id), nameOf(line, language),
     unitOf(line)}. */
  function write(language, journal, about) {
    const draw = journal.draw;
    const rehearsal = draw.manifest.rehearsal;
    function say(key, given) { return vpage.words(language, key, given); }
    const sheet = {
      say: say, language: language, about: about, journal: journal, draw: draw, manifest: draw.manifest,
      now: journal.now, inputs: vdraw.inputsOf(journal.now.lines), texts: journal.texts(),
    };
    return h("article", { class: "paper-sheet" + (rehearsal ? " is-rehearsal" : ""), lang: language },
      rehearsal ? h("p", { class: "paper-mark" }, say("kit.rehearsal")) : null,
      h("p", { class: "paper-who" }, about.organisation),
      h("h1", {}, say("paper.title", { title: about.title })),
      promises(sheet),
      h("h2", {}, say("paper.inputs")),
      h("p", {}, say("paper.inputs.why")),
      inputs(sheet.inputs),
      lists(sheet),
      winners(sheet),
      alternates(sheet),
      h("div", { class: "paper-end" }, code(sheet), earlier(sheet), h("div", { class: "paper-sign" },
        h("p", { class: "paper-affidavit" }, about.affidavit[language] || say("paper.affidavit")),
        signatures(sheet))));
  }

  return { write };
})();

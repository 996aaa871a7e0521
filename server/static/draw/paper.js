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

  /* One protocol in one language. `about`: {title, organisation, affidavit, prizeName(id), nameOf(line),
     unitOf(line)}. */
  function write(language, journal, about) {
    const draw = journal.draw;
    const manifest = draw.manifest;
    const now = journal.now;
    const lines = vdraw.inputsOf(now.lines);
    const texts = journal.texts();
    const rehearsal = manifest.rehearsal;

    function say(key, given) { return vpage.words(language, key, given); }

    function hashOf(text) { return hexLine(vdraw.hex(vdraw.sha256(vdraw.ascii(text)))); }

    function winner(one) {
      if (!one.pick) { return ["", say("kit.unfilled"), ""]; }
      return [vpage.number(one.pick.line), about.nameOf(one.pick.line, language), about.unitOf(one.pick.line)];
    }

    function places() {
      return now.outcomes.map(function (one) {
        const stands = now.standing.indexOf(one) >= 0;
        return [about.prizeName(one.prize), String(one.slot + 1), String(one.attempt + 1)].concat(
          winner(one), [stands ? "" : now.aborted ? say("kit.aborted.short") : goneWhy(one)]
        );
      });
    }

    function goneWhy(one) {
      const place = one.prize + " " + one.slot + " " + one.attempt;
      const line = lines.find(function (each) { return each.indexOf("absent " + place) === 0; });
      const reason = line ? line.split(" ")[4] || "absent" : "";
      const people = journal.confirmed[place] || [];
      return reason ? say("kit.reason." + reason) + (people.length ? " (" + people.join(", ") + ")" : "") : "";
    }

    function alternates() {
      if (!now.alternates.length) { return null; }
      const rows = now.alternates.map(function (one) {
        return [about.prizeName(one.prize), String(one.place + 1)].concat(winner(one));
      });
      return [h("h2", {}, say("paper.alternates")), table([
        say("paper.prize"), say("paper.place"), say("paper.line"), say("paper.name"), say("paper.unit"),
      ], rows)];
    }

    function signatures() {
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

    function lists() {
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

    const arm = vdraw.chain(draw.m, now.lines.slice(0, 1))[1];
    return h("article", { class: "paper-sheet" + (rehearsal ? " is-rehearsal" : ""), lang: language },
      rehearsal ? h("p", { class: "paper-mark" }, say("kit.rehearsal")) : null,
      h("p", { class: "paper-who" }, about.organisation),
      h("h1", {}, say("paper.title", { title: about.title })),
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
      h("h2", {}, say("paper.inputs")),
      h("p", {}, say("paper.inputs.why")),
      inputs(lines),
      lists(),
      h("h2", {}, say(now.aborted ? "paper.aborted" : "paper.winners")),
      table([
        say("paper.prize"), say("paper.place"), say("paper.attempt"), say("paper.line"), say("paper.name"),
        say("paper.unit"), say("paper.note"),
      ], places()),
      alternates(),
      h("div", { class: "paper-end" },
        h("div", { class: "paper-code" }, vpage.qr(vdraw.hex(now.head)), h("div", {},
          h("p", {}, say(now.stage === "closed" ? "kit.code" : "kit.code.sofar")),
          h("p", { class: "paper-figure" }, now.code),
          h("p", {}, say("kit.head"), " ", hexLine(vdraw.hex(now.head))))),
        journal.earlier.length ? h("div", { class: "paper-earlier" }, h("h2", {}, say("kit.earlier")),
          h("ul", {}, journal.earlier.map(function (one) {
            return h("li", {}, say("kit.earlier.one", { code: one.code, events: one.events }), " ", hexLine(one.head));
          }))) : null,
        h("div", { class: "paper-sign" },
          h("p", { class: "paper-affidavit" }, about.affidavit[language] || say("paper.affidavit")), signatures())));
  }

  return { write: write };
})();

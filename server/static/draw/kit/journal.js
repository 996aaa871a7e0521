/* The journal of a draw at the venue: what people did, in order, and how it is written down and read again. Classic
   script, ES2015; needs core.js. Decides nothing itself: vdraw.ceremony turns the inputs into the log.

   A draw here is {manifest, m, data, snapshot, snapshotData}: parsed and exact bytes. A journal before the arm holds
   the void list and the presence list as they stand; the arm fixes them. Refused throws vdraw.Refused. */
var vjournal = (function () {
  "use strict";

  const Refused = vdraw.Refused;
  const FORM = ["proto", "draw_id", "manifest", "log", "void", "present", "witnesses", "confirmed", "earlier"];

  // ---- lists

  function ascending(numbers) { return Array.from(numbers).sort(function (a, b) { return a - b; }); }

  function voidText(voids) {
    return ascending(voids.keys()).map(function (line) { return line + "\t" + voids.get(line) + "\n"; }).join("");
  }

  function presentText(present) { return ascending(present).map(function (line) { return line + "\n"; }).join(""); }

  /* Ascending numbers as people copy them: `0-3 5 8-12`. */
  function writeRanges(numbers) {
    const parts = [];
    for (let i = 0; i < numbers.length; i += 1) {
      const from = numbers[i];
      while (numbers[i + 1] === numbers[i] + 1) { i += 1; }
      parts.push(numbers[i] === from ? String(from) : from + "-" + numbers[i]);
    }
    return parts.join(" ");
  }

  /* The numbers below n of such a text. Refused `kit.paper.present` (`part`). */
  function readRanges(text, n) {
    const found = new Set();
    for (const part of text.normalize("NFKC").split(/[\s,;]+/)) {
      const shape = /^([0-9]{1,10})(?:-([0-9]{1,10}))?$/.exec(part);
      if (!part) { continue; }
      const from = shape ? Number(shape[1]) : n;
      const to = shape && shape[2] ? Number(shape[2]) : from;
      if (from > to || to >= n) { throw new Refused("kit.paper.present", { part: part }); }
      for (let line = from; line <= to; line += 1) { found.add(line); }
    }
    return found;
  }

  /* `LINE REASON` a row, as on paper or in void.tsv. Refused as vdraw.parseVoids, line numbers from 0. */
  function readVoids(text, n) {
    const rows = text.normalize("NFKC").split(/\r?\n/).filter(function (row) { return row.trim(); });
    const exact = rows.map(function (row) { return row.trim().replace(/[ \t]+/, "\t") + "\n"; }).join("");
    return vdraw.parseVoids(vdraw.ascii(exact, "void"), n);
  }

  // ---- opening a draw: the file is checked against itself, piece by piece

  /* Puts manifest and snapshot together. `told(name, facts)` hears of each check that holds; yields how far it is,
     0 to 1. `people` {refs, salts (bytes)} or null. Refused with the code of the first check that does not hold. */
  function* opening(data, snapshotData, people, told) {
    const manifest = vdraw.parseManifest(data);
    const m = vdraw.sha256(data);
    const whole = people ? 0.45 : 1;
    told("manifest", { m: vdraw.hex(m) });
    const file = yield* scaled(vdraw.steps.sha256(snapshotData), 0, 0.1 * whole);
    vdraw.checkFile(manifest, vdraw.hex(file));
    told("file", { file: vdraw.hex(file) });
    const snapshot = yield* scaled(vdraw.steps.parseSnapshot(snapshotData), 0.1 * whole, 0.3 * whole);
    vdraw.checkCounts(manifest, snapshot);
    told("counts", { n: snapshot.n, tickets: snapshot.total });
    const tree = yield* scaled(vdraw.steps.tree(snapshot.n, snapshot.leaf), 0.3 * whole, whole);
    vdraw.checkRoot(manifest, tree.root);
    told("root", { root: manifest.root });
    if (people) {
      if (people.refs.length !== snapshot.n || people.salts.length !== 16 * snapshot.n) {
        throw new Refused("kit.people.count", { stated: snapshot.n, found: people.refs.length });
      }
      for (let i = 0; i < snapshot.n; i += 1) {
        const id = vdraw.idCommit(manifest.draw_id, people.salts.subarray(16 * i, 16 * i + 16), people.refs[i]);
        if (vdraw.hex(id) !== snapshot.idCommit(i)) { throw new Refused("kit.people.other", { line: i }); }
        if (i % 256 === 255) { yield whole + (1 - whole) * i / snapshot.n; }
      }
      told("people", { n: snapshot.n });
    }
    return { manifest: manifest, m: m, data: data, snapshot: snapshot, snapshotData: snapshotData };
  }

  function* scaled(steps, from, to) {
    let step = steps.next();
    while (!step.done) {
      yield from + (to - from) * step.value;
      step = steps.next();
    }
    return step.value;
  }

  // ---- the journal

  /* Before the arm: {voids (line -> reason), present (set of lines)} may change; afterwards `under` is the ceremony
     and only add() goes on. `earlier`: other runs of this draw that this machine has had. */
  function begin(draw, voids, present) {
    const journal = {
      draw: draw, voids: new Map(voids || []), present: new Set(present || []), under: null, now: null,
      witnesses: draw.manifest.witnesses.slice(), confirmed: {}, earlier: [],
      armed: function () { return journal.under !== null; },
      texts: function () {
        return {
          voids: voidText(journal.voids), present: draw.manifest.presence ? presentText(journal.present) : null,
        };
      },
      /* The arm line that the lists as they stand would give. */
      armLine: function () {
        const texts = journal.texts();
        const voidsHash = texts.voids ? vdraw.hex(vdraw.sha256(vdraw.ascii(texts.voids))) : "";
        const presentHash = texts.present === null ? "" : vdraw.hex(vdraw.sha256(vdraw.ascii(texts.present)));
        return vdraw.armLine(draw.m, voidsHash, presentHash);
      },
      /* Takes one input and gives the log lines that are new; what is refused changes nothing. */
      add: function (line) {
        const under = journal.under || vdraw.ceremony(
          draw.manifest, draw.m, draw.snapshot, ascending(journal.voids.keys()),
          draw.manifest.presence ? ascending(journal.present) : null
        );
        if (!journal.under && line !== journal.armLine()) { throw new Refused("kit.arm.lists"); }
        const fresh = under.add(line);
        journal.under = under;
        journal.now = under.now();
        return fresh;
      },
      next: function () { return journal.under ? journal.now.next : { kinds: ["arm"] }; },
      log: function () { return journal.under ? vdraw.logText(journal.now.lines) : ""; },
      text: function () { return write(journal); },
    };
    return journal;
  }

  /* The file that is saved, exported and stored: JSON, see FORM. */
  function write(journal) {
    const texts = journal.texts();
    return JSON.stringify({
      proto: vdraw.PROTOCOL,
      draw_id: journal.draw.manifest.draw_id,
      manifest: vdraw.hex(journal.draw.m),
      log: journal.log(),
      void: texts.voids,
      present: texts.present,
      witnesses: journal.witnesses,
      confirmed: journal.confirmed,
      earlier: journal.earlier,
    });
  }

  function listed(value, rule) {
    if (!Array.isArray(value) || !value.every(rule)) { throw new Refused("kit.file.form"); }
    return value;
  }

  function isText(value) { return typeof value === "string"; }

  /* The journal in such a file: the log is made again from its inputs and must come out the same. Refused
     `kit.file.form`, `draw.manifest.other`, `kit.file.log`, or what the lists and the log are refused for. */
  function read(text, draw) {
    let given = null;
    try { given = JSON.parse(text); } catch (error) { throw new Refused("kit.file.form"); }
    const whole = given && FORM.every(function (key) { return Object.prototype.hasOwnProperty.call(given, key); });
    if (!whole || given.proto !== vdraw.PROTOCOL || ![given.log, given.void, given.manifest].every(isText)) {
      throw new Refused("kit.file.form");
    }
    if (given.manifest !== vdraw.hex(draw.m)) { throw new Refused("draw.manifest.other"); }
    const presence = draw.manifest.presence;
    if (presence !== isText(given.present)) {
      throw new Refused(presence ? "draw.present.missing" : "draw.present.unpromised");
    }
    const n = draw.manifest.n;
    const present = presence ? vdraw.parsePresent(vdraw.ascii(given.present, "present"), n) : [];
    const journal = begin(draw, vdraw.parseVoids(vdraw.ascii(given.void, "void"), n), present);
    journal.witnesses = listed(given.witnesses, isText);
    journal.earlier = listed(given.earlier, function (one) { return one && isText(one.head) && isText(one.code); });
    Object.keys(given.confirmed || {}).forEach(function (place) {
      journal.confirmed[place] = listed(given.confirmed[place], isText);
    });
    if (given.log) {
      const lines = vdraw.splitLog(vdraw.ascii(given.log, "log"));
      for (const line of vdraw.inputsOf(lines)) { journal.add(line); }
      if (journal.log() !== given.log) { throw new Refused("kit.file.log"); }
    }
    return journal;
  }

  /* How two journals of one draw stand to each other: "same", "older" (the second goes further), "newer" or "other". */
  function compared(one, two) {
    const a = one.log();
    const b = two.log();
    if (a === b) { return "same"; }
    if (b.slice(0, a.length) === a) { return "older"; }
    return a.slice(0, b.length) === b ? "newer" : "other";
  }

  /* What is remembered of a run that is left for another one. */
  function trace(journal) {
    return {
      head: vdraw.hex(journal.now.head), code: journal.now.code, events: vdraw.inputsOf(journal.now.lines).length,
    };
  }

  // ---- the paper form, typed on a spare laptop

  const WORDS = /^(arm|venue|beacon|reveal|round|call|absent|redraw|close|abort)\b/;

  /* Events typed from paper: [{kind, rest, line}], `line` from 1; a row without a keyword goes on with the last. */
  function rows(text) {
    const events = [];
    text.normalize("NFKC").split(/\r?\n/).forEach(function (row, number) {
      const plain = row.trim().toLowerCase();
      const kind = WORDS.exec(plain);
      if (kind) {
        events.push({ kind: kind[1], rest: plain.slice(kind[1].length).trim(), line: number + 1 });
      } else if (plain && events.length) {
        events[events.length - 1].rest += " " + plain;
      } else if (plain) {
        throw new Refused("kit.paper.line", { line: number + 1 });
      }
    });
    return events;
  }

  function digitsOf(text, label) {
    const bare = label && text.indexOf(label) === 0 ? text.slice(label.length) : text;
    return bare.replace(/[\s-]/g, "");
  }

  /* The exact input that a typed event means where the journal stands. What the paper may leave out (dice, attempts,
     hashes) follows from there; hashes that are given must be right. */
  function meant(event, journal) {
    const manifest = journal.draw.manifest;
    const fields = event.rest ? event.rest.split(/\s+/) : [];
    const next = journal.next();

    function attempt() {
      const given = fields[2] !== undefined && /^[0-9]+$/.test(fields[2]) ? fields[2] : null;
      if (given !== null) { return given; }
      const found = journal.now.standing.find(function (one) {
        return one.prize === fields[0] && String(one.slot) === fields[1];
      });
      return found ? String(found.attempt) : "0";
    }

    if (event.kind === "arm") {
      const line = journal.armLine();
      if (event.rest && "arm" + fields.join("") !== line.replace(/ /g, "")) { throw new Refused("kit.arm.lists"); }
      return line;
    }
    if (event.kind === "venue") { return "venue " + manifest.venue + " " + digitsOf(event.rest, manifest.venue); }
    if (event.kind === "beacon" && manifest.beacon) {
      const round = String(manifest.beacon.round);
      return "beacon " + round + " " + digitsOf(event.rest, fields.length > 1 ? round : "");
    }
    if (event.kind === "reveal") {
      const secret = vdraw.readSecret(fields.slice(1).join(" "));
      return "reveal " + fields[0] + " " + vdraw.hex(secret);
    }
    if (event.kind === "round" && next.round) {
      const label = next.round.dice ? "round-" + next.round.dice : "";
      return "round " + fields[0] + (label ? " " + label + " " + digitsOf(fields.slice(1).join(" "), label) : "");
    }
    if (event.kind === "call") { return "call " + fields.slice(0, 2).join(" ") + " " + attempt(); }
    if (event.kind === "absent") {
      const reason = fields.slice(2).filter(function (field) { return !/^[0-9]+$/.test(field); });
      return ["absent"].concat(fields.slice(0, 2), [attempt()], reason).join(" ");
    }
    if (event.kind === "redraw" && next.redraw && next.redraw.label) {
      const place = [next.redraw.prize, next.redraw.slot, next.redraw.attempt].join(" ");
      const typed = fields.join(" ").indexOf(place) === 0 ? fields.slice(3) : fields;
      return "redraw " + place + " " + next.redraw.label + " " + digitsOf(typed.join(" "), next.redraw.label);
    }
    return [event.kind].concat(fields).join(" ");
  }

  /* The journal that a typed sheet leads to. The arm may be left out: everything after it says that it was there. A
     refusal has `paper`, the number of the row from 1. */
  function rebuild(draw, text, voids, present) {
    const journal = begin(draw, voids, present);
    const events = rows(text);
    if (!events.length || events[0].kind !== "arm") { events.unshift({ kind: "arm", rest: "", line: 1 }); }
    for (const event of events) {
      try {
        journal.add(meant(event, journal));
      } catch (error) {
        error.paper = event.line;
        throw error;
      }
    }
    return journal;
  }

  // ---- winners

  /* The place and attempt of an outcome, as lines of the log name them. */
  function placeOf(one) { return one.prize + " " + one.slot + " " + one.attempt; }

  function winLine(one) { return "win " + placeOf(one) + " " + (one.pick ? one.pick.line : "unfilled"); }

  /* Why the winner of an outcome went, from the lines of a log: absent, declined, ineligible; "" when he did not. */
  function goneReason(lines, one) {
    const start = "absent " + placeOf(one);
    const line = lines.find(function (each) { return each === start || each.indexOf(start + " ") === 0; });
    return line ? line.split(" ")[4] || "absent" : "";
  }

  // ---- who could still have won, for the eyes on the stage

  /* The lines that could win `prize` after the first `count` lines of the log. */
  function pool(journal, prize, count) {
    const draw = journal.draw;
    const snapshot = draw.snapshot;
    const manifest = draw.manifest;
    const gone = new Uint8Array(snapshot.n);
    const wins = new Uint32Array(snapshot.units.length);
    const standing = new Map();
    journal.voids.forEach(function (reason, line) { gone[line] = 1; });
    for (const text of journal.now.lines.slice(0, count)) {
      const event = text.split(" ");
      const place = event[1] + " " + event[2];
      if (event[0] === "win" && event[4] !== "unfilled") {
        const line = Number(event[4]);
        standing.set(place, line);
        wins[snapshot.unit[line]] += 1;
        if (manifest.one_win) { gone[line] = 1; }
      } else if (event[0] === "absent") {
        const line = standing.get(place);
        wins[snapshot.unit[line]] -= 1;
        gone[line] = 1;
      }
    }
    const lines = [];
    for (let line = 0; line < snapshot.n; line += 1) {
      const unit = snapshot.unit[line];
      const full = manifest.unit_cap !== null && wins[unit] >= manifest.unit_cap;
      const here = !manifest.presence || !prize.present || journal.present.has(line);
      const rightClass = !prize.class || snapshot.groups[snapshot.group[line]] === prize.class;
      const rightUnit = !prize.units.length || prize.units.indexOf(snapshot.units[unit]) >= 0;
      if (!gone[line] && !full && here && rightClass && rightUnit) { lines.push(line); }
    }
    return lines;
  }

  return {
    begin, read, rebuild, compared, trace, opening, placeOf, winLine, goneReason, pool, readRanges, writeRanges,
    readVoids, ascending,
  };
})();

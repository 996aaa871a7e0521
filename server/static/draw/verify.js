/* The check of a published draw: its folder, and receipts. Classic script, ES2015; needs core.js and extends its vdraw.
   Decides nothing itself: it makes the log again from its inputs (vdraw.compose) and compares. Like core.js it asks for
   no clock, chance, network or storage, and has no words. From top to bottom: base64url - receipts - the report - one
   function for each file - the log and the result - a receipt in its folder - the whole folder. */
(function () {
  "use strict";

  const Refused = vdraw.Refused;
  const hex = vdraw.hex;
  const unhex = vdraw.unhex;
  const equal = vdraw.equal;
  const sha256 = vdraw.sha256;

  // ---- base64url

  const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  function base64url(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 3) {
      const word = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
      const letters = Math.min(bytes.length - i, 3) + 1;
      for (let k = 0; k < letters; k += 1) { text += BASE64[word >> 18 - 6 * k & 63]; }
    }
    return text;
  }

  /* Bytes of base64url without padding; null when it is not exactly what `base64url` writes. */
  function unbase64url(text) {
    const bytes = new Uint8Array(text.length * 3 >> 2);
    let word = 0;
    let bits = 0;
    let at = 0;
    for (let i = 0; i < text.length; i += 1) {
      const value = BASE64.indexOf(text[i]);
      if (value < 0) { return null; }
      word = word << 6 & 0xffff | value;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes[at] = word >> bits & 255;
        at += 1;
      }
    }
    return base64url(bytes) === text ? bytes : null;
  }

  // ---- receipts

  /* What refused `run`, or null when nothing did. */
  function refusalOf(run) {
    try {
      run();
    } catch (error) {
      if (!(error instanceof Refused)) { throw error; }
      return error;
    }
    return null;
  }

  function formOf(good) {
    if (!good) { throw new Refused("draw.receipt.form"); }
  }

  const IS_COUNT = /^(?:0|[1-9][0-9]{0,9})$/;
  const IS_PERSON = /^[!-~](?:[ -~]{0,253}[!-~])?$/;

  function escaped(text) { return text.replace(/%/g, "%25").replace(/\|/g, "%7C"); }

  function plain(text) { return text.replace(/%7C/g, "|").replace(/%25/g, "%"); }

  /* The receipt in a line as scanned or pasted, VDRAW1|DRAW_ID|INDEX|N|TICKETS|UNIT|CLASS|PERSON_REF|SALT|M|ROOT|PATH
     with bytes in base64url; spaces around it do not matter. Refused `draw.receipt.form`. */
  function readReceipt(text) {
    const fields = text.trim().split("|");
    formOf(fields.length === 12 && fields[0] === "VDRAW1");
    formOf(fields.slice(2, 5).every((field) => IS_COUNT.test(field)));
    const numbers = fields.slice(2, 5).map(Number);
    const texts = fields.slice(5, 7).map(plain);
    const bytes = fields.slice(8).map(unbase64url);
    formOf(vdraw.IS_DRAW_ID.test(fields[1]) && IS_PERSON.test(fields[7]));
    formOf(numbers[0] < numbers[1] && numbers[1] <= vdraw.MAX_TICKETS);
    formOf(numbers[2] >= 1 && numbers[2] <= vdraw.MAX_TICKETS);
    formOf(vdraw.IS_TEXT.test(texts[0]) && escaped(texts[0]) === fields[5]);
    formOf((texts[1] === "" || vdraw.IS_TEXT.test(texts[1])) && escaped(texts[1]) === fields[6]);
    formOf(bytes.every(Boolean) && bytes[0].length === 16 && bytes[1].length === 32 && bytes[2].length === 32);
    formOf(bytes[3].length % 32 === 0 && bytes[3].length <= 1024);
    const path = [];
    for (let at = 0; at < bytes[3].length; at += 32) { path.push(bytes[3].subarray(at, at + 32)); }
    return {
      draw_id: fields[1], line: numbers[0], n: numbers[1], tickets: numbers[2], unit: texts[0], group: texts[1],
      person_ref: fields[7], salt: bytes[0], manifest: bytes[1], root: bytes[2], path: path,
    };
  }

  /* Whether `path` proves that `leaf` (bytes) is number `index` of `size` under `root`: RFC 9162 section 2.1.3.2. */
  function pathHolds(leaf, index, size, path, root) {
    if (!(index >= 0 && index < size)) { return false; }
    let number = index;
    let last = size - 1;
    let value = vdraw.leafHash(leaf);
    for (const beside of path) {
      if (last === 0) { return false; }
      if (number & 1 || number === last) {
        value = vdraw.nodeHash(beside, value);
        while (!(number & 1) && number) {
          number >>>= 1;
          last >>>= 1;
        }
      } else {
        value = vdraw.nodeHash(value, beside);
      }
      number >>>= 1;
      last >>>= 1;
    }
    return last === 0 && equal(value, root);
  }

  /* The bytes of the snapshot line that a receipt claims. */
  function receiptLeaf(receipt) {
    const id = hex(vdraw.idCommit(receipt.draw_id, receipt.salt, receipt.person_ref));
    return vdraw.ascii([id, receipt.tickets, receipt.unit].concat(receipt.group ? [receipt.group] : []).join("\t"));
  }

  /* What was compared, as [name, whether it agrees]; `data` (bytes of the manifest) and `snapshot` are null when not at
     hand. `receipt.path`: person, salt and tickets make a line from which the path leads to ROOT. `receipt.manifest`:
     SHA-256 of the manifest is M. `receipt.root`: draw id, n and root are those of the manifest. `receipt.line`: the
     line stands in the list at INDEX. */
  function checkReceipt(receipt, data, snapshot) {
    const leaf = receiptLeaf(receipt);
    const checks = [["receipt.path", pathHolds(leaf, receipt.line, receipt.n, receipt.path, receipt.root)]];
    if (data) {
      checks.push(["receipt.manifest", equal(sha256(data), receipt.manifest)]);
      let good = false;
      refusalOf(function () {
        const stated = vdraw.parseManifest(data);
        good = stated.draw_id === receipt.draw_id && stated.n === receipt.n && stated.root === hex(receipt.root);
      });
      checks.push(["receipt.root", good]);
    }
    if (snapshot) {
      checks.push(["receipt.line", receipt.line < snapshot.n && equal(snapshot.leaf(receipt.line), leaf)]);
    }
    return checks;
  }

  // ---- the check of published files

  /* Bytes that a file may have at most: about ten times what 50,000 entrants and 100,000 slots need. */
  const LIMITS = {
    "manifest.json": 1 << 23, "snapshot.tsv": 1 << 26, "void.tsv": 1 << 26, "present.tsv": 1 << 26, "log.txt": 1 << 25,
    "result.json": 1 << 25, "kit.html": 1 << 23, "manifest.sig": 1 << 10, "result.sig": 1 << 10,
  };

  /* Yields of `steps` as a part of the whole way. */
  function* within(steps, from, to) {
    let step = steps.next();
    while (!step.done) {
      yield from + (to - from) * step.value;
      step = steps.next();
    }
    return step.value;
  }

  /* Whether JSON as `vdraw.readJson` gives it says the same as a plain value. */
  function same(found, wanted) {
    if (Array.isArray(wanted)) {
      return Array.isArray(found) && found.length === wanted.length && wanted.every((one, at) => same(found[at], one));
    }
    if (wanted !== null && typeof wanted === "object") {
      const keys = Object.keys(wanted);
      if (!(found instanceof Map) || found.size !== keys.length) { return false; }
      return keys.every((key) => found.has(key) && same(found.get(key), wanted[key]));
    }
    return found === wanted;
  }

  /* The checks of one folder in their order, each {name, ok, code, facts}: `name` stays the same for programs, `code`
     and `facts` make the sentence. Names, codes and facts are those of `python -m rewards.draws.verify`. */
  function makeReport() {
    const report = {
      ok: true, usable: true, state: "unknown", draw_id: "", rehearsal: false, manifest: "", root: "", n: 0,
      tickets: 0, seed: "", head: "", code: "", winners: [], alternates: [], checks: [],
    };
    function add(name, ok, code, facts) {
      report.checks.push({ name: name, ok: ok, code: code, facts: facts || {} });
      report.ok = report.ok && ok;
      return ok;
    }
    /* The check that `run` refuses nothing. */
    function held(name, code, run, facts) {
      const refused = refusalOf(run);
      return refused ? add(name, false, refused.code, refused.facts) : add(name, true, code, facts);
    }
    return { report: report, add: add, held: held };
  }

  /* Who published: a signature that is missing, wrong, or by a key that nobody knows is each told as such. A signer
     that is no key at all names nobody, and nothing is missing then. */
  function checkSignatures(made, files, read, manifest, signer) {
    if (signer && signer !== manifest.signer) {
      made.add("signature.key", false, "verify.signature.unknown", { signer: manifest.signer || "-", wanted: signer });
    }
    const named = Boolean(manifest.signer) && vsigned.isKey(vdraw.unhex(manifest.signer));
    for (const [name, signed] of [["manifest.sig", "manifest.json"], ["result.sig", "result.json"]]) {
      const data = read(name, true), content = files[signed];
      if (!data) {
        if (named && content instanceof Uint8Array && content.length <= LIMITS[signed]) {
          made.add("signature", false, "verify.signature.missing", { file: name, signer: manifest.signer });
        }
      } else if (vdraw.notAscii(data) >= 0 || !/^[0-9a-f]{128}\n$/.test(vdraw.textOf(data))) {
        made.add("signature.form", false, "verify.signature.wrong", { file: name });
      } else if (!named) {
        made.add("signature.key", false, "verify.signature.nobody", { file: name });
      } else {
        const signature = vdraw.unhex(vdraw.textOf(data).slice(0, 128));
        const good = content instanceof Uint8Array && content.length <= LIMITS[signed]
          && vsigned.isSigned(vdraw.unhex(manifest.signer), signature, content);
        made.add("signature", good, good ? "verify.signature" : "verify.signature.false",
          { file: name, signer: manifest.signer });
      }
    }
  }

  function checkKit(made, read, manifest) {
    const data = read("kit.html", true);
    if (!data) { return; }
    if (!manifest.kit) {
      made.add("kit.hash", false, "verify.kit.unpromised");
    } else {
      const good = hex(sha256(data)) === manifest.kit;
      made.add("kit.hash", good, good ? "verify.kit" : "verify.kit.other");
    }
  }

  /* The snapshot when it is that of the manifest, else null. */
  function* checkingSnapshot(made, read, manifest) {
    const data = read("snapshot.tsv", false);
    if (!data) { return null; }
    const hash = hex(yield* within(vdraw.steps.sha256(data), 0, 0.1));
    const stated = manifest.file ? "verify.snapshot.hash" : "verify.snapshot.hash.unstated";
    let good = made.held("snapshot.hash", stated, function () { vdraw.checkFile(manifest, hash); });
    let snapshot = null;
    try {
      snapshot = yield* within(vdraw.steps.parseSnapshot(data), 0.1, 0.4);
    } catch (error) {
      if (!(error instanceof Refused)) { throw error; }
      const name = error.code === "draw.snapshot.order" ? "snapshot.sorted" : "snapshot.form";
      made.add(name, false, error.code, error.facts);
      return null;
    }
    made.add("snapshot.form", true, "verify.snapshot.form");
    made.add("snapshot.sorted", true, "verify.snapshot.sorted");
    const facts = { n: manifest.n, tickets: manifest.tickets };
    const counted = function () { vdraw.checkCounts(manifest, snapshot); };
    good = made.held("tickets.total", "verify.tickets.total", counted, facts) && good;
    const grown = yield* within(vdraw.steps.tree(snapshot.n, snapshot.leaf), 0.4, 0.9);
    const rooted = function () { vdraw.checkRoot(manifest, grown.root); };
    good = made.held("merkle.root", "verify.merkle.root", rooted) && good;
    return good ? snapshot : null;
  }

  /* {hash: of the void list, empty for none; list: its lines, null when it is no good}. */
  function checkVoids(made, read, manifest) {
    const failures = made.report.checks.length;
    const data = read("void.tsv", true) || new Uint8Array(0);
    const found = { hash: "", list: null };
    if (made.report.checks.length > failures) { return found; }
    if (data.length) { found.hash = hex(sha256(data)); }
    const refused = refusalOf(function () { found.list = vdraw.parseVoids(data, manifest.n); });
    if (refused) {
      made.add("voids.list", false, refused.code, refused.facts);
    } else if (data.length) {
      made.add("voids.list", true, "verify.voids.list", { count: found.list.size });
    } else {
      made.add("voids.list", true, "verify.voids.none");
    }
    return found;
  }

  /* {hash: of the presence list, empty for none; list: null when there is none or it is no good}. */
  function checkPresent(made, read, manifest) {
    const failures = made.report.checks.length;
    const data = read("present.tsv", true);
    const found = { hash: "", list: null };
    if (made.report.checks.length > failures) { return found; }
    if (!data) {
      if (manifest.presence) { made.add("present.list", true, "verify.present.due"); }
      return found;
    }
    found.hash = hex(sha256(data));
    if (!manifest.presence) {
      made.add("present.list", false, "draw.present.unpromised");
      return found;
    }
    const refused = refusalOf(function () { found.list = vdraw.parsePresent(data, manifest.n); });
    if (refused) {
      made.add("present.list", false, refused.code, refused.facts);
    } else {
      made.add("present.list", true, "verify.present.list", { count: found.list.length });
    }
    return found;
  }

  /* Void and presence list against the hashes that the log locked before the dice. */
  function checkLocked(made, manifest, arm, voids, present) {
    let good = (arm[2] || "") === voids.hash;
    if (!good) { made.add("voids.locked", false, "verify.voids.other"); }
    if (!manifest.presence) {
      if (arm[3]) { made.add("present.locked", false, "draw.present.unpromised"); }
      return good && !arm[3];
    }
    if (!arm[3] || !present.hash) { return made.add("present.locked", false, "draw.present.missing"); }
    if (arm[3] !== present.hash) { return made.add("present.locked", false, "verify.present.other"); }
    made.add("present.locked", true, "verify.present.locked");
    return good;
  }

  /* Dice, beacon and secrets, each against what the manifest promised. */
  function checkVenue(made, manifest, events) {
    let good = true;
    let position = 0;
    for (const event of events) {
      if (event[0] === "venue") { made.add("venue", true, "verify.venue", { label: event[1], digits: event[2] }); }
      if (event[0] === "beacon") {
        const facts = { round: manifest.beacon.round, randomness: hex(sha256(unhex(event[2]))) };
        made.add("beacon", true, "verify.beacon", facts);
      }
      if (event[0] === "reveal") {
        const at = position;
        const held = made.held("commitment." + event[1], "verify.commitment", function () {
          vdraw.checkReveal(manifest, at, event[1], unhex(event[2]));
        }, { label: event[1] });
        good = good && held;
        position += 1;
      }
    }
    return good;
  }

  /* The log against the one that its inputs lead to. */
  function checkWinners(made, lines, composed, manifest) {
    const wanted = composed.lines;
    for (let i = 0; i < Math.min(wanted.length, lines.length); i += 1) {
      if (wanted[i] !== lines[i]) {
        return made.add("winners", false, "verify.winners.line", { line: i + 1, wanted: wanted[i], found: lines[i] });
      }
    }
    if (wanted.length !== lines.length) {
      return made.add("winners", false, "verify.winners.length", { wanted: wanted.length, found: lines.length });
    }
    const filled = (list) => list.filter((one) => one.pick).length;
    const gone = lines.filter((line) => /^absent /.test(line)).length;
    const slots = manifest.prizes.reduce((sum, prize) => sum + prize.count, 0);
    if (manifest.staged) {
      made.add("rounds", true, "verify.rounds", { drawn: composed.keys.length, rounds: manifest.rounds.length });
    }
    if (gone) { made.add("absences", true, "verify.absences", { count: gone }); }
    made.add("winners", true, "verify.winners", { filled: filled(composed.standing), slots: slots });
    if (composed.alternates.length) {
      const facts = { drawn: filled(composed.alternates), places: composed.alternates.length };
      made.add("alternates", true, "verify.alternates", facts);
    }
    return true;
  }

  function checkResult(made, files, read, published) {
    if (!files["result.json"] && made.report.state === "open" && files["result.json"] !== false) {
      made.add("result.exact", true, "verify.result.open");
      return;
    }
    const data = read("result.json", false);
    if (!data) { return; }
    if (vdraw.notAscii(data) < 0 && vdraw.textOf(data) === published.result) {
      made.add("chain", true, "verify.chain", { head: published.head });
      made.add("code", true, "verify.code", { code: published.code });
      made.add("result.exact", true, "verify.result.exact");
      return;
    }
    let found = null;
    refusalOf(function () { found = vdraw.readJson(data); });
    if (found instanceof Map) {
      if (!same(found.get("winners"), published.winners)) {
        made.add("winners.result", false, "verify.winners.result");
      }
      if (!same(found.has("alternates") ? found.get("alternates") : [], published.alternates)) {
        made.add("alternates.result", false, "verify.alternates.result");
      }
      if (found.get("head") !== published.head) {
        made.add("chain", false, "verify.chain.other", { head: published.head });
      }
      if (found.get("code") !== published.code) {
        made.add("code", false, "verify.code.other", { code: published.code });
      }
    }
    made.add("result.exact", false, "verify.result.other");
  }

  /* Any code along the chain may have been on the stage. */
  function checkCode(made, heads, expected) {
    const at = heads.map(vdraw.displayCode).indexOf(vdraw.readCode(expected));
    if (at >= 0) {
      made.add("code.seen", true, "verify.code.seen", { line: at });
    } else {
      made.add("code.seen", false, "verify.code.unseen");
    }
  }

  function stateOf(composed) {
    const last = composed.lines[composed.lines.length - 1];
    if (composed.aborted) { return "aborted"; }
    if (last === "close") { return "closed"; }
    if (composed.keys.length) { return "open"; }
    if (composed.seed) { return "revealed"; }
    return composed.lines.length > 1 ? "rolled" : "armed";
  }

  function* checkingLog(made, files, read, data, manifest, m, snapshot, voids, present, code) {
    const report = made.report;
    let lines = null;
    let events = null;
    const refused = refusalOf(function () {
      lines = vdraw.splitLog(data);
      events = vdraw.checkOrder(lines, manifest, true);
    });
    if (refused) {
      made.add("log.order", false, refused.code, refused.facts);
      return;
    }
    made.add("log.order", true, "verify.log.order");
    const ours = events[0][1] === report.manifest;
    made.add("log.manifest", ours, ours ? "verify.log.manifest" : "draw.manifest.other");
    const locked = checkLocked(made, manifest, events[0], voids, present);
    const thrown = checkVenue(made, manifest, events);
    const listed = voids.list && (present.list || !manifest.presence);
    if (!snapshot || !ours || !locked || !thrown || !listed) {
      const reveals = events.filter((event) => event[0] === "reveal").length;
      if (reveals === manifest.commit.length) { made.add("winners", false, "verify.winners.unknown"); }
      return;
    }
    let composed = null;
    try {
      const voided = Array.from(voids.list.keys());
      const steps = vdraw.steps.compose(manifest, m, snapshot, vdraw.inputsOf(lines), voided, present.list);
      composed = yield* within(steps, 0.9, 1);
    } catch (error) {
      if (!(error instanceof Refused)) { throw error; }
      made.add("winners", false, error.code, error.facts);
      return;
    }
    report.state = stateOf(composed);
    if (composed.seed) {
      report.seed = hex(composed.seed);
      made.add("seed", true, "verify.seed", { seed: report.seed });
      if (!checkWinners(made, lines, composed, manifest)) { return; }
    }
    const published = vdraw.publish(manifest, m, snapshot, composed);
    report.head = published.head;
    report.code = published.code;
    if (composed.keys.length || composed.aborted) {
      checkResult(made, files, read, published);
    } else if (files["result.json"]) {
      made.add("result.exact", false, "verify.result.early");
    }
    if (code) { checkCode(made, composed.heads, code); }
    if (report.ok) {
      report.winners = published.winners;
      report.alternates = published.alternates;
    }
  }

  /* What a receipt says of the published files, and what became of its line. `voids` may be null. */
  function checkOwn(made, text, data, snapshot, voids) {
    const report = made.report;
    let receipt = null;
    const refused = refusalOf(function () { receipt = readReceipt(text); });
    if (refused) {
      made.add("receipt.form", false, refused.code, refused.facts);
      return;
    }
    made.add("receipt.form", true, "verify.receipt.form", { line: receipt.line, tickets: receipt.tickets });
    for (const check of checkReceipt(receipt, data, snapshot)) {
      made.add(check[0], check[1], "verify." + check[0] + (check[1] ? "" : ".wrong"));
    }
    if (!report.ok) { return; }
    const mine = (one) => one.line === receipt.line;
    const won = report.winners.filter(mine);
    const waits = report.alternates.filter(mine);
    if (voids && voids.has(receipt.line)) {
      made.add("receipt.outcome", true, "verify.receipt.voided");
    } else if (won.length) {
      for (const one of won) {
        made.add("receipt.outcome", true, "verify.receipt.won", { prize: one.prize, slot: one.slot });
      }
    } else if (waits.length) {
      const facts = { prize: waits[0].prize, place: waits[0].place };
      made.add("receipt.outcome", true, "verify.receipt.alternate", facts);
    } else if (report.state === "open" || report.state === "closed") {
      made.add("receipt.outcome", true, "verify.receipt.not.won");
    }
  }

  /* Looks at a receipt alone, which takes a moment: {ok, receipt, checks}, `receipt` null when it is none. `data`: the
     bytes of the manifest, null when not at hand. `stage`: the fingerprint that was seen elsewhere, in hex, or "". */
  function verifyReceipt(text, data, stage) {
    const made = makeReport();
    checkOwn(made, text, data, null, null);
    let receipt = null;
    refusalOf(function () { receipt = readReceipt(text); });
    if (receipt && stage) {
      const good = stage.replace(/\s/g, "").toLowerCase() === hex(receipt.manifest);
      const facts = good ? {} : { found: hex(receipt.manifest) };
      made.add("manifest.fingerprint", good, "verify.manifest.fingerprint" + (good ? "" : ".other"), facts);
    }
    return { ok: made.report.ok, receipt: receipt, checks: made.report.checks };
  }

  /* The dice that a log (bytes) names, in order: {label, digits}; none for what is no log. */
  function throwsOf(data) {
    const found = [];
    refusalOf(function () {
      vdraw.splitLog(data || new Uint8Array(0)).forEach(function (line) {
        const event = vdraw.readEvent(line, 0);
        const at = { venue: 1, round: 2, redraw: 4 }[event[0]];
        if (at && event[at]) { found.push({ label: event[at], digits: event[at + 1] }); }
      });
    });
    return found;
  }

  function* verifying(files, expected) {
    const seen = expected || {};
    const made = makeReport();
    const report = made.report;

    /* The bytes of a file, or null; adds a failed check when it is no good or, unless `optional`, missing. */
    function read(name, optional) {
      const data = files[name];
      if (data instanceof Uint8Array) {
        if (data.length <= LIMITS[name]) { return data; }
        made.add(name + ".read", false, "verify.file.size", { file: name, limit: LIMITS[name] });
      } else if (data === false) {
        made.add(name + ".read", false, "verify.file.unreadable", { file: name });
      } else if (!optional) {
        made.add(name + ".read", false, "verify.file.missing", { file: name });
      }
      return null;
    }

    const data = read("manifest.json", true);
    if (!data) {
      if (report.ok) { made.add("folder", false, "verify.folder.manifest"); }
      report.usable = false;
      report.state = "unusable";
      return report;
    }
    const m = sha256(data);
    report.manifest = hex(m);
    if (seen.manifest) {
      if (seen.manifest.trim().toLowerCase() === report.manifest) {
        made.add("manifest.fingerprint", true, "verify.manifest.fingerprint");
      } else {
        made.add("manifest.fingerprint", false, "verify.manifest.fingerprint.other", { found: report.manifest });
      }
    }
    let manifest = null;
    made.held("manifest.known", "verify.manifest.known", function () { manifest = vdraw.parseManifest(data); });
    let snapshot = null;
    let voids = { hash: "", list: null };
    if (manifest) {
      for (const key of ["draw_id", "rehearsal", "root", "n", "tickets"]) { report[key] = manifest[key]; }
      checkSignatures(made, files, read, manifest, seen.signer);
      checkKit(made, read, manifest);
      snapshot = yield* checkingSnapshot(made, read, manifest);
      voids = checkVoids(made, read, manifest);
      const present = checkPresent(made, read, manifest);
      const failures = report.checks.length;
      const log = read("log.txt", true);
      if (log) {
        yield* checkingLog(made, files, read, log, manifest, m, snapshot, voids, present, seen.code);
      } else if (report.checks.length === failures) {
        report.state = "frozen";
        if (files["result.json"]) { made.add("log.order", false, "verify.file.early", { file: "result.json" }); }
        if (seen.code) { made.add("code.seen", false, "verify.code.early"); }
      }
    }
    if (seen.receipt) { checkOwn(made, seen.receipt, data, snapshot, voids.list); }
    return report;
  }

  /* Checks published files: `files` maps their names to bytes, null for a file that is missing, false for one that
     cannot be read. `expected` holds what a person knows: {manifest: M in hex, code, receipt, signer}, all
     optional. Gives
     {ok, usable, state, draw_id, rehearsal, manifest, root, n, tickets, seed, head, code, winners, alternates, checks};
     `state`: unusable, frozen, armed, rolled, revealed, open, closed, aborted or unknown. Never refuses. */
  function verify(files, expected) { return vdraw.finish(verifying(files, expected)); }

  vdraw.pathHolds = pathHolds;
  vdraw.readReceipt = readReceipt;
  vdraw.checkReceipt = checkReceipt;
  vdraw.verify = verify;
  vdraw.verifyReceipt = verifyReceipt;
  vdraw.throwsOf = throwsOf;
  vdraw.steps.verify = verifying;
})();

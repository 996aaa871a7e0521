/* Protocol vdraw/1, the second implementation: everything that decides a draw, in one classic script without
   dependencies. The first one is rewards/draws/rules (Python); docs/verify-a-draw.md says what both compute, and
   tests/draw_js holds them against each other. Runs in a page, from a file and in a Worker; ES2015.

   Nothing here asks a clock, chance, a language, the network or the browser's storage, and all arithmetic is on whole
   numbers (below 2^32 where it decides who wins), so every browser gives the same result.

   Bytes are Uint8Array, hashes 32 of them; hashes in files and in a parsed manifest are lower-case hex; text that
   enters a hash is ASCII. What the protocol does not allow throws vdraw.Refused: `code` is dotted (the same as in
   Python), `facts` fill the words that a page shows. No words for people in here.

   To read it, go from top to bottom: notation (SHA-256, TH, MAC) - keys and commitments - the files (manifest,
   snapshot, void list, presence list) - the tree - who wins (wheel, pool) - the log and the order of its events - the
   ceremony, which turns what people do (the inputs: the log without its `win` and `alternate` lines) into the log -
   the result - secrets on paper. verify.js goes on with the check of published files. Long computations are generators
   that yield how far they are (0 to 1), so that a page can spread them over time (`steps.NAME`); the plain functions
   run the same generator to its end. */
var vdraw = (function () {
  "use strict";

  const PROTOCOL = "vdraw/1";
  const MAX_TICKETS = 4294967295;
  const MAX_SLOTS = 100000;
  const WORDS = 4294967296;

  /* An input is refused. */
  function Refused(code, facts) {
    this.name = "Refused";
    this.code = code;
    this.facts = facts || {};
    this.message = code + " " + JSON.stringify(this.facts);
  }
  Refused.prototype = Object.create(Error.prototype);
  Refused.prototype.constructor = Refused;

  /* Runs a generator to its end and gives what it returns. */
  function finish(steps) {
    let step = steps.next();
    while (!step.done) { step = steps.next(); }
    return step.value;
  }

  // ---- bytes and text

  const HEX = "0123456789abcdef";

  function hex(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 1) { text += HEX[bytes[i] >> 4] + HEX[bytes[i] & 15]; }
    return text;
  }

  /* Bytes of lower-case hex; null when it is none. */
  function unhex(text) {
    if (text.length % 2 || /[^0-9a-f]/.test(text)) { return null; }
    const bytes = new Uint8Array(text.length / 2);
    for (let i = 0; i < bytes.length; i += 1) {
      bytes[i] = HEX.indexOf(text[2 * i]) << 4 | HEX.indexOf(text[2 * i + 1]);
    }
    return bytes;
  }

  /* Bytes of an ASCII text. Refused `draw.text.ascii`; `what` names it. */
  function ascii(text, what) {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 127) { throw new Refused("draw.text.ascii", { what: what || "text" }); }
      bytes[i] = code;
    }
    return bytes;
  }

  /* Text of ASCII bytes from..to (to not included). */
  function textOf(bytes, from, to) {
    const end = to === undefined ? bytes.length : to;
    let text = "";
    for (let at = from || 0; at < end; at += 8192) {
      text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + 8192, end)));
    }
    return text;
  }

  /* Where the first byte above 127 stands; -1 for ASCII. */
  function notAscii(bytes) {
    for (let i = 0; i < bytes.length; i += 1) {
      if (bytes[i] > 127) { return i; }
    }
    return -1;
  }

  function u32(number) {
    return new Uint8Array([number >>> 24, number >>> 16 & 255, number >>> 8 & 255, number & 255]);
  }

  /* Eight bytes, most significant first, of a whole number below 2^53. */
  function u64(number) {
    const low = number % WORDS;
    return concat([u32((number - low) / WORDS), u32(low)]);
  }

  function concat(parts) {
    let size = 0;
    for (const part of parts) { size += part.length; }
    const all = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  function equal(a, b) {
    if (a.length !== b.length) { return false; }
    for (let i = 0; i < a.length; i += 1) {
      if (a[i] !== b[i]) { return false; }
    }
    return true;
  }

  // ---- SHA-256 (FIPS 180-4) and HMAC (RFC 2104)

  const ROUND = new Int32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const START = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ];
  const schedule = new Int32Array(64);
  const tail = new Uint8Array(128);

  /* Takes the 64 bytes of `data` from `at` into `state` (8 words). */
  function compress(state, data, at) {
    const w = schedule;
    for (let i = 0; i < 16; i += 1, at += 4) {
      w[i] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (let i = 0; i < 64; i += 1) {
      const one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        (e & f ^ ~e & g) + ROUND[i] + w[i] | 0;
      const two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g;
      g = f;
      f = e;
      e = d + one | 0;
      d = c;
      c = b;
      b = a;
      a = one + two | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }

  /* Takes `data` from `at` into `state`, then the padding, and gives the 32 bytes of the hash. */
  function sealed(state, data, at) {
    for (; at + 64 <= data.length; at += 64) { compress(state, data, at); }
    const left = data.length - at;
    const end = left < 56 ? 64 : 128;
    tail.fill(0);
    for (let i = 0; i < left; i += 1) { tail[i] = data[at + i]; }
    tail[left] = 128;
    tail.set(u64(data.length * 8), end - 8);
    for (let i = 0; i < end; i += 64) { compress(state, tail, i); }
    const hash = new Uint8Array(32);
    for (let i = 0; i < 32; i += 1) { hash[i] = state[i >> 2] >>> 24 - 8 * (i & 3); }
    return hash;
  }

  const SLICE = 1 << 16;

  function* hashing(data) {
    const state = new Int32Array(START);
    let at = 0;
    for (; at + SLICE <= data.length; at += SLICE) {
      for (let block = at; block < at + SLICE; block += 64) { compress(state, data, block); }
      yield at / data.length;
    }
    return sealed(state, data, at);
  }

  /* H: SHA-256, 32 bytes. */
  function sha256(data) { return sealed(new Int32Array(START), data, 0); }

  function hmac(key, data) {
    const short = key.length > 64 ? sha256(key) : key;
    const inner = new Uint8Array(64).fill(0x36);
    const outer = new Uint8Array(64).fill(0x5c);
    for (let i = 0; i < short.length; i += 1) {
      inner[i] ^= short[i];
      outer[i] ^= short[i];
    }
    return sha256(concat([outer, sha256(concat([inner, data]))]));
  }

  /* LP(x): the length in four bytes, then the bytes. */
  function lp(bytes) { return concat([u32(bytes.length), bytes]); }

  function framed(tag, parts) { return concat([ascii(PROTOCOL + "/" + tag)].concat(parts).map(lp)); }

  /* TH(tag, p1, ...) = H(LP("vdraw/1/" + tag) | LP(p1) | ...); the parts are bytes. */
  function th(tag) { return sha256(framed(tag, Array.prototype.slice.call(arguments, 1))); }

  /* MAC(key, tag, p1, ...): HMAC-SHA-256 with the framing of `th`. */
  function mac(key, tag) { return hmac(key, framed(tag, Array.prototype.slice.call(arguments, 2))); }

  // ---- commitments, dice and keys

  /* The 32 bytes that stand for a person: TH("id", draw_id, salt, person_ref). */
  function idCommit(drawId, salt, personRef) {
    if (salt.length !== 16) { throw new Refused("draw.salt.size", { size: salt.length }); }
    return th("id", ascii(drawId, "draw_id"), salt, ascii(personRef, "person_ref"));
  }

  /* C = TH("commit", draw_id, label, secret) of a custodian's 32 secret bytes. */
  function commitment(drawId, label, secret) {
    if (secret.length !== 32) { throw new Refused("draw.secret.size", { label: label, size: secret.length }); }
    return th("commit", ascii(drawId, "draw_id"), ascii(label, "label"), secret);
  }

  const DICE = "d(?:6|10)x[1-9][0-9]{0,2}";

  /* Refused `draw.dice.label|digits`: `label` is `d10xN` or `d6xN` (also after `redraw-` or `round-`), `digits` one a
     throw: 0-9 for d10, 1-6 for d6. */
  function checkDice(label, digits) {
    const shape = /^(?:redraw-|round-)?d(6|10)x([1-9][0-9]{0,2})$/.exec(label);
    if (!shape) { throw new Refused("draw.dice.label", { label: label }); }
    const wanted = Number(shape[2]);
    if (digits.length !== wanted || (shape[1] === "6" ? /[^1-6]/ : /[^0-9]/).test(digits)) {
      throw new Refused("draw.dice.digits", { label: label, wanted: wanted, found: digits.length });
    }
  }

  /* V = TH("venue", M, label, digits): the dice thrown in front of everybody, in order. */
  function venueValue(m, label, digits) {
    checkDice(label, digits);
    return th("venue", m, ascii(label), ascii(digits));
  }

  /* B = TH("beacon", M, chain hash, u64(round), randomness); the randomness is the SHA-256 of the signature. */
  function beaconValue(m, chainHash, round, signature) {
    return th("beacon", m, chainHash, u64(round), sha256(signature));
  }

  /* K = TH("seed", M, s_1, ..., s_m, V[, B]); secrets in manifest order, `beacon` null when there is none. */
  function seed(m, secrets, venue, beacon) {
    return th.apply(null, ["seed", m].concat(secrets, [venue], beacon ? [beacon] : []));
  }

  /* K_r = MAC(K, "round", round, V_r); `fresh` is V_r, null unless the round has dice of its own. */
  function roundKey(seedKey, round, fresh) {
    return mac(seedKey, "round", ascii(round, "round"), fresh || new Uint8Array(0));
  }

  /* MAC(K_r, "redraw", prize, u32(slot), u32(attempt), V_a) with the dice thrown after an absence. */
  function redrawKey(key, prize, slot, attempt, fresh) {
    return mac(key, "redraw", ascii(prize, "prize"), u32(slot), u32(attempt), fresh);
  }

  // ---- strict JSON

  const MAX_DEPTH = 64;
  const MAX_DIGITS = 4300;

  /* JSON of ASCII bytes, strictly: no key twice, no NaN; objects become Map. A number that is no whole number written
     with digits alone (1.0, 1e2), or too large to be exact, becomes NaN. At most 64 objects or lists inside each
     other, and 4300 digits a number. Refused `draw.manifest.json`, and `draw.manifest.twice` for what else is fine. */
  function readJson(data) {
    const bad = () => new Refused("draw.manifest.json");
    if (notAscii(data) >= 0) { throw bad(); }
    const text = textOf(data);
    let at = 0;
    let twice = null;

    /* The next string, number, word or bracket of a text that JSON.parse has passed. */
    function token() {
      while (" \n\t\r,:".indexOf(text[at]) >= 0) { at += 1; }
      const from = at;
      if (text[at] === '"') {
        do { at += text[at] === "\\" ? 2 : 1; } while (text[at] !== '"');
        at += 1;
      } else if ("{}[]".indexOf(text[at]) >= 0) {
        at += 1;
      } else {
        while (at < text.length && " \n\t\r,]}".indexOf(text[at]) < 0) { at += 1; }
      }
      return text.slice(from, at);
    }

    function value(found, depth) {
      if ((found === "[" || found === "{") && depth === MAX_DEPTH) { throw bad(); }
      if (found === "[") {
        const list = [];
        for (let item = token(); item !== "]"; item = token()) { list.push(value(item, depth + 1)); }
        return list;
      }
      if (found === "{") {
        const object = new Map();
        let again = null;
        for (let name = token(); name !== "}"; name = token()) {
          const key = JSON.parse(name);
          const item = value(token(), depth + 1);
          if (again === null && object.has(key)) { again = key; }
          object.set(key, item);
        }
        if (twice === null) { twice = again; }
        return object;
      }
      const plain = JSON.parse(found);
      if (typeof plain !== "number") { return plain; }
      const whole = /^-?([0-9]+)$/.exec(found);
      if (whole && whole[1].length > MAX_DIGITS) { throw bad(); }
      return whole && Number.isSafeInteger(plain) ? plain + 0 : NaN;
    }

    try {
      JSON.parse(text);
    } catch (error) {
      throw bad();
    }
    const all = value(token(), 0);
    if (twice !== null) { throw new Refused("draw.manifest.twice", { key: twice }); }
    return all;
  }

  // ---- the manifest

  const whole = (rule) => new RegExp("^(?:" + rule + ")$");
  const ID = "[a-z0-9-]{1,32}";
  const REASON = "[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?";
  const TEXT = "[!-~](?:[ -~]{0,62}[!-~])?";
  const IS_DRAW_ID = whole("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  const IS_TEXT = whole(TEXT);
  const MOMENT = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/;
  const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

  function isMoment(value) {
    const parts = MOMENT.exec(value);
    if (!parts) { return false; }
    const year = Number(parts[1]);
    const month = Number(parts[2]);
    const day = Number(parts[3]);
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = month === 2 && leap ? 29 : DAYS[month - 1];
    return year > 0 && day > 0 && day <= days && parts[4] < "24" && parts[5] < "60" && parts[6] < "60";
  }

  /* Readers: each takes the name of a key and its value, and gives what the value means. Refused `draw.manifest.value`
     with the key. */
  function bad(key) { return new Refused("draw.manifest.value", { key: key }); }

  function passing(good) {
    return function (key, value) {
      if (!good(value)) { throw bad(key); }
      return value;
    };
  }

  const aText = (rule) => passing((value) => typeof value === "string" && rule.test(value));
  const aNumber = (low, high) => passing((value) => Number.isInteger(value) && value >= low && value <= high);
  const aTruth = passing((value) => typeof value === "boolean");
  const anId = aText(whole(ID));
  const aHash = aText(whole("[0-9a-f]{64}"));
  const someDice = aText(whole(DICE));
  const aLabel = aText(IS_TEXT);
  const aMoment = passing((value) => typeof value === "string" && isMoment(value));
  /* A name to show: 1 to 200 characters, no control characters and no half of a surrogate pair. */
  const aName = aText(/^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}$/u);

  function aList(item, low, high) {
    return function (key, value) {
      if (!Array.isArray(value)) { throw bad(key); }
      const found = value.map((one) => item(key, one));
      if (found.length < low || found.length > high) { throw bad(key); }
      return found;
    };
  }

  function unique(key, values) {
    if (new Set(values).size !== values.length) { throw bad(key); }
  }

  const NONE = Object.freeze([]);

  /* `fields`: key -> [reader] or [reader, what it means when the key is missing]. Refused
     `draw.manifest.unknown|missing`: an unknown key might change what the draw means. */
  function anObject(fields) {
    const inside = (key) => key ? key + "." : "";
    return function (key, value) {
      if (!(value instanceof Map)) { throw bad(key); }
      value.forEach(function (item, name) {
        if (!fields.has(name)) { throw new Refused("draw.manifest.unknown", { key: inside(key) + name }); }
      });
      Array.from(fields.keys()).sort().forEach(function (name) {
        if (fields.get(name).length < 2 && !value.has(name)) {
          throw new Refused("draw.manifest.missing", { key: inside(key) + name });
        }
      });
      const found = {};
      fields.forEach(function (field, name) {
        found[name] = value.has(name) ? field[0](inside(key) + name, value.get(name)) : field[1];
      });
      return found;
    };
  }

  /* A prize of `count` slots from 0. `class` empty: all classes; `units` empty: all units; `redraw`: dice thrown
     after an absence, empty = none, null = left open (which only the pair form [id, count] says). `batch` names are
     shown at a time. */
  const aFullPrize = anObject(new Map([
    ["units", [aList(aLabel, 1, Infinity), NONE]],
    ["id", [anId]],
    ["count", [aNumber(1, MAX_SLOTS)]],
    ["class", [aLabel, ""]],
    ["batch", [aNumber(1, 150), 1]],
    ["redraw", [someDice, ""]],
    ["round", [anId, ""]],
    ["present", [aTruth, true]],
    ["alternates", [aNumber(1, 1000), 0]],
  ]));

  function aPrize(key, value) {
    if (Array.isArray(value)) {
      if (value.length !== 2) { throw bad(key); }
      const found = aFullPrize(key, new Map([["id", value[0]], ["count", value[1]]]));
      found.redraw = null;
      return found;
    }
    const found = aFullPrize(key, value);
    unique(key + ".units", found.units);
    if (found.redraw && found.alternates) { throw bad(key + ".alternates"); }
    return found;
  }

  const MANIFEST = anObject(new Map([
    ["proto", [passing((value) => value === PROTOCOL)]],
    ["no_reroll", [passing((value) => value === true), true]],
    ["commit", [aList(aHash, 1, 16)]],
    ["n", [aNumber(0, MAX_TICKETS)]],
    ["labels", [aList(anId, 1, 16), NONE]],
    ["names", [aList(aName, 0, 16), NONE]],
    ["rounds", [aList(anObject(new Map([["id", [anId]], ["dice", [someDice, ""]]])), 1, 100), null]],
    ["draw_id", [aText(IS_DRAW_ID)]],
    ["tickets", [aNumber(0, MAX_TICKETS)]],
    ["root", [aHash]],
    ["venue", [someDice]],
    ["prizes", [aList(aPrize, 1, Infinity)]],
    ["rehearsal", [aTruth, false]],
    ["frozen_at", [aMoment, ""]],
    ["file", [aHash, ""]],
    ["round", [anId, ""]],
    ["one_win", [aTruth, true]],
    ["unit_cap", [(key, value) => value === null ? null : aNumber(1, MAX_TICKETS)(key, value), null]],
    ["excluded", [aList(anObject(new Map([
      ["reason", [aText(whole(REASON))]], ["count", [aNumber(1, MAX_TICKETS)]],
    ])), 0, Infinity), NONE]],
    ["rule", [passing((value) => value instanceof Map), null]],
    ["witnesses", [aList(aName, 0, 50), NONE]],
    ["presence", [aTruth, false]],
    ["call_seconds", [aNumber(0, 3600), 0]],
    ["arm_after", [aMoment, ""]],
    ["beacon", [anObject(new Map([["chain", [aHash]], ["round", [aNumber(1, Number.MAX_SAFE_INTEGER)]]])), null]],
    ["kit", [aHash, ""]],
    ["signer", [aHash, ""]],
  ]));

  /* The manifest in exact bytes as an object with the keys of the file, those that are missing with what they mean then
     ("" or null or [] = not stated). `rounds` and every prize's `round` are always filled; `staged` tells whether the
     file names them. Refused `draw.manifest.json|twice|proto|unknown|missing|value`. */
  function parseManifest(data) {
    const given = readJson(data);
    if (!(given instanceof Map)) { throw new Refused("draw.manifest.json"); }
    if (given.get("proto") !== PROTOCOL) { throw new Refused("draw.manifest.proto"); }
    const manifest = MANIFEST("", given);
    const prizes = manifest.prizes;
    if (given.has("labels") && manifest.labels.length !== manifest.commit.length) { throw bad("labels"); }
    unique("labels", manifest.labels);
    if (given.has("names") && manifest.names.length !== manifest.labels.length) { throw bad("names"); }
    manifest.staged = given.has("rounds");
    if (manifest.staged) {
      unique("rounds", manifest.rounds.map((one) => one.id));
      if (given.has("round")) { throw bad("round"); }
    }
    if (manifest.tickets < manifest.n) { throw bad("tickets"); }
    unique("prizes", prizes.map((one) => one.id));
    if (prizes.reduce((sum, one) => sum + one.count + one.alternates, 0) > MAX_SLOTS) { throw bad("prizes.count"); }
    const grouped = prizes.map((one) => one.round).filter((id, at, all) => at === 0 || all[at - 1] !== id);
    const wanted = manifest.staged ? manifest.rounds.map((one) => one.id) : [""];
    if (grouped.join(" ") !== wanted.join(" ")) { throw bad("prizes.round"); }
    if (!manifest.staged) {
      manifest.rounds = [{ id: manifest.round || "r1", dice: "" }];
      prizes.forEach(function (one) { one.round = manifest.rounds[0].id; });
    }
    return manifest;
  }

  // ---- the snapshot, the void list and the presence list

  /* Where each line of an LF-terminated ASCII file starts, and one past the end. */
  function lineStarts(data, subject) {
    const starts = [0];
    if (data.length && data[data.length - 1] !== 10) { throw new Refused("draw." + subject + ".ending"); }
    for (let i = 0; i < data.length; i += 1) {
      if (data[i] > 127) { throw new Refused("draw." + subject + ".line", { line: starts.length - 1 }); }
      if (data[i] === 10) { starts.push(i + 1); }
    }
    return starts;
  }

  function asciiLines(data, subject) {
    const starts = lineStarts(data, subject);
    return starts.slice(1).map((end, i) => textOf(data, starts[i], end - 1));
  }

  const LINE = whole("([0-9a-f]{64})\t([1-9][0-9]{0,9})\t(" + TEXT + ")(?:\t(" + TEXT + "))?");

  /* The number of a text in `numbers`, which gives each new one the next. */
  function numberIn(numbers, text) {
    if (!numbers.has(text)) { numbers.set(text, numbers.size); }
    return numbers.get(text);
  }

  function* parsingSnapshot(data) {
    const starts = lineStarts(data, "snapshot");
    const n = starts.length - 1;
    const tickets = new Uint32Array(n);
    const unit = new Uint32Array(n);
    const group = new Uint32Array(n);
    const units = new Map();
    const groups = new Map([["", 0]]);
    let before = "";
    let total = 0;
    let refused = null;
    for (let i = 0; i < n; i += 1) {
      const shape = LINE.exec(textOf(data, starts[i], starts[i + 1] - 1));
      if (!shape) { throw new Refused("draw.snapshot.line", { line: i }); }
      total += Number(shape[2]);
      if (!refused && shape[1] <= before) { refused = new Refused("draw.snapshot.order", { line: i }); }
      if (!refused && total > MAX_TICKETS) { refused = new Refused("draw.snapshot.total", { line: i }); }
      before = shape[1];
      tickets[i] = Number(shape[2]);
      unit[i] = numberIn(units, shape[3]);
      group[i] = numberIn(groups, shape[4] || "");
      if (i % 1024 === 1023) { yield i / n; }
    }
    if (refused) { throw refused; }
    return {
      n: n, total: total, tickets: tickets,
      unit: unit, group: group, units: Array.from(units.keys()), groups: Array.from(groups.keys()),
      /* The bytes of line i as they enter the tree (without LF). */
      leaf: (i) => data.subarray(starts[i], starts[i + 1] - 1),
      /* The 64 hex digits that stand for the person of line i. */
      idCommit: (i) => textOf(data, starts[i], starts[i] + 64),
    };
  }

  /* A snapshot file: n lines, `total` tickets; `tickets`, `unit`, `group` (the class) of line i, the last two as
     numbers of `units` and `groups` (group 0 = no class). Refused `draw.snapshot.ending|line|order|total`. */
  function parseSnapshot(data) { return finish(parsingSnapshot(data)); }

  function ascending(data, subject, n, rule) {
    let before = -1;
    return asciiLines(data, subject).map(function (text, number) {
      const shape = rule.exec(text);
      if (!shape) { throw new Refused("draw." + subject + ".line", { line: number }); }
      const index = Number(shape[1]);
      if (index <= before) { throw new Refused("draw." + subject + ".order", { line: number }); }
      if (index >= n) { throw new Refused("draw." + subject + ".index", { line: number }); }
      before = index;
      return shape;
    });
  }

  const NUMBER = "(0|[1-9][0-9]{0,9})";
  const VOID = whole(NUMBER + "\t(" + REASON + ")");
  const PRESENT = whole(NUMBER);

  /* Voided line index -> reason code (a Map). Refused `draw.void.ending|line|order|index`. */
  function parseVoids(data, n) {
    return new Map(ascending(data, "void", n, VOID).map((shape) => [Number(shape[1]), shape[2]]));
  }

  /* Line indices of those who are present, ascending. Refused `draw.present.ending|line|order|index`. */
  function parsePresent(data, n) {
    return ascending(data, "present", n, PRESENT).map((shape) => Number(shape[1]));
  }

  function checkFile(manifest, found) {
    if (manifest.file && manifest.file !== found) {
      throw new Refused("draw.snapshot.file", { stated: manifest.file, found: found });
    }
  }

  function checkCounts(manifest, snapshot) {
    if (snapshot.n !== manifest.n) {
      throw new Refused("draw.snapshot.count", { stated: manifest.n, found: snapshot.n });
    }
    if (snapshot.total !== manifest.tickets) {
      throw new Refused("draw.snapshot.tickets", { stated: manifest.tickets, found: snapshot.total });
    }
  }

  function checkRoot(manifest, root) {
    if (hex(root) !== manifest.root) {
      throw new Refused("draw.snapshot.root", { stated: manifest.root, found: hex(root) });
    }
  }

  // ---- the tree of RFC 9162 section 2.1

  function leafHash(leaf) { return sha256(concat([new Uint8Array(1), leaf])); }

  function nodeHash(left, right) { return sha256(concat([new Uint8Array([1]), left, right])); }

  /* Pairing neighbours and lifting an odd last node is the RFC's split at the largest power of two below n. */
  function* growing(size, leafAt) {
    const all = 2 * size + 1;
    let done = 0;
    let level = new Uint8Array(32 * size);
    for (let i = 0; i < size; i += 1) {
      level.set(leafHash(leafAt(i)), 32 * i);
      done += 1;
      if (done % 512 === 0) { yield done / all; }
    }
    while (level.length > 32) {
      const count = level.length / 32;
      const above = new Uint8Array(32 * (count + 1 >> 1));
      for (let i = 0; i + 1 < count; i += 2) {
        const pair = nodeHash(level.subarray(32 * i, 32 * i + 32), level.subarray(32 * i + 32, 32 * i + 64));
        above.set(pair, 16 * i);
        done += 1;
        if (done % 512 === 0) { yield done / all; }
      }
      if (count % 2) { above.set(level.subarray(32 * count - 32), above.length - 32); }
      level = above;
    }
    return { size: size, root: size ? level : sha256(level) };
  }

  /* The tree over `size` leaves, of which `leafAt(i)` gives the bytes: {size, root}. */
  function tree(size, leafAt) { return finish(growing(size, leafAt)); }

  // ---- who wins

  /* x: the first four bytes of MAC(key, "pick", prize, u32(slot), u32(attempt), u32(c)) as a number. */
  function word(key, prize, slot, attempt, counter) {
    const tag = mac(key, "pick", ascii(prize), u32(slot), u32(attempt), u32(counter));
    return (tag[0] << 24 | tag[1] << 16 | tag[2] << 8 | tag[3]) >>> 0;
  }

  /* {counter, ticket} for a weight of 1 to 2^32-1. Words from the largest multiple of the weight on are rejected,
     so that every ticket is equally likely. */
  function choose(key, prize, slot, attempt, weight) {
    const limit = WORDS - WORDS % weight;
    let counter = 0;
    let x = word(key, prize, slot, attempt, counter);
    while (x >= limit) {
      counter += 1;
      x = word(key, prize, slot, attempt, counter);
    }
    return { counter: counter, ticket: x % weight };
  }

  /* Tickets of lines as a Fenwick tree: a change or a search costs as many steps as n has binary digits. */
  function wheel(tickets) {
    const n = tickets.length;
    const sums = new Uint32Array(n + 1);
    let total = 0;
    let top = 1;
    while (top * 2 <= n) { top *= 2; }
    sums.set(tickets, 1);
    for (let place = 1; place <= n; place += 1) {
      const above = place + (place & -place);
      total += tickets[place - 1];
      if (above <= n) { sums[above] += sums[place]; }
    }
    return {
      total: () => total,
      add: function (at, change) {
        total += change;
        for (let place = at + 1; place <= n; place += place & -place) { sums[place] += change; }
      },
      /* The first place at which the tickets counted so far exceed `ticket`, which is below the total. */
      find: function (ticket) {
        let place = 0;
        for (let step = top; step; step >>>= 1) {
          if (place + step <= n && sums[place + step] <= ticket) {
            place += step;
            ticket -= sums[place];
          }
        }
        return place;
      },
    };
  }

  /* Where `wanted` stands in an ascending list that holds it. */
  function placeIn(list, wanted) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (list[middle] < wanted) { low = middle + 1; } else { high = middle; }
    }
    return low;
  }

  const MOST_WORK = 50000000;

  /* Which lines may still win. `voided`: line indices struck off before the dice; `present`: those who are there,
     which counts only when the manifest says so. Lines of one unit and one class are of a kind. Prizes with the same
     filter (class, units, presence) share a club: the lines that pass it, ascending, with a wheel. Refused
     `draw.pool.work` when unit lists that overlap, or units that fill and empty, ask for more than fifty million
     steps: a bound on what a hostile file can cost. */
  function makePool(manifest, snapshot, voided, present) {
    const n = snapshot.n;
    const cap = manifest.unit_cap;
    const gone = new Uint8Array(n);
    const here = new Uint8Array(n);
    const unitWins = new Uint32Array(snapshot.units.length);
    const kindsOf = new Map(snapshot.units.map((unit) => [unit, new Map()]));
    const kindOf = [];
    const clubs = new Map();
    const clubOf = new Map();
    let work = 0;

    function spend(steps) {
      work += steps;
      if (work > MOST_WORK) { throw new Refused("draw.pool.work"); }
    }

    /* The clubs that a line is in. */
    function clubsOf(line) { return kindOf[line].clubs.filter((club) => here[line] || !club.present); }

    for (const line of voided) { gone[line] = 1; }
    for (const line of present) { here[line] = 1; }
    const live = snapshot.tickets.map((tickets, line) => gone[line] ? 0 : tickets);
    for (let i = 0; i < n; i += 1) {
      const kinds = kindsOf.get(snapshot.units[snapshot.unit[i]]);
      const group = snapshot.groups[snapshot.group[i]];
      if (!kinds.has(group)) { kinds.set(group, { lines: [], clubs: [] }); }
      kindOf.push(kinds.get(group));
      kindOf[i].lines.push(i);
    }
    for (const prize of manifest.prizes) {
      const among = manifest.presence && prize.present;
      const filter = JSON.stringify([prize.class, prize.units.slice().sort(), among]);
      const known = clubs.get(filter);
      const club = known || { present: among, members: [], wheel: null };
      clubs.set(filter, club);
      clubOf.set(prize, club);
      if (known) { continue; }
      for (const unit of prize.units.length ? prize.units : snapshot.units) {
        (kindsOf.get(unit) || NONE).forEach(function (kind, group) {
          if (prize.class && prize.class !== group) { return; }
          spend(kind.lines.length);
          kind.clubs.push(club);
        });
      }
    }
    for (let i = 0; i < n; i += 1) {
      for (const club of clubsOf(i)) { club.members.push(i); }
    }
    clubs.forEach(function (club) {
      club.members = new Uint32Array(club.members);
      club.wheel = wheel(club.members.map((line) => live[line]));
    });

    function refresh(line) {
      const full = cap !== null && unitWins[snapshot.unit[line]] >= cap;
      const change = (gone[line] || full ? 0 : snapshot.tickets[line]) - live[line];
      if (!change) { return; }
      live[line] += change;
      for (const club of clubsOf(line)) { club.wheel.add(placeIn(club.members, line), change); }
    }

    function count(unit, change) {
      if (cap === null) { return; }
      const before = unitWins[unit];
      unitWins[unit] = before + change;
      if (before >= cap !== before + change >= cap) {
        kindsOf.get(snapshot.units[unit]).forEach(function (kind) {
          spend(kind.lines.length);
          kind.lines.forEach(refresh);
        });
      }
    }

    function leave(line) {
      gone[line] = 1;
      refresh(line);
    }

    return {
      /* {counter, weight, ticket, line}, or null when no ticket is eligible. */
      pick: function (key, prize, slot, attempt) {
        const club = clubOf.get(prize);
        const weight = club.wheel.total();
        if (!weight) { return null; }
        const hit = choose(key, prize.id, slot, attempt, weight);
        const line = club.members[club.wheel.find(hit.ticket)];
        return { counter: hit.counter, weight: weight, ticket: hit.ticket, line: line };
      },
      win: function (line) {
        if (manifest.one_win) { leave(line); }
        count(snapshot.unit[line], 1);
      },
      absent: function (line) {
        leave(line);
        count(snapshot.unit[line], -1);
      },
      leave: leave,
    };
  }

  // ---- the log

  const PLACE = "(" + ID + ") " + NUMBER + " " + NUMBER;
  const HASH = "([0-9a-f]{64})";
  const EVENTS = {
    arm: whole("arm " + HASH + "(?: void " + HASH + ")?(?: present " + HASH + ")?"),
    venue: whole("venue (" + DICE + ") ([0-9]{1,999})"),
    beacon: whole("beacon ([1-9][0-9]{0,15}) ([0-9a-f]{96})"),
    reveal: whole("reveal (" + ID + ") " + HASH),
    round: whole("round (" + ID + ")(?: (round-" + DICE + ") ([0-9]{1,999}))?"),
    call: whole("call " + PLACE),
    absent: whole("absent " + PLACE + "(?: (declined|ineligible))?"),
    redraw: whole("redraw " + PLACE + " (redraw-" + DICE + ") ([0-9]{1,999})"),
    win: whole("win " + PLACE + " (0|[1-9][0-9]{0,9}|unfilled)"),
    alternate: whole("alternate (" + ID + ") " + NUMBER + " (0|[1-9][0-9]{0,9}|unfilled)"),
    abort: whole("abort (" + REASON + ")"),
    close: whole("close"),
  };

  function kindOf(line) { return line.split(" ", 1)[0]; }

  /* The fields of a log line from 1, 0 is its kind. Refused `draw.log.line`; `number` counts from 0. */
  function readEvent(line, number) {
    const kind = kindOf(line);
    const shape = Object.prototype.hasOwnProperty.call(EVENTS, kind) ? EVENTS[kind].exec(line) : null;
    if (!shape) { throw new Refused("draw.log.line", { line: number }); }
    return [kind].concat(shape.slice(1));
  }

  /* Lines of a log file without LF. Refused `draw.log.ending|line`. */
  function splitLog(data) {
    if (!data.length) { throw new Refused("draw.log.ending"); }
    const lines = asciiLines(data, "log");
    lines.forEach(readEvent);
    return lines;
  }

  /* The paper form of a log: its lines without those that can be computed. */
  function inputsOf(lines) {
    return lines.filter((line) => !/^(win|alternate) /.test(line));
  }

  /* The order in which events may come: `check(line, number)` reads the next line or refuses it and changes
     nothing, `advance(event)` takes it as given, `end(number)` refuses a log that cannot stop there. With `results`
     the `win` and `alternate` lines must be there as well (a log), without they must not (its inputs). What the
     lines claim besides is not judged here. Refused `draw.log.order|cut|line|venue|venue.twice|after-end`,
     `draw.dice.digits`, `draw.beacon.round`, `draw.round.order|dice`. */
  function ordering(manifest, results) {
    const alternates = manifest.prizes.reduce((sum, prize) => sum + prize.alternates, 0);
    const redraws = new Map(manifest.prizes.map((prize) => [prize.id, prize.redraw]));
    let stage = "arm";
    let opened = 0;
    let drawn = 0;
    let due = "";
    let left = 0;
    let absent = null;

    function owe(kind, count) {
      due = kind;
      left = results ? count : 0;
    }

    function drawRound() {
      const prizes = manifest.prizes.filter((prize) => prize.round === manifest.rounds[drawn].id);
      drawn += 1;
      owe("win", prizes.reduce((sum, prize) => sum + prize.count, 0));
    }

    /* The only kind that may come next, or "" when there is a choice. */
    function wanted(kind) {
      if (left) { return due; }
      if (absent !== null && kind === "redraw") { return "redraw"; }
      if (results && absent !== null && !redraws.get(absent)) { return "win"; }
      if (kind === "abort" && stage !== "arm" && stage !== "close") { return ""; }
      if (stage !== "course") { return stage; }
      if (kind === "close" || kind === "alternate") { return results && alternates ? "alternate" : "close"; }
      return kind === "round" || kind === "call" ? "" : "absent";
    }

    function check(line, number) {
      const kind = kindOf(line);
      if (stage === "closed") { throw new Refused("draw.log.after-end", { line: number }); }
      const only = wanted(kind);
      if (only && only !== kind) {
        if (kind === "venue" && number > 1) { throw new Refused("draw.log.venue.twice", { line: number }); }
        throw new Refused("draw.log.order", { line: number, wanted: only, found: kind });
      }
      const event = readEvent(line, number);
      if (kind === "venue") {
        if (event[1] !== manifest.venue) {
          throw new Refused("draw.log.venue", { wanted: manifest.venue, found: event[1] });
        }
        checkDice(event[1], event[2]);
      } else if (kind === "beacon" && Number(event[1]) !== manifest.beacon.round) {
        throw new Refused("draw.beacon.round", { wanted: manifest.beacon.round, found: Number(event[1]) });
      } else if (kind === "round") {
        const round = manifest.rounds[drawn];
        if (!round || round.id !== event[1]) {
          throw new Refused("draw.round.order", { wanted: round ? round.id : "-", found: event[1] });
        }
        if ((event[2] || "") !== (round.dice && "round-" + round.dice)) {
          throw new Refused("draw.round.dice", { round: round.id });
        }
      }
      return event;
    }

    function advance(event) {
      const kind = event[0];
      if (left) {
        left -= 1;
        return;
      }
      absent = kind === "absent" ? event[1] : null;
      if (kind === "arm") { stage = "venue"; }
      if (kind === "venue") { stage = manifest.beacon ? "beacon" : "reveal"; }
      if (kind === "beacon") { stage = "reveal"; }
      if (kind === "reveal") {
        opened += 1;
        if (opened === manifest.commit.length) {
          stage = "course";
          if (!manifest.rounds[0].dice) { drawRound(); }
        }
      }
      if (kind === "round") { drawRound(); }
      if (kind === "redraw") { owe("win", 1); }
      if (kind === "alternate") {
        owe("alternate", alternates - 1);
        stage = "close";
      }
      if (kind === "close" || kind === "abort") { stage = "closed"; }
    }

    function end(number) {
      let missing = left ? due : "";
      if (results && absent !== null && !redraws.get(absent)) { missing = "win"; }
      if (!missing && (stage === "arm" || stage === "close")) { missing = stage; }
      if (missing) { throw new Refused("draw.log.cut", { line: number, wanted: missing }); }
    }

    return { check: check, advance: advance, end: end, stage: () => stage };
  }

  /* Refused as `ordering` says when the events of a log (`results`) or of its inputs do not come in an allowed
     order. */
  function checkOrder(lines, manifest, results) {
    const order = ordering(manifest, results);
    const events = lines.map(function (line, number) {
      const event = order.check(line, number);
      order.advance(event);
      return event;
    });
    order.end(lines.length);
    return events;
  }

  function armLine(m, voidsHash, presentHash) {
    return "arm " + hex(m) + (voidsHash ? " void " + voidsHash : "") + (presentHash ? " present " + presentHash : "");
  }

  function logText(lines) { return lines.map((line) => line + "\n").join(""); }

  /* e_0 = TH("log0", M), then e_k = TH("log", e_(k-1), line k): one hash more than lines. */
  function chain(m, lines) {
    const heads = [th("log0", m)];
    for (const line of lines) { heads.push(th("log", heads[heads.length - 1], ascii(line))); }
    return heads;
  }

  const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

  /* The first 60 bits of a chain head in Crockford's base 32, as three groups of four. */
  function displayCode(head) {
    let text = "";
    for (let bit = 0; bit < 60; bit += 5) {
      const two = head[bit >> 3] << 8 | head[(bit >> 3) + 1];
      text += (bit === 20 || bit === 40 ? "-" : "") + CROCKFORD[two >> 11 - (bit & 7) & 31];
    }
    return text;
  }

  /* The code a person meant: case, spaces, hyphens, O for 0 and I or L for 1 do not matter. Empty when it is none. */
  function readCode(typed) {
    const plain = typed.replace(/[\s-]/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
    if (!/^[0-9A-HJKMNP-TV-Z]{12}$/.test(plain)) { return ""; }
    return plain.slice(0, 4) + "-" + plain.slice(4, 8) + "-" + plain.slice(8);
  }

  function picked(pick) { return pick ? pick.line : "unfilled"; }

  /* Refused `draw.present.missing|unpromised` unless there is a presence list exactly when one was promised. */
  function checkPresence(manifest, listed) {
    if (manifest.presence && !listed) { throw new Refused("draw.present.missing"); }
    if (listed && !manifest.presence) { throw new Refused("draw.present.unpromised"); }
  }

  function checkReveal(manifest, position, label, secret) {
    const wanted = manifest.labels[position];
    if (wanted !== undefined && wanted !== label) {
      throw new Refused("draw.reveal.label", { wanted: wanted, found: label });
    }
    if (hex(commitment(manifest.draw_id, label, secret)) !== manifest.commit[position]) {
      throw new Refused("draw.commitment", { label: label });
    }
  }

  /* A draw under way. `snapshot` must be that of the manifest; `voided` and `present` are line indices, `present` null:
     no list. `add(input)` takes one line of the paper form and gives the log lines that are new, itself first; what it
     refuses changes nothing. One pick costs O(log n). */
  function ceremony(manifest, m, snapshot, voided, present) {
    const prizes = new Map(manifest.prizes.map((prize) => [prize.id, prize]));
    const order = ordering(manifest, false);
    const places = new Map();
    const called = new Set();
    const lines = [];
    const heads = [th("log0", m)];
    const outcomes = [];
    const secrets = [];
    const keys = [];
    const alternates = [];
    let pool = null;
    let inputs = 0;
    let told = 0;
    let venue = null;
    let beacon = null;
    let seedKey = null;
    let absent = null;
    let vacant = null;
    let aborted = false;

    function push(line) {
      heads.push(th("log", heads[heads.length - 1], ascii(line)));
      lines.push(line);
    }

    function attempt(prize, slot, number, key) {
      const pick = pool.pick(key, prize, slot, number);
      const outcome = { prize: prize.id, slot: slot, attempt: number, pick: pick };
      if (pick) { pool.win(pick.line); }
      outcomes.push(outcome);
      places.set(prize.id + " " + slot, outcome);
      push("win " + prize.id + " " + slot + " " + number + " " + picked(pick));
    }

    function keyOf(prize) { return keys[manifest.rounds.findIndex((one) => one.id === prize.round)]; }

    /* Pauses every now and then; before its end nothing else may be asked of this ceremony. */
    function* drawRound(fresh) {
      const round = manifest.rounds[keys.length];
      const key = roundKey(seedKey, round.id, fresh);
      keys.push(key);
      for (const prize of manifest.prizes) {
        for (let slot = 0; prize.round === round.id && slot < prize.count; slot += 1) {
          attempt(prize, slot, 0, key);
          if (lines.length % 64 === 0) { yield; }
        }
      }
    }

    /* Draws the slot of an absent winner again; `dice` is the value of those thrown for it, null for none. */
    function refill(dice) {
      const prize = vacant.prize;
      const slot = vacant.slot;
      const number = vacant.attempt;
      const key = keyOf(prize);
      vacant = null;
      attempt(prize, slot, number, dice ? redrawKey(key, prize.id, slot, number, dice) : key);
    }

    /* Whether the manifest leaves open if dice are thrown for the vacant slot. */
    function undecided() { return vacant !== null && vacant.prize.redraw === null; }

    function standing() {
      const found = [];
      if (aborted) { return found; }
      for (const prize of manifest.prizes) {
        for (let slot = 0; slot < prize.count; slot += 1) {
          const outcome = places.get(prize.id + " " + slot);
          if (outcome) { found.push(outcome); }
        }
      }
      return found;
    }

    function drawAlternates() {
      for (const prize of manifest.prizes) {
        for (let place = 0; place < prize.alternates; place += 1) {
          const pick = pool.pick(keyOf(prize), prize, prize.count + place, 0);
          if (pick) { pool.leave(pick.line); }
          alternates.push({ prize: prize.id, place: place, pick: pick });
          push("alternate " + prize.id + " " + place + " " + picked(pick));
        }
      }
    }

    /* The winner that stands in a place; with `strict` he must be of the attempt that the event names. */
    function winnerAt(code, event, strict) {
      const outcome = places.get(event[1] + " " + event[2]);
      if (!outcome || !outcome.pick || strict && outcome.attempt !== Number(event[3])) {
        throw new Refused(code, { prize: event[1], slot: Number(event[2]) });
      }
      return outcome;
    }

    function place(outcome) { return " " + outcome.prize + " " + outcome.slot + " " + outcome.attempt; }

    const take = {
      arm: function (event, line) {
        if (event[1] !== hex(m)) { throw new Refused("draw.manifest.other"); }
        checkPresence(manifest, Boolean(event[3]) && (Boolean(present) || !manifest.presence));
        push(line);
      },
      venue: function (event, line) {
        venue = venueValue(m, event[1], event[2]);
        push(line);
      },
      beacon: function (event, line) {
        beacon = beaconValue(m, unhex(manifest.beacon.chain), manifest.beacon.round, unhex(event[2]));
        push(line);
      },
      reveal: function* (event, line) {
        const secret = unhex(event[2]);
        checkReveal(manifest, secrets.length, event[1], secret);
        const last = secrets.length + 1 === manifest.commit.length;
        if (last) { pool = makePool(manifest, snapshot, voided || [], present || []); }
        push(line);
        secrets.push(secret);
        if (last) {
          seedKey = seed(m, secrets, venue, beacon);
          if (!manifest.rounds[0].dice) { yield* drawRound(null); }
        }
      },
      round: function* (event, line) {
        const fresh = event[2] ? venueValue(m, event[2], event[3]) : null;
        push(line);
        yield* drawRound(fresh);
      },
      call: function (event, line, strict) {
        const where = place(winnerAt("draw.call.slot", event, strict));
        called.add(where);
        push("call" + where);
      },
      absent: function (event, line, strict) {
        const outcome = winnerAt("draw.absent.slot", event, strict);
        const prize = prizes.get(outcome.prize);
        const facts = { prize: outcome.prize, slot: outcome.slot };
        const where = place(outcome);
        if (!event[4] && !prize.present) { throw new Refused("draw.absent.present", facts); }
        if (!event[4] && manifest.call_seconds && !called.has(where)) {
          throw new Refused("draw.absent.uncalled", facts);
        }
        push("absent" + where + (event[4] ? " " + event[4] : ""));
        pool.absent(outcome.pick.line);
        places.delete(outcome.prize + " " + outcome.slot);
        absent = facts;
        vacant = { prize: prize, slot: outcome.slot, attempt: outcome.attempt + 1 };
        if (prize.redraw === "") { refill(null); }
      },
      redraw: function (event, line, strict) {
        const facts = absent;
        if (!vacant || vacant.prize.redraw !== null && event[4] !== "redraw-" + vacant.prize.redraw) {
          throw new Refused("draw.redraw.dice", facts);
        }
        const where = " " + vacant.prize.id + " " + vacant.slot + " " + vacant.attempt;
        if (strict && where !== " " + event.slice(1, 4).join(" ")) { throw new Refused("draw.redraw.slot", facts); }
        const fresh = venueValue(m, event[4], event[5]);
        push("redraw" + where + " " + event[4] + " " + event[5]);
        refill(fresh);
      },
      close: function (event, line) {
        if (vacant || keys.length < manifest.rounds.length) { throw new Refused("draw.close.early"); }
        drawAlternates();
        push(line);
      },
      abort: function (event, line) {
        push(line);
        vacant = null;
        aborted = true;
      },
    };

    /* Takes one input. Without `strict` the attempt it names does not matter (the log gets the right one), and a place
       for which dice are left open is drawn again without any as soon as something else comes. */
    function* put(line, strict) {
      const event = order.check(line, inputs);
      if (undecided() && (event[0] === "abort" || !strict && event[0] !== "redraw")) { refill(null); }
      if (vacant && event[0] !== "redraw" && event[0] !== "abort" && event[0] !== "close") {
        throw new Refused("draw.redraw.pending", { prize: vacant.prize.id, slot: vacant.slot });
      }
      const drawing = take[event[0]](event, line, strict);
      if (drawing) { yield* drawing; }
      order.advance(event);
      inputs += 1;
    }

    function fresh() {
      const found = lines.slice(told);
      told = lines.length;
      return found;
    }

    /* What may come next: `kinds` of input; `label`: whose secret (null: not stated); `round` {id, dice} and `redraw`
       {prize, slot, attempt, label} what such an event would have to be, null when it may not come. A redraw with
       `label` null: the manifest leaves the dice open, so throw any or go on with `settle`. */
    function next() {
      const stage = order.stage();
      const course = stage === "course";
      const found = { kinds: [], label: null, round: null, redraw: null };
      if (stage === "closed") { return found; }
      if (!course) { found.kinds.push(stage); }
      if (stage === "reveal" && manifest.labels.length) { found.label = manifest.labels[secrets.length]; }
      if (course && vacant) {
        const dice = vacant.prize.redraw;
        found.kinds.push("redraw");
        found.redraw = { prize: vacant.prize.id, slot: vacant.slot, attempt: vacant.attempt, label: null };
        if (dice) { found.redraw.label = "redraw-" + dice; }
      }
      if (course && !vacant) {
        found.round = manifest.rounds[keys.length] || null;
        found.kinds.push(found.round ? "round" : "close");
        if (standing().some((outcome) => outcome.pick)) { found.kinds.push("call", "absent"); }
      }
      if (stage !== "arm") { found.kinds.push("abort"); }
      return found;
    }

    return {
      add: function (line) {
        finish(put(line, true));
        return fresh();
      },
      /* `add` for inputs that are compared with those of the log afterwards, as a generator that pauses. */
      replaying: (line) => put(line, false),
      /* No dice were thrown: draws the vacant slot when the manifest leaves that open, and gives the new lines. */
      settle: function () {
        if (undecided()) { refill(null); }
        return fresh();
      },
      /* All that is known so far. `outcomes`: every win in the order drawn; `standing`: those that stand, in
         manifest order, unfilled ones (pick null) too; `alternates` once closed; `heads`: one more than lines;
         `seed` null before all secrets are open; `keys`: K_r of the rounds drawn. */
      now: function () {
        const head = heads[heads.length - 1];
        return {
          lines: lines.slice(), heads: heads.slice(), head: head, code: displayCode(head),
          outcomes: outcomes.slice(), standing: standing(), alternates: alternates.slice(),
          seed: seedKey, keys: keys.slice(), stage: order.stage(), aborted: aborted, next: next(),
        };
      },
      next: next,
    };
  }

  function* composing(manifest, m, snapshot, inputs, voided, present) {
    checkOrder(inputs, manifest, false);
    const under = ceremony(manifest, m, snapshot, voided, present);
    for (let i = 0; i < inputs.length; i += 1) {
      const drawing = under.replaying(inputs[i]);
      while (!drawing.next().done) { yield i / inputs.length; }
    }
    under.settle();
    return under.now();
  }

  /* The log that inputs lead to, with all that `ceremony.now` gives. Refused as `ordering` and `ceremony` say. Attempts
     that the inputs name are not judged: compare `inputsOf(lines)` with the inputs. */
  function compose(manifest, m, snapshot, inputs, voided, present) {
    return finish(composing(manifest, m, snapshot, inputs, voided, present));
  }

  // ---- the result

  /* The files of a composed log: `log` and `result` as text, the winners and alternates that stand, head and code. */
  function publish(manifest, m, snapshot, composed) {
    const filled = (one) => one.pick;
    const winners = composed.standing.filter(filled).map((one) => ({
      prize: one.prize, slot: one.slot, attempt: one.attempt,
      line: one.pick.line, id_commit: snapshot.idCommit(one.pick.line),
    }));
    const alternates = composed.alternates.filter(filled).map((one) => ({
      prize: one.prize, place: one.place, line: one.pick.line, id_commit: snapshot.idCommit(one.pick.line),
    }));
    const promised = manifest.prizes.some((prize) => prize.alternates);
    const result = { proto: PROTOCOL, draw_id: manifest.draw_id, manifest: hex(m), winners: winners };
    if (promised && composed.lines[composed.lines.length - 1] === "close") { result.alternates = alternates; }
    result.head = hex(composed.head);
    result.code = composed.code;
    return {
      log: logText(composed.lines), result: JSON.stringify(result), winners: winners, alternates: alternates,
      head: result.head, code: result.code,
    };
  }

  // ---- a custodian's secret on paper

  function rowCheck(row, part) { return hex(sha256(concat([new Uint8Array([row]), part])).subarray(0, 1)); }

  /* Eight lines `R: hhhh hhhh cc`, R from 1, LF-terminated. */
  function writeSecret(secret) {
    if (secret.length !== 32) { throw new Refused("draw.secret.size", { label: "", size: secret.length }); }
    let text = "";
    for (let row = 1; row <= 8; row += 1) {
      const part = secret.subarray(4 * row - 4, 4 * row);
      text += row + ": " + hex(part.subarray(0, 2)) + " " + hex(part.subarray(2)) + " " + rowCheck(row, part) + "\n";
    }
    return text;
  }

  /* The 32 bytes that were typed or scanned: 64 hex digits alone, or the eight rows with their checks. Full-width
     characters count as plain ones. Refused `draw.secret.row` (`row` from 1), `draw.secret.form` (`digits` found). */
  function readSecret(text) {
    const digits = text.normalize("NFKC").toLowerCase().replace(/[1-8][ \t]*:/g, " ").replace(/[^0-9a-f]/g, "");
    if (digits.length === 64) { return unhex(digits); }
    if (digits.length !== 80) { throw new Refused("draw.secret.form", { digits: digits.length }); }
    const secret = new Uint8Array(32);
    for (let row = 1; row <= 8; row += 1) {
      const part = unhex(digits.slice(10 * row - 10, 10 * row - 2));
      if (rowCheck(row, part) !== digits.slice(10 * row - 2, 10 * row)) {
        throw new Refused("draw.secret.row", { row: row });
      }
      secret.set(part, 4 * row - 4);
    }
    return secret;
  }

  return {
    PROTOCOL: PROTOCOL, MAX_TICKETS: MAX_TICKETS, IS_DRAW_ID: IS_DRAW_ID, IS_TEXT: IS_TEXT,
    Refused: Refused, finish: finish,
    hex: hex, unhex: unhex, ascii: ascii, textOf: textOf, notAscii: notAscii, equal: equal, concat: concat,
    u32: u32, u64: u64, lp: lp, sha256: sha256, hmac: hmac, th: th, mac: mac,
    idCommit: idCommit, commitment: commitment, checkDice: checkDice, venueValue: venueValue, beaconValue: beaconValue,
    seed: seed, roundKey: roundKey, redrawKey: redrawKey,
    readJson: readJson, parseManifest: parseManifest, parseSnapshot: parseSnapshot, parseVoids: parseVoids,
    parsePresent: parsePresent, checkFile: checkFile, checkCounts: checkCounts, checkRoot: checkRoot,
    leafHash: leafHash, nodeHash: nodeHash, tree: tree, word: word, choose: choose,
    readEvent: readEvent, splitLog: splitLog, inputsOf: inputsOf, checkOrder: checkOrder, checkReveal: checkReveal,
    armLine: armLine, logText: logText, chain: chain, displayCode: displayCode, readCode: readCode,
    ceremony: ceremony, compose: compose, publish: publish, writeSecret: writeSecret, readSecret: readSecret,
    steps: { sha256: hashing, parseSnapshot: parsingSnapshot, tree: growing, compose: composing },
  };
})();

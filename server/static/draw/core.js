/* Protocol vdraw/1, the second implementation: everything that decides a draw, in one classic script without
   dependencies. The first one is rewards/draws/rules (Python); docs/verify-a-draw.md says what both compute, and
   tests/draw_js holds them against each other. Runs in a page, from a file and in a Worker; ES2015.

   Nothing here asks a clock, chance, a language, the network or the browser's storage, and all arithmetic is on whole
   numbers (below 2^32 where it decides who wins), so every browser gives the same result.

   Bytes are Uint8Array, hashes 32 of them; hashes in files and in a parsed manifest are lower-case hex; text that
   enters a hash is ASCII. What the protocol does not allow throws vdraw.Refused: `code` is dotted (the same as in
   Python), `facts` fill the words that a page shows. No words for people in here.

   To read it, go from top to bottom: notation (SHA-256, TH, MAC) - keys and commitments - the files (manifest,
   snapshot, void list, presence list) - the tree - who wins (wheel, pool) - the ceremony, which turns what people do
   (the inputs: the log without its `win` and `alternate` lines) into the log - the result - secrets on paper and
   receipts - the check of published files. Long computations are generators that yield how far they are (0 to 1), so
   that a page can spread them over time (`steps.NAME`); the plain functions run the same generator to its end. */
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

  /* Pads what is left of `data` from `at` (its first `size` bytes count) and gives the 32 bytes of the hash. */
  function sealed(state, data, at, size) {
    const left = size - at;
    const end = left < 56 ? 64 : 128;
    tail.fill(0);
    for (let i = 0; i < left; i += 1) { tail[i] = data[at + i]; }
    tail[left] = 128;
    tail.set(u64(size * 8), end - 8);
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
    for (; at + 64 <= data.length; at += 64) { compress(state, data, at); }
    return sealed(state, data, at, data.length);
  }

  /* H: SHA-256, 32 bytes. */
  function sha256(data) {
    const state = new Int32Array(START);
    let at = 0;
    for (; at + 64 <= data.length; at += 64) { compress(state, data, at); }
    return sealed(state, data, at, data.length);
  }

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

  function framed(tag, parts) {
    const all = [ascii(PROTOCOL + "/" + tag)].concat(parts);
    const pieces = [];
    for (const part of all) { pieces.push(u32(part.length), part); }
    return concat(pieces);
  }

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

  /* Whether objects and lists stand inside each other more than MAX_DEPTH deep. */
  function tooDeep(text) {
    let depth = 0;
    for (let at = 0; at < text.length; at += 1) {
      if (text[at] === '"') {
        do { at += text[at] === "\\" ? 2 : 1; } while (at < text.length && text[at] !== '"');
      } else if (text[at] === "{" || text[at] === "[") {
        depth += 1;
        if (depth > MAX_DEPTH) { return true; }
      } else if (text[at] === "}" || text[at] === "]") {
        depth -= 1;
      }
    }
    return false;
  }

  /* JSON of ASCII bytes, strictly: no key twice, no NaN; objects become Map. A number that is no whole number written
     with digits alone (1.0, 1e2), or too large to be exact, becomes NaN. At most 64 objects or lists inside each
     other, and 4300 digits a number. Refused `draw.manifest.json|twice`. */
  function readJson(data) {
    if (notAscii(data) >= 0) { throw new Refused("draw.manifest.json"); }
    const text = textOf(data);
    const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
    let at = 0;

    function bad() { return new Refused("draw.manifest.json"); }

    function space() {
      while (text[at] === " " || text[at] === "\n" || text[at] === "\t" || text[at] === "\r") { at += 1; }
    }

    function taken(letter) {
      space();
      if (text[at] !== letter) { return false; }
      at += 1;
      return true;
    }

    function string() {
      const from = at;
      at += 1;
      while (at < text.length && text[at] !== '"') { at += text[at] === "\\" ? 2 : 1; }
      at += 1;
      try {
        return JSON.parse(text.slice(from, at));
      } catch (error) {
        throw bad();
      }
    }

    function object() {
      const found = new Map();
      let twice = null;
      at += 1;
      if (taken("}")) { return found; }
      do {
        space();
        if (text[at] !== '"') { throw bad(); }
        const key = string();
        if (!taken(":")) { throw bad(); }
        const item = value();
        if (found.has(key) && twice === null) { twice = key; }
        found.set(key, item);
      } while (taken(","));
      if (!taken("}")) { throw bad(); }
      if (twice !== null) { throw new Refused("draw.manifest.twice", { key: twice }); }
      return found;
    }

    function list() {
      const found = [];
      at += 1;
      if (taken("]")) { return found; }
      do { found.push(value()); } while (taken(","));
      if (!taken("]")) { throw bad(); }
      return found;
    }

    function value() {
      space();
      if (text[at] === '"') { return string(); }
      if (text[at] === "{") { return object(); }
      if (text[at] === "[") { return list(); }
      for (const word of [["true", true], ["false", false], ["null", null]]) {
        if (text.substr(at, word[0].length) === word[0]) {
          at += word[0].length;
          return word[1];
        }
      }
      number.lastIndex = at;
      const found = number.exec(text);
      if (!found) { throw bad(); }
      at = number.lastIndex;
      const whole = found[1] === undefined && found[2] === undefined;
      if (whole && found[0].replace("-", "").length > MAX_DIGITS) { throw bad(); }
      return whole && Number.isSafeInteger(Number(found[0])) ? Number(found[0]) + 0 : NaN;
    }

    if (tooDeep(text)) { throw bad(); }
    const all = value();
    space();
    if (at !== text.length) { throw bad(); }
    return all;
  }

  // ---- the manifest

  const ID = "[a-z0-9-]{1,32}";
  const REASON = "[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?";
  const TEXT = "[!-~](?:[ -~]{0,62}[!-~])?";
  const whole = function (rule) { return new RegExp("^(?:" + rule + ")$"); };
  const IS_ID = whole(ID);
  const IS_HASH = whole("[0-9a-f]{64}");
  const IS_DICE = whole(DICE);
  const IS_TEXT = whole(TEXT);
  const IS_REASON = whole(REASON);
  const IS_PERSON = whole("[!-~](?:[ -~]{0,253}[!-~])?");
  const IS_DRAW_ID = whole("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  const MOMENT = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/;
  const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

  function bad(key) { return new Refused("draw.manifest.value", { key: key }); }

  function asText(key, value, rule) {
    if (typeof value !== "string" || !rule.test(value)) { throw bad(key); }
    return value;
  }

  function asNumber(key, value, low, high) {
    if (!Number.isInteger(value) || value < low || value > high) { throw bad(key); }
    return value;
  }

  function asTruth(key, value) {
    if (typeof value !== "boolean") { throw bad(key); }
    return value;
  }

  function asList(key, value) {
    if (!Array.isArray(value)) { throw bad(key); }
    return value;
  }

  function asObject(key, value) {
    if (!(value instanceof Map)) { throw bad(key); }
    return value;
  }

  function asMoment(key, value) {
    const parts = MOMENT.exec(asText(key, value, MOMENT)).slice(1).map(Number);
    const leap = parts[0] % 4 === 0 && (parts[0] % 100 !== 0 || parts[0] % 400 === 0);
    const days = parts[1] === 2 && leap ? 29 : DAYS[parts[1] - 1];
    const good = parts[0] > 0 && parts[2] > 0 && parts[2] <= days && parts[3] < 24 && parts[4] < 60 && parts[5] < 60;
    if (!good) { throw bad(key); }
    return value;
  }

  /* A name to show: 1 to 200 characters, no control characters and no half of a surrogate pair. */
  function asName(key, value) { return asText(key, value, /^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}$/u); }

  function known(where, given, needed, optional) {
    given.forEach(function (value, name) {
      if (needed.indexOf(name) < 0 && optional.indexOf(name) < 0) {
        throw new Refused("draw.manifest.unknown", { key: where + name });
      }
    });
    for (const name of needed.slice().sort()) {
      if (!given.has(name)) { throw new Refused("draw.manifest.missing", { key: where + name }); }
    }
  }

  function unique(key, values) {
    if (new Set(values).size !== values.length) { throw bad(key); }
    return values;
  }

  const PRIZE_KEYS = ["class", "batch", "redraw", "round", "units", "present", "alternates"];

  /* A prize of `count` slots from 0. `class` empty: all classes; `units` empty: all units; `redraw`: dice thrown
     after an absence, empty = none, null = left open (which only the pair form says). `batch` names are shown at a
     time. */
  function readPrize(value) {
    const prize = {
      id: "", count: 0, class: "", batch: 1, redraw: "", round: "", units: [], present: true, alternates: 0,
    };
    if (Array.isArray(value)) {
      if (value.length !== 2) { throw bad("prizes"); }
      prize.id = asText("prizes.id", value[0], IS_ID);
      prize.count = asNumber("prizes.count", value[1], 1, MAX_SLOTS);
      prize.redraw = null;
      return prize;
    }
    const given = asObject("prizes", value);
    known("prizes.", given, ["id", "count"], PRIZE_KEYS);
    if (given.has("units")) {
      prize.units = asList("prizes.units", given.get("units")).map(function (unit) {
        return asText("prizes.units", unit, IS_TEXT);
      });
      if (!unique("prizes.units", prize.units).length) { throw bad("prizes.units"); }
    }
    prize.id = asText("prizes.id", given.get("id"), IS_ID);
    prize.count = asNumber("prizes.count", given.get("count"), 1, MAX_SLOTS);
    if (given.has("class")) { prize.class = asText("prizes.class", given.get("class"), IS_TEXT); }
    if (given.has("batch")) { prize.batch = asNumber("prizes.batch", given.get("batch"), 1, 150); }
    if (given.has("redraw")) { prize.redraw = asText("prizes.redraw", given.get("redraw"), IS_DICE); }
    if (given.has("round")) { prize.round = asText("prizes.round", given.get("round"), IS_ID); }
    if (given.has("present")) { prize.present = asTruth("prizes.present", given.get("present")); }
    if (given.has("alternates")) {
      prize.alternates = asNumber("prizes.alternates", given.get("alternates"), 1, 1000);
      if (prize.redraw) { throw bad("prizes.alternates"); }
    }
    return prize;
  }

  /* `rounds` null: there is one round without dice, and no prize names it. */
  function readPrizes(value, rounds) {
    const prizes = asList("prizes", value).map(readPrize);
    if (!prizes.length) { throw bad("prizes"); }
    unique("prizes", prizes.map(function (prize) { return prize.id; }));
    const places = prizes.reduce(function (sum, prize) { return sum + prize.count + prize.alternates; }, 0);
    if (places > MAX_SLOTS) { throw bad("prizes.count"); }
    const named = prizes.map(function (prize) { return prize.round; });
    const grouped = named.filter(function (id, at) { return at === 0 || named[at - 1] !== id; });
    const wanted = rounds ? rounds.map(function (one) { return one.id; }) : [""];
    if (grouped.join(" ") !== wanted.join(" ")) { throw bad("prizes.round"); }
    return prizes;
  }

  function readRounds(value) {
    const rounds = asList("rounds", value).map(function (entry) {
      const given = asObject("rounds", entry);
      known("rounds.", given, ["id"], ["dice"]);
      return {
        id: asText("rounds.id", given.get("id"), IS_ID),
        dice: given.has("dice") ? asText("rounds.dice", given.get("dice"), IS_DICE) : "",
      };
    });
    if (rounds.length < 1 || rounds.length > 100) { throw bad("rounds"); }
    unique("rounds", rounds.map(function (one) { return one.id; }));
    return rounds;
  }

  function readBeacon(value) {
    const given = asObject("beacon", value);
    known("beacon.", given, ["chain", "round"], []);
    return {
      chain: asText("beacon.chain", given.get("chain"), IS_HASH),
      round: asNumber("beacon.round", given.get("round"), 1, Number.MAX_SAFE_INTEGER),
    };
  }

  const NEEDED = ["proto", "draw_id", "n", "tickets", "root", "commit", "venue", "prizes"];
  const OPTIONAL = [
    "labels", "rehearsal", "frozen_at", "file", "round", "one_win", "unit_cap", "no_reroll", "excluded", "rule",
    "names", "witnesses", "rounds", "presence", "call_seconds", "arm_after", "beacon", "kit", "signer",
  ];

  /* The manifest in exact bytes as an object with the keys of the file, those that are missing with what they mean then
     ("" or null or [] = not stated). `rounds` is always filled; `staged` tells whether the file names them. Refused
     `draw.manifest.json|twice|proto|unknown|missing|value`: an unknown key might change what the draw means. */
  function parseManifest(data) {
    const given = readJson(data);
    if (!(given instanceof Map)) { throw new Refused("draw.manifest.json"); }
    if (given.get("proto") !== PROTOCOL) { throw new Refused("draw.manifest.proto"); }
    known("", given, NEEDED, OPTIONAL);

    function or(key, missing, read) { return given.has(key) ? read(given.get(key)) : missing; }
    function text(key, missing, rule) {
      return or(key, missing, function (value) { return asText(key, value, rule); });
    }
    function truth(key, missing) { return or(key, missing, function (value) { return asTruth(key, value); }); }
    function moment(key) { return or(key, "", function (value) { return asMoment(key, value); }); }
    function texts(key, rule) {
      return or(key, [], function (value) {
        return asList(key, value).map(function (one) { return asText(key, one, rule); });
      });
    }
    function names(key) {
      return or(key, [], function (value) {
        return asList(key, value).map(function (one) { return asName(key, one); });
      });
    }

    if (given.has("no_reroll") && given.get("no_reroll") !== true) { throw bad("no_reroll"); }
    const commit = texts("commit", IS_HASH);
    if (commit.length < 1 || commit.length > 16) { throw bad("commit"); }
    const n = asNumber("n", given.get("n"), 0, MAX_TICKETS);
    const rounds = or("rounds", null, readRounds);
    if (rounds && given.has("round")) { throw bad("round"); }
    const round = text("round", "r1", IS_ID);
    const manifest = {
      proto: PROTOCOL,
      draw_id: text("draw_id", "", IS_DRAW_ID),
      n: n,
      tickets: asNumber("tickets", given.get("tickets"), n, MAX_TICKETS),
      root: text("root", "", IS_HASH),
      commit: commit,
      venue: text("venue", "", IS_DICE),
      prizes: readPrizes(given.get("prizes"), rounds),
      labels: unique("labels", texts("labels", IS_ID)),
      names: names("names"),
      witnesses: names("witnesses"),
      rehearsal: truth("rehearsal", false),
      frozen_at: moment("frozen_at"),
      arm_after: moment("arm_after"),
      file: text("file", "", IS_HASH),
      kit: text("kit", "", IS_HASH),
      signer: text("signer", "", IS_HASH),
      round: round,
      rounds: rounds || [{ id: round, dice: "" }],
      staged: rounds !== null,
      presence: truth("presence", false),
      call_seconds: or("call_seconds", 0, function (value) { return asNumber("call_seconds", value, 0, 3600); }),
      beacon: or("beacon", null, readBeacon),
      one_win: truth("one_win", true),
      unit_cap: or("unit_cap", null, function (value) {
        return value === null ? null : asNumber("unit_cap", value, 1, MAX_TICKETS);
      }),
      excluded: or("excluded", [], function (value) {
        return asList("excluded", value).map(function (entry) {
          const one = asObject("excluded", entry);
          known("excluded.", one, ["reason", "count"], []);
          return {
            reason: asText("excluded.reason", one.get("reason"), IS_REASON),
            count: asNumber("excluded.count", one.get("count"), 1, MAX_TICKETS),
          };
        });
      }),
      rule: or("rule", null, function (value) { return asObject("rule", value) && JSON.parse(textOf(data)).rule; }),
    };
    if (given.has("labels") && manifest.labels.length !== commit.length) { throw bad("labels"); }
    for (const prize of manifest.prizes) { prize.round = prize.round || round; }
    if (given.has("names") && manifest.names.length !== manifest.labels.length) { throw bad("names"); }
    if (manifest.witnesses.length > 50) { throw bad("witnesses"); }
    return manifest;
  }

  // ---- the snapshot, the void list and the presence list

  /* Where each line of an LF-terminated ASCII file starts, and one past the end. */
  function lineStarts(data, subject) {
    if (!data.length) { return new Uint32Array(1); }
    if (data[data.length - 1] !== 10) { throw new Refused("draw." + subject + ".ending"); }
    const odd = notAscii(data);
    let count = 0;
    for (let i = 0; i < data.length; i += 1) {
      if (i === odd) { throw new Refused("draw." + subject + ".line", { line: count }); }
      if (data[i] === 10) { count += 1; }
    }
    const starts = new Uint32Array(count + 1);
    count = 0;
    for (let i = 0; i < data.length; i += 1) {
      if (data[i] === 10) {
        count += 1;
        starts[count] = i + 1;
      }
    }
    return starts;
  }

  function asciiLines(data, subject) {
    const starts = lineStarts(data, subject);
    const lines = [];
    for (let i = 0; i + 1 < starts.length; i += 1) { lines.push(textOf(data, starts[i], starts[i + 1] - 1)); }
    return lines;
  }

  const LINE = whole("([0-9a-f]{64})\t([1-9][0-9]{0,9})\t(" + TEXT + ")(?:\t(" + TEXT + "))?");

  /* Gives each text a number, in the order in which they come. */
  function names() {
    const numbers = new Map();
    const list = [];
    return {
      list: list,
      number: function (text) {
        if (!numbers.has(text)) {
          numbers.set(text, list.length);
          list.push(text);
        }
        return numbers.get(text);
      },
    };
  }

  function* parsingSnapshot(data) {
    const starts = lineStarts(data, "snapshot");
    const n = starts.length - 1;
    const tickets = new Uint32Array(n);
    const unit = new Uint32Array(n);
    const group = new Uint32Array(n);
    const units = names();
    const groups = names();
    let before = "";
    let total = 0;
    let refused = null;
    groups.number("");
    for (let i = 0; i < n; i += 1) {
      const shape = LINE.exec(textOf(data, starts[i], starts[i + 1] - 1));
      if (!shape) { throw new Refused("draw.snapshot.line", { line: i }); }
      total += Number(shape[2]);
      if (!refused && shape[1] <= before) { refused = new Refused("draw.snapshot.order", { line: i }); }
      if (!refused && total > MAX_TICKETS) { refused = new Refused("draw.snapshot.total", { line: i }); }
      before = shape[1];
      tickets[i] = Number(shape[2]);
      unit[i] = units.number(shape[3]);
      group[i] = groups.number(shape[4] || "");
      if (i % 1024 === 1023) { yield i / n; }
    }
    if (refused) { throw refused; }
    return {
      n: n,
      total: total,
      tickets: tickets,
      unit: unit,
      group: group,
      units: units.list,
      groups: groups.list,
      /* The bytes of line i as they enter the tree (without LF). */
      leaf: function (i) { return data.subarray(starts[i], starts[i + 1] - 1); },
      /* The 64 hex digits that stand for the person of line i. */
      idCommit: function (i) { return textOf(data, starts[i], starts[i] + 64); },
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

  const VOID = whole("(0|[1-9][0-9]{0,9})\t(" + REASON + ")");
  const PRESENT = whole("(0|[1-9][0-9]{0,9})");

  /* Voided line index -> reason code (a Map). Refused `draw.void.ending|line|order|index`. */
  function parseVoids(data, n) {
    return new Map(ascending(data, "void", n, VOID).map(function (shape) { return [Number(shape[1]), shape[2]]; }));
  }

  /* Line indices of those who are present, ascending. Refused `draw.present.ending|line|order|index`. */
  function parsePresent(data, n) {
    return ascending(data, "present", n, PRESENT).map(function (shape) { return Number(shape[1]); });
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
    const levels = [level];
    const node = new Uint8Array(65);
    node[0] = 1;
    while (level.length > 32) {
      const count = level.length / 32;
      const above = new Uint8Array(32 * (count + 1 >> 1));
      for (let i = 0; i + 1 < count; i += 2) {
        node.set(level.subarray(32 * i, 32 * i + 64), 1);
        above.set(sha256(node), 16 * i);
        done += 1;
        if (done % 512 === 0) { yield done / all; }
      }
      if (count % 2) { above.set(level.subarray(32 * count - 32), above.length - 32); }
      levels.push(above);
      level = above;
    }
    return {
      size: size,
      root: size ? level : sha256(new Uint8Array(0)),
      /* The hashes beside the way from leaf `index` up to the root. Refused `draw.tree.index`. */
      path: function (index) {
        if (!(index >= 0 && index < size)) { throw new Refused("draw.tree.index", { index: index, n: size }); }
        const hashes = [];
        for (const hashed of levels.slice(0, -1)) {
          const beside = 32 * (index ^ 1);
          if (beside < hashed.length) { hashes.push(hashed.subarray(beside, beside + 32)); }
          index >>>= 1;
        }
        return hashes;
      },
    };
  }

  /* The tree over `size` leaves, of which `leafAt(i)` gives the bytes: {size, root, path(index)}. */
  function tree(size, leafAt) { return finish(growing(size, leafAt)); }

  /* Whether `path` proves that `leaf` (bytes) is number `index` of `size` under `root`: RFC 9162 section 2.1.3.2. */
  function pathHolds(leaf, index, size, path, root) {
    if (!(index >= 0 && index < size)) { return false; }
    let number = index;
    let last = size - 1;
    let value = leafHash(leaf);
    for (const beside of path) {
      if (last === 0) { return false; }
      if (number & 1 || number === last) {
        value = nodeHash(beside, value);
        while (!(number & 1) && number) {
          number >>>= 1;
          last >>>= 1;
        }
      } else {
        value = nodeHash(value, beside);
      }
      number >>>= 1;
      last >>>= 1;
    }
    return last === 0 && equal(value, root);
  }

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
      total: function () { return total; },
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
     which counts only when the manifest says so. Prizes with the same filter (class, units, presence) share a club:
     the lines that pass it, ascending, with a wheel. Refused `draw.pool.work` when unit lists that overlap, or
     units that fill and empty, ask for more than fifty million steps: a bound on what a hostile file can cost. */
  function makePool(manifest, snapshot, voided, present) {
    const n = snapshot.n;
    const cap = manifest.unit_cap;
    const gone = new Uint8Array(n);
    const here = new Uint8Array(n);
    const unitWins = new Uint32Array(snapshot.units.length);
    const clubs = new Map();
    const clubOf = new Map();
    const kinds = new Map();
    let unitLines = null;
    let work = 0;

    function spend(steps) {
      work += steps;
      if (work > MOST_WORK) { throw new Refused("draw.pool.work"); }
    }

    /* A line is of a kind: its unit and its class. */
    function kindOfLine(line) { return snapshot.unit[line] * snapshot.groups.length + snapshot.group[line]; }

    function filterOf(prize) {
      return JSON.stringify([prize.class, prize.units.slice().sort(), manifest.presence && prize.present]);
    }

    for (const line of voided) { gone[line] = 1; }
    for (const line of present) { here[line] = 1; }
    const live = snapshot.tickets.map(function (tickets, line) { return gone[line] ? 0 : tickets; });
    for (let i = 0; i < n; i += 1) {
      const kind = kindOfLine(i);
      if (!kinds.has(kind)) { kinds.set(kind, { size: 0, clubs: [] }); }
      kinds.get(kind).size += 1;
    }
    const groupsOf = snapshot.units.map(function () { return []; });
    kinds.forEach(function (lines, kind) {
      groupsOf[(kind - kind % snapshot.groups.length) / snapshot.groups.length].push(kind % snapshot.groups.length);
    });
    const unitNumbers = new Map(snapshot.units.map(function (unit, number) { return [unit, number]; }));
    for (const prize of manifest.prizes) {
      const filter = filterOf(prize);
      const known = clubs.get(filter);
      const club = known || { present: manifest.presence && prize.present, members: [], wheel: null };
      clubOf.set(prize, club);
      if (known) { continue; }
      clubs.set(filter, club);
      for (const name of prize.units.length ? prize.units : snapshot.units) {
        const unit = unitNumbers.get(name);
        for (const group of unit === undefined ? [] : groupsOf[unit]) {
          if (!prize.class || snapshot.groups[group] === prize.class) {
            const lines = kinds.get(unit * snapshot.groups.length + group);
            spend(lines.size);
            lines.clubs.push(club);
          }
        }
      }
    }
    for (let i = 0; i < n; i += 1) {
      for (const club of kinds.get(kindOfLine(i)).clubs) {
        if (here[i] || !club.present) { club.members.push(i); }
      }
    }
    clubs.forEach(function (club) {
      club.members = new Uint32Array(club.members);
      club.wheel = wheel(club.members.map(function (line) { return live[line]; }));
    });

    function refresh(line) {
      const full = cap !== null && unitWins[snapshot.unit[line]] >= cap;
      const change = (gone[line] || full ? 0 : snapshot.tickets[line]) - live[line];
      if (!change) { return; }
      live[line] += change;
      for (const club of kinds.get(kindOfLine(line)).clubs) {
        if (here[line] || !club.present) { club.wheel.add(placeIn(club.members, line), change); }
      }
    }

    function linesOfUnits() {
      const lists = snapshot.units.map(function () { return []; });
      for (let i = 0; i < n; i += 1) { lists[snapshot.unit[i]].push(i); }
      return lists;
    }

    function count(unit, change) {
      if (cap === null) { return; }
      const before = unitWins[unit];
      unitWins[unit] = before + change;
      if (before >= cap !== before + change >= cap) {
        unitLines = unitLines || linesOfUnits();
        spend(unitLines[unit].length);
        unitLines[unit].forEach(refresh);
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

  const NUMBER = "(0|[1-9][0-9]{0,9})";
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
    return lines.filter(function (line) { return !/^(win|alternate) /.test(line); });
  }

  /* The order in which events may come: `check(line, number)` reads the next line or refuses it and changes
     nothing, `advance(event)` takes it as given, `end(number)` refuses a log that cannot stop there. With `results`
     the `win` and `alternate` lines must be there as well (a log), without they must not (its inputs). What the
     lines claim besides is not judged here. Refused `draw.log.order|cut|line|venue|venue.twice|after-end`,
     `draw.dice.digits`, `draw.beacon.round`, `draw.round.order|dice`. */
  function ordering(manifest, results) {
    const alternates = manifest.prizes.reduce(function (sum, prize) { return sum + prize.alternates; }, 0);
    const redraws = new Map(manifest.prizes.map(function (prize) { return [prize.id, prize.redraw]; }));
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
      const round = manifest.rounds[drawn].id;
      drawn += 1;
      owe("win", manifest.prizes.reduce(function (sum, prize) {
        return sum + (prize.round === round ? prize.count : 0);
      }, 0));
    }

    /* The only kind that may come next, or "" when there is a choice. */
    function wanted(kind) {
      if (left) { return due; }
      if (absent !== null && kind === "redraw") { return "redraw"; }
      if (results && absent !== null && !redraws.get(absent)) { return "win"; }
      if (kind === "abort" && stage !== "arm" && stage !== "end") { return ""; }
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

    return { check: check, advance: advance, end: end, stage: function () { return stage; } };
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

  function logText(lines) { return lines.map(function (line) { return line + "\n"; }).join(""); }

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
    const prizes = new Map(manifest.prizes.map(function (prize) { return [prize.id, prize]; }));
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

    function keyOf(prize) {
      return keys[manifest.rounds.findIndex(function (one) { return one.id === prize.round; })];
    }

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
          if (outcome && !(vacant && vacant.prize === prize && vacant.slot === slot)) { found.push(outcome); }
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
        if (standing().some(function (outcome) { return outcome.pick; })) { found.kinds.push("call", "absent"); }
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
      replaying: function (line) { return put(line, false); },
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
      code: function () { return displayCode(heads[heads.length - 1]); },
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
    function filled(list, number) {
      return list.filter(function (one) { return one.pick; }).map(function (one) {
        const entry = { prize: one.prize };
        for (const key of number) { entry[key] = one[key]; }
        entry.line = one.pick.line;
        entry.id_commit = snapshot.idCommit(one.pick.line);
        return entry;
      });
    }
    const winners = filled(composed.standing, ["slot", "attempt"]);
    const alternates = filled(composed.alternates, ["place"]);
    const promised = manifest.prizes.some(function (prize) { return prize.alternates; });
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

  // ---- receipts

  function formOf(good) {
    if (!good) { throw new Refused("draw.receipt.form"); }
  }

  function escaped(text) { return text.replace(/%/g, "%25").replace(/\|/g, "%7C"); }

  function plain(text) { return text.replace(/%7C/g, "|").replace(/%25/g, "%"); }

  /* {draw_id, line, n, tickets, unit, group, person_ref, salt, manifest, root, path} -> one line of ASCII,
     VDRAW1|DRAW_ID|INDEX|N|TICKETS|UNIT|CLASS|PERSON_REF|SALT|M|ROOT|PATH; `group` is the class, bytes in base64url. */
  function writeReceipt(receipt) {
    const text = [
      "VDRAW1", receipt.draw_id, receipt.line, receipt.n, receipt.tickets,
      escaped(receipt.unit), escaped(receipt.group), receipt.person_ref,
      base64url(receipt.salt), base64url(receipt.manifest), base64url(receipt.root), base64url(concat(receipt.path)),
    ].join("|");
    readReceipt(text);
    return text;
  }

  /* The receipt in a line as scanned or pasted, with or without spaces around it. Refused `draw.receipt.form`. */
  function readReceipt(text) {
    const fields = text.trim().split("|");
    const number = whole("0|[1-9][0-9]{0,9}");
    formOf(fields.length === 12 && fields[0] === "VDRAW1" && fields.slice(2, 5).every(function (field) {
      return number.test(field);
    }));
    const numbers = fields.slice(2, 5).map(Number);
    const texts = fields.slice(5, 7).map(plain);
    const bytes = fields.slice(8).map(unbase64url);
    formOf(IS_DRAW_ID.test(fields[1]) && IS_PERSON.test(fields[7]));
    formOf(numbers[0] < numbers[1] && numbers[1] <= MAX_TICKETS && numbers[2] >= 1 && numbers[2] <= MAX_TICKETS);
    formOf(IS_TEXT.test(texts[0]) && escaped(texts[0]) === fields[5]);
    formOf((texts[1] === "" || IS_TEXT.test(texts[1])) && escaped(texts[1]) === fields[6]);
    formOf(bytes.every(Boolean) && bytes[0].length === 16 && bytes[1].length === 32 && bytes[2].length === 32);
    formOf(bytes[3].length % 32 === 0 && bytes[3].length <= 1024);
    const path = [];
    for (let at = 0; at < bytes[3].length; at += 32) { path.push(bytes[3].subarray(at, at + 32)); }
    return {
      draw_id: fields[1], line: numbers[0], n: numbers[1], tickets: numbers[2], unit: texts[0], group: texts[1],
      person_ref: fields[7], salt: bytes[0], manifest: bytes[1], root: bytes[2], path: path,
    };
  }

  /* The bytes of the snapshot line that a receipt claims. */
  function receiptLeaf(receipt) {
    const id = hex(idCommit(receipt.draw_id, receipt.salt, receipt.person_ref));
    return ascii([id, receipt.tickets, receipt.unit].concat(receipt.group ? [receipt.group] : []).join("\t"));
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
      try {
        const stated = parseManifest(data);
        good = stated.draw_id === receipt.draw_id && stated.n === receipt.n && stated.root === hex(receipt.root);
      } catch (error) {
        if (!(error instanceof Refused)) { throw error; }
      }
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

  /* Whether JSON as `readJson` gives it says the same as a plain value. */
  function same(found, wanted) {
    if (Array.isArray(wanted)) {
      return Array.isArray(found) && found.length === wanted.length && wanted.every(function (item, at) {
        return same(found[at], item);
      });
    }
    if (wanted !== null && typeof wanted === "object") {
      const keys = Object.keys(wanted);
      return found instanceof Map && found.size === keys.length && keys.every(function (key) {
        return found.has(key) && same(found.get(key), wanted[key]);
      });
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

  function checkSignatures(made, read, manifest) {
    for (const name of ["manifest.sig", "result.sig"]) {
      const data = read(name, true);
      if (!data) { continue; }
      if (notAscii(data) >= 0 || !/^[0-9a-f]{128}\n$/.test(textOf(data))) {
        made.add("signature.form", false, "verify.signature.wrong", { file: name });
      } else if (manifest.signer) {
        made.add("signature.form", true, "verify.signature", { file: name, signer: manifest.signer });
      } else {
        made.add("signature.form", false, "verify.signature.nobody", { file: name });
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
    const hash = hex(yield* within(hashing(data), 0, 0.1));
    const stated = manifest.file ? "verify.snapshot.hash" : "verify.snapshot.hash.unstated";
    let good = made.held("snapshot.hash", stated, function () { checkFile(manifest, hash); });
    let snapshot = null;
    try {
      snapshot = yield* within(parsingSnapshot(data), 0.1, 0.4);
    } catch (error) {
      if (!(error instanceof Refused)) { throw error; }
      const name = error.code === "draw.snapshot.order" ? "snapshot.sorted" : "snapshot.form";
      made.add(name, false, error.code, error.facts);
      return null;
    }
    made.add("snapshot.form", true, "verify.snapshot.form");
    made.add("snapshot.sorted", true, "verify.snapshot.sorted");
    const facts = { n: manifest.n, tickets: manifest.tickets };
    const counted = function () { checkCounts(manifest, snapshot); };
    good = made.held("tickets.total", "verify.tickets.total", counted, facts) && good;
    const grown = yield* within(growing(snapshot.n, snapshot.leaf), 0.4, 0.9);
    good = made.held("merkle.root", "verify.merkle.root", function () { checkRoot(manifest, grown.root); }) && good;
    return good ? snapshot : null;
  }

  /* {hash: of the void list, empty for none; list: its lines, null when it is no good}. */
  function checkVoids(made, read, manifest) {
    const failures = made.report.checks.length;
    const data = read("void.tsv", true) || new Uint8Array(0);
    const found = { hash: "", list: null };
    if (made.report.checks.length > failures) { return found; }
    if (data.length) { found.hash = hex(sha256(data)); }
    const refused = refusalOf(function () { found.list = parseVoids(data, manifest.n); });
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
    const refused = refusalOf(function () { found.list = parsePresent(data, manifest.n); });
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
          checkReveal(manifest, at, event[1], unhex(event[2]));
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
    const filled = function (list) { return list.filter(function (one) { return one.pick; }).length; };
    const gone = lines.filter(function (line) { return kindOf(line) === "absent"; }).length;
    const slots = manifest.prizes.reduce(function (sum, prize) { return sum + prize.count; }, 0);
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
    if (notAscii(data) < 0 && textOf(data) === published.result) {
      made.add("chain", true, "verify.chain", { head: published.head });
      made.add("code", true, "verify.code", { code: published.code });
      made.add("result.exact", true, "verify.result.exact");
      return;
    }
    let found = null;
    refusalOf(function () { found = readJson(data); });
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
    const at = heads.map(displayCode).indexOf(readCode(expected));
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
      lines = splitLog(data);
      events = checkOrder(lines, manifest, true);
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
      const reveals = events.filter(function (event) { return event[0] === "reveal"; }).length;
      if (reveals === manifest.commit.length) { made.add("winners", false, "verify.winners.unknown"); }
      return;
    }
    let composed = null;
    try {
      const steps = composing(manifest, m, snapshot, inputsOf(lines), Array.from(voids.list.keys()), present.list);
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
    const published = publish(manifest, m, snapshot, composed);
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
    const mine = function (one) { return one.line === receipt.line; };
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
      splitLog(data || new Uint8Array(0)).forEach(function (line) {
        const event = readEvent(line, 0);
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
    made.held("manifest.known", "verify.manifest.known", function () { manifest = parseManifest(data); });
    let snapshot = null;
    let voids = { hash: "", list: null };
    if (manifest) {
      for (const key of ["draw_id", "rehearsal", "root", "n", "tickets"]) { report[key] = manifest[key]; }
      checkSignatures(made, read, manifest);
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
     cannot be read. `expected` holds what a person knows: {manifest: M in hex, code, receipt}, all optional. Gives
     {ok, usable, state, draw_id, rehearsal, manifest, root, n, tickets, seed, head, code, winners, alternates, checks};
     `state`: unusable, frozen, armed, rolled, revealed, open, closed, aborted or unknown. Never refuses. */
  function verify(files, expected) { return finish(verifying(files, expected)); }

  return {
    PROTOCOL: PROTOCOL, Refused: Refused, finish: finish,
    hex: hex, unhex: unhex, base64url: base64url, unbase64url: unbase64url, ascii: ascii, textOf: textOf, equal: equal,
    concat: concat, u32: u32, u64: u64, lp: lp, sha256: sha256, hmac: hmac, th: th, mac: mac,
    idCommit: idCommit, commitment: commitment, checkDice: checkDice, venueValue: venueValue, beaconValue: beaconValue,
    seed: seed, roundKey: roundKey, redrawKey: redrawKey,
    readJson: readJson, parseManifest: parseManifest, parseSnapshot: parseSnapshot, parseVoids: parseVoids,
    parsePresent: parsePresent, checkFile: checkFile, checkCounts: checkCounts, checkRoot: checkRoot,
    leafHash: leafHash, nodeHash: nodeHash, tree: tree, pathHolds: pathHolds, word: word, choose: choose,
    splitLog: splitLog, inputsOf: inputsOf, checkOrder: checkOrder, checkReveal: checkReveal, armLine: armLine,
    logText: logText, chain: chain, displayCode: displayCode, readCode: readCode,
    ceremony: ceremony, compose: compose, publish: publish,
    writeSecret: writeSecret, readSecret: readSecret,
    writeReceipt: writeReceipt, readReceipt: readReceipt, checkReceipt: checkReceipt,
    verify: verify, verifyReceipt: verifyReceipt, throwsOf: throwsOf,
    steps: {
      sha256: hashing, parseSnapshot: parsingSnapshot, tree: growing, compose: composing, verify: verifying,
    },
  };
})();

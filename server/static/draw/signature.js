/* Ed25519 (RFC 8032, section 5.1.7), checking alone: who published the files. The other implementation is
   rewards/draws/rules/signature.py. Classic script, ES2015; needs core.js. Numbers of the field are sixteen limbs of
   sixteen bits, lowest first, in plain numbers that stay exact (below 2^53). */
var vsigned = (function () {
  "use strict";

  const LIMB = 65536;

  // ---- SHA-512, on pairs of 32-bit words

  /* The fractional bits of roots are worked out once, on whole numbers: 64 bits of the square or cube root of a prime. */
  const K = [], H0 = [];

  /* Compares a^power with prime * 2^(64 * power), where a is an array of 16-bit limbs, lowest first. */
  function product(one, other) {
    const made = new Array(one.length + other.length).fill(0);
    for (let i = 0; i < one.length; i += 1) {
      let carry = 0;
      for (let j = 0; j < other.length || carry; j += 1) {
        const sum = made[i + j] + carry + one[i] * (j < other.length ? other[j] : 0);
        made[i + j] = sum % LIMB;
        carry = (sum - sum % LIMB) / LIMB;
      }
    }
    return made;
  }

  function above(limbs, prime, power) {
    let made = limbs;
    for (let i = 1; i < power; i += 1) { made = product(made, limbs); }
    const wanted = new Array(4 * power).fill(0).concat([prime]);
    for (let i = (made.length > wanted.length ? made.length : wanted.length) - 1; i >= 0; i -= 1) {
      const mine = made[i] || 0, its = wanted[i] || 0;
      if (mine !== its) { return mine > its; }
    }
    return false;
  }

  /* The first 64 bits behind the point of a root, as [high, low]. */
  function fraction(prime, power) {
    const limbs = [0, 0, 0, 0, 0];
    for (let bit = 5 * 16 - 1; bit >= 0; bit -= 1) {
      const at = bit >> 4, value = 1 << (bit & 15);
      limbs[at] += value;
      if (above(limbs, prime, power)) { limbs[at] -= value; }
    }
    return [(limbs[3] << 16 | limbs[2]) >>> 0, (limbs[1] << 16 | limbs[0]) >>> 0];
  }

  function begin() {
    for (let prime = 2; K.length < 80; prime += 1) {
      let whole = true;
      for (let by = 2; by * by <= prime; by += 1) { whole = whole && prime % by !== 0; }
      if (whole) {
        K.push(fraction(prime, 3));
        if (H0.length < 8) { H0.push(fraction(prime, 2)); }
      }
    }
  }

  function sum() {
    let high = 0, low = 0;
    for (let i = 0; i < arguments.length; i += 1) {
      low += arguments[i][1];
      high += arguments[i][0];
    }
    return [(high + (low - low % 4294967296) / 4294967296) % 4294967296 >>> 0, low % 4294967296 >>> 0];
  }

  function turned(word, by) {
    const high = by < 32 ? word[0] : word[1], low = by < 32 ? word[1] : word[0], some = by % 32;
    if (!some) { return [high, low]; }
    return [(high >>> some | low << 32 - some) >>> 0, (low >>> some | high << 32 - some) >>> 0];
  }

  function moved(word, by) { return [word[0] >>> by, (word[1] >>> by | word[0] << 32 - by) >>> 0]; }

  function odd(a, b, c) { return [(a[0] ^ b[0] ^ c[0]) >>> 0, (a[1] ^ b[1] ^ c[1]) >>> 0]; }

  function sha512(data) {
    if (!K.length) { begin(); }
    const size = data.length + 17, all = new Uint8Array(size + (128 - size % 128) % 128);
    all.set(data);
    all[data.length] = 128;
    for (let i = 0, bits = data.length * 8; bits > 0; i += 1) {
      all[all.length - 1 - i] = bits % 256;
      bits = (bits - bits % 256) / 256;
    }
    let state = H0.slice();
    for (let block = 0; block < all.length; block += 128) {
      const w = [];
      for (let i = block; i < block + 128; i += 8) {
        w.push([(all[i] << 24 | all[i + 1] << 16 | all[i + 2] << 8 | all[i + 3]) >>> 0,
          (all[i + 4] << 24 | all[i + 5] << 16 | all[i + 6] << 8 | all[i + 7]) >>> 0]);
      }
      for (let i = 16; i < 80; i += 1) {
        w.push(sum(odd(turned(w[i - 2], 19), turned(w[i - 2], 61), moved(w[i - 2], 6)), w[i - 7],
          odd(turned(w[i - 15], 1), turned(w[i - 15], 8), moved(w[i - 15], 7)), w[i - 16]));
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 80; i += 1) {
        const choice = [(e[0] & f[0] ^ ~e[0] & g[0]) >>> 0, (e[1] & f[1] ^ ~e[1] & g[1]) >>> 0];
        const first = sum(h, odd(turned(e, 14), turned(e, 18), turned(e, 41)), choice, K[i], w[i]);
        const most = [(a[0] & b[0] ^ a[0] & c[0] ^ b[0] & c[0]) >>> 0, (a[1] & b[1] ^ a[1] & c[1] ^ b[1] & c[1]) >>> 0];
        const second = sum(odd(turned(a, 28), turned(a, 34), turned(a, 39)), most);
        h = g; g = f; f = e; e = sum(d, first); d = c; c = b; b = a; a = sum(first, second);
      }
      state = [a, b, c, d, e, f, g, h].map((word, at) => sum(word, state[at]));
    }
    const out = new Uint8Array(64);
    state.forEach((word, at) => {
      for (let i = 0; i < 8; i += 1) { out[8 * at + i] = word[i < 4 ? 0 : 1] >>> 24 - 8 * (i % 4) & 255; }
    });
    return out;
  }

  // ---- the field of 2^255 - 19

  function field(first) {
    const made = new Array(16).fill(0);
    (first || []).forEach((limb, at) => { made[at] = limb; });
    return made;
  }

  const D = field([0x78a3, 0x1359, 0x4dca, 0x75eb, 0xd8ab, 0x4141, 0x0a4d, 0x0070, 0xe898, 0x7779, 0x4079, 0x8cc7,
    0xfe73, 0x2b6f, 0x6cee, 0x5203]);
  const ROOT = field([0xa0b0, 0x4a0e, 0x1b27, 0xc4ee, 0xe478, 0xad2f, 0x1806, 0x2f43, 0xd7a7, 0x3dfb, 0x0099, 0x2b4d,
    0xdf0b, 0x4fc1, 0x2480, 0x2b83]);
  const ONE = field([1]), ZERO = field();

  function carried(limbs) {
    for (let i = 0; i < 16; i += 1) {
      const rest = (limbs[i] % LIMB + LIMB) % LIMB, carry = (limbs[i] - rest) / LIMB;
      limbs[i] = rest;
      if (i < 15) { limbs[i + 1] += carry; } else { limbs[0] += 38 * carry; }
    }
    return limbs;
  }

  function plus(a, b) {
    const made = field();
    for (let i = 0; i < 16; i += 1) { made[i] = a[i] + b[i]; }
    return carried(made);
  }

  function minus(a, b) {
    const made = field();
    for (let i = 0; i < 16; i += 1) { made[i] = a[i] - b[i]; }
    return carried(carried(made));
  }

  function times(a, b) {
    const wide = new Array(31).fill(0);
    for (let i = 0; i < 16; i += 1) { for (let j = 0; j < 16; j += 1) { wide[i + j] += a[i] * b[j]; } }
    const made = field();
    for (let i = 0; i < 16; i += 1) { made[i] = wide[i] + (i < 15 ? 38 * wide[i + 16] : 0); }
    return carried(carried(carried(made)));
  }

  /* The number below 2^255 - 19, as 32 bytes, lowest first. */
  function bytesOf(value) {
    let limbs = carried(carried(carried(value.slice())));
    for (let round = 0; round < 2; round += 1) {
      const less = field();
      let borrow = 0;
      for (let i = 0; i < 16; i += 1) {
        let left = limbs[i] - (i === 0 ? 0xffed : i === 15 ? 0x7fff : 0xffff) - borrow;
        borrow = left < 0 ? 1 : 0;
        if (left < 0) { left += LIMB; }
        less[i] = left;
      }
      if (!borrow) { limbs = less; }
    }
    const out = new Uint8Array(32);
    for (let i = 0; i < 16; i += 1) {
      out[2 * i] = limbs[i] & 255;
      out[2 * i + 1] = limbs[i] >> 8;
    }
    return out;
  }

  function equal(a, b) {
    const mine = bytesOf(a), its = bytesOf(b);
    return mine.every((byte, at) => byte === its[at]);
  }

  /* a to a power given by its bits, the highest first. */
  function raised(a, bits) {
    let made = ONE;
    for (const bit of bits) {
      made = times(made, made);
      if (bit) { made = times(made, a); }
    }
    return made;
  }

  /* 2^255 - 21: what divides; 2^252 - 3: what takes a root. */
  const INVERSE = [], HALF = [];
  for (let bit = 254; bit >= 0; bit -= 1) { INVERSE.push(bit !== 2 && bit !== 4); }
  for (let bit = 251; bit >= 0; bit -= 1) { HALF.push(bit !== 1); }

  // ---- points: X, Y, Z, T

  function together(p, q) {
    const a = times(minus(p[1], p[0]), minus(q[1], q[0])), b = times(plus(p[1], p[0]), plus(q[1], q[0]));
    const t = times(times(p[3], q[3]), D), z = times(p[2], q[2]), c = plus(t, t), d = plus(z, z);
    const e = minus(b, a), f = minus(d, c), g = plus(d, c), h = plus(b, a);
    return [times(e, f), times(g, h), times(f, g), times(e, h)];
  }

  /* `number`: bytes, lowest first. */
  function many(number, point) {
    let made = [ZERO, ONE, ONE, ZERO];
    for (let bit = 8 * number.length - 1; bit >= 0; bit -= 1) {
      made = together(made, made);
      if (number[bit >> 3] >> (bit & 7) & 1) { made = together(made, point); }
    }
    return made;
  }

  /* The point of 32 bytes; null when they are none. */
  function pointOf(bytes) {
    const y = field();
    for (let i = 0; i < 16; i += 1) { y[i] = bytes[2 * i] | bytes[2 * i + 1] << 8; }
    const sign = bytes[31] >> 7;
    y[15] %= 32768;
    const written = bytesOf(y);
    if (!written.every((byte, at) => byte === (at === 31 ? bytes[31] & 127 : bytes[at]))) { return null; }
    const squared = times(y, y), above = minus(squared, ONE), below = plus(times(D, squared), ONE);
    const square = times(above, raised(below, INVERSE));
    let x = times(square, raised(square, HALF));
    if (!equal(times(x, x), square)) { x = times(x, ROOT); }
    if (!equal(times(x, x), square)) { return null; }
    const low = bytesOf(x);
    if (sign && low.every((byte) => byte === 0)) { return null; }
    if ((low[0] & 1) !== sign) { x = minus(ZERO, x); }
    return [x, y, ONE, times(x, y)];
  }

  const ORDER = vdraw.unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

  /* Whether a number (bytes, lowest first) is below the order of the base. */
  function small(number) {
    for (let i = 31; i >= 0; i -= 1) {
      if (number[i] !== ORDER[i]) { return number[i] < ORDER[i]; }
    }
    return false;
  }

  /* The rest of 64 bytes divided by the order, bit by bit. */
  function rest(number) {
    const made = new Uint8Array(33);
    for (let bit = 511; bit >= 0; bit -= 1) {
      let carry = number[bit >> 3] >> (bit & 7) & 1;
      for (let i = 0; i < 33; i += 1) {
        const twice = made[i] * 2 + carry;
        made[i] = twice & 255;
        carry = twice >> 8;
      }
      if (made[32] || !small(made)) {
        let borrow = 0;
        for (let i = 0; i < 33; i += 1) {
          const left = made[i] - (i < 32 ? ORDER[i] : 0) - borrow;
          borrow = left < 0 ? 1 : 0;
          made[i] = left & 255;
        }
      }
    }
    return made.slice(0, 32);
  }

  /* Whether 32 bytes are a key at all, by which something can be signed. */
  function isKey(key) { return key.length === 32 && pointOf(key) !== null; }

  /* Whether 64 bytes are the signature of data by the key of these 32; false for anything malformed. */
  function isSigned(key, signature, data) {
    if (key.length !== 32 || signature.length !== 64) { return false; }
    const start = signature.slice(0, 32), number = signature.slice(32);
    const owner = pointOf(key), from = pointOf(start);
    if (!owner || !from || !small(number)) { return false; }
    const all = new Uint8Array(64 + data.length);
    all.set(start);
    all.set(key, 32);
    all.set(data, 64);
    const base = pointOf(vdraw.unhex("58" + "66".repeat(31)));
    const left = many(number, base), right = together(from, many(rest(sha512(all)), owner));
    return equal(times(left[0], right[2]), times(right[0], left[2]))
      && equal(times(left[1], right[2]), times(right[1], left[2]));
  }

  return { isKey, isSigned, sha512 };
})();

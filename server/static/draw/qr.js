/* QR codes (ISO/IEC 18004) small enough to read: versions 1 to 10, error correction level M, one segment of letters
   and digits or of bytes. Classic script, ES2015, no dependencies. `vqr.encode(text)` gives {version, mask, size,
   dark}, `dark[y * size + x]` being 1 for a dark module; the text is ASCII of at most 213 characters (311 of the
   alphanumeric set). RangeError for more. `vqr.path(code)` is the same as the path data of an SVG, one unit a module;
   `vqr.svg(text, name)` an element of that class with the quiet zone around it. */
var vqr = (function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  /* By version from 1: codewords of correction a block, then the codewords of data of each block. */
  const BLOCKS = [
    null, [10, 16], [16, 28], [26, 44], [18, 32, 32], [24, 43, 43], [16, 27, 27, 27, 27], [18, 31, 31, 31, 31],
    [22, 38, 38, 39, 39], [22, 36, 36, 36, 37, 37], [26, 43, 43, 43, 43, 44],
  ];
  const ALIGNED = [
    null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50],
  ];
  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const MASKS = [
    function (x, y) { return (x + y) % 2; },
    function (x, y) { return y % 2; },
    function (x) { return x % 3; },
    function (x, y) { return (x + y) % 3; },
    function (x, y) { return ((y >> 1) + Math.floor(x / 3)) % 2; },
    function (x, y) { return x * y % 2 + x * y % 3; },
    function (x, y) { return (x * y % 2 + x * y % 3) % 2; },
    function (x, y) { return ((x + y) % 2 + x * y % 3) % 2; },
  ];

  // ---- arithmetic in GF(256) of the polynomial 0x11d

  const POWER = new Uint8Array(512);
  const LOG = new Uint8Array(256);
  for (let i = 0, value = 1; i < 255; i += 1) {
    POWER[i] = value;
    POWER[i + 255] = value;
    LOG[value] = i;
    value = value << 1 ^ (value & 128 ? 0x11d : 0);
  }

  function times(a, b) { return a && b ? POWER[LOG[a] + LOG[b]] : 0; }

  /* The `count` codewords of Reed-Solomon correction for a block. */
  function correction(block, count) {
    let generator = [1];
    for (let i = 0; i < count; i += 1) {
      const next = generator.concat([0]);
      for (let k = 0; k < generator.length; k += 1) { next[k + 1] ^= times(generator[k], POWER[i]); }
      generator = next;
    }
    const rest = block.concat(new Array(count).fill(0));
    for (let i = 0; i < block.length; i += 1) {
      const lead = rest[i];
      for (let k = 0; k < generator.length; k += 1) { rest[i + k] ^= times(generator[k], lead); }
    }
    return rest.slice(block.length);
  }

  /* `value` followed by the remainder of its division by `generator`, a BCH code. */
  function guarded(value, generator, bits) {
    let rest = value << bits;
    for (let i = 31 - Math.clz32(rest); i >= bits; i = 31 - Math.clz32(rest)) { rest ^= generator << i - bits; }
    return value << bits | rest;
  }

  // ---- from the text to codewords

  function capacity(version) { return BLOCKS[version].slice(1).reduce(function (sum, size) { return sum + size; }, 0); }

  function segment(text, version) {
    const bits = [];
    function put(value, width) {
      for (let i = width - 1; i >= 0; i -= 1) { bits.push(value >> i & 1); }
    }
    let plain = true;
    for (const letter of text) { plain = plain && LETTERS.indexOf(letter) >= 0; }
    put(plain ? 2 : 4, 4);
    put(text.length, plain ? (version < 10 ? 9 : 11) : version < 10 ? 8 : 16);
    if (plain) {
      for (let i = 0; i < text.length; i += 2) {
        const first = LETTERS.indexOf(text[i]);
        if (i + 1 < text.length) { put(first * 45 + LETTERS.indexOf(text[i + 1]), 11); } else { put(first, 6); }
      }
    } else {
      for (let i = 0; i < text.length; i += 1) { put(text.charCodeAt(i) & 255, 8); }
    }
    return bits;
  }

  function codewords(bits, version) {
    const room = capacity(version);
    const end = bits.concat(new Array(Math.min(4, room * 8 - bits.length)).fill(0));
    while (end.length % 8) { end.push(0); }
    const data = [];
    for (let i = 0; i < end.length; i += 8) { data.push(parseInt(end.slice(i, i + 8).join(""), 2)); }
    for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) { data.push(pad); }
    let at = 0;
    const blocks = BLOCKS[version].slice(1).map(function (size) {
      at += size;
      return data.slice(at - size, at);
    });
    const corrections = blocks.map(function (block) { return correction(block, BLOCKS[version][0]); });
    return woven(blocks).concat(woven(corrections));
  }

  /* The first of each list, then the second of each, and so on. */
  function woven(lists) {
    const all = [];
    const longest = Math.max.apply(null, lists.map(function (list) { return list.length; }));
    for (let i = 0; i < longest; i += 1) {
      for (const list of lists) {
        if (i < list.length) { all.push(list[i]); }
      }
    }
    return all;
  }

  // ---- the matrix

  /* {size, dark, taken}: what every code of a version has, with its place for the format left free. */
  function frame(version) {
    const size = 17 + 4 * version;
    const dark = new Uint8Array(size * size);
    const taken = new Uint8Array(size * size);
    function set(x, y, value) {
      if (x < 0 || y < 0 || x >= size || y >= size) { return; }
      dark[y * size + x] = value ? 1 : 0;
      taken[y * size + x] = 1;
    }
    for (let i = 0; i < size; i += 1) {
      set(i, 6, i % 2 === 0);
      set(6, i, i % 2 === 0);
    }
    for (const corner of [[3, 3], [size - 4, 3], [3, size - 4]]) {
      for (let dy = -4; dy <= 4; dy += 1) {
        for (let dx = -4; dx <= 4; dx += 1) {
          const ring = Math.max(Math.abs(dx), Math.abs(dy));
          set(corner[0] + dx, corner[1] + dy, ring !== 2 && ring !== 4);
        }
      }
    }
    const last = size - 7;
    for (const y of ALIGNED[version]) {
      for (const x of ALIGNED[version]) {
        if (x === 6 && (y === 6 || y === last) || x === last && y === 6) { continue; }
        for (let dy = -2; dy <= 2; dy += 1) {
          for (let dx = -2; dx <= 2; dx += 1) { set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1); }
        }
      }
    }
    if (version >= 7) {
      const bits = guarded(version, 0x1f25, 12);
      for (let i = 0; i < 18; i += 1) {
        set(Math.floor(i / 3), size - 11 + i % 3, bits >> i & 1);
        set(size - 11 + i % 3, Math.floor(i / 3), bits >> i & 1);
      }
    }
    format(set, size, 0);
    return { size: size, dark: dark, taken: taken, set: set };
  }

  /* Level M and the number of the mask, twice, and the one module that is always dark. */
  function format(set, size, mask) {
    const bits = guarded(mask, 0x537, 10) ^ 0x5412;
    for (let i = 0; i < 15; i += 1) {
      const bit = bits >> i & 1;
      const along = i < 6 ? i : i < 8 ? i + 1 : size - 15 + i;
      const across = i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i;
      set(8, along, bit);
      set(across, 8, bit);
    }
    set(8, size - 8, 1);
  }

  /* Data run up and down in columns two wide from the right; the column of the timing pattern is left out. */
  function fill(matrix, words) {
    const size = matrix.size;
    let bit = 0;
    let up = true;
    for (let right = size - 1; right > 0; right -= 2) {
      if (right === 6) { right = 5; }
      for (let i = 0; i < size; i += 1) {
        const y = up ? size - 1 - i : i;
        for (const x of [right, right - 1]) {
          if (!matrix.taken[y * size + x]) {
            matrix.dark[y * size + x] = bit < words.length * 8 ? words[bit >> 3] >> 7 - (bit & 7) & 1 : 0;
            bit += 1;
          }
        }
      }
      up = !up;
    }
  }

  function masked(matrix, mask) {
    const size = matrix.size;
    const dark = matrix.dark.slice();
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        if (!matrix.taken[y * size + x] && !MASKS[mask](x, y)) { dark[y * size + x] ^= 1; }
      }
    }
    format(function (x, y, value) { dark[y * size + x] = value; }, size, mask);
    return dark;
  }

  /* How hard a code is to read, by the four rules of the standard. */
  function penalty(dark, size) {
    let sum = 0;
    let count = 0;
    function line(at) {
      let run = 0;
      let before = -1;
      let seen = 0;
      for (let i = 0; i < size; i += 1) {
        const value = at(i);
        run = value === before ? run + 1 : 1;
        before = value;
        if (run === 5) { sum += 3; } else if (run > 5) { sum += 1; }
        seen = (seen << 1 | value) & 0x7ff;
        if (i >= 10 && (seen === 0x5d0 || seen === 0x05d)) { sum += 40; }
      }
    }
    for (let i = 0; i < size; i += 1) {
      line(function (k) { return dark[i * size + k]; });
      line(function (k) { return dark[k * size + i]; });
    }
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        const value = dark[y * size + x];
        count += value;
        const square = x + 1 < size && y + 1 < size && value === dark[y * size + x + 1] &&
          value === dark[(y + 1) * size + x] && value === dark[(y + 1) * size + x + 1];
        if (square) { sum += 3; }
      }
    }
    return sum + 10 * Math.floor(Math.abs(count * 20 - size * size * 10) / (size * size));
  }

  function encode(text) {
    let version = 1;
    while (version <= 10 && segment(text, version).length > capacity(version) * 8) { version += 1; }
    if (version > 10) { throw new RangeError("too long for a QR code of version 10"); }
    const matrix = frame(version);
    fill(matrix, codewords(segment(text, version), version));
    let best = null;
    for (let mask = 0; mask < 8; mask += 1) {
      const dark = masked(matrix, mask);
      const cost = penalty(dark, matrix.size);
      if (!best || cost < best.cost) { best = { cost: cost, mask: mask, dark: dark }; }
    }
    return { version: version, mask: best.mask, size: matrix.size, dark: best.dark };
  }

  function path(code) {
    let data = "";
    for (let y = 0; y < code.size; y += 1) {
      for (let x = 0; x < code.size; x += 1) {
        let end = x;
        while (end < code.size && code.dark[y * code.size + end]) { end += 1; }
        if (end > x) {
          data += "M" + x + " " + y + "h" + (end - x) + "v1h-" + (end - x) + "z";
          x = end;
        }
      }
    }
    return data;
  }

  function svg(text, name) {
    const code = encode(text);
    const made = document.createElementNS(SVG, "svg");
    const dark = document.createElementNS(SVG, "path");
    made.setAttribute("viewBox", "-4 -4 " + (code.size + 8) + " " + (code.size + 8));
    made.setAttribute("class", name);
    made.setAttribute("shape-rendering", "crispEdges");
    dark.setAttribute("d", path(code));
    made.appendChild(dark);
    return made;
  }

  return { encode, path, svg };
})();

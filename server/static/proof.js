/* A proof of work, for a form with data-proof="CHALLENGE" and data-bits="N": when it is sent, the number is looked for
   that makes the SHA-256 of "CHALLENGE.NUMBER" begin with N zero bits, and sent along as `proof`. Whoever guesses many
   codes pays for each; whoever signs in waits a second. A page over plain http has no Web Crypto, so the hash stands
   here: of one block, since the text is shorter than 56 signs. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-proof]");
  if (!form) { return; }
  var SLICE_MS = 40;

  var K = new Int32Array(64);
  var START = new Int32Array(8);
  /* The first 32 bits behind the point of square roots (START) and cube roots (K) of the first primes. */
  for (var prime = 2, found = 0; found < 64; prime += 1) {
    var whole = true;
    for (var by = 2; by * by <= prime; by += 1) { if (prime % by === 0) { whole = false; break; } }
    if (!whole) { continue; }
    if (found < 8) { START[found] = fraction(Math.pow(prime, 1 / 2)); }
    K[found] = fraction(Math.pow(prime, 1 / 3));
    found += 1;
  }

  function fraction(root) { return (root - Math.floor(root)) * 4294967296 | 0; }

  var W = new Int32Array(64);
  var block = new Int32Array(16);

  /* The first word of the hash of `block`. */
  function hash() {
    var i, x, y;
    for (i = 0; i < 16; i += 1) { W[i] = block[i]; }
    for (; i < 64; i += 1) {
      x = W[i - 15];
      y = W[i - 2];
      W[i] = W[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + W[i - 7]
        + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    var a = START[0], b = START[1], c = START[2], d = START[3];
    var e = START[4], f = START[5], g = START[6], h = START[7];
    for (i = 0; i < 64; i += 1) {
      x = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + W[i] | 0;
      y = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + x | 0;
      d = c; c = b; b = a; a = x + y | 0;
    }
    return START[0] + a | 0;
  }

  /* Puts an ASCII text at a place of `block`, and after it what ends a message there. */
  function put(text, at) {
    for (var i = at >> 2; i < 16; i += 1) { block[i] = i === at >> 2 ? block[i] & ~(-1 >>> 8 * (at & 3)) : 0; }
    for (i = 0; i < text.length; i += 1, at += 1) { block[at >> 2] |= text.charCodeAt(i) << 24 - 8 * (at & 3); }
    block[at >> 2] |= 128 << 24 - 8 * (at & 3);
    block[15] = 8 * at;
  }

  function prove(given, bits, done) {
    var number = 0;
    var start = given.length + 1;
    put(given + ".", 0);
    (function go() {
      var until = Date.now() + SLICE_MS;
      while (Date.now() < until) {
        for (var end = number + 256; number < end; number += 1) {
          put(String(number), start);
          if (hash() >>> 32 - bits === 0) { done(given + "." + number); return; }
        }
      }
      setTimeout(go, 0);
    })();
  }

  var busy = false;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (busy) { return; }
    busy = true;
    var button = form.querySelector("button");
    var words = button.textContent;
    button.disabled = true;
    button.textContent = form.dataset.working;
    prove(form.dataset.proof, Number(form.dataset.bits), function (proof) {
      form.elements.namedItem("proof").value = proof;
      form.submit();
      busy = false;
      button.disabled = false;
      button.textContent = words;
    });
  });
})();

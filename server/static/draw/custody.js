/* A custodian's secret: made here of the browser's own chance, shown for paper, and forgotten. Only its commitment is
   sent. Needs core.js (vdraw) and qr.js (vqr). */
(function () {
  "use strict";
  var page = document.querySelector("[data-custody]");
  if (!page) { return; }
  var secret = null;
  var sealed = false;
  var asked = [];

  function all(selector) { return Array.prototype.slice.call(page.querySelectorAll(selector)); }
  function one(selector) { return page.querySelector(selector); }
  function step(name) {
    var before = true;
    all("[data-step]").forEach(function (item) {
      var now = item.dataset.step === name;
      item.className = now ? "is-now" : before ? "is-done" : "is-later";
      if (now) { before = false; }
    });
  }
  function tell(words) {
    var place = one("[data-error]");
    place.textContent = words;
    place.hidden = !words;
  }

  /* Two different rows of the eight to be typed from the paper. */
  function askRows() {
    var first = secret[0] % 8;
    asked = [first, (first + 1 + secret[1] % 7) % 8];
    asked.sort();
    all("[data-row]").forEach(function (input, place) {
      var label = page.querySelector('label[for="' + input.id + '"]');
      label.textContent = label.textContent.replace(/\s*\d*$/, "") + " " + (asked[place] + 1);
      input.value = "";
    });
  }

  function make() {
    var chance = window.crypto || window.msCrypto;
    if (!chance || !chance.getRandomValues) {
      tell(page.dataset.noChance);
      return;
    }
    secret = chance.getRandomValues(new Uint8Array(32));
    var rows = vdraw.writeSecret(secret).trim().split("\n");
    all("[data-envelope]").forEach(function (envelope) {
      var list = envelope.querySelector("[data-rows]");
      list.textContent = "";
      rows.forEach(function (row) {
        var item = document.createElement("li");
        item.textContent = row.replace(/^\d:\s*/, "");
        list.appendChild(item);
      });
      var place = envelope.querySelector("[data-qr]");
      place.textContent = "";
      place.appendChild(vqr.svg(vdraw.hex(secret), "qr"));
    });
    one("[data-envelopes]").hidden = false;
    one("[data-make]").hidden = true;
    askRows();
    step("keep");
    all('[data-step="confirm"]')[0].className = "is-now";
  }

  /* Whether what was typed is that row of the secret, with or without its check digits. */
  function rowHolds(row, typed) {
    var plain = typed.normalize("NFKC").toLowerCase().replace(/^\s*[1-8]\s*:/, "").replace(/[^0-9a-f]/g, "");
    var wanted = vdraw.writeSecret(secret).trim().split("\n")[row].replace(/^\d:\s*/, "").replace(/[^0-9a-f]/g, "");
    return plain === wanted || plain === wanted.slice(0, 8);
  }

  one("[data-make]").addEventListener("click", make);
  one("[data-print-envelopes]").addEventListener("click", function () { if (secret) { window.print(); } });
  one("[data-seal]").addEventListener("submit", function (event) {
    var wrong = null;
    if (secret) {
      all("[data-row]").forEach(function (input, place) {
        if (wrong === null && !rowHolds(asked[place], input.value)) { wrong = { input: input, row: asked[place] + 1 }; }
      });
    }
    if (!secret || wrong) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (wrong) {
        tell(page.dataset.wrong.replace("%(row)s", wrong.row));
        wrong.input.focus();
      }
      return;
    }
    tell("");
    sealed = true;
    var commitment = vdraw.hex(vdraw.commitment(page.dataset.draw, page.dataset.label, secret));
    var field = one('[name="commitment"]');
    if (field) {
      field.value = commitment;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    one("[data-commitment]").textContent = commitment.replace(/(.{8})(?=.)/g, "$1 ");
    one("[data-word]").hidden = false;
  }, true);
  window.addEventListener("beforeunload", function (event) {
    if (secret && !sealed) {
      event.preventDefault();
      event.returnValue = "";
    }
  });
})();

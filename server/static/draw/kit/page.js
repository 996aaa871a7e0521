/* What the kit's pages are built from: words in two languages and elements made without markup. Classic script,
   ES2015; needs core.js and qr.js, and the texts in the page. */
var vpage = (function () {
  "use strict";

  const TEXTS = JSON.parse(document.getElementById("texts").textContent);

  /* 1234567 -> 1,234,567, the same on every machine. */
  function number(value) { return String(value).replace(/\B(?=([0-9]{3})+$)/g, ","); }

  /* The words of `key` in a language, with `{facts}` put in; numbers grouped. An unknown key stays visible. */
  function words(language, key, facts) {
    const text = TEXTS[language][key];
    if (text === undefined) { return key; }
    return text.replace(/\{(\w+)\}/g, function (whole, name) {
      const fact = facts ? facts[name] : undefined;
      if (fact === undefined) { return whole; }
      return typeof fact === "number" ? number(fact) : String(fact);
    });
  }

  function known(key) { return TEXTS.en[key] !== undefined; }

  /* An element: h("p", {class: "soft", onclick: act, disabled: true}, "text", element, [elements], null). */
  function h(tag, attributes) {
    const made = document.createElement(tag);
    const given = attributes || {};
    Object.keys(given).forEach(function (key) {
      const value = given[key];
      if (value === null || value === undefined || value === false) { return; }
      if (key.slice(0, 2) === "on") {
        made.addEventListener(key.slice(2), value);
      } else if (key === "value" || key === "checked") {
        made[key] = value;
      } else {
        made.setAttribute(key, value === true ? "" : value);
      }
    });
    for (let i = 2; i < arguments.length; i += 1) { put(made, arguments[i]); }
    return made;
  }

  function put(parent, child) {
    if (Array.isArray(child)) {
      child.forEach(function (one) { put(parent, one); });
    } else if (child !== null && child !== undefined && child !== false) {
      parent.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
    }
  }

  function qr(text) {
    const svg = vqr.svg(text, "kit-qr");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "QR " + text);
    svg.setAttribute("data-text", text);
    return svg;
  }

  /* A long text in groups that the eye can follow; copied, it has no spaces. */
  function groups(text, size, name) {
    const parts = [];
    for (let i = 0; i < text.length; i += size) { parts.push(h("span", {}, text.slice(i, i + size))); }
    return h("span", { class: "kit-groups " + (name || "") }, parts);
  }

  /* What a refusal says: the sentence of its code, or the code itself. */
  function refusal(language, error) {
    if (!(error instanceof vdraw.Refused)) { return words(language, "kit.error", { what: String(error) }); }
    const row = error.paper ? words(language, "kit.paper.row", { row: error.paper }) + " " : "";
    return row + (known(error.code) ? words(language, error.code, error.facts) : error.code);
  }

  /* Runs a generator in slices of a few hundredths of a second, so that the page stays alive. */
  function run(steps, moved, done, failed) {
    const channel = new MessageChannel();
    channel.port1.onmessage = function () {
      const end = performance.now() + 40;
      let step = null;
      try {
        do { step = steps.next(); } while (!step.done && performance.now() < end);
      } catch (error) {
        failed(error);
        return;
      }
      if (step.done) {
        done(step.value);
      } else {
        moved(step.value);
        channel.port2.postMessage(0);
      }
    };
    channel.port2.postMessage(0);
  }

  /* The bytes of files that a person chose: calls back with [{name, data}]; a file that cannot be read has null. */
  function readFiles(files, done) {
    const read = [];
    let left = files.length;
    if (!left) { done(read); }
    Array.prototype.forEach.call(files, function (file, place) {
      const reader = new FileReader();
      function ready(data) {
        read[place] = { name: file.name, data: data };
        left -= 1;
        if (!left) { done(read); }
      }
      reader.onload = function () { ready(new Uint8Array(reader.result)); };
      reader.onerror = function () { ready(null); };
      reader.readAsArrayBuffer(file);
    });
  }

  /* Text of UTF-8 bytes; signs that are none become U+FFFD. */
  function utf8(data) { return new TextDecoder("utf-8").decode(data); }

  function save(name, text, type) {
    const address = URL.createObjectURL(new Blob([text], { type: type }));
    const link = h("a", { href: address, download: name });
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(address); }, 60000);
  }

  return {
    LANGUAGES: Object.keys(TEXTS).sort(), words, known, number, h, put, qr, groups, refusal, run, readFiles, utf8, save,
  };
})();

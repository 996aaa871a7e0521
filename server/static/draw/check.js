/* The check of a draw on somebody's own phone: gets the published files, lets vdraw (core.js) look at them piece by
   piece so that the page stays alive, and compares what the person holds in the hand: receipt, fingerprint, dice, code.
   No elements and no words here: a check is {name, ok, code, facts}, and the page has a sentence for every code, those
   of `python -m rewards.draws.verify` and drawCheck.CODES. Facts come from the files: show them as text only. */
var drawCheck = (function () {
  "use strict";

  const SLICE_MS = 12;
  const NAMES = [
    "manifest.json", "manifest.sig", "snapshot.tsv", "void.tsv", "present.tsv", "log.txt", "result.json", "result.sig",
  ];
  const CODES = ["check.dice.seen", "check.dice.other", "check.dice.early"];

  /* Runs a generator in slices of a few milliseconds; `progress` gets 0 to 1. Gives a promise of what it returns. */
  function sliced(steps, progress) {
    return new Promise(function (resolve, reject) {
      const channel = new MessageChannel();
      function slice() {
        const end = performance.now() + SLICE_MS;
        try {
          let step = steps.next();
          while (!step.done && performance.now() < end) { step = steps.next(); }
          if (progress) { progress(step.done ? 1 : step.value); }
          if (step.done) {
            channel.port1.close();
            resolve(step.value);
          } else {
            channel.port2.postMessage(null);
          }
        } catch (error) {
          channel.port1.close();
          reject(error);
        }
      }
      channel.port1.onmessage = slice;
      channel.port2.postMessage(null);
    });
  }

  /* One published file by its address: bytes, null when there is none, false when it cannot be had. */
  function fetchFile(address) {
    return fetch(address, { credentials: "same-origin" }).then(function (answer) {
      if (answer.status === 404 || answer.status === 410) { return null; }
      if (!answer.ok) { return false; }
      return answer.arrayBuffer().then(function (data) { return new Uint8Array(data); });
    }).catch(function () { return false; });
  }

  /* All files below the folder address `base` (it ends with a slash), one after the other. `known`: the names that are
     published, when that is known; the others are not asked for. */
  function fetchFiles(base, progress, known) {
    const files = {};
    return NAMES.reduce(function (before, name, at) {
      return before.then(function () {
        if (progress) { progress(at / NAMES.length); }
        if (known && known.indexOf(name) < 0) { return null; }
        return fetchFile(base + name);
      }).then(function (data) { files[name] = data; });
    }, Promise.resolve()).then(function () {
      if (progress) { progress(1); }
      return files;
    });
  }

  function readFile(file) {
    return new Promise(function (resolve) {
      const reader = new FileReader();
      reader.onload = function () { resolve(new Uint8Array(reader.result)); };
      reader.onerror = function () { resolve(false); };
      reader.readAsArrayBuffer(file);
    });
  }

  /* Files that a person chose, known by their names; `log (1).txt`, as browsers name a second download, is log.txt. The
     rest is left out. kit.html may be among them. */
  function readFiles(list) {
    const files = {};
    for (const name of NAMES) { files[name] = null; }
    const wanted = Array.prototype.filter.call(list, function (file) { return nameOf(file) !== ""; });
    return Promise.all(wanted.map(readFile)).then(function (found) {
      wanted.forEach(function (file, at) { files[nameOf(file)] = found[at]; });
      return files;
    });
  }

  function nameOf(file) {
    const name = file.name.replace(/ ?\([0-9]+\)(\.[a-z]+)$/, "$1");
    return NAMES.indexOf(name) >= 0 || name === "kit.html" ? name : "";
  }

  /* The dice that a person noted against all that the log holds. Spaces and full-width digits do not matter. */
  function checkDice(typed, log) {
    const digits = typed.normalize("NFKC").replace(/[^0-9]/g, "");
    const thrown = vdraw.throwsOf(log);
    const seen = thrown.filter(function (one) { return one.digits === digits; })[0];
    if (seen) { return { name: "dice.seen", ok: true, code: "check.dice.seen", facts: seen }; }
    if (!thrown.length) { return { name: "dice.seen", ok: false, code: "check.dice.early", facts: {} }; }
    return { name: "dice.seen", ok: false, code: "check.dice.other", facts: thrown[0] };
  }

  /* Checks `files` (names to bytes, null or false, as vdraw.verify). `seen`: {manifest, code, receipt, dice}, all text
     and all optional: the fingerprint, a code, the own receipt, the digits that were thrown. Gives a promise of the
     report of vdraw.verify, with one more check `dice.seen` when `dice` is given. */
  function check(files, seen, progress) {
    return sliced(vdraw.steps.verify(files, seen), progress).then(function (report) {
      if (seen && seen.dice) {
        const one = checkDice(seen.dice, files["log.txt"]);
        report.checks.push(one);
        report.ok = report.ok && one.ok;
      }
      return report;
    });
  }

  /* A receipt alone, at once: {ok, receipt, checks}; `receipt` null when it is none. `manifest`: bytes or null;
     `stage`: the fingerprint that is shown on the stage, or "". */
  function receipt(text, manifest, stage) {
    return vdraw.verifyReceipt(text, manifest, stage);
  }

  return {
    NAMES: NAMES, CODES: CODES, check: check, receipt: receipt, fetchFile: fetchFile, fetchFiles: fetchFiles,
    readFiles: readFiles, sliced: sliced,
  };
})();

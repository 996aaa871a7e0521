/* What the tests call in the page: text and hex in, plain JSON out. */
var glue = (function () {
  "use strict";

  /* Bytes travel as text of one character a byte. */
  function bytes(text) {
    if (text === null || text === undefined) { return null; }
    const found = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) { found[i] = text.charCodeAt(i); }
    return found;
  }

  /* {ok: value} or {refused: [code, facts]}; anything else that is thrown is a failure of the program. */
  function tried(run) {
    try {
      return { ok: run() };
    } catch (error) {
      if (!(error instanceof vdraw.Refused)) { throw error; }
      return { refused: [error.code, error.facts] };
    }
  }

  function read(files) {
    const data = bytes(files.manifest);
    const manifest = vdraw.parseManifest(data);
    const snapshot = vdraw.parseSnapshot(bytes(files.snapshot));
    const tree = vdraw.tree(snapshot.n, snapshot.leaf);
    vdraw.checkFile(manifest, vdraw.hex(vdraw.sha256(bytes(files.snapshot))));
    vdraw.checkCounts(manifest, snapshot);
    vdraw.checkRoot(manifest, tree.root);
    return {
      manifest: manifest,
      m: vdraw.sha256(data),
      snapshot: snapshot,
      voided: Array.from(vdraw.parseVoids(bytes(files.voids), manifest.n).keys()),
      present: files.present === null ? null : vdraw.parsePresent(bytes(files.present), manifest.n),
    };
  }

  function picks(list) {
    return list.map(function (one) {
      const pick = one.pick && [one.pick.counter, one.pick.weight, one.pick.ticket, one.pick.line];
      return [one.prize, one.place === undefined ? one.slot : one.place, one.attempt || 0, pick];
    });
  }

  /* A whole draw from its files and inputs. */
  function draw(files) {
    return tried(function () {
      const all = read(files);
      const composed = vdraw.compose(all.manifest, all.m, all.snapshot, files.inputs, all.voided, all.present);
      const published = vdraw.publish(all.manifest, all.m, all.snapshot, composed);
      return {
        log: published.log, result: published.result, code: published.code,
        standing: picks(composed.standing), alternates: picks(composed.alternates),
        seed: composed.seed ? vdraw.hex(composed.seed) : "", keys: composed.keys.map(vdraw.hex),
        heads: vdraw.hex(vdraw.sha256(vdraw.concat(composed.heads))), next: composed.next,
      };
    });
  }

  /* The same line by line, as the kit does it: the lines that each input gave. */
  function step(files) {
    return tried(function () {
      const all = read(files);
      const under = vdraw.ceremony(all.manifest, all.m, all.snapshot, all.voided, all.present);
      const told = files.inputs.map(function (line) { return under.add(line); });
      return told.concat([under.settle()]);
    });
  }

  /* The draw with wrong lines tried before every right one: the log, and how many were refused. A wrong line that is not
     refused is as good as the right one may be, and is not tried. */
  function harassed(files, wrong) {
    const all = read(files);
    const start = function () { return vdraw.ceremony(all.manifest, all.m, all.snapshot, all.voided, all.present); };
    const under = start();
    let refused = 0;
    files.inputs.forEach(function (line, at) {
      wrong.filter(function (one, place) { return place % 7 === at % 7; }).forEach(function (one) {
        const other = start();
        files.inputs.slice(0, at).forEach(function (known) { other.add(known); });
        if (tried(function () { return other.add(one); }).refused) {
          tried(function () { return under.add(one); });
          refused += 1;
        }
      });
      under.add(line);
    });
    return [under.now().lines, refused];
  }

  function all(files) {
    const found = {};
    Object.keys(files).forEach(function (name) { found[name] = bytes(files[name]); });
    return found;
  }

  function verify(files, expected) { return vdraw.verify(all(files), expected); }

  return { verify: verify, harassed: harassed, all: all, bytes: bytes, tried: tried, read: read, draw: draw, step: step };
})();

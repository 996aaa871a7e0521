/* What a scene of the stage looks like; stage.js says what a scene holds. Classic script, ES2015; needs
   stage_effects.js. */
var vscene = (function () {
  "use strict";

  const { width } = veffects;

  function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) { made.className = name; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function picture(source, name) {
    const made = element("img", name);
    made.alt = "";
    made.src = source;
    return made;
  }

  const SVG = "http://www.w3.org/2000/svg";

  /* Two branches of laurel around the middle of a 200 x 200 square. */
  function wreath() {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 200 200");
    svg.setAttribute("class", "stage-wreath");
    svg.setAttribute("aria-hidden", "true");
    for (const side of [1, -1]) {
      for (let i = 0; i < 9; i += 1) {
        const angle = 82 - i * 17;
        for (const lean of [-34, 34]) {
          const leaf = document.createElementNS(SVG, "path");
          leaf.setAttribute("d", "M0 0Q9 -8 24 0Q9 8 0 0z");
          leaf.setAttribute("transform", "translate(100 100) scale(" + side + " 1) rotate(" + angle +
            ") translate(78 0) rotate(" + (-90 + lean) + ")");
          svg.appendChild(leaf);
        }
      }
    }
    return svg;
  }

  /* Columns for `count` names. */
  function columns(count) {
    const steps = [[1, 1], [2, 2], [3, 3], [4, 2], [9, 3], [16, 4], [30, 5], [48, 6], [70, 7], [96, 8], [120, 9]];
    for (const step of steps) {
      if (count <= step[0]) { return step[1]; }
    }
    return 10;
  }

  function head(one) {
    const top = element("header", "stage-head");
    top.appendChild(element("p", "stage-eyebrow", one.eyebrow));
    top.appendChild(element("h1", "", one.title));
    if (one.note) { top.appendChild(element("p", "stage-note", one.note)); }
    return top;
  }

  function lines(body, one) {
    for (const line of one.lines || []) { body.appendChild(element("p", "stage-line", line)); }
  }

  function code(one) {
    const body = element("div", "stage-body stage-code");
    if (one.picture) {
      const svg = document.createElementNS(SVG, "svg");
      const path = document.createElementNS(SVG, "path");
      svg.setAttribute("viewBox", "-4 -4 " + (one.size + 8) + " " + (one.size + 8));
      svg.setAttribute("class", "stage-qr");
      path.setAttribute("d", one.picture);
      svg.appendChild(path);
      body.appendChild(svg);
    }
    const words = element("div", "stage-words");
    words.appendChild(element("b", "stage-figure", one.code));
    lines(words, one);
    body.appendChild(words);
    return body;
  }

  function title(one) {
    const body = element("div", "stage-body stage-title");
    body.appendChild(wreath());
    lines(body, one);
    return body;
  }

  function intro(one) {
    const body = element("div", "stage-body stage-intro");
    if (one.picture) { body.appendChild(picture(one.picture, "stage-picture")); } else { body.appendChild(wreath()); }
    body.appendChild(element("p", "stage-count", one.count));
    return body;
  }

  function build(one) {
    const body = element("div", "stage-body stage-build");
    body.appendChild(wreath());
    body.appendChild(element("canvas", "stage-roll"));
    return body;
  }

  /* A name much longer than `shown.usual` (em) stands in two lines, so that it does not make all others small. */
  function winner(one, number, shown) {
    const long = width(one.name) > 1.6 * shown.usual;
    const card = element("li", "stage-winner" + (one.out ? " is-out" : "") + (long ? " is-long" : ""));
    card.style.setProperty("--turn", number * 40 + "ms");
    card.style.setProperty("--own", Math.max(shown.usual, width(one.name) / (long ? 1.7 : 1)).toFixed(2));
    if (one.photo && shown.photos) { card.appendChild(picture(one.photo, "stage-photo")); }
    card.appendChild(element("b", "stage-name", one.name));
    if (one.note && shown.notes) { card.appendChild(element("span", "stage-unit", one.note)); }
    if (one.out) { card.appendChild(element("span", "stage-why", one.out)); }
    return card;
  }

  function winners(one, room) {
    const count = one.winners.length;
    const narrow = room < 700;
    const wide = narrow ? Math.min(columns(count), count > 12 ? 3 : count > 4 ? 2 : 1) : columns(count);
    const rows = Math.ceil(count / wide);
    const widths = one.winners.map(function (each) { return width(each.name); });
    widths.sort(function (x, y) { return x - y; });
    const shown = {
      usual: Math.max(widths[Math.floor((count - 1) * 0.8)], 3), notes: count <= 48,
      photos: count <= 12 && one.winners.some(function (each) { return each.photo; }),
    };
    const noted = shown.notes && one.winners.some(function (each) { return each.note; });
    const size = count === 1 ? " is-one" : count <= 9 ? " is-few" : count > 30 ? " is-many" : "";
    const list = element("ol", "stage-winners" + size);
    list.style.setProperty("--columns", wide);
    list.style.setProperty("--rows", rows);
    list.style.setProperty("--noted", noted ? 1.75 : 1.15);
    list.style.setProperty("--photo", shown.photos ? [9, 6, 4][Math.min(rows, 3) - 1] + "em" : "0em");
    one.winners.forEach(function (each, number) { list.appendChild(winner(each, number, shown)); });
    const body = element("div", "stage-body");
    body.appendChild(list);
    return body;
  }

  const bodies = { title: title, code: code, intro: intro, build: build, shown: winners };

  /* The element of a scene. `kind`: title, code, or for a prize its phase: intro, build or shown; `room`: pixels from
     left to right. */
  function make(one, kind, room) {
    const frame = element("section", "stage-scene");
    const body = bodies[kind](one, room);
    body.setAttribute("aria-live", "polite");
    frame.appendChild(head(one));
    frame.appendChild(body);
    if (one.range && kind !== "intro") { frame.appendChild(element("p", "stage-range", one.range)); }
    return frame;
  }

  return { element, make };
})();

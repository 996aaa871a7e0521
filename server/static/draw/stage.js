/* The stage: shows a draw that is already recorded, one press at a time. Classic script, ES2015, no dependencies.

   `vstage(root, options)` draws into an element. It is given plain facts and never computes who wins, asks no chance
   and returns nothing: whatever happens here, the result stands as it was recorded before.
   options: `say(key, facts)` gives the words `stage.*`; `end()` is called on Escape or after the last scene;
   `moved(index)` after every change of scene; `still`: no motion at all (the system's wish is respected anyway).

   A deck is a list of scenes:
     {kind: "title", eyebrow, title, lines: [text]}
     {kind: "code", eyebrow, title, code, picture: path of a QR code or "", size, lines: [text]}
     {kind: "prize", eyebrow, title, note, picture (data URI), intro: shown by itself before its first winners,
      range, winners: [{name, note, photo (data URI), out: why he does not stand any more, or ""}],
      pool(): {size, left, name(i)} those still in the draw before and how many after these winners}

   Space, Enter, right arrow, PageDown or a click go on, left arrow and PageUp back, Escape out. Keys in a field or on a
   button do not count, nor does a key held down or pressed twice in quick succession. */
var vstage = (function () {
  "use strict";

  const GUARD = 450;
  const BUILD = { one: 3600, many: 2400, page: 1500 };
  const JOY = 4600;
  const FORWARD = [" ", "Spacebar", "Enter", "ArrowRight", "Right", "PageDown"];
  const BACK = ["ArrowLeft", "Left", "PageUp"];
  const TICKED = 600;

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

  /* How wide a text is, in em: full-width signs count 1, others about a half. */
  function width(text) {
    let sum = 0;
    for (const sign of text) { sum += sign.codePointAt(0) > 0x2e7f ? 1.02 : sign === " " ? 0.3 : 0.6; }
    return Math.max(sum, 1);
  }

  /* Columns for `count` names. */
  function columns(count) {
    const steps = [[1, 1], [2, 2], [3, 3], [4, 2], [9, 3], [16, 4], [30, 5], [48, 6], [70, 7], [96, 8], [120, 9]];
    for (const step of steps) {
      if (count <= step[0]) { return step[1]; }
    }
    return 10;
  }

  // ---- sound: none until somebody asks for it, made on the spot

  function makeSound() {
    let context = null;
    let master = null;

    function note(frequency, from, length, loudness) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.type = "triangle";
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(loudness, from + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.0005, from + length);
      tone.connect(gain);
      gain.connect(master);
      tone.start(from);
      tone.stop(from + length + 0.05);
    }

    return {
      on: function () { return Boolean(master); },
      toggle: function () {
        const Context = window.AudioContext || window.webkitAudioContext;
        if (master) {
          master.disconnect();
          master = null;
        } else if (Context) {
          context = context || new Context();
          context.resume();
          master = context.createGain();
          master.gain.value = 0.35;
          master.connect(context.destination);
        }
      },
      build: function (length) {
        if (!master) { return; }
        const scale = [196, 220, 261.6, 293.7, 329.6, 392, 440, 523.3];
        const count = Math.floor(length / 180);
        for (let i = 0; i < count; i += 1) {
          note(scale[(i * 3 + (i >> 2)) % scale.length], context.currentTime + i * 0.18, 0.5, 0.08 + 0.12 * i / count);
        }
      },
      reveal: function () {
        if (!master) { return; }
        [261.6, 329.6, 392, 523.3, 659.3].forEach(function (frequency, i) {
          note(frequency, context.currentTime + i * 0.06, 2.2, 0.16);
        });
      },
    };
  }

  // ---- motion: one small canvas at a time, which rests when nothing moves

  /* Names roll by and come to rest on `last`; done() then. Gives stop(). */
  function roll(canvas, names, last, length, done) {
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const box = { width: canvas.clientWidth, height: canvas.clientHeight };
    canvas.width = box.width;
    canvas.height = box.height;
    const row = box.height / 3;
    const rows = Math.max(8, Math.round(length / 95));
    const widest = box.width * 0.92;
    const size = Math.min(row * 0.62, widest / width(last));
    let began = null;
    let frame = 0;

    function text(number) { return number === rows ? last : names.name((number * 7919 + names.start) % names.size); }

    /* Slow, fast, slow: how many rows have passed after the share `t` of the time. */
    function passed(t) { return rows * (t < 0.3 ? t * t / 0.51 : (0.3 * 0.3 + 0.6 * (t - 0.3) - spent(t)) / 0.51); }

    function spent(t) { return t < 0.3 ? 0 : 0.3 * (t - 0.3) * (t - 0.3) / 0.7; }

    const whole = passed(1);

    function draw(now) {
      if (began === null) { began = now; }
      const t = Math.min(1, (now - began) / length);
      const place = t === 1 ? rows : rows * passed(t) / whole;
      const first = Math.floor(place) - 1;
      pen.clearRect(0, 0, box.width, box.height);
      pen.font = "700 " + size.toFixed(1) + "px " + style.fontFamily;
      pen.fillStyle = style.color;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      for (let number = first; number <= first + 3; number += 1) {
        if (number < 0 || number > rows) { continue; }
        const away = number - place;
        pen.globalAlpha = Math.max(0, 1 - Math.abs(away) * 0.72);
        pen.fillText(text(number), box.width / 2, box.height / 2 + away * row, widest);
      }
      if (t === 1) { done(); } else { frame = requestAnimationFrame(draw); }
    }

    frame = requestAnimationFrame(draw);
    return function () { cancelAnimationFrame(frame); };
  }

  /* Laurel leaves fall once. Where each starts follows from its number, so there is no chance in here. */
  function rejoice(canvas) {
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const palette = [style.getPropertyValue("--stage-gold"), style.getPropertyValue("--stage-leaf"), style.color];
    const scale = 0.5;
    const wide = Math.max(1, Math.round(canvas.clientWidth * scale));
    const high = Math.max(1, Math.round(canvas.clientHeight * scale));
    const unit = Math.max(5, Math.min(wide, high) / 48);
    let began = null;
    let frame = 0;
    canvas.width = wide;
    canvas.height = high;

    function share(number, times) { return number * times % 1; }

    function leaf(number, seconds) {
      const start = share(number, 0.7548776662);
      const size = unit * (0.6 + 0.8 * share(number, 0.3176721961));
      const y = (seconds * (0.2 + 0.16 * share(number, 0.4501944)) - 0.5 * share(number, 0.6180339887)) * high * 1.5;
      if (y < -size || y > high + size) { return; }
      const x = start * wide + Math.sin(number + seconds * 1.5) * unit * 1.4;
      const turn = number + seconds * (share(number, 0.271828) - 0.5) * 2.6;
      const flat = 0.4 + 0.6 * Math.abs(Math.cos(number * 2 + seconds * 1.8));
      pen.setTransform(Math.cos(turn), Math.sin(turn), -Math.sin(turn) * flat, Math.cos(turn) * flat, x, y);
      pen.fillStyle = palette[number % palette.length];
      pen.beginPath();
      pen.moveTo(-size, 0);
      pen.quadraticCurveTo(0, -size * 0.8, size, 0);
      pen.quadraticCurveTo(0, size * 0.8, -size, 0);
      pen.fill();
    }

    function draw(now) {
      if (began === null) { began = now; }
      const passed = now - began;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, wide, high);
      if (passed >= JOY) { return; }
      pen.globalAlpha = Math.min(1, (JOY - passed) / 1200);
      for (let number = 1; number <= 56; number += 1) { leaf(number, passed / 1000); }
      frame = requestAnimationFrame(draw);
    }

    frame = requestAnimationFrame(draw);
    return function () {
      cancelAnimationFrame(frame);
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, wide, high);
    };
  }

  // ---- the stage itself

  return function (root, options) {
    const say = options.say;
    const sound = makeSound();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    let deck = [];
    let index = 0;
    let phase = "shown";
    let since = 0;
    let stopRoll = null;
    let stopJoy = null;
    let open = false;

    function still() { return Boolean(options.still) || calm.matches; }

    function scene() { return deck[index]; }

    function quiet() {
      if (stopRoll) { stopRoll(); }
      if (stopJoy) { stopJoy(); }
      stopRoll = null;
      stopJoy = null;
    }

    function button(key, act, pressed) {
      const made = element("button", "stage-button", say(key));
      made.type = "button";
      if (pressed !== undefined) { made.setAttribute("aria-pressed", String(pressed)); }
      made.addEventListener("click", function (event) {
        event.stopPropagation();
        act();
        if (document.activeElement) { document.activeElement.blur(); }
      });
      return made;
    }

    function foot(left) {
      const bar = element("div", "stage-foot");
      bar.appendChild(element("p", "stage-left", left));
      const controls = element("div", "stage-controls");
      controls.appendChild(button("stage.bright", function () {
        root.classList.toggle("is-bright");
        render();
      }, root.classList.contains("is-bright")));
      controls.appendChild(button("stage.sound", function () {
        sound.toggle();
        render();
      }, sound.on()));
      controls.appendChild(button("stage.back", back));
      controls.appendChild(button(phase === "intro" ? "stage.draw" : "stage.next", next));
      controls.appendChild(button("stage.out", out));
      bar.appendChild(controls);
      return bar;
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

    function winners(one) {
      const count = one.winners.length;
      const narrow = root.clientWidth < 700;
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

    function poolLine(one) {
      if (one.kind !== "prize") { return ""; }
      const pool = one.pool();
      return say("stage.pool", { count: phase === "shown" ? pool.left : pool.size });
    }

    const bodies = { title: title, code: code, intro: intro, build: build, shown: winners };

    function render() {
      const one = scene();
      const kind = one.kind === "prize" ? phase : one.kind;
      quiet();
      root.textContent = "";
      root.dataset.phase = kind;
      root.dataset.scene = index;
      const frame = element("section", "stage-scene");
      frame.appendChild(head(one));
      const body = bodies[kind](one);
      body.setAttribute("aria-live", "polite");
      frame.appendChild(body);
      if (one.kind === "prize" && one.range && phase !== "intro") {
        frame.appendChild(element("p", "stage-range", one.range));
      }
      root.appendChild(frame);
      root.appendChild(foot(poolLine(one)));
      const joy = element("canvas", "stage-joy");
      joy.setAttribute("aria-hidden", "true");
      root.appendChild(joy);
    }

    function enter(name, moving) {
      phase = name;
      since = performance.now();
      render();
      root.classList.toggle("is-moving", Boolean(moving) && !still());
      if (options.moved) { options.moved(index, phase); }
    }

    function reveal() {
      enter("shown", true);
      sound.reveal();
      if (!still() && scene().winners.length) { stopJoy = rejoice(root.querySelector(".stage-joy")); }
    }

    function start() {
      const one = scene();
      const pool = one.pool();
      const single = one.winners.length === 1;
      if (still() || !one.winners.length || !pool.size) {
        reveal();
        return;
      }
      const length = single ? BUILD.one : one.intro ? BUILD.many : BUILD.page;
      enter("build", true);
      sound.build(length);
      const names = { size: pool.size, name: pool.name, start: index * 104729 };
      const last = single ? one.winners[0].name : pool.name(index * 31 % pool.size);
      stopRoll = roll(root.querySelector(".stage-roll"), names, last, length, function () {
        stopRoll = null;
        reveal();
      });
    }

    function arrive() {
      const one = scene();
      if (one.kind !== "prize") { enter("shown", true); } else if (one.intro) { enter("intro",
        true); } else { start(); }
    }

    /* One press does one thing, and none follows a press or a change of picture too closely. */
    function next() {
      if (!open || performance.now() - since < (phase === "build" ? TICKED : GUARD)) { return; }
      if (phase === "intro") {
        start();
      } else if (phase === "build") {
        quiet();
        reveal();
      } else if (index + 1 < deck.length) {
        index += 1;
        arrive();
      } else {
        out();
      }
    }

    function back() {
      if (!open || performance.now() - since < GUARD || phase === "build") { return; }
      if (phase === "shown" && scene().intro) {
        enter("intro");
      } else if (index > 0) {
        index -= 1;
        enter("shown");
      }
    }

    function out() {
      if (!open) { return; }
      quiet();
      open = false;
      root.hidden = true;
      root.textContent = "";
      document.removeEventListener("keydown", press);
      if (document.fullscreenElement) { document.exitFullscreen(); }
      options.end();
    }

    /* The whole page, so that a mark across it stays; a browser that will not is no matter. */
    function fill() {
      const page = document.documentElement;
      if (!page.requestFullscreen || document.fullscreenElement) { return; }
      const asked = page.requestFullscreen();
      if (asked) { asked.catch(function () { root.focus(); }); }
    }

    function press(event) {
      const target = event.target;
      const busy = target && target.closest && target.closest("input, textarea, select, button, [contenteditable]");
      if (busy || event.ctrlKey || event.altKey || event.metaKey) { return; }
      const known = FORWARD.indexOf(event.key) >= 0 ? next : BACK.indexOf(event.key) >= 0 ? back : null;
      if (event.key === "Escape") {
        out();
      } else if (known) {
        event.preventDefault();
        if (!event.repeat) { known(); }
      }
    }

    root.addEventListener("click", next);
    window.addEventListener("resize", function () {
      if (open && phase !== "build") { render(); }
    });

    return {
      /* Opens the stage at scene `from`, as it is before anything of it is shown. */
      play: function (scenes, from) {
        deck = scenes;
        index = Math.max(0, Math.min(from || 0, scenes.length - 1));
        open = true;
        root.hidden = false;
        document.addEventListener("keydown", press);
        fill();
        arrive();
      },
      close: out,
      next: next,
      back: back,
      now: function () { return { open: open, index: index, phase: phase }; },
    };
  };
})();

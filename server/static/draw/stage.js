/* The stage: shows a draw that is already recorded, one press at a time. Classic script, ES2015; needs
   stage_effects.js and stage_scene.js.

   `vstage(root, options)` draws into an element. It is given plain facts and never computes who wins, asks no chance
   and returns nothing: whatever happens here, the result stands as it was recorded before.
   options: `say(key, facts)` gives the words `stage.*`; `end()` is called on Escape or after the last scene;
   `moved(index, phase)` after every change of scene. Who asks the system for less motion gets none.

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

  const { element } = vscene;
  const GUARD_MS = 450;
  const TICKED_MS = 600;
  const BUILD_MS = { one: 3600, many: 2400, page: 1500 };
  const FORWARD = [" ", "Spacebar", "Enter", "ArrowRight", "Right", "PageDown"];
  const BACK = ["ArrowLeft", "Left", "PageUp"];

  /* Whether a key is for the stage: no Ctrl, Alt or Meta, and not meant for a field, a button or a link. */
  function isFree(event) {
    const target = event.target;
    const busy = target && target.closest && target.closest("input, textarea, select, button, a, [contenteditable]");
    return !busy && !event.ctrlKey && !event.altKey && !event.metaKey;
  }

  function goesOn(event) { return isFree(event) && FORWARD.indexOf(event.key) >= 0; }

  function make(root, options) {
    const say = options.say;
    const sound = veffects.makeSound();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    let deck = [];
    let index = 0;
    let phase = "shown";
    let since = 0;
    let stopRoll = null;
    let stopJoy = null;
    let open = false;

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

    function poolLine(one) {
      if (one.kind !== "prize") { return ""; }
      const pool = one.pool();
      return say("stage.pool", { count: phase === "shown" ? pool.left : pool.size });
    }

    function render() {
      const one = scene();
      const kind = one.kind === "prize" ? phase : one.kind;
      quiet();
      root.textContent = "";
      root.dataset.phase = kind;
      root.dataset.scene = index;
      root.appendChild(vscene.make(one, kind, root.clientWidth));
      root.appendChild(foot(poolLine(one)));
      const joy = element("canvas", "stage-joy");
      joy.setAttribute("aria-hidden", "true");
      root.appendChild(joy);
    }

    function enter(name, moving) {
      phase = name;
      since = performance.now();
      render();
      root.classList.toggle("is-moving", Boolean(moving) && !calm.matches);
      options.moved(index, phase);
    }

    function reveal() {
      enter("shown", true);
      sound.reveal();
      if (!calm.matches && scene().winners.length) { stopJoy = veffects.rejoice(root.querySelector(".stage-joy")); }
    }

    function start() {
      const one = scene();
      const pool = one.pool();
      const single = one.winners.length === 1;
      if (calm.matches || !one.winners.length || !pool.size) {
        reveal();
        return;
      }
      const length = single ? BUILD_MS.one : one.intro ? BUILD_MS.many : BUILD_MS.page;
      enter("build", true);
      sound.build(length);
      const names = { size: pool.size, name: pool.name, start: index * 104729 };
      const last = single ? one.winners[0].name : pool.name(index * 31 % pool.size);
      stopRoll = veffects.roll(root.querySelector(".stage-roll"), names, last, length, function () {
        stopRoll = null;
        reveal();
      });
    }

    function arrive() {
      const one = scene();
      if (one.kind === "prize" && !one.intro) {
        start();
      } else {
        enter(one.kind === "prize" ? "intro" : "shown", true);
      }
    }

    /* One press does one thing, and none follows a press or a change of picture too closely. */
    function next() {
      if (!open || performance.now() - since < (phase === "build" ? TICKED_MS : GUARD_MS)) { return; }
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
      if (!open || performance.now() - since < GUARD_MS || phase === "build") { return; }
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
      if (!isFree(event)) { return; }
      const known = goesOn(event) ? next : BACK.indexOf(event.key) >= 0 ? back : null;
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
      now: function () { return { open: open, index: index, phase: phase }; },
    };
  }

  return Object.assign(make, { GUARD_MS, goesOn });
})();

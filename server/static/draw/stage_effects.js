/* What moves and sounds on the stage. Classic script, ES2015, no dependencies; no chance is asked. */
var veffects = (function () {
  "use strict";

  const JOY_MS = 4600;

  /* How wide a text is, in em: full-width signs count 1, others about a half. */
  function width(text) {
    let sum = 0;
    for (const sign of text) { sum += sign.codePointAt(0) > 0x2e7f ? 1.02 : sign === " " ? 0.3 : 0.6; }
    return Math.max(sum, 1);
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
      if (passed >= JOY_MS) { return; }
      pen.globalAlpha = Math.min(1, (JOY_MS - passed) / 1200);
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

  return { width, makeSound, roll, rejoice };
})();

/* Joy, once and calmly: laurel leaves fall when an element with data-joy="ID" comes into view of the page, once for
   each ID. Absent under reduced motion. */
(function () {
  "use strict";
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) { return; }
  var LEAVES = 90;
  var FALL_MS = 7000;
  var seen = {};

  function colours() {
    var style = getComputedStyle(document.documentElement);
    return ["--gold", "--gold", "--action", "--good"].map(function (name) { return style.getPropertyValue(name).trim(); });
  }

  function leaf(width, height, unit, palette) {
    return {
      x: Math.random() * width,
      y: -Math.random() * height * 0.9 - unit,
      size: unit * (0.6 + Math.random() * 0.8),
      fall: height * (0.16 + Math.random() * 0.14),
      sway: unit * (0.5 + Math.random() * 1.5),
      turn: Math.random() * Math.PI * 2,
      spin: (Math.random() - 0.5) * 1.8,
      phase: Math.random() * Math.PI * 2,
      colour: palette[Math.floor(Math.random() * palette.length)],
    };
  }

  function draw(pen, one, seconds) {
    pen.save();
    pen.translate(one.x + Math.sin(one.phase + seconds * 1.4) * one.sway, one.y + one.fall * seconds);
    pen.rotate(one.turn + one.spin * seconds);
    pen.scale(1, 0.45 + 0.55 * Math.abs(Math.cos(one.phase + seconds * 1.7)));
    pen.beginPath();
    pen.moveTo(-one.size, 0);
    pen.quadraticCurveTo(0, -one.size * 0.75, one.size, 0);
    pen.quadraticCurveTo(0, one.size * 0.75, -one.size, 0);
    pen.fillStyle = one.colour;
    pen.fill();
    pen.restore();
  }

  function rejoice() {
    var canvas = document.createElement("canvas");
    var ratio = Math.min(window.devicePixelRatio || 1, 2);
    var width = window.innerWidth;
    var height = window.innerHeight;
    var palette = colours();
    canvas.className = "joy";
    canvas.setAttribute("aria-hidden", "true");
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    document.body.appendChild(canvas);
    var pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    var unit = Math.max(7, Math.min(width, height) / 60);
    var leaves = [];
    for (var i = 0; i < LEAVES; i += 1) { leaves.push(leaf(width, height, unit, palette)); }
    var began = performance.now();
    function frame(now) {
      var passed = Math.max(0, now - began);
      pen.clearRect(0, 0, width, height);
      pen.globalAlpha = Math.min(1, (FALL_MS - passed) / 1500);
      if (passed >= FALL_MS) { canvas.remove(); return; }
      leaves.forEach(function (one) { draw(pen, one, passed / 1000); });
      requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);
  }

  function look() {
    var element = document.querySelector("[data-joy]");
    if (!element || seen[element.dataset.joy]) { return; }
    seen[element.dataset.joy] = true;
    rejoice();
  }
  document.addEventListener("live:after", look);
  look();
})();

/* A pad to sign on: [data-signature] is the canvas, [data-signature-field] around it is hidden without this script.
   Finger, pen and mouse draw; what was drawn stands in the field's hidden input as a small black-and-white PNG, "" while
   the pad is empty. A form that comes back brings its signature with it. */
(function () {
  "use strict";
  var WIDTH = 600;
  var HEIGHT = 200;
  var LINE = 3;

  function wipe(pen) {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.strokeStyle = "#000";
    pen.lineWidth = LINE;
    pen.lineCap = "round";
    pen.lineJoin = "round";
  }

  function pad(field) {
    var canvas = field.querySelector("[data-signature]");
    var kept = field.querySelector("input[type=hidden]");
    var clear = field.querySelector("[data-signature-clear]");
    var pen = canvas.getContext && canvas.getContext("2d");
    if (!pen) { return; }
    var last = null;
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    field.hidden = false;
    wipe(pen);
    if (kept.value) {
      var before = new Image();
      before.onload = function () { pen.drawImage(before, 0, 0, WIDTH, HEIGHT); };
      before.src = kept.value;
    }

    function place(event) {
      var box = canvas.getBoundingClientRect();
      var at = event.touches ? event.touches[0] : event;
      return { x: (at.clientX - box.left) * WIDTH / box.width, y: (at.clientY - box.top) * HEIGHT / box.height };
    }
    function begin(event) {
      if (event.type === "mousedown" && event.button !== 0) { return; }
      event.preventDefault();
      last = place(event);
      line(last);
    }
    function move(event) {
      if (!last) { return; }
      event.preventDefault();
      line(place(event));
    }
    function line(to) {
      pen.beginPath();
      pen.moveTo(last.x, last.y);
      pen.lineTo(to.x + 0.01, to.y);
      pen.stroke();
      last = to;
    }
    function end() {
      if (!last) { return; }
      last = null;
      kept.value = canvas.toDataURL("image/png");
    }
    canvas.addEventListener("mousedown", begin);
    canvas.addEventListener("touchstart", begin, { passive: false });
    canvas.addEventListener("touchmove", move, { passive: false });
    canvas.addEventListener("touchend", end);
    canvas.addEventListener("touchcancel", end);
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", end);
    clear.addEventListener("click", function () {
      wipe(pen);
      kept.value = "";
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-signature-field]"), pad);

  // Whoever types a proxy's name means a proxy.
  var proxy = document.querySelector("[data-proxy]");
  if (proxy) {
    Array.prototype.forEach.call(document.querySelectorAll(".claim-proxy input"), function (input) {
      input.addEventListener("input", function () { if (input.value) { proxy.checked = true; } });
    });
  }
})();

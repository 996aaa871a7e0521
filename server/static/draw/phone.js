/* The page of the phone's check: gives check.js what the person holds, and says in words what it found. */
(function () {
  "use strict";
  var form = document.querySelector("[data-check]");
  if (!form) { return; }
  var words = JSON.parse(form.dataset.words);
  var outcome = document.querySelector("[data-outcome]");
  var unreachable = document.querySelector("[data-unreachable]");
  var running = false;

  function place(name) { return outcome.querySelector("[data-" + name + "]"); }
  function value(name) { return form.elements[name].value.trim(); }

  function kept() {
    try { return localStorage.getItem("laurel.receipt." + form.dataset.draw) || ""; } catch (refused) { return ""; }
  }
  if (!form.elements.receipt.value) { form.elements.receipt.value = form.dataset.own || kept(); }

  function sentence(check) {
    var text = words.sentences[check.code] || check.code;
    return text.replace(/\{(\w+)\}/g, function (whole, name) {
      return check.facts && name in check.facts ? String(check.facts[name]) : whole;
    });
  }

  function line(check) {
    var item = document.createElement("li");
    var mark = document.createElement("strong");
    var said = document.createElement("span");
    mark.className = "badge " + (check.ok ? "badge-good" : "badge-bad");
    mark.textContent = words.marks[String(check.ok)];
    said.className = "grow";
    said.textContent = sentence(check);
    item.appendChild(mark);
    item.appendChild(said);
    return item;
  }

  function show(report) {
    var list = place("checks");
    var verdict = place("verdict");
    list.textContent = "";
    report.checks.forEach(function (check) { list.appendChild(line(check)); });
    verdict.textContent = words.verdicts[String(report.ok)] + " " + (words.states[report.state] || "");
    verdict.className = "draw-verdict notice " + (report.ok ? "notice-good" : "notice-bad");
    place("facts").textContent = report.code ? words.labels.code + ": " + report.code : "";
    place("progress").hidden = true;
    outcome.scrollIntoView({ block: "start" });
  }

  function progress(part) { place("progress").value = part; }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (running) { return; }
    running = true;
    outcome.hidden = false;
    unreachable.hidden = true;
    place("checks").textContent = "";
    place("verdict").textContent = "";
    place("verdict").className = "draw-verdict";
    place("progress").hidden = false;
    progress(0);
    var saved = form.elements.saved.files;
    var reading = saved.length ? drawCheck.readFiles(saved) : drawCheck.fetchFiles(form.dataset.files, null, form.dataset.known.split(" "));
    var seen = { receipt: value("receipt"), manifest: value("manifest").replace(/\s/g, ""), dice: value("dice"), code: value("code") };
    reading.then(function (files) {
      var missed = Object.keys(files).some(function (name) { return files[name] === false; });
      if (missed && !saved.length) {
        outcome.hidden = true;
        unreachable.hidden = false;
        return null;
      }
      return drawCheck.check(files, seen, progress).then(show);
    }).then(function () { running = false; }, function (fault) { running = false; throw fault; });
  }, true);
})();

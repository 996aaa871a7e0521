/* The door. Holds the whole list in memory, checks in by a tap, a typed name or a scanner that types, and keeps each
   sighting on this device until the server has it: one entry of localStorage a sighting, so that two tabs never undo
   each other, and the same nonce however often it is sent. A duplicate is a success. Nothing here decides anything: the
   server checks every badge and every line. The page's words stand in its data attributes. */
(function () {
  "use strict";
  var root = document.querySelector("[data-door]");
  if (!root) { return; }
  var ADDRESS = "/desk/draws/" + root.dataset.door + "/check-in";
  var KEPT = "laurel.door." + root.dataset.door + ".";
  var NOT_TAKEN = "laurel.door-refused." + root.dataset.door + ".";
  var PATIENCE_MS = 10000;
  var AGAIN_MS = 4000;
  var LOOK_MS = 10000;
  var MOST_SHOWN = 30;
  var MOST_LAST = 12;
  var MOST_SENT = 500;
  var BADGE = /(?:^|[^0-9])([1-9][0-9]{0,8})-(0|[1-9][0-9]{0,8})-([a-z2-7]{12})(?![a-z2-7])/;

  var people = []; // {line, name, number, unit, text}, in the order of the list
  var byLine = {};
  var byNumber = {};
  var present = {}; // line -> ms, as far as the server has told us
  var memory = {}; // where nothing can be kept
  var keeps = true;
  var last = []; // {line, at}, the latest first
  var cursor = 0;
  var known = -1; // how many the server says are in
  var state = "loading";
  var sending = false;
  var timer = 0;

  function part(name) { return document.querySelector("[data-door-" + name + "]"); }
  function word(name) { return root.getAttribute("data-word-" + name); }
  function element(name, text, className) {
    var made = document.createElement(name);
    if (text) { made.textContent = text; }
    if (className) { made.className = className; }
    return made;
  }
  function clock(ms) {
    var at = new Date(ms);
    return ("0" + at.getHours()).slice(-2) + ":" + ("0" + at.getMinutes()).slice(-2);
  }
  function plain(text) {
    return (text.normalize ? text.normalize("NFKC") : text).toLowerCase().replace(/\s+/g, " ").trim();
  }
  function nonce() {
    var bytes = new Uint8Array(12);
    crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (one) { return ("0" + one.toString(16)).slice(-2); }).join("");
  }

  // What waits. Storage is the truth where there is one; another tab's entries are sent from here as well.
  function entries(prefix) {
    var found = [];
    var name;
    try {
      for (var i = 0; i < localStorage.length; i += 1) {
        name = localStorage.key(i);
        if (name.indexOf(prefix) === 0) { found.push(JSON.parse(localStorage.getItem(name))); }
      }
    } catch (_) { keeps = false; }
    Object.keys(memory).forEach(function (key) { if (key.indexOf(prefix) === 0) { found.push(memory[key]); } });
    return found.sort(function (a, b) { return a.at < b.at ? -1 : a.at > b.at ? 1 : 0; });
  }
  function keep(prefix, entry) {
    try { localStorage.setItem(prefix + entry.nonce, JSON.stringify(entry)); } catch (_) {
      keeps = false;
      memory[prefix + entry.nonce] = entry;
    }
  }
  function drop(prefix, id) {
    delete memory[prefix + id];
    try { localStorage.removeItem(prefix + id); } catch (_) { keeps = false; }
  }

  // Somebody is here.
  function arrive(entry) {
    entry.nonce = nonce();
    entry.at = new Date().toISOString();
    if (state === "lost" || navigator.onLine === false) { entry.way = "offline"; }
    keep(KEPT, entry);
    note(entry.line, Date.parse(entry.at));
    show();
    send();
  }
  function note(line, at) {
    last = last.filter(function (one) { return one.line !== line; });
    last.unshift({ line: line, at: at });
    last.length = Math.min(last.length, MOST_LAST);
  }
  function since(line) {
    if (present[line]) { return present[line]; }
    var waits = entries(KEPT).filter(function (one) { return one.line === line; })[0];
    return waits ? Date.parse(waits.at) : 0;
  }
  function checkIn(person, way, badge) {
    var before = since(person.line);
    if (before) {
      say(person.name, word("again").replace("{time}", clock(before)), false);
    } else {
      say(person.name, [person.number, person.unit, word("in")].filter(Boolean).join(", "), false);
      arrive({ line: person.line, badge: badge || "", way: way });
    }
    clearSearch();
  }
  function say(name, words, refused) {
    var box = part("word");
    box.textContent = "";
    if (name) { box.appendChild(element("b", name)); }
    box.appendChild(element("span", words));
    box.classList.toggle("is-refused", refused);
    box.hidden = false;
  }

  // To the server, in the background, until everything is there.
  function ask(address, body, type) {
    return new Promise(function (done, failed) {
      var request = new XMLHttpRequest();
      request.open(body ? "POST" : "GET", address);
      request.timeout = PATIENCE_MS;
      request.setRequestHeader("x-csrftoken", JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"]);
      request.setRequestHeader("HX-Request", "true");
      if (body) { request.setRequestHeader("Content-Type", type || "application/json"); }
      request.onload = function () {
        if (request.status === 204) { done(null); return; }
        if (request.status !== 200) { failed(request.status); return; }
        try { done(JSON.parse(request.responseText)); } catch (_) { failed(0); }
      };
      request.onerror = request.ontimeout = function () { failed(0); };
      request.send(body ? (type ? body : JSON.stringify(body)) : null);
    });
  }
  function away(status) {
    state = status === 401 || status === 403 ? "away" : "lost";
    show();
  }
  function send() {
    if (sending || state === "loading") { return; }
    sending = true;
    var batch = entries(KEPT).slice(0, MOST_SENT);
    var whole = cursor === 0;
    ask(ADDRESS + "/sync", { items: batch.map(wire), cursor: cursor }).then(function (answer) {
      if (whole) { present = {}; }
      answer.done.forEach(settle);
      answer.arrivals.forEach(function (pair) { present[pair[0]] = pair[1]; });
      known = answer.count;
      // Somebody was taken back elsewhere: ask for everybody anew.
      var wrong = !whole && Object.keys(present).length !== known;
      cursor = wrong ? 0 : answer.cursor;
      state = answer.state !== "frozen" ? "shut" : navigator.onLine === false ? "lost" : "live";
      sending = false;
      show();
      plan(wrong || entries(KEPT).length ? 0 : LOOK_MS);
    }, function (status) {
      sending = false;
      away(status);
      plan(AGAIN_MS);
    });
  }
  function wire(entry) {
    return { nonce: entry.nonce, at: entry.at, way: entry.way, line: entry.line, badge: entry.badge };
  }
  function settle(one) {
    var kept = entries(KEPT).filter(function (entry) { return entry.nonce === one.nonce; })[0];
    if (one.verdict === "refused") {
      if (kept) {
        kept.words = one.words;
        keep(NOT_TAKEN, kept);
        last = last.filter(function (entry) { return entry.line !== kept.line; });
        var person = byLine[kept.line];
        say(person ? person.name : "", one.words, true);
      }
    } else {
      present[one.line] = one.since;
    }
    drop(KEPT, one.nonce);
  }
  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  }

  function fetchList() {
    ask(ADDRESS + "/list").then(function (list) {
      people = list.people.map(function (one) {
        var unit = one[3] < 0 ? "" : list.units[one[3]];
        var person = { line: one[0], name: one[1], number: one[2], unit: unit, text: plain([one[1], one[2], unit].join(" ")) };
        byLine[person.line] = person;
        byNumber[plain(person.number)] = person;
        return person;
      });
      list.present.forEach(function (pair) { present[pair[0]] = pair[1]; });
      cursor = list.cursor;
      known = list.present.length;
      last = list.present.map(function (pair) { return { line: pair[0], at: pair[1] }; })
        .sort(function (a, b) { return b.at - a.at; }).slice(0, MOST_LAST);
      entries(KEPT).forEach(function (entry) { note(entry.line, Date.parse(entry.at)); });
      state = "live";
      show();
      search();
      send();
    }, function () {
      setTimeout(fetchList, AGAIN_MS);
    });
  }

  // What is seen.
  function row(person, middle, button, act) {
    var item = element("li");
    var who = element("span", "", "grow");
    who.appendChild(element("b", person.name));
    who.appendChild(document.createTextNode(" " + person.number));
    who.appendChild(element("span", person.unit, "small soft block"));
    item.appendChild(who);
    if (middle) { item.appendChild(middle); }
    if (button) {
      var pressed = element("button", button, act.quiet ? "button button-quiet" : "button button-primary");
      pressed.type = "button";
      pressed.addEventListener("click", act.run);
      item.appendChild(pressed);
    }
    return item;
  }
  function show() {
    var waiting = entries(KEPT);
    var refused = entries(NOT_TAKEN);
    var mine = waiting.filter(function (one) { return !present[one.line]; }).length;
    part("line").hidden = false;
    part("line").setAttribute("data-is", state);
    part("waiting").hidden = !waiting.length || state === "live";
    part("waiting-count").textContent = waiting.length;
    part("forgetful").hidden = keeps;
    if (known >= 0) { part("count").textContent = (known + mine).toLocaleString(document.documentElement.lang); }
    showLast();
    part("refused").hidden = !refused.length;
    part("refused-list").textContent = "";
    refused.forEach(function (one) {
      var person = byLine[one.line] || { name: one.badge, number: "", unit: "" };
      part("refused-list").appendChild(row(person, element("span", one.words, "soft")));
    });
    part("save").hidden = !waiting.length;
    part("text").value = waiting.length ? fileText(waiting) : "";
  }
  function showLast() {
    var list = part("last");
    list.textContent = "";
    last.forEach(function (one) {
      var person = byLine[one.line];
      if (!person) { return; }
      list.appendChild(row(person, element("span", clock(one.at), "soft"), word("undo"), { quiet: true, run: function () { undo(one.line); } }));
    });
  }
  function undo(line) {
    part("word").hidden = true;
    if (!present[line] && !sending) {
      entries(KEPT).filter(function (one) { return one.line === line; }).forEach(function (one) { drop(KEPT, one.nonce); });
      taken(line);
      return;
    }
    ask(ADDRESS + "/undo", "line=" + line, "application/x-www-form-urlencoded").then(function () {
      if (present[line]) { known -= 1; }
      delete present[line];
      taken(line);
    }, function (status) {
      say("", word("later"), true);
      if (status !== 409) { away(status); }
      plan(0);
    });
  }
  function taken(line) {
    last = last.filter(function (one) { return one.line !== line; });
    show();
    search();
  }

  var box = root.querySelector("[data-door-search] input");
  function clearSearch() {
    box.value = "";
    search();
    box.focus();
  }
  function matching() {
    var words = plain(box.value).split(" ").filter(Boolean);
    if (!words.length) { return []; }
    var exact = byNumber[words.join(" ")];
    var found = exact ? [exact] : [];
    for (var i = 0; i < people.length && found.length <= MOST_SHOWN; i += 1) {
      if (people[i] !== exact && words.every(function (one) { return people[i].text.indexOf(one) >= 0; })) { found.push(people[i]); }
    }
    return found;
  }
  function search() {
    if (state === "loading") { return; }
    var list = part("found");
    var found = matching();
    list.textContent = "";
    if (!plain(box.value) || BADGE.test(plain(box.value))) { return; }
    if (!found.length) { list.appendChild(element("p", word("none"), "soft")); return; }
    var items = element("ul", "", "list");
    found.slice(0, MOST_SHOWN).forEach(function (person) {
      var at = since(person.line);
      items.appendChild(at ? row(person, element("span", word("again").replace("{time}", clock(at)), "badge badge-good"))
        : row(person, null, word("check"), { run: function () { checkIn(person, "list"); } }));
    });
    list.appendChild(items);
    if (found.length > MOST_SHOWN) { list.appendChild(element("p", word("more"), "soft")); }
  }
  function enter(event) {
    if (state === "loading") { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    var typed = plain(box.value);
    var badge = BADGE.exec(typed);
    var found;
    if (badge) {
      box.value = "";
      search();
      if (badge[1] !== root.dataset.number) { say("", word("other"), true); return; }
      var person = byLine[badge[2]];
      if (!person) { say("", word("unknown"), true); return; }
      checkIn(person, "scan", badge[1] + "-" + badge[2] + "-" + badge[3]);
      return;
    }
    found = byNumber[typed] ? [byNumber[typed]] : matching();
    if (found.length === 1) { checkIn(found[0], "list"); return; }
    search();
  }

  // For a device that never gets back to the network.
  function fileText(waiting) {
    return JSON.stringify({ laurel: root.dataset.file, draw: root.dataset.slug, items: waiting.map(wire) });
  }
  part("save-file").addEventListener("click", function () {
    var link = document.createElement("a");
    var blob = new Blob([fileText(entries(KEPT))], { type: "application/json" });
    link.href = URL.createObjectURL(blob);
    link.download = root.dataset.slug + "-waiting.json";
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  });
  part("refused-clear").addEventListener("click", function () {
    entries(NOT_TAKEN).forEach(function (one) { drop(NOT_TAKEN, one.nonce); });
    show();
  });

  window.addEventListener("beforeunload", function (event) {
    if (!entries(KEPT).length) { return; }
    event.preventDefault();
    event.returnValue = "";
  });
  window.addEventListener("online", function () { plan(0); });
  window.addEventListener("offline", function () { away(0); });
  window.addEventListener("storage", show);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { plan(0); } });
  root.querySelector("[data-door-search]").addEventListener("submit", enter, true);
  box.addEventListener("input", search);
  show();
  fetchList();
})();

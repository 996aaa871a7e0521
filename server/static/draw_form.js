/* The form of a draw: rows are added, moved and taken out on the page, pictures are sent when they are chosen, people are
   found while a number or a name is typed. Without this script the form's own buttons do the same through the server. */
(function () {
  "use strict";
  var form = document.querySelector("[data-draw-form]");
  if (!form) { return; }

  var NEW = "NEW"; // stands in a template where a row's key goes
  var SEARCH_MS = 250;
  var ATTRIBUTES = ["id", "name", "for", "value", "list", "aria-describedby", "data-wish", "data-within"];

  function each(selector, root, action) { Array.prototype.forEach.call(root.querySelectorAll(selector), action); }
  function changed() { form.dispatchEvent(new CustomEvent("rows", { bubbles: true })); }

  // --- rows --------------------------------------------------------------------------------------------------------

  function freshKey(group) {
    var most = 0;
    each("input[name='" + group + "']", form, function (input) { most = Math.max(most, Number(input.value) || 0); });
    return String(most + 1);
  }

  function made(group, kind) {
    var selector = "template[data-new='" + group + "']" + (kind ? "[data-kind='" + kind + "']" : "");
    var copy = document.importNode(document.querySelector(selector).content, true);
    var key = freshKey(group);
    each("[data-upload]", copy, function (button) { button.hidden = true; });
    each("*", copy, function (element) {
      ATTRIBUTES.forEach(function (name) {
        var value = element.getAttribute(name);
        if (value !== null && value.indexOf(NEW) >= 0) { element.setAttribute(name, value.split(NEW).join(key)); }
      });
    });
    return copy.querySelector("[data-row]");
  }

  function focusFirst(row) {
    var field = row.querySelector("input:not([type=hidden]):not([type=checkbox]), select, textarea");
    (field || row.querySelector("input:not([type=hidden])")).focus();
  }

  function add(group) {
    var list = form.querySelector("[data-rows='" + group + "']");
    var row = list.appendChild(made(group, ""));
    focusFirst(row);
    changed();
  }

  function addPart(within, kind) {
    var list = form.querySelector("[data-rows='part'][data-within='" + within + "']");
    var row = made("part", kind);
    row.querySelector("input[name$='-in']").value = within;
    row.querySelector("input[name$='-used']").checked = true;
    row.setAttribute("data-in", within);
    row.removeAttribute("data-offer");
    list.appendChild(row);
    dress(row);
    focusFirst(row);
    changed();
  }

  function drop(row) {
    var next = row.nextElementSibling || row.previousElementSibling;
    var list = row.parentNode;
    row.remove();
    if (next) { focusFirst(next); } else {
      var adder = list.parentNode.querySelector("[data-wish^='add:'], [data-add]");
      if (adder) { adder.focus(); }
    }
    changed();
  }

  function move(row, up) {
    var other = up ? row.previousElementSibling : row.nextElementSibling;
    if (!other) { return; }
    var focused = document.activeElement;
    row.parentNode.insertBefore(up ? row : other, up ? other : row);
    if (focused) { focused.focus(); }
    changed();
  }

  // A condition on the page is used; the tick is for pages without scripts.
  function dress(root) {
    each("[data-drop]", root, function (button) { button.hidden = false; });
    each("fieldset[data-kind] .draw-row-head input[type=checkbox]", root.parentNode || root, function (box) { box.hidden = true; });
  }

  each("[data-row='part'][data-offer]", form, function (row) { row.remove(); });
  each("[data-add-part]", form, function (tools) { tools.hidden = false; });
  dress(form);

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-wish], [data-add], [data-drop], [data-picture-drop]");
    if (!button || !form.contains(button)) { return; }
    var row = button.closest("[data-row]");
    if (button.hasAttribute("data-add")) {
      addPart(button.dataset.within, button.parentNode.querySelector("[data-kind]").value);
      return;
    }
    if (button.hasAttribute("data-drop")) { drop(row); return; }
    if (button.hasAttribute("data-picture-drop")) { event.preventDefault(); showPicture(row, "", ""); return; }
    var wish = button.dataset.wish.split(":");
    if (wish[1] === "round" || wish[1] === "class") { return; } // other rows speak of them: the server does it
    event.preventDefault();
    if (wish[0] === "add") { add(wish[1]); }
    if (wish[0] === "drop") { drop(row); }
    if (wish[0] === "up" || wish[0] === "down") { move(row, wish[0] === "up"); }
  });

  // --- pictures ----------------------------------------------------------------------------------------------------

  function showPicture(row, kept, address) {
    row.querySelector("[data-picture-kept]").value = kept;
    var image = row.querySelector("[data-picture-shown]");
    image.hidden = !address;
    if (address) { image.src = address; } else { image.removeAttribute("src"); }
    row.querySelector("[data-picture-drop]").hidden = !address;
    row.querySelector("input[type=file]").value = "";
  }

  function blamePicture(row, words) {
    var error = row.querySelector("[data-picture-error]");
    error.hidden = !words;
    error.querySelector("span").textContent = words;
  }

  each("[data-upload], [data-count-again]", document, function (button) { button.hidden = true; });
  form.addEventListener("change", function (event) {
    var input = event.target;
    if (input.type !== "file" || !input.files.length) { return; }
    var row = input.closest("[data-row]");
    var data = new FormData();
    data.append("picture", input.files[0]);
    input.setAttribute("aria-busy", "true");
    fetch("/desk/draws/pictures", {
      method: "POST", body: data, credentials: "same-origin", headers: { "x-csrftoken": form.dataset.csrf, "accept": "application/json" }
    }).then(function (answer) {
      return answer.json();
    }).then(function (said) {
      blamePicture(row, said.error || "");
      if (said.kept) { showPicture(row, said.kept, said.address); }
    }).catch(function () {
      blamePicture(row, form.dataset.uploadFailed);
    }).then(function () { input.removeAttribute("aria-busy"); });
  });

  // --- people ------------------------------------------------------------------------------------------------------

  var found = document.getElementById("people-found");
  var timer = null;
  form.addEventListener("input", function (event) {
    var input = event.target;
    if (!input.hasAttribute("data-person")) { return; }
    clearTimeout(timer);
    timer = setTimeout(function () {
      if (input.value.trim().length < 2) { return; }
      window.htmx.ajax("GET", "/desk/draws/people?text=" + encodeURIComponent(input.value.trim()), { target: found, swap: "innerHTML" });
    }, SEARCH_MS);
  });
  // Enter in a field saves nothing by accident: in a long form it is pressed for the next field.
  form.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.tagName === "INPUT" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); }
  });

  var wrong = document.getElementById("wrong");
  if (wrong) { wrong.focus(); }
})();

/* The find field of the desk: Ctrl+K, Cmd+K or / leads to it; arrows choose of what drops below it, Enter opens, Esc closes. */
(function () {
  "use strict";
  var WRITES = "input, textarea, select, [contenteditable]";
  var form = document.querySelector("[data-find]");
  if (!form) { return; }
  var field = form.querySelector("input");
  var drop = document.getElementById("find-drop");
  var announce = document.getElementById("announce");
  var chosen = null;
  var closed = true; // by Esc or by going away; typing opens it again

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");

  function options() { return drop.querySelectorAll("[role=option]"); }

  function choose(option) {
    if (chosen) { chosen.setAttribute("aria-selected", "false"); }
    chosen = option;
    if (!chosen) { field.removeAttribute("aria-activedescendant"); return; }
    chosen.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }

  function show() {
    var open = !closed && drop.children.length > 0;
    var list = document.getElementById("find-list");
    drop.hidden = !open;
    field.setAttribute("aria-expanded", String(open && options().length > 0));
    if (open && list) { field.setAttribute("aria-controls", list.id); } else { field.removeAttribute("aria-controls"); }
    if (!open) { choose(null); }
  }

  function close() { closed = true; show(); }

  field.addEventListener("input", function () { closed = false; choose(null); });
  drop.addEventListener("htmx:afterSwap", function () {
    var list = document.getElementById("find-list");
    chosen = null;
    field.removeAttribute("aria-activedescendant");
    show();
    if (!closed) { announce.textContent = list ? list.dataset.said : ""; }
  });

  field.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229) { return; } // an input method is still at it
    var all = options();
    if (event.key === "Escape" && !drop.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      closed = false;
      show();
      var step = event.key === "ArrowDown" ? 1 : -1;
      var at = Array.prototype.indexOf.call(all, chosen);
      choose(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      chosen.click();
    }
  });

  // A press on what has dropped keeps the field's focus, so that it is still there for the click.
  drop.addEventListener("mousedown", function (event) { event.preventDefault(); });
  field.addEventListener("blur", close);

  document.addEventListener("keydown", function (event) {
    var key = event.key.toLowerCase();
    var called = key === "k" ? (event.ctrlKey || event.metaKey) && !event.shiftKey : key === "/" && !event.ctrlKey && !event.metaKey;
    if (!called || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) { return; }
    if (document.activeElement && document.activeElement.closest(WRITES)) { return; }
    event.preventDefault();
    var menu = form.closest(".is-shut");
    if (menu) { document.querySelector("[data-menu]").click(); }
    field.focus();
    field.select();
  });
  show();
})();

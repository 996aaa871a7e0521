/* Small manners of every page: a form is sent once, danger asks in a dialog, a failed request says so, links are copied. */
(function () {
  "use strict";
  var RELEASE_MS = 15000; // a submit that downloads a file leaves the page where it is

  // A form that is on its way is not sent again. htmx and plain submits alike.
  function busy(form, on) {
    form.toggleAttribute("data-sending", on);
    Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) {
      if (on) { button.setAttribute("aria-busy", "true"); } else { button.removeAttribute("aria-busy"); }
    });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // after the other listeners: htmx prevents the plain submit, and its own request events take over
    setTimeout(function () {
      if (event.defaultPrevented) { return; }
      busy(form, true);
      setTimeout(function () { busy(form, false); }, RELEASE_MS);
    }, 0);
  }, true);
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.tagName === "FORM") { busy(event.target, true); }
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.tagName === "FORM") { busy(event.target, false); }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { Array.prototype.forEach.call(document.querySelectorAll("[data-sending]"), function (form) { busy(form, false); }); }
  });

  // A request that failed: plain words at the top.
  var problem = document.getElementById("problem");
  function tell(words) {
    if (!problem) { return; }
    problem.querySelector("[data-problem-text]").textContent = words;
    problem.classList.add("is-open");
  }
  function hush() { if (problem) { problem.classList.remove("is-open"); } }
  document.addEventListener("htmx:sendError", function () { tell(problem.dataset.offline); });
  document.addEventListener("htmx:timeout", function () { tell(problem.dataset.offline); });
  // Our own refusals say where they belong (HX-Retarget), a form with its errors is a 422; anything else that failed
  // came from something between us and is not put into the page.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var answer = event.detail.xhr;
    if (answer.status < 400) { hush(); return; }
    if (answer.status === 422 || answer.getResponseHeader("HX-Retarget")) { return; }
    event.detail.shouldSwap = false;
    tell(problem.dataset.refused);
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    // what somebody does next clears what was said; what a page sends by itself (a preview) does not
    var asked = event.detail.requestConfig;
    var pressed = asked.triggeringEvent && /^(submit|click)$/.test(asked.triggeringEvent.type);
    if (notices && pressed && asked.verb !== "get") { notices.textContent = ""; }
  });

  // A notice that all went well goes away by itself, unless somebody is at it; any other stays until it is closed.
  var SEEN_MS = 8000;
  var FADE_MS = 150;
  var notices = document.getElementById("notices");
  function dismiss(notice) {
    if (notice.contains(document.activeElement) || notice.matches(":hover")) { later(notice); return; }
    notice.classList.add("is-going");
    setTimeout(function () { notice.remove(); }, FADE_MS);
  }
  function later(notice) { setTimeout(function () { dismiss(notice); }, SEEN_MS); }
  function settle() {
    Array.prototype.forEach.call(notices.querySelectorAll(".notice:not([data-settled])"), function (notice) {
      notice.setAttribute("data-settled", "");
      if (notice.classList.contains("notice-good")) { later(notice); return; }
      var close = document.createElement("button");
      close.type = "button";
      close.className = "button button-quiet notice-close";
      close.textContent = notices.dataset.close;
      close.addEventListener("click", function () { notice.remove(); });
      notice.appendChild(close);
    });
  }
  // A page that answers a form stands at the address of its own page: a reload asks for that one again.
  var address = document.body.dataset.address;
  if (address) { window.history.replaceState(null, "", address); }

  // What a reload would say again is taken out of the address: the sentence, which comes last, with its details.
  var where = window.location;
  var asked = where.search.replace(/[?&]said=.*/, "");
  if (asked !== where.search && notices && notices.children.length) {
    window.history.replaceState(window.history.state, "", where.pathname + asked + where.hash);
  }

  // What sticks to an edge covers nothing that is scrolled to: its height, and how far off the edge it is, are kept free.
  var TOP = "#notices, [data-stuck=top]";
  var BOTTOM = ".bottom-bar, .remote-next, .actions-near, [data-stuck=bottom]";
  function height(selector, edge) {
    return Array.prototype.reduce.call(document.querySelectorAll(selector), function (most, one) {
      return Math.max(most, one.getBoundingClientRect().height + (parseFloat(getComputedStyle(one)[edge]) || 0));
    }, 0);
  }
  function measure() {
    var style = document.documentElement.style;
    style.setProperty("--stuck-top", Math.ceil(height(TOP, "top")) + 8 + "px");
    style.setProperty("--stuck-bottom", Math.ceil(height(BOTTOM, "bottom")) + 8 + "px");
  }
  if (notices && window.MutationObserver) {
    new MutationObserver(function () { settle(); measure(); }).observe(notices, { childList: true });
    settle();
  }
  window.addEventListener("resize", measure);
  document.addEventListener("htmx:load", measure);
  measure();

  // After a form the keyboard goes on where the answer is: at what was wrong, or before the notice that can undo it.
  var answer = address
    ? document.querySelector("main [aria-invalid=true]") || document.querySelector("main .notice-bad")
    : notices && notices.querySelector("form") && notices;
  if (answer) {
    if (answer.tabIndex < 0) { answer.tabIndex = -1; }
    answer.focus();
  }

  // A small menu folds away when one is done with it.
  document.addEventListener("click", function (event) {
    Array.prototype.forEach.call(document.querySelectorAll("[data-fold-away][open]"), function (fold) {
      if (!fold.contains(event.target)) { fold.open = false; }
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    Array.prototype.forEach.call(document.querySelectorAll("[data-fold-away][open]"), function (fold) {
      event.preventDefault();
      fold.open = false;
      fold.querySelector("summary").focus();
    });
  });

  // Danger asks once: the body of <details data-confirm> opens as a dialog.
  function ask(details) {
    var body = details.querySelector(".confirm-body");
    var dialog = document.createElement("dialog");
    if (!body || !dialog.showModal) { return false; }
    details.open = true;
    var cancel = body.querySelector("[data-confirm-cancel]"), first = body.querySelector(".input") || cancel;
    dialog.setAttribute("aria-label", details.querySelector("summary").textContent.trim());
    details.appendChild(dialog);
    dialog.appendChild(body);
    if (cancel) { cancel.hidden = false; }
    dialog.addEventListener("close", function () {
      details.appendChild(body);
      details.open = false;
      dialog.remove();
      details.querySelector("summary").focus();
    });
    if (cancel) { cancel.addEventListener("click", function () { dialog.close(); }, { once: true }); }
    dialog.showModal();
    if (first) { first.focus(); }
    return true;
  }
  document.addEventListener("click", function (event) {
    var summary = event.target.closest("[data-confirm] > summary");
    if (summary && ask(summary.parentNode)) { event.preventDefault(); }
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var dialog = event.target.closest("dialog[open]");
    if (dialog && event.detail.successful) { dialog.close(); }
  });

  // Print and copy buttons exist only where printing and copying do.
  function show(root) {
    Array.prototype.forEach.call(root.querySelectorAll("[data-print][hidden]"), function (button) { button.hidden = false; });
    if (!navigator.clipboard) { return; }
    Array.prototype.forEach.call(root.querySelectorAll("[data-copy][hidden]"), function (button) { button.hidden = false; });
  }
  document.addEventListener("click", function (event) {
    var target = event.target.closest("[data-copy], [data-problem-close], [data-print]");
    if (!target) { return; }
    if (target.hasAttribute("data-print")) { window.print(); return; }
    if (target.hasAttribute("data-problem-close")) { hush(); return; }
    navigator.clipboard.writeText(target.dataset.copy).then(function () {
      var words = target.querySelector("span") || target;
      var before = words.textContent;
      words.textContent = target.dataset.copied || before;
      setTimeout(function () { words.textContent = before; }, 2000);
    });
  });
  document.addEventListener("htmx:load", function (event) { show(event.target); });
  show(document);
})();

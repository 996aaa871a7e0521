/* The small parts that the kit's pages are made of. Classic script, ES2015; needs page.js and state.js. */
var vparts = (function () {
  "use strict";

  const { h, groups } = vpage;
  const { state, say } = vstate;
  const MAIN = "button-primary button-big";

  function rest(all, from) { return Array.prototype.slice.call(all, from); }

  function page(title, lead) {
    return h("main", { class: "kit-main", id: "main" },
      state.message ? notice(state.message[0], state.message[1]) : null,
      h("h1", { tabindex: "-1", id: "top" }, title), lead ? h("p", { class: "kit-lead" }, lead) : null,
      rest(arguments, 2));
  }

  function card(title) {
    return h("section", { class: "card kit-card" }, title ? h("h2", {}, title) : null, rest(arguments, 1));
  }

  function notice(kind, words) { return h("p", { class: "kit-notice is-" + kind, role: "status" }, words); }

  function facts(rows) {
    return h("dl", { class: "kit-facts" }, rows.filter(Boolean).map(function (row) {
      return h("div", {}, h("dt", {}, row[0]), h("dd", {}, row[1]));
    }));
  }

  function smallHash(text) { return groups(text, 4, "kit-hash-small"); }

  /* A 64-digit value that people compare or photograph, with its QR code. */
  function compared(label, text, why) {
    return h("div", { class: "kit-compare" }, vpage.qr(text), h("div", {},
      h("h2", {}, label), why ? h("p", { class: "soft" }, why) : null, groups(text, 4, "kit-hash")));
  }

  /* The code and the head of the chain as they stand, for everybody's camera. `id` of the code. */
  function photographed(id, gold, before) {
    const now = state.journal.now;
    return card("", before, h("p", { class: "kit-figure" + (gold ? " is-gold" : ""), id: id }, now.code),
      compared(say("kit.head"), vdraw.hex(now.head), say("kit.photograph")));
  }

  // ---- what people press and fill in

  function button(key, act, kind, attributes) {
    const about = Object.assign({ type: "button", class: "button " + (kind || ""), onclick: act }, attributes);
    return h("button", about, say(key));
  }

  function actions() { return h("div", { class: "kit-actions" }, rest(arguments, 0)); }

  function labelled(label, field, hint) {
    return h("label", { class: "field" }, h("span", { class: "field-label" }, label),
      hint ? h("span", { class: "field-hint" }, hint) : null, field);
  }

  /* A field whose text stays in state.form[name] while its page is open; `changed(text)` after every change. */
  function kept(tag, name, attributes, changed) {
    return h(tag, Object.assign({
      autocomplete: "off", value: state.form[name] || "", oninput: function (event) {
        state.form[name] = event.target.value;
        if (changed) { changed(event.target.value); }
      },
    }, attributes));
  }

  function choice(attributes, words) {
    return h("label", { class: "check" }, h("input", attributes), h("span", {}, words));
  }

  /* A box to tick before `act` can be pressed. */
  function sure(act, words) {
    return choice({
      type: "checkbox", id: act.id + "-sure", onchange: function (event) { act.disabled = !event.target.checked; },
    }, words);
  }

  /* A field for files; `take(files)` gets them as [{name, data}]. */
  function fileField(id, label, take, several, accept) {
    const field = h("input", {
      type: "file", id: id, class: "visually-hidden", multiple: several, accept: accept, onchange: function (event) {
        vpage.readFiles(event.target.files, take);
      },
    });
    return h("label", { class: "button kit-file" }, say(label), field);
  }

  /* The text of the only file chosen; "" when it cannot be read. */
  function textOf(files) { return files[0] && files[0].data ? vpage.utf8(files[0].data) : ""; }

  return {
    MAIN, page, card, notice, facts, smallHash, compared, photographed, button, actions, labelled, kept, choice, sure,
    fileField, textOf,
  };
})();

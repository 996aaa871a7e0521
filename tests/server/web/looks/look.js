// What is wrong with the look of the open page, each fault as a line of text. What each means: test_walk.py.
window.look = (function () {
  "use strict";
  const PRESSED = "a[href], button:enabled, summary, select:enabled, textarea:enabled, input:enabled:not([type=hidden]), [role=button]";
  const LEAST = 44;
  const ROUNDED = 0.5;
  const END = 4; // px from an end of a box; the letters of the line beside it reach so far
  const WIDE = "table, .grid, .columns, .remote, .draw-form";
  const PARTS = ["::before", "::after"];
  const NAMES = ".person-name, .board-name, .barrel-ticket p"; // what people and things are called may be any length
  const SQUEEZED = 4; // em; three lines of words stand in no narrower cell
  const HOLLOW = 96; // px, two lines of the largest text
  const BESIDE = "td, th, dt, dd"; // as high as what stands beside it

  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const all = (selector) => Array.from(document.querySelectorAll(selector)).filter(shown);
  const pressed = () => all(PRESSED).filter((one) => one.tabIndex >= 0);
  const named = (one) => {
    const words = (one.getAttribute("aria-label") || one.innerText || one.name || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `${one.tagName.toLowerCase()}.${one.className || one.type || ""} “${words}”`;
  };

  function inSentence(link) {
    if (link.tagName !== "A" || getComputedStyle(link).display !== "inline") { return false; }
    let block = link.parentElement;
    while (getComputedStyle(block).display === "inline") { block = block.parentElement; }
    const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (/[\p{L}\p{N}]/u.test(text.data) && shown(text.parentElement) && !text.parentElement.closest(PRESSED)) { return true; }
    }
    return false;
  }

  function small() {
    return pressed().filter((one) => !inSentence(one)).flatMap((one) => {
      const label = one.matches("[type=checkbox], [type=radio], [type=file]") && one.closest("label");
      const { width, height } = (label || one).getBoundingClientRect();
      return Math.min(width, height) < LEAST - ROUNDED ? [`${named(one)} is ${Math.round(width)}x${Math.round(height)}`] : [];
    });
  }

  function wide() {
    const room = document.documentElement.clientWidth;
    const is = document.documentElement.scrollWidth;
    if (is <= room) { return []; }
    const out = all("body *").filter((one) => one.getBoundingClientRect().right > room + ROUNDED);
    return [`${is} px wide by ${out.slice(-3).map(named).join(", ")}`];
  }

  function covered() {
    return pressed().flatMap((one) => {
      one.focus({ focusVisible: true });
      const { left, top, right, bottom } = one.getBoundingClientRect();
      const x = Math.min(Math.max((left + right) / 2, 1), innerWidth - 1);
      // of what is taller than the window only the beginning can be seen at once
      const heights = bottom - top > innerHeight / 2 ? [Math.max(top, 0) + END] : [top + END, (top + bottom) / 2, bottom - END];
      const over = heights.map((y) => document.elementFromPoint(x, y)).filter((hit) => {
        return !hit || !(one.contains(hit) || hit.contains(one) || one.closest("label")?.contains(hit));
      });
      return over.length ? [`${named(one)} is under ${over[0] ? named(over[0]) : "the edge"}`] : [];
    });
  }

  function half() {
    const spread = all(WIDE).filter((one) => one.closest("main") && !one.closest(".narrow, .sheet, aside"));
    // a grid is as wide as what stands in it
    const reach = (one) => Math.max(...(one.matches(".grid") ? Array.from(one.children) : [one]).map((part) => part.getBoundingClientRect().right));
    const most = Math.max(...spread.map((one) => reach(one) - one.getBoundingClientRect().left));
    return spread.length && most <= innerWidth / 2 ? [`${named(spread[0])} is at most ${Math.round(most)} of ${innerWidth} px wide`] : [];
  }

  function unmarked() {
    const drawn = (fold, part) => {
      const style = getComputedStyle(fold, part);
      return style.content !== "none" && parseFloat(style.borderLeftWidth) + parseFloat(style.borderRightWidth) > 0;
    };
    return all("details:not([data-confirm]) > summary").flatMap((fold) => {
      const style = getComputedStyle(fold);
      const marked = style.display === "list-item" && style.listStyleType !== "none";
      return marked || PARTS.some((part) => drawn(fold, part)) ? [] : [`${named(fold)} has no sign of a fold`];
    });
  }

  function cut() {
    return all("body *").filter((one) => !one.closest(NAMES) && getComputedStyle(one).textOverflow === "ellipsis")
      .filter((one) => one.scrollWidth > one.clientWidth).map((one) => `${named(one)} is cut`);
  }

  function ruled() {
    const line = (one) => {
      const { borderTopWidth, borderTopStyle, borderLeftWidth } = getComputedStyle(one);
      return parseFloat(borderTopWidth) > 0 && borderTopStyle !== "none" && parseFloat(borderLeftWidth) === 0;
    };
    const first = (one) => !Array.from(one.parentElement.children).slice(0, Array.from(one.parentElement.children).indexOf(one)).some(shown);
    return all("main *").filter((one) => line(one) && first(one)).map((one) => `${named(one)} has a line above it, and nothing above that`);
  }

  function hollow() {
    const words = document.createRange();
    return all("main *").filter((one) => !one.matches(`${PRESSED}, ${BESIDE}`) && one.innerText?.trim() && !one.children.length).flatMap((one) => {
      words.selectNodeContents(one);
      const room = one.getBoundingClientRect().height - words.getBoundingClientRect().height;
      return room > HOLLOW ? [`${named(one)} has ${Math.round(room)} px of nothing`] : [];
    });
  }

  function squeezed() {
    return all(".table td, .paper-table td").filter((one) => {
      const { fontSize, lineHeight } = getComputedStyle(one);
      const text = document.createRange();
      text.selectNodeContents(one);
      const { width, height } = text.getBoundingClientRect();
      return one.innerText.trim() && width < SQUEEZED * parseFloat(fontSize) && height > 2.5 * parseFloat(lineHeight);
    }).map((one) => `${named(one)} is squeezed`);
  }

  function stuck() {
    return all("select:invalid").map((one) => `${named(one)} lets its form not be sent as it stands`);
  }

  function barred() {
    return all(".left-bar, .bottom-bar, [data-print]").map((one) => `${named(one)} is printed`);
  }

  function apart() {
    const lines = document.documentElement.lang.startsWith("zh") ? document.body.innerText.split("\n") : [];
    return lines.flatMap((line) => line.match(/.{0,20}(?:[。，；：！？] \p{sc=Han}|\p{sc=Han}[:;,] ).{0,20}/gu) || []);
  }

  return { apart, small, wide, covered, half, unmarked, cut, ruled, hollow, squeezed, stuck, barred };
})();

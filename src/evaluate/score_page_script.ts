/**
 * The script of the score page: shows the predictions of the character under the pointer, that was
 * tapped, or that the arrow keys have reached. Without it the page is the colored text.
 *
 * Characters have no elements of their own, which would cut joined letters apart and make the page
 * several times as large. A character is found by the browser's own hit test for text.
 */
import { DIGITS, HUNDREDTHS, MANTISSAS, MORE, NOT_PREDICTED } from "./score_page_data.ts";

/** The script, to be put into a `<script>` element. */
export const SCORE_PAGE_SCRIPT = `"use strict";
const text = document.getElementById("text"), box = document.getElementById("box");
const card = document.getElementById("card");
const data = JSON.parse(document.getElementById("data").textContent);
const digits = ${JSON.stringify(DIGITS)}, size = 2 + data.top * (data.width + 2);
// Leaves are text nodes, and elements that stand for one character; each has the index of its first.
const leaves = [], starts = new Map();
let count = 0;
const walker = document.createTreeWalker(text, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, isText = node.nodeType === 3;
  // Line feeds between the paragraphs are not of the text.
  if (isText ? node.parentNode === text : !node.dataset.c) continue;
  starts.set(node, { order: leaves.length, start: count });
  leaves.push(node);
  count += isText ? [...node.data].length : 1;
}
function number(at, width) {
  let code = 0;
  for (let i = at; i < at + width; i++) code = code * digits.length + digits.indexOf(data.records[i]);
  return code;
}
function bits(code) {
  if (code === ${MORE}) return "more than 390";
  return code <= ${HUNDREDTHS} ? (code / 100).toFixed(2)
    : (${HUNDREDTHS / 100} + (code - ${HUNDREDTHS}) / 10).toFixed(1);
}
function percent(code) {
  const exponent = Math.floor(code / ${MANTISSAS});
  if (exponent > 7) return "< 0.00001 %";
  return Number((code % ${MANTISSAS} + 100) + "e-" + exponent)
    .toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }) + " %";
}
function nameOf(character) {
  const names = { " ": "space", "\\n": "line break", "\\t": "tab" };
  if (names[character]) return names[character];
  const code = "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return /[\\p{C}\\p{Z}\\p{M}]/u.test(character) ? code : "\\u2068" + character + "\\u2069  " + code;
}
function element(name, content, parent) {
  const made = parent.appendChild(document.createElement(name));
  made.textContent = content;
  return made;
}
// A place is a leaf and a range in it: one character, or all of a cluster such as a flag.
function place(leaf, from) {
  if (leaf.nodeType !== 3) return { leaf, from: 0, to: 1 };
  if (leaf.parentNode.classList.contains("k")) return { leaf, from: 0, to: leaf.data.length };
  const low = leaf.data.charCodeAt(from) >> 10 === 55;
  if (low) from--;
  return { leaf, from, to: from + (leaf.data.codePointAt(from) > 65535 ? 2 : 1) };
}
function charactersOf({ leaf, from, to }) {
  return leaf.nodeType === 3 ? [...leaf.data.slice(from, to)]
    : [String.fromCodePoint(parseInt(leaf.dataset.c, 16))];
}
function indexOf({ leaf, from }) {
  const { start } = starts.get(leaf);
  return leaf.nodeType === 3 ? start + [...leaf.data.slice(0, from)].length : start;
}
function move({ leaf, from, to }, by) {
  if (leaf.nodeType === 3 && by > 0 && to < leaf.data.length) return place(leaf, to);
  if (leaf.nodeType === 3 && by < 0 && from > 0) return place(leaf, from - 1);
  const next = leaves[starts.get(leaf).order + by];
  return next && place(next, by > 0 || next.nodeType !== 3 ? 0 : next.data.length - 1);
}
function rectsOf({ leaf, from, to }) {
  if (leaf.nodeType !== 3) return [...leaf.getClientRects()];
  const range = document.createRange();
  range.setStart(leaf, from);
  range.setEnd(leaf, to);
  return [...range.getClientRects()];
}
const holds = (rect, x, y) => x >= rect.left && x <= rect.right && y >= rect.top - 4 &&
  y <= rect.bottom + 4;
function hit(x, y) {
  const target = document.elementFromPoint(x, y);
  if (!target || !text.contains(target)) return;
  if (target.dataset.c) return place(target, 0);
  let node, offset;
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(x, y);
    if (caret) node = caret.offsetNode, offset = caret.offset;
  } else {
    const caret = document.caretRangeFromPoint(x, y);
    if (caret) node = caret.startContainer, offset = caret.startOffset;
  }
  if (!starts.has(node) || node.nodeType !== 3) return;
  const isHit = (at) => at && rectsOf(at).some((rect) => holds(rect, x, y));
  // Between runs of two directions the caret may belong to the far end of a run.
  let before = place(node, Math.min(offset, node.data.length - 1)), after = before;
  for (let distance = 0; distance < 200 && (before || after); distance++) {
    if (isHit(before)) return before;
    if (isHit(after)) return after;
    before = before && move(before, -1);
    after = after && move(after, 1);
  }
}
let shown, pinned = false;
function show(at) {
  if (!at) return hide();
  if (shown && shown.leaf === at.leaf && shown.from === at.from && !card.hidden) return;
  shown = at;
  card.replaceChildren();
  let index = indexOf(at);
  for (const character of charactersOf(at)) {
    element("h2", nameOf(character), card);
    const record = (index++ - 1) * size;
    if (record < 0 || number(record, 2) === ${NOT_PREDICTED}) {
      element("div", "The first character of a text: nothing predicts it.", card);
      continue;
    }
    element("div", "Surprisal: " + bits(number(record, 2)) + " bits", card);
    const table = document.createElement("table");
    element("caption", "Most probable here", table);
    for (let i = 0; i < data.top; i++) {
      const entry = record + 2 + i * (data.width + 2), id = number(entry, data.width);
      if (id === 0) break;
      const predicted = data.characters[id - 1], row = element("tr", "", table);
      element("th", nameOf(predicted), row).scope = "row";
      element("td", percent(number(entry + data.width, 2)), row);
      if (predicted === character) row.className = "is", element("td", "✓", row);
    }
    if (table.rows.length > 0) card.append(table);
  }
  position();
}
function position() {
  const [rect] = rectsOf(shown);
  if (!rect) return hide();
  card.hidden = box.hidden = false;
  box.style.left = rect.left + scrollX - 2 + "px";
  box.style.top = rect.top + scrollY - 2 + "px";
  box.style.width = Math.max(rect.width, 3) + 4 + "px";
  box.style.height = rect.height + 4 + "px";
  const { width, height } = card.getBoundingClientRect(), view = document.documentElement.clientWidth;
  card.style.left = Math.max(8, Math.min(rect.left - 8, view - width - 8)) + "px";
  const below = rect.bottom + 10, above = rect.top - height - 10;
  card.style.top = (below + height < innerHeight || above < 0 ? below : above) + "px";
}
function hide() {
  card.hidden = box.hidden = true;
  pinned = false;
}
text.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && !pinned) show(hit(event.clientX, event.clientY));
});
text.addEventListener("pointerleave", () => pinned || hide());
document.addEventListener("click", (event) => {
  const at = hit(event.clientX, event.clientY);
  show(at);
  pinned = at !== undefined;
});
const follow = () => pinned ? position() : card.hidden || hide();
addEventListener("scroll", follow, { passive: true });
addEventListener("resize", follow);
text.addEventListener("blur", hide);
text.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") return hide();
  const at = shown || place(leaves[0], 0);
  const line = getComputedStyle(at.leaf.parentElement.closest("p")).direction;
  const forward = line === "rtl" ? "ArrowLeft" : "ArrowRight";
  let next;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    next = shown ? move(at, event.key === forward ? 1 : -1) : at;
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    // The nearest character of the line above or below.
    const [rect] = rectsOf(at), height = parseFloat(getComputedStyle(text).lineHeight);
    const center = ({ left, right }) => (left + right) / 2;
    let top, best = Infinity;
    for (let other = at; (other = move(other, event.key === "ArrowDown" ? 1 : -1));) {
      const [place] = rectsOf(other);
      if (!place || Math.abs(place.top - rect.top) < height / 2) continue;
      top ??= place.top;
      if (Math.abs(place.top - top) > height / 2) break;
      const distance = Math.abs(center(place) - center(rect));
      if (distance < best) best = distance, next = other;
    }
  } else return;
  event.preventDefault();
  if (!next) return;
  const element = next.leaf.nodeType === 3 ? next.leaf.parentElement : next.leaf;
  const [rect] = rectsOf(next);
  if (!rect || rect.top < 60 || rect.bottom > innerHeight - 20) {
    element.scrollIntoView({ block: "center" });
  }
  show(next);
  pinned = true;
});
document.getElementById("help").hidden = false;
`;

/** What a call came to: a text, or lines as they come. Long ones are shown in part. */

import { el, onFrame, shown } from "./dom.js";
import { t } from "./words.js";

const shownCharactersMax = 200_000;

/** Lines that stand together: the browser lays out a piece anew, and not all of them. */
const pieceCharacters = 4_000;

/** Where it is shown. `say(text)` in place of what was there, `add(lines)` after it. */
export function outputOf(label) {
  const element = el("pre", { tabIndex: 0, role: "region", "aria-label": label });
  let text = "";
  let waiting = "";
  let length = 0;

  /** Once a frame, however many lines have come: what is out of reach is not shown at all. */
  const draw = onFrame(() => {
    const more = waiting.slice(-shownCharactersMax);
    waiting = "";
    length += more.length;
    for (const piece of piecesOf(more)) element.append(el("div", {}, piece));
    while (length > shownCharactersMax && element.children.length > 1) {
      length -= element.firstChild.textContent.length;
      element.firstChild.remove();
    }
  });

  return {
    element,
    /** All of what was said, and of what was added as much as is shown. */
    get text() {
      return text;
    },
    say(whole) {
      text = whole;
      waiting = "";
      length = 0;
      const rest = whole.length - shownCharactersMax;
      const pieces = piecesOf(whole.slice(0, shownCharactersMax)).map((piece) =>
        el("div", {}, piece)
      );
      const note = rest > 0 ? [el("div", { className: "quiet" }, `${rest} ${t("more")}`)] : [];
      element.replaceChildren(...pieces, ...note);
    },
    add(lines) {
      if (lines === "") return;
      text = (text + shown(lines)).slice(-shownCharactersMax);
      waiting += lines;
      draw();
    },
  };
}

/** Whole lines as a rule, so that they stand as they would in one piece. */
function piecesOf(text) {
  const pieces = [];
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf("\n", start + pieceCharacters);
    pieces.push(end === -1 ? text.slice(start) : text.slice(start, end + 1));
    start = end === -1 ? text.length : end + 1;
  }
  return pieces;
}

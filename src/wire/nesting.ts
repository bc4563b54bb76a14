const quote = 0x22;

/** After so many characters without a quote or a bracket, the next one is looked for in one go. */
const quietLength = 24;

const structural = /["[\]{}]/g;

/**
 * Whether JSON text nests arrays and objects deeper than `levels`. Text that is not JSON gives any
 * answer.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Shorter text cannot close what it would have to open.
  if (text.length <= 2 * levels) return false;
  return depthAtEnd(text, levels) === undefined;
}

/**
 * Whether text is one array or object, or one string, as far as its brackets and quotes say, nested
 * no deeper than `levels`. Whatever is wrong with the rest, such text cannot be read as the end of
 * what it stands in.
 */
export function isOneValue(text: string, levels: number): boolean {
  const first = text.charCodeAt(0);
  if (first === quote) return endOfString(text, 1) === text.length - 1;
  return (first === 0x5b || first === 0x7b) && depthAtEnd(text, levels, true) === 0;
}

/**
 * How many brackets are open at the end of a text; `undefined` if they were more than `levels`
 * anywhere.
 *
 * @param isOne gives `undefined` too if all are closed before the end
 */
function depthAtEnd(text: string, levels: number, isOne = false): number | undefined {
  const { length } = text;
  let depth = 0;
  let quiet = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) i = endOfString(text, i + 1);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return undefined;
    } else if (code === 0x5d || code === 0x7d) {
      if (--depth <= 0 && isOne && i < length - 1) return undefined;
    } else {
      if (++quiet < quietLength) continue;
      structural.lastIndex = i;
      if (!structural.test(text)) return depth;
      // To the one that was found, which the next turn looks at.
      i = structural.lastIndex - 2;
    }
    quiet = 0;
  }
  return depth;
}

/** The index of the quote that ends the string whose first character is at `start`. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start);; at = text.indexOf('"', at + 1)) {
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

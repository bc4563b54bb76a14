const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;

/** After this many characters without a quote or a bracket, a search finds the next one. */
const quietLength = 24;

const structural = /["[\]{}]/g;

/**
 * Whether JSON text nests arrays and objects deeper than `levels`. For other text the answer is
 * arbitrary.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Shorter text has no room for so many pairs of brackets.
  if (text.length <= 2 * levels) return false;
  if (text.length <= shortLength && !hasMoreBrackets(text, levels)) return false;
  const by = judgeOf(text);
  return by === undefined ? !passes(text, levels, false) : by.isNestedDeeper(text, levels);
}

/** In text of this length counting brackets takes a seventh of following them. */
const shortLength = 16 * 1024;

/** Whether more than `count` brackets open, those in strings included. */
function hasMoreBrackets(text: string, count: number): boolean {
  let left = count;
  for (const bracket of ["[", "{"]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}

/**
 * Whether text is one array, object or string as far as its brackets and quotes tell, nested no
 * deeper than `levels`. Even if such text is not JSON, no parser takes a part of it for the end of
 * the message around it.
 */
export function isOneValue(text: string, levels: number): boolean {
  const by = judgeOf(text);
  return by === undefined ? passes(text, levels, true) : by.isOneValue(text, levels);
}

/** Shorter text is not worth the look. */
const denseTextLength = 2 * 1024;

/**
 * Dense text has so many quotes, brackets, commas and backslashes in so many first characters, and
 * then in so many more, behind the frame of a message. Most other text is known by the first ones.
 */
const denseLooks = [
  { length: 16, count: 3 },
  { length: 64, count: 6 },
  { length: 512, count: 32 },
] as const;

/** Judges long text that is full of quotes, brackets and commas, in a fifth of the time. */
interface DenseText {
  isNestedDeeper(text: string, levels: number): boolean;
  isOneValue(text: string, levels: number): boolean;
  /** See {@link hasPlainNumbers}. */
  hasPlainNumbers(text: string): boolean | undefined;
}

let dense: DenseText | undefined;

/** Has such text judged by others from now on. A program without long messages never loads them. */
export function judgeDenseBy(by: DenseText): void {
  dense = by;
}

/**
 * Whether all numbers in JSON are short plain decimals, which JavaScript keeps as they are, as far
 * as that can be seen quickly.
 */
export function hasPlainNumbers(text: string): boolean {
  return judgeOf(text)?.hasPlainNumbers(text) ?? false;
}

/** Who judges a text; `undefined`: it is looked at here. Other text is seen through faster here. */
function judgeOf(text: string): DenseText | undefined {
  if (dense === undefined || text.length < denseTextLength) return undefined;
  let found = 0;
  let at = 0;
  for (let look = 0; look < denseLooks.length; look++) {
    const { length, count } = denseLooks[look] as typeof denseLooks[number];
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote || code === comma || code === backslash || isBracket(code)) found++;
    }
    if (found < count) return undefined;
  }
  return dense;
}

/** Whether the brackets of a text fit, and if there may be only one value whether it is one. */
function passes(text: string, levels: number, isOne: boolean): boolean {
  const { length } = text;
  let depth = 0;
  let hasEnded = false;
  let quiet = 0;
  for (let i = 0; i < length; i++) {
    if (hasEnded) return false;
    const code = text.charCodeAt(i);
    if (code === quote) {
      i = endOfString(text, i + 1);
      if (i === length) return !isOne;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return false;
    } else if (code === 0x5d || code === 0x7d) {
      if (--depth < 0 && isOne) return false;
    } else {
      if (isOne && depth === 0) return false;
      if (++quiet < quietLength) continue;
      structural.lastIndex = i;
      if (!structural.test(text)) return !isOne;
      // The next turn of the loop looks at the character that was found.
      i = structural.lastIndex - 2;
      quiet = 0;
      continue;
    }
    quiet = 0;
    hasEnded = isOne && depth === 0;
  }
  return hasEnded || !isOne;
}

function isBracket(code: number): boolean {
  return (code | 0x20) === 0x7b || (code | 0x20) === 0x7d;
}

/** The index of the quote that ends the string whose first character is at `start`. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start);; at = text.indexOf('"', at + 1)) {
    if (at === -1) return text.length;
    if (!isEscaped(text, start, at)) return at;
  }
}

/** Whether an odd number of backslashes, none of them before `start`, comes before `end`. */
function isEscaped(text: string, start: number, end: number): boolean {
  let backslashes = 0;
  while (end - 1 - backslashes >= start && text.charCodeAt(end - 1 - backslashes) === backslash) {
    backslashes++;
  }
  return backslashes % 2 === 1;
}

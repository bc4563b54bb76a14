const quote = 0x22;
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
  return !new Brackets(levels).pass(text);
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
  const brackets = new Brackets(levels, true);
  return brackets.pass(text) && brackets.haveEnded;
}

/** Follows the brackets and quotes of a text that comes in parts. */
export class Brackets {
  readonly #levels: number;
  readonly #isOne: boolean;
  #depth = 0;
  #isInString = false;
  /** Whether the first character of the next part is escaped. */
  #isEscaped = false;
  #haveEnded = false;

  /** @param isOne whether the text must be a single value with nothing beside it */
  constructor(levels: number, isOne = false) {
    this.#levels = levels;
    this.#isOne = isOne;
  }

  /** Whether that value is complete. */
  get haveEnded(): boolean {
    return this.#haveEnded;
  }

  /** Whether the next part goes on within a string, and does not begin with what is escaped. */
  get isWithinText(): boolean {
    return this.#isInString && !this.#isEscaped;
  }

  /** Takes the next part. Returns `false` if the text nests too deep, or is not a single value. */
  pass(text: string): boolean {
    const { length } = text;
    if (length === 0) return true;
    const isOne = this.#isOne;
    let quiet = 0;
    for (let i = this.#isInString ? this.#passString(text, 0) + 1 : 0; i < length; i++) {
      if (this.#haveEnded) return false;
      const code = text.charCodeAt(i);
      if (code === quote) i = this.#passString(text, i + 1);
      else if (code === 0x5b || code === 0x7b) {
        if (++this.#depth > this.#levels) return false;
      } else if (code === 0x5d || code === 0x7d) {
        if (--this.#depth < 0 && isOne) return false;
        this.#endIfOne();
      } else {
        if (isOne && this.#depth === 0) return false;
        if (++quiet < quietLength) continue;
        structural.lastIndex = i;
        if (!structural.test(text)) return true;
        // The next turn of the loop looks at the character that was found.
        i = structural.lastIndex - 2;
      }
      quiet = 0;
    }
    return true;
  }

  /** The index of the quote that ends the string which goes on at `start`, or the text's length. */
  #passString(text: string, start: number): number {
    const from = this.#isEscaped ? start + 1 : start;
    const end = endOfString(text, from);
    this.#isInString = end === text.length;
    this.#isEscaped = this.#isInString && isEscaped(text, from, end);
    if (!this.#isInString) this.#endIfOne();
    return end;
  }

  #endIfOne(): void {
    if (this.#isOne && this.#depth === 0) this.#haveEnded = true;
  }
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

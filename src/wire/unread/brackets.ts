/** Brackets and quotes of long JSON, followed in its bytes. */

import {
  bracketState,
  followBrackets,
  followBracketsOf,
  hasPlainNumbers,
} from "../../base/values/byte_search.ts";
import { judgeDenseBy } from "../nesting.ts";

const { ended, broken, notAscii, isOne } = bracketState;
const isOver = ended | broken;

/** Follows one value whose bytes come in parts. */
export class Brackets {
  readonly #levels: number;
  #state: number = isOne;

  /** @param levels how deep it may be nested */
  constructor(levels: number) {
    this.#levels = levels;
  }

  /** Whether the value is complete. */
  get haveEnded(): boolean {
    return (this.#state & isOver) === ended;
  }

  /** Whether all bytes of the last part were ASCII. */
  get isAscii(): boolean {
    return (this.#state & notAscii) === 0;
  }

  /**
   * Takes the next part. Returns `false` if it is nested too deep, or is not a single value. Bytes
   * that are not UTF-8 are for others to find.
   */
  pass(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return true;
    if (this.#state === isOne && !canBegin(bytes[start] as number)) return false;
    this.#state = followBrackets(bytes, start, end, this.#state, this.#levels);
    return (this.#state & broken) === 0;
  }
}

/** Whether a text, an array or an object begins with it. */
function canBegin(code: number): boolean {
  return code === 0x22 || code === 0x5b || code === 0x7b;
}

judgeDenseBy({
  isNestedDeeper: (text, levels) => (followBracketsOf(text, 0, levels) & broken) !== 0,
  isOneValue: (text, levels) =>
    canBegin(text.charCodeAt(0)) && (followBracketsOf(text, isOne, levels) & isOver) === ended,
  hasPlainNumbers,
});

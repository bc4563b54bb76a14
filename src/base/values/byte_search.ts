/**
 * Searches long bytes for single ones, 64 at a time: twice as fast as making text of them and
 * searching that, and without the memory of the text. Follows brackets and quotes likewise, in a
 * fifth of the time.
 */

/** What is searched for: bytes outside of a range, and two single ones. */
export interface Wanted {
  /** The least byte that is not wanted. */
  readonly low: number;
  /** How many more after {@link low} are not wanted. */
  readonly span: number;
  /** One that is wanted within the range. */
  readonly one: number;
  /** Another one. */
  readonly other: number;
}

/**
 * The index of the first wanted byte of a memory from `at` to before `end`; `end` or more: there is
 * none.
 */
type Find = (
  at: number,
  end: number,
  low: number,
  span: number,
  one: number,
  other: number,
) => number;

/** The state behind bytes from `at` to before `end`, see {@link followBrackets}. */
type Follow = (at: number, end: number, state: number, levels: number) => number;

/**
 * Whether JavaScript keeps all numbers from `at` to before `end`: -1 if it may not. Else the bits
 * for the end within a text, and from bit 2 on how many of the last bytes are of a number that goes
 * on.
 */
type JudgeNumbers = (at: number, end: number, state: number) => number;

/** What the code does in a memory. */
interface Search {
  readonly find: Find;
  readonly follow: Follow;
  /** `undefined`: there is no WebAssembly. */
  readonly numbers?: JudgeNumbers;
}

/** Bytes of a page of WebAssembly. */
const pageBytes = 64 * 1024;

/** Bytes of the memory that other bytes are copied into to be searched. */
const windowBytes = pageBytes;

/** The search looks at so many bytes at once, and so beyond the end. */
const stepBytes = 64;

/** Looked at first, since what is searched for is most often near, and the window is a copy. */
const nearBytes = 1024;

/**
 * The code, made of `byte_search.wat`. Tests compare what it finds with plain loops, which do the
 * same where there is no WebAssembly.
 */
const module =
  "AGFzbQEAAAABGgNgBn9/f39/fwF/YAR/f39/AX9gA39/fwF/AggBAW0BbQIAAQMEAwABAgcbAwRmaW5kAAAGZm9sbG93" +
  "AAEHbnVtYmVycwACCoMKA/0BAgF/BXsgAv0PIQggA/0PIQkgBP0PIQogBf0PIQsCQANAIAD9AAQAIgcgCP1xIAn9cyAH" +
  "IAr9I/1QIAcgC/0j/VAgAP0ABBAiByAI/XEgCf1zIAcgCv0j/VAgByAL/SP9UP1QIAD9AAQgIgcgCP1xIAn9cyAHIAr9" +
  "I/1QIAcgC/0j/VD9UCAA/QAEMCIHIAj9cSAJ/XMgByAK/SP9UCAHIAv9I/1Q/VD9Uw0BIABBwABqIgAgAUkNAAsgAA8L" +
  "A0AgAP0ABAAiByAI/XEgCf0oIAcgCv0j/VAgByAL/SP9UP1kIgYEQCAAIAZoag8LIABBEGoiACABSQ0ACyAAC4MFBAJ7" +
  "A38IewZ/IAJBAXEhFCACQSBxIRUgAkEGdSETIABBfyACQQJxGyEWQQAhAkEi/Q8hCUHcAP0PIQpBIP0PIQ1B+wD9DyEL" +
  "Qf0A/Q8hDAJAA0ACQCAIDQADQCAAQcAAaiABSw0BIAD9AAQAIQQgAP0ABBAhDiAA/QAEICEPIAD9AAQwIRAgBCAJ/SMg" +
  "BCAK/SP9UCAEIA39UCAL/SMgBCAN/VAgDP0j/VD9UCAOIAn9IyAOIAr9I/1QIA4gDf1QIAv9IyAOIA39UCAM/SP9UP1Q" +
  "/VAgDyAJ/SMgDyAK/SP9UCAPIA39UCAL/SMgDyAN/VAgDP0j/VD9UCAQIAn9IyAQIAr9I/1QIBAgDf1QIAv9IyAQIA39" +
  "UCAM/SP9UP1Q/VD9UP1TDQEgBSAEIA79UCAPIBD9UP1Q/VAhBSAAQcAAaiIAIAFJDQAMAwsLIAD9AAQAIQQgBCAJ/SMg" +
  "BCAK/SP9UCAEIA39UCAL/SMgBCAN/VAgDP0j/VD9UP1kIQYgAEEQaiABSwRAQQEgASAAa3RBAWshByAGIAdxIQYgBP1k" +
  "IAdxBEBBgAH9DyEFCwUgBSAE/VAhBQsgBiEIAkADQCAGRQ0BIAAgBmhqIREgBiAGQQFrcSEGIBEgFkYNACARLQAAIRIg" +
  "FARAIBJB3ABGBEAgEUEBaiEWCyASQSJHDQFBACEUBSASQdwARg0BIBJBIkYEQEEBIRQMAgsgEyASQQJxQQFraiETIBMg" +
  "A0oEQEEIIQIMBQsLIBMNACAVRQ0AQQRBCCARQQFqIAFGGyECDAMLCyAAQRBqIgAgAUkNAAsLIAIgFHIgFSATQQZ0cnIg" +
  "FiABRkEBdEEQQQAgBf1kG3JyC/wCAgF7BX8gAkECcQRAIABBAWohAAsDQCACQQFxBEADQCAAIAFPBEBBAQ8LIAD9AAQA" +
  "IQMgA0Ei/Q/9IyADQdwA/Q/9I/1Q/WQhBCAERQRAIABBEGohAAwBCyAAIARoaiEAIAAgAU8EQEEBDwsgAC0AAEEiRwRA" +
  "IABBAmohACAAIAFNDQFBAw8LCyAAQQFqIQALQQAhAgNAIAAgAU8EQEEADwsgAC0AACEFIAAhBiAAQQFqIQAgBUEiRgRA" +
  "QQEhAgwCCyAGIQcgBUEtRgRAIAAhBwUgBUEwa0EJSw0BC0EAIQgCQANAIAAgAU8EQCABIAZrQQJ0DwsgAC0AACEFIAVB" +
  "MGtBCUsEQCAFQS5GBEBBASEIBSAFQSByQeUARgRAQX8PCwwDCwsgAEEBaiEAIAAgB2tBD00NAAtBfw8LIAgEQCAAQQFr" +
  "LQAAQTBHIAcoAgBBsNzAgQNHcQ0BBSAHLQAAQTBHDQEgByAGRiAAIAZrQQFGcQ0BC0F/DwsLAAs=";

const utf8 = new TextEncoder();

/** Made when it is first needed, which takes a third of a millisecond. */
let search: Search & { readonly window: Uint8Array<ArrayBuffer> } | undefined;

/** `undefined`: there is no WebAssembly. */
let compiled: WebAssembly.Module | undefined;

/** The searches of the buffers of {@link searchableBuffer}. */
const searches = new WeakMap<ArrayBuffer, Search>();

/**
 * Most buffers that are searched where they are. For each one much address space is set aside, and
 * nobody has many long lines at once for long.
 */
const buffersMax = 64;

/** How many more there may be. */
let buffersLeft = buffersMax;

const collected = new FinalizationRegistry(() => buffersLeft++);

/**
 * A buffer that {@link firstWanted} searches where it is, without a copy, and in half of the time.
 * It cannot be detached. `undefined`: there are enough of them, or there is no WebAssembly.
 */
export function searchableBuffer(bytes: number): ArrayBuffer | undefined {
  search ??= newSearch();
  if (compiled === undefined || buffersLeft === 0) return undefined;
  try {
    const { buffer, ...search } = memoryOf(Math.ceil(bytes / pageBytes), compiled);
    searches.set(buffer, search);
    collected.register(buffer, undefined);
    buffersLeft--;
    return buffer;
  } catch {
    // There is no address space left.
    buffersLeft = 0;
    return undefined;
  }
}

/** Whether a buffer is one of {@link searchableBuffer}. */
export function isSearchable(buffer: ArrayBuffer): boolean {
  return searches.has(buffer);
}

/** The index of the first wanted byte from `start` to before `end`, or -1. */
export function firstWanted(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: Wanted,
): number {
  if (end - start > nearBytes) {
    const inPlace = searchOf(bytes, end);
    if (inPlace !== undefined) {
      const { byteOffset } = bytes;
      const endInBuffer = byteOffset + end;
      const { low, span, one, other } = wanted;
      const found = inPlace.find(byteOffset + start, endInBuffer, low, span, one, other);
      return found < endInBuffer ? found - byteOffset : -1;
    }
  }
  return firstInWindow(bytes, start, end, wanted);
}

/** What searches bytes up to `end` where they are, if they can be. */
function searchOf({ buffer, byteOffset }: Uint8Array, end: number): Search | undefined {
  const found = searches.get(buffer as ArrayBuffer);
  return found && byteOffset + end + stepBytes <= buffer.byteLength ? found : undefined;
}

function firstInWindow(
  bytes: Uint8Array,
  start: number,
  end: number,
  { low, span, one, other }: Wanted,
): number {
  const { window, find } = search ??= newSearch();
  let at = start;
  for (let size = nearBytes; at < end; size = windowBytes) {
    const length = Math.min(size, end - at);
    window.set(bytes.subarray(at, at + length));
    // Behind them is what was searched before.
    const found = find(0, length, low, span, one, other);
    if (found < length) return at + found;
    at += length;
  }
  return -1;
}

/**
 * Whether a text, in UTF-8, has none of the wanted bytes. `undefined`: it has no UTF-8, or too much
 * of it.
 */
export function lacksWanted(text: string, wanted: Wanted): boolean | undefined {
  const { window, find } = search ??= newSearch();
  const { read, written } = utf8.encodeInto(text, window);
  const isWhole = read === text.length && (written === read || text.isWellFormed());
  const { low, span, one, other } = wanted;
  return isWhole ? find(0, written, low, span, one, other) >= written : undefined;
}

/**
 * Bits of a state: the bytes ended within a text; right behind its backslash; the one value has
 * ended; brackets are nested too deep, or there is more than one value; some bytes are not ASCII;
 * there may be only one value. From bit `depthAt` on stands how many brackets are open.
 */
export const bracketState = {
  ...{ inText: 1, escaped: 2, ended: 4, broken: 8, notAscii: 16, isOne: 32, depthAt: 6 },
} as const;

/**
 * Follows the brackets and quotes of JSON from `start` to before `end`, and returns the state
 * behind them, given the one before: {@link bracketState}. What comes behind the end of the one
 * value, or behind what is broken, is broken.
 *
 * @param levels how deep brackets may be nested
 */
export function followBrackets(
  bytes: Uint8Array,
  start: number,
  end: number,
  state: number,
  levels: number,
): number {
  const inPlace = searchOf(bytes, end);
  if (inPlace !== undefined && start < end && (state & isOver) === 0) {
    const { byteOffset } = bytes;
    return inPlace.follow(byteOffset + start, byteOffset + end, state, levels);
  }
  const { window } = search ??= newSearch();
  let next = state & ~notAscii;
  for (let at = start; at < end; at += windowBytes) {
    const part = bytes.subarray(at, Math.min(at + windowBytes, end));
    window.set(part);
    next = followWindow(part.length, next, levels);
  }
  return next;
}

/** {@link followBrackets} of a text. */
export function followBracketsOf(text: string, state: number, levels: number): number {
  const { window } = search ??= newSearch();
  let next = state & ~notAscii;
  for (let at = 0; at < text.length;) {
    const { read, written } = utf8.encodeInto(at === 0 ? text : text.slice(at), window);
    next = followWindow(written, next, levels);
    if ((next & broken) !== 0) return next;
    at += read;
  }
  return next;
}

/**
 * Whether all numbers in JSON are short plain decimals, which JavaScript keeps as they are.
 * `undefined`: others have to find out.
 */
export function hasPlainNumbers(text: string): boolean | undefined {
  const { window, numbers } = search ??= newSearch();
  if (numbers === undefined) return undefined;
  // Wherever a text begins it looks at several bytes at once.
  const room = window.subarray(0, windowBytes - stepBytes);
  let state = 0;
  for (let at = 0; at < text.length;) {
    const { read, written } = utf8.encodeInto(at === 0 ? text : text.slice(at), room);
    state = numbers(0, written, state & 3);
    if (state === -1) return false;
    const begun = state >> 2;
    if (at + read === text.length) return begun === 0 ? true : undefined;
    // A number that was cut off is looked at again from its beginning.
    at += read - begun;
  }
  return true;
}

const { ended, broken, notAscii } = bracketState;
const isOver = ended | broken;

/** The state behind the first bytes of the window. */
function followWindow(length: number, state: number, levels: number): number {
  if ((state & isOver) !== 0) return state | broken;
  const { follow } = search as NonNullable<typeof search>;
  return follow(0, length, state, levels) | (state & notAscii);
}

function newSearch(): NonNullable<typeof search> {
  try {
    compiled = new WebAssembly.Module(Uint8Array.fromBase64(module));
    const { buffer, ...search } = memoryOf(1, compiled);
    return { window: new Uint8Array(buffer), ...search };
  } catch {
    // Where address space is bounded there is no room for what WebAssembly sets aside.
    compiled = undefined;
    return plainSearch();
  }
}

function memoryOf(
  pages: number,
  compiled: WebAssembly.Module,
): Search & { readonly buffer: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { m: { m: memory } });
  const { find, follow, numbers } = exports as unknown as Required<Search>;
  return { buffer: memory.buffer as ArrayBuffer, find, follow, numbers };
}

/** The same search without WebAssembly. */
function plainSearch(): NonNullable<typeof search> {
  const window = new Uint8Array(windowBytes);
  return {
    window,
    find(start, end, low, span, one, other) {
      for (let at = start; at < end; at++) {
        const byte = window[at] as number;
        if (((byte - low) & 0xff) > span || byte === one || byte === other) return at;
      }
      return end;
    },
    follow: (start, end, state, levels) => followPlainly(window, start, end, state, levels),
  };
}

function followPlainly(
  bytes: Uint8Array,
  start: number,
  end: number,
  state: number,
  levels: number,
): number {
  const { inText, escaped, isOne, depthAt } = bracketState;
  let flags = state & (inText | isOne);
  let depth = state >> depthAt;
  let escapedAt = (state & escaped) === 0 ? -1 : start;
  for (let at = start; at < end && (flags & isOver) === 0; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) flags |= notAscii;
    if (at === escapedAt) continue;
    if ((flags & inText) !== 0) {
      if (byte === backslash) escapedAt = at + 1;
      if (byte !== quote) continue;
      flags ^= inText;
    } else {
      if (byte === quote) flags |= inText;
      else if ((byte | 0x20) === 0x7b) depth++;
      else if ((byte | 0x20) === 0x7d) depth--;
      else continue;
      if (depth > levels) flags |= broken;
    }
    const hasEnded = depth === 0 && (flags & (inText | isOne)) === isOne;
    if (hasEnded) flags |= at + 1 === end ? ended : broken;
  }
  if (escapedAt === end) flags |= escaped;
  return flags | (depth << depthAt);
}

const quote = 0x22;
const backslash = 0x5c;

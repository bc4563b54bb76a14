/**
 * Searches long bytes for single ones, 64 at a time: twice as fast as making text of them and
 * searching that, and without the memory of the text.
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

/** The index of the first wanted byte of the window before `end`; `end` or more: there is none. */
type Find = (end: number, low: number, span: number, one: number, other: number) => number;

/** Bytes of the memory that the search has, which is one page of WebAssembly. */
const windowBytes = 64 * 1024;

/** Looked at first, since what is searched for is most often near, and the window is a copy. */
const nearBytes = 1024;

/**
 * The search. For each 64 bytes it computes `any_true` of four times
 * `sub_sat_u(v - low, span) | v == one | v == other`, where `v` are 16 of them: that is as far as
 * it goes while there is none. From there on it computes `bitmask((v - low) >u span | ...)` of each
 * 16 at `at`, and returns `at + ctz(mask)` if any bit is set. A test compares what it finds with a
 * plain loop.
 */
const module =
  "AGFzbQEAAAABCgFgBX9/f39/AX8DAgEABQQBAQEBBxECBm1lbW9yeQIABGZpbmQAAAqAAgH9AQICfwV7IAH9DyEHIAL9" +
  "DyEIIAP9DyEJIAT9DyEKAkADQCAF/QAAACILIAf9cSAI/XMgCyAJ/SP9UCALIAr9I/1QIAX9AAAQIgsgB/1xIAj9cyAL" +
  "IAn9I/1QIAsgCv0j/VD9UCAF/QAAICILIAf9cSAI/XMgCyAJ/SP9UCALIAr9I/1Q/VAgBf0AADAiCyAH/XEgCP1zIAsg" +
  "Cf0j/VAgCyAK/SP9UP1Q/VMNASAFQcAAaiIFIABJDQALIAAPCwNAIAX9AAAAIgsgB/1xIAj9KCALIAn9I/1QIAsgCv0j" +
  "/VD9ZCIGBEAgBSAGaGoPCyAFQRBqIgUgAEkNAAsgAAs=";

const utf8 = new TextEncoder();

/** Made when it is first needed, which takes a third of a millisecond. */
let search: { readonly window: Uint8Array; readonly find: Find } | undefined;

/** The index of the first wanted byte from `start` to before `end`, or -1. */
export function firstWanted(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: Wanted,
): number {
  const { window, find } = search ??= newSearch();
  const { low, span, one, other } = wanted;
  let at = start;
  for (let size = nearBytes; at < end; size = windowBytes) {
    const length = Math.min(size, end - at);
    window.set(bytes.subarray(at, at + length));
    // Behind them is what was searched before.
    const found = find(length, low, span, one, other);
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
  return isWhole ? find(written, low, span, one, other) >= written : undefined;
}

function newSearch(): NonNullable<typeof search> {
  try {
    const { exports } = new WebAssembly.Instance(
      new WebAssembly.Module(Uint8Array.fromBase64(module)),
    );
    const { memory, find } = exports as { memory: WebAssembly.Memory; find: Find };
    return { window: new Uint8Array(memory.buffer), find };
  } catch {
    // Where address space is bounded there is no room for what WebAssembly sets aside.
    return plainSearch();
  }
}

/** The same search without WebAssembly. */
function plainSearch(): NonNullable<typeof search> {
  const window = new Uint8Array(windowBytes);
  return {
    window,
    find(end, low, span, one, other) {
      for (let at = 0; at < end; at++) {
        const byte = window[at] as number;
        if (((byte - low) & 0xff) > span || byte === one || byte === other) return at;
      }
      return end;
    },
  };
}

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

/** Bytes of a page of WebAssembly. */
const pageBytes = 64 * 1024;

/** Bytes of the memory that other bytes are copied into to be searched. */
const windowBytes = pageBytes;

/** The search looks at so many bytes at once, and so beyond the end. */
const stepBytes = 64;

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
  "AGFzbQEAAAABCwFgBn9/f39/fwF/AggBAW0BbQIAAQMCAQAHCAEEZmluZAAACoACAf0BAgF/BXsgAv0PIQcgA/0PIQgg" +
  "BP0PIQkgBf0PIQoCQANAIAD9AAAAIgsgB/1xIAj9cyALIAn9I/1QIAsgCv0j/VAgAP0AABAiCyAH/XEgCP1zIAsgCf0j" +
  "/VAgCyAK/SP9UP1QIAD9AAAgIgsgB/1xIAj9cyALIAn9I/1QIAsgCv0j/VD9UCAA/QAAMCILIAf9cSAI/XMgCyAJ/SP9" +
  "UCALIAr9I/1Q/VD9Uw0BIABBwABqIgAgAUkNAAsgAQ8LA0AgAP0AAAAiCyAH/XEgCP0oIAsgCf0j/VAgCyAK/SP9UP1k" +
  "IgYEQCAAIAZoag8LIABBEGoiACABSQ0ACyABCw==";

const utf8 = new TextEncoder();

/** Made when it is first needed, which takes a third of a millisecond. */
let search: { readonly window: Uint8Array; readonly find: Find } | undefined;

/** `undefined`: there is no WebAssembly. */
let compiled: WebAssembly.Module | undefined;

/** The searches of the buffers of {@link searchableBuffer}. */
const searches = new WeakMap<ArrayBuffer, Find>();

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
    const { buffer, find } = memoryOf(Math.ceil(bytes / pageBytes), compiled);
    searches.set(buffer, find);
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
    const { buffer, byteOffset } = bytes;
    const find = searches.get(buffer as ArrayBuffer);
    const endInBuffer = byteOffset + end;
    if (find !== undefined && endInBuffer + stepBytes <= buffer.byteLength) {
      const { low, span, one, other } = wanted;
      const found = find(byteOffset + start, endInBuffer, low, span, one, other);
      return found < endInBuffer ? found - byteOffset : -1;
    }
  }
  return firstInWindow(bytes, start, end, wanted);
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

function newSearch(): NonNullable<typeof search> {
  try {
    compiled = new WebAssembly.Module(Uint8Array.fromBase64(module));
    const { buffer, find } = memoryOf(1, compiled);
    return { window: new Uint8Array(buffer), find };
  } catch {
    // Where address space is bounded there is no room for what WebAssembly sets aside.
    compiled = undefined;
    return plainSearch();
  }
}

function memoryOf(
  pages: number,
  compiled: WebAssembly.Module,
): { readonly buffer: ArrayBuffer; readonly find: Find } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { m: { m: memory } });
  return { buffer: memory.buffer as ArrayBuffer, find: exports["find"] as Find };
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
  };
}

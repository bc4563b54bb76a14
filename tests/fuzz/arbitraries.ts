/**
 * What parsers are fed: noise, and sound inputs with a few bytes taken out, put in, doubled or
 * changed.
 */

import * as fc from "../support/fast_check.ts";

type Edit = readonly [at: number, removed: number, put: Uint8Array];

/** Bytes that mean something to one parser or another. */
const meaningful = [
  ..."\n\r\0 \t\"'\\/{}[](),:;=-+.eE019~`$#@%&|<>",
  "null",
  "1e999",
  "9007199254740993",
  "\ufeff",
  "\u2028",
  "\ud800",
  "__proto__",
  "constructor",
  "rpc.",
  "[".repeat(70),
  "-----BEGIN CERTIFICATE-----",
  "/../",
  "[::1%eth0]",
].map((text) => new TextEncoder().encode(text));

const put: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(new Uint8Array(), ...meaningful),
  fc.uint8Array({ maxLength: 8 }),
  // Lengths and numbers as the binary formats have them, sound and not.
  fc.constantFrom(0, 1, -1, 4, 2 ** 20, 2 ** 31 - 1, -(2 ** 31)).map((value) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value);
    return bytes;
  }),
);

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.tuple(fc.nat({ max: 4_096 }), fc.nat({ max: 12 }), put),
  { maxLength: 6 },
);

function edited(seed: Uint8Array, changes: readonly Edit[]): Uint8Array {
  return changes.reduce((bytes, [where, removed, inserted]) => {
    const at = where % (bytes.length + 1);
    const tail = bytes.subarray(Math.min(bytes.length, at + removed));
    const result = new Uint8Array(at + inserted.length + tail.length);
    result.set(bytes.subarray(0, at));
    result.set(inserted, at);
    result.set(tail, at + inserted.length);
    return result;
  }, seed);
}

/** Bytes near sound inputs, and noise. */
export function bytesNear(...sound: readonly (string | Uint8Array)[]): fc.Arbitrary<Uint8Array> {
  const seeds = sound.map((one) => typeof one === "string" ? new TextEncoder().encode(one) : one);
  const near = fc.tuple(fc.constantFrom(...seeds), edits).map(([seed, changes]) =>
    edited(seed, changes)
  );
  return fc.oneof({ arbitrary: near, weight: 9 }, fc.uint8Array({ maxLength: 512 }));
}

/** Texts near sound inputs, and noise, lone surrogates included. */
export function textNear(...sound: readonly string[]): fc.Arbitrary<string> {
  const decoder = new TextDecoder();
  return fc.oneof(
    { arbitrary: bytesNear(...sound).map((bytes) => decoder.decode(bytes)), weight: 9 },
    fc.string({ unit: "binary", maxLength: 256 }),
  );
}

/** What stands where something else is meant. */
const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, -0.5, 1.5, 65_536, 2 ** 53, 1e308, -1e308],
  ...["", " ", "x", "0", "null", "*", "..", "a/b", "\n", "\0", "\ud800", "__proto__", "\u202e"],
  ...["x".repeat(300), [], {}, [[]], [null], [1, "a"], { toString: 1 }, { length: -1 }],
  ...[JSON.parse('{"__proto__":{"a":1}}'), JSON.parse("[".repeat(70) + "]".repeat(70))],
];

/** Texts of sound JSON in which a few values are odd, left out, in another's place or too many. */
export function jsonNear(...sound: readonly unknown[]): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(), fc.constantFrom("replace", "remove", "add", "swap"), fc.nat());
  return fc.tuple(
    fc.constantFrom(...sound),
    fc.array(change, { minLength: 1, maxLength: 3 }),
  ).map(([seed, changes]) => {
    const whole = { value: structuredClone(seed) };
    for (const [at, kind, with_] of changes) {
      const places = placesIn(whole);
      const place = places[at % places.length];
      if (place === undefined) continue;
      const [parent, key] = place;
      const odd = structuredClone(oddValues[with_ % oddValues.length]);
      if (kind === "remove") delete parent[key];
      else if (kind === "add") parent[["extra", "__proto__", "0", key + key][with_ % 4]!] = odd;
      else if (kind === "swap") {
        const [from, name] = places[with_ % places.length] as Place;
        parent[key] = structuredClone(from[name]);
      } else parent[key] = odd;
    }
    return JSON.stringify(whole.value) ?? "";
  });
}

type Place = readonly [parent: Record<string, unknown>, key: string];

/** All members of a value, however deep. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key): Place[] => [[parent, key], ...placesIn(parent[key])]);
}

/** The same bytes in pieces, cut anywhere. */
export function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.slice(at[i], end));
}

import assert from "node:assert/strict";
import {
  bracketState,
  firstWanted,
  followBrackets,
  hasPlainNumbers,
  isSearchable,
  lacksWanted,
  searchableBuffer,
  type Wanted,
} from "../../../src/base/values/byte_search.ts";
import * as fc from "../../support/fast_check.ts";

const byte = fc.integer({ min: 0, max: 255 });

/** With ranges that wrap past 255, too: what is counted from `low` is a byte. */
const wanted: fc.Arbitrary<Wanted> = fc.record({ low: byte, span: byte, one: byte, other: byte });

Deno.test("the first wanted byte is the one that a plain loop finds, also across windows", () => {
  const lengths = fc.constantFrom(
    0,
    1,
    15,
    16,
    17,
    63,
    64,
    65,
    1023,
    1024,
    1025,
    66_559,
    66_560,
    66_561,
  );
  fc.assert(fc.property(
    lengths,
    byte,
    fc.array(fc.tuple(fc.nat(), byte), { maxLength: 3 }),
    wanted,
    fc.nat(40),
    (length, fill, changes, wanted, start) => {
      const bytes = new Uint8Array(length + start).fill(fill);
      for (const [at, value] of changes) if (length > 0) bytes[start + at % length] = value;
      const isWanted = (value: number, at: number) =>
        at >= start &&
        (((value - wanted.low) & 0xff) > wanted.span || value === wanted.one ||
          value === wanted.other);
      assert.equal(firstWanted(bytes, start, bytes.length, wanted), bytes.findIndex(isWanted));
    },
  ));
});

Deno.test("in a searchable buffer the same is found where it is, up to its last byte", () => {
  const buffer = searchableBuffer(65_537) as ArrayBuffer;
  assert.equal(buffer.byteLength, 2 * 65_536);
  assert.equal(isSearchable(buffer), true);
  assert.equal(isSearchable(new ArrayBuffer(1)), false);
  const all = new Uint8Array(buffer);
  fc.assert(fc.property(
    fc.nat(200),
    fc.constantFrom(1025, 1088, 66_000, 131_072),
    fc.constantFrom(0, 1, 63, 64, 65, 66),
    byte,
    fc.array(fc.tuple(fc.nat(), byte), { maxLength: 3 }),
    wanted,
    (offset, least, gap, fill, changes, wanted) => {
      all.fill(fill);
      for (const [at, value] of changes) all[at % all.length] = value;
      const bytes = all.subarray(offset, Math.min(offset + least, all.length - gap));
      const isWanted = (value: number, at: number) =>
        at >= 3 &&
        (((value - wanted.low) & 0xff) > wanted.span || value === wanted.one ||
          value === wanted.other);
      assert.equal(firstWanted(bytes, 3, bytes.length, wanted), bytes.findIndex(isWanted));
    },
  ));
});

Deno.test("there are only so many searchable buffers at once", async () => {
  const specifier = "../../../src/base/values/byte_search.ts?many";
  const many: { searchableBuffer: typeof searchableBuffer } = await import(specifier);
  const buffers = Array.from({ length: 64 }, () => many.searchableBuffer(1));
  assert.equal(buffers.every((buffer) => buffer?.byteLength === 65_536), true);
  assert.equal(many.searchableBuffer(1), undefined);
});

Deno.test("each byte is found by itself, and nothing behind the end", () => {
  for (let value = 0; value < 256; value++) {
    const bytes = new Uint8Array(40).fill(value ^ 1);
    bytes[29] = value;
    const one = { low: 0, span: 255, one: value, other: value };
    assert.equal(firstWanted(bytes, 0, 40, one), 29);
    assert.equal(firstWanted(bytes, 0, 29, one), -1);
    assert.equal(firstWanted(bytes, 30, 40, one), -1);
  }
});

Deno.test("without WebAssembly the same is found, only later", async () => {
  // A module of its own, since each keeps what it has made.
  const specifier = "../../../src/base/values/byte_search.ts?plain";
  const plain: {
    firstWanted: typeof firstWanted;
    followBrackets: typeof followBrackets;
    hasPlainNumbers: typeof hasPlainNumbers;
    searchableBuffer: typeof searchableBuffer;
  } = await import(specifier);
  const { Module } = WebAssembly;
  WebAssembly.Module = class extends Module {
    constructor() {
      super(new Uint8Array());
    }
  };
  try {
    plain.firstWanted(new Uint8Array(1), 0, 1, { low: 0, span: 255, one: 1, other: 1 });
  } finally {
    WebAssembly.Module = Module;
  }
  assert.equal(plain.searchableBuffer(1), undefined);
  assert.equal(plain.hasPlainNumbers("[1]"), undefined);
  const inPlace = new Uint8Array(searchableBuffer(65_536) as ArrayBuffer);
  const { inText, escaped, ended, broken, isOne, notAscii, depthAt } = bracketState;
  const begun = fc.tuple(
    fc.constantFrom(0, inText, inText | escaped),
    fc.constantFrom(0, isOne),
    fc.nat(3),
  );
  fc.assert(fc.property(
    fc.array(fc.constantFrom(...'[]{}""\\\\aé', "x".repeat(70)), { minLength: 1, maxLength: 60 }),
    begun,
    fc.nat(70),
    (list, [bits, one, depth], offset) => {
      const bytes = new TextEncoder().encode(list.join(""));
      const state = bits | one | (depth << depthAt);
      const expected = plain.followBrackets(bytes, 0, bytes.length, state, 3);
      // What is around them must not count.
      inPlace.fill(0x5d, 0, offset + bytes.length + 64).set(bytes, offset);
      const found = [
        followBrackets(bytes, 0, bytes.length, state, 3),
        followBrackets(inPlace, offset, offset + bytes.length, state, 3),
      ];
      // It stops somewhere near the place where it is over.
      const isOver = (expected & (ended | broken)) !== 0;
      for (const one of found) {
        if (isOver) assert.equal(one & (ended | broken), expected & (ended | broken));
        else assert.equal(one, expected);
      }
      if (!isOver) assert.equal((expected & notAscii) !== 0, list.includes("é"));
    },
  ));
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 100 }),
    wanted,
    (bytes, wanted) => {
      const found = plain.firstWanted(bytes, 0, bytes.length, wanted);
      assert.equal(found, firstWanted(bytes, 0, bytes.length, wanted));
    },
  ));
});

Deno.test("a text lacks what is wanted if its bytes do, and half a character has none", () => {
  const wanted = { low: 0x20, span: 0xdf, one: 0x22, other: 0x5c };
  for (const text of ["", "x".repeat(10_000), "é😀".repeat(9_000)]) {
    assert.equal(lacksWanted(text, wanted), true);
    for (const other of ['"', "\\", "\n"]) {
      assert.equal(lacksWanted(`${text}${other}`, wanted), false);
      assert.equal(lacksWanted(`${other}${text}`, wanted), false);
    }
    assert.equal(lacksWanted(`${text}\ud800`, wanted), undefined);
  }
  assert.equal(lacksWanted("x".repeat(65_537), wanted), undefined);
});

Deno.test("numbers are plain if JavaScript surely writes them as they are, whatever texts hold", () => {
  const good = ["0", "-1", "12", "123456789012345", "1.5", "-0.05", "100.05", "12345678.123456"];
  const bad = [
    "-0",
    "01",
    "1.0",
    "1.50",
    "0.0",
    "0.001",
    "1e5",
    "2E-5",
    "1234567890123456",
    "1.e5",
  ];
  const others = ['"1.0"', '"\\"1e5"', '"\\\\"', '"é,-0"', "true", "[]", '{"1e5":2}'];
  const list = fc.array(fc.constantFrom(...good, ...others), { maxLength: 40 });
  fc.assert(fc.property(list, list, fc.constantFrom(...bad), (before, after, bad) => {
    assert.equal(hasPlainNumbers(`[${before.join()}]`), true);
    assert.equal(hasPlainNumbers(`[${[...before, bad, ...after].join(", ")}]`), false);
  }));
  // A long text is cut where the room for its bytes ends, wherever that is.
  for (let length = 65_440; length < 65_475; length++) {
    const before = `["${"x".repeat(length)}",`;
    for (const one of [...good, ...others]) {
      assert.equal(hasPlainNumbers(`${before}${one},1]`), true, `${one} behind ${length}`);
    }
    for (const one of bad) {
      assert.equal(hasPlainNumbers(`${before}${one},1]`), false, `${one} behind ${length}`);
    }
  }
  assert.equal(hasPlainNumbers("12"), undefined);
  assert.equal(hasPlainNumbers(""), true);
});

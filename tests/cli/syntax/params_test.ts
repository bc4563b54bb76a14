import assert from "node:assert/strict";
import { paramsMaker } from "../../../src/cli/syntax/params.ts";
import { UsageError } from "../../../src/base/command_error.ts";

Deno.test("an argument is JSON if it parses, else text", () => {
  const args = ["32", "-1.5", "true", "null", '"32"', '{"a":[1]}', "[1]", "hello", "", "01", "{i"];
  assert.deepEqual(paramsMaker(args, undefined)(1), [
    ...[32, -1.5, true, null, "32", { a: [1] }, [1], "hello", "", "01", "{i"],
  ]);
  assert.deepEqual(paramsMaker([], undefined)(1), []);
});

Deno.test("{i} is the call's number: alone a number, in a text its digits", () => {
  const make = paramsMaker(["{i}", "job-{i}", '{"n": {i}}', "{i}{i}"], undefined);
  assert.deepEqual(make(1), [1, "job-1", { n: 1 }, 11]);
  assert.deepEqual(make(42), [42, "job-42", { n: 42 }, 4242]);
});

Deno.test("named parameters are a JSON object, with the call's number in it", () => {
  assert.deepEqual(paramsMaker([], '{"n": 32}')(5), { n: 32 });
  assert.deepEqual(paramsMaker([], '{"n": {i}}')(5), { n: 5 });
});

Deno.test("what is no JSON object, or comes beside arguments, is refused before any call", () => {
  for (const named of ["[1]", "1", '"x"', "null", "{", "", "{n: 1}", '{"n": {j}}']) {
    assert.throws(() => paramsMaker([], named), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot use --params .*it must be a JSON object, such as/);
      return true;
    });
  }
  assert.throws(() => paramsMaker(["1"], "{}"), /: choose one/);
});

Deno.test("an object or a list that the shell has split is refused, and brackets are not", () => {
  for (
    const pieces of [
      ["{a:", "1}"],
      ["x", "[1,", "2]"],
      ["{", "a:", "{", "b:", "1", "}", "}"],
      ["[", "{a:1},", "{b:2}", "]", "more"],
    ]
  ) {
    assert.throws(() => paramsMaker(pieces, undefined), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /like one JSON value that the shell has split; put the whole in/);
      return true;
    });
  }
  for (const texts of [["[", "]"], ["[draft]", "a:", "b]"], ["{a:", "1"], ["{{x", "y}}"]]) {
    assert.deepEqual(paramsMaker(texts, undefined)(1).length, texts.length);
  }
});

Deno.test("arguments by name make an object, each JSON or text", () => {
  assert.deepEqual(paramsMaker(["width=640", "名字=小王", "id=job-{i}"], undefined)(7), {
    width: 640,
    名字: "小王",
    id: "job-7",
  });
  // What ends with its equals sign is a text, which one may not expect.
  assert.throws(
    () => paramsMaker(["width=640", "b="], undefined),
    /by position \("b="\) and by name \("width=640"\): /,
  );
  for (const [os, typed] of [["linux", `'"a=b"'`], ["windows", String.raw`"\"a=b\""`]] as const) {
    assert.throws(() => paramsMaker(["1", "a=b"], undefined, os), (error) => {
      assert.ok(error instanceof UsageError && error.message.endsWith(`as JSON: ${typed}`));
      return true;
    });
  }
  for (const text of ["aGVsbG8=", "https://x/?a=b", "=x", "a==b", "1=2"]) {
    assert.deepEqual(paramsMaker([text], undefined)(1), [text]);
  }
  assert.deepEqual(paramsMaker(['"a=b"'], undefined)(1), ["a=b"]);
});

Deno.test("a name that is given twice is refused, as one of its values would be lost", () => {
  assert.throws(() => paramsMaker(["n=1", "m=1", "n=2"], undefined), /Cannot pass n twice/);
});

Deno.test("a file's text is an argument, and @@ begins a text with @", () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, '{"n": [1, 2]}\n');
    assert.deepEqual(paramsMaker([`@${path}`], undefined)(1), [{ n: [1, 2] }]);
    assert.deepEqual(paramsMaker([`job=@${path}`], undefined)(1), { job: { n: [1, 2] } });
    assert.deepEqual(paramsMaker([], `@${path}`)(1), { n: [1, 2] });
    Deno.writeTextFileSync(path, "two\nlines");
    assert.deepEqual(paramsMaker([`@${path}`], undefined)(1), ["two\nlines"]);
    Deno.writeFileSync(path, new TextEncoder().encode("café").subarray(0, 4));
    assert.throws(() => paramsMaker([`@${path}`], undefined)(1), /it is not UTF-8, and must be/);
  } finally {
    Deno.removeSync(path);
  }
  assert.throws(() => paramsMaker([`@${path}`], undefined)(1), /Cannot read the argument @.*@@/);
  assert.deepEqual(paramsMaker(["@@12"], undefined)(1), ["@12"]);
});

Deno.test("a fraction without its zero is a number", () => {
  assert.deepEqual(paramsMaker(["-.5", ".25"], undefined)(1), [-0.5, 0.25]);
});

Deno.test("an argument's file in UTF-16 is refused in that word, marked or not", () => {
  const path = Deno.makeTempFileSync();
  try {
    for (const bytes of [[0xff, 0xfe, 0x31, 0], [0xfe, 0xff, 0, 0x31], [0x31, 0], [0, 0x31]]) {
      Deno.writeFileSync(path, new Uint8Array(bytes));
      assert.throws(() => paramsMaker([`@${path}`], undefined), /it is UTF-16, and must be UTF-8/);
    }
    Deno.writeFileSync(path, new Uint8Array([0xef, 0xbb, 0xbf, 0x31]));
    assert.deepEqual(paramsMaker([`@${path}`], undefined)(1), [1]);
  } finally {
    Deno.removeSync(path);
  }
});

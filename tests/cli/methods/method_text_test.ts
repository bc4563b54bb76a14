import assert from "node:assert/strict";
import { paramsMaker } from "../../../src/cli/syntax/params.ts";
import { command } from "../../../src/cli/commands/call.ts";
import { parseArguments } from "../../../src/cli/syntax/parse.ts";
import { wordsOf } from "../../../src/cli/syntax/words.ts";
import { methodText, signatureOf } from "../../../src/cli/methods/method_text.ts";
import { openRpcMethodSchema } from "../../../src/procedures/openrpc.ts";

const full = openRpcMethodSchema.parse({
  name: "label",
  summary: "Labels a picture",
  params: [
    { name: "text", required: true, schema: { type: "string", examples: ["it's 5"] } },
    { name: "options", schema: { type: "object", description: "How it looks" } },
  ],
  result: { name: "result", schema: { type: "boolean" } },
  "x-kind": "io",
  "x-idempotent": true,
});

Deno.test("methodText() tells all of a method", () => {
  assert.equal(
    methodText(full, "linux"),
    `label(text: string, options?: object)
  Labels a picture

parameters
  text        string
  options     object, optional: How it looks

call
  returns     boolean
  runs        io: many at a time in a worker
  idempotent  yes

example
  rpc call label 'it'\\''s 5'
  rpc call label 'text=it'\\''s 5'`,
  );
});

Deno.test("methodText() tells both what is said in short and at length", () => {
  const method = { ...full, description: "By neural networks\nof two kinds" };
  const [, ...lines] = methodText(openRpcMethodSchema.parse(method)).split("\n");
  assert.deepEqual(lines.slice(0, 4), [
    "  Labels a picture",
    "  By neural networks",
    "  of two kinds",
    "",
  ]);
});

Deno.test("methodText() tells who may call, if not all may", () => {
  const textFor = (callers: string[]) =>
    methodText(openRpcMethodSchema.parse({ ...full, "x-callers": callers }));
  assert.match(textFor(["alice", "win-*"]), /^ {2}callers {5}alice, win-\*$/m);
  assert.match(textFor([]), /^ {2}callers {5}nobody$/m);
});

/** The examples of a method whose parameters have these examples. */
function examplesOf(values: Record<string, unknown>, os: typeof Deno.build.os, name = "m") {
  const params = Object.entries(values).map(([name, value]) => ({
    ...{ name, required: true, schema: { examples: [value] } },
  }));
  const text = methodText(openRpcMethodSchema.parse({ name, params }), os);
  return text.slice(text.indexOf("\nexample\n") + 1);
}

Deno.test("examples are quoted for the system that prints them, on Windows for both of its shells", () => {
  const [plain, json] = [{ text: "it's 5" }, { size: { n: 1 } }];
  assert.equal(
    examplesOf(plain, "windows"),
    `example\n  rpc call m "it's 5"\n  rpc call m "text=it's 5"`,
  );
  assert.equal(
    examplesOf(json, "linux"),
    `example\n  rpc call m '{"n":1}'\n  rpc call m 'size={"n":1}'`,
  );
  assert.equal(
    examplesOf(json, "windows"),
    String.raw`example
  rpc call m "{\"n\":1}"
  rpc call m "size={\"n\":1}"

example in PowerShell
  rpc --% call m "{\"n\":1}"
  rpc --% call m "size={\"n\":1}"`,
  );
});

Deno.test("examples are read as what they show, whatever the values and the names are", () => {
  const values = [
    "@x",
    "a=b",
    ".5",
    "5",
    "",
    "=x",
    "--raw",
    "-x",
    "-1",
    "true",
    "a b",
    null,
    [1],
    "x=",
  ];
  for (const os of ["linux", "windows"] as const) {
    for (const value of values) {
      const [, ...lines] = examplesOf({ text: value }, os).split("\n\n", 1).join("").split("\n  ");
      const read = lines.map((line) => {
        const [, , ...args] = wordsOf(line, os);
        const { positionals: [method, ...texts] } = parseArguments(command, args);
        return [method, paramsMaker(texts, undefined)(1)];
      });
      assert.deepEqual(read, [["m", [value]], ["m", { text: value }]], lines.join("\n"));
    }
  }
  assert.equal(
    examplesOf({ "a b": 1 }, "linux"),
    `example\n  rpc call m 1\n  rpc call m --params '{"a b":1}'`,
  );
  assert.equal(examplesOf({}, "linux", "-m"), "example\n  rpc call -- -m");
});

Deno.test("methodText() cuts what nobody would read, and says where all of it is", () => {
  const choice = { enum: Array.from({ length: 50_000 }, (_, i) => `value ${i}`) };
  const described = openRpcMethodSchema.parse({
    name: "pick one",
    description: "x".repeat(100_000),
    params: [{ name: "choice", schema: choice }],
    result: { name: "result", schema: choice },
  });
  const text = methodText(described, "linux");
  assert.ok(text.length < 40_000, `${text.length}`);
  assert.match(text, /^ {2}choice .*"value 1" .*\.\.\. \(and \d+ more characters\)$/m);
  assert.match(text, /\n\nall of it: rpc methods 'pick one' --json$/);
  assert.doesNotMatch(methodText(full), /all of it/);
});

Deno.test("methodText() makes do with a name alone", () => {
  const bare = openRpcMethodSchema.parse({ name: "go" });
  assert.equal(signatureOf(bare), "go()");
  assert.match(methodText(bare), /^go\(\)\n\ncall\n.*any\n.*\n.*no\n\nexample\n {2}rpc call go$/s);
});

Deno.test("methodText() says of a stream what its items are", () => {
  const stream = openRpcMethodSchema.parse({ ...full, "x-stream": true });
  assert.match(methodText(stream), /^ {2}yields +boolean$/m);
});

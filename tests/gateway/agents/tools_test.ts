import assert from "node:assert/strict";
import { toolsOf } from "../../../src/gateway/agents/tools.ts";
import { openRpcMethodSchema } from "../../../src/procedures/openrpc.ts";

/** The names of the tools for these methods, each with its method. */
const namesOf = (...methods: string[]) =>
  toolsOf(methods.map((name) => openRpcMethodSchema.parse({ name })), "*")
    .map(({ name, method }) => [name, method.name]);

Deno.test("toolsOf() reduces names to what all clients take, sorted", () => {
  const long = "x".repeat(70);
  assert.deepEqual(namesOf("漢字", long, "img.resize", "fib"), [
    ["__", "漢字"],
    ["fib", "fib"],
    ["img_resize", "img.resize"],
    [long.slice(0, 64), long],
  ]);
});

Deno.test("toolsOf() gives no method a name under which another one was listed", () => {
  assert.deepEqual(namesOf("a_b"), [["a_b", "a_b"]]);
  // A method that comes later, and before the other one by its name.
  const [first, second] = namesOf("a.b", "a_b");
  assert.deepEqual(first, ["a_b", "a_b"]);
  assert.match(second?.[0] ?? "", /^a_b_[0-9a-f]{8}$/);
  assert.equal(second?.[1], "a.b");
  const of = (methods: string[]) => new Map(namesOf(...methods).map(([tool, own]) => [own, tool]));
  const two = of(["a.b", "a:b"]);
  assert.notEqual(two.get("a.b"), two.get("a:b"));
  assert.ok(![...two.values()].includes("a_b"));
  // In any order, and beside others.
  const three = of(["a:b", "c", "a b", "a.b"]);
  assert.equal(three.get("a:b"), two.get("a:b"));
  assert.equal(three.get("a.b"), two.get("a.b"));
  const [long, other] = ["x".repeat(70), "x".repeat(80)];
  const cut = [...of([long, other]).values()];
  assert.equal(new Set(cut).size, 2);
  assert.ok(cut.every((name) => name?.length === 64));
});

Deno.test("toolsOf() hides nothing of a method's texts from who looks the tools over", () => {
  const hidden =
    "adds\u202e\ud800 \u{e0041}\u200b\u001b[31m\u{e0100}\u3164 \u2764\ufe0f\ufe00 a\u200d\n";
  const seen = "adds\\u{202e}\\u{d800} \\u{e0041}\\u{200b}\\u{1b}[31m\\u{e0100}\\u{3164} " +
    "\u2764\\u{fe0f}\\u{fe00} a\\u{200d}\n";
  const plain =
    "\tnext\r\nline, 漢字, \u{1f468}\u200d\u{1f469}, \u2764\ufe0f\u200d\u{1f525}, \u0601";
  const schema = {
    type: "object",
    title: hidden,
    "x-note": { text: hidden },
    pattern: hidden,
    properties: { description: { enum: [hidden], description: plain } },
  };
  const param = { name: "a", required: true, schema };
  const [tool] = toolsOf(
    [openRpcMethodSchema.parse({ name: "add", description: hidden, params: [param] })],
    "*",
  );
  assert.equal(tool?.description, seen);
  assert.deepEqual(tool?.inputSchema.properties, {
    a: {
      type: "object",
      title: seen,
      "x-note": { text: seen },
      // A value that is to be sent stays what it is, and so does what it has to fit.
      pattern: hidden,
      properties: { description: { enum: [hidden], description: plain.replace("\r", "") } },
    },
  });
});

Deno.test("toolsOf() reduces members of inputs too, and tells whose they are", () => {
  const [schema, described] = [{ type: "integer" }, { type: "string", description: "Whom" }];
  const params = [
    { name: "a.b-c_1", required: true, schema },
    { name: "*rest", required: true, schema },
    { name: "名字", required: true, schema: described },
    { name: "数量", required: false, schema: true },
  ];
  const [tool] = toolsOf([openRpcMethodSchema.parse({ name: "f", params })], "*");
  const [plain, starred, name, count] = [...tool?.parameters.keys() ?? []];
  assert.deepEqual([plain, starred], ["a.b-c_1", "_rest"]);
  for (const member of [name, count]) assert.match(member ?? "", /^___[0-9a-f]{8}$/);
  assert.deepEqual([...tool?.parameters.values() ?? []], params.map(({ name }) => name));
  assert.deepEqual(tool?.inputSchema.required, ["a.b-c_1", "_rest", name]);
  assert.deepEqual(tool?.inputSchema.properties, {
    "a.b-c_1": schema,
    _rest: { ...schema, description: "*rest" },
    [name ?? ""]: { type: "string", description: "名字: Whom" },
    [count ?? ""]: { description: "数量" },
  });
});

import assert from "node:assert/strict";
import { connectionsWithin, handlesLeft, lookUpError } from "../../../src/base/system/handles.ts";
import { isOutOfHandles } from "../../../src/base/errors.ts";
import { shTest } from "../../support/posix.ts";

Deno.test("a shortage of file handles is found behind what was made of it, and nowhere else", () => {
  const shortage = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  assert.ok(isOutOfHandles(shortage));
  assert.ok(isOutOfHandles(new Error("Cannot connect", { cause: shortage })));
  assert.ok(!isOutOfHandles(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })));
  const round: Error = new Error("round");
  round.cause = round;
  for (const other of [round, undefined, null, "EMFILE", { code: "EMFILE" }]) {
    assert.ok(!isOutOfHandles(other));
  }
});

Deno.test("a name that is unknown while there are handles is unknown", () => {
  const unknown = new Error("Name or service not known");
  assert.equal(lookUpError(unknown, "nowhere.invalid"), unknown);
  assert.equal(lookUpError(unknown, "127.0.0.1"), unknown);
});

Deno.test("a server holds as many connections as it wants, or leaves handles for all else", () => {
  assert.equal(connectionsWithin(16_384, 1_000_000), 16_384);
  assert.equal(connectionsWithin(16_384, 17_000), 17_000 - 1_024);
  assert.equal(connectionsWithin(16_384, 100), 75);
  assert.equal(connectionsWithin(50, 100), 50);
  assert.equal(connectionsWithin(16_384, 0), 1);
});

const urlOf = (file: string) =>
  JSON.stringify(new URL(`../../../src/base/${file}`, import.meta.url).href);

const starved = `
import { handlesLeft, lookUpError } from ${urlOf("system/handles.ts")};
import { isOutOfHandles } from ${urlOf("errors.ts")};
const before = handlesLeft();
const held = [];
try {
  while (true) held.push(Deno.openSync("/dev/null"));
} catch (error) {
  const unknown = new Error("Name or service not known");
  const seen = isOutOfHandles(lookUpError(unknown, "localhost"));
  held.pop().close();
  console.log(JSON.stringify({
    isOut: isOutOfHandles(error), seen, told: before === undefined ? 0 : before - held.length - 1,
  }));
}`;

shTest("a process without handles knows it, and takes no name for unknown", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/starved.ts`, starved);
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", 'ulimit -n 64; exec "$0" run -A --no-check starved.ts', Deno.execPath()],
      cwd: directory,
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    const { isOut, seen, told } = JSON.parse(text);
    assert.deepEqual([isOut, seen], [true, true]);
    assert.ok(Math.abs(told) <= 2, `it is wrong by ${told}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  assert.ok((handlesLeft() ?? 1) > 0);
});

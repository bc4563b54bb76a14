import assert from "node:assert/strict";
import { setWatchesBytesMax, Watchers } from "../../src/zookeeper/watchers.ts";

const one = () => {};
const two = () => {};

Deno.test("Watchers.take() gives each event to the kinds that it concerns, once", () => {
  const watchers = new Watchers();
  const register = () => {
    watchers.add("data", "/a", one);
    watchers.add("exists", "/a", one);
    watchers.add("children", "/a", two);
  };
  register();
  assert.deepEqual([...watchers.take("children", "/a")], [two]);
  assert.deepEqual([...watchers.take("changed", "/a")], [one]);
  assert.deepEqual([...watchers.take("changed", "/a")], []);
  register();
  assert.deepEqual([...watchers.take("created", "/a")], [one]);
  assert.deepEqual([...watchers.take("deleted", "/a")], [two]);
  register();
  assert.deepEqual([...watchers.take("deleted", "/a")], [one, two]);
  assert.deepEqual([...watchers.chunks()], []);
});

Deno.test("Watchers.takeAll() gives everybody, each once per path", () => {
  const watchers = new Watchers();
  watchers.add("data", "/a", one);
  watchers.add("children", "/a", one);
  watchers.add("children", "/a", two);
  watchers.add("exists", "/b", one);
  assert.deepEqual(
    [...watchers.takeAll()].map(([path, set]) => [path, set.size]),
    [["/a", 2], ["/b", 1]],
  );
  assert.equal(watchers.takeAll().size, 0);
});

Deno.test("Watchers.chunks() covers every path once and keeps each chunk below the bound", () => {
  const watchers = new Watchers();
  const paths = Array.from({ length: 5_000 }, (_, index) => `/a-node-with-a-läng-name/${index}`);
  for (const path of paths) watchers.add("data", path, one);
  for (const path of paths) watchers.add("children", path, two);
  const chunks = [...watchers.chunks()];
  assert.ok(chunks.length > 1);
  const bytesOf = (path: string) => new TextEncoder().encode(path).length + 4;
  for (const { data, exists, children } of chunks) {
    const bytes = [...data, ...exists, ...children].reduce((sum, path) => sum + bytesOf(path), 0);
    assert.ok(bytes > 0 && bytes <= setWatchesBytesMax, `a chunk of ${bytes} bytes`);
  }
  assert.deepEqual(chunks.flatMap((chunk) => chunk.data), paths);
  assert.deepEqual(chunks.flatMap((chunk) => chunk.children), paths);
});

Deno.test("Watchers.chunks() gives a path that is longer than the bound a chunk of its own", () => {
  const watchers = new Watchers();
  for (const path of ["/a", `/${"x".repeat(100)}`, "/b"]) watchers.add("data", path, one);
  assert.deepEqual([...watchers.chunks(50)].map((chunk) => chunk.data.length), [1, 1, 1]);
});

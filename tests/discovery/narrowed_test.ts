import assert from "node:assert/strict";
import { onlyAt, onlyOne } from "../../src/discovery/narrowed.ts";
import type { Instance, Watcher } from "../../src/discovery/discovery.ts";
import { instanceAt } from "../support/fake_discovery.ts";

function recorder() {
  const lists: (readonly [listed: string[], unlisted: string[], all: string[]])[] = [];
  const stales: boolean[] = [];
  const ids = (instances: readonly Instance[]) => instances.map(({ id }) => id);
  const watcher: Watcher = {
    snapshot({ instances, stale }, { listed, unlisted }) {
      stales.push(stale);
      lists.push([ids(listed), ids(unlisted), ids(instances)]);
    },
    trouble() {},
  };
  return { lists, stales, watcher };
}

Deno.test("a watch that keeps to an address sees who comes and goes there, and nobody else", () => {
  const { lists, stales, watcher } = recorder();
  let tell: Watcher | undefined;
  const source = onlyAt("127.0.0.1:1", {
    url: "local:",
    watch(_service, given) {
      tell = given;
      return { close() {} };
    },
  });
  source.watch("rpc", watcher);
  const [first, again, other] = [instanceAt(1), instanceAt(1, { id: "again" }), instanceAt(2)];
  tell?.snapshot({ instances: [first, other], stale: false }, {
    listed: [first, other],
    unlisted: [],
  });
  tell?.snapshot({ instances: [other], stale: false }, { listed: [], unlisted: [first] });
  tell?.snapshot({ instances: [again], stale: true }, { listed: [again], unlisted: [other] });
  assert.deepEqual(lists, [
    [["instance-1"], [], ["instance-1"]],
    [[], ["instance-1"], []],
    [["again"], [], ["again"]],
  ]);
  assert.deepEqual(stales, [false, false, true]);
});

Deno.test("a list of one is told once, and not at all to who has gone", async () => {
  const { lists, stales, watcher } = recorder();
  const source = onlyOne(instanceAt(1), "local:");
  source.watch("rpc", watcher);
  const gone = { ...watcher, snapshot: () => assert.fail("it has gone") };
  source.watch("rpc", gone).close();
  await Promise.resolve();
  assert.deepEqual([lists, stales], [[[["instance-1"], [], ["instance-1"]]], [false]]);
});

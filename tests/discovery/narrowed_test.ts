import assert from "node:assert/strict";
import { onlyAt, onlyOne } from "../../src/discovery/narrowed.ts";
import type { Instance, Watcher } from "../../src/discovery/discovery.ts";
import { instanceAt } from "../support/fake_discovery.ts";

function recorder() {
  const lists: (readonly [listed: string[], unlisted: string[], all: string[]])[] = [];
  const ids = (instances: readonly Instance[]) => instances.map(({ id }) => id);
  const watcher: Watcher = {
    snapshot({ instances }, { listed, unlisted }) {
      lists.push([ids(listed), ids(unlisted), ids(instances)]);
    },
    trouble() {},
  };
  return { lists, watcher };
}

Deno.test("a watch that keeps to an address sees who comes and goes there, and nobody else", () => {
  const { lists, watcher } = recorder();
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
  tell?.snapshot({ instances: [again], stale: false }, { listed: [again], unlisted: [other] });
  assert.deepEqual(lists, [
    [["instance-1"], [], ["instance-1"]],
    [[], ["instance-1"], []],
    [["again"], [], ["again"]],
  ]);
});

Deno.test("a list of one is told once, and not at all to who has gone", async () => {
  const { lists, watcher } = recorder();
  const source = onlyOne(instanceAt(1), "local:");
  source.watch("rpc", watcher);
  source.watch("rpc", watcher).close();
  await Promise.resolve();
  assert.deepEqual(lists, [[["instance-1"], [], ["instance-1"]]]);
});

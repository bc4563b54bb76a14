import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import {
  type Exposure,
  guardExposure,
  warnOfExposure,
} from "../../../src/library/running/exposure.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";

/** What comes of it: the refusal, or the warnings. */
function outcome(host: string, more: Partial<Exposure> = {}): string {
  const log = new RecordingLogger();
  try {
    const exposure = { listen: { host, port: 6666 }, hasKeys: false, ...more };
    guardExposure(exposure);
    warnOfExposure(exposure, log);
  } catch (error) {
    assert.ok(error instanceof RpcError && error.name === "InvalidParams");
    return error.message;
  }
  return JSON.stringify(log);
}

const reachable = [
  "192.168.0.211",
  "0.0.0.0",
  "::",
  "fe80::1",
  "127.evil.example",
  "127.1.example",
];
const own = ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"];

Deno.test("a user's own code is not offered to a network without a word", () => {
  for (const host of reachable) {
    for (const code of [{ module: "/a/b/tasks.ts" }, { exec: ["python3", "tasks.py"] }]) {
      assert.match(
        outcome(host, code),
        /^Cannot serve (tasks\.ts|python3 tasks\.py) to the network: anybody who reaches .*6666 could call it\. Make keys \(rpc keys init\) or say --insecure \(or insecure: true\)$/,
        host,
      );
      assert.doesNotMatch(outcome(host, { ...code, hasKeys: true }), /Cannot serve/);
      assert.doesNotMatch(outcome(host, { ...code, insecure: true }), /Cannot serve/);
    }
  }
});

Deno.test("on loopback everything runs, and without a warning", () => {
  for (const host of own) {
    assert.doesNotMatch(outcome(host, { module: "tasks.ts" }), /Cannot|Open/, host);
  }
});

Deno.test("what is built in runs on a network with one warning that names the next command", () => {
  for (const host of reachable) assert.match(outcome(host), /Open: anybody .*rpc keys init/, host);
  assert.doesNotMatch(outcome("0.0.0.0", { hasKeys: true }), /Open/);
  assert.doesNotMatch(outcome("0.0.0.0", { insecure: true }), /Open/);
});

import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { RecordingTracer } from "../support/recording_tracer.ts";
import { ClientRig } from "./client_rig.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

Deno.test("without a tracer a call goes on in the trace that its caller names, or in none (P-62)", async () => {
  const rig = await ClientRig.connected(1);
  await rig.call("add", [1], { traceparent });
  await rig.call("add", [1]);
  assert.deepEqual(rig.server(1).calls.map((call) => call.traceparent), [traceparent, undefined]);
  rig.client.close();
});

Deno.test("a call has one span over all its attempts, and the servers are told it (P-62)", async () => {
  const tracer = new RecordingTracer();
  const rig = new ClientRig({ tracer });
  for (const port of [1, 2]) rig.server(port);
  await rig.list(1, 2);
  rig.server(1).answer = (call) => call.error(new RpcError("Draining", "it stops"));
  const { report } = await rig.call("add", [1], { traceparent });
  assert.equal(report?.attempts, 2);
  assert.deepEqual(tracer.started, [
    { side: "client", method: "add", service: "rpc", traceparent },
  ]);
  const own = `00-${trace}-0000000000000001-01`;
  for (const port of [1, 2]) {
    assert.deepEqual(rig.server(port).calls.map((call) => call.traceparent), [own]);
  }
  assert.deepEqual(tracer.ended, [{ span: 1, error: undefined, server: "127.0.0.1:2" }]);
  rig.client.close();
});

Deno.test("a span ends with its call, also at the deadline and where there is no server", async () => {
  const tracer = new RecordingTracer();
  const rig = new ClientRig({ tracer });
  await rig.list();
  await rig.call("add");
  await rig.pass(2_000);
  rig.server(1).answer = () => {};
  await rig.list(1);
  await rig.call("add", [], { timeoutMs: 500 });
  assert.equal(tracer.ended.length, 1, "the second has not ended");
  await rig.pass(1_000);
  assert.deepEqual(tracer.ended, [
    { span: 1, error: "Unavailable", server: undefined },
    { span: 2, error: "DeadlineExceeded", server: "127.0.0.1:1" },
  ]);
  rig.client.close();
});

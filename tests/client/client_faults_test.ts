import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { type Random, randomInt } from "../../src/base/random.ts";
import { testSeed } from "../support/seed.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Answer, FakeServer, ReceivedCall } from "../support/memory_transport.ts";
import { settled } from "../support/virtual_clock.ts";
import { ClientRig, type Outcome } from "./client_rig.ts";

const ports = [1, 2, 3, 4];

/** What one call did, on both sides. */
interface Record {
  readonly method: "fib" | "pay";
  readonly outcome: Outcome;
  executions: number;
}

/**
 * Four servers that fail in every way there is, at random, and the calls that were made to them.
 */
class Chaos {
  readonly rig: ClientRig;
  readonly records: Record[] = [];
  readonly #random: Random;
  readonly #kept: ReceivedCall[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.rig = new ClientRig({ balance: "p2c", random: seededRandom(seed + 1) });
    for (const port of ports) this.heal(this.rig.server(port));
  }

  async run(steps: number): Promise<void> {
    await this.rig.list(...ports);
    for (let step = 0; step < steps; step++) {
      for (let i = randomInt(this.#random, 4); i > 0; i--) this.#call();
      if (this.#random() < 0.3) this.#fault();
      await settled();
      this.rig.clock.advance(randomInt(this.#random, 40));
      await settled();
    }
  }

  heal(server: FakeServer): void {
    server.accepts = "accept";
    server.answersPings = true;
    server.answer = this.#executing((call, key) => call.result(key));
  }

  #call(): void {
    const random = this.#random;
    const method = random() < 0.5 ? "fib" : "pay";
    const controller = new AbortController();
    const outcome: Outcome = { report: undefined };
    const key = this.records.length;
    this.records.push({ method, outcome, executions: 0 });
    const options = { timeoutMs: 1 + randomInt(random, 2_000), signal: controller.signal };
    void this.rig.client.report(method, [key], options).then((report) => {
      assert.equal(outcome.report, undefined, "ended twice");
      outcome.report = report;
      // Another call's caller may lose interest in the very moment.
      if (random() < 0.05) controller.abort();
    });
    if (random() < 0.05) this.rig.clock.after(randomInt(random, 100), () => controller.abort());
  }

  /** Counts a call as run, and then does something with it. */
  #executing(then: (call: ReceivedCall, key: number) => void): Answer {
    return (call) => {
      const key = (call.params as number[])[0] as number;
      (this.records[key] as Record).executions++;
      then(call, key);
    };
  }

  #fault(): void {
    const random = this.#random;
    const server = this.rig.server(ports[randomInt(random, ports.length)] as number);
    const connection = server.connections[0];
    const faults: (() => void)[] = [
      () => server.die(),
      () => this.heal(server),
      () => this.heal(server),
      () => server.hang(),
      () => server.answer = this.#executing(() => {}),
      () => server.answer = this.#executing((call) => this.#kept.push(call)),
      () => {
        for (const call of this.#kept.splice(0)) call.result((call.params as number[])[0]);
      },
      () => server.answer = (call) => call.error(new RpcError("Overloaded", "Full")),
      () =>
        server.answer = this.#executing((call) => call.error(new RpcError("WorkerLost", "Killed"))),
      () =>
        server.answer = this.#executing((call) =>
          call.error(new RpcError("InternalError", "It threw"))
        ),
      () => server.goaway(),
      () => server.answer = (call) => call.error(new RpcError("Draining", "It stops")),
      () => connection?.reset(),
      () => connection?.send("garbage\n"),
      () => {
        if (connection !== undefined) connection.bytesToLose = randomInt(random, 200);
      },
      () => server.accepts = "hang",
      () => this.rig.discovery.push(ports.filter(() => random() < 0.5), random() < 0.5),
      () => this.rig.discovery.push(ports),
      () => this.rig.discovery.push([]),
    ];
    faults[randomInt(random, faults.length)]?.();
  }
}

for (const seed of [1, 2, testSeed]) {
  Deno.test(`every call ends once and truly, whatever fails (seed ${seed})`, async () => {
    const chaos = new Chaos(seed);
    const { rig, records } = chaos;
    await chaos.run(250);
    await rig.pass(2_500);
    for (const [key, { method, outcome, executions }] of records.entries()) {
      const which = `${method} ${key}, run ${executions} times, seed ${seed}`;
      const { report } = outcome;
      assert.ok(report !== undefined, `${which} never ended`);
      if (method === "pay") assert.ok(executions <= 1, `${which}, may not be run twice`);
      if (report.error === undefined) {
        assert.equal(report.result, key, which);
        assert.ok(executions >= 1, which);
      } else if (report.error.executed === "no") {
        assert.equal(executions, 0, `${which}: ${report.error.name}`);
      }
    }

    // All is forgiven in the end: whoever is listed and works is used again.
    for (const port of ports) chaos.heal(rig.server(port));
    await rig.list(...ports);
    await rig.pass(320_000, 5_000);
    assert.equal(rig.client.stats.connected, ports.length, `seed ${seed}`);
    rig.client.close();
    await rig.pass(10);
    assert.equal(rig.clock.pendingTimers, 0, `timers are left, seed ${seed}`);
    for (const port of ports) assert.deepEqual(rig.server(port).connections, []);
  });
}

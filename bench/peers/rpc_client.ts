/**
 * Ours as a user calls it: the library's client, which finds the servers in the registry. `client`
 * measures, `hold` keeps connections that have carried a call, and `kill` calls until SIGTERM and
 * tells then how many calls have failed.
 */

import { connect } from "../../src/mod.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const [mode, argument = ""] = Deno.args;
const { registry, method = "ping", parameter, textLength = 0, ...load } = JSON.parse(argument);
const messageMax = 64 * 1024 * 1024;
const fixed = parameter ?? (textLength > 0 ? "x".repeat(textLength) : undefined);

/** What has to come back for a parameter; by others than these comes the parameter itself. */
const answers: Readonly<Record<string, (parameter: unknown) => unknown>> = {
  ping: (index) => `pong ${index}`,
  fib: () => 2_178_309,
};
const answerTo = answers[method] ?? ((parameter: unknown) => parameter);

const clients = await Promise.all(
  times(load.connections ?? 1, () => connect({ registry, messageMax })),
);
if (mode === "client") {
  await runLanes(load, clients.flatMap((client) => times(load.inFlight, () => lane(client))));
} else if (mode === "hold") {
  for (const client of clients) await called(client, 1);
  console.log(`ready ${clients.length}`);
  await ended();
} else if (mode === "kill") {
  await kill();
} else {
  throw new Error(`There is no ${mode}`);
}
await Promise.all(clients.map((client) => client.close()));

async function called(client: typeof clients[number], parameter: unknown): Promise<void> {
  const answer = await client.call(method, [parameter]);
  if (answer !== answerTo(parameter)) throw new Error(`${method} answered ${answer}`);
}

function lane(client: typeof clients[number]): (meter: Meter) => Promise<void> {
  return async (meter) => {
    for (let index = 1; meter.running; index++) {
      const parameter = fixed ?? index;
      const startedAtMs = meter.begin();
      const answer = await client.call(method, [parameter]);
      meter.end(startedAtMs);
      if (answer !== answerTo(parameter)) throw new Error(`${method} answered ${answer}`);
    }
  };
}

async function kill(): Promise<void> {
  const outcome = { calls: 0, failed: 0, slowestMs: 0 };
  let running = true;
  const lanes = clients.flatMap((client) =>
    times(load.inFlight, async () => {
      for (let index = 1; running; index++) {
        const startedAtMs = performance.now();
        await called(client, index).catch(() => outcome.failed++);
        outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - startedAtMs);
        outcome.calls++;
      }
    })
  );
  const isReady = () =>
    outcome.calls >= 1_000 && clients.every(({ stats }) => stats.connected === load.servers);
  while (!isReady()) await new Promise((resolve) => setTimeout(resolve, 1));
  if (outcome.failed > 0) throw new Error(`${outcome.failed} calls failed before any kill`);
  outcome.slowestMs = 0;
  console.log(`ready ${load.servers}`);
  await ended();
  running = false;
  await Promise.all(lanes);
  console.log(JSON.stringify(outcome));
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    // A listener alone does not keep a process.
    const timer = setInterval(() => {}, 60_000);
    Deno.addSignalListener("SIGTERM", () => {
      clearInterval(timer);
      resolve();
    });
  });
}

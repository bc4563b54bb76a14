import { DemoRecord } from "../../src/demo/record.ts";

/** How a made-up demo differs from one in which all goes well. */
export interface DemoPlot {
  /** Calls a second of each scenario. @default [80, 80, 150, 160, 150] */
  readonly perSecond?: readonly number[];
  /** How many scenarios are played. @default 5 */
  readonly scenarios?: number;
  /** In this scenario one call fails. */
  readonly failIn?: number;
  /** Server 2 is never called. */
  readonly ignoreSecond?: boolean;
}

/** The record of a demo that nobody played, on a clock of its own: each scenario takes 10 s. */
export function demoRecord(plot: DemoPlot = {}): DemoRecord {
  const { perSecond = [80, 80, 150, 160, 150], scenarios = 5, failIn, ignoreSecond } = plot;
  let nowMs = 1_000;
  const record = new DemoRecord(() => nowMs, () => {});
  const join = () => {
    const number = record.servers.length + 1;
    const readyAtMs = record.nowMs;
    const address = `127.0.0.1:400${number}`;
    record.servers.push({
      number,
      state: "serving",
      address,
      pid: number,
      readyAtMs,
      lostAtMs: undefined,
      inFlight: undefined,
    });
    record.tell("join", `server ${number} joins at ${address} (pid ${number})`);
  };
  const clients = (scenario: number, count: number, total: number) => {
    for (let i = 0; i < count; i++) {
      const number = record.clients.length + 1;
      record.clients.push({ number, scenario, total, done: 0, failed: 0, state: "calling" });
    }
  };
  const acts = [
    () => (join(), clients(1, 1, 10 * (perSecond[0] ?? 0))),
    () => {
      clients(2, 4, 10 * perSecond.slice(1, scenarios).reduce((sum, rate) => sum + rate, 0) / 4);
    },
    join,
    () => (join(), join()),
    () => {
      for (const server of [record.servers[0], record.servers[2]]) {
        if (server === undefined) continue;
        server.state = "killed";
        server.lostAtMs = record.nowMs;
        record.tell("loss", `server ${server.number} is killed (SIGKILL)`);
      }
    },
  ];
  for (let scenario = 1; scenario <= scenarios; scenario++) {
    acts[scenario - 1]?.();
    record.begin(scenario);
    const group = record.clients.filter((one) => one.scenario === Math.min(scenario, 2));
    const serving = record.servers.filter(({ state, number }) =>
      state === "serving" && !(ignoreSecond && number === 2)
    );
    const count = 10 * (perSecond[scenario - 1] ?? 0);
    const startMs = nowMs;
    for (let i = 0; i < count; i++) {
      nowMs = startMs + 10_000 * (i + 0.5) / count;
      const client = group[i % group.length];
      const server = serving[Math.floor(i / group.length) % serving.length];
      if (client === undefined) continue;
      const failed = scenario === failIn && i === 7;
      client.done++;
      if (failed) client.failed++;
      record.calls.push({
        atMs: record.nowMs,
        client,
        method: (["ping", "pi", "fib"] as const)[i % 3] ?? "fib",
        server: failed ? undefined : server?.address,
        durationMs: 1 + i % 40,
        error: failed ? "ConnectionLost" : undefined,
        connected: serving.length,
      });
    }
    nowMs = startMs + 10_000;
  }
  record.end();
  for (const client of record.clients) client.state = "ended";
  return record;
}

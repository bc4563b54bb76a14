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
  /** Server 2 answers one of a hundred calls only. */
  readonly starveSecond?: boolean;
  /** So much of each scenario's calls, the last ones, are answered by a server that was killed. */
  readonly lateAnswers?: number;
  /** Calls that each of the four clients is to make at the least. @default those that it makes */
  readonly callsMin?: number;
}

/** The record of a demo that nobody played, on a clock of its own: each scenario takes 10 s. */
export function demoRecord(plot: DemoPlot = {}): DemoRecord {
  const { perSecond = [80, 80, 150, 160, 150], scenarios = 5, failIn, ignoreSecond, starveSecond } =
    plot;
  const { lateAnswers = 0, callsMin } = plot;
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
      const counts = { done: 0, failed: 0, connected: 0 };
      record.clients.push({ number: i + 1, scenario, total, ...counts, state: "calling" });
    }
  };
  const acts = [
    () => (join(), clients(1, 1, 10 * (perSecond[0] ?? 0))),
    () => {
      const all = perSecond.slice(1, scenarios)
        .reduce((sum, rate) => sum + Math.floor(10 * rate / 4), 0);
      clients(2, 4, callsMin ?? all);
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
    const all = record.servers.filter(({ state, number }) =>
      state === "serving" && !(ignoreSecond && number === 2)
    );
    const others = all.filter(({ number }) => number !== 2);
    const second = all.filter(({ number }) => number === 2);
    const pick = (i: number) => {
      if (!starveSecond || second.length === 0) return all;
      return i % 100 === 0 ? second : others;
    };
    const count = 10 * (perSecond[scenario - 1] ?? 0);
    const startMs = nowMs;
    for (let i = 0; i < count; i++) {
      nowMs = startMs + 10_000 * (i + 0.5) / count;
      const client = group[i % group.length];
      const isLate = scenario === 5 && i < lateAnswers;
      const server = isLate
        ? record.servers[0]
        : pick(i)[Math.floor(i / group.length) % pick(i).length];
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
        connected: all.length,
      });
    }
    nowMs = startMs + 10_000;
  }
  record.end();
  for (const client of record.clients) client.state = "ended";
  return record;
}

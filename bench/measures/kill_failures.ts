import { startServer } from "../support/child.ts";
import { sleep } from "../support/rpc_client.ts";
import { groups, type GroupSystem } from "../systems/groups.ts";
import type { Series } from "../result.ts";
import type { Measure } from "./measure.ts";

const name = "kill_failures";
const slowest = (name: string) => `${name}: slowest call`;

/** Longer than the timeouts of those that find it out by nothing else. */
const aftermathMs = 2_500;

/** What a kill costs those who call. */
export const killFailures: Measure = {
  name,
  async run({ rounds, quick }) {
    const kills = new Map<GroupSystem, { outcomes: Outcome[]; absent?: string }>(
      groups.map((group) => [group, { outcomes: [] }]),
    );
    for (let round = 0; round < rounds; round++) {
      for (const [group, found] of kills) {
        if (found.absent !== undefined) continue;
        try {
          found.outcomes.push(await killOne(group, quick ? 200 : aftermathMs));
        } catch (error) {
          found.absent = error instanceof Error ? error.message : String(error);
        }
      }
    }
    const series = (
      name: (group: GroupSystem) => string,
      figure: (outcome: Outcome) => number,
      more: Partial<Series>,
    ) =>
      [...kills].map(([group, { outcomes, absent }]): Series => ({
        name: name(group),
        values: outcomes.map(figure),
        ...more,
        ...(absent === undefined ? {} : { absent }),
      }));
    return {
      name,
      title: "SIGKILL of one of four servers under ping [i], 32 calls in flight: failed calls",
      unit: "calls",
      better: "less",
      series: [
        ...series(({ name }) => name, ({ failed }) => failed, {}),
        ...series(({ name }) => slowest(name), ({ slowestMs }) => slowestMs, { unit: "ms" }),
      ],
      targets: [{ of: "rpc", is: "at most", bound: 0 }],
      notes: groups.map(({ name, note }) => `${name}: ${note}`),
    };
  },
};

interface Outcome {
  readonly failed: number;
  readonly slowestMs: number;
}

async function killOne(group: GroupSystem, waitMs: number): Promise<Outcome> {
  await using running = await group.start();
  let printed = "";
  const client = await startServer(running.client, (line) => printed = line);
  try {
    running.servers.at(-1)?.kill();
    await sleep(waitMs);
  } finally {
    await client.stop();
  }
  return JSON.parse(printed);
}

import { connectedAfterMs, type ScenarioFigures } from "./figures.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";

/** One thing that was expected of a scenario, and what came of it. */
export interface Verdict {
  /** From 1. */
  readonly scenario: number;
  /** `unjudged`: this machine could not have shown it, whatever the program does. */
  readonly outcome: "met" | "short" | "unjudged";
  readonly text: string;
}

/** What the machine was like. */
export interface MachineFacts {
  readonly cores: number;
  /** Processes of others that wanted to run, on average over a minute, where the system tells. */
  readonly load: number | undefined;
}

/**
 * Of a speed-up that the cores allow, what has to be seen: the rest is for the clients, and for bad
 * luck.
 */
const speedUpShareMin = 0.2;

/**
 * Below this part of one server's speed more servers have made it slower, which no machine excuses.
 * Above it, without the speed-up, nobody can tell the program from a machine that others share.
 */
const speedUpFloor = 0.7;

/**
 * A client among four must be that much slower than it was alone; evenly it would be at a quarter.
 */
const crowdedRateMax = 0.7;

/**
 * Others that keep so large a part of the cores at work decide on speeds as much as the servers do.
 */
const othersShareMax = 0.5;

/** The least share of one of n servers, of an even one. */
const evenShareMin = 0.05;

/** Compares what happened with what was expected, scenario by scenario. */
export function judge(
  record: DemoRecord,
  figures: readonly ScenarioFigures[],
  machine: MachineFacts,
): Verdict[] {
  const judging = new Judging(record, figures, machine);
  for (let scenario = 1; scenario <= scenarioTitles.length; scenario++) judging.judge(scenario);
  return judging.verdicts;
}

class Judging {
  readonly verdicts: Verdict[] = [];
  readonly #record: DemoRecord;
  readonly #figures: ReadonlyMap<number, ScenarioFigures>;
  readonly #machine: MachineFacts;

  constructor(
    record: DemoRecord,
    figures: readonly ScenarioFigures[],
    machine: MachineFacts,
  ) {
    this.#record = record;
    this.#figures = new Map(figures.map((one) => [one.scenario, one]));
    this.#machine = machine;
  }

  judge(scenario: number): void {
    const figures = this.#figures.get(scenario);
    if (figures === undefined) {
      this.#say(scenario, false, "could not be played: the clients had ended");
      return;
    }
    const { calls, errors } = figures;
    this.#say(
      scenario,
      errors === 0 && calls > 0,
      errors === 0 ? `${calls} calls, no error` : `${errors} of ${calls} calls failed`,
    );
    switch (scenario) {
      case 1:
        return this.#madeAll(1, 1);
      case 2:
        return this.#crowded(figures);
      case 3:
        this.#found(3, 2);
        this.#split(figures);
        return this.#faster(figures, 2);
      case 4:
        this.#found(4, 4);
        this.#split(figures);
        return this.#faster(figures, 4);
      case 5:
        this.#survived(figures);
        return this.#madeAll(2, 4);
    }
  }

  /** Each client that began in a scenario has made all of its calls. */
  #madeAll(began: number, count: number): void {
    const clients = this.#record.clients.filter(({ scenario }) => scenario === began);
    const done = clients.reduce((sum, client) => sum + client.done, 0);
    const total = count * (clients[0]?.total ?? 0);
    this.#say(
      began === 1 ? 1 : 5,
      done === total && total > 0,
      count === 1
        ? `the client made ${done} of ${total} calls`
        : `the ${count} clients made ${done} of ${total} calls`,
    );
  }

  #crowded({ scenario, perSecond }: ScenarioFigures): void {
    const alone = this.#figures.get(1)?.perSecond ?? 0;
    const ratio = alone > 0 ? perSecond / 4 / alone : 1;
    this.#judgeSpeed(
      scenario,
      ratio < crowdedRateMax,
      `each client has ${percent(ratio)} of the speed that one had alone`,
      `about 25 %, less than ${percent(crowdedRateMax)}`,
    );
  }

  /** Every client has connected to the servers that joined, without anybody telling it. */
  #found(scenario: number, servers: number): void {
    const phase = this.#record.phases.find((one) => one.scenario === scenario);
    if (phase === undefined) return;
    const found = connectedAfterMs(this.#record, phase, servers);
    const after = found.length === 0
      ? ""
      : `, ${Math.min(...found).toFixed(0)} to ${
        Math.max(...found).toFixed(0)
      } ms after the last ` +
        "was ready, at the end of a call";
    this.#say(
      scenario,
      found.length === 4,
      `${found.length} of 4 clients are connected to all ${servers} servers${after}`,
    );
  }

  #split({ scenario, servers }: ScenarioFigures): void {
    const least = Math.min(...servers.map(({ share }) => share));
    const min = evenShareMin / servers.length;
    this.#say(
      scenario,
      servers.length === (scenario === 3 ? 2 : 4) && least >= min,
      `the load splits: ${servers.map(({ share }) => percent(share)).join(", ")} ` +
        `(expected: at least ${percent(min)} each)`,
    );
  }

  #faster({ scenario, perSecond }: ScenarioFigures, servers: number): void {
    const { cores } = this.#machine;
    const one = this.#figures.get(2)?.perSecond ?? 0;
    const ratio = one > 0 ? perSecond / one : 0;
    const ideal = Math.min(servers, cores);
    const min = 1 + speedUpShareMin * (ideal - 1);
    const seen = `${ratio.toFixed(2)} times the calls a second of one server`;
    if (ideal < 2) {
      this.#unjudged(scenario, `${seen} (nothing expected: this machine has one core)`);
      return;
    }
    const most = ideal < servers ? `on ${cores} cores at most ${ideal}` : `at most ${ideal}`;
    if (ratio < min && ratio >= speedUpFloor) {
      const hoped = `${most}, at least ${min.toFixed(1)}`;
      this.#unjudged(scenario, `${seen} (hoped for: ${hoped}; others may share this machine)`);
      return;
    }
    this.#judgeSpeed(scenario, ratio >= min, seen, `${most}, at least ${min.toFixed(1)}`);
  }

  /** Speeds of different moments compare only on a machine that others leave alone. */
  #judgeSpeed(scenario: number, isMet: boolean, seen: string, expected: string): void {
    const { cores, load } = this.#machine;
    if (!isMet && (load === undefined || load >= othersShareMax * cores)) {
      const others = load === undefined
        ? "this system does not tell whether others use its cores"
        : `${load.toFixed(1)} other processes want the ${cores} cores`;
      this.#unjudged(scenario, `${seen} (no verdict: ${others})`);
    } else this.#say(scenario, isMet, `${seen} (expected: ${expected})`);
  }

  #survived({ scenario, servers }: ScenarioFigures): void {
    this.#say(
      scenario,
      servers.length === 2 && servers.every(({ calls }) => calls > 0),
      `service goes on with the two that are left: ${
        servers.map(({ server, share }) => `server ${server.number} ${percent(share)}`).join(", ")
      }`,
    );
  }

  #say(scenario: number, isMet: boolean, text: string): void {
    this.verdicts.push({ scenario, outcome: isMet ? "met" : "short", text });
  }

  #unjudged(scenario: number, text: string): void {
    this.verdicts.push({ scenario, outcome: "unjudged", text });
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

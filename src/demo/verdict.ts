import { connectedAfterMs, type ScenarioFigures } from "./figures.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";

/** One thing that was expected of a scenario, and what came of it. */
export interface Verdict {
  /** From 1. */
  readonly scenario: number;
  /** `unjudged`: this machine could not have shown it, whatever the program does. */
  readonly outcome: "met" | "short" | "unjudged";
  /** What was seen, and what was expected if that is not plain. */
  readonly text: string;
  /** What was seen, in a few words for a line about the whole scenario; `""`: nothing for there. */
  readonly brief: string;
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

/** In fewer calls one pause of the machine decides on their speed. */
const speedCallsMin = 200;

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
      this.#say(scenario, false, "could not be played: the clients had ended", "");
      return;
    }
    const { calls, errors } = figures;
    this.#say(
      scenario,
      errors === 0 && calls > 0,
      errors === 0 ? `${calls} calls, no error` : `${errors} of ${calls} calls failed`,
      `${calls} calls, no error`,
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
    const each = clients[0]?.total ?? 0;
    const finished = clients.filter(({ done }) => done >= each).length;
    this.#say(
      began === 1 ? 1 : 5,
      finished === count,
      count === 1
        ? `the client made ${clients[0]?.done ?? 0} of ${each} calls`
        : `${finished} of ${count} clients made their ${each} calls or more`,
      count === 1 ? "" : "all clients made their calls",
    );
  }

  #crowded({ scenario, perSecond, calls }: ScenarioFigures): void {
    const alone = this.#figures.get(1)?.perSecond ?? 0;
    const ratio = alone > 0 ? perSecond / 4 / alone : 1;
    this.#judgeSpeed(
      scenario,
      calls,
      ratio < crowdedRateMax,
      `each client has ${percent(ratio)} of the speed that one had alone`,
      `about 25 %, less than ${percent(crowdedRateMax)}`,
      `each client at ${percent(ratio)} of one alone`,
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
      "found by all",
    );
  }

  #split({ scenario, servers, calls }: ScenarioFigures): void {
    const least = Math.min(...servers.map(({ share }) => share));
    const min = evenShareMin / servers.length;
    const seen = `the load splits: ${servers.map(({ percent }) => `${percent} %`).join(", ")}`;
    const expected = `at least ${percent(min)} each`;
    const isShared = servers.length === (scenario === 3 ? 2 : 4) && least > 0;
    if (isShared && least < min) {
      // One that others keep from its core is slow, and is rightly given little.
      this.#judgeSpeed(scenario, calls, false, seen, expected, "shares uneven");
    } else this.#say(scenario, isShared, `${seen} (expected: ${expected})`, "");
  }

  #faster({ scenario, perSecond, calls }: ScenarioFigures, servers: number): void {
    const { cores } = this.#machine;
    const one = this.#figures.get(2)?.perSecond ?? 0;
    const ratio = one > 0 ? perSecond / one : 0;
    const ideal = Math.min(servers, cores);
    const min = 1 + speedUpShareMin * (ideal - 1);
    const seen = `${ratio.toFixed(2)} times the calls a second of one server`;
    const brief = `${ratio.toFixed(2)} times as fast`;
    if (ideal < 2) {
      this.#unjudged(scenario, `${seen} (nothing expected: this machine has one core)`, brief);
      return;
    }
    const most = ideal < servers ? `on ${cores} cores at most ${ideal}` : `at most ${ideal}`;
    if (ratio < min && ratio >= speedUpFloor) {
      const hoped = `${most}, at least ${min.toFixed(1)}`;
      this.#unjudged(
        scenario,
        `${seen} (hoped for: ${hoped}; others may share this machine)`,
        brief,
      );
      return;
    }
    const expected = `${most}, at least ${min.toFixed(1)}`;
    this.#judgeSpeed(scenario, calls, ratio >= min, seen, expected, brief);
  }

  /**
   * Speeds of different moments compare only on a machine that others leave alone, and over enough
   * calls.
   */
  #judgeSpeed(
    scenario: number,
    calls: number,
    isMet: boolean,
    seen: string,
    expected: string,
    brief: string,
  ): void {
    const { cores, load } = this.#machine;
    if (!isMet && calls < speedCallsMin) {
      this.#unjudged(scenario, `${seen} (no verdict on so few calls)`, brief);
    } else if (!isMet && (load === undefined || load >= othersShareMax * cores)) {
      const others = load === undefined
        ? "this system does not tell whether others use its cores"
        : `${load.toFixed(1)} other processes want the ${cores} cores`;
      this.#unjudged(scenario, `${seen} (no verdict: ${others})`, brief);
    } else this.#say(scenario, isMet, `${seen} (expected: ${expected})`, brief);
  }

  #survived({ scenario, servers }: ScenarioFigures): void {
    this.#say(
      scenario,
      servers.length === 2 && servers.every(({ calls }) => calls > 0),
      `service goes on with the two that are left: ${
        servers.map(({ server, percent }) => `server ${server.number} ${percent} %`).join(", ")
      }`,
      "",
    );
  }

  #say(scenario: number, isMet: boolean, text: string, brief: string): void {
    this.verdicts.push({ scenario, outcome: isMet ? "met" : "short", text, brief });
  }

  #unjudged(scenario: number, text: string, seen: string): void {
    this.verdicts.push({ scenario, outcome: "unjudged", text, brief: `${seen} (no verdict)` });
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

import { connectedAfterMs, type ScenarioFigures } from "./figures.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";

/** One expectation of a scenario, and whether it was met. */
export interface Verdict {
  /** From 1. */
  readonly scenario: number;
  /** `unjudged`: this machine cannot show it, however well the program works. */
  readonly outcome: "met" | "short" | "unjudged";
  /** What was seen, and what was expected where that is not obvious. */
  readonly text: string;
  /**
   * What was seen, in a few words for the line about the whole scenario; `""`: nothing to say
   * there.
   */
  readonly brief: string;
}

/** What the machine was like. */
export interface MachineFacts {
  readonly cores: number;
  /** The average number of other programs' processes that wanted to run, where the system tells. */
  readonly load: number | undefined;
}

/**
 * The part of the speed-up that the cores allow which has to be seen. The rest is left to the
 * clients, which need processor time too, and to chance.
 */
const speedUpShareMin = 0.2;

/**
 * Below this part of one server's speed, more servers have made the service slower, which is the
 * program's fault on any machine. Above it, a missing speed-up may as well be the fault of a
 * machine that others share.
 */
const speedUpFloor = 0.7;

/**
 * One of four clients may have at most this part of the rate that it had alone. With even shares it
 * has a quarter.
 */
const crowdedRateMax = 0.7;

/**
 * From this part of the cores on, other programs have as much influence on speeds as the servers.
 */
const othersShareMax = 0.5;

/**
 * The least number of calls whose speed is judged: with fewer, a single pause of the machine would
 * decide.
 */
const speedCallsMin = 200;

/** The least share that a server may have, as a part of an even share. */
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

  /** Every client has connected to the servers that joined, by the registry alone. */
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
      // A server that other programs keep from its core is slow, and rightly gets few calls.
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
   * Speeds at different times can be compared only if no other programs are busy, and over enough
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

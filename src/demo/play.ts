import type { Clock } from "../base/clock.ts";
import { DemoClient, DemoServer, type DemoStage } from "./processes.ts";
import {
  type DemoClientLine,
  type DemoClientState,
  demoMethods,
  type DemoRecord,
  type DemoServerState,
} from "./record.ts";

/** What the play is played with. */
interface DemoPlayOptions {
  readonly stage: DemoStage;
  readonly record: DemoRecord;
  /** Calls of each procedure that each client makes. */
  readonly calls: number;
  readonly clock: Clock;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * What each client does in a scenario at the least, also where a busy machine starts a server
 * slowly.
 */
const callsInScenarioMin = 6;

/** How often it is looked whether the next scenario is due. */
const lookMs = 10;

/**
 * The five scenarios with real processes. One client plays the first alone. Four clients play the
 * other four in one go: they call without a pause while servers join and are killed around them, a
 * quarter of the calls to each scenario. Nobody tells the clients anything.
 */
export class DemoPlay {
  readonly #options: DemoPlayOptions;
  readonly #servers = new Map<DemoServerState, DemoServer>();
  readonly #clients: DemoClient[] = [];

  constructor(options: DemoPlayOptions) {
    this.#options = options;
  }

  /**
   * Plays all. Scenarios that could not be played, because everybody had gone, are missing in the
   * record.
   *
   * @throws {Error} a server cannot be started
   */
  async run(): Promise<void> {
    const { record, signal } = this.#options;
    await this.#join(1);
    const alone = await this.#startClients(1, 1);
    record.begin(1);
    alone.begin();
    await alone.ended;
    record.end();

    const four = await this.#startClients(4, 2);
    record.begin(2);
    four.begin();
    const next = async (scenario: number, act: () => Promise<void>) => {
      await this.#quarterDone(scenario, four);
      if (signal.aborted || four.isOver()) return;
      await act();
      record.begin(scenario);
    };
    await next(3, () => this.#join(1));
    await next(4, () => this.#join(2));
    await next(5, () => Promise.resolve(this.#kill([0, 2])));
    await four.ended;
    record.end();
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all([...this.#servers].map(async ([state, server]) => {
      if (state.state !== "killed" && state.state !== "died") state.state = "stopped";
      await server.stop();
    }));
  }

  /** Starts servers, and resolves when they take calls. */
  async #join(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startServer()));
  }

  async #startServer(): Promise<void> {
    const { record, stage, signal } = this.#options;
    const server = new DemoServer(stage);
    const state: DemoServerState = {
      number: record.servers.length + 1,
      state: "starting",
      address: undefined,
      pid: server.pid,
      readyAtMs: undefined,
      lostAtMs: undefined,
      inFlight: undefined,
    };
    record.servers.push(state);
    this.#servers.set(state, server);
    void server.ended.then(() => {
      if (state.state !== "serving" || signal.aborted) return;
      state.state = "died";
      state.lostAtMs = record.nowMs;
      record.tell("loss", `server ${state.number} died, and nobody had asked for it`);
    });
    state.address = await server.ready;
    state.state = "serving";
    state.readyAtMs = record.nowMs;
    record.tell("join", `server ${state.number} joins at ${state.address} (pid ${state.pid})`);
  }

  #kill(indexes: readonly number[]): void {
    const { record } = this.#options;
    for (const index of indexes) {
      const state = record.servers[index];
      if (state?.state !== "serving") continue;
      state.state = "killed";
      state.lostAtMs = record.nowMs;
      this.#servers.get(state)?.kill();
      record.tell("loss", `server ${state.number} is killed (SIGKILL)`);
    }
  }

  async #startClients(count: number, scenario: number): Promise<ClientGroup> {
    const { record, stage, calls } = this.#options;
    const total = calls * demoMethods.length;
    const members: { client: DemoClient; state: DemoClientState }[] = [];
    for (let i = 0; i < count; i++) {
      const state: DemoClientState = {
        number: record.clients.length + 1,
        scenario,
        total,
        done: 0,
        failed: 0,
        state: "starting",
      };
      const client = new DemoClient(stage, calls, (line) => this.#ended(state, line));
      record.clients.push(state);
      this.#clients.push(client);
      members.push({ client, state });
      void client.ended.then((how) => {
        state.state = "ended";
        if (state.done === total || this.#options.signal.aborted) return;
        const complaint = client.complaint().split("\n").at(-1);
        record.tell(
          "note",
          `client ${state.number} gave up after ${state.done} of ${total} calls: ` +
            (complaint || how),
        );
      });
    }
    await Promise.all(members.map(({ client }) => client.ready));
    return {
      begin() {
        for (const { state } of members) if (state.state === "starting") state.state = "calling";
        for (const { client } of members) client.begin();
      },
      ended: Promise.all(members.map(({ client }) => client.ended)),
      isOver: () => members.every(({ state }) => state.state === "ended"),
      doneShare: () =>
        members.reduce((sum, { state }) => sum + state.done, 0) / (total * members.length),
      fewestDone: () => Math.min(...members.map(({ state }) => state.done)),
    };
  }

  #ended(client: DemoClientState, line: DemoClientLine): void {
    const { record } = this.#options;
    client.done++;
    if (line.error !== null) client.failed++;
    record.calls.push({
      atMs: record.nowMs,
      client,
      method: line.method,
      server: line.error === null ? line.server ?? undefined : undefined,
      durationMs: line.ms,
      error: line.error ?? undefined,
      connected: line.connected,
    });
  }

  /** Resolves when it is time for a scenario: a quarter of the calls after the one before. */
  async #quarterDone(scenario: number, group: ClientGroup): Promise<void> {
    const { clock, signal } = this.#options;
    const share = (scenario - 2) / 4;
    const before = group.fewestDone();
    const isDue = () =>
      group.doneShare() >= share && group.fewestDone() >= before + callsInScenarioMin;
    while (!isDue() && !group.isOver() && !signal.aborted) {
      await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    }
  }
}

/** Clients that begin together. */
interface ClientGroup {
  begin(): void;
  readonly ended: Promise<unknown>;
  /** Whether all have ended. */
  isOver(): boolean;
  /** How much of their calls they have made. */
  doneShare(): number;
  /** The calls that the slowest of them has made. */
  fewestDone(): number;
}

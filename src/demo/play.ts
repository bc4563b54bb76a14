import type { Clock } from "../base/clock.ts";
import { DemoClient, DemoServer, type DemoStage } from "./processes.ts";
import {
  type DemoClientLine,
  type DemoClientState,
  demoMethods,
  type DemoRecord,
  type DemoServerState,
} from "./record.ts";

/** What a {@link DemoPlay} needs. */
interface DemoPlayOptions {
  readonly stage: DemoStage;
  readonly record: DemoRecord;
  /** Calls of each procedure that each client makes. */
  readonly calls: number;
  readonly clock: Clock;
  /** Ends the play early. */
  readonly signal: AbortSignal;
}

/**
 * The least number of calls that a client makes in a scenario, on average, once all clients are
 * connected to all servers: with so many the shares of four servers can be seen.
 */
const callsInScenarioMin = 6;

/**
 * How long clients have to connect to new servers before that counts as a failure. It is a hundred
 * times what they need, since other programs may keep the machine's cores busy.
 */
const connectsWithinMs = 20_000;

/** How often to look whether the next scenario is due. */
const lookMs = 10;

/**
 * Plays the five scenarios with real processes. One client plays the first alone. Four clients play
 * the other four without a break: they go on calling while servers join and are killed, and make at
 * least a quarter of their calls in each scenario. How many more they make while servers start
 * depends on the machine. The clients find the servers by the registry alone.
 */
export class DemoPlay {
  readonly #options: DemoPlayOptions;
  readonly #servers = new Map<DemoServerState, DemoServer>();
  readonly #clients: DemoClient[] = [];

  constructor(options: DemoPlayOptions) {
    this.#options = options;
  }

  /**
   * Plays all scenarios. Those that could not be played, because all processes had ended, are
   * missing in the record.
   *
   * @throws {Error} a server cannot be started
   */
  async run(): Promise<void> {
    const { record, signal } = this.#options;
    await this.#join(1);
    const alone = await this.#startClients(1, 1);
    record.begin(1);
    alone.begin();
    alone.letEnd();
    await alone.ended;
    record.end();

    const four = await this.#startClients(4, 2);
    record.begin(2);
    four.begin();
    await this.#played(four, 1);
    const next = async (scenario: number, servers: number, act: () => Promise<void>) => {
      if (signal.aborted || four.isOver()) return;
      await act();
      record.begin(scenario);
      await this.#played(four, servers);
    };
    await next(3, 2, () => this.#join(1));
    await next(4, 4, () => this.#join(2));
    await next(5, 2, () => Promise.resolve(this.#kill([0, 2])));
    four.letEnd();
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

  /** Ends whatever still runs at once, without waiting for it. */
  kill(): void {
    for (const client of this.#clients) client.kill();
    for (const server of this.#servers.values()) server.kill();
  }

  /** Starts servers, and resolves when they take calls. */
  async #join(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startServer()));
  }

  async #startServer(): Promise<void> {
    const { record, stage, signal } = this.#options;
    signal.throwIfAborted();
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
    const { record, stage, calls, signal } = this.#options;
    signal.throwIfAborted();
    const total = calls * demoMethods.length;
    const members: { client: DemoClient; state: DemoClientState }[] = [];
    for (let i = 0; i < count; i++) {
      const state: DemoClientState = {
        number: i + 1,
        scenario,
        total,
        done: 0,
        failed: 0,
        connected: 0,
        state: "starting",
      };
      const client = new DemoClient(stage, calls, (line) => this.#ended(state, line));
      record.clients.push(state);
      this.#clients.push(client);
      members.push({ client, state });
      void client.ended.then((how) => {
        state.state = "ended";
        if (state.done >= total || this.#options.signal.aborted) return;
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
      letEnd() {
        for (const { client } of members) client.letEnd();
      },
      ended: Promise.all(members.map(({ client }) => client.ended)),
      isOver: () => members.every(({ state }) => state.state === "ended"),
      states: members.map(({ state }) => state),
    };
  }

  #ended(client: DemoClientState, line: DemoClientLine): void {
    const { record } = this.#options;
    client.done++;
    client.connected = line.connected;
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

  /**
   * Resolves when the scenario that has just begun has lasted long enough: all clients are
   * connected to so many servers, or had the time for it, and have made a quarter of their calls.
   */
  async #played({ states, isOver }: ClientGroup, servers: number): Promise<void> {
    const { record, clock, signal } = this.#options;
    const startMs = record.nowMs;
    const quarter = states.reduce((sum, { total }) => sum + total, 0) / 4;
    const atStart = callsMade(states);
    let atConnection: number | undefined;
    const isDue = () => {
      // A client that has given up makes no more calls.
      const calling = states.filter(({ state }) => state !== "ended");
      const isLate = record.nowMs - startMs >= connectsWithinMs;
      if (calling.some(({ connected }) => connected < servers) && !isLate) return false;
      atConnection ??= callsMade(states);
      return callsMade(states) - atStart >= quarter &&
        callsMade(states) - atConnection >= callsInScenarioMin * calling.length;
    };
    while (!isOver() && !signal.aborted && !isDue()) {
      await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    }
  }
}

function callsMade(clients: readonly DemoClientState[]): number {
  return clients.reduce((sum, { done }) => sum + done, 0);
}

/** Clients that begin together. */
interface ClientGroup {
  begin(): void;
  /** Lets them end when they have made their calls. */
  letEnd(): void;
  readonly ended: Promise<unknown>;
  /** Whether all have ended. */
  isOver(): boolean;
  readonly states: readonly DemoClientState[];
}

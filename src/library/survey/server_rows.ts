import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import type { Stats } from "../../wire/reports/stats.ts";

/** A server's state. `draining`: it answers, but has left the registry or is about to stop. */
type ServerState = "ready" | "draining" | "no answer";

/** A watched server. */
export interface ServerRow {
  readonly instance: Instance;
  readonly isListed: boolean;
  /** `undefined`: not asked yet. */
  readonly state: ServerState | undefined;
  /** Milliseconds that its last answer took. */
  readonly answerMs: number | undefined;
  /** Why it did not answer. */
  readonly problem: string | undefined;
  /** When its keys end, on the wall clock; `undefined` without keys. */
  readonly validToMs: number | undefined;
  /**
   * Its last `rpc.stats`; `undefined`: none yet, or the server is of another kind and has none.
   */
  readonly stats: Stats | undefined;
  /** Calls a second between the last two answers. */
  readonly callsPerSecond: number | undefined;
  /** The procedure that was called most between the last two answers, or ever. */
  readonly busiest: string | undefined;
}

/** An event of a server. */
export interface ServerEvent {
  /** `here`: asked for the first time; `changed`: its state has changed; `gone`: for good. */
  readonly event: "here" | "changed" | "gone";
  readonly row: ServerRow;
}

/** What {@link ServerRows} needs. */
interface ServerRowsOptions {
  /** Asks a server for `rpc.stats`, and reports the end of its keys as soon as it is known. */
  readonly ask: (
    instance: Instance,
    saw: (validToMs: number | undefined) => void,
  ) => Promise<Stats>;
  readonly clock: Clock;
  readonly onEvent: (event: ServerEvent) => void;
}

/** The servers in the registry, with the states that they report themselves. */
export class ServerRows {
  readonly #options: ServerRowsOptions;
  /** By the instance's id, so a restarted server is a new one. */
  readonly #rows = new Map<string, WatchedServer>();

  constructor(options: ServerRowsOptions) {
    this.#options = options;
  }

  /** Sorted by address. */
  get all(): ServerRow[] {
    return [...this.#rows.values()].map(({ row }) => row).sort((one, other) =>
      addressOf(one.instance) < addressOf(other.instance) ? -1 : 1
    );
  }

  /** Takes over the registry's list. A server that it drops stays until it stops answering. */
  async update(instances: readonly Instance[]): Promise<void> {
    const listed = new Map(instances.map((instance) => [instance.id, instance]));
    for (const [id, instance] of listed) {
      const known = this.#rows.get(id);
      if (known !== undefined) known.row = { ...known.row, instance, isListed: true };
      else this.#rows.set(id, new WatchedServer(instance));
    }
    const changed = [...this.#rows].filter(([id, { row }]) =>
      !listed.has(id) || row.state === undefined
    );
    for (const [id, watched] of changed) {
      if (!listed.has(id)) watched.row = { ...watched.row, isListed: false };
    }
    await Promise.all(changed.map(([, watched]) => this.#ask(watched)));
  }

  /** Asks every server for its state. */
  async ask(): Promise<void> {
    await Promise.all([...this.#rows.values()].map((watched) => this.#ask(watched)));
  }

  async #ask(watched: WatchedServer): Promise<void> {
    if (watched.isAsked) return;
    watched.isAsked = true;
    const { ask, clock, onEvent } = this.#options;
    const before = watched.row.state;
    const startedAtMs = clock.now();
    try {
      const saw = (validToMs: number | undefined) => watched.saw(validToMs);
      watched.answered(await ask(watched.row.instance, saw), startedAtMs, clock.now());
    } catch (error) {
      // A server that does not know the method is alive nevertheless.
      const answers = error instanceof RpcError && error.name === "MethodNotFound";
      watched.failed(answers ? undefined : messageOf(error), clock.now() - startedAtMs);
    } finally {
      watched.isAsked = false;
    }
    const { row } = watched;
    if (row.state === "no answer" && !row.isListed) {
      if (this.#rows.delete(row.instance.id)) onEvent({ event: "gone", row });
    } else if (before === undefined) onEvent({ event: "here", row });
    else if (before !== row.state) onEvent({ event: "changed", row });
  }
}

class WatchedServer {
  row: ServerRow;
  isAsked = false;
  #last: { readonly atMs: number; readonly stats: Stats } | undefined;

  constructor(instance: Instance) {
    this.row = {
      instance,
      isListed: true,
      state: undefined,
      answerMs: undefined,
      problem: undefined,
      validToMs: undefined,
      stats: undefined,
      callsPerSecond: undefined,
      busiest: undefined,
    };
  }

  saw(validToMs: number | undefined): void {
    this.row = { ...this.row, validToMs };
  }

  answered(stats: Stats, startedAtMs: number, atMs: number): void {
    const last = this.#last;
    const since = (method: string) =>
      (stats.methods[method]?.calls ?? 0) - (last?.stats.methods[method]?.calls ?? 0);
    const names = Object.keys(stats.methods);
    const calls = names.reduce((sum, name) => sum + since(name), 0);
    const ever = (name: string) => stats.methods[name]?.calls ?? 0;
    const [busiest] = names.toSorted((one, other) =>
      since(other) - since(one) || ever(other) - ever(one)
    );
    this.row = {
      ...this.row,
      state: stats.draining || !this.row.isListed ? "draining" : "ready",
      answerMs: atMs - startedAtMs,
      problem: undefined,
      stats,
      callsPerSecond: last === undefined || atMs <= last.atMs
        ? undefined
        : 1_000 * calls / (atMs - last.atMs),
      busiest: busiest !== undefined && ever(busiest) > 0 ? busiest : undefined,
    };
    this.#last = { atMs, stats };
  }

  /** @param problem `undefined`: it answers, but has no stats */
  failed(problem: string | undefined, answerMs: number): void {
    const isReady = problem === undefined;
    this.#last = undefined;
    this.row = {
      ...this.row,
      state: isReady ? (this.row.isListed ? "ready" : "draining") : "no answer",
      answerMs: isReady ? answerMs : undefined,
      problem,
      stats: undefined,
      callsPerSecond: undefined,
    };
  }
}

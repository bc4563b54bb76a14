/** The record of a demo: the play writes it, the views show it, and it is judged at the end. */

/** The three procedures, as each client calls them. */
export const demoMethods = ["ping", "pi", "fib"] as const;

/** One of the three procedures. */
export type DemoMethod = typeof demoMethods[number];

/** The scenarios, in the order in which they are played. */
export const scenarioTitles = [
  "one client, one server",
  "four clients, one server",
  "a second server joins",
  "four servers",
  "two of the four are killed",
] as const;

/** The end of one call. Times are in milliseconds, `atMs` counts from the demo's start. */
export interface DemoCall {
  readonly atMs: number;
  readonly client: DemoClientState;
  readonly method: DemoMethod;
  /** The address of the server that answered; `undefined`: none did. */
  readonly server: string | undefined;
  readonly durationMs: number;
  /** The error's name. */
  readonly error: string | undefined;
  /** How many servers the client was connected to by then. */
  readonly connected: number;
}

/** One server process. */
export interface DemoServerState {
  /** From 1, in the order of their joining. */
  readonly number: number;
  state: "starting" | "serving" | "killed" | "died" | "stopped";
  address: string | undefined;
  pid: number | undefined;
  readyAtMs: number | undefined;
  /** When it was killed, or died. */
  lostAtMs: number | undefined;
  /** Calls that wait or run, as the server tells; `undefined`: it was not asked. */
  inFlight: number | undefined;
}

/** One client process. */
export interface DemoClientState {
  /** From 1, among those that began together. */
  readonly number: number;
  /** The scenario that it was started in, from 1. */
  readonly scenario: number;
  /** The least number of calls that it makes: it goes on until the last scenario is over. */
  readonly total: number;
  done: number;
  failed: number;
  /** How many servers it was connected to when its last call ended. */
  connected: number;
  state: "starting" | "calling" | "ended";
}

/** Something that happens at one moment. */
interface DemoEvent {
  readonly atMs: number;
  readonly kind: "scenario" | "join" | "loss" | "note";
  readonly text: string;
}

/** One scenario's span of time. */
export interface DemoPhase {
  /** From 1. */
  readonly scenario: number;
  readonly startMs: number;
  endMs: number | undefined;
}

/** Everything that happened in a demo. */
export class DemoRecord {
  readonly calls: DemoCall[] = [];
  readonly servers: DemoServerState[] = [];
  readonly clients: DemoClientState[] = [];
  readonly events: DemoEvent[] = [];
  readonly phases: DemoPhase[] = [];
  readonly #now: () => number;
  readonly #startedAtMs: number;
  readonly #onEvent: (event: DemoEvent) => void;

  /** @param now monotonic milliseconds */
  constructor(now: () => number, onEvent: (event: DemoEvent) => void) {
    this.#now = now;
    this.#startedAtMs = now();
    this.#onEvent = onEvent;
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.#now() - this.#startedAtMs;
  }

  /** The scenario that is played now. */
  get phase(): DemoPhase | undefined {
    return this.phases.at(-1);
  }

  /** Ends the current scenario and begins the next one, both at this moment. */
  begin(scenario: number): void {
    this.end();
    this.phases.push({ scenario, startMs: this.nowMs, endMs: undefined });
    this.tell("scenario", `scenario ${scenario}: ${scenarioTitles[scenario - 1]}`);
  }

  /** Ends the current scenario. */
  end(): void {
    const phase = this.phase;
    if (phase !== undefined) phase.endMs ??= this.nowMs;
  }

  tell(kind: DemoEvent["kind"], text: string): void {
    const event = { atMs: this.nowMs, kind, text };
    this.events.push(event);
    this.#onEvent(event);
  }

  /** The calls that ended in a scenario. */
  callsOf(phase: DemoPhase): DemoCall[] {
    const endMs = phase.endMs ?? this.nowMs;
    return this.calls.filter(({ atMs }) => atMs >= phase.startMs && atMs < endMs);
  }
}

/** What shows a demo while it runs. */
export interface DemoView {
  tell(event: DemoEvent): void;
  /** Gives the terminal back. */
  close(): void;
}

/** An event as a line, in seconds from the start. */
export function eventLine({ atMs, text }: DemoEvent): string {
  return `${(atMs / 1_000).toFixed(1).padStart(5)} s  ${text}`;
}

/** What a demo tells its clients, each as a line. */
export const demoWords = { begin: "begin", enough: "enough" };

/** What a client of the demo tells of each call, as a JSON object a line. */
export interface DemoClientLine {
  readonly method: DemoMethod;
  readonly server: string | null;
  readonly ms: number;
  readonly error: string | null;
  /** How many servers the client is connected to by now. */
  readonly connected: number;
}

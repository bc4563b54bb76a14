import { type Clock, sleep } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { callTimeoutMsMax } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { Client } from "../../client/client.ts";
import type { Transport } from "../../client/transport.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { onlyOne } from "../../discovery/narrowed.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import type { TapItem, TapParams } from "../../wire/reports/tap.ts";
import { soundTapItem } from "../../wire/reports/tap_checks.ts";

/** What a {@link ServerTap} needs. */
export interface ServerTapOptions {
  readonly instance: Instance;
  readonly registry: string;
  readonly service: string;
  readonly params: TapParams;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes each item, and resolves when it can take another: meanwhile the server only counts. */
  readonly take: (instance: Instance, item: TapItem) => Promise<void>;
  /** Prints a problem for people. */
  readonly tell: (line: string) => void;
}

/** How long to wait before a lost server is tried again. */
const againAfterMs = 1_000;

/** Errors after which trying again is useless. */
const lasting: ReadonlySet<string> = new Set([
  "MethodNotFound",
  "PermissionDenied",
  "Unauthenticated",
  "InvalidParams",
]);

/** Listens to one server, again and again, until it is closed or refused. */
export class ServerTap {
  readonly #options: ServerTapOptions;
  readonly #client: Client;
  readonly #over = new AbortController();
  readonly #first = Promise.withResolvers<boolean>();
  #isTroubled = false;
  #isRefused = false;

  constructor(options: ServerTapOptions) {
    const { instance, registry, service, transport, clock, log } = options;
    this.#options = options;
    this.#client = new Client({
      discovery: onlyOne(instance, registry),
      service,
      transport,
      clock,
      log,
    });
    void this.#listen();
  }

  /** Resolves to whether listening has succeeded, once that is known for the first time. */
  get first(): Promise<boolean> {
    return this.#first.promise;
  }

  /** Whether the server refuses for good. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  close(): void {
    this.#over.abort();
    this.#first.resolve(false);
    this.#client.close();
  }

  async #listen(): Promise<void> {
    const { clock, instance, tell } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      const error = await this.#listenOnce();
      if (signal.aborted) return;
      const isLasting = error !== undefined && lasting.has(error.name);
      this.#isRefused = isLasting;
      this.#first.resolve(false);
      if (error !== undefined && error.name !== "DeadlineExceeded" && !this.#isTroubled) {
        this.#isTroubled = true;
        const what = error.name === "MethodNotFound"
          ? "it is another program, or of an older version"
          : `${error.name}: ${error.message}`;
        tell(
          `cannot listen to ${addressOf(instance)}: ${what}${isLasting ? "" : "; trying again"}`,
        );
      }
      if (isLasting) return;
      // The stream ends at the server's longest deadline, and starts again without a wait.
      if (error?.name !== "DeadlineExceeded") await sleep(clock, againAfterMs, signal);
    }
  }

  /** Listens until the stream ends, and returns the reason. */
  async #listenOnce(): Promise<RpcError | undefined> {
    const { params, instance, take } = this.#options;
    const stream = this.#client.stream(reservedMethods.tap, { ...params, counts: true }, {
      timeoutMs: callTimeoutMsMax,
      signal: this.#over.signal,
    });
    try {
      for await (const item of stream) {
        this.#isTroubled = false;
        this.#first.resolve(true);
        if (item !== null) await take(instance, soundTapItem(item) ?? await readBySchema(item));
      }
    } catch (error) {
      if (error instanceof RpcError) return error;
      return new RpcError("InvalidRequest", "it tells what is no call", { cause: error });
    }
    return (await stream.report).error;
  }
}

/** Reads what no server of ours sends. @throws {Error} it is no item */
async function readBySchema(item: unknown): Promise<TapItem> {
  const { tapItemSchema } = await import("../../wire/reports/tap.ts");
  return tapItemSchema.parse(item);
}

import { oneStringBytesMax } from "../../../base/limits.ts";
import { addressOf } from "../../../base/names/host_port.ts";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { eachConcurrencyDefault } from "../../limits.ts";
import type { Logger } from "../../../base/log.ts";
import { Client } from "../../../client/client.ts";
import type { Transport } from "../../../client/transport.ts";
import { type Discovery, type Instance, noServerText } from "../../../discovery/discovery.ts";
import { onlyOne } from "../../../discovery/narrowed.ts";
import { snapshots } from "../../../discovery/snapshots.ts";
import { printOnStderr, problemLine } from "../../../terminal/stdout.ts";
import { jsonLine, plainLine, toldText } from "../../../base/values/plain_text.ts";
import { ResultWriter } from "../../../terminal/result_writer.ts";
import { padded } from "../../../terminal/width.ts";
import type { Params } from "../../../wire/message.ts";
import { exitCodes } from "../../../base/command_error.ts";
import { errorJson } from "../failures.ts";
import type { CallFlags } from "../flags.ts";

/** What {@link callEach} takes. */
interface CallEachOptions {
  readonly method: string;
  /** The parameters for the server with that number, from 1. */
  readonly paramsOf: (number: number) => Params;
  readonly flags: CallFlags;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly log: Logger;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** @default the system's */
  readonly clock?: Clock;
}

/** Calls each registered server once, and prints a line for each. */
export async function callEach(options: CallEachOptions): Promise<number> {
  const { discovery, flags, signal } = options;
  for await (const { instances, stale } of snapshots(discovery, flags.service, signal)) {
    if (stale) printOnStderr("rpc: the registry cannot be asked: this is the last list known");
    if (instances.length === 0) {
      printOnStderr(`rpc: ${noServerText(flags.service, discovery)}`);
      return exitCodes.failure;
    }
    return await new EachRun(options, instances).run();
  }
  return exitCodes.interrupted;
}

/** The calls of one list of servers. */
class EachRun {
  readonly #options: CallEachOptions;
  readonly #instances: readonly Instance[];
  /** Ctrl-C, or nobody reads on. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #writer: ResultWriter<undefined>;
  readonly #width: number;
  #begun = 0;
  #failed = 0;

  constructor(options: CallEachOptions, instances: readonly Instance[]) {
    this.#options = options;
    this.#instances = instances;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
    this.#writer = new ResultWriter({ onOver: () => this.#over.abort() });
    this.#width = Math.max(...instances.map((one) => addressOf(one).length));
  }

  async run(): Promise<number> {
    const { flags, signal } = this.#options;
    const concurrency = Math.min(
      flags.concurrency ?? eachConcurrencyDefault,
      this.#instances.length,
    );
    await Promise.all(Array.from({ length: concurrency }, () => this.#callInTurn()));
    await this.#writer.flushed();
    if (this.#failed > 0) {
      printOnStderr(problemLine(`${this.#failed} of ${this.#instances.length} servers failed`));
    }
    const { problem } = this.#writer;
    if (problem !== undefined) printOnStderr(problemLine(problem));
    if (signal.aborted) return exitCodes.interrupted;
    return this.#failed > 0 || problem !== undefined ? exitCodes.failure : exitCodes.success;
  }

  async #callInTurn(): Promise<void> {
    while (!this.#signal.aborted) {
      const number = ++this.#begun;
      const instance = this.#instances[number - 1];
      if (instance === undefined) return;
      await this.#call(instance, number);
    }
  }

  async #call(instance: Instance, number: number): Promise<void> {
    const { flags, discovery, transport, log, method, paramsOf, clock } = this.#options;
    const client = new Client({
      discovery: onlyOne(instance, discovery.url),
      service: flags.service,
      transport,
      timeoutMs: flags.timeout,
      // What is printed of each is one string.
      messageMax: Math.min(flags.messageMax, oneStringBytesMax),
      clock: clock ?? systemClock,
      log,
      exactNumbers: true,
    });
    try {
      const stream = client.stream(method, paramsOf(number), { signal: this.#signal });
      await this.#items(instance, stream);
      const { error, result, items, durationMs } = await stream.report;
      // A call that Ctrl-C ended has neither succeeded nor failed.
      if (this.#signal.aborted && error?.name === "Cancelled") return;
      const ms = Number(durationMs.toFixed(3));
      if (error !== undefined) {
        this.#failed++;
        this.#tell(
          instance,
          { error: errorJson(error), ms },
          `failed: ${error.name}: ${toldText(error.message)}`,
        );
      } else if (items === undefined) this.#tell(instance, { result, ms }, textOf(result));
      else this.#tell(instance, { items, ms }, items === 0 ? "no items" : undefined);
      await this.#writer.keepingUp();
    } finally {
      client.close();
    }
  }

  /** Prints the items of a stream as they come, each with its server, since they may mix. */
  async #items(
    instance: Instance,
    stream: AsyncIterable<unknown> & { readonly isStream: boolean },
  ): Promise<void> {
    try {
      for await (const item of stream) {
        if (!stream.isStream || this.#signal.aborted) break;
        this.#tell(instance, { item }, textOf(item));
        await this.#writer.keepingUp();
      }
    } catch {
      // The report tells it.
    }
  }

  /** @param text for people; `undefined`: nothing more to print */
  #tell(instance: Instance, what: Record<string, unknown>, text: string | undefined): void {
    const { flags } = this.#options;
    if (flags.quiet && what["error"] === undefined) return;
    const address = addressOf(instance);
    if (flags.json) this.#writer.line(jsonLine({ address, id: instance.id, ...what }), undefined);
    else if (text !== undefined) {
      this.#writer.line(plainLine(`${padded(address, this.#width)}  ${text}`), undefined);
    }
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}

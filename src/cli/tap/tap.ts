import { systemClock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { printOnStderr, problemLine } from "../../terminal/stdout.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { counted } from "../../terminal/figure_text.ts";
import { plainLine, toldText } from "../../base/values/plain_text.ts";
import { ResultWriter } from "../../terminal/result_writer.ts";
import { terminalSize } from "../../terminal/size.ts";
import type { TapItem, TapParams } from "../../wire/reports/tap.ts";
import { exitCodes } from "../../base/command_error.ts";
import { lastResultsMs } from "../limits.ts";
import { pickServer } from "../pick_server.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openForLong } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { tapFlags } from "./flags.ts";
import { ServerTap, type ServerTapOptions } from "./server_tap.ts";
import { jsonOf, TapLines } from "./tap_lines.ts";
import { unofferedTexts } from "./unoffered.ts";

type Flags = CommandInput<typeof tapFlags>["flags"];

/** `rpc tap [methods...]` */
export async function run(
  { flags, positionals }: CommandInput<typeof tapFlags>,
): Promise<number> {
  const log = plainLogger(flags.verbose);
  const { transport, discovery } = await openForLong(flags, log);
  const interrupt = onInterrupt();
  const over = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, over.signal]);
  const writer = new ResultWriter<undefined>({ onOver: () => over.abort() });
  const lines = new TapLines();
  const columns = () => Deno.stdout.isTerminal() ? terminalSize().columns : undefined;
  const shown = (instance: Instance, item: TapItem) =>
    flags.json ? [jsonOf(instance, item)] : lines.of(instance, item, columns());
  const fleet = new Fleet({
    registry: discovery.url,
    service: flags.service,
    params: paramsOf(flags, positionals),
    transport,
    clock: systemClock,
    log,
    take: async (instance, item) => {
      for (const line of shown(instance, item)) writer.line(line, undefined);
      await writer.keepingUp();
    },
    tell: (line) => printOnStderr(problemLine(plainLine(toldText(line)), "yellow")),
  });
  try {
    let address: string | undefined;
    for await (const list of snapshots(discovery, flags.service, signal)) {
      if (flags.server !== undefined) address ??= addressOf(pickServer(flags.server, list));
      const wanted = list.instances.filter((one) =>
        address === undefined || addressOf(one) === address
      );
      void fleet.update(wanted).then((isHopeless) => {
        if (isHopeless) over.abort();
      });
    }
  } finally {
    fleet.close();
    await writer.flushedWithin(lastResultsMs);
    await discovery.close();
    interrupt.release();
  }
  if (writer.problem !== undefined) printOnStderr(problemLine(writer.problem));
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  return writer.isBroken ? exitCodes.success : exitCodes.failure;
}

function paramsOf({ failed, slow }: Flags, methods: readonly string[]): TapParams {
  return {
    ...(methods.length === 0 ? {} : { methods: [...methods] }),
    ...(failed ? { failed } : {}),
    ...(slow === undefined ? {} : { slowMs: slow }),
  };
}

/** The taps of all servers. */
class Fleet {
  readonly #options: Omit<ServerTapOptions, "instance">;
  /** By the instance's id, so a restarted server is a new one. */
  readonly #taps = new Map<string, ServerTap>();
  #isFirst = true;

  constructor(options: Omit<ServerTapOptions, "instance">) {
    this.#options = options;
  }

  /**
   * Listens to exactly these servers. Resolves to whether all refuse, once each has answered.
   */
  async update(instances: readonly Instance[]): Promise<boolean> {
    const { tell } = this.#options;
    const listed = new Set(instances.map(({ id }) => id));
    for (const [id, tap] of this.#taps) {
      if (listed.has(id)) continue;
      tap.close();
      this.#taps.delete(id);
    }
    const fresh = instances.filter(({ id }) => !this.#taps.has(id));
    for (const instance of fresh) {
      this.#taps.set(instance.id, new ServerTap({ ...this.#options, instance }));
    }
    const isFirst = this.#isFirst;
    if (instances.length > 0) {
      this.#isFirst = false;
      const names = this.#options.params.methods ?? [];
      if (isFirst) { for (const text of unofferedTexts(names, instances)) tell(text); }
    } else if (isFirst) tell("no server is registered yet; waiting for one (Ctrl-C ends)");
    const heard = await Promise.all(fresh.map(({ id }) => this.#taps.get(id)?.first));
    const count = heard.filter((isHeard) => isHeard).length;
    const servers = counted(count, "server");
    if (count > 0) {
      tell(isFirst ? `listening to ${servers} (Ctrl-C ends)` : `listening to ${servers} more`);
    }
    return isFirst && fresh.length > 0 && [...this.#taps.values()].every((tap) => tap.isRefused);
  }

  close(): void {
    for (const tap of this.#taps.values()) tap.close();
  }
}

import { hintFor } from "../../base/names/nearest.ts";
import { systemClock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { weightMax } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Instance, OverrideChange, Snapshot } from "../../discovery/discovery.ts";
import { plainLine, recordLine } from "../../base/values/plain_text.ts";
import { printLine } from "../../terminal/stdout.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import { pickServer } from "../pick_server.ts";
import { serversActions } from "./flags.ts";

/** An operator's order: what to do to which server. */
interface Order {
  readonly action: typeof serversActions[number];
  /** Its address, or the beginning of its id. */
  readonly server: string;
  readonly change: OverrideChange;
}

/** The flags that matter to an order. */
interface OrderFlags {
  readonly json: boolean;
  readonly timeout: number;
  readonly transport: Transport;
}

/**
 * Reads the words after `rpc servers`.
 *
 * @throws {UsageError} what is wrong with them
 */
export function orderOf([word, server, weight]: readonly string[]): Order {
  const action = serversActions.find((one) => one === word);
  if (action === undefined) {
    throw new UsageError(
      `Unknown action ${JSON.stringify(word)}: ${
        hintFor(word ?? "", serversActions, `there are ${serversActions.join(", ")}`)
      }`,
    );
  }
  if (server === undefined) {
    throw new UsageError(
      `Missing <server> (its address, or the first characters of its id): rpc servers`,
    );
  }
  if (action !== "weight") {
    if (weight !== undefined) throw new UsageError(`${action} takes no weight`);
    return { action, server, change: { drained: action === "drain" } };
  }
  if (weight === undefined) {
    throw new UsageError(`Missing the weight: rpc servers weight ${server} <0 to ${weightMax}>`);
  }
  const number = weight.trim() === "" ? NaN : Number(weight);
  if (!(number >= 0 && number <= weightMax)) {
    throw new UsageError(
      `Cannot use the weight ${JSON.stringify(weight)}: it must be a number from 0 to ${weightMax}`,
    );
  }
  return { action, server, change: { weight: number } };
}

/**
 * Makes the server change its entry in the registry, and prints the outcome.
 *
 * @throws {RpcError} there is no such server, or it refuses
 */
export async function carryOut(
  { action, server, change }: Order,
  lists: AsyncIterable<Snapshot>,
  { json, timeout, transport }: OrderFlags,
): Promise<number> {
  for await (const list of lists) {
    const instance = pickServer(server, list);
    const override = await ask(instance, change, timeout, transport);
    const others = list.instances.filter((one) => one !== instance && one.weight > 0).length;
    const shown = { address: addressOf(instance), id: instance.id, action, override };
    printLine(json ? recordLine(shown) : plainLine(textOf(instance, change, others)));
    return exitCodes.success;
  }
  return exitCodes.interrupted;
}

async function ask(
  instance: Instance,
  change: OverrideChange,
  timeout: number,
  transport: Transport,
): Promise<unknown> {
  try {
    return await callOnce(instance, reservedMethods.override, timeout, {
      transport,
      clock: systemClock,
      params: { ...change },
    });
  } catch (error) {
    if (!(error instanceof RpcError) || error.name !== "MethodNotFound") throw error;
    throw new RpcError(
      "MethodNotFound",
      `The server at ${addressOf(instance)} cannot be drained or weighted from afar: ` +
        "it is another program, or of an older version",
    );
  }
}

function textOf(instance: Instance, { drained, weight }: OverrideChange, others: number): string {
  const address = addressOf(instance);
  if (drained) {
    return others > 0
      ? `${address} is drained: new calls go to ${others === 1 ? "1 other" : `${others} others`}`
      : `${address} is drained, and is called all the same: there is no other to call`;
  }
  if (drained === false) return `${address} is given calls again`;
  return `${address} has the weight ${weight}`;
}

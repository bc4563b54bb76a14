import { systemClock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Client } from "../../client/client.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { mergeOpenRpc } from "../../procedures/documents/describe.ts";
import { readDocument } from "../../procedures/documents/read_document.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { snapshots } from "../../discovery/snapshots.ts";

/** Most servers that are asked besides the first one: few services have more kinds of servers. */
const othersAskedMax = 64;

/** How long each of these may take. After that its methods are left out. */
const otherTimeoutMs = 2_000;

/**
 * The methods of all servers of a service together. One server is asked through the client, which
 * waits and retries as for any call; then those that may offer more, according to the registry.
 *
 * @throws {RpcError} no server answers, or what it says is no document
 */
export async function discoverAll(
  client: Client,
  discovery: Discovery,
  transport: Transport,
  service: string,
  signal: AbortSignal,
): Promise<OpenRpcDocument> {
  const answer = await client.call(reservedMethods.discover, undefined, { signal });
  const first = await readDocument(answer);
  if (first === undefined) {
    throw new RpcError("InvalidRequest", "The server does not describe itself by OpenRPC");
  }
  const others = othersOf(await instancesOf(discovery, service, signal), first);
  const documents = await Promise.all(
    others.map((instance) => documentOf(instance, transport).catch(() => undefined)),
  );
  return mergeOpenRpc(first, ...documents.filter((document) => document !== undefined));
}

async function instancesOf(
  discovery: Discovery,
  service: string,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  for await (const { instances } of snapshots(discovery, service, signal)) return instances;
  return [];
}

/** Servers that together offer all other methods, and those whose methods are unknown. */
function othersOf(instances: readonly Instance[], { methods }: OpenRpcDocument): Instance[] {
  const known = new Set(methods.map(({ name }) => name));
  return instances.filter((instance) => {
    const isSilent = instance.methods.length === 0;
    const offersMore = instance.methods.some((name) => !known.has(name));
    for (const name of instance.methods) known.add(name);
    return isSilent || offersMore;
  }).slice(0, othersAskedMax);
}

/**
 * How one server describes itself; `undefined` if that is no OpenRPC.
 *
 * @throws {RpcError} it does not answer in {@link otherTimeoutMs}
 */
export async function documentOf(
  instance: Instance,
  transport: Transport,
): Promise<OpenRpcDocument | undefined> {
  const deps = { transport, clock: systemClock };
  const answer = await callOnce(instance, reservedMethods.discover, otherTimeoutMs, deps);
  return await readDocument(answer);
}

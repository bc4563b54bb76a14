import type { Clock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { shuffled, systemRandom } from "../../base/random.ts";
import { loadLater } from "../../base/system/load_later.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { hasAuthority } from "../../keys/files.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { transportOf } from "../own_keys.ts";

/** How long one server may take: it has to load the code that makes certificates. */
const askTimeoutMs = 5_000;

/** How long one renewal goes on asking: it takes others the next time. */
const askingMs = 60_000;

const loadRenewal = loadLater(() => import("../../keys/renewal.ts"));

/** Where servers are found. `service` is the one whose servers are asked first. */
export interface RenewalPlace {
  readonly discovery: Discovery;
  readonly service: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Renews this machine's keys: by itself if the cluster was made here, else by asking the servers
 * of all services, of which one on that machine can do it.
 *
 * @throws {CommandError} no server can do it
 */
export async function renew(keys: KeyRing, place: RenewalPlace): Promise<void> {
  const { renewKeys, renewMember } = await loadRenewal();
  const { directory } = keys;
  const before = keys.current();
  await renewKeys(
    directory,
    before,
    hasAuthority(directory)
      ? (request) => renewMember(directory, before.own, request, place.clock.wallTimeMs())
      : (request) => askServers(keys, request, place),
    place.clock.wallTimeMs(),
  );
}

async function askServers(keys: KeyRing, request: string, place: RenewalPlace): Promise<string> {
  const transport = await transportOf(keys);
  let refusal: string | undefined;
  const untilMs = place.clock.now() + askingMs;
  for await (const instance of instancesIn(place)) {
    if (place.clock.now() > untilMs) break;
    try {
      const answer = await callOnce(instance, reservedMethods.renew, askTimeoutMs, {
        transport,
        clock: place.clock,
        params: { request },
      });
      if (typeof answer === "string") return answer;
    } catch (error) {
      // Most servers cannot renew, and say so.
      const isAnswer = error instanceof RpcError && error.name !== "MethodNotFound";
      if (isAnswer) refusal = messageOf(error);
    }
  }
  const { name } = keys.current().own;
  throw new CommandError(
    "Cannot renew: no server that was asked has the keys of the machine where the cluster was made" +
      `${refusal === undefined ? "" : ` (${refusal})`}. Start one there, or there: ` +
      `rpc keys invite HOST:6665 --name ${name}; and here: rpc keys join HOST:6665`,
  );
}

/**
 * All servers, those of the own service first. Their order is another one each time: one of many
 * is on the machine where the cluster was made.
 */
async function* instancesIn(place: RenewalPlace): AsyncGenerator<Instance, void> {
  yield* await instancesOf(place.service, place);
  for (const service of await place.discovery.services()) {
    if (service !== place.service) yield* await instancesOf(service, place);
  }
}

async function instancesOf(
  service: string,
  { discovery, signal }: RenewalPlace,
): Promise<readonly Instance[]> {
  for await (const { instances } of snapshots(discovery, service, signal)) {
    return shuffled(systemRandom, instances);
  }
  return [];
}

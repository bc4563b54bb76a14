import type { Clock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
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

/** Most servers that are asked: one on the machine where the cluster was made is enough. */
const askedMax = 64;

const loadRenewal = loadLater(() => import("../../keys/renewal.ts"));

/** Where servers are found. */
export interface RenewalPlace {
  readonly discovery: Discovery;
  readonly service: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Renews this machine's keys: by itself if the cluster was made here, else by asking the servers,
 * of which one on that machine can do it.
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
  for (const instance of await instancesIn(place)) {
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
    "Cannot renew: no server runs with the keys of the machine where the cluster was made" +
      `${refusal === undefined ? "" : ` (${refusal})`}. Start one there, or there: ` +
      `rpc keys invite HOST:6665 --name ${name}; and here: rpc keys join HOST:6665`,
  );
}

async function instancesIn(place: RenewalPlace): Promise<readonly Instance[]> {
  const { discovery, service, signal } = place;
  for await (const { instances } of snapshots(discovery, service, signal)) {
    return instances.slice(0, askedMax);
  }
  return [];
}

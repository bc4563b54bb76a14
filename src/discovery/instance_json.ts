/**
 * An instance as JSON: what a znode and a local registry's file hold.
 *
 * The form is the one of `ServiceInstance` in Apache Curator's service discovery, as its
 * `JsonInstanceSerializer` writes it, so that Curator, Spring Cloud and whoever else reads that
 * form lists our servers, and their servers can be called by us. What is ours alone stands under
 * the one extra key `rpc`, which those readers ignore. `payload` must stay null: anything else
 * there needs a Java class name. `enabled` is honoured but not written: old readers do not know it.
 */

import { messageOf, RpcError } from "../base/errors.ts";
import { zoneLengthMax } from "../base/limits.ts";
import { type Bounds, Members } from "../base/values/members.ts";
import type { Instance } from "./discovery.ts";
import { isHost } from "./registry_url.ts";

/** Longest text that is read: far more than thousands of method names, far less than harm. */
export const instanceJsonBytesMax = 256 * 1024;

const idLength: Bounds = [1, 256];
const labelLength: Bounds = [0, 256];
const zoneLength: Bounds = [0, zoneLengthMax];
const clusterLength: Bounds = [1, 64];
const hostLength: Bounds = [1, 255];
const ports: Bounds = [1, 65_535];
const weights: Bounds = [0, 1_000_000];
const messageBounds: Bounds = [1, Number.MAX_SAFE_INTEGER];
const anyNumber: Bounds = [-Number.MAX_VALUE, Number.MAX_VALUE];
const methodsMax = 10_000;

/** What a text turned out to be. */
type DecodedInstance =
  | { readonly kind: "instance"; readonly instance: Instance }
  /** Somebody switched it off (Curator's `enabled: false`): it is there, but not to be called. */
  | { readonly kind: "disabled" }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Writes an instance.
 *
 * @param registrationId the name of the node or file: Curator expects `id` to be equal to it
 */
export function encodeInstance(instance: Instance, registrationId: string): string {
  return JSON.stringify({
    name: instance.service,
    id: registrationId,
    address: instance.host,
    // Readers without TLS skip what has no plain port.
    port: instance.cluster === undefined ? instance.port : null,
    sslPort: instance.cluster === undefined ? null : instance.port,
    payload: null,
    registrationTimeUTC: instance.startedAtMs,
    serviceType: "DYNAMIC",
    uriSpec: null,
    rpc: {
      id: instance.id,
      weight: instance.weight,
      ...(instance.drained ? { drained: true } : {}),
      zone: instance.zone,
      ...(instance.messageMax === undefined ? {} : { messageMax: instance.messageMax }),
      version: instance.version,
      methods: instance.methods,
      ...(instance.cluster === undefined ? {} : { tls: { cluster: instance.cluster } }),
      ...(instance.secret === undefined ? {} : { secret: instance.secret }),
    },
  });
}

/** As long as the ids that registrations are given. */
const anyId = "0".repeat(36);

/** What an operator may make of it later takes room too. */
const longestOverride = { drained: true, weight: 1.2345678901234567e-300 };

/**
 * An instance as it can be announced: whoever reads it has bounds, and what it would skip is better
 * not written. The names of methods that are too many or too long for it are left out, which says
 * that they are not known here: a client asks the server then.
 *
 * @throws {RpcError} InvalidParams: why nobody could read it
 */
export function announceable(instance: Instance): Instance {
  const isReadable = unreadable(instance) === undefined;
  if (isReadable && unreadable({ ...instance, ...longestOverride }) === undefined) return instance;
  const short: Instance = { ...instance, methods: [] };
  const reason = unreadable(short);
  if (reason === undefined) return short;
  throw new RpcError("InvalidParams", `Cannot announce the server: no client could read ${reason}`);
}

/** What is wrong with it in a reader's eyes. */
function unreadable(instance: Instance): string | undefined {
  const text = new TextEncoder().encode(encodeInstance(instance, anyId));
  const decoded = decodeInstance(text, instance.service);
  return decoded.kind === "malformed" ? decoded.reason : undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads an instance of `service`, ours or somebody else's. Never throws. */
export function decodeInstance(bytes: Uint8Array, service: string): DecodedInstance {
  if (bytes.length === 0) return malformed("it is empty");
  if (bytes.length > instanceJsonBytesMax) {
    return malformed(`it has ${bytes.length} bytes, more than ${instanceJsonBytesMax}`);
  }
  try {
    const instance = readInstance(new Members(JSON.parse(utf8.decode(bytes))), service);
    return instance === undefined ? { kind: "disabled" } : { kind: "instance", instance };
  } catch (error) {
    return malformed(messageOf(error));
  }
}

/** `undefined` if it is switched off. */
function readInstance(json: Members, service: string): Instance | undefined {
  const id = json.text("id", idLength);
  const host = json.text("address", hostLength);
  if (!isHost(host)) throw new TypeError("address: must be a host name or an IP address");
  const startedAtMs = json.number("registrationTimeUTC", anyNumber, 0);
  const enabled = json.boolean("enabled", true);
  const ours = json.optionalObject("rpc");
  const cluster = ours?.optionalObject("tls")?.text("cluster", clusterLength);
  // Somebody else's servers with both ports are called as before, on the plain one.
  const port = json.integer(cluster === undefined ? "port" : "sslPort", ports);
  const secret = ours?.text("secret", labelLength, "") ?? "";
  const messageMax = ours?.number("messageMax", messageBounds, 0) ?? 0;
  const instance = {
    // The server's own id, if it is there. The registration's changes with each registration.
    id: ours?.text("id", idLength, id) ?? id,
    service,
    host,
    port,
    weight: ours?.number("weight", weights, 1) ?? 1,
    ...(ours?.boolean("drained", false) ? { drained: true } : {}),
    zone: ours?.text("zone", zoneLength, "") ?? "",
    ...(messageMax === 0 ? {} : { messageMax }),
    version: ours?.text("version", labelLength, "") ?? "",
    methods: ours?.texts("methods", methodsMax, labelLength, []) ?? [],
    startedAtMs,
    ...(cluster === undefined ? {} : { cluster }),
    ...(secret === "" ? {} : { secret }),
  };
  return enabled ? instance : undefined;
}

function malformed(reason: string): DecodedInstance {
  return { kind: "malformed", reason };
}

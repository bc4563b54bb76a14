/**
 * An instance as JSON, the content of a ZooKeeper node and of a local registry's file.
 *
 * It has the form of `ServiceInstance` in Apache Curator's service discovery, as its
 * `JsonInstanceSerializer` writes it. So Curator, Spring Cloud and others can list our servers, and
 * we can call theirs. Our own members are under the extra key `rpc`, which those readers ignore.
 * `payload` must stay null, since anything else needs a Java class name. `enabled` is obeyed but
 * not written, since old readers do not know it.
 */

import { messageOf, RpcError } from "../base/errors.ts";
import { zoneLengthMax } from "../base/limits.ts";
import { type Bounds, Members } from "../base/values/members.ts";
import type { Instance } from "./discovery.ts";
import { isHost } from "./registry_url.ts";

/** Longest text that is read: enough for thousands of method names. */
export const instanceJsonBytesMax = 256 * 1024;

const idLength: Bounds = [1, 256];
const labelLength: Bounds = [0, 256];
const nameLength: Bounds = [0, instanceJsonBytesMax];
const zoneLength: Bounds = [0, zoneLengthMax];
const clusterLength: Bounds = [1, 64];
const hostLength: Bounds = [1, 255];
const ports: Bounds = [1, 65_535];
const weights: Bounds = [0, 1_000_000];
const messageBounds: Bounds = [1, Number.MAX_SAFE_INTEGER];
const anyNumber: Bounds = [-Number.MAX_VALUE, Number.MAX_VALUE];
const methodsMax = 10_000;

/** What a text was found to be. */
type DecodedInstance =
  | { readonly kind: "instance"; readonly instance: Instance }
  /** An instance that was switched off (Curator's `enabled: false`): it must not be called. */
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
    // Readers that know no TLS skip instances without a plain port.
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

/** It has the length of a registration's id. */
const anyId = "0".repeat(36);

/** Room for the longest override that an operator may set later. */
const longestOverride = { drained: true, weight: 1.2345678901234567e-300 };

/**
 * The instance in a form that every reader accepts, since readers have bounds. If its methods are
 * too many or too long, they are left out, and clients ask the server for them.
 *
 * @throws {RpcError} InvalidParams: readers would refuse it, and why
 */
export function announceable(instance: Instance): Instance {
  const isReadable = unreadable(instance) === undefined;
  if (isReadable && unreadable({ ...instance, ...longestOverride }) === undefined) return instance;
  const short: Instance = { ...instance, methods: [] };
  const reason = unreadable(short);
  if (reason === undefined) return short;
  throw new RpcError("InvalidParams", `Cannot announce the server: no client could read ${reason}`);
}

/** Why a reader would refuse it. */
function unreadable(instance: Instance): string | undefined {
  const text = new TextEncoder().encode(encodeInstance(instance, anyId));
  const decoded = decodeInstance(text, instance.service);
  return decoded.kind === "malformed" ? decoded.reason : undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads an instance of `service`, of our form or plain Curator's. Never throws. */
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

/** Reads an instance; `undefined` if it is switched off, or of another service. */
function readInstance(json: Members, service: string): Instance | undefined {
  // Windows and macOS have one directory for names that differ in case alone.
  const name = json.text("name", nameLength, service);
  if (name !== service && name.toLowerCase() === service.toLowerCase()) return undefined;
  const id = json.text("id", idLength);
  const host = json.text("address", hostLength);
  if (!isHost(host)) throw new TypeError("address: must be a host name or an IP address");
  const startedAtMs = json.number("registrationTimeUTC", anyNumber, 0);
  const enabled = json.boolean("enabled", true);
  const ours = json.optionalObject("rpc");
  const cluster = ours?.optionalObject("tls")?.text("cluster", clusterLength);
  // Other programs' servers that have both ports are called on the plain one.
  const port = json.integer(cluster === undefined ? "port" : "sslPort", ports);
  const secret = ours?.text("secret", labelLength, "") ?? "";
  const messageMax = ours?.number("messageMax", messageBounds, 0) ?? 0;
  const instance = {
    // The server's own id if there is one: the registration's id is new each time.
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

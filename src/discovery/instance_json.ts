/**
 * An instance as JSON: what a znode and a local registry's file hold.
 *
 * The form is the one of `ServiceInstance` in Apache Curator's service discovery, as its
 * `JsonInstanceSerializer` writes it, so that Curator, Spring Cloud and whoever else reads that form
 * lists our servers, and their servers can be called by us. What is ours alone stands under the one
 * extra key `rpc`, which those readers ignore. `payload` must stay null: anything else there needs a
 * Java class name. `enabled` is honoured but not written: old readers do not know it.
 */

import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import type { Instance } from "./discovery.ts";

/** Longest text that is read: far more than thousands of method names, far less than harm. */
export const instanceJsonBytesMax = 256 * 1024;

const ourSchema = z.object({
  /** The server's own id. The registration's, which is `id` beside, changes with each registration. */
  id: z.string().min(1).max(256).optional(),
  weight: z.number().positive().max(1_000_000).default(1),
  zone: z.string().max(256).default(""),
  version: z.string().max(256).default(""),
  methods: z.array(z.string().max(256)).max(10_000).default([]),
});

const schema = z.compile(z.object({
  id: z.string().min(1).max(256),
  address: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  registrationTimeUTC: z.number().default(0),
  enabled: z.boolean().default(true),
  rpc: ourSchema.optional(),
}));

/** What a text turned out to be. */
export type DecodedInstance =
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
    port: instance.port,
    sslPort: null,
    payload: null,
    registrationTimeUTC: instance.startedAtMs,
    serviceType: "DYNAMIC",
    uriSpec: null,
    rpc: {
      id: instance.id,
      weight: instance.weight,
      zone: instance.zone,
      version: instance.version,
      methods: instance.methods,
    },
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads an instance of `service`, ours or somebody else's. Never throws. */
export function decodeInstance(bytes: Uint8Array, service: string): DecodedInstance {
  if (bytes.length === 0) return malformed("it is empty");
  if (bytes.length > instanceJsonBytesMax) {
    return malformed(`it has ${bytes.length} bytes, more than ${instanceJsonBytesMax}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return malformed(messageOf(error));
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return malformed(describe(parsed.error));
  const { id, address, port, registrationTimeUTC, enabled, rpc } = parsed.data;
  if (!enabled) return { kind: "disabled" };
  return {
    kind: "instance",
    instance: {
      id: rpc?.id ?? id,
      service,
      host: address,
      port,
      weight: rpc?.weight ?? 1,
      zone: rpc?.zone ?? "",
      version: rpc?.version ?? "",
      methods: rpc?.methods ?? [],
      startedAtMs: registrationTimeUTC,
    },
  };
}

function malformed(reason: string): DecodedInstance {
  return { kind: "malformed", reason };
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => path.length === 0 ? message : `${path.join(".")}: ${message}`)
    .join("; ");
}

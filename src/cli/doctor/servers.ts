import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { version } from "../../base/version.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { endsSoon, expiryText } from "../../keys/expiry.ts";
import { isForNobodyElse } from "../../library/running/advertise.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { isOpen } from "../open.ts";
import { clockFinding, type Finding } from "./finding.ts";
import { portHint } from "./firewall.ts";
import { openServerHint } from "./open_server.ts";

/** What a look at a server takes. */
interface LookOptions {
  readonly registry: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What a server says of itself may be so old. */
const statsAgeMsMax = 500;

/** Looks at one server: is it there, who may call it, its keys, its clock. */
export async function serverFindings(
  instance: Instance,
  options: LookOptions,
): Promise<Finding[]> {
  const { clock, timeoutMs, transport, registry } = options;
  const address = addressOf(instance);
  let isConnected = false;
  let validToMs: number | undefined;
  const startedAtMs = clock.wallTimeMs();
  try {
    const stats = await callOnce(instance, reservedMethods.stats, timeoutMs, {
      transport,
      clock,
      connected(duplex) {
        isConnected = true;
        validToMs = duplex.validToMs;
      },
    });
    const nowMs = clock.wallTimeMs();
    const tookMs = nowMs - startedAtMs;
    const itsMs = timeIn(stats);
    return [
      answered(instance, tookMs, validToMs, nowMs),
      ...(isForNobodyElse(instance, registry)
        ? [
          {
            check: "server",
            status: "wrong",
            text: `${address} is registered for the network by an address of its own machine`,
            todo: `start it with --advertise <address> or on an address that others reach`,
          } as const,
        ]
        : []),
      ...(itsMs === undefined ? [] : [
        clockFinding(
          `The clock of ${address}`,
          itsMs - (startedAtMs + nowMs) / 2,
          tookMs + statsAgeMsMax,
        ),
      ]),
    ];
  } catch (error) {
    if (error instanceof RpcError && error.name === "MethodNotFound") {
      return [answered(instance, clock.wallTimeMs() - startedAtMs, validToMs, clock.wallTimeMs())];
    }
    return [unanswered(instance, error, isConnected)];
  }
}

function answered(
  instance: Instance,
  ms: number,
  validToMs: number | undefined,
  nowMs: number,
): Finding {
  const check = "server";
  const text = `${addressOf(instance)} answers in ${ms} ms`;
  if (validToMs !== undefined && endsSoon(validToMs, nowMs)) {
    const keys = `${text}; its keys end: ${expiryText(validToMs, nowMs)}`;
    return { check, status: "hint", text: keys, todo: "rpc keys renew there" };
  }
  if (instance.drained) {
    const todo = `rpc servers resume ${addressOf(instance)} gives it calls again`;
    return { check, status: "hint", text: `${text}; it is drained`, todo };
  }
  if (isOpen(instance)) {
    const todo = "rpc keys init makes a cluster of those who may";
    return { check, status: "hint", text: `${text}; anybody who reaches it may call`, todo };
  }
  return { check, status: "ok", text };
}

function unanswered(instance: Instance, error: unknown, isConnected: boolean): Finding {
  const check = "server";
  const status = "wrong";
  const name = error instanceof RpcError ? error.name : "Unavailable";
  const text = `${addressOf(instance)}: ${messageOf(error)}`;
  if (text.includes("wants keys")) {
    const todo = "let this machine join the cluster, by rpc keys invite there and rpc keys join " +
      "here; if it has, leave out --insecure";
    return { check, status, text: `${addressOf(instance)}: it wants keys`, todo };
  }
  if (name === "Unauthenticated" || name === "PermissionDenied") {
    return { check, status, text, todo: "compare rpc keys show here and there" };
  }
  if (instance.cluster === undefined && text.includes("this machine has keys")) {
    const todo = openServerHint(instance.host);
    return { check, status, text, todo };
  }
  if (isConnected) {
    const todo = "it listens and says nothing: is it stopped, or no rpc server? See its log";
    return { check, status, text, todo };
  }
  const reason = name === "DeadlineExceeded" ? undefined : messageOf(error);
  return { check, status, text, todo: portHint(reason, instance.port) };
}

/** The server's time in its `rpc.stats`, if it says one. */
function timeIn(stats: unknown): number | undefined {
  const { timeMs } = (stats ?? {}) as { readonly timeMs?: unknown };
  return typeof timeMs === "number" ? timeMs : undefined;
}

/** Whether all servers, and this program, are of one version. */
export function versionFindings(instances: readonly Instance[]): Finding[] {
  const counts = new Map<string, number>();
  for (const one of instances) {
    const name = one.version || "unknown";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const shown = [...counts].map(([name, count]) => `${name} (${count})`).join(", ");
  const known = [...counts.keys()].filter((name) => name !== "unknown");
  if (known.length === 0) return [];
  if (known.every((name) => name === version)) {
    return [{ check: "versions", status: "ok", text: `${version} here and at the servers` }];
  }
  return [{
    check: "versions",
    status: "hint",
    text: `${version} here, at the servers ${shown}`,
    todo: "versions go together, and are best alike: docs/PROTOCOL.md, Versions",
  }];
}

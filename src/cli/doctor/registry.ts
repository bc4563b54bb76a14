import { type Clock, orAborted } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { parseRegistryUrl } from "../../discovery/registry_url.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { registryEnding } from "../../library/running/key_watch.ts";
import { clockFinding, type Finding } from "./finding.ts";
import { portHint } from "./firewall.ts";

/** What the registry has come to, and who is in it; `undefined`: it cannot be read. */
interface RegistryFindings {
  readonly findings: readonly Finding[];
  readonly instances: readonly Instance[] | undefined;
}

/** Looks whether the registry is there, member by member, what it lists, and at its clock. */
export async function registryFindings(
  discovery: Discovery,
  service: string,
  { clock, timeoutMs, signal }: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<RegistryFindings> {
  const url = parseRegistryUrl(discovery.url);
  const members = url.kind === "zookeeper"
    ? await Promise.all(url.servers.map((one) => memberFinding(one, timeoutMs)))
    : [];
  const down = members.filter((finding) => finding !== undefined);
  const isAnyUp = down.length < members.length || url.kind !== "zookeeper";
  // One of several that is down is no reason to stop, and worth to be told.
  const findings = down.map((finding): Finding =>
    isAnyUp ? { ...finding, status: "hint" } : finding
  );
  if (!isAnyUp) return { findings, instances: undefined };
  const late = AbortSignal.any([signal, AbortSignal.timeout(registryPatience * timeoutMs)]);
  try {
    for await (const { instances } of snapshots(discovery, service, late)) {
      const text = `${discovery.url}, ${instances.length} ` +
        `${instances.length === 1 ? "server" : "servers"} of ${service}`;
      return {
        findings: [
          { check: "registry", status: "ok", text },
          ...findings,
          ...registryKeys(discovery, clock),
          ...await registryClock(discovery, clock, late),
        ],
        instances,
      };
    }
  } catch (error) {
    // What goes wrong with ZooKeeper says itself what to do, such as to join its cluster.
    const todo = url.kind === "zookeeper" ? undefined : chooseAnother;
    return { findings: [...findings, unreadable(messageOf(error), todo)], instances: undefined };
  }
  const text = `${discovery.url} says nothing`;
  const todo = `start it, or ${chooseAnother}`;
  return { findings: [...findings, unreadable(text, todo)], instances: undefined };
}

/** A registry is waited for longer than a server: a session has to be made, maybe at the third. */
const registryPatience = 3;

const chooseAnother = "choose another: rpc config set registry <url>";

function unreadable(text: string, todo: string | undefined): Finding {
  return { check: "registry", status: "wrong", text, ...(todo !== undefined && { todo }) };
}

/** What is wrong with a member of the ensemble, if anything is. */
async function memberFinding(
  member: HostPort,
  timeoutMs: number,
): Promise<Finding | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const connection = await Deno.connect({
      hostname: member.host,
      port: member.port,
      signal,
    });
    connection.close();
    return undefined;
  } catch (error) {
    return {
      check: "registry",
      status: "wrong",
      text: `ZooKeeper at ${addressOf(member)}: ${
        signal.aborted ? `no connection within ${timeoutMs} ms` : messageOf(error)
      }`,
      todo: portHint(signal.aborted ? undefined : messageOf(error), member.port),
    };
  }
}

function registryKeys(discovery: Discovery, clock: Clock): Finding[] {
  const ending = registryEnding(discovery, clock.wallTimeMs());
  return ending === undefined ? [] : [{ check: "registry", status: "hint", ...ending }];
}

async function registryClock(
  discovery: Discovery,
  clock: Clock,
  late: AbortSignal,
): Promise<Finding[]> {
  if (discovery.wallTimeMs === undefined) return [];
  const startedAtMs = clock.wallTimeMs();
  try {
    const itsMs = await orAborted(discovery.wallTimeMs(), late);
    if (itsMs === undefined) return [];
    const nowMs = clock.wallTimeMs();
    const off = itsMs - (startedAtMs + nowMs) / 2;
    return [clockFinding("ZooKeeper's clock", off, nowMs - startedAtMs)];
  } catch (error) {
    const text = `ZooKeeper does not tell its time: ${messageOf(error)}`;
    return [{ check: "clock", status: "hint", text, todo: "compare it with date by hand" }];
  }
}

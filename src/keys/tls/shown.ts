/**
 * What is wrong with the certificate that a server shows: TLS refuses a bad one without a reason.
 * It is for the text of an error alone. Nothing is sent, and nobody is believed.
 */

import tls from "node:tls";
import { systemClock } from "../../base/clock.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import { type CertificateInfo, hasMade, readCertificate } from "../certificate.ts";
import { dateText, momentTexts } from "../expiry.ts";
import type { Keys } from "../keys.ts";
import { clusterName, clusterOfName, isMachineName } from "../names.ts";
import { belowOf } from "./below.ts";
import { certificateOf } from "./members.ts";
import { boundTextless } from "./textless_bytes.ts";

/** How long a second look may take, in milliseconds: a caller waits for the error. */
const lookTimeoutMs = 1_000;

/**
 * How long a fault is taken for the same one, in milliseconds: a client tries again and again, and
 * a server should not pay for two handshakes each time.
 */
const faultKeptMs = 30_000;

/** Most servers whose faults are kept. */
const faultsMax = 1_000;

interface Found {
  readonly fault: Promise<string | undefined>;
  readonly untilMs: number;
}

/** Faults by server and name. */
const faults = new WeakMap<Keys, Map<string, Found>>();

/**
 * Connects again without keys, and tells what is wrong with the certificate that is shown; or what
 * was wrong a moment ago.
 *
 * @param name the name that it must have
 * @returns `undefined`: it shows none, or its fault is not known
 */
export function certificateFault(
  target: HostPort,
  keys: Keys,
  name: string,
): Promise<string | undefined> {
  const ofKeys = faults.get(keys) ?? new Map<string, Found>();
  faults.set(keys, ofKeys);
  const server = `${addressOf(target)} ${name}`;
  const nowMs = systemClock.now();
  const known = ofKeys.get(server);
  if (known !== undefined && nowMs < known.untilMs) return known.fault;
  if (ofKeys.size >= faultsMax) ofKeys.clear();
  const fault = certificateAt(target, name).then((shown) => {
    if (shown !== undefined) return faultOf(shown, keys, name);
    // It was only too slow, perhaps: the next look may tell.
    ofKeys.delete(server);
    return undefined;
  });
  ofKeys.set(server, { fault, untilMs: nowMs + faultKeptMs });
  return fault;
}

function faultOf(shown: Uint8Array, keys: Keys, name: string): string | undefined {
  let read: CertificateInfo;
  try {
    read = readCertificate(shown);
  } catch {
    return undefined;
  }
  return hasMade(keys.authority, shown) ? faultOfOurs(read, name, keys) : faultOfOther(read, keys);
}

function certificateAt({ host, port }: HostPort, name: string): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host,
      port,
      servername: name,
      minVersion: "TLSv1.3",
      rejectUnauthorized: false,
    });
    const bound = boundTextless({
      bytesRead: () => belowOf(socket)?.getBytesRead() ?? 0,
      textBytes: () => 0,
      end: () => end(),
    });
    const end = (shown?: Uint8Array) => {
      bound.cancel();
      timer.cancel();
      socket.destroy();
      resolve(shown);
    };
    const timer = systemClock.after(lookTimeoutMs, () => end());
    socket.on("error", () => end());
    socket.once("close", () => end());
    socket.once("secureConnect", () => end(certificateOf(socket)));
  });
}

/** The cluster itself has made it. */
function faultOfOurs(
  { name: owner, rights, validFromMs, validToMs }: CertificateInfo,
  name: string,
  { cluster }: Keys,
): string | undefined {
  const nowMs = systemClock.wallTimeMs();
  const isRegistry = name !== clusterName(cluster);
  const its = isMachineName(owner) ? `its certificate, of "${owner}",` : "its certificate";
  if (nowMs > validToMs) {
    const command = isRegistry ? "rpc keys zookeeper" : "rpc keys renew";
    return `${its} has expired on ${dateText(validToMs)} (there: ${command})`;
  }
  if (nowMs < validFromMs) {
    const [begin, now] = momentTexts(validFromMs, nowMs);
    return `${its} begins on ${begin}, and this machine's clock says ${now}: is a clock wrong?`;
  }
  if (isRegistry || rights.serve) return undefined;
  return `${its} has no right to serve (there: rpc keys show)`;
}

function faultOfOther({ hosts }: CertificateInfo, { cluster }: Keys): string | undefined {
  const [other] = hosts.map(clusterOfName).filter((id) => id !== undefined && id !== cluster);
  if (other === undefined) return undefined;
  return `it has keys of cluster ${other}, and this machine's are of ${cluster} (rpc keys show on ` +
    "both)";
}

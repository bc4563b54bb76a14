import { aborted, systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { emptyCoreFiles } from "../../base/system/core_files.ts";
import { raiseHandles } from "../process/raise_handles.ts";
import { type HostPort, parseHostPort } from "../../base/names/host_port.ts";
import { Client } from "../../client/client.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { openKeys, transportOf } from "../../library/own_keys.ts";
import { isLoopback } from "../../library/running/advertise.ts";
import { tendKeys } from "../../library/running/key_watch.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { printReady } from "../../terminal/print_ready.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import { createLogger } from "../process/logger.ts";
import { openTracer } from "../process/tracing.ts";
import { openCommandRegistry, tellOfRegistry } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { gatewayFlags } from "./flags.ts";
import { withholdSignalWarning } from "./runtime_warning.ts";
import { newToken, tokenOf, warnOfReaders } from "./token.ts";

type Flags = CommandInput<typeof gatewayFlags>["flags"];

/** Where it listens, and who may come in. */
interface Door {
  readonly listen: HostPort;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly publicUrl: URL | undefined;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
  readonly token: string | undefined;
}

/** Where it listens when nobody says. */
const addressDefault = "127.0.0.1:8080";

/** `rpc gateway [host:port]`, or as `rpc serve` has it, `rpc gateway [host] [port]` */
export async function run(
  { flags, positionals: [address = addressDefault, port] }: CommandInput<typeof gatewayFlags>,
): Promise<number> {
  emptyCoreFiles();
  raiseHandles();
  const listen = listenAddress(port === undefined ? address : joined(address, port));
  const tls = tlsOf(flags);
  guard(listen, flags, tls !== undefined);
  if (tls !== undefined) warnOfReaders("--tls-key", tls.keyPath);
  const publicUrl = publicUrlOf(flags.publicUrl);
  const allowHosts = [
    ...namesOf(flags.allowHost).map(hostOf),
    ...(publicUrl === undefined ? [] : [publicUrl.hostname]),
  ];
  const allowOrigins = [
    ...namesOf(flags.allowOrigin).map(originOf),
    ...(publicUrl === undefined ? [] : [publicUrl.origin]),
  ];
  const token = flags.noToken
    ? undefined
    : flags.tokenFile === undefined
    ? newToken()
    : await tokenOf(flags.tokenFile);
  const log = createLogger({
    level: flags.verbose ? "debug" : flags.logLevel,
    format: flags.logFormat,
  });
  try {
    return await untilStopped(
      flags,
      { listen, tls, publicUrl, allowHosts, allowOrigins, token },
      log,
    );
  } finally {
    await log.flushed();
  }
}

async function untilStopped(
  flags: Flags,
  { publicUrl, ...door }: Door,
  log: Logger,
): Promise<number> {
  const keys = await openKeys(flags, log);
  const transport = await transportOf(keys);
  const discovery = await openCommandRegistry(flags, log);
  const { service, timeout: timeoutMs, messageMax, subset, zone } = flags;
  const tracer = await openTracer(log);
  let gateway: Gateway | undefined;
  const client = new Client({
    ...{ discovery, service, transport, timeoutMs, messageMax, clock: systemClock, log, tracer },
    ...{ subset, zone, exactNumbers: true },
    handlesShare: 0.5,
    registryChanged: (trouble) => tellOfRegistry(log, trouble),
    serverChanged: () => gateway?.serverChanged(),
    // Each request comes by a turn of its own, and those of one round of the event loop together
    // are one write.
    later: (run) => void setImmediate(run),
  });
  const hurry = new AbortController();
  const interrupt = onInterrupt(() => hurry.abort());
  withholdSignalWarning();
  try {
    const starting = Gateway.start({
      ...door,
      ...{ client, discovery, transport, service },
      publicUrl: publicUrl?.href.replace(/\/$/, ""),
      readOnly: flags.readOnly,
      messageMax,
      clock: systemClock,
      log,
    });
    // Its files may be pipes, which somebody has yet to write to.
    await Promise.race([starting, aborted(interrupt.signal)]);
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    gateway = await starting;
    const place = { discovery, service, clock: systemClock, signal: interrupt.signal };
    const connected = Promise.resolve();
    const tending = keys === undefined ? undefined : tendKeys({ keys, place, log, connected });
    // Who has the file needs no copy of its token in a log.
    const isShown = flags.tokenFile === undefined || Deno.stdout.isTerminal();
    const fragment = door.token !== undefined && isShown ? `#token=${door.token}` : "";
    await printReady(`ready ${gateway.url}${fragment}`, aborted(interrupt.signal));
    tending?.cancel();
    await gateway.close(hurry.signal);
    return exitCodes.success;
  } finally {
    client.close();
    await discovery.close();
    interrupt.release();
  }
}

/** A host and a port as one text. */
function joined(host: string, port: string): string {
  return `${/^[^[]*:.*:/.test(host) ? `[${host}]` : host}:${port}`;
}

/** `host:port`, and as `rpc serve` has it `port` and `:port`. @throws {UsageError} */
function listenAddress(text: string): HostPort {
  const full = text.replace(/^(?=\d{1,5}$)/, "127.0.0.1:").replace(/^:/, "0.0.0.0:");
  const { host, port } = parseHostPort(full) ?? {};
  if (host !== undefined && port !== undefined && port <= 65_535) return { host, port };
  throw new UsageError(
    `Cannot listen on ${JSON.stringify(text)}: give host:port, such as ${addressDefault}; port 0 ` +
      "picks a free one",
  );
}

/** @throws {UsageError} one without the other */
function tlsOf({ tlsCert, tlsKey }: Flags) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert !== undefined && tlsKey !== undefined) return { certPath: tlsCert, keyPath: tlsKey };
  throw new UsageError("Cannot answer over TLS by one file: give --tls-cert and --tls-key");
}

/**
 * Lets nobody offer a cluster to a network by accident: without a token anybody could call, and
 * without TLS anybody on the way could read the token.
 *
 * @throws {UsageError} what to do
 */
function guard(listen: HostPort, flags: Flags, isTls: boolean): void {
  if (flags.noToken && flags.tokenFile !== undefined) {
    throw new UsageError("Cannot use --no-token and --token-file together: choose one");
  }
  if (isLoopback(listen.host)) return;
  const { host } = listen;
  if (flags.noToken) {
    const text = `anybody who reaches ${host} could call: leave out --no-token`;
    throw new UsageError(`Cannot open the cluster to the network: ${text}`);
  }
  if (!isTls) {
    throw new UsageError(
      `Cannot take a token over ${host} unencrypted: give --tls-cert and --tls-key, or listen on ` +
        "127.0.0.1 behind a proxy of this machine that ends TLS",
    );
  }
}

function namesOf(text: string | undefined): string[] {
  return (text ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** A name as URLs have it. @throws {UsageError} */
function hostOf(text: string): string {
  const url = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`) : undefined;
  if (url !== undefined && !/[:@/?#%\s]/.test(text)) return url.hostname;
  throw new UsageError(
    `Cannot use --allow-host ${JSON.stringify(text)}: give a name without a port, such as ` +
      "rpc.example.org",
  );
}

/** The address that callers use in front of a proxy. @throws {UsageError} it is none */
function publicUrlOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlace = url !== undefined && /^https?:$/.test(url.protocol) &&
    url.href === url.origin + url.pathname;
  if (isPlace) return url;
  throw new UsageError(
    `Cannot use --public-url ${JSON.stringify(text)}: give the scheme, the host and the path, ` +
      "such as https://rpc.example.org/rpc/",
  );
}

/** An origin as browsers write it. @throws {UsageError} */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) &&
    url.href === `${url.origin}/`;
  if (isOrigin) {
    return url.origin;
  }
  throw new UsageError(
    `Cannot use --allow-origin ${JSON.stringify(text)}: give the scheme and the host, such as ` +
      "https://tools.example.org",
  );
}

import { type HostPort, parseHostPort } from "../../base/names/host_port.ts";
import { UsageError } from "../../base/command_error.ts";

/** Where a server listens, and what it serves. */
export interface Place {
  readonly listen: HostPort;
  readonly module: string | undefined;
  /** Whether no address was given: the server is then for this machine only. */
  readonly isAssumed: boolean;
}

const thisMachine = "127.0.0.1";
const everywhere = "0.0.0.0";

/**
 * Reads the arguments of `rpc serve`: `<host> <port> [module]`, or one of the other forms that
 * people type: `127.0.0.1:6666`, `:6666`, `6666`, a module alone, or nothing.
 *
 * @throws {UsageError} they have none of these forms
 */
export function placeOf(positionals: readonly string[]): Place {
  const [first, second, third] = positionals;
  if (first !== undefined && /^[a-z]+:\/\/(?!\/)/i.test(first)) {
    throw new UsageError(
      `Cannot listen on ${first}: write host and port, such as 127.0.0.1 6666; a module is a file`,
    );
  }
  if (first === undefined || (isModule(first) && second === undefined)) {
    return { listen: { host: thisMachine, port: 0 }, module: first, isAssumed: true };
  }
  if (isModule(first)) {
    throw new UsageError(
      `Cannot listen on ${first}: the module comes last, as in rpc serve 127.0.0.1 0 ${first}`,
    );
  }
  const joined = hostAndPort(first);
  if (joined !== undefined && (second === undefined || isModule(second))) {
    if (third !== undefined) throw new UsageError(`Cannot use ${third}: one module is served`);
    return { listen: joined, module: second, isAssumed: false };
  }
  if (second === undefined || isModule(second)) {
    const example = `rpc serve ${[first, "6666", second].filter(Boolean).join(" ")}`;
    throw new UsageError(`Cannot listen without a port: ${example}, or 0 for any free one`);
  }
  // A port may be a name by mistake, but not an address.
  if (/^\d{1,5}$/.test(first) && !/^\d*$/.test(second)) {
    const example = ["rpc serve", second, first, third].filter(Boolean).join(" ");
    throw new UsageError(`Cannot listen on ${second}: the host comes before the port: ${example}`);
  }
  const host = inFull(first.replace(/^\[(.*)\]$/, "$1"));
  const listen = { host, port: portOf(second) };
  return { listen, module: third, isAssumed: false };
}

/** @throws {UsageError} it is no port */
function portOf(text: string): number {
  return portNumber(/^\d{1,5}$/.test(text) ? Number(text) : NaN, text);
}

/**
 * @param text what was written for it
 * @throws {UsageError} there is no such port
 */
function portNumber(port: number, text = String(port)): number {
  if (port <= 65_535) return port;
  throw new UsageError(
    `Cannot listen on port ${JSON.stringify(text)}: it must be a whole number from 0 to 65535`,
  );
}

/**
 * The address of `--metrics`.
 *
 * @throws {UsageError} it is none
 */
export function metricsAddress(text: string): HostPort {
  const { host, port } = parseHostPort(text) ?? {};
  if (host === undefined || port === undefined) {
    throw new UsageError(
      `Cannot use --metrics ${JSON.stringify(text)}: give host:port, such as 127.0.0.1:9464`,
    );
  }
  return { host, port: portNumber(port) };
}

/** `host:port`, `[v6]:port`, `:port` or `port`; `undefined` if it is none of these. */
function hostAndPort(text: string): HostPort | undefined {
  if (/^\d{1,5}$/.test(text)) return { host: thisMachine, port: portOf(text) };
  const { host, port } = parseHostPort(text.replace(/^:/, `${everywhere}:`)) ?? {};
  if (host === undefined || port === undefined) return undefined;
  return { host: inFull(host), port: portNumber(port) };
}

/**
 * Refuses shortened addresses such as `0`, `127.1` or `0x7f000001`, which would be announced as
 * they are, and an empty one, as of a variable that is not set.
 *
 * @throws {UsageError} the host is one
 */
function inFull(host: string): string {
  const isNumber = /^(?:0x[\da-f]+|\d+)(?:\.(?:0x[\da-f]+|\d+))*$/i.test(host);
  const isShort = isNumber && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
  if (!isShort && host !== "") return host;
  throw new UsageError(
    `Cannot listen on ${JSON.stringify(host)}: write an address in full, such as ${thisMachine}`,
  );
}

/** Whether a text can only be a file: hosts have neither such an extension nor a slash. */
function isModule(text: string): boolean {
  return /[/\\]|^file:|\.(?:[cm]?[jt]sx?|py|sh|rb|pl|php|exe|bat|cmd|json|toml|ya?ml|txt|md)$/i
    .test(text);
}

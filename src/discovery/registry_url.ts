/** Registry URLs, as text and as data. */

import { RpcError } from "../base/errors.ts";
import { addressOf, type HostPort, parseHostPort } from "../base/names/host_port.ts";

/** `local:` or `local:/some/dir`. */
export interface LocalRegistryUrl {
  readonly kind: "local";
  /** Where the instances' files are. Absent: the user's own directory. */
  readonly directory?: string;
}

/** `static:host:port,host:port`. */
export interface StaticRegistryUrl {
  readonly kind: "static";
  /** At least one. */
  readonly endpoints: readonly HostPort[];
}

/** `zookeeper://[user:password@]host:2181[,host:2181...][/chroot][?sessionTimeoutMs=...]`. */
export interface ZooKeeperRegistryUrl {
  readonly kind: "zookeeper";
  /** The ensemble's members, at least one. */
  readonly servers: readonly HostPort[];
  /** The path that everything is under, for example `/prod/eu`. Empty: the root. */
  readonly chroot: string;
  /** Whether it is reached by TLS: `zookeepers://`. */
  readonly tls?: boolean;
  /** For ZooKeeper's `digest` scheme. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Absent: the client's own default. */
  readonly sessionTimeoutMs?: number;
}

/** The URL of a registry, parsed. */
export type RegistryUrl = LocalRegistryUrl | StaticRegistryUrl | ZooKeeperRegistryUrl;

/** ZooKeeper's default port. */
const zooKeeperPortDefault = 2181;

/** ZooKeeper's port for TLS in its manual. */
export const zooKeeperTlsPortDefault = 2281;

/** Servers grant 2 to 20 of their ticks: a time beyond these bounds is surely a mistake. */
const sessionTimeoutMsMin = 100;
const sessionTimeoutMsMax = 3_600_000;

/** A host name, an IPv4 address, or an IPv6 address without brackets, maybe with its interface. */
const host = /^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[\w.~-]+)?)$/;

/** Whether a text can be a host. Registered hosts are connected to, and printed. */
export function isHost(text: string): boolean {
  return host.test(text);
}

/**
 * What to write instead, in one line. A login is not written out in the URL: whatever stands there
 * goes out of what commands print, as a password.
 */
const forms = "local:, local:/some/dir, static:host:port,host:port or " +
  "zookeeper://[login@]host:2181[,host:2181...][/chroot] (a login is user:password), " +
  "or zookeepers:// for TLS";

/**
 * Reads a registry's URL.
 *
 * @throws {RpcError} InvalidParams: what is wrong, and the forms of URLs
 */
export function parseRegistryUrl(text: string): RegistryUrl {
  const [, scheme, rest] = /^([a-z]+):(.*)$/s.exec(text.trim()) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw invalid(text, "it names no kind of registry");
  }
  switch (scheme) {
    case "local":
      return rest === "" ? { kind: "local" } : { kind: "local", directory: rest };
    case "static":
      return { kind: "static", endpoints: parseHosts(text, rest, undefined) };
    case "zookeeper":
      return parseZooKeeper(text, rest, false);
    case "zookeepers":
      return parseZooKeeper(text, rest, true);
    default:
      throw invalid(text, `${JSON.stringify(scheme)} is no kind of registry`);
  }
}

/** The URL's canonical text, for people and logs, with `***` in place of a password. */
export function formatRegistryUrl(url: RegistryUrl): string {
  switch (url.kind) {
    case "local":
      return `local:${url.directory ?? ""}`;
    case "static":
      return `static:${formatHosts(url.endpoints)}`;
    case "zookeeper": {
      const login = url.login === undefined ? "" : `${encodeURIComponent(url.login.user)}:***@`;
      const query = url.sessionTimeoutMs === undefined
        ? ""
        : `?sessionTimeoutMs=${url.sessionTimeoutMs}`;
      return `zookeeper${url.tls === true ? "s" : ""}://${login}${
        formatHosts(url.servers)
      }${url.chroot}${query}`;
    }
  }
}

/** A text that may be a registry's URL, with `***` in place of a password. */
export function withoutPassword(text: string): string {
  return text.replace(loginAt, (login) => `${login.split(":", 1).join("")}:***@`)
    .replaceAll(inPlaceOfPort, "***");
}

/** A registry's URL without the login, for programs that must not get it. */
export function withoutLogin(text: string): string {
  return text.replace(loginAt, "");
}

/**
 * The login up to the last @, as in parsing: a password may contain one. It is also found after a
 * misspelt scheme or none, and in other kinds of URLs.
 */
const loginAt =
  /(?<=^\s*zoo\w*:\/*)[^/].*@|(?<=^\s*[a-z][a-z\d+.-]*:\/\/)[^/?#@]*:[^/?#]*@|(?<=^\s*(?:static:)?)(?!(?:local|static|zoo\w*):|[a-z\d+.-]+:\/\/)[^\s:/@]+:.*@/is;

/** A password in place of a host's port, where @ and the host were forgotten. No IPv6 address. */
const inPlaceOfPort =
  /(?<=^\s*zoo\w*:\/*(?:[^/?@]*,)?[^:,/?@[\]]+:)(?!\d{1,5}(?:[,/?\s]|$))(?![\da-f:.]*:)[^,/?@\s]+/gi;

/** Hosts and ports as ZooKeeper and we write them: `10.0.0.1:2181,[::1]:2181`. */
export function formatHosts(hosts: readonly HostPort[]): string {
  return hosts.map(addressOf).join(",");
}

function parseZooKeeper(text: string, rest: string, tls: boolean): ZooKeeperRegistryUrl {
  // The last @ ends the login, so a password may contain one, and a chroot may not.
  const parts = /^\/\/(?:(?<login>.*)@)?(?<hosts>[^/?@]*)(?<chroot>\/[^?]*)?(?:\?(?<query>.*))?$/s
    .exec(rest)?.groups;
  if (parts === undefined) throw invalid(text, "hosts must follow zookeeper://");
  const login = parts["login"] === undefined ? undefined : parseLogin(text, parts["login"]);
  const sessionTimeoutMs = parseQuery(text, parts["query"] ?? "");
  return {
    kind: "zookeeper",
    servers: parseHosts(
      text,
      parts["hosts"] ?? "",
      tls ? zooKeeperTlsPortDefault : zooKeeperPortDefault,
    ),
    ...(tls ? { tls } : {}),
    chroot: parseChroot(text, parts["chroot"] ?? ""),
    ...(login === undefined ? {} : { login }),
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
  };
}

function parseHosts(text: string, list: string, portDefault: number | undefined): HostPort[] {
  return list.split(",").map((item) => {
    const { host, port = portDefault } = parseHostPort(item.trim()) ?? {};
    if (host === undefined || !isHost(host)) {
      throw invalid(text, `${part(text, item)} is no host:port`);
    }
    if (port === undefined) throw invalid(text, `${part(text, item)} lacks a port`);
    if (port < 1 || port > 65_535) {
      throw invalid(text, `the port of ${part(text, item)} is not from 1 to 65535`);
    }
    return { host, port };
  });
}

function parseLogin(text: string, login: string): { user: string; password: string } {
  const colon = login.indexOf(":");
  if (colon < 1) throw invalid(text, "the login before @ must be user:password");
  try {
    return {
      user: decodeURIComponent(login.slice(0, colon)),
      password: decodeURIComponent(login.slice(colon + 1)),
    };
  } catch {
    throw invalid(text, "a % in the login must begin an escape such as %40; write % as %25");
  }
}

/**
 * What ZooKeeper refuses in paths: control characters, those beyond 16 bits and of private use, and
 * the last sixteen of 16 bits.
 */
// deno-lint-ignore no-control-regex
const refused = /[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff]/;

function parseChroot(text: string, path: string): string {
  const chroot = path.replace(/\/+$/, "");
  const names = chroot.split("/").slice(1);
  // Blanks at the ends of a name get lost in copying.
  const isOdd = (name: string) =>
    name === "" || name === "." || name === ".." || name !== name.trim() || refused.test(name);
  if (names.some(isOdd)) {
    throw invalid(text, `${part(text, path)} is no path of named nodes`);
  }
  return chroot;
}

function parseQuery(text: string, query: string): number | undefined {
  let sessionTimeoutMs: number | undefined;
  for (const [key, value] of new URLSearchParams(query)) {
    if (key !== "sessionTimeoutMs") {
      throw invalid(text, `${part(text, key)} is no setting; there is sessionTimeoutMs`);
    }
    sessionTimeoutMs = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!(sessionTimeoutMs >= sessionTimeoutMsMin && sessionTimeoutMs <= sessionTimeoutMsMax)) {
      throw invalid(
        text,
        `sessionTimeoutMs must be a whole number from ${sessionTimeoutMsMin} to ${sessionTimeoutMsMax}`,
      );
    }
  }
  return sessionTimeoutMs;
}

/** A part of the text, quoted, or `***` if a password may be there. */
function part(text: string, part: string): string {
  const afterLogin = withoutPassword(text.slice(text.lastIndexOf("@") + 1));
  return afterLogin.includes(part) ? JSON.stringify(part) : '"***"';
}

function invalid(text: string, why: string): RpcError {
  // A possible password is not repeated.
  const shown = JSON.stringify(withoutPassword(text.replace(/^([^:]*:)?(\/\/)?.*@/s, "$1$2***@")));
  return new RpcError(
    "InvalidParams",
    `Cannot use the registry ${shown}: ${why}; write ${forms}`,
  );
}

/** Longest service name: it is the name of a directory and of a ZooKeeper node. */
const serviceNameLengthMax = 128;

/** Whether a name follows the rule of {@link assertServiceName}. */
export function isServiceName(service: string): boolean {
  return service.length <= serviceNameLengthMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(service);
}

/**
 * Checks a service's name: letters, digits, `.`, `_` and `-`, beginning with a letter or a digit,
 * so that it needs no escapes as a directory, as a ZooKeeper node and on a command line.
 *
 * @throws {RpcError} InvalidParams
 */
export function assertServiceName(service: string): void {
  if (isServiceName(service)) return;
  throw new RpcError(
    "InvalidParams",
    `Cannot use the service name ${JSON.stringify(service)}: it must be 1 to ` +
      `${serviceNameLengthMax} letters, digits, ".", "_" or "-", beginning with a letter or digit`,
  );
}

import { isSameSecret } from "../../base/values/same_secret.ts";
import { HttpProblem } from "./problem.ts";

/** Who may ask. */
interface AccessOptions {
  /** What a caller has to show; `undefined`: nothing, since only this machine reaches us. */
  readonly token: string | undefined;
  /** Names beside the machine's own that a request may be addressed to. */
  readonly hosts: readonly string[];
  /** Origins of other pages that may ask, for example `https://tools.example`. */
  readonly origins: readonly string[];
  readonly secure: boolean;
}

/**
 * What a WebSocket offers as a protocol to show its token, since browsers let it have no headers.
 */
const protocolPrefix = "bearer.";

/**
 * Says who may ask for anything. A page of a stranger in a browser on this machine can send nearly
 * any request here, so three things are looked at: the name that it was addressed to (a name that
 * has been made to lead here, by DNS rebinding, is none of ours), the page that it comes from, and
 * the token.
 */
export class Access {
  readonly #options: AccessOptions;
  /** As URLs have them. A page cannot have an address lead elsewhere, but any of these it could. */
  readonly #names: ReadonlySet<string>;

  constructor(options: AccessOptions) {
    this.#options = options;
    const own = Deno.hostname().toLowerCase();
    this.#names = new Set(["localhost", own, own.replace(/\..*/, ""), ...options.hosts]);
  }

  /**
   * Looks at whom a request is addressed to, and at the page that it comes from.
   *
   * @param url of which the host is what was the header Host, or HTTP/2 has in its place
   * @throws {HttpProblem} 421: it is for somebody else; 403: its page may not
   */
  checkPlace({ hostname, host }: URL, headers: Headers): void {
    const { origins } = this.#options;
    if (!isAddress(hostname) && !this.#names.has(hostname) && !hostname.endsWith(".localhost")) {
      const text =
        `This is not ${hostname}: ask by an address or by this machine's name, or start ` +
        `rpc gateway with --allow-host ${hostname}`;
      throw new HttpProblem(421, "PermissionDenied", text);
    }
    const origin = headers.get("origin");
    if (origin === null) return checkSite(headers);
    if (origin === this.#ownOrigin(host) || origins.includes(origin)) return;
    const text = `A page of ${origin} may not ask: start rpc gateway with --allow-origin ${origin}`;
    throw new HttpProblem(403, "PermissionDenied", text);
  }

  /** Whether a page of that origin may ask, beside our own. */
  isAllowedOrigin(origin: string | null): origin is string {
    return origin !== null && this.#options.origins.includes(origin);
  }

  /** What lets a page of another origin read the answer, if it may; and nobody else. */
  corsHeaders(origin: string | null): Record<string, string> | undefined {
    if (!this.isAllowedOrigin(origin)) return undefined;
    return {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "rpc-server, retry-after, mcp-session-id",
      "vary": "origin",
    };
  }

  /**
   * Looks at the token that a request shows.
   *
   * @throws {HttpProblem} 401: none, or a wrong one
   */
  checkToken(headers: Headers, url: URL): void {
    const { token } = this.#options;
    if (token === undefined) return;
    const [, bearer] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (bearer !== undefined && isSameSecret(bearer, token)) return;
    if (shownBy(headers, url).some((one) => isSameSecret(one, token))) return;
    const text = "Cannot tell who asks: send the token that rpc gateway printed, as the header " +
      "Authorization: Bearer <token>";
    throw new HttpProblem(401, "Unauthenticated", text);
  }

  /** The cookie in which a page keeps the token; it cannot read it itself. */
  cookieFor(url: URL): string | undefined {
    const { token } = this.#options;
    if (token === undefined) return undefined;
    const secure = this.#options.secure ? "; Secure" : "";
    return `${cookieName(url)}=${token}; HttpOnly; SameSite=Strict; Path=/${secure}`;
  }

  #ownOrigin(host: string): string {
    return `${this.#options.secure ? "https" : "http"}://${host}`;
  }
}

/**
 * Refuses what a page of elsewhere has its browser fetch as a picture or a script: it tells no
 * origin then, and sends our cookie along where it is a page of this machine. To be led here by a
 * link is no harm.
 *
 * @throws {HttpProblem} 403
 */
function checkSite(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return;
  if (headers.get("sec-fetch-mode") === "navigate") return;
  throw new HttpProblem(403, "PermissionDenied", "A page of elsewhere may not ask for this");
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}

/** What a page shows in place of the header that programs send. */
function shownBy(headers: Headers, url: URL): string[] {
  const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((one) => one.trim()).filter((one) => one.startsWith(protocolPrefix))
    .map((one) => one.slice(protocolPrefix.length));
  const name = `${cookieName(url)}=`;
  const cookies = (headers.get("cookie") ?? "").split(";").map((one) => one.trim())
    .filter((one) => one.startsWith(name)).map((one) => one.slice(name.length));
  return [...protocols, ...cookies];
}

/** Cookies know no ports: two gateways of one machine must not take each other's. */
function cookieName({ port }: URL): string {
  return `rpc_gateway_${port || "default"}`;
}

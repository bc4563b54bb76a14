import { isSameSecret } from "../../base/values/same_secret.ts";
import { HttpProblem } from "./problem.ts";

/** Who may send requests. */
interface AccessOptions {
  /** The token that callers need; `undefined`: none, since only this machine can connect. */
  readonly token: string | undefined;
  /** Further host names that a request may be addressed to. */
  readonly hosts: readonly string[];
  /** Origins of other pages that may call, for example `https://tools.example`. */
  readonly origins: readonly string[];
  readonly secure: boolean;
  /** Where a proxy takes requests for it, without a slash at its end. */
  readonly publicUrl?: string | undefined;
}

/** Prefix of the token as a WebSocket protocol, since browsers allow WebSockets no headers. */
const protocolPrefix = "bearer.";

/**
 * Decides who may send requests. A hostile page in a browser on this machine can send nearly any
 * request here. So three things are checked: the host name (a name that was made to resolve to us,
 * by DNS rebinding, is not ours), the origin of the page, and the token.
 */
export class Access {
  readonly #options: AccessOptions;
  /** As in URLs. A hostile page can make names resolve to us, but not addresses. */
  readonly #names: ReadonlySet<string>;

  constructor(options: AccessOptions) {
    this.#options = options;
    const own = Deno.hostname().toLowerCase();
    this.#names = new Set(["localhost", own, own.replace(/\..*/, ""), ...options.hosts]);
  }

  /**
   * Checks the host that a request is addressed to, and the page that it comes from.
   *
   * @param url its host is that of the header Host, or of HTTP/2's authority
   * @throws {HttpProblem} 421: it is for another host; 403: its page may not call
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
    const text = isOrigin(origin)
      ? `A page of ${origin} may not ask: start rpc gateway with --allow-origin ${origin}`
      : "A page without an origin of its own, such as a file or a sandboxed frame, may not ask";
    throw new HttpProblem(403, "PermissionDenied", text);
  }

  /** Whether pages of that origin may call, apart from our own. */
  isAllowedOrigin(origin: string | null): origin is string {
    return origin !== null && this.#options.origins.includes(origin);
  }

  /** The headers that let a page of another origin read the answer, if it is allowed. */
  corsHeaders(origin: string | null): Record<string, string> | undefined {
    if (!this.isAllowedOrigin(origin)) return undefined;
    return {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "rpc-server, retry-after, mcp-session-id",
      "vary": "origin",
    };
  }

  /**
   * Checks the token of a request.
   *
   * @throws {HttpProblem} 401: there is none, or a wrong one
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

  /** The cookie that keeps the token for a page, which cannot read it. */
  cookieFor(url: URL): string | undefined {
    const { token, secure, origins } = this.#options;
    if (token === undefined) return undefined;
    // A proxy may end TLS. Otherwise its cookie would also go out by `http:` to the same name.
    const isSecure = secure || origins.includes(`https://${url.host}`);
    const attribute = isSecure ? "; Secure" : "";
    const path = this.#pathAt(url);
    return `${cookieName(url)}=${token}; HttpOnly; SameSite=Strict; Path=${path}${attribute}`;
  }

  /** Where it is at that host: what else a proxy has there is not to be sent the cookie. */
  #pathAt({ host }: URL): string {
    const { publicUrl } = this.#options;
    const taken = publicUrl === undefined ? undefined : new URL(`${publicUrl}/`);
    return taken?.host === host ? taken.pathname : "/";
  }

  #ownOrigin(host: string): string {
    return `${this.#options.secure ? "https" : "http"}://${host}`;
  }
}

/**
 * Refuses requests that another site's page causes as an image or a script. Those tell no origin,
 * and carry our cookie if the page is from this machine. Following a link to us is harmless.
 *
 * @throws {HttpProblem} 403
 */
function checkSite(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return;
  if (headers.get("sec-fetch-mode") === "navigate") return;
  throw new HttpProblem(403, "PermissionDenied", "A page of elsewhere may not ask for this");
}

/** Whether it is one that can be allowed: `null` and `file://` stand for any page. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}

/** The tokens that a page shows, by cookie or WebSocket protocol, in place of a header. */
function shownBy(headers: Headers, url: URL): string[] {
  const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((one) => one.trim()).filter((one) => one.startsWith(protocolPrefix))
    .map((one) => one.slice(protocolPrefix.length));
  const name = `${cookieName(url)}=`;
  const cookies = (headers.get("cookie") ?? "").split(";").map((one) => one.trim())
    .filter((one) => one.startsWith(name)).map((one) => one.slice(name.length));
  return [...protocols, ...cookies];
}

/** The name has the port, since cookies do not, and two gateways must not share one. */
function cookieName({ port }: URL): string {
  return `rpc_gateway_${port || "default"}`;
}

import { createHash, timingSafeEqual } from "node:crypto";
import { isKnownHost } from "../../library/survey/known_host.ts";
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
  readonly #tokenHash: Uint8Array | undefined;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#tokenHash = options.token === undefined ? undefined : hashOf(options.token);
  }

  /**
   * Looks at whom a request is addressed to, and at the page that it comes from.
   *
   * @throws {HttpProblem} 421: it is for somebody else; 403: its page may not
   */
  checkPlace(request: Request): void {
    // Of HTTP/2 the address has what was the header Host.
    const { hostname, host } = new URL(request.url);
    const { hosts, origins } = this.#options;
    if (!isKnownHost(hostname, ...hosts)) {
      const text =
        `This is not ${hostname}: ask by an address or by this machine's name, or start ` +
        `rpc gateway with --allow-host ${hostname}`;
      throw new HttpProblem(421, "PermissionDenied", text);
    }
    const origin = request.headers.get("origin");
    if (origin === null || origin === this.#ownOrigin(host) || origins.includes(origin)) return;
    const text = `A page of ${origin} may not ask: start rpc gateway with --allow-origin ${origin}`;
    throw new HttpProblem(403, "PermissionDenied", text);
  }

  /** Whether a page of that origin may ask, beside our own. */
  isAllowedOrigin(origin: string | null): origin is string {
    return origin !== null && this.#options.origins.includes(origin);
  }

  /** What lets a page of another origin read the answer, if it may; and nobody else. */
  corsHeaders(request: Request): Record<string, string> {
    const origin = request.headers.get("origin");
    if (!this.isAllowedOrigin(origin)) return {};
    return {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "rpc-server, retry-after",
      "vary": "origin",
    };
  }

  /**
   * Looks at the token that a request shows.
   *
   * @throws {HttpProblem} 401: none, or a wrong one
   */
  checkToken(request: Request): void {
    if (this.#tokenHash === undefined || this.#shownBy(request).some((one) => this.isToken(one))) {
      return;
    }
    const text = "Cannot tell who asks: send the token that rpc gateway printed, as the header " +
      "Authorization: Bearer <token>";
    throw new HttpProblem(401, "Unauthenticated", text);
  }

  /** Compares in a time that says nothing of how much of it is right. */
  isToken(text: string): boolean {
    return this.#tokenHash !== undefined && timingSafeEqual(hashOf(text), this.#tokenHash);
  }

  /** The cookie in which a page keeps the token; it cannot read it itself. */
  cookieFor(request: Request): string | undefined {
    const { token } = this.#options;
    if (token === undefined) return undefined;
    const secure = this.#options.secure ? "; Secure" : "";
    return `${cookieName(request)}=${token}; HttpOnly; SameSite=Strict; Path=/${secure}`;
  }

  #ownOrigin(host: string): string {
    return `${this.#options.secure ? "https" : "http"}://${host}`;
  }

  #shownBy(request: Request): string[] {
    const { headers } = request;
    const [, bearer] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",")
      .map((one) => one.trim()).filter((one) => one.startsWith(protocolPrefix))
      .map((one) => one.slice(protocolPrefix.length));
    const name = `${cookieName(request)}=`;
    const cookies = (headers.get("cookie") ?? "").split(";").map((one) => one.trim())
      .filter((one) => one.startsWith(name)).map((one) => one.slice(name.length));
    return [...(bearer === undefined ? [] : [bearer]), ...protocols, ...cookies];
  }
}

/** Cookies know no ports: two gateways of one machine must not take each other's. */
function cookieName(request: Request): string {
  return `rpc_gateway_${new URL(request.url).port || "default"}`;
}

function hashOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

import { Failure, messageOf } from "../base/errors.ts";
import type { Matcher } from "../base/names/patterns.ts";
import type { Caller } from "../keys/caller.ts";
import { callMatcher, formatRights } from "../keys/rights.ts";
import type { Request } from "../wire/message.ts";
import { reservedMethods } from "../wire/reserved.ts";
import type { TaskHandle } from "../workers/pool/task.ts";
import type { Peer, Reply } from "./reply.ts";
import { withoutOthersParams } from "./tap/without_params.ts";
import type { RequestTaker } from "./tracing.ts";

/** What a {@link Gate} needs. */
export interface GateOptions {
  readonly caller: Caller;
  /** The server's own name. */
  readonly server: string;
  /** The service that the calls must be for. */
  readonly service: string;
  /** The names of those who may call this server at all. */
  readonly isWelcome: Matcher;
  /** The secret that the greeting must contain, if there is one. */
  readonly secret?: string | undefined;
  /**
   * Makes a new certificate for the caller. @default this server cannot do that
   *
   * @throws {Error} why it did not
   */
  readonly renew?: ((caller: Caller, request: string) => Promise<string>) | undefined;
  readonly next: RequestTaker;
}

/**
 * Verdicts that are remembered for a connection. No service has more methods, and callers that
 * invent names must not fill the memory.
 */
const verdictsMax = 1_024;

const privateServer =
  "This server is private: only who can read its file in the registry may call, so as its user, " +
  "with --registry local:";

/** Methods about the caller's own calls: whoever may call may use them. */
const always: ReadonlySet<string> = new Set([
  reservedMethods.ping,
  reservedMethods.cancel,
  reservedMethods.more,
  reservedMethods.renew,
]);

/** Methods about calls that are under way, which go on when nothing new passes any more. */
const underWay: ReadonlySet<string> = new Set([reservedMethods.cancel, reservedMethods.more]);

/** Methods that tell about the server: they need the right `read`. */
const reading: ReadonlySet<string> = new Set([
  reservedMethods.discover,
  reservedMethods.stats,
  reservedMethods.tap,
]);

/** Methods that need the right `admin`: the right to call everything does not include them. */
const administering: ReadonlySet<string> = new Set([reservedMethods.override]);

/**
 * Lets calls of one connection through if the caller's rights allow them. First the caller must
 * greet, and name the service that it wants.
 *
 * The verdict on a method is computed once for each connection, and then remembered.
 */
export class Gate implements RequestTaker {
  readonly #options: GateOptions;
  readonly #mayCall: Matcher;
  readonly #verdicts = new Map<string, Failure | undefined>();
  /** Those of the caller that listen, of which a server has few. */
  readonly #taps = new Set<TaskHandle>();
  #isGreeted = false;
  /** Why nothing new passes any more. */
  #ended: Failure | undefined;
  #isRenewing = false;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#mayCall = callMatcher(options.caller.rights);
  }

  dispatch(request: Request, reply: Reply, peer: Peer): TaskHandle | undefined {
    const { method } = request;
    if (method === reservedMethods.hello) {
      this.#greet(request, reply);
      return undefined;
    }
    const refusal = this.#verdictOf(method);
    if (refusal !== undefined) {
      reply.fail(refusal);
      return undefined;
    }
    if (method === reservedMethods.renew && this.#options.renew !== undefined) {
      return this.#renew(request, reply, this.#options.renew);
    }
    if (method === reservedMethods.tap) return this.#listen(request, reply, peer);
    return this.#options.next.dispatch(request, reply, peer);
  }

  /**
   * Lets nothing new through. Calls under way are not affected, but the caller hears no more of
   * those of others.
   */
  end(refusal: Failure): void {
    this.#ended = refusal;
    for (const tap of [...this.#taps]) tap.cancel();
  }

  #listen(request: Request, reply: Reply, peer: Peer): TaskHandle | undefined {
    const shown = withoutOthersParams(reply, this.#mayCall);
    let tap: TaskHandle | undefined = undefined;
    tap = this.#options.next.dispatch(request, {
      stream: shown.stream,
      succeed: (result) => shown.succeed(result),
      succeedWithJson: (result) => shown.succeedWithJson(result),
      fail: (error) => {
        if (tap !== undefined) this.#taps.delete(tap);
        shown.fail(this.#ended ?? error);
      },
    }, peer);
    if (tap !== undefined) this.#taps.add(tap);
    return tap;
  }

  #renew(
    { params }: Request,
    reply: Reply,
    renew: (caller: Caller, request: string) => Promise<string>,
  ): TaskHandle | undefined {
    const request = params === undefined || Array.isArray(params) ? undefined : params["request"];
    if (typeof request !== "string") {
      const issues = [{ path: ["request"], message: "must be a request in PEM" }];
      const message = "Cannot renew: a request is needed, in PEM";
      reply.fail(new Failure("InvalidParams", message, undefined, issues));
      return undefined;
    }
    // One at a time, since each takes as long as hundreds of calls.
    if (this.#isRenewing) {
      reply.fail(new Failure("Overloaded", "Cannot renew: a renewal is under way"));
      return undefined;
    }
    this.#isRenewing = true;
    renew(this.#options.caller, request).then(
      (certificate) => reply.succeed(certificate),
      (error) => reply.fail(denied(`Cannot renew: ${messageOf(error)}`)),
    ).finally(() => this.#isRenewing = false);
    return { cancel() {}, more() {} };
  }

  #greet({ params }: Request, reply: Reply): void {
    const { caller, server, service, isWelcome, secret } = this.#options;
    const given = params === undefined || Array.isArray(params) ? {} : params;
    const who = JSON.stringify(caller.name);
    if (this.#ended !== undefined) return reply.fail(this.#ended);
    if (given["service"] !== service) {
      return reply.fail(unauthenticated(
        `This is a server of service ${
          JSON.stringify(service)
        }, and the call is for another one: ` +
          "does the registry tell the truth?",
      ));
    }
    if (secret !== undefined && !isSame(given["secret"], secret)) {
      return reply.fail(unauthenticated(privateServer));
    }
    if (!caller.rights.read || !isWelcome(caller.name)) {
      return reply.fail(denied(
        caller.rights.read
          ? `${who} may not call this server: its callers leave ${who} out (rpc serve --callers, or callers)`
          : `${who} has no rights in this cluster: rpc keys show tells them`,
      ));
    }
    this.#isGreeted = true;
    const rights = formatRights(caller.rights);
    reply.succeed({ server, caller: caller.name, rights });
  }

  #verdictOf(method: string): Failure | undefined {
    if (this.#ended !== undefined) return underWay.has(method) ? undefined : this.#ended;
    if (!this.#isGreeted) {
      return unauthenticated(
        this.#options.secret === undefined
          ? `The first message must be ${reservedMethods.hello} with the service's name`
          : privateServer,
      );
    }
    if (this.#verdicts.has(method)) return this.#verdicts.get(method);
    const verdict = this.#judge(method);
    if (this.#verdicts.size >= verdictsMax) this.#verdicts.clear();
    this.#verdicts.set(method, verdict);
    return verdict;
  }

  #judge(method: string): Failure | undefined {
    const { caller } = this.#options;
    if (always.has(method)) return undefined;
    if (administering.has(method)) {
      if (caller.rights.admin) return undefined;
    } else if (reading.has(method) ? caller.rights.read : this.#mayCall(method)) return undefined;
    return denied(
      `${JSON.stringify(caller.name)} may not call ${JSON.stringify(method)}: its rights are ` +
        `${
          formatRights(caller.rights)
        }; another invitation gives others (rpc keys invite --rights)`,
    );
  }
}

function unauthenticated(message: string): Failure {
  return new Failure("Unauthenticated", message);
}

function denied(message: string): Failure {
  return new Failure("PermissionDenied", message);
}

/** Compares in constant time, so that nobody can find a secret letter by letter. */
function isSame(given: unknown, secret: string): boolean {
  if (typeof given !== "string") return false;
  let difference = given.length ^ secret.length;
  for (let i = 0; i < secret.length; i++) {
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i);
  }
  return difference === 0;
}

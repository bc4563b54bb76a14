import type { Clock } from "../../base/clock.ts";
import { heartbeatTimeoutMs } from "../../base/limits.ts";
import { isObject } from "../../base/members.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { Call } from "../call.ts";
import type { Connection } from "../connection.ts";

/**
 * Which methods of one server may run twice, as it says itself: learned with the connection, and
 * forgotten with it. What another server says, or what this one said before it was replaced, does not
 * count: an upgrade may have taken it back.
 *
 * Asked right behind the first ping, in the same write: so it is known before any call can be lost, and
 * no call waits for it.
 */
export class Idempotence {
  readonly #clock: Clock;
  readonly #told: () => void;
  /** `undefined`: nothing is known, or what was known has changed. */
  #methods: ReadonlySet<string> | undefined;
  #isAsking = false;

  /** @param told called each time that the server has said what it can */
  constructor(clock: Clock, told: () => void) {
    this.#clock = clock;
    this.#told = told;
  }

  /** Whether the method may run twice; `undefined` as long as the server has not said. */
  of(method: string): boolean | undefined {
    return this.#methods?.has(method);
  }

  /** Forgets what is known, and asks. */
  ask(connection: Connection): void {
    this.#methods = undefined;
    // Answers come in order of what changes: the one under way is to the question after the change too.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const deadlineAtMs = this.#clock.now() + heartbeatTimeoutMs;
    const question = new Call(reservedMethods.discover, undefined, deadlineAtMs, true);
    connection.send(question, (_error, document) => {
      this.#isAsking = false;
      // One that cannot be asked has no method of which it says that.
      this.#methods = shared(idempotentOnes(document));
      this.#told();
    });
  }
}

/** Those in the OpenRPC document that servers describe themselves by. */
function idempotentOnes(document: unknown): ReadonlySet<string> {
  const methods = isObject(document) && Array.isArray(document["methods"])
    ? document["methods"]
    : [];
  return new Set(
    methods.filter((method) => isObject(method) && method["x-idempotent"] === true)
      .map(({ name }) => name),
  );
}

let last: ReadonlySet<string> = new Set();

/** The same set as before if it holds the same: a thousand servers as a rule offer the same methods. */
function shared(methods: ReadonlySet<string>): ReadonlySet<string> {
  if (methods.size !== last.size || !methods.isSubsetOf(last)) last = methods;
  return last;
}

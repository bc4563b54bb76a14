import type { Clock } from "../../base/clock.ts";
import { heartbeatTimeoutMs, messageMaxLeast } from "../../base/limits.ts";
import { isObject } from "../../base/values/members.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { Call } from "../call.ts";
import type { Connection } from "../connection.ts";

/**
 * Which methods of one server are idempotent, as it says itself: learned with the connection, and
 * forgotten with it. What another server says, or what this one said before it was replaced, does
 * not count: an upgrade may have taken it back. Nor does what a reload makes idempotent, until it
 * is connected to anew: the call that is lost may be one of before.
 *
 * Asked right behind the first ping, in the same write: so it is known before any call can be lost,
 * and no call waits for it.
 */
export class Idempotence {
  readonly #clock: Clock;
  readonly #told: () => void;
  /** `undefined`: nothing is known, or what was known has changed. */
  #said: Said | undefined;
  /**
   * Methods that it offered before a change and that were not idempotent then: calls from before
   * may be under way.
   */
  #onceNot: ReadonlySet<string> = nothingSaid.not;
  #isAsking = false;

  /** @param told called each time that the server has said what it can */
  constructor(clock: Clock, told: () => void) {
    this.#clock = clock;
    this.#told = told;
  }

  /** Whether the server has said what it can, or that it will not. */
  get isKnown(): boolean {
    return this.#said !== undefined;
  }

  /** Whether the method is idempotent; `undefined` as long as the server has not said. */
  of(method: string): boolean | undefined {
    return this.#said && (this.#said.idempotent.has(method) && !this.#onceNot.has(method));
  }

  /** Forgets what is known, and asks. */
  ask(connection: Connection): void {
    if (this.#said !== undefined) this.#onceNot = joined(this.#onceNot, this.#said.not);
    this.#said = undefined;
    // Answers come in order of what changes: the one under way is to the question after the change
    // too.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const deadlineAtMs = this.#clock.now() + heartbeatTimeoutMs;
    const { messageMax } = connection;
    const question = new Call(reservedMethods.discover, { messageMax }, deadlineAtMs, true);
    connection.send(question, (_error, document) => {
      const takes = messageMaxOf(document);
      if (takes !== undefined) connection.takes = takes;
      this.#isAsking = false;
      // A server that cannot be asked says that of no method.
      this.#said = shared(read(document));
      this.#told();
    });
  }
}

/** The names of what a server offers. */
interface Said {
  readonly idempotent: ReadonlySet<string>;
  readonly not: ReadonlySet<string>;
}

const nothingSaid: Said = { idempotent: new Set(), not: new Set() };

/** What stands in the OpenRPC document that servers describe themselves by. */
function read(document: unknown): Said {
  const methods = isObject(document) && Array.isArray(document["methods"])
    ? document["methods"].filter(isObject)
    : [];
  const namesOf = (isIdempotent: boolean) =>
    methods.filter((method) => (method["x-idempotent"] === true) === isIdempotent)
      .map(({ name }) => String(name));
  return { idempotent: new Set(namesOf(true)), not: new Set(namesOf(false)) };
}

/** How long a message the server takes, in bytes; `undefined` if it does not say. */
function messageMaxOf(document: unknown): number | undefined {
  const info = isObject(document) ? document["info"] : undefined;
  const said = isObject(info) ? info["x-message-max"] : undefined;
  return typeof said === "number" && said >= messageMaxLeast ? said : undefined;
}

let last = nothingSaid;

/**
 * The same sets as before if they hold the same: a thousand servers as a rule offer the same
 * methods.
 */
function shared(said: Said): Said {
  if (!isSame(said.idempotent, last.idempotent) || !isSame(said.not, last.not)) last = said;
  return last;
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}

/** Both, without a set of its own where one holds the other. */
function joined(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  if (one.isSubsetOf(other)) return other;
  return other.isSubsetOf(one) ? one : one.union(other);
}

import type { Clock } from "../../base/clock.ts";
import { heartbeatTimeoutMs, messageMaxLeast, oneStringBytesMax } from "../../base/limits.ts";
import { isObject } from "../../base/values/members.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { loadLongest } from "../../wire/unread/long_texts.ts";
import { Call } from "../call.ts";
import type { Connection } from "../connection.ts";

/**
 * Which methods one server declares idempotent, for the life of one connection. The word of other
 * servers, or of the process before, does not count: an upgrade may have changed it. If a reload
 * makes a method idempotent, that counts only for new connections, since a lost call may be from
 * before.
 *
 * The question follows the first ping in the same write. So the answer is known before any call can
 * be lost, and no call waits for it.
 */
export class Idempotence {
  readonly #clock: Clock;
  readonly #told: () => void;
  /** `undefined`: not known, or outdated. */
  #said: Said | undefined;
  /**
   * Methods that were not idempotent before a change: calls from then may still be under way.
   */
  #onceNot: ReadonlySet<string> = nothingSaid.not;
  #isAsking = false;

  /** @param told called each time that the server has answered */
  constructor(clock: Clock, told: () => void) {
    this.#clock = clock;
    this.#told = told;
  }

  /** Whether the server has answered, even if only with an error. */
  get isKnown(): boolean {
    return this.#said !== undefined;
  }

  /** Whether the method is idempotent; `undefined` until the server has answered. */
  of(method: string): boolean | undefined {
    return this.#said && (this.#said.idempotent.has(method) && !this.#onceNot.has(method));
  }

  /** Calls of an earlier connection, of which this is the word, are still under way. */
  follow(earlier: Idempotence | undefined): void {
    if (earlier === undefined) return;
    const not = earlier.#said?.not ?? nothingSaid.not;
    this.#onceNot = joined(this.#onceNot, joined(earlier.#onceNot, not));
  }

  /** Forgets what is known, and asks. */
  ask(connection: Connection): void {
    if (this.#said !== undefined) this.#onceNot = joined(this.#onceNot, this.#said.not);
    this.#said = undefined;
    // The pending answer will be made after the change as well, since messages are in order.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const deadlineAtMs = this.#clock.now() + heartbeatTimeoutMs;
    const { messageMax } = connection;
    const question = new Call(reservedMethods.discover, { messageMax }, deadlineAtMs, true);
    connection.send(question, (_error, document) => {
      const takes = messageMaxOf(document) ?? connection.takes.bytes;
      if (takes <= oneStringBytesMax) return this.#answered(connection, takes, document);
      void loadLongest()
        .then(() => takes, () => oneStringBytesMax)
        .then((bytes) => this.#answered(connection, bytes, document));
    });
  }

  #answered(connection: Connection, takes: number, document: unknown): void {
    connection.takes = { ...connection.takes, bytes: takes };
    this.#isAsking = false;
    // A server that does not answer declares no method idempotent.
    this.#said = shared(read(document));
    this.#told();
  }
}

/** The names of a server's methods. */
interface Said {
  readonly idempotent: ReadonlySet<string>;
  readonly not: ReadonlySet<string>;
}

const nothingSaid: Said = { idempotent: new Set(), not: new Set() };

/** Reads a server's OpenRPC document. */
function read(document: unknown): Said {
  const methods = isObject(document) && Array.isArray(document["methods"])
    ? document["methods"].filter(isObject)
    : [];
  const namesOf = (isIdempotent: boolean) =>
    methods.filter((method) => (method["x-idempotent"] === true) === isIdempotent)
      .map(({ name }) => name).filter((name) => typeof name === "string");
  return { idempotent: new Set(namesOf(true)), not: new Set(namesOf(false)) };
}

/** The longest message that the server takes, in bytes; `undefined` if it does not tell. */
function messageMaxOf(document: unknown): number | undefined {
  const info = isObject(document) ? document["info"] : undefined;
  const said = isObject(info) ? info["x-message-max"] : undefined;
  return typeof said === "number" && said >= messageMaxLeast ? said : undefined;
}

let last = nothingSaid;

/** Reuses the last sets if they are equal: a thousand servers usually offer the same methods. */
function shared(said: Said): Said {
  if (!isSame(said.idempotent, last.idempotent) || !isSame(said.not, last.not)) last = said;
  return last;
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}

/** The union; no new set if one contains the other. */
function joined(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  if (one.isSubsetOf(other)) return other;
  return other.isSubsetOf(one) ? one : one.union(other);
}

/**
 * Whether a call may run again on another connection to its server: it says so, or both connections
 * have said so of its method.
 */
export function mayMove(call: Call, before: Idempotence | undefined, after: Idempotence): boolean {
  if (call.stream !== undefined) return false;
  return call.idempotent ?? (before?.of(call.method) === true && after.of(call.method) === true);
}

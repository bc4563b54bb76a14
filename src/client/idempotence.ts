import { isObject } from "../base/members.ts";
import { reservedMethods } from "../wire/reserved.ts";
import type { Call } from "./call.ts";

/**
 * Asks any server for a method's result: `undefined` if none gave one. Always calls back. The one that is
 * asked may hang like the one that was lost: `deadlineAtMs` says until when it is worth asking others.
 */
export type Ask = (
  method: string,
  deadlineAtMs: number,
  answer: (result: unknown) => void,
) => void;

/**
 * Which methods may run twice, as the servers say. Asked only once the answer matters, which is when
 * a call was lost; so the calls of a quiet day cost nothing for it.
 */
export class Idempotence {
  readonly #ask: Ask;
  readonly #known = new Map<string, boolean>();
  /** Calls that wait for the question under way. A server that dies leaves many, and one question does. */
  #waiting: Map<Call, (idempotent: boolean) => void> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Answers for a call's method, unless the call is withdrawn before: `false` if nobody can tell. */
  of(call: Call, answer: (idempotent: boolean) => void): void {
    const known = this.#known.get(call.method);
    if (known !== undefined) return answer(known);
    const isAsked = this.#waiting !== undefined;
    const waiting = this.#waiting ??= new Map();
    waiting.set(call, answer);
    call.holder = { withdraw: () => waiting.delete(call) };
    if (isAsked) return;
    const { discover } = reservedMethods;
    this.#ask(discover, call.deadlineAtMs, (document) => this.#answered(document));
  }

  #answered(document: unknown): void {
    for (const method of methodsOf(document)) {
      if (isObject(method) && typeof method["name"] === "string") {
        this.#known.set(method["name"], method["x-idempotent"] === true);
      }
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    // An answer may withdraw calls that come later here: those are passed over.
    for (const [call, answer] of waiting ?? []) {
      call.holder = undefined;
      answer(this.#known.get(call.method) ?? false);
    }
  }
}

/** The methods in the OpenRPC document that servers describe themselves by. */
function methodsOf(document: unknown): readonly unknown[] {
  return isObject(document) && Array.isArray(document["methods"]) ? document["methods"] : [];
}

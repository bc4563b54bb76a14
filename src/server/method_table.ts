import { Failure } from "../base/errors.ts";
import { messageMaxDefault, oneStringBytesMax } from "../base/limits.ts";
import { noMethodText } from "../base/names/nearest.ts";
import { callerMatcherOf, type Matcher } from "../base/names/patterns.ts";
import { mergeOpenRpc, toOpenRpc } from "../procedures/documents/describe.ts";
import type { OpenRpcDocument } from "../procedures/openrpc.ts";
import type { AnyProcedure, AnyProcedures } from "../procedures/plain/plain_procedure.ts";
import type { ProcedureKind } from "../procedures/types.ts";
import type { Stats } from "../wire/reports/stats.ts";
import type { Pool } from "../workers/pool/pool.ts";
import { MethodCounters } from "./method_counters.ts";

/** One procedure, and where it runs. */
export interface Method {
  readonly name: string;
  readonly inline: AnyProcedure | undefined;
  readonly kind: ProcedureKind;
  readonly isStream: boolean;
  readonly isIdempotent: boolean;
  /** The names of those who may call it; `undefined`: whoever may call the server. */
  readonly isFor: Matcher | undefined;
  readonly counters: MethodCounters;
}

/** What a {@link MethodTable} needs. */
export interface MethodTableOptions {
  /** Procedures of kind `inline`, which run in this process; others come from the pool. */
  readonly procedures: AnyProcedures;
  readonly service: string;
  readonly version: string;
  /** Longest message that is taken and sent, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
}

/**
 * Longest name for which a similar one is searched: that takes time, and nobody types longer ones.
 */
const guessedLengthMax = 64;

/** The methods of a server: its own inline procedures, and those of its workers. */
export class MethodTable {
  readonly #options: MethodTableOptions;
  #byName: ReadonlyMap<string, Method> = new Map();
  #document: string;

  constructor(options: MethodTableOptions, pool: Pool | undefined) {
    this.#options = options;
    this.#document = JSON.stringify(this.#make(pool));
  }

  /** The answer to `rpc.discover`, as JSON, made once: it may be long. */
  get document(): string {
    return this.#document;
  }

  /** The method of this name. */
  get(name: string): Method | undefined {
    return this.#byName.get(name);
  }

  /** Whether a caller may call a method, as far as its procedure says for whom it is. */
  isOpenTo(caller: string | undefined, name: string): boolean {
    const isFor = this.#byName.get(name)?.isFor;
    return isFor === undefined || (caller !== undefined && isFor(caller));
  }

  /**
   * Offers the methods of another pool. The counters of each method stay. Returns whether the
   * methods have changed.
   */
  install(pool: Pool): boolean {
    const before = this.#document;
    this.#document = JSON.stringify(this.#make(pool));
    return this.#document !== before;
  }

  /** The counters of each method. */
  stats(): Stats["methods"] {
    const methods = [...this.#byName.values()];
    return Object.fromEntries(methods.map(({ name, counters }) => [name, counters.stats()]));
  }

  /** The error for an unknown name, with the method that was probably meant. */
  notFound(name: string): Failure {
    const names: Iterable<string> = name.length > guessedLengthMax ? [] : this.#byName.keys();
    return new Failure("MethodNotFound", noMethodText(name, names, "rpc.discover lists them"));
  }

  #make(pool: Pool | undefined): OpenRpcDocument {
    const { procedures, service, version, messageMax = messageMaxDefault } = this.#options;
    const offered = pool?.document();
    // A user's procedure replaces a built-in one of the same name.
    const shadows = new Set(
      offered?.methods.filter((method) => method["x-kind"] !== "inline").map(({ name }) => name),
    );
    const inline = Object.fromEntries(
      Object.entries(procedures).filter(([name, { kind }]) =>
        kind === "inline" && !shadows.has(name)
      ),
    );
    const own = toOpenRpc(inline, {
      ...{ title: service, version, "x-message-max": messageMax },
      ...(messageMax > oneStringBytesMax ? { "x-one-string-max": oneStringBytesMax } : {}),
    });
    const document = offered === undefined ? own : mergeOpenRpc(own, offered);
    const methods = document.methods.map(({ name, ...method }): Method => ({
      name,
      inline: Object.hasOwn(inline, name) ? inline[name] : undefined,
      kind: method["x-kind"],
      isStream: method["x-stream"],
      isIdempotent: method["x-idempotent"],
      isFor: method["x-callers"] === undefined ? undefined : callerMatcherOf(method["x-callers"]),
      counters: this.#byName.get(name)?.counters ?? new MethodCounters(),
    }));
    this.#byName = new Map(methods.map((method) => [method.name, method]));
    return document;
  }
}

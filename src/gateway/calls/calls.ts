import { RpcError } from "../../base/errors.ts";
import { gatewayCallsMax, gatewayCallsOfCallerMax, gatewayMethodsCountedMax } from "../limits.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { CallStream } from "../../client/call_stream.ts";
import type { Client } from "../../client/client.ts";
import type { CallOptions, StreamOptions } from "../../client/client_options.ts";
import type { Params } from "../../wire/message.ts";
import { reservedMethods, reservedPrefix } from "../../wire/reserved.ts";
import { Shares } from "../../base/bounds/shares.ts";
import { BatchPlaces } from "./batch_places.ts";
import type { Catalogue } from "./catalogue.ts";

/** The items of a call, and how it ended. */
export type ItemStream = Pick<
  CallStream,
  "next" | "return" | "report" | "isStream" | "heldBytes"
>;

/** Counters of one procedure's calls. */
export interface MethodCounts {
  calls: number;
  readonly errors: Map<string, number>;
}

/** Under this name all calls of unknown procedures are counted, and of those past the bound. */
const others = "";

/** Makes the calls of a gateway, bounded in number, and counts them. */
export class Calls {
  readonly #client: Client;
  readonly #catalogue: Catalogue;
  readonly #readOnly: boolean;
  readonly #counts = new Map<string, MethodCounts>();
  #inFlight = 0;
  /** Those that count for their callers. */
  readonly #callers = new Shares();
  /** The places of batches' members. */
  readonly batchPlaces = new BatchPlaces(() => this.#inFlight);
  #isEnded = false;

  constructor(client: Client, catalogue: Catalogue, readOnly: boolean) {
    this.#client = client;
    this.#catalogue = catalogue;
    this.#readOnly = readOnly;
  }

  /** Whether it makes no calls. */
  get isReadOnly(): boolean {
    return this.#readOnly;
  }

  /** How long a call may take that names no time itself, in milliseconds. */
  get timeoutMs(): number {
    return this.#client.timeoutMs;
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  #enter(caller: string | undefined): void {
    this.#inFlight++;
    if (caller !== undefined) this.#callers.add(caller);
  }

  #leave(caller: string | undefined): void {
    this.#inFlight--;
    if (caller !== undefined) this.#callers.remove(caller);
    this.batchPlaces.pass();
  }

  /** Counters by procedure. */
  get counts(): ReadonlyMap<string, MethodCounts> {
    return this.#counts;
  }

  /** Cancels all calls, since the gateway ends and has waited long enough. */
  end(): void {
    this.#isEnded = true;
    this.#client.close();
  }

  /**
   * Calls a method and resolves to how that ended. Never rejects.
   *
   * @param caller the address that it counts for. @default none
   */
  async call(
    method: string,
    params: Params | undefined,
    options: CallOptions,
    caller?: string,
  ): Promise<CallReport> {
    const fault = this.#faultOf(method, caller);
    if (fault !== undefined) return this.#ended(method, failed(fault));
    this.#enter(caller);
    try {
      if (method === reservedMethods.discover) {
        try {
          const result = await this.#catalogue.document(options.signal ?? undefined);
          return { ...failed(undefined), result };
        } catch (error) {
          return failed(error instanceof RpcError ? error : internalError());
        }
      }
      const report = await this.#client.report(method, params, options);
      return this.#ended(method, this.#isEnded ? this.#told(report, options) : report);
    } finally {
      this.#leave(caller);
    }
  }

  /**
   * Begins a call whose items come one after the other.
   *
   * @param caller the address that it counts for
   * @throws {RpcError} the call is refused
   */
  stream(
    method: string,
    params: Params | undefined,
    options: StreamOptions,
    caller: string,
  ): ItemStream {
    const fault = this.#faultOf(method, caller);
    if (fault !== undefined) {
      this.#ended(method, failed(fault));
      throw fault;
    }
    this.#enter(caller);
    const stream = this.#client.stream(method, params, options);
    const report = stream.report.then((report) => {
      this.#leave(caller);
      return this.#ended(method, this.#told(report, options));
    });
    return {
      report,
      get isStream() {
        return stream.isStream;
      },
      get heldBytes() {
        return stream.heldBytes;
      },
      next: () =>
        stream.next().catch(async (error) => {
          throw this.#isEnded ? (await report).error ?? error : error;
        }),
      return: () => stream.return(),
    };
  }

  /** The report of a call. If the gateway has cancelled it, the error tells to try another one. */
  #told<Report extends CallReport>(report: Report, { signal }: CallOptions): Report {
    const { error } = report;
    if (!this.#isEnded || error?.name !== "Cancelled" || signal?.aborted) return report;
    const text = "This gateway ends, and could not wait for the call any longer: ask another one";
    const { executed } = error;
    return { ...report, error: new RpcError("Draining", text, { executed, cause: error }) };
  }

  /** Why a call is not made. */
  #faultOf(method: string, caller: string | undefined): RpcError | undefined {
    const isReserved = method.startsWith(reservedPrefix);
    const isHarmless = method === reservedMethods.discover || method === reservedMethods.ping;
    if (isReserved && !isHarmless) {
      return new RpcError("MethodNotFound", `No method ${method} for callers of a gateway`);
    }
    if (this.#readOnly && !isHarmless) {
      const text = "This gateway shows and does not call: it was started with --read-only";
      return new RpcError("PermissionDenied", text);
    }
    if (this.#inFlight >= gatewayCallsMax) {
      const text = `Cannot take the call: ${gatewayCallsMax} are under way through this gateway`;
      return new RpcError("Overloaded", text);
    }
    if (caller !== undefined && this.#callers.of(caller) >= gatewayCallsOfCallerMax) {
      const text =
        `Cannot take the call: ${gatewayCallsOfCallerMax} of your address are under way ` +
        "through this gateway";
      return new RpcError("Overloaded", text);
    }
    return undefined;
  }

  #ended<Report extends CallReport>(method: string, report: Report): Report {
    const { error, server } = report;
    // Names that no server has seen, or none has, are counted together: anybody can invent some.
    const isKnown = this.#counts.has(method) ||
      (server !== undefined && error?.name !== "MethodNotFound" &&
        this.#counts.size < gatewayMethodsCountedMax);
    const name = isKnown ? method : others;
    const counts = this.#counts.get(name) ?? { calls: 0, errors: new Map<string, number>() };
    this.#counts.set(name, counts);
    counts.calls++;
    if (error !== undefined) {
      counts.errors.set(error.name, (counts.errors.get(error.name) ?? 0) + 1);
    }
    return report;
  }
}

function internalError(): RpcError {
  return new RpcError("InternalError", "Cannot tell what the servers offer");
}

/** The report of a call that was not sent. */
function failed(error: RpcError | undefined): CallReport {
  return { result: undefined, error, server: undefined, attempts: 0, durationMs: 0 };
}

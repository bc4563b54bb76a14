import { Backoff } from "../base/backoff.ts";
import { type ErrorName, type Executed, RpcError } from "../base/errors.ts";
import { attemptsMax } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Call, Dispatch, Done } from "./call.ts";
import type { DelayedRetries } from "./delayed_retries.ts";
import type { RetryBudget } from "./retry_budget.ts";

/** What the retry layer needs. */
interface RetryOptions {
  readonly random: Random;
  readonly budget: RetryBudget;
  /** Where calls wait before they are sent again. */
  readonly delayedRetries: DelayedRetries;
  /** Whether a server is connected that may offer the call's method, as far as is known. */
  readonly isOffered: (call: Call) => boolean;
  /** Whether there is a server whose first connection attempt is still under way. */
  readonly isAnyUntried: () => boolean;
  /** A call is sent again. */
  readonly onRetry: (call: Call, error: RpcError) => void;
}

/** What another server, or the same one a moment later, may do better. */
const worthAnotherServer: ReadonlySet<ErrorName> = new Set([
  "MethodNotFound",
  "Overloaded",
  "Draining",
  "WorkerLost",
  "ConnectionLost",
]);

/** A call that lost its worker may be what kills workers: it gets one more worker and no others. */
const workersLostMax = 2;

/** How long a failed call waits for the budget before it asks again, in milliseconds. */
const budgetWaitMs = 50;

/**
 * How long a call that nobody offers waits for servers that are still being connected to, each
 * time.
 */
const newcomerWaitMs = 20;

const refusalBackoff = { baseMs: 10, maxMs: 500 };

/**
 * Sends a call again where that is safe: when it did not run (`executed: "no"`), or when running it
 * twice does no harm. It reads nothing else of an error but whether another server could do better.
 *
 * Below the deadline, which bounds all attempts together; above balancing, so that each attempt
 * picks anew.
 */
export function withRetry(options: RetryOptions, next: Dispatch): Dispatch {
  const { budget } = options;
  return (call, done) => {
    budget.deposit(call.madeAtMs);
    next(call, (error, result) => {
      if (error === undefined) done(undefined, result);
      else new RetriedCall(options, next, call, done).failed(error);
    });
  };
}

/** A call after its first failure: only these pay for what retrying needs. */
class RetriedCall {
  readonly #options: RetryOptions;
  readonly #next: Dispatch;
  readonly #call: Call;
  readonly #done: Done;
  readonly #backoff: Backoff;
  #workersLost = 0;

  constructor(options: RetryOptions, next: Dispatch, call: Call, done: Done) {
    this.#options = options;
    this.#next = next;
    this.#call = call;
    this.#done = done;
    this.#backoff = new Backoff(options.random, refusalBackoff);
  }

  failed(error: RpcError): void {
    const call = this.#call;
    if (call.ended) return;
    call.executed = worse(call.executed, error.executed);
    if (call.stream !== undefined && call.stream.received > 0) {
      // Its caller has seen items, and would see them twice.
      call.executed = worse(call.executed, "maybe");
      return this.#giveUp(error);
    }
    if (error.name === "WorkerLost") this.#workersLost++;
    const hopeless = !worthAnotherServer.has(error.name) || call.attempts >= attemptsMax ||
      this.#workersLost >= workersLostMax;
    if (hopeless || error.executed === "yes") return this.#giveUp(error);

    if (call.endpoint !== undefined) {
      // The error of a call that may have run says nothing of what this server offers.
      if (error.name === "MethodNotFound" && error.executed === "no") {
        // Somebody else may offer it. When all have been asked, by whatever call, nobody does.
        call.endpoint.lacks(call.method);
        (call.avoid ??= new Set()).add(call.endpoint);
        return this.#askOthers(error);
      }
      (call.avoid ??= new Set()).add(call.endpoint);
    }
    if (error.executed === "no") return this.#again(error);
    // The server that may have run it says whether it may run again. The one that is to run it must
    // say so too.
    const idempotent = call.idempotent ?? call.endpoint?.isIdempotent(call.method);
    if (idempotent) this.#again(error);
    else this.#giveUp(error);
  }

  /**
   * To a server that may offer the method, or, while one is still being connected to, a moment
   * later.
   */
  #askOthers(error: RpcError): void {
    if (this.#call.ended) return;
    const { isOffered, isAnyUntried } = this.#options;
    if (isOffered(this.#call)) this.#again(error);
    else if (isAnyUntried()) this.#later(newcomerWaitMs, () => this.#askOthers(error));
    else this.#giveUp(error);
  }

  #again(error: RpcError): void {
    if (this.#call.ended) return;
    const { budget, random } = this.#options;
    // Overload is a state, and more load makes it worse: fail. A lost server is an event with an
    // end, and its calls are as many as were under way: they wait for the budget, and none is lost.
    if (error.name === "Overloaded") {
      if (!budget.spendUnderOverload()) return this.#giveUp(error);
      this.#later(this.#backoff.next(), () => this.#send(error));
    } else if (!budget.spend()) {
      this.#later(budgetWaitMs * (0.5 + random()), () => this.#again(error));
    } else if (error.name === "Draining" && this.#call.attempts > 1) {
      // It has tried another one already. Who drains and stays is left a moment, to end or to go
      // on.
      this.#later(this.#backoff.next(), () => this.#send(error));
    } else {
      this.#send(error);
    }
  }

  #send(error: RpcError): void {
    this.#options.onRetry(this.#call, error);
    this.#next(this.#call, (nextError, result) => {
      if (nextError === undefined) this.#done(undefined, result);
      // When nobody is left to try, the caller is told what became of the call, and not that nobody
      // is left.
      else if (nextError.name === "Unavailable" && this.#call.executed !== "no") {
        this.#giveUp(error);
      } else this.failed(nextError);
    });
  }

  #later(delayMs: number, action: () => void): void {
    this.#options.delayedRetries.start(this.#call, delayMs, action, (error) => this.#giveUp(error));
  }

  /** The last error, but with what is known of the execution over all attempts. */
  #giveUp(error: RpcError): void {
    const executed = this.#call.executed;
    if (executed === error.executed) return this.#done(error, undefined);
    const { issues } = error;
    this.#done(
      new RpcError(error.name, error.message, { executed, issues, cause: error }),
      undefined,
    );
  }
}

const order: readonly Executed[] = ["no", "maybe", "yes"];

function worse(one: Executed, other: Executed): Executed {
  return order.indexOf(one) >= order.indexOf(other) ? one : other;
}

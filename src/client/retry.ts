import { Backoff } from "../base/backoff.ts";
import { type ErrorName, type Executed, RpcError } from "../base/errors.ts";
import { attemptsMax } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { TooLongError } from "../wire/message_bound.ts";
import type { Call, Dispatch, Done } from "./call.ts";
import type { DelayedRetries, Line } from "./delayed_retries.ts";
import type { RetryBudget } from "./retry_budget.ts";

/** What the retry layer needs. */
interface RetryOptions {
  readonly random: Random;
  readonly budget: RetryBudget;
  /** Holds the calls that wait before they are sent again. */
  readonly delayedRetries: DelayedRetries;
  /** Whether a connected server may offer the call's method. */
  readonly isOffered: (call: Call) => boolean;
  /**
   * Has a call go past servers that take no message as long. If none is left, returns what to say.
   */
  readonly avoidShort: (call: Call, error: TooLongError) => TooLongError | undefined;
  /** Whether any server's first connection attempt is still under way. */
  readonly isAnyUntried: () => boolean;
  /** Called when a call is sent again. */
  readonly onRetry: (call: Call, error: RpcError) => void;
}

/** Errors after which another server, or the same one a moment later, may succeed. */
const worthAnotherServer: ReadonlySet<ErrorName> = new Set([
  "MethodNotFound",
  "Overloaded",
  "Draining",
  "WorkerLost",
  "ConnectionLost",
]);

/** A call that loses its workers may be what kills them, so it gets one more and no others. */
const workersLostMax = 2;

/** How long failed calls wait for the budget before it is asked again, in milliseconds. */
const budgetWaitMs = 50;

/** How long a call that no connected server can take waits for more of them, each time. */
const newcomerWaitMs = 20;

const refusalBackoff = { baseMs: 20, maxMs: 1_000 };

/**
 * Sends a call again if that is safe: it did not run (`executed: "no"`), or running it twice does
 * no harm. Of the error it reads nothing else but whether another server may succeed.
 *
 * This layer is below the deadline, which covers all attempts together, and above balancing, so
 * that each attempt picks a server anew.
 */
export function withRetry(options: RetryOptions, next: Dispatch): Dispatch {
  const { budget, random } = options;
  const forBudget: Line = {
    mayGoOn: () => budget.spend(),
    pauseMs: () => budgetWaitMs * (0.5 + random()),
  };
  const tried: Done = (error, result, call) => {
    if (error === undefined) call.afterRetry(undefined, result, call);
    else new RetriedCall(options, forBudget, next, call).failed(error);
  };
  return (call, done) => {
    budget.deposit(call.madeAtMs);
    call.afterRetry = done;
    next(call, tried);
  };
}

/** A call after its first failure. Calls that succeed at once do not pay for it. */
class RetriedCall {
  readonly #options: RetryOptions;
  readonly #forBudget: Line;
  readonly #next: Dispatch;
  readonly #call: Call;
  readonly #backoff: Backoff;
  #workersLost = 0;

  constructor(options: RetryOptions, forBudget: Line, next: Dispatch, call: Call) {
    this.#options = options;
    this.#forBudget = forBudget;
    this.#next = next;
    this.#call = call;
    this.#backoff = new Backoff(options.random, refusalBackoff);
  }

  failed(error: RpcError): void {
    const call = this.#call;
    if (call.ended) return;
    call.executed = worse(call.executed, error.executed);
    if (call.stream !== undefined && call.stream.received > 0) {
      // Its caller has got items, and would get them twice.
      call.executed = worse(call.executed, "maybe");
      return this.#giveUp(error);
    }
    if (error instanceof TooLongError) return this.#pastShort(error);
    if (error.name === "WorkerLost" && error.executed !== "no") this.#workersLost++;
    const hopeless = !worthAnotherServer.has(error.name) || call.attempts >= attemptsMax ||
      this.#workersLost >= workersLostMax;
    if (hopeless || error.executed === "yes") return this.#giveUp(error);
    call.failure = error;

    if (call.endpoint !== undefined) {
      // If the call may have run, the error does not tell whether this server offers the method.
      if (error.name === "MethodNotFound" && error.executed === "no") {
        // Another server may offer it, unless all are known to lack it, from any call.
        call.endpoint.lacks(call.method);
        (call.avoid ??= new Set()).add(call.endpoint);
        return this.#askOthers(error);
      }
      (call.avoid ??= new Set()).add(call.endpoint);
    }
    if (error.executed === "no") return this.#again(error);
    // The server that may have run it decides whether it may run again. The next server must agree,
    // which balancing checks.
    const idempotent = call.idempotent ?? call.endpoint?.isIdempotent(call.method);
    if (idempotent) this.#again(error);
    else this.#giveUp(error);
  }

  /**
   * Sends it to a server that takes longer messages. Nothing was sent, so no budget is spent. It is
   * encoded anew, once: what each server takes is known as soon as it is connected, so where none
   * takes as much it waits while more are being connected.
   */
  #pastShort(error: TooLongError): void {
    const call = this.#call;
    if (call.ended) return;
    if (call.attempts >= attemptsMax) return this.#giveUp(error);
    call.failure = error;
    const { avoidShort, isAnyUntried } = this.#options;
    const hopeless = avoidShort(call, error);
    if (hopeless === undefined) this.#send(error);
    else if (isAnyUntried()) this.#later(newcomerWaitMs, () => this.#pastShort(error));
    else this.#giveUp(hopeless);
  }

  /** Sends it to a server that may offer the method, or waits while more are being connected. */
  #askOthers(error: RpcError): void {
    if (this.#call.ended) return;
    const { isOffered, isAnyUntried } = this.#options;
    if (isOffered(this.#call)) this.#again(error);
    else if (isAnyUntried()) this.#later(newcomerWaitMs, () => this.#askOthers(error));
    else this.#giveUp(error);
  }

  #again(error: RpcError): void {
    if (this.#call.ended) return;
    const { budget, delayedRetries } = this.#options;
    // Without budget, an overloaded service must not get more load, so the call fails. The calls of
    // a lost server are only as many as were in flight, so they wait for budget, and none is lost.
    if (error.name === "Overloaded") {
      if (!budget.spendUnderOverload()) return this.#giveUp(error);
      this.#later(this.#backoff.next(), () => this.#send(error));
    } else if (delayedRetries.hasLine || !budget.spend()) {
      const fail = (end: RpcError) => this.#giveUp(end);
      delayedRetries.enter(this.#forBudget, this.#call, () => this.#afford(error), fail);
    } else {
      this.#afford(error);
    }
  }

  /** Sends it again, as the budget allows. */
  #afford(error: RpcError): void {
    if (this.#call.attempts > 1 && error.name !== "MethodNotFound") {
      // It has tried another one already. What takes one server after the other has an end, such as
      // a restart of all or of what is between: its last attempt should come after that.
      this.#later(this.#backoff.next(), () => this.#send(error));
    } else {
      this.#send(error);
    }
  }

  #send(error: RpcError): void {
    this.#options.onRetry(this.#call, error);
    this.#next(this.#call, (nextError, result) => {
      if (nextError === undefined) this.#end(undefined, result);
      // If no server is left, the caller gets the error of the call, and not that there is none.
      else if (nextError.name === "Unavailable" && this.#call.executed !== "no") {
        this.#giveUp(error);
      } else this.failed(nextError);
    });
  }

  #later(delayMs: number, action: () => void): void {
    this.#options.delayedRetries.start(this.#call, delayMs, action, (error) => this.#giveUp(error));
  }

  /** Ends the call with its last error, but with the worst `executed` of all attempts. */
  #giveUp(error: RpcError): void {
    const executed = this.#call.executed;
    if (executed === error.executed) return this.#end(error);
    const { issues } = error;
    this.#end(new RpcError(error.name, error.message, { executed, issues, cause: error }));
  }

  #end(error: RpcError | undefined, result?: unknown): void {
    this.#call.afterRetry(error, result, this.#call);
  }
}

const order: readonly Executed[] = ["no", "maybe", "yes"];

function worse(one: Executed, other: Executed): Executed {
  return order.indexOf(one) >= order.indexOf(other) ? one : other;
}

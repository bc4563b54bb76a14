/** Traces as everything here sees them. Who collects the spans, and how, is the CLI's matter. */

import type { Failure } from "./errors.ts";

/** One call, as one side of it begins it. */
export interface TracedCall {
  /** Which side: the caller, or the server that has it run. */
  readonly side: "client" | "server";
  /** The method's name. */
  readonly method: string;
  /** The service that the method is part of. */
  readonly service: string;
  /** The trace that the call belongs to, as W3C Trace Context writes it; `undefined`: none yet. */
  readonly traceparent: string | undefined;
}

/** How a call ended. */
export interface TracedEnd {
  /** `undefined`: well. */
  readonly error: Failure | undefined;
  /** `host:port` of the server; `undefined` if the call came to none. */
  readonly server: string | undefined;
}

/** A call from its beginning to its end, on one side. */
export interface Span {
  /** To be passed on to whatever is done for the call; `undefined`: there is no trace. */
  readonly traceparent: string | undefined;
  /** Ends the span. To be called once. */
  end(end: TracedEnd): void;
}

/** Makes spans. None of this may throw. */
export interface Tracer {
  /** Begins a span. */
  start(call: TracedCall): Span;
}

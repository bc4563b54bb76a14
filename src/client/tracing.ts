import type { Tracer } from "../base/tracer.ts";
import type { Dispatch } from "./call.ts";

/**
 * Makes one span for each call, and sends it on with the call.
 *
 * This layer is above the deadline, because the span covers what the caller waits for: all attempts
 * and the end by the deadline. A client without a tracer does not have this layer.
 */
export function withClientSpans(
  tracer: Tracer | undefined,
  service: string,
  next: Dispatch,
): Dispatch {
  if (tracer === undefined) return next;
  return (call, done) => {
    const { method, traceparent } = call;
    const span = tracer.start({ side: "client", method, service, traceparent });
    call.traceparent = span.traceparent;
    next(call, (error, result) => {
      span.end({ error, server: call.endpoint?.address });
      done(error, result, call);
    });
  };
}

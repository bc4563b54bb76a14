/**
 * Guards against a program's log or tracer that throws or rejects: it must not cost a connection or
 * a call, and nobody could catch the error here.
 */

import type { Logger } from "../base/log.ts";
import type { Span, Tracer } from "../base/tracer.ts";

/** The same log, whose errors are ignored. */
export function guardedLogger(log: Logger): Logger {
  return {
    debug: (...line) => quietly(() => log.debug(...line)),
    info: (...line) => quietly(() => log.info(...line)),
    warn: (...line) => quietly(() => log.warn(...line)),
    error: (...line) => quietly(() => log.error(...line)),
  };
}

/** The same tracer, whose errors are ignored: a call may then have no span. */
export function guardedTracer(tracer: Tracer | undefined): Tracer | undefined {
  if (tracer === undefined) return undefined;
  return {
    start(call) {
      let span: Span | undefined;
      let { traceparent } = call;
      quietly(() => {
        span = tracer.start(call);
        traceparent = span.traceparent;
      });
      return { traceparent, end: (end) => quietly(() => span?.end(end)) };
    },
  };
}

function quietly(action: () => unknown): void {
  try {
    const done = action();
    if (done instanceof Promise) done.catch(() => {});
  } catch {
    // It is the program's own, which has chosen to hear of it or not.
  }
}

/**
 * What a program has given to be called from in here: a log, a tracer. One that throws, at once or
 * by a promise, is no reason to lose a connection or a call, and nobody could catch it there.
 */

import type { Logger } from "../base/log.ts";
import type { Span, Tracer } from "../base/tracer.ts";

/** The same log, of which no more is heard than that it takes lines. */
export function guardedLogger(log: Logger): Logger {
  return {
    debug: (...line) => quietly(() => log.debug(...line)),
    info: (...line) => quietly(() => log.info(...line)),
    warn: (...line) => quietly(() => log.warn(...line)),
    error: (...line) => quietly(() => log.error(...line)),
  };
}

/** The same tracer; a call that it cannot begin is one without a span. */
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

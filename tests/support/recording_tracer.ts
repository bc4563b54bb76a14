import type { Span, TracedCall, TracedEnd, Tracer } from "../../src/base/tracer.ts";

/**
 * A tracer that keeps what it is told. Its n-th span has the id n, in the trace that the call came
 * with.
 */
export class RecordingTracer implements Tracer {
  readonly started: TracedCall[] = [];
  readonly ended: {
    readonly span: number;
    readonly error: string | undefined;
    readonly server: string | undefined;
  }[] = [];

  start(call: TracedCall): Span {
    const n = this.started.push(call);
    const trace = call.traceparent?.split("-")[1] ?? "a".repeat(32);
    return {
      traceparent: `00-${trace}-${String(n).padStart(16, "0")}-01`,
      end: ({ error, server }: TracedEnd) => {
        this.ended.push({ span: n, error: error?.name, server });
      },
    };
  }
}

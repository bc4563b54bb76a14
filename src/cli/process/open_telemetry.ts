import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span as ApiSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer as ApiTracer,
} from "@opentelemetry/api";
import type { Span, TracedCall, TracedEnd, Tracer } from "../../base/tracer.ts";
import { version } from "../../base/version.ts";

/**
 * Makes OpenTelemetry spans, named by its conventions for JSON-RPC. Deno collects and sends them.
 * This only begins and ends them, since Deno cannot see calls in TCP streams.
 */
export function createTracer(): Tracer {
  const tracer = trace.getTracer("rpc", version);
  return {
    start(call) {
      const { traceparent } = call;
      return traceparent === undefined || isSampled(traceparent)
        ? new CallSpan(tracer, call)
        : { traceparent, end() {} };
    },
  };
}

/** Whether the trace is collected. Otherwise Deno would still make a span, without its parents. */
function isSampled(traceparent: string): boolean {
  return (flagsOf(traceparent) & TraceFlags.SAMPLED) !== 0;
}

function flagsOf(traceparent: string): number {
  return parseInt(traceparent.split("-")[3] ?? "", 16);
}

class CallSpan implements Span {
  readonly #span: ApiSpan;
  readonly traceparent: string | undefined;

  constructor(tracer: ApiTracer, { side, method, service, traceparent }: TracedCall) {
    const attributes = {
      "rpc.system": "jsonrpc",
      "rpc.jsonrpc.version": "2.0",
      "rpc.service": service,
      "rpc.method": method,
    };
    const kind = side === "client" ? SpanKind.CLIENT : SpanKind.SERVER;
    const parent = traceparent === undefined
      ? side === "client" ? context.active() : ROOT_CONTEXT
      : remote(traceparent);
    this.#span = tracer.startSpan(`${service}/${method}`, { kind, attributes }, parent);
    const own = this.#span.spanContext();
    this.traceparent = isSpanContextValid(own)
      ? `00-${own.traceId}-${own.spanId}-${own.traceFlags.toString(16).padStart(2, "0")}`
      // This span is not collected, so the call continues the caller's.
      : traceparent;
  }

  end({ error, server }: TracedEnd): void {
    if (server !== undefined) this.#span.setAttributes(serverAttributes(server));
    if (error !== undefined) {
      this.#span.setAttributes({
        "error.type": error.name,
        "rpc.jsonrpc.error_code": error.code,
        "rpc.jsonrpc.error_message": error.message,
      });
      this.#span.setStatus({
        code: SpanStatusCode.ERROR,
        message: `${error.name}: ${error.message}`,
      });
    }
    this.#span.end();
  }
}

/** The context of the span that a `traceparent` names. */
function remote(traceparent: string): Context {
  const [, traceId = "", spanId = ""] = traceparent.split("-");
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: flagsOf(traceparent),
    isRemote: true,
  });
}

/** `host:port` or `[v6]:port`, in its parts. */
function serverAttributes(server: string): Attributes {
  const colon = server.lastIndexOf(":");
  return {
    "server.address": server.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
    "server.port": Number(server.slice(colon + 1)),
  };
}

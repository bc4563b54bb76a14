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
import { parseHostPort } from "../../base/names/host_port.ts";
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

  constructor(tracer: ApiTracer, call: TracedCall) {
    const { side, method, service, traceparent } = call;
    const attributes = {
      "rpc.system": "jsonrpc",
      "rpc.jsonrpc.version": "2.0",
      "rpc.service": service,
      "rpc.method": method,
    };
    const kind = side === "client" ? SpanKind.CLIENT : SpanKind.SERVER;
    this.#span = tracer.startSpan(`${service}/${method}`, { kind, attributes }, parentOf(call));
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

/** The context of the span that a call is part of. */
function parentOf({ side, traceparent }: TracedCall): Context {
  // What is active in a server may be of another call.
  if (side === "server") return traceparent === undefined ? ROOT_CONTEXT : remote(traceparent);
  const active = context.active();
  if (traceparent === undefined) return active;
  const traceId = trace.getSpanContext(active)?.traceId;
  // Deno makes a span of an HTTP request, below the one that came with it.
  return traceId === traceparent.split("-")[1] ? active : remote(traceparent);
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

function serverAttributes(server: string): Attributes {
  const { host, port } = parseHostPort(server) ?? {};
  return { "server.address": host, "server.port": port };
}

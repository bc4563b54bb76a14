import type { Logger } from "../../base/log.ts";
import type { Tracer } from "../../base/tracer.ts";

/**
 * Where Deno announces that it collects spans: OpenTelemetry's own registry of what is installed.
 */
const installed = Symbol.for("opentelemetry.js.api.1");

/**
 * What makes spans, if whoever started this process wants them (`OTEL_DENO=true`). All others pay
 * for this look, and load nothing.
 */
export async function openTracer(log: Logger): Promise<Tracer | undefined> {
  if (installed in globalThis) {
    const { createTracer } = await import("./open_telemetry.ts");
    return createTracer();
  }
  if (Deno.build.standalone && Deno.env.get("OTEL_DENO") === "true") {
    log.warn(
      "Cannot trace: a binary does only if OTEL_DENO=true was set when it was compiled. " +
        "Run rpc from its source by Deno instead",
    );
  }
  return undefined;
}

import type { Logger } from "../../base/log.ts";
import type { Tracer } from "../../base/tracer.ts";

/** The registry of OpenTelemetry's API, where Deno registers if it collects spans. */
const installed = Symbol.for("opentelemetry.js.api.1");

/** Whether {@link openTracer} has anything to do. */
export function mayTrace(): boolean {
  return installed in globalThis || Deno.env.get("OTEL_DENO") === "true";
}

/** Makes spans if the process was started with `OTEL_DENO=true`. Otherwise nothing is loaded. */
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

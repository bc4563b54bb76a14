/**
 * What this process shows to a collector of OpenTelemetry, mostly a token: its procedures need not
 * know it. Where nothing here traces, these variables are meant for others, and stay.
 */

/** The variables that Deno reads at its start. */
const variables = ["", "_TRACES", "_METRICS", "_LOGS"].map((signal) =>
  `OTEL_EXPORTER_OTLP${signal}_HEADERS`
);

/** The registry of OpenTelemetry's API, where Deno registers if it collects spans. */
const installed = Symbol.for("opentelemetry.js.api.1");

/** The variables that {@link forgetCollectorSecrets} takes out of this process or of a worker. */
export function collectorVariables(): readonly string[] {
  return installed in globalThis ? variables : [];
}

/** An environment for a program that is not to know them: empty ones count as none. */
export function withoutCollectorSecrets(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    collectorVariables().filter((name) => Deno.env.has(name)).map((name) => [name, ""]),
  );
}

/**
 * Takes them out of the environment of this process, in which Deno has read them already, and so
 * from the programs that it starts.
 */
export function forgetCollectorSecrets(): void {
  for (const name of collectorVariables()) Deno.env.delete(name);
}

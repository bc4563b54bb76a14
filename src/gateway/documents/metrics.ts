import type { ClientStats } from "../../client/client_options.ts";
import type { MethodCounts } from "../calls/calls.ts";

/** The counters of a gateway. */
interface GatewayMetrics {
  readonly inFlight: number;
  readonly sockets: number;
  readonly client: ClientStats;
  readonly counts: ReadonlyMap<string, MethodCounts>;
}

/** The content type that Prometheus expects. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** A page for Prometheus. Calls that no server has taken have an empty name. */
export function metricsPage({ inFlight, sockets, client, counts }: GatewayMetrics): string {
  const methods = [...counts];
  return [
    ...metric("rpc_gateway_calls_in_flight", "gauge", "Calls under way", [["", inFlight]]),
    ...metric("rpc_gateway_websockets", "gauge", "Open WebSockets", [["", sockets]]),
    ...metric("rpc_gateway_servers", "gauge", "Servers that calls can be sent to", [[
      "",
      client.connected,
    ]]),
    ...metric("rpc_gateway_retries_total", "counter", "Calls sent again", [["", client.retries]]),
    ...metric(
      "rpc_gateway_calls_total",
      "counter",
      "Calls that have ended, by procedure",
      methods.map(([method, { calls }]) => [`{method=${quoted(method)}}`, calls]),
    ),
    ...metric(
      "rpc_gateway_errors_total",
      "counter",
      "Calls that failed, by procedure and error",
      methods.flatMap(([method, { errors }]) =>
        [...errors].map(([error, count]): [string, number] => [
          `{method=${quoted(method)},error=${quoted(error)}}`,
          count,
        ])
      ),
    ),
    "",
  ].join("\n");
}

function metric(
  name: string,
  type: "gauge" | "counter",
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...values.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}

/** A label's value, with the three escapes of Prometheus. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}

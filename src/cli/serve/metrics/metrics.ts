import { Counter, Gauge, Registry } from "@platformatic/prom-client";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import type { Stats } from "../../../wire/reports/stats.ts";
import { CommandError } from "../../../base/command_error.ts";
import { addressOf, addressToListen, type HostPort } from "../../../base/names/host_port.ts";
import { listenProblem } from "../../../base/system/listen_problem.ts";
import type { HttpAnswer } from "./brief_http.ts";
import { isKnownHost } from "./known_host.ts";
import { MetricsListener } from "./listener.ts";

/** The source of the metrics. It is only read on request, so metrics cost nothing otherwise. */
interface MetricsSource {
  stats(): Stats;
  /** Whether the server is registered and not about to stop. */
  isReady(): boolean;
  /** Whether anybody who reaches its address may call. */
  readonly isOpen?: boolean;
  /** When its keys end, in milliseconds since 1970 UTC; `undefined` without keys. */
  keysEndAtMs?(): number | undefined;
  /** When the registry's certificate ends. @default it has none */
  registryKeysEndAtMs?(): number | undefined;
}

/** A page for Prometheus, and answers for probes, over HTTP. */
export interface MetricsServer {
  /** `host:port` */
  readonly address: string;
  /** Closes at once, also requests under way. */
  close(): void;
}

/**
 * Serves `/metrics` in Prometheus' text format, `/healthz` (200 while the process answers) and
 * `/readyz` (200 when ready, else 503).
 *
 * @throws {CommandError} the address cannot be listened on
 */
export function serveMetrics(
  { host, port }: HostPort,
  source: MetricsSource,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): MetricsServer {
  const page = new MetricsPage();
  const answer = async ({ hostname, pathname }: URL): Promise<HttpAnswer> => {
    if (!isKnownHost(hostname, host)) return text(403, unknownHost(hostname));
    switch (pathname) {
      case "/metrics":
        return { status: 200, type: page.contentType, body: await page.of(source) };
      case "/healthz":
        return text(200, "ok");
      case "/readyz":
        return source.isReady() ? text(200, "ready") : text(503, "not ready");
      default:
        return text(404, "there is /metrics, /healthz and /readyz");
    }
  };
  try {
    return new MetricsListener({ host, port, answer, clock, log });
  } catch (error) {
    throw cannotServe({ host, port }, error);
  }
}

/**
 * Finds out whether {@link serveMetrics} can listen there, before a server is started and announced
 * for nothing.
 *
 * @throws {CommandError} the address cannot be listened on
 */
export function assertCanServeMetrics({ host, port }: HostPort): void {
  try {
    Deno.listen({ hostname: addressToListen(host), port }).close();
  } catch (error) {
    throw cannotServe({ host, port }, error);
  }
}

function cannotServe(place: HostPort, error: unknown): CommandError {
  const reason = listenProblem(error, place);
  return new CommandError(`Cannot serve metrics on ${addressOf(place)}: ${reason}`);
}

function unknownHost(hostname: string): string {
  return `this is not ${hostname}: ask by an address or by this machine's name, ` +
    `or start with --metrics ${hostname}:<port>`;
}

function text(status: HttpAnswer["status"], body: string): HttpAnswer {
  return { status, body: `${body}\n` };
}

/** The metrics of one server, with names and units as Prometheus advises. */
class MetricsPage {
  readonly #registry = new Registry();
  readonly #gauges: Readonly<Record<string, Gauge>>;
  readonly #calls: Counter<"method">;
  readonly #errors: Counter<"method" | "error">;
  readonly #restarts: Counter;
  readonly #latency: Gauge<"method" | "quantile">;

  constructor() {
    const registers = [this.#registry];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    this.#gauges = {
      ready: gauge("rpc_ready", "1 if registered and not draining"),
      draining: gauge("rpc_draining", "1 if new calls are refused, because the server stops"),
      open: gauge("rpc_open", "1 if anybody who reaches the address may call"),
      keysEnd: gauge(
        "rpc_keys_end_timestamp_seconds",
        "When the server's certificate ends; 0 without keys",
      ),
      registryKeysEnd: gauge(
        "rpc_registry_keys_end_timestamp_seconds",
        "When ZooKeeper's certificate ends; 0 if it has shown none of the cluster's",
      ),
      uptime: gauge("rpc_uptime_seconds", "Time since the start"),
      connections: gauge("rpc_connections", "Open connections"),
      inFlight: gauge("rpc_calls_in_flight", "Calls that wait or run, inline ones apart"),
      queued: gauge("rpc_calls_queued", "Calls that wait for a worker"),
      workers: gauge("rpc_workers", "Worker processes that there may be"),
      up: gauge("rpc_workers_up", "Worker processes that take calls"),
      busy: gauge("rpc_workers_busy", "Worker processes that run a call"),
      memory: gauge("rpc_resident_memory_bytes", "Memory of the main process, workers apart"),
    };
    this.#calls = new Counter({
      name: "rpc_calls_total",
      help: "Calls, by procedure",
      labelNames: ["method"],
      registers,
    });
    this.#errors = new Counter({
      name: "rpc_errors_total",
      help: "Calls that failed, by procedure and error",
      labelNames: ["method", "error"],
      registers,
    });
    this.#restarts = new Counter({
      name: "rpc_worker_restarts_total",
      help: "Workers that were replaced",
      registers,
    });
    this.#latency = new Gauge({
      name: "rpc_latency_seconds",
      help: "Latency of the latest calls, from the request read to the answer made",
      labelNames: ["method", "quantile"],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The current page. The server's own counters replace the values of the last page. */
  async of(source: MetricsSource): Promise<string> {
    const { isReady } = source;
    const now = source.stats();
    const values: Record<string, number> = {
      ready: Number(isReady()),
      draining: Number(now.draining),
      open: Number(source.isOpen ?? false),
      keysEnd: (source.keysEndAtMs?.() ?? 0) / 1_000,
      registryKeysEnd: (source.registryKeysEndAtMs?.() ?? 0) / 1_000,
      uptime: now.uptimeMs / 1_000,
      connections: now.connections,
      inFlight: now.inFlight,
      queued: now.queued,
      workers: now.workers.size,
      up: now.workers.up ?? now.workers.size,
      busy: now.workers.busy,
      memory: Deno.memoryUsage().rss,
    };
    for (const [key, gauge] of Object.entries(this.#gauges)) gauge.set(values[key] ?? 0);
    for (const metric of [this.#calls, this.#errors, this.#restarts, this.#latency]) metric.reset();
    this.#restarts.inc(now.workers.restarts);
    for (const [method, { calls, errors, latency }] of Object.entries(now.methods)) {
      this.#calls.inc({ method }, calls);
      for (const [error, count] of Object.entries(errors)) {
        this.#errors.inc({ method, error }, count);
      }
      if (latency === null) continue;
      this.#latency.set({ method, quantile: "0.5" }, latency.p50Ms / 1_000);
      this.#latency.set({ method, quantile: "0.99" }, latency.p99Ms / 1_000);
    }
    const page = await this.#registry.metrics();
    // The package has no summary of what was counted elsewhere, and Prometheus' tools take the
    // label of quantiles for a summary's alone.
    return page.replace(/^(# TYPE rpc_latency_seconds) gauge$/m, "$1 summary");
  }
}

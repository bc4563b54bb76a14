import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { startGateway } from "../support/gateway_process.ts";
import { noPython, python } from "../support/python.ts";
import { source } from "../support/program.ts";
import { RpcHome, type RpcRunOptions } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { onWindows, signalTest } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** A span as OTLP writes it in JSON. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2: server, 3: client. */
  readonly kind: number;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

const serverKind = 2;
const clientKind = 3;
const errorStatus = 2;

/** Takes spans over HTTP, as any collector of OpenTelemetry does. */
class Collector implements AsyncDisposable {
  /** What it wants to see from whoever sends spans. */
  readonly token = "only-for-the-collector";
  readonly #spans: OtlpSpan[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, async (request) => {
      const body = await request.text();
      if (new URL(request.url).pathname !== "/v1/traces") return Response.json({});
      if (request.headers.get("authorization") === `Bearer ${this.token}`) {
        this.#take(JSON.parse(body));
      }
      return Response.json({});
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What tells a process to send its spans here, at once. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${this.token}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "50",
    };
  }

  /** The only span of a kind that is of this name, once it has come. */
  async span(kind: number, name: string): Promise<OtlpSpan> {
    await waitFor(
      () => `a span ${name} of kind ${kind} among ${JSON.stringify(this.#spans)}`,
      () => this.#named(kind, name).length > 0,
    );
    const spans = this.#named(kind, name);
    assert.equal(spans.length, 1, `spans of kind ${kind} named ${name}`);
    return spans[0] as OtlpSpan;
  }

  #named(kind: number, name: string): OtlpSpan[] {
    return this.#spans.filter((span) => span.kind === kind && span.name === name);
  }

  #take(
    { resourceSpans }: { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] },
  ): void {
    for (const { scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) this.#spans.push(...spans);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function attributesOf(span: OtlpSpan): Record<string, unknown> {
  return Object.fromEntries(
    span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}

/** How `rpc` is run to trace: from source, since a binary cannot (ADR 13). */
function tracing(collector: Collector): RpcRunOptions {
  return { env: collector.env, program: source };
}

/** A trace and the span in it that a `traceparent` names. */
function partsOf(traceparent: unknown): string[] {
  return String(traceparent).split("-").slice(1, 3);
}

signalTest(
  "a call gives a span here and one at the server, and its procedure goes on from there (P-62)",
  async () => {
    await using collector = new Collector();
    await using home = await RpcHome.create();
    await Deno.writeTextFile(
      join(home.workingDirectory, "tasks.ts"),
      `import { defineProcedure, z } from "rpc";
     export const where = defineProcedure({ input: z.tuple([]), output: z.any() },
       (_, context) => context.traceparent);`,
    );
    const server = await home.serve(["127.0.0.1", "0", "tasks.ts"], tracing(collector));
    const { stdout, stderr } = await home.run(["call", "where"], tracing(collector));

    const client = await collector.span(clientKind, "rpc/where");
    const served = await collector.span(serverKind, "rpc/where");
    assert.ok((client.parentSpanId ?? "") === "", "the command begins the trace");
    assert.deepEqual([served.traceId, served.parentSpanId], [client.traceId, client.spanId]);
    assert.deepEqual(partsOf(JSON.parse(stdout)), [served.traceId, served.spanId], stderr);
    const [host, port] = server.address.split(":");
    for (const span of [client, served]) {
      const attributes = attributesOf(span);
      assert.deepEqual(
        { ...attributes, "server.port": String(attributes["server.port"]) },
        {
          "rpc.system": "jsonrpc",
          "rpc.jsonrpc.version": "2.0",
          "rpc.service": "rpc",
          "rpc.method": "where",
          "server.address": host,
          "server.port": port,
        },
      );
      assert.notEqual(span.status?.code, errorStatus);
    }

    // Whoever began a trace decides whether spans of it are collected.
    const caller = await connect({ registry: home.registry, timeoutMs: 120_000 });
    for (const flags of ["00", "01"]) {
      const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`;
      const seen = await caller.call("where", [], { traceparent });
      assert.equal(seen === traceparent, flags === "00", `${seen}`);
    }
    await caller.close();

    // A call that fails says so in both.
    await home.run(["call", "fib", "many"], tracing(collector));
    for (const kind of [clientKind, serverKind]) {
      const { status, ...span } = await collector.span(kind, "rpc/fib");
      assert.equal(status?.code, errorStatus);
      assert.match(status?.message ?? "", /^InvalidParams: /);
      assert.equal(attributesOf(span)["error.type"], "InvalidParams");
      assert.equal(Number(attributesOf(span)["rpc.jsonrpc.error_code"]), -32602);
    }

    // What comes over HTTP with a trace is called by a gateway's span of the request.
    const gateway = await startGateway(home, [], tracing(collector));
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert.equal((await gateway.call("ping", [], { traceparent })).status, 200);
    const request = await collector.span(serverKind, "POST");
    assert.equal(request.parentSpanId, "00f067aa0ba902b7");
    assert.equal((await collector.span(clientKind, "rpc/ping")).parentSpanId, request.spanId);
    assert.equal(await server.stop(), 0);
  },
);

Deno.test({
  ...skippedIf(
    noPython,
    "a worker in another language is given the trace, also by a server that makes no spans (P-62)",
  ),
  async fn() {
    await using collector = new Collector();
    await using home = await RpcHome.create();
    await Deno.writeTextFile(
      join(home.workingDirectory, "tasks.py"),
      `
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    result = request.get("meta")
    if request["method"] == "rpc.discover":
        result = {"openrpc": "1.3.2", "info": {"title": "t", "version": "1"},
                  "methods": [{"name": "meta", "params": []}]}
    if "id" in request:
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
`,
    );
    await home.serve(["127.0.0.1", "0", "--no-builtin", "--exec", `${python} tasks.py`]);
    const { stdout, stderr } = await home.run(["call", "meta"], tracing(collector));
    const { traceId, spanId } = await collector.span(clientKind, "rpc/meta");
    assert.deepEqual(partsOf(JSON.parse(stdout)?.traceparent), [traceId, spanId], stderr);
    // Nor is anything of a trace sent that nobody asked for.
    const untraced = JSON.parse((await home.run(["call", "meta"])).stdout);
    assert.equal(untraced?.traceparent, undefined);
  },
});

Deno.test({
  ...skippedIf(
    noPython ?? onWindows,
    "no worker and no program of it knows what the collector wants, and Deno still sends spans",
  ),
  async fn() {
    await using home = await RpcHome.create();
    const put = (name: string, text: string) =>
      Deno.writeTextFileSync(join(home.workingDirectory, name), text);
    const shown = '"env; cat /proc/self/environ 2>&1"';
    put(
      "tasks.ts",
      `export async function seen(url: string) {
         await (await fetch(url + "/seen")).text();
         const { stdout } = await new Deno.Command("sh", { args: ["-c", ${shown}] }).output();
         let own = "";
         try {
           own = JSON.stringify(Deno.env.toObject());
         } catch {
           // In a sandbox.
         }
         return own + new TextDecoder().decode(stdout);
       }`,
    );
    put(
      "tasks.py",
      `import os, subprocess
def seen(url: str) -> str:
    return str(os.environ) + subprocess.run(["sh", "-c", ${shown}], capture_output=True).stdout.decode()
`,
    );
    const sandbox = ["--allow-net=127.0.0.1", "--allow-run=sh"];
    for (const [file = "", ...more] of [["tasks.ts"], ["tasks.py"], ["tasks.ts", ...sandbox]]) {
      await using collector = new Collector();
      const server = await home.serve(["127.0.0.1", "0", file, ...more], tracing(collector));
      const { stdout, stderr } = await home.run(["call", "seen", collector.url]);
      assert.match(stdout, /OTEL_EXPORTER_OTLP_ENDPOINT/, stderr);
      assert.ok(!stdout.includes(collector.token), stdout);
      if (file.endsWith(".ts")) await collector.span(clientKind, "GET");
      assert.equal(await server.stop(), 0);
    }
    // Where nothing traces, the variable is meant for others.
    await using collector = new Collector();
    await home.serve(["127.0.0.1", "0", "tasks.ts"], {
      env: { ...collector.env, OTEL_DENO: "" },
      program: source,
    });
    const { stdout, stderr } = await home.run(["call", "seen", collector.url]);
    assert.ok(stdout.includes(collector.token), stderr);
  },
});

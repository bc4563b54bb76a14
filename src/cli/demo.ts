import { systemClock } from "../base/clock.ts";
import { exitCodes } from "./main.ts";
import { selfCommand } from "./self_command.ts";

const serverCount = 4;
const callCount = 100;

/** The three procedures as the demo calls them. */
const calls: readonly (readonly string[])[] = [["ping", "{i}"], ["pi", "{i}"], ["fib", "32"]];

/**
 * `rpc demo`: servers and clients as real processes, on a registry of their own in a temporary
 * directory, so that it neither sees nor disturbs anybody else's.
 */
export async function run(): Promise<number> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-demo-" });
  const registry = `local:${directory}`;
  const servers: Deno.ChildProcess[] = [];
  try {
    console.log(`${serverCount} servers, with one worker each:`);
    for (let i = 0; i < serverCount; i++) servers.push(startServer(registry));
    for (const line of await Promise.all(servers.map(readyLine))) console.log(`  ${line}`);
    const startedAtMs = systemClock.now();
    const results = await Promise.all(calls.map((call) => runClient(registry, call)));
    for (const { call, code, summary } of results) {
      console.log(
        `\nrpc call ${call.join(" ")} --repeat ${callCount}${code === 0 ? "" : " FAILED"}`,
      );
      console.log(summary.trimEnd().replaceAll(/^/gm, "  "));
    }
    const elapsedMs = systemClock.now() - startedAtMs;
    const failed = results.some(({ code }) => code !== 0);
    console.log(
      failed ? "\nSome calls failed." : `\nAll ${calls.length * callCount} calls were answered, ` +
        `by three clients at once, in ${(elapsedMs / 1_000).toFixed(1)} s.`,
    );
    return failed ? exitCodes.failure : exitCodes.success;
  } finally {
    await Promise.all(servers.map(stop));
    await Deno.remove(directory, { recursive: true });
  }
}

function startServer(registry: string): Deno.ChildProcess {
  const { program, args } = selfCommand([
    ...["serve", "127.0.0.1", "0", "--registry", registry, "--workers", "1"],
    ...["--drain-grace", "0", "--log-level", "warn"],
  ]);
  return new Deno.Command(program, { args: [...args], stdin: "null", stdout: "piped" }).spawn();
}

/** The first line that a server prints: it takes calls then. */
async function readyLine(server: Deno.ChildProcess): Promise<string> {
  let text = "";
  for await (const part of server.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("Cannot start a server: it ended before it was ready");
}

interface ClientResult {
  readonly call: readonly string[];
  readonly code: number;
  readonly summary: string;
}

async function runClient(registry: string, call: readonly string[]): Promise<ClientResult> {
  const { program, args } = selfCommand([
    ...["call", ...call, "--registry", registry, "--repeat", String(callCount)],
  ]);
  const output = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  return { call, code: output.code, summary: new TextDecoder().decode(output.stderr) };
}

async function stop(server: Deno.ChildProcess): Promise<void> {
  try {
    server.kill("SIGTERM");
  } catch {
    // It has ended already.
  }
  await server.status;
}

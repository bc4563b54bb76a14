/**
 * `deno task smoke [binary]`: does this `rpc` work on this machine? A server with a module of its
 * own, calls of each kind, a call that is killed at its deadline, an end by signal. Without a
 * binary: the source. It touches nobody's settings or servers, and takes a few seconds.
 */

import { fileURLToPath } from "node:url";

const decoder = new TextDecoder();
const isWindows = Deno.build.os === "windows";

/** How long anything may take here: far more than it needs. */
const patienceMs = 60_000;

const module = `export function double(n: number): number { return 2 * n; }\n`;

interface Rpc {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

function rpcAt(binary: string | undefined, home: string): Rpc {
  const env = {
    RPC_REGISTRY: `local:${home}/registry`,
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    NO_COLOR: "1",
    ...(isWindows ? { APPDATA: home, LOCALAPPDATA: home } : {}),
  };
  if (binary !== undefined) {
    return { program: Deno.realPathSync(binary), args: [], env: { ...env, HOME: home } };
  }
  const entry = new URL("../main.ts", import.meta.url).href;
  return { program: Deno.execPath(), args: ["run", "-A", "--no-prompt", entry], env };
}

/**
 * Runs `rpc`, and returns what it printed. Throws if its exit code is another, or text is missing.
 */
async function run(
  { program, args, env }: Rpc,
  words: readonly string[],
  expected: { readonly code: number; readonly text: string },
): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args, ...words],
    env,
    stdin: "null",
    signal: AbortSignal.timeout(patienceMs),
  }).output();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  const line = `rpc ${words.join(" ")}`;
  if (code !== expected.code || !text.includes(expected.text)) {
    const wanted = `exit code ${expected.code} and ${JSON.stringify(expected.text)}`;
    throw new Error(`${line}: exit code ${code} in place of ${wanted}\n${text}`);
  }
  console.log(`ok   ${line}: ${text.split("\n")[0]}`);
}

const ctrlBreak = fileURLToPath(new URL("ctrl_break.py", import.meta.url));

/** What runs `ctrl_break.py`; `undefined` if there is no Python. */
async function findPython(): Promise<string | undefined> {
  for (const program of ["python", "python3"]) {
    try {
      const { success } = await new Deno.Command(program, { args: ["--version"] }).output();
      if (success) return program;
    } catch {
      // No program of that name.
    }
  }
  return undefined;
}

async function smoke(rpc: Rpc, home: string): Promise<void> {
  await run(rpc, ["--version"], { code: 0, text: "rpc " });
  const path = `${home}/smoke_module.ts`;
  await Deno.writeTextFile(path, module);
  const words = [...rpc.args, "serve", "127.0.0.1", "0", path, "--workers", "1"];
  const breaker = isWindows ? await findPython() : undefined;
  const server = new Deno.Command(breaker ?? rpc.program, {
    args: breaker === undefined ? words : [ctrlBreak, rpc.program, ...words],
    env: rpc.env,
    stdin: breaker === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let code: number | undefined;
  const ended = server.status.then((status) => code = status.code);
  const limit = setTimeout(() => server.kill("SIGKILL"), 5 * patienceMs);
  try {
    const reader = server.stdout.getReader();
    const { value } = await reader.read();
    const ready = decoder.decode(value);
    if (!ready.startsWith("ready 127.0.0.1:")) throw new Error(`It is not ready: ${ready}`);
    console.log(`ok   ${ready.trimEnd()}`);
    await run(rpc, ["call", "ping", "{i}", "--repeat", "3"], { code: 0, text: `"pong 3"` });
    await run(rpc, ["call", "fib", "20"], { code: 0, text: "6765" });
    await run(rpc, ["call", "double", "21"], { code: 0, text: "42" });
    await run(rpc, ["call", "fib", "78", "--timeout", "500"], {
      code: 1,
      text: "DeadlineExceeded",
    });
    await run(rpc, ["call", "fib", "20"], { code: 0, text: "6765" });
    if (breaker !== undefined) await server.stdin.close();
    else server.kill("SIGTERM");
    await ended;
    if (isWindows && breaker === undefined) {
      // A signal ends a process there as SIGKILL does, and the registry must see that too.
      console.log("not tried: Ctrl-Break, which needs Python. The server was ended at once");
    } else {
      const signal = isWindows ? "Ctrl-Break" : "SIGTERM";
      if (code !== 0) throw new Error(`${signal}: exit code ${code} in place of 0`);
      console.log(`ok   ${signal}: the server ended with exit code 0`);
    }
    await run(rpc, ["call", "ping", "--timeout", "1000"], { code: 1, text: "Unavailable" });
    await reader.cancel();
  } finally {
    clearTimeout(limit);
    if (code === undefined && breaker !== undefined) await server.stdin.close().catch(() => {});
    else if (code === undefined) server.kill("SIGKILL");
    await ended;
  }
}

if (import.meta.main) {
  const home = await Deno.makeTempDir({ prefix: "rpc_smoke_" });
  try {
    await smoke(rpcAt(Deno.args[0], home), home);
  } catch (error) {
    console.error(`FAILED ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** The program as a binary, and an empty program as one, onto the same base. */

import { getBase } from "../../tasks/base.ts";
import { binaries } from "../../tasks/compile.ts";
import { type Command, runToEnd } from "./child.ts";
import { onClientCore } from "./cores.ts";
import { pathOf } from "./deno_command.ts";

/** Which binary is measured. @default that of `deno task compile`, if there is one */
const variable = "RPC_BENCH_BINARY";

/**
 * The binary that is there for this machine.
 *
 * @throws {Error} there is none, with what to do
 */
export async function ownBinary(): Promise<string> {
  const named = Deno.env.get(variable);
  if (named !== undefined) return named;
  const name = binaries[Deno.build.target];
  if (name === undefined) throw new Error(`no binary is made for ${Deno.build.target}`);
  const path = pathOf(`../../dist/${name}`);
  try {
    await Deno.stat(path);
    return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`no binary: deno task compile makes one, or ${variable} names one`);
  }
}

/** An empty file, compiled as the program is, until it is not needed any more. */
export async function emptyBinary(): Promise<{ readonly command: Command } & AsyncDisposable> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-bench-" });
  const dispose = () => Deno.remove(directory, { recursive: true });
  try {
    const { path } = await getBase({ target: Deno.build.target, directory });
    const [source, output] = [`${directory}/empty.js`, `${directory}/empty`];
    await Deno.writeTextFile(source, "");
    await runToEnd({
      program: Deno.execPath(),
      args: ["compile", "--no-config", "--no-code-cache", "--output", output, source],
      env: { DENORT_BIN: path },
    });
    const program = Deno.build.os === "windows" ? `${output}.exe` : output;
    return { command: await onClientCore({ program, args: [] }), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * How a file of Python functions is served: by an interpreter that is handed our adapter, which
 * loads the file and answers as any worker does
 * (docs/adr/0028-python-files-by-an-embedded-adapter.md).
 */

import { exists } from "../../base/paths.ts";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import type { WorkerCommand } from "../process/worker_command.ts";
import values from "./rpc_values.py" with { type: "text" };
import hints from "./rpc_hints.py" with { type: "text" };
import procedures from "./rpc_procedures.py" with { type: "text" };
import worker from "./rpc_worker.py" with { type: "text" };

/** Each imports only from those before it. */
const adapter = {
  rpc_values: values,
  rpc_hints: hints,
  rpc_procedures: procedures,
  rpc_worker: worker,
};

/**
 * Where the adapter stands in the environment: it leaves no file behind, and a command line that
 * can be read.
 */
const variable = "RPC_PYTHON_ADAPTER";

/**
 * Runs on every Python, so that an old one can say so. What lies in the working directory must not
 * pass for a module of the standard library.
 */
const bootstrap = `import sys
if sys.version_info < (3, 8): sys.exit('Python %d.%d is too old: 3.8 is the oldest' % sys.version_info[:2])
sys.path = [path for path in sys.path if path]
import base64, json, os, types, zlib
text = zlib.decompress(base64.b64decode(os.environ.pop('${variable}'))).decode()
for name, text in json.loads(text).items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, '<rpc>/' + name + '.py', 'exec'), module.__dict__)
sys.modules['rpc_worker'].main(sys.argv[1])
`;

/**
 * How to start a worker that serves a file.
 *
 * @param module a path or a `file:` URL
 * @param interpreter the program, and its first arguments. @default that of `.venv` beside the
 * file, or the system's
 */
export function pythonCommand(module: string, interpreter?: readonly string[]): WorkerCommand {
  const path = module.startsWith("file:") ? fileURLToPath(module) : resolve(module);
  const [program = "", ...args] = interpreter ?? interpreterBeside(path);
  const packed = deflateSync(JSON.stringify(adapter)).toString("base64");
  return { program, args: [...args, "-c", bootstrap, path], env: { [variable]: packed } };
}

function interpreterBeside(path: string): readonly string[] {
  const isWindows = Deno.build.os === "windows";
  const inside = isWindows ? ["Scripts", "python.exe"] : ["bin", "python"];
  const own = join(dirname(path), ".venv", ...inside);
  if (exists(own)) return [own];
  // The launcher: `python3` on Windows may be a link that only opens a shop.
  return isWindows ? ["py", "-3"] : ["python3"];
}

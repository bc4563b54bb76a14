/**
 * Serves a file of Python functions: a Python interpreter runs our adapter, which loads the file
 * and answers like any worker (docs/adr/0028-python-files-by-an-embedded-adapter.md).
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import type { WorkerCommand } from "../process/worker_command.ts";
import { defaultInterpreter } from "./default_interpreter.ts";
import values from "./rpc_values.py" with { type: "text" };
import models from "./rpc_models.py" with { type: "text" };
import hints from "./rpc_hints.py" with { type: "text" };
import procedures from "./rpc_procedures.py" with { type: "text" };
import worker from "./rpc_worker.py" with { type: "text" };

/** The adapter's modules. Each imports only from those before it. */
const adapter = {
  rpc_values: values,
  rpc_models: models,
  rpc_hints: hints,
  rpc_procedures: procedures,
  rpc_worker: worker,
};

/**
 * The environment variable with the adapter: so there is no temporary file, and the command line
 * stays readable.
 */
const variable = "RPC_PYTHON_ADAPTER";

/**
 * It runs on every Python version, so that an old one can be reported. Files in the working
 * directory must not replace modules of the standard library.
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
 * The command of a worker that serves a file.
 *
 * @param module a path or a `file:` URL
 * @param interpreter the program, with arguments. @default that of {@link defaultInterpreter}
 */
export function pythonCommand(module: string, interpreter?: readonly string[]): WorkerCommand {
  const path = module.startsWith("file:") ? fileURLToPath(module) : resolve(module);
  const [program = "", ...args] = interpreter ?? defaultInterpreter(path);
  const packed = deflateSync(JSON.stringify(adapter)).toString("base64");
  return { program, args: [...args, "-c", bootstrap, path], env: { [variable]: packed } };
}

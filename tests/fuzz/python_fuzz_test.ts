/** What a server hands on to a file in Python: whatever it takes from a stranger. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
import { encodeRequest } from "../../src/wire/codec.ts";
import * as fc from "../support/fast_check.ts";
import { python } from "../support/python.ts";
import { textNear } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";

/** Reads lines of hexadecimal digits as the adapter reads its server's, and tells how it went. */
const program = `
import json, sys
from rpc_values import Unfit, check_numbers, read, write
for line in sys.stdin:
    try:
        value = read(bytes.fromhex(line))
        check_numbers(value)
        print(json.dumps(["read", json.loads(write(value))]), flush=True)
    except Unfit as unfit:
        print(json.dumps(["unfit", str(unfit)]), flush=True)
    except BaseException as error:
        print(json.dumps(["broken", repr(error)[:200]]), flush=True)
`;

const request = '{"jsonrpc":"2.0","id":7,"method":"fib","params":[32,"x\\u00e9",-1.5e3,[{}]]}';

/** A Python that is asked, one question after the other. */
class Asked {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor() {
    const adapter = fileURLToPath(new URL("../../src/workers/python", import.meta.url));
    this.#child = new Deno.Command(python as string, {
      args: ["-c", program],
      env: { PYTHONPATH: adapter, PYTHONDONTWRITEBYTECODE: "1" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async ask(line: string): Promise<[kind: string, value: unknown]> {
    const hex = new TextEncoder().encode(line).toHex();
    await this.#writer.write(new TextEncoder().encode(`${hex}\n`));
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#answers.read();
      assert.ok(!done, "Python has ended");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const answer = JSON.parse(this.#text.slice(0, end));
    this.#text = this.#text.slice(end + 1);
    return answer;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}

let asked: Asked | undefined;

if (python !== undefined) {
  fuzz(
    "what a server takes is read in Python, or said to be more than it can hold",
    fc.oneof(
      textNear(request),
      fc.json({ maxDepth: 3 }).map((json) =>
        `{"jsonrpc":"2.0","id":1,"method":"m","params":[${json}]}`
      ),
    ),
    async (line) => {
      const taken = decodeRequest(line);
      if (taken instanceof BadMessage || "length" in taken) return;
      asked ??= new Asked();
      const [kind, value] = await asked.ask(encodeRequest(1, taken.method, taken.params).trimEnd());
      assert.ok(kind === "read" || kind === "unfit", `${kind}: ${value}`);
    },
    () => asked?.close(),
  );
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { noPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Numbers as somebody may write them, and how they come back, or that they are refused. */
const numbers: readonly (readonly [written: string, fromScript: string, fromPython: string])[] = [
  ["9007199254740992", "9007199254740992", "9007199254740992"],
  ["9007199254740993", "refused", "9007199254740993"],
  ["9007199254740993.0", "refused", "refused"],
  ["9007199254740993e0", "refused", "refused"],
  ["-90071992547409930E-1", "refused", "refused"],
  ["123456789012345678", "refused", "123456789012345678"],
  ["9.2233720368547758e+18", "9223372036854776000", "9.223372036854776e+18"],
  ["1e400", "refused", "refused"],
  ["0.1e-400", "refused", "refused"],
  ["5e-324", "5e-324", "5e-324"],
  ["0.1000000000000000055511151231257827", "0.1", "0.1"],
  ["1.0", "1", "1.0"],
  ["1e0", "1", "1.0"],
  ["-0", "0", "0"],
  ["0e400", "0", "0.0"],
];

/** Requests whose parameter is, or begins with, a number. */
const requests = (number: string) => [
  `{"jsonrpc":"2.0","id":1,"method":"echo","params":[${number}]}`,
  `{"jsonrpc":"2.0","id":1,"method":"echo","params":[${number}],"meta":{"timeoutMs":60000}}`,
  `{ "method": "echo", "params": [ ${number} ], "id": "a", "jsonrpc": "2.0" }`,
  `{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":${number}}}`,
  `[{"jsonrpc":"2.0","id":1,"method":"echo","params":[${number}]}]`,
  // Not parsed in the server, and in memory that it shares with its workers.
  ...[400, 40_000].map((length) =>
    `{"jsonrpc":"2.0","id":1,"method":"echo","params":[[${number},"${"x".repeat(length)}"]]}`
  ),
];

/** The number in an answer, as it is written there. */
function outcomeOf(answer: string): string {
  if (answer.includes('"code":-32602')) return "refused";
  const [, number = answer] = /"result":\s*\[?([-+\d.eE]+)/.exec(answer) ?? [];
  return number;
}

const headers = { "content-type": "application/json" };

async function outcomes(lines: Lines, gateway: GatewayProcess, number: string): Promise<string[]> {
  const found: string[] = [];
  for (const request of requests(number)) {
    found.push(outcomeOf(await lines.ask(request)));
    found.push(outcomeOf(await (await gateway.post(request)).text()));
  }
  for (const params of [`[${number}]`, `{"value":${number}}`]) {
    const answer = await gateway.fetch("/call/echo", { method: "POST", body: params, headers });
    const text = await answer.text();
    found.push(answer.status === 400 ? "refused" : text.trim());
  }
  return found;
}

/** A connection on which one line is answered by one. */
class Lines implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #read: ReadableStreamDefaultReader<string>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#read = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async to(hostname: string, port: number): Promise<Lines> {
    return new Lines(await Deno.connect({ hostname, port }));
  }

  async ask(line: string): Promise<string> {
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
    let answer = "";
    while (!answer.endsWith("\n")) {
      const { value } = await this.#read.read();
      assert.ok(value !== undefined, `No answer to ${line.slice(0, 200)}`);
      answer += value;
    }
    return answer;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

Deno.test({
  ...skippedIf(noPython, "a number comes back or is refused, whichever way it takes (P-65)"),
}, async () => {
  await using home = await RpcHome.create();
  const write = (name: string, text: string) =>
    Deno.writeTextFile(join(home.workingDirectory, name), text);
  await write("tasks.ts", "export const echo = (value) => value;\n");
  await write("tasks.py", "def echo(value):\n    return value\n");
  for (const [index, file] of ["tasks.ts", "tasks.py"].entries()) {
    const server = await home.serve(["127.0.0.1", "0", file, "--service", file]);
    const gateway = await startGateway(home, ["--service", file]);
    using lines = await Lines.to(server.host, server.port);
    for (const [number, ...expected] of numbers) {
      const found = await outcomes(lines, gateway, number);
      assert.deepEqual(found, found.map(() => expected[index]), `${number} by ${file}`);
    }
    for (const id of ["9007199254740990.5", "1.00000000000000000001", "9007199254740993"]) {
      const request = `{"jsonrpc":"2.0","id":${id},"method":"echo","params":[1]}`;
      for (const one of [request, request.replaceAll(",", ", "), `[${request}]`]) {
        for (const answer of [await lines.ask(one), await (await gateway.post(one)).text()]) {
          assert.match(answer, /"id":null,.*"code":-32600/, id);
        }
      }
    }
    const own = await lines.ask('{"jsonrpc":"2.0","id":1e0,"method":"echo","params":[1]}');
    assert.match(own, /"id":1,/);
  }
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";

const padding = "x".repeat(1_000);

/** One line of a client's, and what it is answered. */
type Case = readonly [params: string, id: number | null, code: number | undefined];

/** Of what is long the server knows only where it begins and ends. */
const cases: readonly Case[] = [
  [`["${padding}",1]`, 5, undefined],
  [`["${padding}", 1.0 ]`, 5, undefined],
  [`["${padding}",]`, null, -32700],
  [`["${padding}",1e]`, null, -32700],
  [`["${padding}",[}]`, null, -32700],
  [`["${padding}\u0001"]`, null, -32700],
  [`["${padding}"],"id":9,"x":[]`, 9, undefined],
  [`["${padding}"],"method":"ping","params":[]`, 5, undefined],
  [`["${padding}"]]`, null, -32700],
  [`["${padding}"`, null, -32700],
  [`[${"[".repeat(70)}"${padding}"${"]".repeat(70)}]`, null, -32700],
];

const workers: [name: string, file: string, text: string][] = [
  ["TypeScript", "tasks.ts", "export const count = (...all: unknown[]) => all.length;"],
  ["Python", "tasks.py", "def count(first, second=None):\n    return 2 if second else 1\n"],
];

for (const [name, file, text] of workers) {
  Deno.test({
    name: `long parameters mean what they mean, also what only looks like their end (${name})`,
    ignore: name === "Python" && python === undefined,
    async fn() {
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.workingDirectory, file), text);
      const server = await home.serve(["127.0.0.1", "0", file, "--workers", "1"]);
      const [hostname = "", port] = server.address.split(":");
      using conn = await Deno.connect({ hostname, port: Number(port) });
      const lines = conn.readable.pipeThrough(new TextDecoderStream()).getReader();
      const writer = conn.writable.getWriter();
      let read = "";
      for (const [params, id, code] of cases) {
        const line = `{"jsonrpc":"2.0","id":5,"method":"count","params":${params}}\n`;
        await writer.write(new TextEncoder().encode(line));
        while (!read.includes("\n")) read += (await lines.read()).value ?? assert.fail("it ended");
        const answer = JSON.parse(read);
        read = "";
        const told = `${params.slice(0, 10)}...${params.slice(-30)}`;
        assert.deepEqual([answer.id, answer.error?.code], [id, code], told);
      }
      const stats = await home.run(["call", "rpc.stats"]);
      assert.equal(JSON.parse(stats.stdout).workers.restarts, 0);
    },
  });
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../../src/mod.ts";
import { noPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Of the second the server never makes text. */
const paddings = ["x".repeat(1_000), "é".repeat(100_000)];

/** Stands for a byte that is never in UTF-8. */
const notUtf8 = "\ufffe";

/** One line of a client's, and what it is answered. */
type Case = readonly [params: string, id: number | null, code: number | undefined];

/** Of what is long the server knows only where it begins and ends. */
const cases: readonly Case[] = paddings.flatMap((padding): Case[] => [
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
  [`["${padding}${notUtf8}"]`, null, -32700],
]);

const workers: [name: string, file: string, text: string][] = [
  ["TypeScript", "tasks.ts", "export const count = (...all: unknown[]) => all.length;"],
  ["Python", "tasks.py", "def count(first, second=None):\n    return 2 if second else 1\n"],
];

function bytesOf(line: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(line);
  const at = line.includes(notUtf8) ? bytes.lastIndexOf(0xef) : -1;
  return at === -1 ? bytes : bytes.fill(0xff, at, at + 3);
}

for (const [name, file, text] of workers) {
  Deno.test({
    ...skippedIf(
      name === "Python" ? noPython : undefined,
      `long parameters mean what they mean, also what only looks like their end (${name})`,
    ),
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
        await writer.write(bytesOf(line));
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

const mixing = `
import { defineProcedure } from "rpc";
import * as z from "zod";
const text = { input: z.tuple([z.string()]), output: z.string(), idempotent: true };
export const io = defineProcedure({ ...text, kind: "io" }, ([given]: [string]) => given);
export const cpu = defineProcedure({ ...text, kind: "cpu" }, ([given]: [string]) => given);
export const slow = defineProcedure({ ...text, kind: "io" }, () => new Promise(() => {}));
`;

Deno.test("very long values of many calls never get mixed up, whatever becomes of the others", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), mixing);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "2"]);
  const clients = await Promise.all(
    [1, 2].map(() => connect({ registry: home.registry, timeoutMs: 120_000 })),
  );
  try {
    const random = seededRandom(16);
    // Of each its own, with what is written in several bytes and what is escaped.
    const textOf = (n: number) => `${n}é"世\\`.repeat(Math.ceil((random() ** 3 * 400_000) / 8));
    let left = 150;
    const lane = async (client: Awaited<ReturnType<typeof connect>>) => {
      while (left-- > 0) {
        const n = left;
        const text = textOf(n);
        if (n % 10 === 0) {
          const gone = client.call("slow", [text], { timeoutMs: 5 });
          await assert.rejects(gone, { name: "DeadlineExceeded" });
        } else {
          const answer = await client.call(n % 3 === 0 ? "cpu" : "io", [text]);
          assert.equal(answer === text, true, `call ${n}`);
        }
      }
    };
    await Promise.all(clients.flatMap((client) => [lane(client), lane(client), lane(client)]));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { type CallReport, connect, serve } from "rpc";
import { type ErrorName, errorTable } from "../../src/base/errors.ts";
import { answering } from "./fixtures/answering_server.ts";
import { shTest } from "../support/posix.ts";

/**
 * A procedure writes a line, and then a call that it makes itself fails. Whatever that call's error
 * says of itself, the procedure ran: its caller is told so, it is run once, and nobody takes the
 * server for a bad one.
 */

/** In the module `other` is the address of a server that answers every call by one error. */
function moduleText(library: string, path: string, other: string): string {
  return `
import { connect, defineProcedure, serve, z } from ${JSON.stringify(library)};

const line = () => Deno.writeTextFileSync(${JSON.stringify(path)}, "ran\\n", { append: true });
const other = () => connect({ registry: ${JSON.stringify(`static:${other}`)} });

export async function order() {
  line();
  await using client = await other();
  return await client.call("pay", [], { timeoutMs: 300 });
}

export async function* follow() {
  line();
  yield 1;
  await using client = await other();
  yield await client.call("pay", [], { timeoutMs: 300 });
}

/**
 * What cannot be is told before there is a call, and is no word of this one's parameters either.
 */
export async function misuse(how: string) {
  line();
  if (how === "the registry") await connect({ registry: "nonsense" });
  if (how === "the service") await connect({ service: "a b" });
  if (how === "a number") await connect({ timeoutMs: NaN });
  await serve({ builtin: true, workers: -1 });
}

export const atOnce = defineProcedure(
  { input: z.tuple([]), output: z.unknown(), kind: "io" },
  () => order(),
);
`;
}

async function linesOf(path: string): Promise<number> {
  return (await Deno.readTextFile(path)).split("\n").length - 1;
}

function told({ error }: CallReport): unknown[] {
  return [error?.name, error?.executed];
}

const nested = (Object.keys(errorTable) as ErrorName[]).filter((name) => name !== "InternalError");

Deno.test("a procedure whose own call fails ran once, is told as an InternalError that names it, and its server stays", async () => {
  const directory = await Deno.makeTempDir();
  await using other = answering();
  const path = join(directory, "ran");
  const module = join(directory, "tasks.ts");
  try {
    await Deno.writeTextFile(
      module,
      moduleText(import.meta.resolve("../../src/mod.ts"), path, other.address),
    );
    const registry = `local:${join(directory, "registry")}`;
    await using _one = await serve({ module, registry, workers: 1 });
    await using _two = await serve({ module, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    for (const name of nested) {
      other.error = { code: errorTable[name].code, message: "told by another" };
      for (const method of ["order", "atOnce", "follow"]) {
        await Deno.writeTextFile(path, "");
        const stream = method === "follow" ? client.stream(method) : undefined;
        const report = await (stream?.report ?? client.report(method));
        assert.deepEqual(told(report), ["InternalError", "yes"], `${method}: ${name}`);
        assert.match(report.error?.message ?? "", /failed: \w+: /);
        assert.equal(await linesOf(path), 1, `${method}: ${name}`);
        assert.equal(report.attempts, 1);
      }
    }
    for (const how of ["the registry", "the service", "a number", "a server"]) {
      const report = await client.report("misuse", [how]);
      assert.deepEqual(told(report), ["InternalError", "yes"], how);
      assert.match(report.error?.message ?? "", /misuse failed: InvalidParams: /);
    }
    assert.deepEqual(client.stats, { retries: 0, ejections: 0, connected: 2, reached: true });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

shTest(
  "a worker in another language that passes another call's error on ran once, and never says no",
  async () => {
    const directory = await Deno.makeTempDir();
    const path = join(directory, "ran");
    const worker = join(directory, "worker.sh");
    await Deno.writeTextFile(worker, shellWorker);
    try {
      const registry = `local:${join(directory, "registry")}`;
      const exec = ["sh", worker, path];
      const options = { exec, registry, workers: 1 };
      await using _one = await serve(options);
      await using _two = await serve(options);
      await using client = await connect({ registry, timeoutMs: 120_000 });
      for (const name of Object.keys(errorTable) as ErrorName[]) {
        await Deno.writeTextFile(path, "");
        const { code } = errorTable[name];
        const report = await client.report("order", [{ code, message: "x", executed: "no" }]);
        const toldName = name === "InvalidParams" ? name : "InternalError";
        assert.deepEqual(told(report), [toldName, "maybe"], name);
        if (!own.has(name)) assert.match(report.error?.message ?? "", new RegExp(name));
        assert.equal(await linesOf(path), 1, name);
      }
      for (
        const [code, name, executed] of [[-32602, "InvalidParams", "yes"], [
          1,
          "InternalError",
          "maybe",
        ]] as const
      ) {
        const report = await client.report("order", [{ code, message: "x", executed }]);
        assert.deepEqual(told(report), [name, executed], "its own words stand");
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

/** What a worker says in its own name. */
const own: ReadonlySet<ErrorName> = new Set(["InvalidParams", "InternalError"]);

/** Answers `order` by the error that its only parameter describes. */
const shellWorker = `
trap '' INT
while read -r line; do
  id=$(printf '%s\\n' "$line" | sed -n 's/^{"jsonrpc":"2.0","id":\\([0-9]*\\),.*/\\1/p')
  code=$(printf '%s\\n' "$line" | sed -n 's/.*"code":\\(-*[0-9]*\\),.*/\\1/p')
  executed=$(printf '%s\\n' "$line" | sed -n 's/.*"executed":"\\([a-z]*\\)".*/\\1/p')
  case $line in
    *rpc.discover*)
      outcome='"result":{"openrpc":"1.3.2","info":{"title":"t","version":"1"},"methods":[{"name":"order","params":[{"name":"error"}]}]}'
      ;;
    *)
      echo ran >>"$1"
      outcome='"error":{"code":'$code',"message":"x","data":{"executed":"'$executed'"}}'
      ;;
  esac
  if [ -n "$id" ]; then printf '{"jsonrpc":"2.0","id":%s,%s}\\n' "$id" "$outcome"; fi
done
`;

import { Client } from "../client/client.ts";
import { type OpenRpcMethod, openRpcSchema } from "../procedures/openrpc.ts";
import { reservedMethods } from "../wire/reserved.ts";
import type { CommandInput } from "./command.ts";
import type { methodsFlags } from "./commands.ts";
import { onInterrupt } from "./interrupt.ts";
import { exitCodes } from "./main.ts";
import { plainLogger } from "./plain_logger.ts";
import { openRegistry } from "./registry.ts";

/** `rpc methods` */
export async function run({ flags }: CommandInput<typeof methodsFlags>): Promise<number> {
  const log = plainLogger(flags.verbose);
  const discovery = await openRegistry(flags, log);
  const client = new Client({ discovery, service: flags.service, timeoutMs: flags.timeout, log });
  const interrupt = onInterrupt();
  try {
    const { signal } = interrupt;
    const document = openRpcSchema.parse(
      await client.call(reservedMethods.discover, undefined, { signal }),
    );
    const methods = document.methods.toSorted((one, other) => one.name < other.name ? -1 : 1);
    if (flags.json) { for (const method of methods) console.log(JSON.stringify(method)); }
    else console.log(await toTable(methods));
    return exitCodes.success;
  } finally {
    interrupt.release();
    client.close();
    await discovery.close();
  }
}

async function toTable(methods: readonly OpenRpcMethod[]): Promise<string> {
  const { formatTable } = await import("./table.ts");
  return formatTable(
    ["method", "runs", "may run twice", "description"],
    methods.map((method) => [
      signatureOf(method),
      method["x-kind"],
      method["x-idempotent"] ? "yes" : "no",
      method.summary ?? method.description ?? "",
    ]),
  );
}

/** A method as it is called: `fib(n: integer)`, with `?` after what may be left out. */
function signatureOf(method: OpenRpcMethod): string {
  const params = method.params.map(({ name, required, schema }) =>
    `${name}${required ? "" : "?"}: ${typeOf(schema)}`
  );
  return `${method.name}(${params.join(", ")})`;
}

function typeOf(schema: boolean | Readonly<Record<string, unknown>>): string {
  return typeof schema === "object" && typeof schema.type === "string" ? schema.type : "any";
}

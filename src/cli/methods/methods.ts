import { noMethodText } from "../../base/names/nearest.ts";
import { Client } from "../../client/client.ts";
import type { OpenRpcDocument, OpenRpcMethod } from "../../procedures/openrpc.ts";
import type { CommandInput } from "../syntax/command.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import type { methodsFlags } from "./flags.ts";
import { discoverAll } from "../../library/survey/discover.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { unlessInterrupted } from "../process/unless_interrupted.ts";
import { printLine } from "../../terminal/stdout.ts";
import { methodText, signatureOf } from "./method_text.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { plainLine, plainText, recordLine } from "../../base/values/plain_text.ts";
import { openCommandRegistry, openTransport } from "../registry.ts";

/** `rpc methods [name]` */
export async function run(
  { flags, positionals: [name] }: CommandInput<typeof methodsFlags>,
): Promise<number> {
  const log = plainLogger(flags.verbose);
  const transport = await openTransport(flags, log);
  const discovery = await openCommandRegistry(flags, log);
  const { service, timeout: timeoutMs } = flags;
  const client = new Client({ discovery, transport, service, timeoutMs, log });
  const interrupt = onInterrupt();
  try {
    const { signal } = interrupt;
    const document = discoverAll(client, discovery, transport, service, signal);
    return await unlessInterrupted(print(document, name, flags.json), signal);
  } finally {
    interrupt.release();
    client.close();
    await discovery.close();
  }
}

async function print(
  document: Promise<OpenRpcDocument>,
  name: string | undefined,
  json: boolean,
): Promise<number> {
  const methods = wanted((await document).methods, name);
  if (json) { for (const method of methods) printLine(recordLine(method)); }
  else if (name !== undefined) {
    printLine(plainText(methods.map((one) => methodText(one)).join("\n")));
  } else printLine(await toTable(methods));
  return exitCodes.success;
}

/**
 * All methods by name, or the one that is asked for.
 *
 * @throws {CommandError} there is none of that name
 */
function wanted(methods: readonly OpenRpcMethod[], name: string | undefined): OpenRpcMethod[] {
  if (name === undefined) return methods.toSorted((one, other) => one.name < other.name ? -1 : 1);
  const found = methods.filter((method) => method.name === name);
  if (found.length > 0) return found;
  const names = methods.map((method) => plainLine(method.name));
  throw new CommandError(noMethodText(name, names, "list them: rpc methods"));
}

async function toTable(methods: readonly OpenRpcMethod[]): Promise<string> {
  const { printedTable } = await import("../../terminal/table.ts");
  return printedTable<OpenRpcMethod>(
    [
      { head: "method", cell: (method) => plainLine(signatureOf(method)), cutTo: 28 },
      { head: "runs", cell: (method) => plainLine(method["x-kind"]), dispensable: 2 },
      { head: "idempotent", cell: (method) => method["x-idempotent"] ? "yes" : "no" },
      {
        head: "description",
        cell: ({ summary, description = "" }) => plainLine(firstLineOf(summary ?? description)),
        cutTo: 12,
        dispensable: 1,
      },
    ],
    methods,
  );
}

/** As much of a text as a table has a row for. */
function firstLineOf(text: string): string {
  return text.trimStart().split("\n", 1).join("");
}

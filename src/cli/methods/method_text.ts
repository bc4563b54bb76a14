import { abridged, plainLine } from "../../base/values/plain_text.ts";
import { lineWidth } from "../../terminal/size.ts";
import { displayWidth, padded, wrapped } from "../../terminal/width.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";
import { constraintsOf, exampleOf, typeText } from "./schema_text.ts";
import { shellLines } from "../syntax/shell_word.ts";
import { argumentOf, isNamed } from "../syntax/params.ts";

/**
 * Names of parameters up to this length stand in a column: each row has the width of the longest.
 */
const nameWidthMax = 40;

/** What stands beside these names has at least so many columns, or goes on below them. */
const textWidthMin = 20;

/** A method as it is called: `fib(n: integer)`, with `?` after what may be left out. */
export function signatureOf({ name, params }: OpenRpcMethod): string {
  const list = params.map(({ name, required, schema }) =>
    `${name}${required ? "" : "?"}: ${typeText(schema)}`
  );
  return `${name}(${list.join(", ")})`;
}

/**
 * What is known of a method, in lines without a last LF. A line that nobody would read to its end
 * is cut.
 */
export function methodText(method: OpenRpcMethod, os = Deno.build.os): string {
  let isCut = false;
  const cut = (text: string) => {
    const shown = abridged(text);
    isCut ||= shown !== text;
    return shown;
  };
  const told = (text: string) => plainLine(cut(text));
  const lines = [told(signatureOf(method))];
  for (const text of [method.summary, method.description].filter(Boolean) as string[]) {
    const about = cut(text).split("\n").map((line) => `  ${wrapped(line, lineWidth() - 2, 2)}`);
    lines.push(...about.map((line) => line.trimEnd()));
  }
  const names = method.params.map(({ name }) => name);
  const longest = names.reduce((most, name) => Math.max(most, displayWidth(name)), 0);
  const width = Math.min(Math.max(longest, "idempotent".length), nameWidthMax);
  // What does not fit goes on below itself, if there is room.
  const indent = lineWidth() - width - 4 < textWidthMin ? 4 : width + 4;
  const row = (name: string, text: string) =>
    wrapped(told(`  ${padded(name, width)}  ${text}`.trimEnd()), lineWidth(), indent);
  if (method.params.length > 0) {
    lines.push("", "parameters", ...method.params.map((param) => row(param.name, about(param))));
  }
  lines.push(
    "",
    "call",
    row(method["x-stream"] ? "yields" : "returns", typeText(method.result?.schema ?? true)),
  );
  lines.push(row("runs", places[method["x-kind"]]));
  lines.push(row("idempotent", method["x-idempotent"] ? "yes" : "no"));
  const callers = method["x-callers"];
  if (callers !== undefined) lines.push(row("callers", callers.join(", ") || "nobody"));
  const commands = examples(method).map((words) => shellLines(words, os));
  lines.push("", "example", ...commands.map(({ line }) => `  ${told(line)}`));
  if (commands.some(({ inPowerShell }) => inPowerShell !== undefined)) {
    const others = commands.map(({ line, inPowerShell = line }) => `  ${told(inPowerShell)}`);
    lines.push("", "example in PowerShell", ...others);
  }
  if (isCut) {
    lines.push("", `all of it: ${shellLines(["rpc", "methods", method.name, "--json"], os).line}`);
  }
  return lines.join("\n");
}

const places = {
  inline: "inline: at once, in the server's main process",
  cpu: "cpu: one at a time in a worker",
  io: "io: many at a time in a worker",
};

function about({ required, schema }: OpenRpcMethod["params"][number]): string {
  const words = [typeText(schema), ...constraintsOf(schema), ...(required ? [] : ["optional"])];
  const description = typeof schema === "object" ? schema.description : undefined;
  return words.join(", ") + (typeof description === "string" ? `: ${description}` : "");
}

/** The words of a call by position, and if it has parameters of one by name too. */
function examples({ name, params }: OpenRpcMethod): string[][] {
  const lastRequired = params.findLastIndex(({ required }) => required);
  const values = params.slice(0, Math.max(1, lastRequired + 1))
    .map(({ name, schema }) => [name, exampleOf(schema)] as const);
  const byPosition = callOf(name, values.map(([, value]) => argumentOf(value)));
  if (values.length === 0) return [byPosition];
  const pairs = values.map(([name, value]) => `${name}=${argumentOf(value)}`);
  if (pairs.every(isNamed)) return [byPosition, callOf(name, pairs)];
  const named = JSON.stringify(Object.fromEntries(values));
  return [byPosition, [...callOf(name, []), "--params", named]];
}

/** What begins like a flag is none behind `--`. */
function callOf(method: string, args: readonly string[]): string[] {
  const words = [method, ...args];
  const isFlagLike = words.some((word) => /^-(?!\.?\d)./.test(word));
  return ["rpc", "call", ...(isFlagLike ? ["--"] : []), ...words];
}

import { styleText } from "node:util";
import { addressOf } from "../../base/names/host_port.ts";
import type { ServerRow } from "../../library/survey/server_rows.ts";
import { plainLine } from "../../terminal/plain_text.ts";
import { formatTable } from "../../terminal/table.ts";

/** What one server offers, and how its calls have gone since it started. */
export function methodsLines(row: ServerRow | undefined): string[] {
  if (row === undefined) return ["The server has gone"];
  const { instance, stats, problem } = row;
  const names = new Set([...instance.methods, ...Object.keys(stats?.methods ?? {})]);
  const head = `${styleText("bold", plainLine(addressOf(instance)))}  ${
    styleText("dim", plainLine(instance.id))
  }`;
  if (names.size === 0) {
    return [head, "", problem === undefined ? "It does not tell its methods" : plainLine(problem)];
  }
  const rows = [...names].sort().map((name) => {
    const { calls, errors, latency } = stats?.methods[name] ?? {};
    return [
      plainLine(name),
      calls === undefined ? "-" : String(calls),
      errorsText(errors ?? {}),
      latency ? `${latency.p50Ms.toPrecision(2)} ms` : "-",
      latency ? `${latency.p99Ms.toPrecision(2)} ms` : "-",
    ];
  });
  return [head, "", ...formatTable(["method", "calls", "errors", "p50", "p99"], rows).split("\n")];
}

function errorsText(errors: Readonly<Record<string, number>>): string {
  const some = Object.entries(errors).map(([name, count]) => `${count} ${plainLine(name)}`);
  return some.join(", ") || "0";
}

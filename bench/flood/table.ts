/**
 * Prints what `main.ts --json` has found as the table of docs/FLOODS.md, for `deno fmt` to align:
 *
 *     deno run bench/flood/table.ts < found.json
 */

import { text } from "node:stream/consumers";
import { stdin } from "node:process";
import type { Finding } from "./main.ts";

const found: Finding[] = JSON.parse(await text(stdin));
const ways = Map.groupBy(found, ({ way }) => way);
/** Some ways have a number of connections of their own. */
const counts = [...ways.values()][0]?.map(({ connections }) => connections) ?? [];
const row = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);
row(["what one caller sends", "alone", ...counts.map(connectionsOf)]);
row(Array(counts.length + 2).fill("---"));
for (const [way, findings] of ways) {
  const [{ alone, connections }] = findings as [Finding, ...Finding[]];
  const name = counts.includes(connections) ? way : `${way}, ${connectionsOf(connections)}`;
  row([name, shown(alone), ...findings.map(({ beside }) => shown(beside))]);
}

function connectionsOf(count: number): string {
  return count === 1 ? "1 connection" : `${count} connections`;
}

/** Median and 99th percentile. A caller that got no answer says so. */
function shown({ p50Ms, p99Ms, failed }: Finding["beside"]): string {
  const ms = (value: number) =>
    value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString("en");
  return `${ms(p50Ms)} / ${ms(p99Ms)}${failed > 0 ? ", some failed" : ""}`;
}

import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { painted } from "../../terminal/stdout.ts";
import { counted } from "../../terminal/figure_text.ts";
import { plainLine, recordLine } from "../../base/values/plain_text.ts";
import { displayWidth, ellipsized, fitted, padded } from "../../terminal/width.ts";
import type { TapEvent, TapItem } from "../../wire/reports/tap.ts";

/** Terminals from this width on show the caller, and thousandths of seconds. */
const wideColumns = 120;

/** Terminals from this width on show the server. */
const middleColumns = 70;

/** On narrower terminals a line begins with what differs: the time that it took, and failures. */
const narrowColumns = 60;

/** Widths of the aligned parts of a line. */
const widths = { ms: 10, narrowMs: 8, outcome: 9 };

/** A call as JSON, or the number of calls that were left out. */
export function jsonOf(instance: Instance, item: TapItem): string {
  const server = { server: addressOf(instance), id: instance.id };
  if (!("method" in item)) return recordLine({ ...server, ...item });
  const { atMs, ...rest } = item;
  return recordLine({ time: timeOf(atMs)?.toISOString() ?? null, ...server, ...rest });
}

/** Lines for people. */
export class TapLines {
  /** The width of the widest address so far. */
  #serverWidth = 0;
  #callerWidth = 0;

  /**
   * A call as a line, preceded by a line about left-out calls if there are any; or only that line.
   *
   * @param columns the terminal's width; `undefined`: it is no terminal, so the line is complete
   * and without colours
   */
  of(instance: Instance, item: TapItem, columns: number | undefined): string[] {
    const more = this.#missedLines(item, columns);
    if (!("method" in item)) return more;
    const line = plainLine(this.#parts(instance, item, columns ?? Infinity).join("  "));
    if (columns === undefined) return [...more, line];
    const shown = ellipsized(line, columns);
    return [...more, item.outcome === "ok" ? shown : painted("red", shown)];
  }

  #missedLines({ missed }: TapItem, columns: number | undefined): string[] {
    if (missed === 0) return [];
    const line = `... ${counted(missed, "more call")}, not shown`;
    return [columns === undefined ? line : painted("dim", fitted(line, columns))];
  }

  #parts(instance: Instance, event: TapEvent, columns: number): string[] {
    const { atMs, caller, from, method, params, outcome, message, ms } = event;
    const isWide = columns >= wideColumns;
    const server = addressOf(instance);
    const who = caller ?? from;
    this.#serverWidth = Math.max(this.#serverWidth, displayWidth(server));
    this.#callerWidth = Math.max(this.#callerWidth, displayWidth(who));
    const time = timeOf(atMs)?.toISOString() ?? "-";
    const call = `${method}(${params === null ? "?" : argumentsIn(params)})`;
    const what = message === undefined ? call : `${call}: ${message}`;
    const took = `${ms.toFixed(1)} ms`;
    if (columns < narrowColumns) {
      return [took.padStart(widths.narrowMs), ...(outcome === "ok" ? [] : [outcome]), what];
    }
    return [
      isWide ? time.slice(time.indexOf("T") + 1) : time.slice(time.indexOf("T") + 1, -5),
      took.padStart(widths.ms),
      outcome.padEnd(widths.outcome),
      ...(columns >= middleColumns ? [padded(server, this.#serverWidth)] : []),
      ...(isWide ? [padded(who, this.#callerWidth)] : []),
      what,
    ];
  }
}

/** `[1,2]` as `1,2`, also if it is cut; named parameters unchanged. */
function argumentsIn(params: string): string {
  return params.startsWith("[") ? params.slice(1).replace(/\]$/, "") : params;
}

/** A time of a server's clock; `undefined` if it is invalid. */
function timeOf(wallTimeMs: number): Date | undefined {
  const time = new Date(wallTimeMs);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

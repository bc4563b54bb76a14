import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { painted } from "../../terminal/colour.ts";
import { counted } from "../../terminal/figure_text.ts";
import { jsonLine, plainLine } from "../../terminal/plain_text.ts";
import { displayWidth, ellipsized, fitted, padded } from "../../terminal/width.ts";
import type { TapEvent, TapItem } from "../../wire/reports/tap.ts";

/** A terminal has room for who calls, and for thousandths of a second, from so many columns on. */
const wideColumns = 120;

/** A terminal has room for the server from so many columns on. */
const middleColumns = 70;

/** Columns of the parts of a line that others are to stand below of. */
const widths = { ms: 10, outcome: 9 };

/** A call for programs, or the number of those that are not told. */
export function jsonOf(instance: Instance, item: TapItem): string {
  const server = { server: addressOf(instance), id: instance.id };
  if (!("method" in item)) return jsonLine({ ...server, ...item });
  const { atMs, ...rest } = item;
  return jsonLine({ time: timeOf(atMs)?.toISOString() ?? null, ...server, ...rest });
}

/** Lines for people. */
export class TapLines {
  /** As wide as the widest so far: addresses are of one length, or nearly. */
  #serverWidth = 0;
  #callerWidth = 0;

  /**
   * A call in one line, and one before it if others are not told; or that one alone.
   *
   * @param columns of the terminal; `undefined`: it is none, and the line is whole and has no
   * colours
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
    return [
      isWide ? time.slice(time.indexOf("T") + 1) : time.slice(time.indexOf("T") + 1, -5),
      `${ms.toFixed(1)} ms`.padStart(widths.ms),
      outcome.padEnd(widths.outcome),
      ...(columns >= middleColumns ? [padded(server, this.#serverWidth)] : []),
      ...(isWide ? [padded(who, this.#callerWidth)] : []),
      message === undefined ? call : `${call}: ${message}`,
    ];
  }
}

/** `[1,2]` as `1,2`, cut short or not; named parameters as they are. */
function argumentsIn(params: string): string {
  return params.startsWith("[") ? params.slice(1).replace(/\]$/, "") : params;
}

/** A server's clock may say anything. */
function timeOf(wallTimeMs: number): Date | undefined {
  const time = new Date(wallTimeMs);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

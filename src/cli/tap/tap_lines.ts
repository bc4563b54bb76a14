import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import { painted } from "../../terminal/colour.ts";
import { jsonLine, plainLine } from "../../terminal/plain_text.ts";
import { displayWidth, fitted, padded } from "../../terminal/width.ts";
import type { TapEvent } from "../../wire/reports/tap.ts";

/** A terminal has room for who calls, and for thousandths of a second, from so many columns on. */
const wideColumns = 120;

/** A terminal has room for the server from so many columns on. */
const middleColumns = 70;

/** Columns of the parts of a line that others are to stand below of. */
const widths = { ms: 10, outcome: 9 };

/** A call for programs. */
export function jsonOf(instance: Instance, event: TapEvent): string {
  const { atMs, ...rest } = event;
  return jsonLine({
    time: timeOf(atMs)?.toISOString() ?? null,
    server: addressOf(instance),
    id: instance.id,
    ...rest,
  });
}

/** Lines for people. */
export class TapLines {
  /** As wide as the widest so far: addresses are of one length, or nearly. */
  #serverWidth = 0;
  #callerWidth = 0;

  /**
   * A call in one line, and one before it if others are not told.
   *
   * @param columns of the terminal; `undefined`: it is none, and the line is whole and has no
   * colours
   */
  of(instance: Instance, event: TapEvent, columns: number | undefined): string[] {
    const { outcome, missed } = event;
    const line = plainLine(this.#parts(instance, event, columns ?? Infinity).join("  "));
    const more = missed === 0 ? [] : [`... ${missed} more calls, not shown`];
    if (columns === undefined) return [...more, line];
    const shown = fitted(line, columns);
    return [
      ...more.map((text) => painted("dim", fitted(text, columns))),
      outcome === "ok" ? shown : painted("red", shown),
    ];
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

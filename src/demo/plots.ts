/**
 * The plots of the demo's report, as SVG. Colours are the page's: servers are of class s1 to s4.
 */

import type { ScenarioFigures } from "./figures.ts";
import { demoMethods, type DemoRecord } from "./record.ts";

const width = 900;
const left = 48;
const plotWidth = width - left - 12;

/** How many columns a plot over time has at the most. */
const columnsMax = 120;

/** The least time that a column stands for: a shorter one holds too few calls to say anything. */
const columnMsMin = 250;

/** Calls a second over time, a colour for each server, with joins, losses and scenarios marked. */
export function throughputPlot(record: DemoRecord): string {
  const endMs = Math.max(1, ...record.phases.map(({ endMs }) => endMs ?? 0));
  const columnMs = Math.max(columnMsMin, endMs / columnsMax);
  const counts = Array.from(
    { length: Math.ceil(endMs / columnMs) },
    () => new Array<number>(record.servers.length).fill(0),
  );
  for (const { atMs, server } of record.calls) {
    const column = counts[Math.floor(atMs / columnMs)];
    const index = record.servers.findIndex(({ address }) => address === server);
    if (column?.[index] !== undefined) column[index]++;
  }
  const perSecond = 1_000 / columnMs;
  const max = niceAbove(
    perSecond * Math.max(1, ...counts.map((column) => column.reduce((sum, one) => sum + one, 0))),
  );
  const [top, bottom] = [78, 288];
  const x = (ms: number) => left + plotWidth * ms / endMs;
  const height = (value: number) => (bottom - top) * value / max;
  const bars = counts.flatMap((column, i) => {
    let y = bottom;
    return column.map((count, server) => {
      const barHeight = height(count * perSecond);
      y -= barHeight;
      const barWidth = Math.max(0.5, x((i + 1) * columnMs) - x(i * columnMs) - 0.5);
      return count === 0 ? "" : rect(x(i * columnMs), y, barWidth, barHeight, `s${server + 1}`);
    });
  });
  const phases = record.phases.map(({ scenario, startMs, endMs: phaseEndMs }) =>
    `<line class="axis" x1="${x(startMs)}" x2="${x(startMs)}" y1="20" y2="${bottom}"/>` +
    text((x(startMs) + x(phaseEndMs ?? endMs)) / 2, 16, `scenario ${scenario}`, "middle")
  );
  const marked = record.events.filter(({ kind }) => kind === "join" || kind === "loss");
  const events = marked.map(({ atMs, kind, text: words }, i) => {
    const label = words.replace(/ (at|\().*$/, "").replace("server ", "");
    const y = 34 + 13 * (i % 3);
    const anchor = x(atMs) > width - 90 ? "end" : "start";
    return `<line class="event ${kind}" x1="${x(atMs)}" x2="${
      x(atMs)
    }" y1="${y}" y2="${bottom}"/>` +
      text(x(atMs) + (anchor === "start" ? 3 : -3), y + 9, label, anchor, kind);
  });
  const seconds = niceStep(endMs / 1_000 / 10);
  const ticks: string[] = [];
  for (let second = 0; second * 1_000 <= endMs; second += seconds) {
    ticks.push(text(x(second * 1_000), bottom + 16, `${second} s`, "middle", "quiet"));
  }
  const grid = [0, 0.5, 1].map((share) => {
    const y = bottom - height(share * max);
    return `<line class="axis" x1="${left}" x2="${left + plotWidth}" y1="${y}" y2="${y}"/>` +
      text(left - 6, y + 4, String(share * max), "end", "quiet");
  });
  return svg(bottom + 24, [...grid, ...phases, ...bars, ...events, ...ticks]);
}

/** For each scenario, which server answered how much. */
export function sharePlot(figures: readonly ScenarioFigures[]): string {
  const rowHeight = 30;
  const rows = figures.flatMap(({ scenario, servers }, i) => {
    const y = 6 + i * rowHeight;
    let x = left + 40;
    const full = plotWidth - 40;
    const parts = servers.map(({ server, share }) => {
      const part = rect(x, y, full * share, rowHeight - 8, `s${server.number}`) +
        (share < 0.05 ? "" : text(
          x + full * share / 2,
          y + 15,
          `${server.number}: ${(100 * share).toFixed(0)} %`,
          "middle",
          "on",
        ));
      x += full * share;
      return part;
    });
    return [text(left - 40, y + 15, `scenario ${scenario}`, "start"), ...parts];
  });
  return svg(6 + figures.length * rowHeight, rows);
}

/** For each scenario and procedure, the median and the 99th percentile on a logarithmic axis. */
export function latencyPlot(figures: readonly ScenarioFigures[]): string {
  const all = figures.flatMap(({ latency }) =>
    demoMethods.flatMap((method) => [latency[method].p50Ms, latency[method].p99Ms])
  ).filter((ms) => ms > 0);
  const from = Math.floor(Math.log10(Math.min(1, ...all)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(1, ...all))));
  const [start, end] = [left + 120, left + plotWidth - 30];
  const x = (ms: number) => start + (end - start) * (Math.log10(ms) - from) / (to - from);
  const rowHeight = 18;
  const groupHeight = demoMethods.length * rowHeight + 10;
  const bottom = figures.length * groupHeight + 6;
  const grid: string[] = [];
  for (let power = from; power <= to; power++) {
    const at = x(10 ** power);
    const label = power < 3 ? `${10 ** power} ms` : `${10 ** (power - 3)} s`;
    grid.push(`<line class="axis" x1="${at}" x2="${at}" y1="0" y2="${bottom}"/>`);
    grid.push(text(at, bottom + 14, label, "middle", "quiet"));
  }
  const rows = figures.flatMap(({ scenario, latency }, i) => {
    const top = i * groupHeight + 8;
    return [
      text(left - 40, top + 4 + rowHeight, `scenario ${scenario}`, "start"),
      ...demoMethods.map((method, j) => {
        const { p50Ms, p99Ms } = latency[method];
        const y = top + j * rowHeight;
        const name = text(start - 10, y + 4, method, "end", "quiet");
        if (p50Ms <= 0) return name;
        return `${name}<line class="range" x1="${x(p50Ms)}" x2="${
          x(p99Ms)
        }" y1="${y}" y2="${y}"/>` +
          `<circle class="s1" cx="${
            x(p50Ms)
          }" cy="${y}" r="5"><title>median ${p50Ms} ms</title></circle>` +
          `<circle class="s2" cx="${
            x(p99Ms)
          }" cy="${y}" r="4"><title>p99 ${p99Ms} ms</title></circle>`;
      }),
    ];
  });
  return svg(bottom + 20, [...grid, ...rows]);
}

function svg(height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">\n${
    parts.filter((part) => part !== "").join("\n")
  }\n</svg>`;
}

function rect(x: number, y: number, rectWidth: number, height: number, name: string): string {
  const [left, top, wide, high] = [x, y, rectWidth, height].map((value) => value.toFixed(2));
  return `<rect class="${name}" x="${left}" y="${top}" width="${wide}" height="${high}"/>`;
}

/** `words` must need no escaping. */
function text(x: number, y: number, words: string, anchor: string, name?: string): string {
  const as = name === undefined ? "" : ` class="${name}"`;
  return `<text${as} x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return Math.max(1, step * power);
}

/** A round number above a value, whose half is round too. */
function niceAbove(value: number): number {
  return 2 * niceStep(value / 2);
}

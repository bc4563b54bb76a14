/**
 * The plots of the demo's report, as SVG. Servers are of class s1 to s4.
 */

import {
  dot,
  heightMarks,
  line,
  moment,
  namedNumber,
  niceAbove,
  plot,
  rect,
  text,
  timeMarks,
} from "../report/svg.ts";
import type { ScenarioFigures } from "./figures.ts";
import { demoMethods, type DemoRecord } from "./record.ts";

/** How many columns a plot over time has at the most. */
const columnsMax = 120;

/** The least time that a column covers: a shorter one has too few calls to show a rate. */
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
  const [top, bottom] = [90, 300];
  const x = (ms: number) => 100 * ms / endMs;
  const bars = counts.flatMap((column, i) => {
    let y = bottom;
    return column.map((count, server) => {
      const height = (bottom - top) * count * perSecond / max;
      y -= height;
      const width = Math.min(x(columnMs), 100 - x(i * columnMs));
      return count === 0 ? "" : rect(x(i * columnMs), y, 0.9 * width, height, `s${server + 1}`);
    });
  });
  const phases = record.phases.flatMap(({ scenario, startMs, endMs: phaseEndMs }) => [
    line([x(startMs), 20], [x(startMs), bottom], "axis"),
    namedNumber((x(startMs) + x(phaseEndMs ?? endMs)) / 2, 16, "scenario", scenario),
  ]);
  const marked = record.events.filter(({ kind }) => kind === "join" || kind === "loss");
  const events = marked.map(({ atMs, kind, text: words }, i) => {
    const label = words.replace(/ (at|\().*$/, "").replace("server ", "").replace(
      "is killed",
      "killed",
    );
    return moment(x(atMs), [34 + 13 * (i % 4), bottom], kind, label, { lateFrom: 75 });
  });
  return plot("Calls a second over time", bottom + 24, 40, [
    ...heightMarks(max, top, bottom),
    ...phases,
    ...bars,
    ...events,
    ...timeMarks(endMs, bottom + 16),
  ]);
}

/** For each scenario, the share of the calls that each server answered. */
export function sharePlot(figures: readonly ScenarioFigures[]): string {
  const rowHeight = 30;
  const rows = figures.flatMap(({ scenario, servers }, i) => {
    const y = 6 + i * rowHeight;
    let x = 0;
    const parts = servers.map(({ server, share, percent }) => {
      const part = rect(x, y, 100 * share, rowHeight - 8, `s${server.number}`) +
        (share < 0.05 ? "" : text(
          x + 50 * share,
          y + 15,
          `${server.number}: ${percent} %`,
          { anchor: "middle", name: share < 0.2 ? "on wide" : "on" },
        ));
      x += 100 * share;
      return part;
    });
    return [text(0, y + 15, `scenario ${scenario}`, { dx: -74 }), ...parts];
  });
  return plot("Share of each server", 6 + figures.length * rowHeight, 74, rows);
}

/** For each scenario and procedure, the median and the 99th percentile on a logarithmic axis. */
export function latencyPlot(figures: readonly ScenarioFigures[]): string {
  const all = figures.flatMap(({ latency }) =>
    demoMethods.flatMap((method) => [latency[method].p50Ms, latency[method].p99Ms])
  ).filter((ms) => ms > 0);
  const from = Math.floor(Math.log10(Math.min(1, ...all)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(1, ...all))));
  const x = (ms: number) => 100 * (Math.log10(ms) - from) / (to - from);
  const rowHeight = 18;
  const groupHeight = (demoMethods.length + 1) * rowHeight + 8;
  const bottom = figures.length * groupHeight + 6;
  const grid: string[] = [];
  for (let power = from; power <= to; power++) {
    const at = x(10 ** power);
    const label = power < 3 ? `${10 ** power} ms` : `${10 ** (power - 3)} s`;
    grid.push(line([at, 0], [at, bottom], "axis"));
    grid.push(text(at, bottom + 14, label, { anchor: "middle", name: "quiet" }));
  }
  const rows = figures.flatMap(({ scenario, latency }, i) => {
    const top = i * groupHeight + 12;
    return [
      text(0, top + 4, `scenario ${scenario}`, { dx: -40 }),
      ...demoMethods.map((method, j) => {
        const { p50Ms, p99Ms } = latency[method];
        const y = top + (j + 1) * rowHeight;
        const name = text(0, y + 4, method, { anchor: "end", name: "quiet", dx: -10 });
        if (p50Ms <= 0) return name;
        return name + line([x(p50Ms), y], [x(p99Ms), y], "range") +
          dot(x(p50Ms), y, 5, "s1", `median ${p50Ms} ms`) +
          dot(x(p99Ms), y, 4, "s2", `p99 ${p99Ms} ms`);
      }),
    ];
  });
  return plot("Latency of each procedure", bottom + 20, 44, [...grid, ...rows]);
}

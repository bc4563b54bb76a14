import {
  heightMarks,
  moment,
  niceAbove,
  plot,
  rect,
  text,
  timeMarks,
} from "../../../report/svg.ts";
import { milliseconds } from "../../../terminal/figure_text.ts";
import type { LatencyHistogram } from "../../../terminal/histogram.ts";
import type { ServerChange } from "../../../client/endpoints/endpoint_types.ts";
import type { LoadRecord } from "./load_record.ts";

/** Bins of the histogram: each is wide enough to be seen on a phone. */
const binCount = 40;

/** Most changes of servers with a label in the plot. All have a line, and are in the table. */
const eventsNamedMax = 12;

/** Rows for those words. */
const eventRows = 4;

/** The marks of changes: a server joins or is lost. */
const classes: Readonly<Record<ServerChange, string>> = {
  connected: "join",
  draining: "loss",
  lost: "loss",
};

/** Calls a second over time, a colour for each server, failures above them, changes marked. */
export function ratePlot(record: LoadRecord): string {
  const { stretches, events } = record;
  const endMs = Math.max(1, record.elapsedMs);
  const rates = stretches.map(({ answered, failed, fromMs, toMs }) =>
    [...answered, failed].reduce((sum = 0, calls = 0) => sum + calls, 0) * 1_000 / (toMs - fromMs)
  );
  const max = niceAbove(Math.max(1, ...rates));
  const [top, bottom] = [16 + 13 * eventRows, 280];
  const x = (ms: number) => Math.min(100, 100 * ms / endMs);
  const bars = stretches.flatMap(({ answered, failed, fromMs, toMs }) => {
    let y = bottom;
    const bar = (calls: number, name: string) => {
      const height = (bottom - top) * calls * 1_000 / (toMs - fromMs) / max;
      y -= height;
      return calls === 0 ? "" : rect(x(fromMs), y, 0.9 * (x(toMs) - x(fromMs)), height, name);
    };
    return [
      ...Array.from(answered, (calls = 0, colour) => bar(calls, `s${colour + 1}`)),
      bar(failed, "failed"),
    ];
  });
  const marks = events.map(({ atMs, server, change }, i) => {
    const kind = classes[change];
    const words = i < eventsNamedMax ? `${server} ${change}` : "";
    const place = [4 + 13 * (i % eventRows), bottom] as const;
    return moment(x(atMs), place, kind, words, { lateFrom: 60, name: `${kind} wide` });
  });
  return plot("Calls a second over time", bottom + 24, 52, [
    ...heightMarks(max, top, bottom),
    ...bars,
    ...marks,
    ...timeMarks(endMs, bottom + 16),
  ]);
}

/** The histogram of latencies, in bins whose widths grow by a constant factor. */
export function latencyPlot(latency: LatencyHistogram): string {
  if (latency.count === 0) return "";
  const bins = latency.bins(binCount).filter(({ fromMs, toMs, count }) =>
    count > 0 || toMs > fromMs
  );
  const max = niceAbove(Math.max(...bins.map(({ count }) => count)));
  const [top, bottom] = [8, 200];
  const width = 100 / bins.length;
  const bars = bins.map(({ fromMs, toMs, count }, i) => {
    const height = (bottom - top) * count / max;
    const title = `${milliseconds(fromMs)} to ${milliseconds(toMs)}: ${count}`;
    return count === 0 ? "" : rect(i * width, bottom - height, 0.9 * width, height, "s1", title);
  });
  const step = Math.max(1, Math.ceil(bins.length / 8));
  const labels = bins.flatMap(({ fromMs }, i) => {
    if (i % step !== 0) return [];
    const name = (i / step) % 2 === 0 ? "quiet" : "quiet wide";
    return [text(i * width, bottom + 16, milliseconds(fromMs), { anchor: "middle", name })];
  });
  return plot("How many calls took how long", bottom + 24, 52, [
    ...heightMarks(max, top, bottom),
    ...bars,
    ...labels,
  ]);
}

/** The answers of each server, the most first. */
export function sharesPlot(
  shares: readonly { readonly server: string; readonly calls: number; readonly percent: number }[],
  colourOf: (server: string) => number,
): string {
  const rowHeight = 34;
  const most = Math.max(1, ...shares.map(({ calls }) => calls));
  const rows = shares.flatMap(({ server, calls, percent }, i) => {
    const y = i * rowHeight;
    return [
      text(0, y + 12, `${server}: ${calls} (${percent} %)`),
      rect(0, y + 17, 100 * calls / most, 10, `s${colourOf(server) + 1}`),
    ];
  });
  return plot("What each server answered", shares.length * rowHeight, 0, rows);
}

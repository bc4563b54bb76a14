/** Plots: a line for one figure, and a stack of what several add up to. */

import { svg } from "./dom.js";
import { t } from "./words.js";

/** How many looks a plot goes back. */
export const samplesMax = 120;

const points = (values, top, width, height) =>
  values.map((value, index) => {
    const x = width * (samplesMax - values.length + index) / (samplesMax - 1);
    return `${x.toFixed(1)},${(height - height * value / (top || 1)).toFixed(1)}`;
  });

/** A small line. `draw(values)` draws it anew; the highest value is its top. */
export function sparkline() {
  const line = svg("polyline", { class: "line" });
  const element = svg(
    "svg",
    { viewBox: "0 0 80 20", class: "spark", "aria-hidden": "true", preserveAspectRatio: "none" },
    line,
  );
  return {
    element,
    draw: (values) =>
      line.setAttribute("points", points(values, Math.max(...values), 80, 20).join(" ")),
  };
}

/** Layers past this are drawn as one: no eye tells more apart. */
const layersMax = 12;

/**
 * The cluster's calls a second, a layer a server, with what happened to servers as upright lines.
 *
 * `draw(samples)`: each `{ rates: Map(address to calls/s), events: [{ what, address }] }`.
 */
export function stack() {
  const element = svg("svg", {
    ...{ viewBox: "0 0 800 160", class: "stack", preserveAspectRatio: "none", role: "img" },
    "aria-label": t("Calls per second"),
  });
  return { element, draw: (samples) => element.replaceChildren(...shapesOf(samples)) };
}

function shapesOf(samples) {
  const sums = new Map();
  for (const { rates } of samples) {
    for (const [address, rate] of rates) sums.set(address, (sums.get(address) ?? 0) + rate);
  }
  const biggest = [...sums].sort(([, a], [, b]) => b - a).slice(0, layersMax).map(([one]) => one);
  // In the order of their names, so that a layer stays where it is.
  const layers = biggest.sort();
  const totals = samples.map(({ rates }) => [...rates.values()].reduce((a, b) => a + b, 0));
  const top = Math.max(...totals, 1);
  let floor = samples.map(() => 0);
  const area = (name, heights, fill) => {
    const roof = floor.map((low, index) => low + heights[index]);
    const outline = [
      ...points(roof, top, 800, 160),
      ...points(floor, top, 800, 160).reverse(),
    ];
    floor = roof;
    const shape = svg("polygon", { points: outline.join(" "), fill });
    shape.append(svg("title", {}, name));
    return shape;
  };
  const areas = layers.map((address) =>
    area(address, samples.map(({ rates }) => rates.get(address) ?? 0), colourOf(address))
  );
  const rest = totals.map((total, index) => Math.max(0, total - floor[index]));
  return [
    ...areas,
    ...(rest.some((one) => one > 0) ? [area(t("others"), rest, "#8888")] : []),
    ...marksOf(samples),
  ];
}

function marksOf(samples) {
  return samples.flatMap(({ events }, index) => {
    const x = String(800 * (samplesMax - samples.length + index) / (samplesMax - 1));
    return events.map(({ what, address }) => {
      const mark = svg("line", { x1: x, x2: x, y1: "0", y2: "160", class: `mark ${what}` });
      mark.append(svg("title", {}, `${address} ${t(what)}`));
      return mark;
    });
  });
}

/** A server's own colour, the same each time. */
export function colourOf(address) {
  let hash = 0;
  for (const unit of address) hash = (hash * 31 + unit.charCodeAt(0)) >>> 0;
  return `hsl(${(hash * 137) % 360} 55% 52%)`;
}

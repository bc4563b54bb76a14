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
 * `add(sample)`: `{ rates: Map(address to calls/s), events: [{ what, address }] }`; `draw()`.
 */
export function stack() {
  const areas = svg("g");
  const marks = svg("g");
  const element = svg(
    "svg",
    {
      ...{ viewBox: "0 0 800 160", class: "stack", preserveAspectRatio: "none", role: "img" },
      "aria-label": t("Calls per second"),
    },
    areas,
    marks,
  );
  const samples = [];
  // Kept as samples come and go: all of them anew, of hundreds of servers, would take longer than
  // the drawing.
  const sums = new Map();

  function add({ rates, events }) {
    let total = 0;
    for (const [address, rate] of rates) {
      total += rate;
      const { sum = 0, count = 0 } = sums.get(address) ?? {};
      sums.set(address, { sum: sum + rate, count: count + 1 });
    }
    samples.push({ rates, total, events });
    if (samples.length <= samplesMax) return;
    for (const [address, rate] of samples.shift().rates) {
      const { sum, count } = sums.get(address);
      if (count === 1) sums.delete(address);
      else sums.set(address, { sum: sum - rate, count: count - 1 });
    }
  }

  return {
    element,
    add,
    draw() {
      drawAreas(areas, samples, sums);
      marks.replaceChildren(...marksOf(samples));
    },
  };
}

function drawAreas(areas, samples, sums) {
  const biggest = [...sums].sort(([, a], [, b]) => b.sum - a.sum).slice(0, layersMax)
    .map(([address]) => address);
  const totals = samples.map(({ total }) => total);
  const top = Math.max(...totals, 1);
  let floor = samples.map(() => 0);
  let drawn = 0;
  const area = (name, heights, fill) => {
    const roof = floor.map((low, index) => low + heights[index]);
    const outline = [
      ...points(roof, top, 800, 160),
      ...points(floor, top, 800, 160).reverse(),
    ];
    floor = roof;
    const shape = areas.children[drawn++] ??
      areas.appendChild(svg("polygon", {}, svg("title")));
    shape.setAttribute("points", outline.join(" "));
    if (shape.dataset.name === name) return;
    shape.dataset.name = name;
    shape.setAttribute("fill", fill);
    shape.firstChild.replaceWith(svg("title", {}, name));
  };
  // In the order of their names, so that a layer stays where it is.
  for (const address of biggest.sort()) {
    area(address, samples.map(({ rates }) => rates.get(address) ?? 0), colourOf(address));
  }
  const rest = totals.map((total, index) => Math.max(0, total - floor[index]));
  if (rest.some((one) => one > 0)) area(t("others"), rest, "#8888");
  while (areas.children.length > drawn) areas.lastChild.remove();
}

function marksOf(samples) {
  return samples.flatMap(({ events }, index) => {
    const x = String(800 * (samplesMax - samples.length + index) / (samplesMax - 1));
    return events.slice(0, marksMax).map(({ what, address }) => {
      const mark = svg("line", { x1: x, x2: x, y1: "0", y2: "160", class: `mark ${what}` });
      mark.append(svg("title", {}, `${address} ${t(what)}`));
      return mark;
    });
  });
}

/** Marks of one look: those of more servers would lie over each other. */
const marksMax = 8;

/** A server's own colour, the same each time. */
function colourOf(address) {
  let hash = 0;
  for (const unit of address) hash = (hash * 31 + unit.charCodeAt(0)) >>> 0;
  return `hsl(${(hash * 137) % 360} 55% 52%)`;
}

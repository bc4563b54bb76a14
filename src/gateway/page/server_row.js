/** A server's row in the table. Its cells are made when it comes into view, and changed only then. */

import { el, say, shown } from "./dom.js";
import { sparkline } from "./plots.js";
import { t } from "./words.js";

/** What the table tells of each server. */
export const columns = [
  ...["address", "state", "version", "zone", "weight", "workers busy"],
  ...["calls/s", "p99"],
];

/**
 * A row, of which the address alone is there at first, so that it can be found. `take(server)`
 * takes over how it is; `history` has the `rates` and `latencies` to plot.
 */
export function rowOf({ id, address }, history) {
  const first = el("span", {}, address);
  const element = el("tr", {}, el("td", {}, first));
  element.dataset.id = id;
  let server;
  let drawn;
  let texts;
  let state;
  let rate;
  let latency;

  /** Makes the cells beside the first. */
  function fill() {
    const others = columns.slice(1).map(() => el("span"));
    const cells = others.map((text) => el("td", {}, text));
    rate = sparkline();
    latency = sparkline();
    cells.at(-2).append(rate.element);
    cells.at(-1).append(latency.element);
    element.append(...cells);
    texts = [first, ...others];
    state = cells[0];
  }

  const row = {
    element,
    /** Whether somebody is told when it comes into view. */
    isSeen: false,
    isInView: false,
    take(now) {
      server = now;
      if (row.isInView) row.draw();
    },
    draw() {
      if (drawn === server) return;
      drawn = server;
      if (texts === undefined) fill();
      const { version, zone, weight, busy, size, rate: now, p99Ms, problem } = server;
      const told = [
        ...[server.address, t(server.state), version, zone || "-", String(weight)],
        size === undefined ? "" : `${busy}/${size}`,
        now === undefined ? "" : now.toFixed(0),
        p99Ms === undefined ? "" : `${p99Ms.toFixed(1)} ms`,
      ];
      told.forEach((text, index) => say(texts[index], text));
      const title = shown(problem ?? "");
      if (element.title !== title) element.title = title;
      const className = server.state === "ready" ? "" : "bad";
      if (state.className !== className) state.className = className;
      rate.draw(history.rates);
      latency.draw(history.latencies);
    },
  };
  return row;
}

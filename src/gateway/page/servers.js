/** The table of servers, with a plot of each one's calls and latency, and the cluster's stack. */

import { el, say, shown } from "./dom.js";
import { samplesMax, sparkline, stack } from "./plots.js";
import { t } from "./words.js";

const columns = [
  ...["address", "state", "version", "zone", "weight", "workers busy"],
  ...["calls/s", "p99"],
];

/** Events that are written out under the plot. */
const eventsShown = 6;

/** The section. `take(servers)` takes over what was seen at one look. */
export function serversSection() {
  const body = el("tbody");
  const rows = new Map();
  const samples = [];
  const plot = stack();
  const news = el("ol", { className: "quiet news", "aria-label": t("Servers") });
  // Of hundreds of servers only those in view are drawn.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = rows.get(target.dataset.id);
      if (row === undefined) continue;
      row.isInView = isIntersecting;
      if (isIntersecting) row.draw();
    }
  });
  let isFirst = true;

  function take(servers) {
    const events = [];
    const happened = (what, address) => events.push({ what, address });
    const ids = new Set(servers.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      happened(row.server.state === "draining" ? "left" : "died", row.server.address);
      seen.unobserve(row.element);
      row.element.remove();
      rows.delete(id);
    }
    servers.forEach((server, index) => {
      let row = rows.get(server.id);
      if (row === undefined) {
        row = rowOf(server);
        rows.set(server.id, row);
        if (!isFirst) happened("joined", server.address);
      } else if (server.state === "draining" && row.server.state !== "draining") {
        happened("drains", server.address);
      }
      row.take(server);
      const there = body.children[index];
      if (there !== row.element) {
        body.insertBefore(row.element, there ?? null);
        seen.observe(row.element);
      }
    });
    isFirst = false;
    samples.push({
      rates: new Map(servers.map(({ address, rate }) => [address, rate ?? 0])),
      events,
    });
    if (samples.length > samplesMax) samples.shift();
    plot.draw(samples);
    const total = servers.reduce((sum, { rate }) => sum + (rate ?? 0), 0);
    say(caption, `${t("Calls per second")}: ${total.toFixed(0)}`);
    for (const { what, address } of events) {
      const time = new Date().toLocaleTimeString();
      news.prepend(el("li", { className: what }, `${time} ${address} ${t(what)}`));
    }
    while (news.children.length > eventsShown) news.lastChild.remove();
  }

  const caption = el("figcaption", {}, t("Calls per second"));
  const element = el(
    "section",
    { "aria-label": t("Servers") },
    el("h2", {}, t("Servers")),
    el("figure", {}, caption, plot.element),
    news,
    el(
      "div",
      { className: "scroll", tabIndex: 0, role: "region", "aria-label": t("Servers") },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, t(name)))),
        ),
        body,
      ),
    ),
  );
  return { element, take };
}

function rowOf({ id }) {
  const cells = columns.map(() => el("td"));
  const texts = columns.map(() => el("span"));
  const rate = sparkline();
  const latency = sparkline();
  const rates = [];
  const latencies = [];
  cells.forEach((cell, index) => cell.append(texts[index]));
  cells.at(-2).append(rate.element);
  cells.at(-1).append(latency.element);
  const element = el("tr", {}, ...cells);
  element.dataset.id = id;
  const row = {
    element,
    isInView: false,
    server: undefined,
    take(server) {
      row.server = server;
      rates.push(server.rate ?? 0);
      latencies.push(server.p99Ms ?? 0);
      if (rates.length > samplesMax) {
        rates.shift();
        latencies.shift();
      }
      if (row.isInView) row.draw();
    },
    draw() {
      const { address, state, version, zone, weight, busy, size, rate: now, p99Ms, problem } =
        row.server;
      const told = [
        ...[address, t(state), version, zone || "-", String(weight)],
        size === undefined ? "" : `${busy}/${size}`,
        now === undefined ? "" : now.toFixed(0),
        p99Ms === undefined ? "" : `${p99Ms.toFixed(1)} ms`,
      ];
      told.forEach((text, index) => say(texts[index], text));
      element.title = shown(problem ?? "");
      cells[1].className = state === "ready" ? "" : "bad";
      rate.draw(rates);
      latency.draw(latencies);
    },
  };
  return row;
}

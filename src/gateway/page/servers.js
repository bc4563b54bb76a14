/** The table of servers, with a plot of each one's calls and latency, and the cluster's stack. */

import { el, onFrame, say } from "./dom.js";
import { samplesMax, stack } from "./plots.js";
import { columns, rowOf } from "./server_row.js";
import { t } from "./words.js";

/** Events that are written out under the plot. */
const eventsShown = 6;

/** Rows that are made in one frame: of hundreds each next part waits for the one before. */
const rowsPerFrame = 50;

/** The section. `take(servers)` takes over what was seen at one look. */
export function serversSection() {
  const body = el("tbody");
  const rows = new Map();
  const histories = new Map();
  const plot = stack();
  const news = el("ol", { className: "quiet news", "aria-label": t("Servers") });
  const caption = el("figcaption", {}, t("Calls per second"));
  const table = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, t(name))))),
    body,
  );
  const scroll = el(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", "aria-label": t("Servers") },
    table,
  );
  // Of hundreds of servers only those in view, or nearly so, are drawn.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = rows.get(target.dataset.id);
      if (row === undefined) continue;
      row.isInView = isIntersecting;
      if (isIntersecting) row.draw();
    }
  }, { root: scroll, rootMargin: "200px 0px" });
  let servers;
  let told = [];

  /** What is drawn at once, however many looks came since the last frame. */
  const draw = onFrame(() => {
    const ids = new Set(servers.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      seen.unobserve(row.element);
      row.element.remove();
      rows.delete(id);
    }
    let made = 0;
    let at = body.firstChild;
    for (const server of servers) {
      let row = rows.get(server.id);
      if (row === undefined && made === rowsPerFrame) {
        draw();
        break;
      }
      if (row === undefined) {
        made++;
        row = rowOf(server, histories.get(server.id));
        rows.set(server.id, row);
      }
      if (at === row.element) at = at.nextSibling;
      else body.insertBefore(row.element, at);
      if (!row.isSeen) seen.observe(row.element);
      row.isSeen = true;
      row.take(server);
    }
    plot.draw();
    const total = servers.reduce((sum, { rate }) => sum + (rate ?? 0), 0);
    say(caption, `${t("Calls per second")}: ${total.toFixed(0)}`);
    news.prepend(
      ...told.map(({ what, address, time }) =>
        el("li", { className: what }, `${time} ${address} ${t(what)}`)
      ),
    );
    told = [];
    while (news.children.length > eventsShown) news.lastChild.remove();
  });

  function take(now) {
    const before = servers && new Map(servers.map((server) => [server.id, server]));
    const events = before === undefined ? [] : eventsBetween(before, now);
    servers = now;
    const ids = new Set(now.map(({ id }) => id));
    for (const id of histories.keys()) if (!ids.has(id)) histories.delete(id);
    for (const { id, rate, p99Ms } of now) {
      const history = histories.get(id) ?? { rates: [], latencies: [] };
      histories.set(id, history);
      history.rates.push(rate ?? 0);
      history.latencies.push(p99Ms ?? 0);
      if (history.rates.length > samplesMax) {
        history.rates.shift();
        history.latencies.shift();
      }
    }
    plot.add({ rates: new Map(now.map(({ address, rate }) => [address, rate ?? 0])), events });
    const time = new Date().toLocaleTimeString();
    told = [...events.map((event) => ({ ...event, time })).reverse(), ...told]
      .slice(0, eventsShown);
    draw();
  }

  const element = el(
    "section",
    {}, // Its table has the name already, and no two regions may have the same.
    el("h2", {}, t("Servers")),
    el("figure", {}, caption, plot.element),
    news,
    scroll,
  );
  return { element, take };
}

/** What has happened to servers from one look, by their ids, to the next. */
function eventsBetween(before, now) {
  const left = new Map(before);
  const events = [];
  for (const { id, state, address } of now) {
    const last = left.get(id);
    left.delete(id);
    if (last === undefined) events.push({ what: "joined", address });
    else if (state === "draining" && last.state !== "draining") {
      events.push({ what: "drains", address });
    }
  }
  const gone = [...left.values()].map(({ state, address }) => ({
    what: state === "draining" ? "left" : "died",
    address,
  }));
  return [...gone, ...events];
}

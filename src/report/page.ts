import { plainLine } from "../base/values/plain_text.ts";

/** Reports as one self-contained HTML page, for screens, phones and paper. */

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --page: #fff;
  --good: #1a7f37; --bad: #cf222e; --on: #fff;
  --s1: #0969da; --s2: #9a6700; --s3: #1a7f37; --s4: #8250df; --s5: #bf3989; --s6: #0a7b83;
  --s7: #bc4c00; --s8: #57606a; --s9: #afb8c1 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d;
  --page: #0d1117; --good: #3fb950; --bad: #f85149; --on: #0d1117;
  --s1: #4493f8; --s2: #d29922; --s3: #3fb950; --s4: #ab7df8; --s5: #db61a2; --s6: #39c5cf;
  --s7: #f0883e; --s8: #9198a1; --s9: #545d68 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p.quiet { color: var(--quiet); margin-top: 0 }
div.table { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--quiet) } td.n, th.n { text-align: right } td.n { white-space: nowrap }
.met { color: var(--good) } .short { color: var(--bad); font-weight: 600 } .unjudged { color: var(--quiet) }
svg { display: block; overflow: visible; margin-left: var(--margin); width: calc(100% - var(--margin) - 12px) }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) }
svg .quiet { fill: var(--quiet) } svg .axis { stroke: var(--line) } svg .event { stroke-dasharray: 3 3; stroke-width: 1.2 }
svg .join { stroke: var(--good) } svg .loss { stroke: var(--bad) } svg text.join { fill: var(--good); stroke: none }
svg text.loss { fill: var(--bad); stroke: none } svg text.on { fill: var(--on) }
.s1 { fill: var(--s1) } .s2 { fill: var(--s2) } .s3 { fill: var(--s3) } .s4 { fill: var(--s4) } .s5 { fill: var(--s5) }
.s6 { fill: var(--s6) } .s7 { fill: var(--s7) } .s8 { fill: var(--s8) } .s9 { fill: var(--s9) } .failed { fill: var(--bad) }
svg .range { stroke: var(--quiet); stroke-width: 2 } .legend { color: var(--quiet); margin: .25rem 0 }
.legend span { white-space: nowrap; margin-right: 1rem }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; border-radius: 2px }
@media (max-width: 40rem) { body { margin: 1rem auto; padding: 0 .75rem } svg .wide { display: none }
  table { font-size: 13px } th, td { padding-right: .5rem } }
`;

/** A page. `title` and `lead` are texts; the parts are HTML. */
export function pageOf(
  { title, heading, lead, parts }: {
    readonly title: string;
    readonly heading: string;
    readonly lead: string;
    readonly parts: readonly string[];
  },
): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
<main>
<h1>${escaped(heading)}</h1>
<p class="quiet">${escaped(lead)}</p>
${parts.join("\n")}
</main>
</html>
`;
}

/** A part of a page under a heading; empty if there is nothing to show. */
export function section(heading: string, ...parts: readonly string[]): string {
  const shown = parts.filter((part) => part !== "");
  return shown.length === 0 ? "" : `<h2>${escaped(heading)}</h2>\n${shown.join("\n")}`;
}

/**
 * A table of texts.
 *
 * @param numbersFrom the first column that holds numbers
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom: number,
): string {
  const attribute = (column: number) => column >= numbersFrom ? ' class="n"' : "";
  const headRow = head.map((text, i) => `<th${attribute(i)}>${escaped(text)}`).join("");
  const bodyRows = rows.map((row) =>
    `<tr>${row.map((text, i) => `<td${attribute(i)}>${escaped(text)}`).join("")}`
  );
  return tableOf(`<tr>${headRow}\n${bodyRows.join("\n")}`);
}

/** A table of rows of HTML. */
export function tableOf(rows: string): string {
  // A narrow page scrolls it, by keys too.
  return `<div class="table" tabindex="0"><table>${rows}</table></div>`;
}

/** What each colour stands for. */
export function legend(names: readonly (readonly [colour: string, name: string])[]): string {
  const items = names.map(([colour, name]) =>
    `<span><i style="background: var(--${colour})"></i>${escaped(name)}</span> `
  );
  return `<p class="legend">${items.join("")}</p>`;
}

/** Text for HTML, with invisible characters as escapes. */
export function escaped(text: string): string {
  return plainLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

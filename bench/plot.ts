import { numberText } from "./report.ts";
import { type MeasureResult, ratios, seriesOf, spreadOf } from "./result.ts";

const width = 760;
const labelWidth = 150;
const valueWidth = 170;
const barWidth = width - labelWidth - valueWidth;
const rowHeight = 24;
const titleHeight = 34;

/** Colours of a light and of a dark page. */
const style = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.quiet { fill: #57606a }
.bar { fill: #8c959f }
.own { fill: #0969da }
.spread { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .bar { fill: #656c76 }
  .own { fill: #4493f8 }
  .spread { stroke: #e6edf3 }
}`;

/**
 * Measures that have a reference, as one picture: for each series a bar as long as its median
 * multiple of the reference, and a line from the least to the greatest.
 *
 * @param own the series to stand out
 * @param footer where and how the figures were taken
 */
export function plotOf(
  results: readonly MeasureResult[],
  own: string,
  footer: string,
): string {
  const parts: string[] = [];
  let y = 0;
  for (const result of results) {
    const { text, height } = panelOf(result, own, y);
    parts.push(text);
    y += height;
  }
  parts.push(
    `<text class="quiet" x="0" y="${y + 10}">${escape(footer)}</text>`,
  );
  y += 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" ` +
    `width="${width}" height="${y}" role="img">\n<style>${style}\n</style>\n${
      parts.join("\n")
    }\n</svg>\n`;
}

function panelOf(
  result: MeasureResult,
  own: string,
  top: number,
): { readonly text: string; readonly height: number } {
  const reference = seriesOf(result, result.reference ?? "");
  const rows = result.series.map((series) => ({
    name: series.name,
    unit: series.unit ?? result.unit,
    figure: spreadOf(series.values),
    multiple: spreadOf(ratios(series, reference)),
  }));
  const scale = barWidth /
    Math.max(1, ...rows.map(({ multiple }) => multiple?.max ?? 0));
  const hint = `${result.better} is better`;
  const lines = [
    `<text class="title" x="0" y="${top + 20}">${escape(result.title)}` +
    `<tspan class="quiet" font-weight="400"> (${hint})</tspan></text>`,
  ];
  for (const [index, { name, unit, figure, multiple }] of rows.entries()) {
    const y = top + titleHeight + index * rowHeight;
    const middle = y + rowHeight / 2;
    lines.push(`<text x="0" y="${middle + 4}">${escape(name)}</text>`);
    if (figure === undefined || multiple === undefined) {
      lines.push(
        `<text class="quiet" x="${labelWidth}" y="${middle + 4}">not measured</text>`,
      );
      continue;
    }
    const [least, most] = [multiple.min, multiple.max].map((end) => labelWidth + end * scale);
    const length = Math.max(1, multiple.median * scale).toFixed(1);
    lines.push(
      `<rect class="bar${name === own ? " own" : ""}" x="${labelWidth}" y="${y + 4}" ` +
        `width="${length}" height="${rowHeight - 8}" rx="2"/>`,
      `<line class="spread" x1="${least?.toFixed(1)}" x2="${most?.toFixed(1)}" ` +
        `y1="${middle}" y2="${middle}"/>`,
      `<text x="${labelWidth + barWidth + 10}" y="${middle + 4}">${numberText(multiple.median)} x` +
        `<tspan class="quiet">  ${numberText(figure.median)} ${escape(unit)}</tspan></text>`,
    );
  }
  return {
    text: lines.join("\n"),
    height: titleHeight + rows.length * rowHeight + 14,
  };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );
}

/**
 * Parts of plots as SVG. Horizontal lengths are in percent of the plot's width, vertical ones in
 * pixels, so that a plot fills the available width while its text keeps its size. Colours are CSS
 * classes of the page.
 */

import { escaped } from "./page.ts";

/** How a text is aligned at its place. */
type Anchor = "start" | "middle" | "end";

/** How a text is set. */
interface TextStyle {
  readonly anchor?: Anchor;
  readonly name?: string | undefined;
  /** Pixels to the right of its place. */
  readonly dx?: number;
}

/**
 * A plot. Negative places are in the margin.
 *
 * @param title what it shows, for people who cannot see it
 * @param margin pixels to its left
 */
export function plot(
  title: string,
  height: number,
  margin: number,
  parts: readonly string[],
): string {
  return `<svg height="${height}" style="--margin: ${margin}px" role="img" aria-label="${
    escaped(title)
  }">\n${parts.filter((part) => part !== "").join("\n")}\n</svg>`;
}

/** A box from `x` on, `width` wide, both in percent. */
export function rect(
  x: number,
  y: number,
  width: number,
  height: number,
  name: string,
  title?: string,
): string {
  const inner = title === undefined ? "/>" : `><title>${escaped(title)}</title></rect>`;
  return `<rect class="${name}" x="${percent(x)}" y="${pixels(y)}" width="${percent(width)}" ` +
    `height="${pixels(height)}"${inner}`;
}

/** A line between two places. */
export function line(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  name: string,
): string {
  return `<line class="${name}" x1="${percent(x1)}" y1="${pixels(y1)}" x2="${percent(x2)}" ` +
    `y2="${pixels(y2)}"/>`;
}

/** A dot. */
export function dot(x: number, y: number, radius: number, name: string, title: string): string {
  return `<circle class="${name}" cx="${percent(x)}" cy="${pixels(y)}" r="${radius}"><title>${
    escaped(title)
  }</title></circle>`;
}

/** A text. */
export function text(
  x: number,
  y: number,
  words: string,
  { anchor = "start", name, dx }: TextStyle = {},
): string {
  return element(x, y, escaped(words), anchor, name, dx);
}

/**
 * A moment in a plot over time: a line from `y` down to `bottom`, and what happened then, to its
 * left if it is later than `lateFrom`.
 *
 * @param kind the line's class, `join` or `loss`
 * @param name the words' class. @default the line's
 */
export function moment(
  x: number,
  [y, bottom]: readonly [number, number],
  kind: string,
  words: string,
  { lateFrom, name = kind }: { readonly lateFrom: number; readonly name?: string },
): string {
  const isLate = x > lateFrom;
  const style = { anchor: isLate ? "end" : "start", name, dx: isLate ? -3 : 3 } as const;
  return line([x, y], [x, bottom], `event ${kind}`) +
    (words === "" ? "" : `\n${text(x, y + 9, words, style)}`);
}

/** A number after a word that is left out if there is little room. */
export function namedNumber(x: number, y: number, word: string, number: number): string {
  return element(x, y, `<tspan class="wide">${escaped(word)} </tspan>${number}`, "middle");
}

function element(
  x: number,
  y: number,
  inner: string,
  anchor: Anchor,
  name?: string,
  dx?: number,
): string {
  const as = name === undefined ? "" : ` class="${name}"`;
  const by = dx === undefined ? "" : ` dx="${dx}"`;
  return `<text${as} x="${percent(x)}" y="${
    pixels(y)
  }"${by} text-anchor="${anchor}">${inner}</text>`;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

/** A round number above a value; its half is round too. */
export function niceAbove(value: number): number {
  return 2 * Math.max(1, niceStep(value / 2));
}

/** The marks of a time axis: about ten; every other one is left out on a narrow page. */
export function timeMarks(endMs: number, y: number): string[] {
  const step = Math.max(0.001, niceStep(endMs / 1_000 / 10));
  const marks: string[] = [];
  for (let i = 0; i * step * 1_000 <= endMs; i++) {
    const name = i % 2 === 0 ? "quiet" : "quiet wide";
    const x = 100 * i * step * 1_000 / endMs;
    marks.push(text(x, y, `${Number((i * step).toPrecision(6))} s`, { anchor: "middle", name }));
  }
  return marks;
}

/** The marks of a vertical axis: zero, half, and the maximum. */
export function heightMarks(max: number, top: number, bottom: number): string[] {
  return [0, 0.5, 1].flatMap((share) => {
    const y = bottom - (bottom - top) * share;
    const label = String(Number((share * max).toPrecision(6)));
    return [
      line([0, y], [100, y], "axis"),
      text(0, y + 4, label, { anchor: "end", name: "quiet", dx: -6 }),
    ];
  });
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}

function pixels(value: number): string {
  return String(Number(value.toFixed(2)));
}

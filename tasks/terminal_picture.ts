/**
 * Makes a picture of a terminal, as README shows one: reads what `tmux capture-pane -e -p` prints,
 * and writes SVG.
 *
 *     tmux capture-pane -e -p | deno run tasks/terminal_picture.ts "rpc demo" >docs/demo.svg
 */

const cellWidth = 8.4;
const lineHeight = 19;
const left = 16;
const top = 52;

/** What sets colours. */
// deno-lint-ignore no-control-regex
const setting = /\x1b\[([\d;]*)m/;

/** The colours of a terminal that are used, by the number that sets each. */
const colours: Readonly<Record<number, string>> = {
  31: "#ff7b72",
  32: "#3fb950",
  33: "#d29922",
  36: "#39c5cf",
};

interface Style {
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly colour: string | undefined;
}

const plain: Style = { isBold: false, isDim: false, colour: undefined };

/** The screen as SVG. `title` says what it shows. */
export function pictureOf(screen: string, title: string): string {
  const lines = screen.trimEnd().split("\n");
  // A colour lasts until another one is set, over the ends of lines too.
  let style = plain;
  const texts = lines.flatMap((line, row) => {
    let column = 0;
    // Every other part is what stands in brackets there.
    return line.split(setting).flatMap((part, i) => {
      if (i % 2 === 1) {
        style = part.split(";").map(Number).reduce(styleAfter, style);
        return [];
      }
      const start = column;
      column += [...part].length;
      return wordsOf(part, start, top + row * lineHeight, style);
    });
  });
  const shown = lines.map((
    line,
  ) => [...line.split(setting).filter((_, i) => i % 2 === 0).join("")]);
  const columns = Math.max(...shown.map(({ length }) => length));
  const width = Math.ceil(2 * left + columns * cellWidth);
  const height = top + lines.length * lineHeight;
  const lights = ["#ff5f56", "#ffbd2e", "#27c93f"].map((colour, i) =>
    `<circle cx="${22 + 18 * i}" cy="16" r="5.5" fill="${colour}"/>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t">
<title id="t">${escaped(title)}</title>
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#e6edf3}.b{font-weight:bold}</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${[...lights, ...texts].join("\n")}
</svg>
`;
}

function styleAfter(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code === 39) return { ...style, colour: undefined };
  return colours[code] === undefined ? style : { ...style, colour: colours[code] };
}

/** The words of a text, each at its place, whatever the font is. */
function wordsOf(text: string, column: number, y: number, style: Style): string[] {
  return [...text.matchAll(/\S+(?: \S+)*/gu)].map((match) => {
    const [words] = match;
    const x = left + cellWidth * (column + [...text.slice(0, match.index)].length);
    const attributes = [
      `x="${x.toFixed(1)}" y="${y}" textLength="${(cellWidth * [...words].length).toFixed(1)}"`,
      'lengthAdjust="spacingAndGlyphs"',
      ...(style.isBold ? ['class="b"'] : []),
      ...(style.isDim ? ['opacity=".6"'] : []),
      ...(style.colour === undefined ? [] : [`style="fill:${style.colour}"`]),
    ];
    return `<text ${attributes.join(" ")}>${escaped(words)}</text>`;
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

if (import.meta.main) {
  const screen = await new Response(Deno.stdin.readable).text();
  console.log(pictureOf(screen, Deno.args[0] ?? "A terminal").trimEnd());
}

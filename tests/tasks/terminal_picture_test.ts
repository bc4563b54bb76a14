import assert from "node:assert/strict";
import { pictureOf } from "../../tasks/terminal_picture.ts";

/** Each text with what it is dressed in. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*Glyphs"([^>]*)>([^<]*)</g)]
    .map(([, style, words]) => `${words}${style}`);
}

Deno.test("a picture keeps each colour until another one is set, over the ends of lines too", () => {
  const screen = "\x1b[1mhead\x1b[0m  \x1b[2mquiet\x1b[22m a<b\n" +
    "\x1b[32mserver 3 joins\nserver 4 joins\x1b[39m\n\x1b[31mserver 1  killed\n server 3\x1b[0m x\n";
  assert.deepEqual(textsOf(pictureOf(screen, "it")), [
    'head class="b"',
    'quiet opacity=".6"',
    "a&lt;b",
    'server 3 joins style="fill:#3fb950"',
    'server 4 joins style="fill:#3fb950"',
    'server 1 style="fill:#ff7b72"',
    'killed style="fill:#ff7b72"',
    'server 3 style="fill:#ff7b72"',
    "x",
  ]);
});

Deno.test("the picture on the front page has all colours of the demo", () => {
  const svg = Deno.readTextFileSync(new URL("../../docs/demo.svg", import.meta.url));
  const texts = textsOf(svg);
  for (const server of [1, 2, 3, 4]) {
    const joins = texts.find((text) => text.startsWith(`server ${server} joins`));
    assert.match(joins ?? "", /fill:#3fb950/, `server ${server}`);
  }
  const killed = texts.filter((text) => /server \d is killed/.test(text));
  assert.equal(killed.length, 2);
  for (const text of killed) assert.match(text, /fill:#ff7b72/);
  assert.match(texts.join("\n"), /client 1\n/);
});

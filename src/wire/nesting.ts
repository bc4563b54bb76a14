/**
 * Whether JSON text nests arrays and objects deeper than `levels`. Text that is not JSON gives any
 * answer.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Shorter text cannot close what it would have to open.
  if (text.length <= 2 * levels) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i + 1);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** The index of the quote that ends the string whose first character is at `start`. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start);; quote = text.indexOf('"', quote + 1)) {
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
}

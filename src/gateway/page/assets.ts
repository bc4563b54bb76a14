/** The page's files, which come with the program: they need no network, and no step before. */

import html from "./index.html" with { type: "text" };
import css from "./page.css" with { type: "text" };
import script from "./page.js" with { type: "text" };

/** Only what we serve ourselves is run or shown; what servers say is text all the same. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const assets: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": ["text/html", html],
  "/page.css": ["text/css", css],
  "/page.js": ["text/javascript", script],
};

/** A file of the page, in which nothing is secret; `undefined`: there is none at that path. */
export function assetAt(pathname: string): Response | undefined {
  const asset = Object.hasOwn(assets, pathname) ? assets[pathname] : undefined;
  if (asset === undefined) return undefined;
  const [type, text] = asset;
  return new Response(text, {
    headers: { "content-type": `${type}; charset=utf-8`, "content-security-policy": policy },
  });
}

/** The page's files, which are part of the program: they need no network and no build step. */

import html from "./index.html" with { type: "text" };
import css from "./page.css" with { type: "text" };
import call from "./call.js" with { type: "text" };
import copies from "./copies.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import exact from "./form/exact.js" with { type: "text" };
import fields from "./form/fields.js" with { type: "text" };
import methods from "./methods.js" with { type: "text" };
import output from "./output.js" with { type: "text" };
import page from "./page.js" with { type: "text" };
import past from "./past.js" with { type: "text" };
import plots from "./plots.js" with { type: "text" };
import schema from "./form/schema.js" with { type: "text" };
import server_row from "./server_row.js" with { type: "text" };
import servers from "./servers.js" with { type: "text" };
import words from "./words.js" with { type: "text" };
import { reply } from "../door/reply.ts";

/** Only what we serve ourselves is run or shown. */
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

/** The page's modules, each under its own name. */
const modules = {
  ...{ call, copies, dom, methods, output, page, past, plots, server_row, servers, words },
  ...{ "form/exact": exact, "form/fields": fields, "form/schema": schema },
};

const assets: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": ["text/html", html],
  "/page.css": ["text/css", css],
  ...Object.fromEntries(
    Object.entries(modules).map(([name, text]) => [`/${name}.js`, ["text/javascript", text]]),
  ),
};

/** A file of the page, which contains no secret; `undefined` if there is none at that path. */
export function assetAt(pathname: string): Response | undefined {
  const asset = Object.hasOwn(assets, pathname) ? assets[pathname] : undefined;
  if (asset === undefined) return undefined;
  const [type, text] = asset;
  return reply(text, {
    headers: { "content-type": `${type}; charset=utf-8`, "content-security-policy": policy },
  });
}

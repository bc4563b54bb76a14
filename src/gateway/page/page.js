/**
 * The gateway's page: the token, then what there is and how it does, as the gateway tells it. All
 * addresses are relative to the page's, which may stand under a path of a proxy's.
 */

import { methodView } from "./call.js";
import { el, say } from "./dom.js";
import { parseExactly } from "./form/exact.js";
import { methodsList } from "./methods.js";
import { remembered } from "./past.js";
import { serversSection } from "./servers.js";
import { t } from "./words.js";

const main = document.getElementById("main");
const state = document.getElementById("state");

/** How long to wait before looking again for a gateway that has refused, in milliseconds. */
const againMs = 2_000;

/** What ends the page that is shown. */
let leave = () => {};

/** Takes the token that the address brings, if it does, and shows what there is. */
async function begin() {
  say(state, t("Asking the gateway"));
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined) history.replaceState(null, "", ".");
  try {
    const fault = token === undefined ? await faultOfCookie() : await faultOf(token);
    if (fault === undefined) show();
    else askForToken(token === undefined ? "" : fault);
  } catch {
    say(state, t("The gateway does not answer"));
    setTimeout(begin, againMs);
  }
}

/** Why the cookie that the browser has does not let us in; `undefined`: it does. */
async function faultOfCookie() {
  const asked = isKnown();
  // The first look at it may wait for the disk, and nothing is shown yet.
  remembered();
  return await asked ? undefined : t("The browser did not keep the cookie");
}

/** Whether the gateway takes the browser's cookie. It asks no server, which may take long. */
const isKnown = async () => (await fetch("metrics", { method: "HEAD" })).status !== 401;

/** Changes a token for the cookie. Why that does not let us in; `undefined`: it does. */
async function faultOf(token) {
  const { ok } = await fetch("session", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  }).catch((error) => {
    // What no header can hold is no token.
    if (/[^\x21-\x7e]/.test(token)) return { ok: false };
    throw error;
  });
  return ok ? await faultOfCookie() : t("Wrong token");
}

function askForToken(fault) {
  leave();
  say(state, fault);
  const input = el("input", { id: "token", type: "password", autocomplete: "off" });
  const form = el(
    "form",
    {},
    el("label", { for: "token" }, t("The token that rpc gateway printed")),
    input,
    el(
      "p",
      { className: "quiet" },
      t("Each start prints an address with a new token; --token-file keeps the same one"),
    ),
    el("div", { className: "row" }, el("button", {}, t("Continue"))),
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    // As it is printed, or all of the address that it is printed in.
    const token = input.value.trim().replace(/^.*#token=/, "");
    try {
      const fault = await faultOf(token);
      if (fault === undefined) show();
      else say(state, fault);
    } catch {
      say(state, t("The gateway does not answer"));
    }
  };
  main.replaceChildren(form);
  input.focus();
}

/** The method that the address names, if it does. */
function wanted() {
  try {
    return decodeURIComponent(/^#\/(.+)$/.exec(location.hash)?.[1] ?? "");
  } catch {
    return "";
  }
}

function show() {
  leave();
  say(state, t("Asking the servers"));
  const detail = el("section", { id: "detail", "aria-label": t("Call") });
  let offered;
  const servers = serversSection();
  // Who comes back to a method finds what was filled in, and the call that was begun.
  const views = new Map();
  const methods = methodsList((method) => {
    history.replaceState(null, "", `#/${encodeURIComponent(method.name)}`);
    const text = JSON.stringify(method);
    let view = views.get(method.name);
    if (view?.text !== text) view = { text, element: methodView(method, offered) };
    views.set(method.name, view);
    detail.replaceChildren(view.element);
  });
  main.replaceChildren(
    servers.element,
    el("div", { id: "explorer" }, methods.element, detail),
  );

  async function look() {
    const answer = await fetch("openrpc.json");
    const document = parseExactly(await answer.text());
    if (!answer.ok) throw new Error(`${t("no server answers")}: ${document.detail}`);
    return document;
  }

  let version;
  let live;
  let again;
  let isLeft = false;

  async function take({ data }) {
    const seen = JSON.parse(data);
    servers.take(seen.servers);
    methods.take(seen.methods);
    say(state, seen.problem === undefined ? "" : `${t("no server answers")}: ${seen.problem}`);
    if (seen.version === version) return;
    version = seen.version;
    // What is asked for in its place has the last word: a newer version, or the token.
    const isLast = () => !isLeft && version === seen.version;
    try {
      const document = await look();
      if (!isLast()) return;
      offered = document;
      methods.offer(document.methods, wanted());
    } catch (error) {
      if (!isLast()) return;
      version = undefined;
      say(state, error.message);
    }
  }

  async function lost() {
    say(state, t("The gateway does not answer"));
    // The browser tries again by itself, but not after a refusal.
    const isStillKnown = await isKnown().catch(() => true);
    if (isLeft) return;
    if (!isStillKnown) askForToken(t("The gateway was restarted with a new token"));
    else if (live.readyState === EventSource.CLOSED) again = setTimeout(listen, againMs);
  }

  /** Only while the page is in view: a browser has six connections for all of them together. */
  function listen() {
    clearTimeout(again);
    live?.close();
    if (document.hidden) return;
    live = new EventSource("live");
    live.onmessage = take;
    live.onerror = lost;
  }

  document.addEventListener("visibilitychange", listen);
  leave = () => {
    isLeft = true;
    document.removeEventListener("visibilitychange", listen);
    clearTimeout(again);
    live?.close();
    methods.leave();
    leave = () => {};
  };
  listen();
}

// An address that is opened where its page is open already changes nothing but what is behind "#".
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) begin();
});

begin();

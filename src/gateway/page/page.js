/** The gateway's page: the token, then what there is and how it does, as the gateway tells it. */

import { showMethod } from "./call.js";
import { el, say } from "./dom.js";
import { methodsList } from "./methods.js";
import { serversSection } from "./servers.js";
import { t } from "./words.js";

const main = document.getElementById("main");
const state = document.getElementById("state");

async function begin() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    await open(token);
    history.replaceState(null, "", "/");
  }
  if ((await fetch("/openrpc.json", { method: "HEAD" })).status === 401) askForToken();
  else show();
}

function open(token) {
  return fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  });
}

function askForToken() {
  const input = el("input", { id: "token", type: "password", autocomplete: "off" });
  const form = el(
    "form",
    {},
    el("label", { for: "token" }, t("The token that rpc gateway printed")),
    input,
    el("div", { className: "row" }, el("button", {}, t("Go on"))),
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    if ((await open(input.value)).ok) show();
    else say(state, "401");
  };
  main.replaceChildren(form);
  input.focus();
}

function show() {
  say(state, "");
  const detail = el("section", { id: "detail", "aria-label": t("Call") });
  let offered;
  const servers = serversSection();
  const methods = methodsList((method) => {
    history.replaceState(null, "", `#/${encodeURIComponent(method.name)}`);
    showMethod(detail, method, offered);
  });
  main.replaceChildren(
    servers.element,
    el("div", { id: "explorer" }, methods.element, detail),
  );

  async function look() {
    const answer = await fetch("/openrpc.json");
    const document = await answer.json();
    if (!answer.ok) {
      return say(state, `${t("no server answers")}: ${document.detail}`);
    }
    say(state, "");
    offered = document;
    methods.offer(document.methods, decodeURIComponent(/^#\/(.+)$/.exec(location.hash)?.[1] ?? ""));
  }

  let version;
  const live = new EventSource("/live");
  live.onmessage = async ({ data }) => {
    const seen = JSON.parse(data);
    servers.take(seen.servers);
    methods.take(seen.methods);
    if (seen.problem !== undefined) {
      say(state, `${t("no server answers")}: ${seen.problem}`);
    }
    if (seen.version === version) return;
    version = seen.version;
    try {
      await look();
      methods.take(seen.methods);
    } catch (error) {
      version = undefined;
      say(state, String(error));
    }
  };
  live.onerror = async () => {
    say(state, t("The gateway does not answer"));
    // The browser tries again by itself, but not after a refusal.
    const answer = await fetch("/openrpc.json", { method: "HEAD" }).catch(() => undefined);
    if (answer?.status !== 401) return;
    live.close();
    askForToken();
  };
}

begin();

/** One method: what it is, a form, its result or its stream, and the calls before. */

import { copyForms } from "./copies.js";
import { el, say as tell, shown } from "./dom.js";
import { fieldOf } from "./fields.js";
import { remember, remembered } from "./past.js";
import { t } from "./words.js";

const shownCharactersMax = 200_000;
const pastShown = 10;

/** Shows it in that element, in place of what was there. `root` is the whole document. */
export function showMethod(detail, method, root) {
  const fields = method.params.map(({ name, schema, required, description }) => ({
    name,
    ...fieldOf(
      name,
      description === undefined || schema === true ? schema : { description, ...schema },
      required === true,
      schema?.$defs === undefined ? root : schema,
    ),
  }));
  const timeout = el("input", { id: "timeout", type: "number", min: "1", value: "10000" });
  const output = el("pre", { tabIndex: 0, role: "region", "aria-label": t("Result") });
  const status = el("p", { role: "status", className: "quiet" });
  const cancel = el("button", { type: "button", disabled: true }, t("Cancel"));
  const past = el("div");
  const say = (text, isBad) => {
    tell(status, text);
    status.className = isBad ? "bad" : "quiet";
  };
  let running;

  function params() {
    const given = fields.map(({ name, read }) => [name, read()])
      .filter(([, value]) => value !== undefined);
    return method.paramStructure === "by-position"
      ? `[${given.map(([, value]) => value).join(",")}]`
      : `{${given.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
  }

  async function call() {
    const body = params();
    remember(method.name, body);
    drawPast();
    running?.abort();
    const abort = running = new AbortController();
    cancel.disabled = false;
    say("...", false);
    tell(output, "");
    const startedAt = performance.now();
    try {
      const answer = await fetch(`/call/${encodeURIComponent(method.name)}`, {
        method: "POST",
        body,
        signal: abort.signal,
        headers: {
          "content-type": "application/json",
          "rpc-timeout-ms": timeout.value || "10000",
          accept: method["x-stream"] ? "application/x-ndjson" : "application/json",
        },
      });
      const server = answer.headers.get("rpc-server") ?? "";
      if (!answer.ok) return fail(await answer.json());
      if (method["x-stream"]) await readLines(answer.body, output, fail);
      // Numbers stay as they were written: what JavaScript would round is shown as it came.
      else tell(output, prettyText(await answer.text()));
      if (status.className === "quiet") {
        say(`${(performance.now() - startedAt).toFixed(0)} ms ${server}`, false);
      }
    } catch (error) {
      if (running === abort) say(abort.signal.aborted ? t("Cancelled") : String(error), true);
    } finally {
      if (running === abort) cancel.disabled = true;
    }
  }

  function fail({ name, detail, status, executed, issues }) {
    say(`${name}: ${detail} (${status}, executed: ${executed})`, true);
    if (issues) tell(output, JSON.stringify(issues, null, 2));
  }

  /** Does it, and tells what is wrong with what was filled in. */
  async function tried(run) {
    try {
      await run();
    } catch (error) {
      say(error.message, true);
    }
  }

  function drawPast() {
    const own = remembered().filter((one) => one.method === method.name).slice(0, pastShown);
    const buttons = own.map(({ params }) =>
      el("button", { type: "button", onclick: () => refill(params) }, params.slice(0, 60))
    );
    past.replaceChildren(
      ...(own.length === 0 ? [] : [
        el("h2", {}, t("History")),
        el("div", { className: "row" }, ...buttons),
      ]),
    );
  }

  function refill(text) {
    const params = JSON.parse(text);
    fields.forEach(({ name, write }, index) =>
      write(Array.isArray(params) ? params[index] : params[name])
    );
  }

  cancel.onclick = () => running?.abort();
  const form = el(
    "form",
    {},
    ...fields.map(({ element }) => element),
    el("label", { for: "timeout" }, t("Timeout in ms")),
    timeout,
    el("div", { className: "row" }, el("button", {}, t("Call")), cancel),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    tried(call);
  };
  detail.onkeydown = (event) => {
    if (event.key === "Escape") running?.abort();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  };
  const copies = Object.entries(copyForms).map(([name, copied]) =>
    el("button", {
      type: "button",
      onclick: () => tried(() => navigator.clipboard.writeText(copied(method.name, params()))),
    }, `${t("copy as")} ${name}`)
  );
  const copy = el("button", {
    type: "button",
    onclick: () => tried(() => navigator.clipboard.writeText(output.textContent)),
  }, t("Copy"));
  const facts = [
    ...[method.summary, method.description, method["x-kind"]],
    method["x-idempotent"] ? t("may run twice") : "",
    method["x-stream"] ? t("stream") : "",
  ];
  detail.replaceChildren(
    el("h2", {}, method.name),
    el("p", { className: "quiet" }, facts.filter(Boolean).join(" · ")),
    form,
    status,
    output,
    el("div", { className: "row" }, copy, ...copies),
    past,
  );
  drawPast();
}

function prettyText(text) {
  const value = JSON.parse(text);
  return JSON.stringify(value) === text.trimEnd() ? JSON.stringify(value, null, 2) : text;
}

async function readLines(body, output, fail) {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    let items = "";
    for (const line of lines) {
      const { error } = line.startsWith('{"error":') ? JSON.parse(line) : {};
      if (error) fail(error);
      else if (line.startsWith('{"item":')) items += `${line.slice(8, -1)}\n`;
    }
    output.textContent = (output.textContent + shown(items)).slice(-shownCharactersMax);
  }
}

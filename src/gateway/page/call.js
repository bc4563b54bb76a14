/** One method: what it is, a form, its result or its stream, and the calls before. */

import { copyForms } from "./copies.js";
import { el, say as tell } from "./dom.js";
import { parseExactly, writeExactly } from "./form/exact.js";
import { formOf } from "./form/fields.js";
import { outputOf } from "./output.js";
import { remember, remembered } from "./past.js";
import { t } from "./words.js";

const pastShown = 10;

/** The element that shows it. `root` is the whole document. */
export function methodView(method, root) {
  const fields = formOf(method.params, root);
  const timeout = el("input", { id: "timeout", type: "number", min: "1", value: "10000" });
  const output = outputOf(t("Result"));
  const status = el("p", { role: "status", className: "quiet" });
  const cancel = el("button", { type: "button", disabled: true }, t("Cancel"));
  const past = el("div");
  const say = (text, isBad) => {
    tell(status, text);
    status.className = isBad ? "bad" : "quiet";
  };
  let running;

  function params() {
    const given = fields.map(({ name, read }) => [name, read()]);
    const isThere = ([, value]) => value !== undefined;
    if (method.paramStructure !== "by-position") {
      const members = given.filter(isThere).map(([name, value]) =>
        `${JSON.stringify(name)}:${value}`
      );
      return `{${members.join(",")}}`;
    }
    const all = given.slice(0, given.findLastIndex(isThere) + 1);
    // One that is left out would make another one of each that follows.
    const gap = all.find((one) => !isThere(one));
    if (gap !== undefined) throw new Error(`${gap[0]}: ${t("Missing")}`);
    return `[${all.map(([, value]) => value).join(",")}]`;
  }

  async function call() {
    const body = params();
    remember(method.name, body);
    drawPast();
    running?.abort();
    const abort = running = new AbortController();
    cancel.disabled = false;
    say("...", false);
    output.say("");
    const startedAt = performance.now();
    try {
      const answer = await fetch(`call/${encodeURIComponent(method.name)}`, {
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
      if (!answer.ok) {
        // One that is not ours may stand between.
        const problem = await answer.json().catch(() => ({ name: "HTTP", status: answer.status }));
        abort.signal.throwIfAborted();
        return fail(problem);
      }
      if (method["x-stream"]) await readLines(answer.body, output, fail);
      else output.say(writeExactly(parseExactly(await answer.text()), 2));
      if (status.className === "quiet") {
        say(`${(performance.now() - startedAt).toFixed(0)} ms ${server}`, false);
      }
    } catch (error) {
      if (running === abort) say(abort.signal.aborted ? t("Cancelled") : String(error), true);
    } finally {
      if (running === abort) cancel.disabled = true;
    }
  }

  function fail({ name, detail = "", status, executed = "maybe", issues }) {
    say(`${name}: ${detail} (${status}, executed: ${executed})`, true);
    if (issues) output.say(JSON.stringify(issues, null, 2));
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
    const params = parseExactly(text);
    fields.forEach(({ name, write }, index) => {
      const key = Array.isArray(params) ? index : name;
      write(Object.hasOwn(params, key) ? params[key] : undefined);
    });
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
  const onkeydown = (event) => {
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
    onclick: () => tried(() => navigator.clipboard.writeText(output.text)),
  }, t("Copy"));
  const facts = [
    ...[method.summary, method.description, method["x-kind"]],
    method["x-idempotent"] ? t("idempotent") : "",
    method["x-stream"] ? t("stream") : "",
  ];
  drawPast();
  return el(
    "div",
    { onkeydown },
    el("h2", {}, method.name),
    el("p", { className: "quiet lines" }, facts.filter(Boolean).join(" · ")),
    form,
    status,
    output.element,
    el("div", { className: "row" }, copy, ...copies),
    past,
  );
}

async function readLines(body, output, fail) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  // Not `for await`: Safari's streams cannot be iterated.
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    let items = "";
    for (const line of lines) {
      const { error } = line.startsWith('{"error":') ? JSON.parse(line) : {};
      if (error) fail(error);
      else if (line.startsWith('{"item":')) items += `${line.slice(8, -1)}\n`;
    }
    output.add(items);
  }
}

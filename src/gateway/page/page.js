/** The gateway's page: servers, methods, and a form for each. All that others say is set as text. */

const chinese = {
  "Servers": "服务器",
  "Methods": "方法",
  "address": "地址",
  "state": "状态",
  "version": "版本",
  "zone": "区域",
  "weight": "权重",
  "workers busy": "忙碌进程",
  "calls/s": "调用/秒",
  "p99": "p99",
  "Call": "调用",
  "Cancel": "取消",
  "Copy": "复制",
  "Find a method": "查找方法",
  "Timeout in ms": "超时（毫秒）",
  "Result": "结果",
  "History": "历史",
  "copy as": "复制为",
  "The token that rpc gateway printed": "rpc gateway 打印的令牌",
  "Go on": "继续",
  "may run twice": "可重复执行",
  "stream": "流",
  "optional": "可选",
  "It is no JSON": "不是 JSON",
  "no server answers": "没有服务器应答",
};
const isChinese = navigator.language.startsWith("zh");
const t = (text) => isChinese ? chinese[text] ?? text : text;
if (isChinese) document.documentElement.lang = "zh";

const historyKey = "rpc.history";
const historyMax = 50;
const shownBytesMax = 200_000;
const pollMs = 1_000;

/** An element, its properties, and what is in it. Text becomes text nodes, never markup. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "for" || name === "role" || name === "scope") {
      element.setAttribute(name, value);
    } else element[name] = value;
  }
  element.append(...children);
  return element;
}

const main = document.getElementById("main");
const state = document.getElementById("state");
const json = { "content-type": "application/json" };

async function begin() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    await open(token);
    history.replaceState(null, "", "/");
  }
  if ((await fetch("/servers.json")).status === 401) askForToken();
  else show();
}

function open(token) {
  return fetch("/session", {
    method: "POST",
    headers: { ...json, authorization: `Bearer ${token}` },
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
    else state.textContent = "401";
  };
  main.replaceChildren(form);
  input.focus();
}

function show() {
  const body = el("tbody");
  const columns = [
    "address",
    "state",
    "version",
    "zone",
    "weight",
    "workers busy",
    "calls/s",
    "p99",
  ];
  const list = el("div", { id: "methods" });
  const detail = el("section", { id: "detail", "aria-label": t("Call") });
  const find = el("input", {
    type: "search",
    placeholder: t("Find a method"),
    "aria-label": t("Find a method"),
  });
  main.replaceChildren(
    el(
      "section",
      { "aria-label": t("Servers") },
      el("h2", {}, t("Servers")),
      el(
        "div",
        { className: "scroll", tabIndex: 0, role: "region", "aria-label": t("Servers") },
        el(
          "table",
          {},
          el(
            "thead",
            {},
            el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, t(name)))),
          ),
          body,
        ),
      ),
    ),
    el(
      "div",
      { id: "explorer" },
      el("nav", { "aria-label": t("Methods") }, el("h2", {}, t("Methods")), find, list),
      detail,
    ),
  );
  let methods = [];
  let shown = "";
  let chosen;
  const draw = () => {
    const wanted = methods.filter(({ name }) =>
      name.toLowerCase().includes(find.value.toLowerCase())
    );
    list.replaceChildren(...wanted.map((method) =>
      el("button", {
        type: "button",
        "aria-current": String(method.name === chosen),
        onclick() {
          chosen = method.name;
          draw();
          showMethod(detail, method);
        },
      }, method.name)
    ));
  };
  find.oninput = draw;
  const look = async () => {
    try {
      const answer = await fetch("/servers.json");
      if (answer.status === 401) return askForToken();
      drawServers(body, await answer.json());
      const documentText = await (await fetch("/openrpc.json")).text();
      const { methods: now, detail: problem } = JSON.parse(documentText);
      state.textContent = now === undefined ? `${t("no server answers")}: ${problem}` : "";
      if (now !== undefined && documentText !== shown) {
        shown = documentText;
        methods = now;
        draw();
        if (chosen === undefined && methods[0]) {
          chosen = methods[0].name;
          draw();
          showMethod(detail, methods[0]);
        }
      }
    } catch (error) {
      state.textContent = String(error);
    }
    setTimeout(look, pollMs);
  };
  look();
}

/** What each server had counted the last time, to tell how much it does now. */
let last = new Map();

function drawServers(body, servers) {
  const now = performance.now();
  const next = new Map();
  body.replaceChildren(...servers.map(({ id, address, state, version, zone, weight, stats }) => {
    const all = Object.values(stats?.methods ?? {});
    const calls = all.reduce((sum, one) => sum + one.calls, 0);
    const before = last.get(id);
    next.set(id, { calls, now });
    const rate = before === undefined || stats === undefined
      ? ""
      : (1_000 * (calls - before.calls) / (now - before.now)).toFixed(0);
    const p99 = Math.max(0, ...all.map(({ latency }) => latency?.p99Ms ?? 0));
    const cells = [
      address,
      state,
      version,
      zone || "-",
      weight,
      stats ? `${stats.workers.busy}/${stats.workers.size}` : "",
      rate,
      stats ? `${p99.toFixed(1)} ms` : "",
    ];
    return el("tr", {}, ...cells.map((cell) => el("td", {}, String(cell))));
  }));
  last = next;
}

function showMethod(detail, method) {
  const fields = method.params.map((param, index) => fieldOf(param, `p${index}`));
  const timeout = el("input", { id: "timeout", type: "number", min: "1", value: "10000" });
  const output = el("pre", { tabIndex: 0, role: "region", "aria-label": t("Result") });
  const status = el("p", { role: "status", className: "quiet" });
  const cancel = el("button", { type: "button", disabled: true }, t("Cancel"));
  const form = el(
    "form",
    {},
    ...fields.map(({ element }) => element),
    el("label", { for: "timeout" }, t("Timeout in ms")),
    timeout,
    el("div", { className: "row" }, el("button", {}, t("Call")), cancel),
  );
  const past = el("div");
  const params = () => {
    const given = fields.map((field) => [field.name, field.read()]).filter(([, value]) =>
      value !== undefined
    );
    return method.paramStructure === "by-position"
      ? given.map(([, value]) => value)
      : Object.fromEntries(given);
  };
  const fail = (text) => {
    status.textContent = text;
    status.className = "bad";
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    let given;
    try {
      given = params();
    } catch (error) {
      return fail(error.message);
    }
    remember(method.name, given);
    drawHistory(past, method.name, fields);
    const abort = new AbortController();
    cancel.disabled = false;
    cancel.onclick = () => abort.abort();
    status.className = "quiet";
    status.textContent = "...";
    output.textContent = "";
    const startedAt = performance.now();
    try {
      const answer = await fetch(`/call/${encodeURIComponent(method.name)}`, {
        method: "POST",
        body: JSON.stringify(given),
        signal: abort.signal,
        headers: {
          ...json,
          "rpc-timeout-ms": timeout.value || "10000",
          accept: method["x-stream"] ? "application/x-ndjson" : "application/json",
        },
      });
      const server = answer.headers.get("rpc-server") ?? "";
      if (!answer.ok) {
        const problem = await answer.json();
        fail(
          `${problem.name}: ${problem.detail} (${answer.status}, executed: ${problem.executed})`,
        );
        if (problem.issues) output.textContent = JSON.stringify(problem.issues, null, 2);
        return;
      }
      if (method["x-stream"]) await readLines(answer.body, output, fail);
      // Numbers stay as they were written: what JavaScript would round is shown as it came.
      else output.textContent = prettyText(await answer.text());
      if (status.className === "quiet") {
        status.textContent = `${(performance.now() - startedAt).toFixed(0)} ms ${server}`;
      }
    } catch (error) {
      fail(abort.signal.aborted ? "Cancelled" : String(error));
    } finally {
      cancel.disabled = true;
    }
  };
  const copies = Object.entries(copyForms).map(([name, write]) =>
    el("button", {
      type: "button",
      onclick() {
        try {
          navigator.clipboard.writeText(write(method.name, params()));
        } catch (error) {
          fail(error.message);
        }
      },
    }, `${t("copy as")} ${name}`)
  );
  detail.replaceChildren(
    el("h2", {}, method.name),
    el(
      "p",
      { className: "quiet" },
      [
        method.summary,
        method.description,
        method["x-kind"],
        method["x-idempotent"] ? t("may run twice") : "",
        method["x-stream"] ? t("stream") : "",
      ].filter(Boolean).join(" · "),
    ),
    form,
    status,
    output,
    el(
      "div",
      { className: "row" },
      el("button", {
        type: "button",
        onclick: () => navigator.clipboard.writeText(output.textContent),
      }, t("Copy")),
      ...copies,
    ),
    past,
  );
  drawHistory(past, method.name, fields);
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
    let shown = "";
    for (const line of lines) {
      const { error } = line.startsWith('{"error":') ? JSON.parse(line) : {};
      if (error) fail(`${error.name}: ${error.detail} (executed: ${error.executed})`);
      else if (line.startsWith('{"item":')) shown += `${line.slice(8, -1)}\n`;
    }
    output.textContent = (output.textContent + shown).slice(-shownBytesMax);
  }
}

/** A field by a parameter's schema. What is neither a choice nor a simple value is JSON. */
function fieldOf({ name, required, schema }, id) {
  const { type, enum: choices, description } = schema === true ? {} : schema;
  const initial = schema.default === undefined
    ? ""
    : type === "string"
    ? schema.default
    : JSON.stringify(schema.default);
  const values = type === "boolean" ? [true, false] : choices;
  const input = values
    ? el(
      "select",
      { id },
      ...(required ? [] : [el("option", { value: "" }, "")]),
      ...values.map((one) => el("option", { value: JSON.stringify(one) }, String(one))),
    )
    : ["string", "integer", "number"].includes(type)
    ? el("input", {
      id,
      type: "text",
      inputMode: type === "string" ? "text" : "decimal",
      value: initial,
    })
    : el("textarea", { id, value: initial, placeholder: "JSON" });
  const hint = [
    typeof type === "string" ? type : "JSON",
    required ? "" : t("optional"),
    description,
  ].filter(Boolean).join(", ");
  return {
    name,
    element: el(
      "div",
      {},
      el("label", { for: id }, `${name} `, el("span", { className: "quiet" }, hint)),
      input,
    ),
    read() {
      if (type === "string" && !values) {
        return input.value === "" && !required ? undefined : input.value;
      }
      if (input.value.trim() === "") return undefined;
      try {
        return JSON.parse(input.value);
      } catch {
        throw new Error(`${name}: ${t("It is no JSON")}`);
      }
    },
    write(value) {
      input.value = value === undefined
        ? ""
        : type === "string" && !values
        ? value
        : JSON.stringify(value);
    },
  };
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(historyKey)) ?? [];
  } catch {
    return [];
  }
}

function remember(method, params) {
  const key = JSON.stringify({ method, params });
  const others = remembered().filter((one) => JSON.stringify(one) !== key);
  const all = [{ method, params }, ...others].slice(0, historyMax);
  try {
    localStorage.setItem(historyKey, JSON.stringify(all));
  } catch { /* Full, or not allowed: it is a convenience. */ }
}

function drawHistory(past, method, fields) {
  const own = remembered().filter((one) => one.method === method).slice(0, 10);
  past.replaceChildren(
    ...(own.length === 0 ? [] : [
      el("h2", {}, t("History")),
      el(
        "div",
        { className: "row" },
        ...own.map(({ params }) =>
          el("button", {
            type: "button",
            onclick() {
              fields.forEach((field, index) =>
                field.write(Array.isArray(params) ? params[index] : params[field.name])
              );
            },
          }, JSON.stringify(params).slice(0, 60))
        ),
      ),
    ]),
  );
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const address = (method) => `${location.origin}/call/${encodeURIComponent(method)}`;
const copyForms = {
  "rpc call": (method, params) =>
    `rpc call ${shell(method)} --params ${shell(JSON.stringify(params))}`,
  "curl": (method, params) =>
    `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d ${
      shell(JSON.stringify(params))
    } ${shell(address(method))}`,
  "Python": (method, params) =>
    `import json, os, requests\nprint(requests.post(${
      JSON.stringify(address(method))
    }, json=json.loads(${
      JSON.stringify(JSON.stringify(params))
    }), headers={"Authorization": "Bearer " + os.environ["TOKEN"]}).json())`,
  "TypeScript": (method, params) =>
    `import { connect } from "rpc";\n\nawait using client = await connect();\nconsole.log(await client.call(${
      JSON.stringify(method)
    }, ${JSON.stringify(params)}));`,
};

begin();

/** The list of methods, with each one's rate, errors and latency; found by a word or by the arrows. */

import { el, say } from "./dom.js";
import { t } from "./words.js";

/** The list. `choose(method)` is called with the one that was chosen. */
export function methodsList(choose) {
  const list = el("div", { id: "methods" });
  const find = el("input", {
    type: "search",
    placeholder: `${t("Find a method")} (/)`,
    "aria-label": t("Find a method"),
  });
  const rows = new Map();
  let chosen;

  function pick(method) {
    rows.get(chosen)?.button.setAttribute("aria-current", "false");
    chosen = method.name;
    rows.get(chosen)?.button.setAttribute("aria-current", "true");
    stop();
    choose(method);
  }

  /** Tab stops at one of them, and the next one leads to the form: hundreds are no way there. */
  function stop() {
    const visible = [...rows].filter(([, { element }]) => !element.hidden);
    const [at] = visible.find(([name]) => name === chosen) ?? visible[0] ?? [];
    for (const [name, { button }] of rows) button.tabIndex = name === at ? 0 : -1;
  }

  function rowOf(method) {
    const button = el("button", {
      type: "button",
      "aria-current": String(method.name === chosen),
      onclick: () => pick(method),
    }, method.name);
    const figures = el("span", { className: "quiet figures" });
    return { button, figures, element: el("div", { className: "method" }, button, figures) };
  }

  find.oninput = () => {
    const wanted = find.value.toLowerCase();
    for (const [name, { element }] of rows) element.hidden = !name.toLowerCase().includes(wanted);
    stop();
  };
  find.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      list.querySelector(".method:not([hidden]) button")?.focus();
    }
    if (event.key === "Escape") {
      find.value = "";
      find.oninput();
    }
  };
  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll(".method:not([hidden]) button")];
    const at = buttons.indexOf(document.activeElement) + step;
    (buttons[at] ?? (at < 0 ? find : undefined))?.focus();
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key !== "/" || isTyping) return;
    event.preventDefault();
    find.focus();
  });

  return {
    element: el(
      "nav",
      { "aria-label": t("Methods") },
      el("h2", {}, t("Methods")),
      find,
      list,
    ),
    /** Takes over what the servers offer. `wanted`: the one to begin with. */
    offer(methods, wanted) {
      rows.clear();
      for (const method of methods) rows.set(method.name, rowOf(method));
      list.replaceChildren(...[...rows.values()].map(({ element }) => element));
      find.oninput();
      const first = methods.find(({ name }) => name === wanted) ?? methods[0];
      if (!rows.has(chosen) && first !== undefined) pick(first);
    },
    /** Shows how each does. */
    take(figuresOf) {
      for (const [name, { figures }] of rows) {
        const one = figuresOf[name];
        say(figures, one === undefined || one.calls === 0 ? "" : textOf(one));
      }
    },
  };
}

function textOf({ rate, errors, p50Ms, p99Ms }) {
  return [
    `${(rate ?? 0).toFixed(0)}/s`,
    errors > 0 ? `${errors} ${t("errors")}` : "",
    p99Ms === undefined ? "" : `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`,
  ].filter(Boolean).join(" · ");
}

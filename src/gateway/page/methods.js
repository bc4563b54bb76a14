/** The list of methods, with each one's rate, errors and latency; found by a word or by the arrows. */

import { el, onFrame, say } from "./dom.js";
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
  let figuresOf = {};
  // Of hundreds of methods the figures of those in view, or nearly so, are written.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = rows.get(target.dataset.name);
      if (row === undefined) continue;
      row.isInView = isIntersecting;
      if (isIntersecting) tell(row);
    }
  }, { root: list, rootMargin: "200px 0px" });

  function tell({ name, figures }) {
    const one = Object.hasOwn(figuresOf, name) ? figuresOf[name] : undefined;
    say(figures, one === undefined || one.calls === 0 ? "" : textOf(one));
  }

  const draw = onFrame(() => {
    for (const row of rows.values()) if (row.isInView) tell(row);
  });

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

  function rowOf({ name }) {
    const row = { name, method: undefined, isInView: false };
    row.button = el("button", {
      type: "button",
      "aria-current": String(name === chosen),
      onclick: () => pick(row.method),
    }, name);
    row.figures = el("span", { className: "quiet figures" });
    row.element = el("div", { className: "method" }, row.button, row.figures);
    row.element.dataset.name = name;
    seen.observe(row.element);
    return row;
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
  const jump = (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key !== "/" || isTyping) return;
    event.preventDefault();
    find.focus();
  };
  document.addEventListener("keydown", jump);

  return {
    element: el(
      "nav",
      { "aria-label": t("Methods") },
      el("h2", {}, t("Methods")),
      find,
      list,
    ),
    /** Leaves the keyboard to others. */
    leave: () => document.removeEventListener("keydown", jump),
    /** Takes over what the servers offer. `wanted`: the one to begin with. */
    offer(methods, wanted) {
      const before = new Map(rows);
      rows.clear();
      for (const method of methods) {
        // One that stays keeps its row, and what the keyboard is on.
        const row = before.get(method.name) ?? rowOf(method);
        before.delete(method.name);
        rows.set(method.name, row);
        row.method = method;
      }
      for (const { element } of before.values()) {
        seen.unobserve(element);
        element.remove();
      }
      let at = list.firstChild;
      for (const { element } of rows.values()) {
        if (at === element) at = at.nextSibling;
        else list.insertBefore(element, at);
      }
      find.oninput();
      const first = methods.find(({ name }) => name === wanted) ?? methods[0];
      if (!rows.has(chosen) && first !== undefined) pick(first);
    },
    /** Shows how each does, by their names. */
    take(figures) {
      figuresOf = figures;
      draw();
    },
  };
}

function textOf({ rate, errors, p50Ms, p99Ms }) {
  return [
    `${(rate ?? 0).toFixed(0)}/s`,
    errors > 0 ? `${errors} ${t(errors === 1 ? "error" : "errors")}` : "",
    p99Ms === undefined ? "" : `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`,
  ].filter(Boolean).join(" · ");
}

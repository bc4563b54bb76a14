/** Makes elements. Text becomes text nodes, never markup, whoever said it. */

/**
 * What a browser obeys or hides in a text, but for tabs and line ends: control characters, marks
 * that turn the direction of text around, and characters that take no room.
 */
const unseen =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

const hex = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text of somebody else's as all of it can be seen; JSON keeps its meaning. */
export const shown = (text) =>
  String(text).replaceAll("\r\n", "\n").replaceAll(
    unseen,
    (found) => found.replaceAll(/[^]/g, hex),
  );

/** Texts among children, as they are shown. */
const seen = (children) => children.map((one) => typeof one === "string" ? shown(one) : one);

/** An element, its properties, and what is in it. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^aria-|^(for|role|scope)$/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...seen(children));
  return element;
}

/** An element of a drawing, and its attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...seen(children));
  return element;
}

/** Sets a text where it is another one: what stays as it is costs no layout. */
export function say(element, text) {
  const plain = shown(text);
  if (element.textContent !== plain) element.textContent = plain;
}

/** Runs something in the next frame, once, however often it is asked for until then. */
export function onFrame(run) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      run();
    });
  };
}

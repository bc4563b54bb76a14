/** Makes elements. Text becomes text nodes, never markup, whoever said it. */

/** An element, its properties, and what is in it. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^aria-|^(for|role|scope)$/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** An element of a drawing, and its attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets a text where it is another one: what stays as it is costs no layout. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

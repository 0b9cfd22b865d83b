/**
 * Elements. Text only ever becomes a text node, so that a table called `<script>` is a name and
 * nothing else: this is the only way the page makes elements, and nothing here parses markup. Nor is
 * it shown as it is where it would drive what stands beside it (strange.js).
 */
import { runsOf, visible } from './strange.js';

const SVG = 'http://www.w3.org/2000/svg';
const HARMLESS_LINK = /^(#|https:\/\/)/;
const SAID = /^(aria-|title$|placeholder$|data-label$)/; // attributes that are text for people
const TEXT_ALONE = /^(option|title|textarea|bdi)$/; // elements that have no others in them

function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (name === 'class') element.setAttribute('class', [value].flat().filter(Boolean).join(' '));
  else if (name === 'href' && !HARMLESS_LINK.test(value)) return;
  else if (name === 'value') element.value = value;
  else if (value === true) element.setAttribute(name, '');
  else element.setAttribute(name, SAID.test(name) ? visible(String(value)) : String(value));
}

/** As text nodes; what is written from right to left turns nothing round but itself. */
function appendText(element, text) {
  const isolates = element.namespaceURI !== SVG && !TEXT_ALONE.test(element.localName);
  (isolates ? runsOf(text) : [text]).forEach((part, i) => {
    if (part === '' && text !== '') return;
    const node = document.createTextNode(visible(part));
    if (i % 2) element.append(document.createElement('bdi'));
    (i % 2 ? element.lastChild : element).append(node);
  });
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    if (child instanceof Node) element.append(child);
    else appendText(element, String(child));
  }
}

/**
 * An element. Attributes: `onclick` and the like take functions, `class` a word or a list with holes,
 * `style` an object of properties (set one by one: the policy forbids style attributes), `true` an
 * empty attribute; null, undefined and false leave it out. Children: nodes, text, numbers, lists.
 */
export function h(tag, attributes = null, ...children) {
  const element = document.createElement(tag);
  const { value, ...others } = attributes ?? {};
  for (const [name, one] of Object.entries(others)) setAttribute(element, name, one);
  append(element, children);
  if (value !== undefined) setAttribute(element, 'value', value); // a <select> wants its options first
  return element;
}

/** The same for SVG. */
export function svg(tag, attributes = null, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, one] of Object.entries(attributes ?? {})) setAttribute(element, name, one);
  append(element, children);
  return element;
}

/** Puts the children in the place of what the element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

let counter = 0;

/** An id nobody else has, for labels and descriptions. */
export function freshId(word = 'id') {
  counter += 1;
  return `${word}-${counter}`;
}

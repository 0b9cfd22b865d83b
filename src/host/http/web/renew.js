/**
 * Content that changes every second while somebody is in the midst of it. What is there already
 * stays the same element, so that a selection, the focus, an opened fold and a press that has begun
 * outlast the renewal. What moves within a list is known by its data-key; a button under a data-key
 * does the same for as long as the key is the same.
 */

const KEPT = new Set(['id', 'open', 'style', 'hidden']); // of the element, not of what it shows

const keyOf = (node) => node.dataset?.key ?? null;
const same = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

/** Buttons carry what they do: they are taken as they are. */
const isFixed = (node) => keyOf(node) !== null && node.matches('span');

function adoptAttributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes])
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes])
    if (!KEPT.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
}

function adopt(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else if (old.update && fresh.rows) old.update(fresh.rows); // a table, with its order
  else if (!isFixed(old) && !old.isEqualNode(fresh)) {
    adoptAttributes(old, fresh);
    adoptChildren(old, [...fresh.childNodes]);
  }
}

/** For each of the fresh what it is the newer form of; null: it is new. */
function matches(olds, fresh) {
  const left = new Set(olds);
  return fresh.map((child) => {
    for (const old of left)
      if (same(old, child)) {
        left.delete(old);
        return old;
      }
    return null;
  });
}

function adoptChildren(parent, fresh) {
  const found = matches([...parent.childNodes], fresh);
  const kept = new Set(found);
  for (const old of [...parent.childNodes])
    if (!kept.has(old)) old.remove();
  let at = parent.firstChild;
  fresh.forEach((child, i) => {
    if (found[i]) adopt(found[i], child);
    if (found[i] && found[i] === at) at = at.nextSibling;
    else parent.insertBefore(found[i] ?? child, at);
  });
}

/** Makes the box show these nodes; lists of them and holes as of h(). */
export function renew(box, ...content) {
  adoptChildren(box, content.flat(Infinity).filter((one) => one instanceof Node));
}

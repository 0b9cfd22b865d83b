/** Lists that may be long: the first of them, and a button for all. */
import { h, fill } from './dom.js';
import { count } from './format.js';
import { renew } from './renew.js';

/** Below what is shown: how many of how many, with the button that `press`es; nothing where all fit. */
export function drawMore(box, { total, shown, limit, press, word = '' }) {
  const focused = box.contains(document.activeElement);
  if (total <= limit) return fill(box);
  const text = shown < total ? `Show all ${count(total)}${word && ` ${word}`}` : `Show the first ${count(limit)}`;
  const button = h('button', { type: 'button', onclick: press }, text);
  fill(box, h('span', null, `${count(shown)} of ${count(total)} `), button);
  if (focused) button.focus();
  return box;
}

/**
 * A list element of what is in `rows`, at first `limit` of them; `row(one)` makes each. `.rows` and
 * `.update(rows)` as of a table: all that were asked for stay when it is renewed.
 */
export function firstOf({ rows, row, limit = 30, tag = 'ul', class: name = null, word = '' }) {
  let all = false;
  const list = h(tag, { class: name });
  const more = h('div', { class: 'more' });
  const root = h('div', { class: 'first-of', 'data-key': 'first-of' }, list, more);

  function draw(put = fill) {
    const shown = all ? root.rows : root.rows.slice(0, limit);
    put(list, shown.map(row));
    drawMore(more, { total: root.rows.length, shown: shown.length, limit, word, press: () => { all = !all; draw(); } });
  }

  root.update = (fresh) => { root.rows = fresh; draw(renew); };
  root.rows = rows;
  draw();
  return root;
}

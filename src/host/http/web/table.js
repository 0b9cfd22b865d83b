/**
 * Tables: sorted by a press on the head, which stays in sight; numbers to the right; at most so many
 * rows until asked for all. On a phone the rows become cards, or with `cards: false` the table
 * scrolls in a box of its own.
 */
import { h, fill, freshId } from './dom.js';
import { drawMore } from './list.js';
import { renew } from './renew.js';

const MOMENT = /^\d{4}-\d\d-\d\d( |$)/;

function plainValue(column, row) {
  const value = column.value ? column.value(row) : row[column.key];
  return value === undefined ? null : value;
}

function compare(left, right) {
  if (left === right) return 0;
  if (left === null) return 1; // nothing known comes last, whichever way
  if (right === null) return -1;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), 'en', { numeric: true });
}

/** A copy in the order {key, descending}. Stable; rows without a value stay behind. */
export function sorted(rows, columns, order) {
  const column = order && columns.find((one) => one.key === order.key);
  if (!column) return rows;
  return rows.map((row) => [plainValue(column, row), row])
    .sort(([a], [b]) => {
      const way = order.descending && a !== null && b !== null ? -1 : 1;
      return way * compare(a, b);
    })
    .map(([, row]) => row);
}

function cell(column, row) {
  const value = plainValue(column, row);
  const given = column.cell ? column.cell(row) : column.format ? column.format(value, row) : value;
  const shown = given === '' || given === null || given === undefined ? '–' : given;
  const tag = column.head ? 'th' : 'td';
  const moment = typeof shown === 'string' && MOMENT.test(shown);
  return h(tag, { class: [column.number && 'number', column.wide && 'wide', moment && 'moment', shown === '–' && 'none', column.class],
                  scope: column.head && 'row', 'data-label': column.label }, shown);
}

function headCell(column, order, press) {
  const mine = order?.key === column.key;
  const aria = mine ? (order.descending ? 'descending' : 'ascending') : 'none';
  const attributes = { class: column.number && 'number', scope: 'col', title: column.title };
  if (column.sort === false) return h('th', attributes, column.label);
  return h('th', { ...attributes, 'aria-sort': aria },
    h('button', { type: 'button', class: 'sort', onclick: () => press(column) }, column.label,
      h('span', { class: 'sort-mark', 'aria-hidden': 'true' },
        mine ? (order.descending ? ' ▾' : ' ▴') : '')));
}

/** The same list as cards needs its order told otherwise: the head is not in sight there. */
function sortChoice(columns, choose) {
  const id = freshId('sort');
  const able = columns.filter((column) => column.sort !== false);
  if (able.length < 2) return null;
  return h('div', { class: 'sort-choice' }, h('label', { for: id }, 'Sort by '),
    h('select', { id, onchange: (event) => choose(able.find((one) => one.key === event.target.value)) },
      able.map((column) => h('option', { value: column.key }, column.label))));
}

/**
 * A table element with `.rows` and `.update(rows)`.
 *   caption   what it shows; `captionHidden` for the screen reader only
 *   columns   [{key, label, title?, number?, head? (names the row), wide?, class?,
 *               value?(row) → what is sorted, format?(value, row) → text, cell?(row) → nodes,
 *               sort? false: not by this}]
 *   order     {key, descending}; null: as given
 *   limit     rows shown at first (50); `empty` what is said when there are none
 *   rowClass  (row) → class, `detail` (row) → nodes in a line below, or null
 */
export function table({ caption, captionHidden = false, columns, rows = [], order = null, limit = 50,
                        empty = 'Nothing to show.', rowClass, detail, cards = true }) {
  let all = false;
  let now = rows;
  let way = order;
  const head = h('tr');
  const body = h('tbody');
  const more = h('div', { class: 'more' });
  const choice = h('div', null, cards && sortChoice(columns, press));
  const grid = h('table', { class: cards ? 'grid cards' : 'grid' },
    h('caption', { class: captionHidden && 'only-read' }, caption), h('thead', null, head), body);
  const box = h('div', { class: 'table-box', tabindex: cards ? null : 0, role: cards ? null : 'region',
                         'aria-label': cards ? null : caption }, grid);
  const root = h('div', { class: ['table', cards && 'with-cards'] }, choice, box, more);

  function lines(row) {
    const line = h('tr', { class: rowClass?.(row) }, columns.map((column) => cell(column, row)));
    const below = detail?.(row);
    return below ? [line, h('tr', { class: 'detail' }, h('td', { colspan: columns.length }, below))] : line;
  }

  function draw(put = fill) {
    const focused = head.contains(document.activeElement)
      ? [...head.querySelectorAll('button')].indexOf(document.activeElement) : -1;
    const ordered = sorted(now, columns, way);
    const shown = all ? ordered : ordered.slice(0, limit);
    fill(head, columns.map((column) => headCell(column, way, press)));
    put(body, shown.length ? shown.map(lines)
      : h('tr', { class: 'empty' }, h('td', { colspan: columns.length }, empty)));
    choice.hidden = now.length < 2;
    if (way && choice.firstChild) choice.querySelector('select').value = way.key;
    drawMore(more, { total: ordered.length, shown: shown.length, limit, press: () => { all = !all; draw(); } });
    if (focused >= 0) head.querySelectorAll('button')[focused]?.focus();
  }

  function press(column) {
    const again = way?.key === column.key;
    way = { key: column.key, descending: again ? !way.descending : Boolean(column.number) };
    draw();
  }

  root.update = (fresh) => { now = root.rows = fresh; draw(renew); };
  root.rows = rows;
  draw();
  return root;
}

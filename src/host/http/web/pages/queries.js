// Queries, live: the longest first, what they wait for and whom they block.

import { h } from '../dom.js';
import { count, duration, plural } from '../format.js';
import { firstOf } from '../list.js';
import { panel, status } from '../ui.js';
import { add, ask, endButtons, followLive, headLine, holdButton, query, tiles, who } from './parts.js';
import { renew } from '../renew.js';

export const title = 'Queries';

function progress(item) {
  if (item.progress_pct === null)
    return null;
  const done = Math.round(item.progress_pct);
  return h('p', {}, h('progress', { max: '100', value: String(done),
    'aria-label': `${item.command ?? 'progress'} of pid ${item.pid}` }),
  ` ${item.command ?? ''} ${done} %`);
}

/** Whoever blocks others is worse than whoever only takes long. */
function tone(item) {
  return item.blocks.length > 0 ? 'critical' : item.wait?.startsWith('Lock') ? 'warning' : 'ok';
}

function word(item) {
  if (item.blocks.length > 0)
    return `blocks ${item.blocks.length}`;
  return item.wait?.startsWith('Lock') ? 'waits for a lock' : item.state;
}

function entry(item, context) {
  return h('li', { class: 'finding', 'data-key': `entry-${item.pid}` },
    h('div', { class: 'finding-head' },
      h('h3', {}, duration(item.duration_seconds)),
      status(tone(item), word(item)),
      h('span', { class: 'muted' }, `pid ${item.pid} · ${who(item)}` +
        (item.database ? ` · ${item.database}` : ''))),
    query(item.query, `query-${item.pid}`),
    progress(item),
    h('p', { class: 'muted' },
      [item.wait && `Wait: ${item.wait}`,
        item.blocks.length > 0 && `blocks ${item.blocks.join(', ')}`,
        item.workers > 0 && plural(item.workers, 'parallel worker'),
        item.rule && `rule ${item.rule}: ${item.action}`,
        item.left_alone && `left alone: ${item.protected ? item.reason : item.left_alone}`].filter(Boolean).join(' · ')),
    !item.left_alone && endButtons(item, `pid ${item.pid} (${who(item)})`, context));
}

function list(heading, items, empty, context) {
  const sorted = [...items].sort((a, b) => b.duration_seconds - a.duration_seconds);
  return panel(`${heading} (${items.length})`, items.length === 0 ? h('p', {}, empty)
    : firstOf({ rows: sorted, limit: 50, class: 'findings',
      row: (item) => entry(item, context) }));
}

/** Streams of WAL and the like run for ever, and that is as it should be. */
function apart(items) {
  const plain = (item) => item.type === 'client backend' && !/\bof pgrunbook\b/.test(item.reason);
  return [items.filter(plain), items.filter((item) => !plain(item))];
}

function content(answer, context) {
  const { transactions, longer_than_seconds: limit } = answer.document;
  const [queries, own] = apart(answer.document.queries);
  const all = [...queries, ...transactions];
  const longest = Math.max(0, ...queries.map((item) => item.duration_seconds));
  const blocking = all.filter((item) => item.blocks.length > 0).length;
  return [
    headLine(answer),
    tiles([
      [`Longer than ${duration(limit)}`, count(queries.length),
        queries.length > 0 ? 'warning' : 'ok'],
      ['The longest', queries.length > 0 ? duration(longest) : '–'],
      ['Block others', count(blocking), blocking > 0 && 'critical'],
      ['Idle in transaction', count(transactions.length),
        transactions.length > 0 && 'warning'],
    ]),
    list('At work', queries, `No query runs for longer than ${duration(limit)}.`, context),
    list('Idle in transaction', transactions, 'Nobody is idle in an old transaction.',
      context),
    own.length > 0 && list('Replication and the server’s own work', own, '', context),
  ];
}

export async function page(view, context) {
  const box = h('div', { class: 'live' });
  const held = { now: false, show: null };
  const show = (answer) => {
    held.show = () => renew(box, content(answer, context));
    if (!held.now)
      held.show();
  };

  show(await ask('queries', 'report', context));
  add(view, h('div', { class: 'actions' }, holdButton(held)), box);
  followLive('queries', context, box, show);
}

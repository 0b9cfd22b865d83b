// Connections, live: the slots, who waits behind whom, and relief.

import { h } from '../dom.js';
import { count, duration, plural } from '../format.js';
import { gauge } from '../gauge.js';
import { details, panel, sql, status } from '../ui.js';
import { firstOf } from '../list.js';
import { table } from '../table.js';
import { actButton } from '../dialog.js';
import { minutesChart } from '../minutes.js';
import { commandFor, withOptions } from '../commands.js';
import { add, ask, endButtons, followLive, headLine, holdButton, later, query, tiles, who }
  from './parts.js';
import { renew } from '../renew.js';

export const title = 'Connections';

const DIAGNOSES = {
  healthy: ['ok', 'Healthy'],
  idle_pileup: ['warning', 'Idle sessions pile up'],
  idle_in_transaction: ['warning', 'Idle in transaction'],
  lock_convoy: ['critical', 'A queue behind a lock'],
  slow_queries: ['warning', 'Slow queries'],
  storm: ['critical', 'A storm of new sessions'],
  app_starvation: ['warning', 'The application’s pool is exhausted'],
};

// What the watch counts by hand is counted here from the groups.
function slotParts(document) {
  const sum = (wanted) => document.groups.filter((group) => wanted(group.state))
    .reduce((total, group) => total + group.count, 0);
  const active = sum((state) => state === 'active');
  const waiting = Math.min(active, document.blocking.filter((item) => !item.root).length);
  const inTransaction = sum((state) => state.startsWith('idle in transaction'));
  const idle = sum((state) => state === 'idle');
  const { used, ordinary } = document.slots;
  return [
    { value: waiting, class: 'critical', label: 'waiting for a lock' },
    { value: inTransaction, class: 'warning', label: 'idle in transaction' },
    { value: active - waiting, class: 'series-1', label: 'at work' },
    { value: idle, class: 'idle', label: 'idle' },
    { value: Math.max(0, used - active - inTransaction - idle), class: 'other',
      label: 'other' },
    { value: Math.max(0, ordinary - used), class: 'free', label: 'free' },
  ].filter((part) => part.value > 0);
}

function slots(document) {
  const { ordinary, used, max, superuser_reserved: kept, reserved, limits } = document.slots;
  const parts = slotParts(document);
  return panel('Slots',
    h('div', { class: 'slots-bar' }, gauge({ total: Math.max(ordinary, used), parts,
      label: `${used} of ${ordinary} slots are used` })),
    h('ul', { class: 'keys' }, parts.map((part) => h('li', {},
      h('span', { class: ['key', part.class], 'aria-hidden': 'true' }),
      `${count(part.value)} ${part.label}`))),
    h('p', { class: 'muted' }, `${used} of ${ordinary} slots; ${max} in all, ` +
      `${kept + reserved} kept for superusers. Relief begins to be due at ` +
      `${Math.round(document.goal.until * 100)} %.`),
    limits.length > 0 && firstOf({ rows: limits, limit: 20, row: (limit) => h('li', {},
      `${limit.kind} ${limit.name}: ${limit.used} of its limit of ${limit.limit}`) }));
}

function blocker(item, children, context) {
  const name = item.pid === null ? `prepared transaction ${item.prepared}` : `pid ${item.pid}`;
  const waits = item.wait_seconds !== null && !item.root
    ? `, waits ${duration(item.wait_seconds)}` : '';
  const line = h('div', { class: ['node', item.root && 'node-root'] },
    h('div', { class: 'node-head' },
      h('strong', {}, name), ' ', h('span', {}, who(item)),
      h('span', { class: 'muted' }, ` ${item.state ?? ''}${waits}`),
      item.root && status('critical', `${item.waiting} wait behind it`)),
    item.query && query(item.query, `query-${item.pid}`),
    item.root && item.pid !== null && endButtons(item, `${name} (${who(item)})`, context));
  return h('li', { 'data-key': `node-${item.pid ?? item.prepared}` }, line, children.length > 0
    && firstOf({ rows: children, row: (child) => blocker(child.item, child.children, context) }));
}

/** Each waiter stands under one who blocks it: the one nearest to it, which is not behind it. */
export function tree(blocking) {
  const nodes = new Map(blocking.map((item) => [item.pid ?? item.prepared,
    { item, children: [], depth: 0 }]));
  const depthOf = (item, seen = new Set()) => {
    if (item.root || seen.has(item.pid))
      return 0;
    seen.add(item.pid);
    return 1 + Math.max(0, ...item.blocked_by.filter((pid) => nodes.has(pid))
      .map((pid) => depthOf(nodes.get(pid).item, new Set(seen))));
  };
  for (const node of nodes.values())
    node.depth = depthOf(node.item);
  for (const node of nodes.values()) {
    if (node.item.root)
      continue;
    const above = node.item.blocked_by.map((pid) => nodes.get(pid))
      .filter((other) => other && other.depth < node.depth)
      .sort((a, b) => b.depth - a.depth)[0];
    (above ?? nodes.get(node.item.root_pid))?.children.push(node);
  }
  return [...nodes.values()].filter((node) => node.item.root);
}

function blocking(document, context) {
  const roots = tree(document.blocking);
  if (roots.length === 0)
    return panel('Who waits behind whom', h('p', {}, 'Nobody waits for a lock.'));
  return panel('Who waits behind whom',
    firstOf({ rows: roots, class: 'tree',
      row: (root) => blocker(root.item, root.children, context) }));
}

function transactions(document, context) {
  const items = document.transactions;
  if (items.length === 0)
    return panel('Idle in transaction', h('p', {}, 'Nobody is.'));
  return panel('Idle in transaction',
    h('p', { class: 'muted' }, 'They hold locks, and keep dead rows from being removed.'),
    firstOf({ rows: items, limit: 20, class: 'plain', row: (item) => h('li', { class: 'node', 'data-key': `open-${item.pid}` },
      h('div', { class: 'node-head' }, h('strong', {}, `pid ${item.pid}`), ' ', who(item),
        h('span', { class: 'muted' }, ` in transaction for ` +
          `${duration(item.transaction_seconds)}, idle for ` +
          duration(item.state_seconds))),
      query(item.query, `idle-${item.pid}`),
      endButtons({ ...item, state: 'idle' }, `pid ${item.pid} (${who(item)})`, context)) }));
}

function groups(document) {
  return panel('Sessions', table({
    caption: 'Sessions by who they are and what they do', captionHidden: true, limit: 20,
    cards: true, rows: document.groups, empty: 'None.',
    order: { key: 'count', descending: true },
    columns: [
      { key: 'application', label: 'Application', head: true,
        value: (row) => row.application || '(no name)' },
      { key: 'role', label: 'Role' },
      { key: 'client', label: 'Client' },
      { key: 'state', label: 'State' },
      { key: 'count', label: 'Sessions', number: true, format: count },
      { key: 'oldest_seconds', label: 'Longest', number: true, format: duration },
    ],
  }));
}

const HINT_LINE = /"(pgrunbook (?:connections|queries) [a-z -]+(?:PID)?)"/;

/** A command line in it is to say which server it means. */
function hintOf(hint, target) {
  return hint.split(HINT_LINE).map((part, i) =>
    (i % 2 === 1 ? h('code', {}, withOptions(target, part)) : part));
}

function view_(answer, context) {
  const document = answer.document;
  const [tone, word] = DIAGNOSES[document.diagnosis] ?? ['unknown', document.diagnosis];
  const free = Math.max(0, document.slots.ordinary - document.slots.used);
  return [
    headLine(answer),
    h('p', { class: 'verdict' }, status(document.emergency ? 'critical' : tone, word), ' ',
      document.reason),
    tiles([
      ['Used', count(document.slots.used)],
      ['Free', count(free), free < 0.1 * document.slots.ordinary ? 'critical' : 'ok'],
      ['Wait for a lock', count(document.blocking.filter((item) => !item.root).length),
        document.blocking.length > 0 && 'critical'],
      ['Idle in transaction', count(document.transactions.length),
        document.transactions.length > 0 && 'warning'],
    ]),
    slots(document), blocking(document, context), transactions(document, context),
    groups(document),
    document.hints.length > 0 && panel('What helps',
      h('ul', { class: 'plain' }, document.hints.map((hint) =>
        h('li', {}, hintOf(hint, context.target))))),
  ];
}

async function course({ target, signal }) {
  return panel('The last hours', await minutesChart({
    target, signal, label: 'Slots, most in each minute', unit: 'slots', area: true,
    lines: [{ name: 'used', key: 'used_max', class: 'series-1' },
      { name: 'waiting for a lock', key: 'waiting_max', class: 'critical' }],
    level: (all) => ({ value: all, label: `all ${all}`, class: 'critical' }),
  }));
}

async function pool(context) {
  const { document } = await ask('connections', 'pool', context);
  return details('Do the pools of the applications fit?',
    h('p', {}, status(document.fits ? 'ok' : 'warning', document.fits ? 'They fit'
      : 'They may ask for more than there is'),
    ` ${document.slots.claimed} slots claimed of ${document.slots.ordinary}.`),
    document.applications.length === 0
      ? [h('p', {}, 'No application is described in the configuration; what there is to say '
        + 'of one:'), commandFor(context.target, 'connections', 'pool', '--help')]
      : h('ul', {}, document.applications.map((item) => h('li', {},
        h('strong', {}, item.name), ': ',
        item.findings.map((finding) => finding.message).join('; ')))),
    firstOf({ rows: document.role_settings, limit: 20, class: 'plain',
      row: (item) => h('li', {}, h('p', {}, item.reason), sql(`${item.sql};`)) }));
}

export async function page(view, context) {
  const { target, session } = context;
  const box = h('div', { class: 'live' });
  const held = { now: false, show: null };
  const show = (answer) => {
    held.show = () => renew(box, view_(answer, context));
    if (!held.now)
      held.show();
  };

  show(await ask('connections', 'report', context));
  add(view, h('div', { class: 'actions' },
    actButton({ label: 'Relieve', section: 'connections', verb: 'relieve', target,
      what: `End sessions of ${target} until there is room`, danger: true }, session),
    holdButton(held)), box);
  followLive('connections', context, box, show);
  later(view, () => course(context));
  later(view, () => pool(context));
}

/** One target: all that check says, its slots now and over the last hours, what happened to it. */
import { h, fill } from '../dom.js';
import { command, get } from '../api.js';
import { timeChart } from '../chart.js';
import { listen } from '../events.js';
import { count, duration, nowMs, time } from '../format.js';
import { slotsGauge } from '../gauge.js';
import { pointsOf, unwatched } from '../minutes.js';
import { changes, checked, refresh as refreshOverview, targetOf } from '../state.js';
import { table } from '../table.js';
import { ageOf, facts, panel, problem, status } from '../ui.js';
import { title as nameOf, verdictList } from '../verdicts.js';
import { standing } from './overview.js';

export const title = 'Check';

async function minutes(target, signal) {
  const { document } = await get('history/minutes', { target, since: '6h' }, { signal, maxAge: 30 });
  return document.minutes;
}

function slotsChart(rows) {
  const points = (key) => pointsOf(rows, key);
  const limit = rows.findLast((row) => row.samples > 0)?.ordinary;
  return timeChart({
    label: 'Connections, the most of each minute', unit: 'sessions', format: count, most: 4, height: 170,
    from: rows.length > 1 ? undefined : nowMs() - 3600000, to: nowMs(),
    series: [{ name: 'used', points: points('used_max') }, { name: 'active', points: points('active_max') },
             { name: 'idle in a transaction', points: points('in_transaction_max') }],
    bands: unwatched(rows),
    levels: limit ? [{ value: limit, label: `${limit} slots`, class: 'warning' }] : [],
  });
}

export function eventsTable(rows, withTarget = false) {
  return table({
    caption: 'What happened lately', limit: 10, empty: 'Nothing has happened.', rows,
    order: { key: 'opened_at', descending: true },
    columns: [
      { key: 'opened_at', label: 'Since', format: (value) => time(value) },
      ...(withTarget ? [{ key: 'target', label: 'Target' }] : []),
      { key: 'name', label: 'What', cell: (row) => status(row.severity === 'info' ? 'quiet' : row.severity, nameOf(row.name)) },
      { key: 'message', label: 'Said', wide: true, cell: (row) => (row.open ? row.message : row.closing ?? row.message) },
      { key: 'seconds', label: 'Lasted', number: true, cell: (row) => (row.open ? 'still open' : duration(row.seconds)) },
    ],
  });
}

/** The check is made anew; it stands in the place of the one that the daemon made before. */
async function checkNow(button, target, signal) {
  button.disabled = true;
  fill(button, 'Checking …');
  try {
    const { document, at } = await command('check', null, target, {}, { maxAge: 0, signal });
    checked(target, { status: document.status, checked_at: at.toISOString(), check_trouble: null,
                      verdicts: document.verdicts, gaps: document.unreadable });
  } finally {
    button.disabled = false;
    fill(button, 'Check now');
  }
}

async function into(box, work) {
  try {
    fill(box, await work());
  } catch (error) {
    if (error.name !== 'AbortError') fill(box, problem(error));
  }
}

export async function page(view, { target, signal }) {
  if (!targetOf(target)) await refreshOverview();
  const lines = h('div');
  const slots = h('span', { class: 'live-slots' }, '–');
  const head = h('p', { class: 'summary', role: 'status' });
  const late = h('div', { class: 'late' });
  const gap = h('div', { class: 'late' });
  let shown = '';

  function show(one) {
    if (!one) return;
    const key = JSON.stringify([one.verdicts, one.events, one.checked_at, one.state]);
    if (key === shown) return;
    shown = key;
    fill(head, status(standing(one)), ' ', one.state === 'down' ? one.reason : one.checked_at ? ageOf(one.checked_at, 'checked ') : 'not checked yet');
    fill(lines, verdictList(one, false));
  }

  const slotsNow = (sample) => sample.slots && fill(slots, slotsGauge(sample.slots));
  const known = targetOf(target);
  if (known) {
    show(known);
    slotsNow(known);
  }
  const again = h('button', { type: 'button' }, 'Check now');
  const failed = h('div', { role: 'status' });
  again.addEventListener('click', () => checkNow(again, target, signal)
    .then(() => fill(failed), (error) => error.name !== 'AbortError' && fill(failed, problem(error))));
  view.append(h('div', { class: 'bar' }, head, again), failed,
    facts([['Slots now', slots], ['Server', known?.version_num && `PostgreSQL ${Math.floor(known.version_num / 10000)}.${known.version_num % 10000}`],
           ['Database', known?.dbname], ['Host', known?.host]]),
    h('section', { class: 'panel' }, lines), panel('The last six hours', late), panel('Events', gap));
  changes.addEventListener('change', () => { show(targetOf(target)); slotsNow(targetOf(target) ?? {}); }, { signal });
  listen({ target, signal, on: { sample: (sample) => sample.target === target && slotsNow(sample.slots ? sample : { slots: sample }) } });
  into(late, async () => slotsChart(await minutes(target, signal)));
  into(gap, async () => {
    const { document } = await get('history/events', { target, since: '7d', limit: 50 }, { signal, maxAge: 5 });
    return eventsTable(document.events);
  });
}

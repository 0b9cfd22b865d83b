/** One target: all that check says, its slots now and over the last hours, what happened to it. */
import { h, fill } from '../dom.js';
import { ApiError, command, get } from '../api.js';
import { listen } from '../events.js';
import { count, duration, time } from '../format.js';
import { slotsGauge } from '../gauge.js';
import { minutesChart } from '../minutes.js';
import { renew } from '../renew.js';
import { changes, checked, refresh as refreshOverview, targetOf } from '../state.js';
import { table } from '../table.js';
import { ageOf, facts, panel, problem, status } from '../ui.js';
import { title as nameOf, verdictList } from '../verdicts.js';
import { standing } from './overview.js';

export const title = 'Check';

function slotsChart(target, signal) {
  return minutesChart({ target, signal,
    label: 'Connections, the most of each minute', unit: 'sessions', format: count, most: 4, height: 170,
    lines: [{ name: 'used', key: 'used_max' }, { name: 'active', key: 'active_max' },
            { name: 'idle in a transaction', key: 'in_transaction_max' }],
    level: (slots) => ({ value: slots, label: `${slots} slots`, class: 'warning' }),
  });
}

/** What it was; of one that is over the last word too: how it began is not how it ended. */
function saidOf({ open, message, closing }) {
  return open || !closing || closing === message ? message
    : [h('div', null, message), h('small', null, 'Over: ', closing)];
}

export function eventsTable(rows, withTarget = false) {
  return table({
    caption: 'What happened lately', limit: 10, empty: 'Nothing has happened.', rows,
    order: { key: 'opened_at', descending: true },
    columns: [
      { key: 'opened_at', label: 'Since', format: (value) => time(value) },
      ...(withTarget ? [{ key: 'target', label: 'Target' }] : []),
      { key: 'name', label: 'What', cell: (row) => status(row.severity === 'info' ? 'quiet' : row.severity, nameOf(row.name)) },
      { key: 'message', label: 'Said', wide: true, cell: saidOf },
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
                      verdicts: document.verdicts, gaps: document.unreadable,
                      lines_ok: document.verdicts.filter((line) => line.status === 'ok').length });
  } finally {
    button.disabled = false;
    fill(button, 'Check now');
  }
}

/** Puts into the box what comes of the work, or what is wrong with it alone. */
export async function into(box, work) {
  if (!box.firstChild) fill(box, h('p', { class: 'loading' }, 'One moment …'));
  try {
    const [fresh, old] = [await work(), box.firstChild];
    if (old?.update && fresh.rows) old.update(fresh.rows); // a table, which keeps its order
    else fill(box, fresh);
  } catch (error) {
    if (error.name !== 'AbortError') fill(box, problem(error));
  }
}

export async function page(view, { target, signal }) {
  if (!targetOf(target)) await refreshOverview();
  if (!targetOf(target)) throw new ApiError(404, `There is no target "${target}".`, 'The overview has all that are configured.');
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

  const slotsNow = (sample) => sample.slots && renew(slots, slotsGauge(sample.slots));
  const known = targetOf(target);
  show(known);
  slotsNow(known);
  const again = h('button', { type: 'button' }, 'Check now');
  const failed = h('div', { role: 'status' });
  again.addEventListener('click', () => checkNow(again, target, signal)
    .then(() => fill(failed), (error) => error.name !== 'AbortError' && fill(failed, problem(error))));
  view.append(h('div', { class: 'bar' }, head, again), failed,
    facts([['Slots now', slots], ['Server', known?.version_num && `PostgreSQL ${Math.floor(known.version_num / 10000)}.${known.version_num % 10000}`],
           ['Database', known?.dbname], ['Host', known?.host]]),
    h('section', { class: 'panel' }, lines), panel('The last six hours', late), panel('Events', gap));
  const happened = () => into(gap, async () => {
    const { document } = await get('history/events', { target, since: '7d', limit: 50 }, { signal, maxAge: 5 });
    return eventsTable(document.events);
  });
  let open = JSON.stringify(known.events);
  changes.addEventListener('change', () => {
    const one = targetOf(target) ?? {};
    show(targetOf(target));
    slotsNow(one);
    if (JSON.stringify(one.events) !== open) happened();
    open = JSON.stringify(one.events);
  }, { signal });
  listen({ target, signal, on: { sample: (sample) => sample.target === target && slotsNow(sample.slots ? sample : { slots: sample }) } });
  into(late, () => slotsChart(target, signal));
  happened();
}

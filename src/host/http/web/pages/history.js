/** What ran, by whom and what came of it; and what happened while the daemon watched. */
import { h, fill, freshId } from '../dom.js';
import { get } from '../api.js';
import { count, duration, time } from '../format.js';
import { changes, current } from '../state.js';
import { sentenceOf } from '../summary.js';
import { table } from '../table.js';
import { goingSelect, kindOf, panel, status } from '../ui.js';
import { atWork, stopperOf } from '../stop.js';
import { eventsTable, into } from './check.js';

export const title = 'History';

const SECTIONS = ['vacuum', 'indexes', 'bloat', 'connections', 'queries', 'backup', 'migrations'];

/** Who it was: the token's name where it came by the page, else the user of the machine. */
export function whoOf(run) {
  return run.actor?.replace(/^token:/, '') || [run.os_user, run.os_host].filter(Boolean).join('@') || '–';
}

function runsTable(runs) {
  return table({
    caption: 'Runs, newest first', rows: runs, limit: 50, order: { key: 'id', descending: true },
    empty: 'Nothing of that kind has run yet.',
    columns: [
      { key: 'id', label: 'Run', number: true, cell: (run) => h('a', { href: `#/history/${run.id}`, 'aria-label': `Run ${run.id}` }, run.id) },
      { key: 'started_at', label: 'Started', format: (value) => time(value) },
      { key: 'what', label: 'What', value: (run) => `${run.section} ${run.verb}`,
        cell: (run) => h('a', { href: `#/history/${run.id}` }, `${run.section} ${run.verb}`) },
      { key: 'target', label: 'Target', value: (run) => run.target ?? run.database },
      { key: 'outcome', label: 'Outcome', cell: (run) => status(kindOf(run.outcome), run.outcome) },
      { key: 'seconds', label: 'Took', number: true, format: duration },
      { key: 'who', label: 'Who', value: whoOf },
      { key: 'said', label: 'What came of it', wide: true, sort: false,
        cell: (run) => [run.error ?? sentenceOf(run.summary), run.reason && h('div', null, h('small', null, `Why: ${run.reason}`)),
                        run.stopped_by && h('div', null, h('small', null, `Stopped by ${stopperOf(run)}${run.stop_reason ? `: ${run.stop_reason}` : ''}`))] },
    ],
  });
}

function choice(label, names, value, all, change) {
  const id = freshId('choice');
  return h('span', null, h('label', { for: id }, `${label} `), goingSelect({ id, value },
    [h('option', { value: '' }, all), names.map((name) => h('option', { value: name }, name))], change));
}

function filters(params, go) {
  const change = (name) => (value) => {
    const words = new URLSearchParams(params);
    if (value) words.set(name, value);
    else words.delete(name);
    go(`#/history${words.size ? `?${words}` : ''}`);
  };
  const targets = (current()?.targets ?? []).map((one) => one.name);
  return h('div', { class: 'filters' },
    choice('Target', targets, params.get('target') ?? '', 'all', change('target')),
    choice('Section', SECTIONS, params.get('section') ?? '', 'all', change('section')));
}

const RUNS = 500; // read at first
const MORE = 2000; // each time that is not enough
const EVENTS = 200;

/** Where what was read ends, with a button for what is older; nothing where that is all. */
function older(box, runs, most, read) {
  return fill(box, runs.length >= most && [
    h('span', null, `The newest ${count(runs.length)} runs, back to ${time(runs.at(-1).started_at)}. `),
    h('button', { type: 'button', onclick: (event) => { event.currentTarget.disabled = true; read(); } }, `Read ${count(MORE)} older ones`)]);
}

export async function page(view, { params, signal, session, go }) {
  const wanted = { target: params.get('target'), section: params.get('section') };
  const list = h('div');
  const events = h('div');
  const more = h('div', { class: 'more' });
  let shown = '';
  let most = RUNS;

  async function draw() {
    const { document } = await get('history/list', { ...wanted, limit: most }, { signal });
    const key = JSON.stringify(document.runs.map((run) => [run.id, run.outcome]));
    if (key !== shown && list.firstChild) list.firstChild.update(document.runs); // its order stays
    else if (key !== shown) fill(list, runsTable(document.runs));
    shown = key;
    older(more, document.runs, most, () => { most += MORE; draw().catch(() => { most -= MORE; draw().catch(() => {}); }); });
  }

  const limits = h('p', { class: 'muted' });
  const said = (found) => fill(limits, found.length < EVENTS ? 'Of the last 30 days.'
    : `The newest ${count(EVENTS)} only, back to ${time(found.at(-1).opened_at)}.`);
  const happened = () => into(events, async () => {
    const { document } = await get('history/events', { target: wanted.target, since: '30d', limit: EVENTS }, { signal });
    said(document.events);
    return eventsTable(document.events, !wanted.target);
  });

  await draw();
  view.append(atWork({ session, signal }), filters(params, go), h('section', { class: 'panel' }, list, more), panel('What happened to the targets', limits, events));
  happened();
  const state = () => ({ runs: JSON.stringify(current()?.recent), events: JSON.stringify(current()?.targets.map((one) => one.events)) });
  let before = state();
  changes.addEventListener('change', () => {
    const now = state();
    if (now.runs !== before.runs) draw().catch(() => {});
    if (now.events !== before.events) happened();
    before = now;
  }, { signal });
}

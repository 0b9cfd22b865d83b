/** The windows and turns: five weeks as a calendar, what ran and what will; then each job. */
import { h } from '../dom.js';
import { get } from '../api.js';
import { beginning, calendar } from '../calendar.js';
import { ago, count, duration, moment, time } from '../format.js';
import { renew } from '../renew.js';
import { changes, current } from '../state.js';
import { table } from '../table.js';
import { isOthers, turnsHere, whoDoes } from '../turns.js';
import { ageOf, commandLine, kindOf, notice, panel, status } from '../ui.js';
import { atWork } from '../stop.js';

export const title = 'Schedule';

const TURNS = 35; // of each job; of those that come more often the calendar says that they go on
const RUNS = 500;

/** Turns that are still to come, and runs and turns that were. */
function entriesOf(jobs, runs) {
  const coming = jobs.flatMap((job) => (job.turns ?? []).map((turn) => ({
    at: turn.at, target: job.target, what: `${job.section} ${job.verb}`, window: job.window_seconds })));
  const were = runs.map((run) => ({ at: run.started_at, target: run.target ?? run.database, run: run.id, outcome: run.outcome,
                                    reason: run.error, what: `${run.section} ${run.verb}` }));
  const known = new Set(runs.map((run) => run.id));
  const turns = jobs.flatMap((job) => (job.last_turns ?? []).filter((turn) => turn.outcome !== 'running' && !known.has(turn.run))
    .map((turn) => ({ at: turn.turn_at, target: job.target, what: `${job.section} ${job.verb}`, outcome: turn.outcome,
                      reason: turn.reason, run: turn.run })));
  return [...were, ...turns, ...coming];
}

/** Where the runs that were read begin, when there are more. */
function horizon(runs) {
  const oldest = runs.length < RUNS ? null : moment(runs.at(-1).started_at);
  return oldest > beginning() && h('p', { class: 'muted' }, `Only the newest ${count(RUNS)} runs are here, back to ${time(oldest)}; the `,
    h('a', { href: '#/history' }, 'history'), ' of one target has more.');
}

/** Targets whose jobs this daemon does not do, and who does. */
function doneElsewhere() {
  const others = (current()?.targets ?? []).filter(isOthers);
  return others.length > 0 && notice('unknown', h('ul', null, others.map((one) => h('li', null, h('strong', null, one.name), `: ${whoDoes(one)}.`))));
}

function lastView(job) {
  const last = job.last_turns?.[0];
  if (!last) return h('span', { class: 'muted' }, 'never yet');
  const word = status(kindOf(last.outcome), last.outcome);
  return [last.run ? h('a', { href: `#/history/${last.run}` }, word) : word, ' ', ageOf(last.turn_at),
          last.reason && last.outcome !== 'done' && h('div', { class: 'muted' }, last.reason)];
}

function jobsTable(jobs) {
  return table({
    caption: 'The jobs of every target', rows: jobs, limit: 60, empty: 'No target has a job.', order: { key: 'next' },
    columns: [
      { key: 'target', label: 'Target', head: true },
      { key: 'job', label: 'Job', value: (job) => `${job.section} ${job.verb}`,
        cell: (job) => [h('div', null, `${job.section} ${job.verb}`), h('small', null, job.what)], wide: true },
      { key: 'next', label: 'Next turn', value: (job) => job.turns?.[0]?.at ?? null,
        cell: (job) => (job.turns?.[0] ? [h('div', null, time(job.turns[0].at)), h('small', null, ago(job.turns[0].at))]
          : h('span', { class: 'muted' }, job.elsewhere ? `none here: ${job.elsewhere}` : 'off')) },
      { key: 'schedule', label: 'Schedule', cell: (job) => [h('code', null, job.schedule), h('div', null, h('small', null, job.timezone))] },
      { key: 'window_seconds', label: 'Window', number: true, format: (value) => (value ? duration(value) : 'no end') },
      { key: 'last', label: 'Last turn', value: (job) => job.last_turns?.[0]?.turn_at ?? null, cell: lastView, wide: true },
      { key: 'line', label: 'Command', sort: false,
        cell: (job) => h('details', null, h('summary', null, 'show'), commandLine(job.command_line)) },
    ],
  });
}

export async function page(view, { signal, session }) {
  const days = h('section', { class: 'panel' });
  const jobs = panel('Jobs');
  const list = h('div');
  jobs.append(list);
  let before = '';

  async function draw() {
    const [plan, past] = await Promise.all([
      get('schedule', { limit: TURNS }, { signal }), get('history/list', { limit: RUNS }, { signal })]);
    const targets = current()?.targets ?? [];
    const key = JSON.stringify([plan.document.jobs, past.document.runs, targets.filter(isOthers).map((one) => [one.name, whoDoes(one)])]);
    if (key === before) return;
    before = key;
    const all = turnsHere(plan.document.jobs, targets), { runs } = past.document;
    renew(days, h('h2', null, 'What ran, and what will'), doneElsewhere(), calendar(entriesOf(all, runs), all, TURNS),
      h('p', { class: 'muted' }, 'Times are those of this browser.'), horizon(runs));
    renew(list, jobsTable(all));
  }

  await draw();
  view.append(atWork({ session, signal }), days, jobs);
  let recent = '';
  changes.addEventListener('change', () => {
    const now = JSON.stringify([current().recent, current().targets.map(isOthers), new Date().getMinutes()]);
    if (now !== recent && recent) draw().catch(() => {});
    recent = now;
  }, { signal });
}

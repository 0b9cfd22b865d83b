/** The windows and turns: five weeks as a calendar, what ran and what will; then each job. */
import { h, fill } from '../dom.js';
import { get } from '../api.js';
import { ago, clock, day, duration, moment, time } from '../format.js';
import { changes, current } from '../state.js';
import { table } from '../table.js';
import { ageOf, commandLine, kindOf, panel, shape, status } from '../ui.js';

export const title = 'Schedule';

const DAYS = 35;
const A_DAY = 5; // lines in one day, before they are only counted
const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Monday of last week. */
function firstDay(now) {
  const start = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  start.setDate(start.getDate() - ((start.getDay() + 6) % 7) - 7);
  return start;
}

function group(entries) {
  const days = new Map();
  for (const entry of entries) {
    const key = day(entry.at);
    if (!days.has(key)) days.set(key, []);
    days.get(key).push(entry);
  }
  for (const list of days.values()) list.sort((a, b) => moment(a.at) - moment(b.at));
  return days;
}

/** Turns that are still to come, and runs and turns that were. */
function entriesOf(jobs, runs) {
  const coming = jobs.flatMap((job) => (job.turns ?? []).map((turn) => ({
    at: turn.at, target: job.target, what: `${job.section} ${job.verb}`, window: job.window_seconds })));
  const were = runs.map((run) => ({ at: run.started_at, target: run.target ?? run.database, run: run.id, outcome: run.outcome,
                                    what: `${run.section} ${run.verb}` }));
  const known = new Set(runs.map((run) => run.id));
  const turns = jobs.flatMap((job) => (job.last_turns ?? []).filter((turn) => turn.outcome !== 'running' && !known.has(turn.run))
    .map((turn) => ({ at: turn.turn_at, target: job.target, what: `${job.section} ${job.verb}`, outcome: turn.outcome,
                      reason: turn.reason, run: turn.run })));
  return [...were, ...turns, ...coming];
}

function entryView(entry) {
  const words = [h('b', null, clock(entry.at)), ' ', entry.target, ' ', entry.what];
  const more = entry.outcome ? `${entry.outcome}${entry.reason ? `: ${entry.reason}` : ''}`
    : entry.window ? `planned, within ${duration(entry.window)}` : 'planned';
  return h('span', { class: 'turn', title: more }, entry.outcome && shape(kindOf(entry.outcome)),
    entry.outcome && h('span', { class: 'only-read' }, `${entry.outcome}: `),
    entry.run ? h('a', { href: `#/history/${entry.run}` }, words) : words);
}

function dayCell(date, entries, today) {
  const key = day(date);
  const heading = `${NAMES[(date.getDay() + 6) % 7]} ${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}`;
  const hidden = entries.length - A_DAY;
  return h('li', { class: [key < today && 'past', key === today && 'today', !entries.length && 'bare'],
                   'aria-current': key === today && 'date' },
    h('span', { class: 'day' }, heading), entries.slice(0, A_DAY).map(entryView),
    hidden > 0 && h('span', { class: 'muted' }, `and ${hidden} more`));
}

function calendar(entries) {
  const days = group(entries);
  const start = firstDay(new Date());
  const today = day(new Date());
  return h('ol', { class: 'calendar', 'aria-label': 'Five weeks, day by day' }, Array.from({ length: DAYS }, (_, i) => {
    const date = new Date(start.getFullYear(), start.getMonth(), start.getDate() + i);
    return dayCell(date, days.get(day(date)) ?? [], today);
  }));
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
          : h('span', { class: 'muted' }, 'off')) },
      { key: 'schedule', label: 'Schedule', cell: (job) => [h('code', null, job.schedule), h('div', null, h('small', null, job.timezone))] },
      { key: 'window_seconds', label: 'Window', number: true, format: (value) => (value ? duration(value) : 'no end') },
      { key: 'last', label: 'Last turn', value: (job) => job.last_turns?.[0]?.turn_at ?? null, cell: lastView, wide: true },
      { key: 'line', label: 'Command', sort: false,
        cell: (job) => h('details', null, h('summary', null, 'show'), commandLine(job.command_line)) },
    ],
  });
}

export async function page(view, { signal }) {
  const days = h('section', { class: 'panel' });
  const jobs = panel('Jobs');
  const list = h('div');
  jobs.append(list);
  let before = '';

  async function draw() {
    const [plan, past] = await Promise.all([
      get('schedule', { limit: DAYS }, { signal }), get('history/list', { limit: 300 }, { signal })]);
    const key = JSON.stringify([plan.document.jobs, past.document.runs]);
    if (key === before) return;
    before = key;
    fill(days, h('h2', null, 'What ran, and what will'), calendar(entriesOf(plan.document.jobs, past.document.runs)),
      h('p', { class: 'muted' }, 'Times are those of this browser.'));
    fill(list, jobsTable(plan.document.jobs));
  }

  await draw();
  view.append(days, jobs);
  let recent = '';
  changes.addEventListener('change', () => {
    const now = JSON.stringify([current().recent, new Date().getMinutes()]);
    if (now !== recent && recent) draw().catch(() => {});
    recent = now;
  }, { signal });
}

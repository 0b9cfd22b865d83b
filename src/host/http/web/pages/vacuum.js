// Vacuum: what the next run would do and why, and what the last one did and why not.

import { h } from '../dom.js';
import { bytes, count, duration, plural, time } from '../format.js';
import { targetOf } from '../state.js';
import { ageOf, details, lazyDetails, notice, panel, sql, status } from '../ui.js';
import { firstOf } from '../list.js';
import { table } from '../table.js';
import { actButton } from '../dialog.js';
import { isSystem } from '../document.js';
import { add, ask, headLine, lastRun, later, outcomeStatus, outcomeWord, relation, tiles }
  from './parts.js';

export const title = 'Vacuum';

const ACTIONS = {
  vacuum: 'vacuum', analyze: 'analyze', vacuum_analyze: 'vacuum, analyze', skip: 'leave',
};

function planTable(caption, rows) {
  const turns = rows.map((row) => row.order).sort((a, b) => a - b);
  return table({
    caption, captionHidden: true, limit: 50, cards: true, rows,
    empty: 'Nothing to do.',
    order: { key: 'order', descending: false },
    columns: [
      { key: 'order', label: 'Turn', number: true, value: (row) => row.order ?? 1e9,
        format: (value, row) => (row.order ? turns.indexOf(row.order) + 1 : '–') },
      { key: 'table', label: 'Table', head: true,
        value: (row) => relation(row.schema, row.table) },
      { key: 'action', label: 'What', value: (row) =>
        ACTIONS[row.action] + (row.freeze ? ', freeze' : '') },
      { key: 'reason', label: 'Because', wide: true, value: (row) => row.reason },
      { key: 'dead_rows', label: 'Dead rows', number: true, format: count },
      { key: 'size_bytes', label: 'Size', number: true, format: bytes },
      { key: 'predicted_seconds', label: 'Takes about', number: true, format: duration },
    ],
  });
}

/** Whoever keeps dead rows from being removed; no vacuum helps against that. */
function horizon(holders) {
  if (holders.length === 0)
    return null;
  const line = (holder) => h('li', {}, h('strong', {}, holder.holder),
    `: ${plural(holder.age_xids, 'transaction')} old`,
    holder.since && [', since ', time(holder.since)], sql(`${holder.remedy};`));
  return panel('What keeps dead rows from being removed',
    h('p', {}, 'No vacuum removes rows that somebody may still have to see. The oldest first; '
      + 'end it when nobody needs it any more.'),
    h('ul', { class: 'plain' }, holders.slice(0, 1).map(line)),
    holders.length > 1 && details(`${plural(holders.length - 1, 'other')}`,
      firstOf({ rows: holders.slice(1), class: 'plain', row: line })));
}

/** When its job has its turn; null: not among the next, or off. */
function nextTurn(target) {
  const turn = targetOf(target)?.next?.find((one) => one.section === 'vacuum');
  return turn && h('p', { class: 'muted' }, `Its turn is ${time(turn.at)}, `,
    ageOf(turn.at), '.');
}

/** What needs it and does not get it, as the role has not the right: that is not well. */
function undone(tables) {
  return tables.filter((item) => item.lack && !isSystem(item));
}

function undoneView(rows) {
  return rows.length > 0 && [
    notice('warning', `${plural(rows.length, 'table')} of yours ${rows.length > 1 ? 'need' : 'needs'} it and `
      + `${rows.length > 1 ? 'are' : 'is'} left alone: the role of this target lacks the right.`),
    planTable('Tables that the role may not vacuum', rows)];
}

function nextPlan(document, target) {
  const due = document.tables.filter((item) => item.action !== 'skip');
  const system = due.filter(isSystem), ours = due.filter((item) => !isSystem(item));
  const barred = undone(document.tables);
  const skipped = document.tables.filter((item) => item.action === 'skip' && !barred.includes(item));
  return panel('Next run',
    nextTurn(target),
    undoneView(barred),
    ours.length > 0 ? planTable('The plan of the next run', ours)
      : barred.length === 0 && notice('ok', 'No table of yours needs anything.'),
    system.length > 0 && details(`${plural(system.length, 'table')} of the system`,
      planTable('Tables of the system', system)),
    skipped.length > 0 && details(`${plural(skipped.length, 'table')} left alone, and why`,
      planTable('Tables that are left alone', skipped)),
    document.steps.length > 0 && lazyDetails('The SQL of the plan', () => firstOf({
      rows: document.steps, tag: 'div', row: (step) => sql(`${step.sql};`) })));
}

function runTable(objects) {
  const rows = (item) => item?.dead_rows ?? item?.dead ?? null;
  return table({
    caption: 'Tables of the last run', captionHidden: true, limit: 50, cards: true,
    rows: objects, empty: 'It had nothing to do.',
    columns: [
      { key: 'name', label: 'Table', head: true,
        value: (row) => relation(row.schema, row.name) },
      { key: 'outcome', label: 'Outcome', cell: (row) =>
        status(outcomeStatus(row.outcome), outcomeWord(row.outcome)) },
      { key: 'reason', label: 'Why', wide: true, value: (row) => row.reason ?? '' },
      { key: 'before', label: 'Dead before', number: true, value: (row) => rows(row.before),
        format: count },
      { key: 'after', label: 'Dead after', number: true, value: (row) => rows(row.after),
        format: count },
      { key: 'seconds', label: 'Took', number: true, format: duration },
    ],
  });
}

async function last(context) {
  const found = await lastRun(context.target, 'vacuum', ['run'], context.signal);
  if (found === null)
    return panel('Last run', h('p', {}, 'None is in the history yet.'));
  const { run, objects } = found;
  return panel('Last run',
    h('p', {}, status(outcomeStatus(run.outcome), outcomeWord(run.outcome)), ' ',
      time(run.started_at), `, took ${duration(run.seconds ??
        (new Date(run.ended_at) - new Date(run.started_at)) / 1000)}. `,
      h('a', { href: `#/history/${run.id}` }, `Run ${run.id}, step by step`)),
    run.error && notice('critical', run.error),
    runTable(objects.filter((item) => !isSystem(item))),
    objects.some(isSystem) && details(`${plural(objects.filter(isSystem).length, 'table')} `
      + 'of the system', runTable(objects.filter(isSystem))));
}

export async function page(view, context) {
  const { target, session, refresh } = context;
  const answer = await ask('vacuum', 'plan', context);
  const plan = answer.document;
  const due = plan.tables.filter((item) => item.action !== 'skip');
  const ours = due.filter((item) => !isSystem(item));
  const barred = undone(plan.tables);
  const dead = [...due, ...barred].reduce((sum, item) => sum + item.dead_rows, 0);
  const seconds = due.reduce((sum, item) => sum + item.predicted_seconds, 0);

  add(view,
    headLine(answer, actButton({
      label: 'Vacuum now', section: 'vacuum', verb: 'run', target,
      what: `Vacuum ${plural(due.length, 'table')} of ${target}`, done: refresh,
    }, session)),
    tiles([
      ['Tables due', count(ours.length), ours.length > 0 ? 'warning' : 'ok'],
      barred.length > 0 && ['Without the right', count(barred.length), 'critical'],
      due.length > ours.length && ['Of the system', count(due.length - ours.length)],
      ['Dead rows there', count(dead)],
      ['Takes about', duration(seconds)],
      ['Keep rows from being removed', count(plan.horizon.length),
        plan.horizon.length > 0 && 'warning'],
    ]),
    nextPlan(plan, target));
  later(view, () => last(context));
  const holders = horizon(plan.horizon);
  if (holders !== null)
    add(view, holders);
}

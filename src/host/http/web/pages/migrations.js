// Migrations: what is applied and what is due, the seven boxes, and the last rehearsals.

import { h } from '../dom.js';
import { count, duration, plural, time } from '../format.js';
import { details, facts, notice, panel, status } from '../ui.js';
import { firstOf } from '../list.js';
import { table } from '../table.js';
import { get } from '../api.js';
import { commandFor } from '../commands.js';
import { notSetUp } from './notsetup.js';
import { add, ask, headLine, later, outcomeStatus, outcomeWord, tiles } from './parts.js';

export const title = 'Migrations';

const STATES = {
  applied: 'ok', pending: 'unknown', 'out of order': 'warning', changed: 'critical',
  dirty: 'critical', unknown: 'warning',
};

function rehearsal(item) {
  if (item === null || item === undefined)
    return h('span', { class: 'muted' }, 'not rehearsed');
  return h('span', {}, status(item.passed ? 'ok' : 'critical', item.verdict ??
    (item.passed ? 'passed' : 'failed')), ' ', time(item.at));
}

function lastRunOf(item) {
  if (!item)
    return '–';
  return h('span', {}, status(outcomeStatus(item.outcome),
    `${item.direction ?? ''} ${outcomeWord(item.outcome)}`.trim()), ' ', time(item.at));
}

function files(document) {
  return table({
    caption: 'Migrations of the folder', captionHidden: true, cards: true, limit: 50,
    rows: document.migrations.map((item, index) => ({ ...item, index })),
    empty: 'The folder has none.', order: { key: 'index', descending: true },
    detail: (row) => details('More', facts([
      ['Up', row.up?.file], ['Down', row.down?.file ?? 'none'],
      ['Transaction', row.up?.transaction], ['Irreversible', row.up?.irreversible],
      ['Applied', row.applied_at && time(row.applied_at)],
      ['Forced, because', row.last_run?.forced],
    ])),
    columns: [
      { key: 'index', label: 'Migration', head: true, value: (row) => row.index,
        format: (value, row) => [row.version, row.name].filter(Boolean).join(' ') },
      { key: 'state', label: 'State', cell: (row) => status(STATES[row.state], row.state) },
      { key: 'rehearsal', label: 'Last rehearsal', value: (row) => row.rehearsal?.at ?? '',
        cell: (row) => rehearsal(row.rehearsal) },
      { key: 'last_run', label: 'Last run', value: (row) => row.last_run?.at ?? '',
        cell: (row) => lastRunOf(row.last_run) },
    ],
  });
}

function problems(document) {
  if (document.problems.length === 0)
    return null;
  return panel('What is wrong with the files', firstOf({ rows: document.problems, class: 'plain',
    row: (item) => h('li', {},
      status(item.severity === 'error' ? 'critical' : 'warning', item.rule), ' ',
      h('code', {}, item.line > 0 ? `${item.file}:${item.line}` : item.file), ' ',
      item.message) }));
}

async function checklist(context) {
  const { document } = await ask('migrations', 'checklist', context);
  const ticked = document.boxes.filter((box) => box.ticked).length;
  return panel('Checklist',
    h('p', {}, status(document.complete ? 'ok' : 'warning',
      `${ticked} of ${document.boxes.length} ticked`), ' for ',
    document.migrations.map((item) => item.migration).join(', ') || 'nothing'),
    h('ul', { class: 'boxes' }, document.boxes.map((box) => h('li', {},
      status(box.ticked ? 'ok' : box.due ? 'unknown' : 'warning',
        box.ticked ? 'ticked' : box.due ? 'apply does it' : 'open'),
      h('div', {}, h('strong', {}, box.name), h('p', { class: 'muted' }, box.evidence))))));
}

async function runs(context) {
  const { document } = await get('history', { target: context.target, section: 'migrations',
    limit: 20 }, { signal: context.signal });
  const found = document.runs.filter((run) => ['rehearse', 'apply', 'revert']
    .includes(run.verb));
  return panel('Last rehearsals and runs', table({
    caption: 'Last rehearsals and runs', captionHidden: true, cards: true, limit: 10,
    rows: found, empty: 'None is in the history yet.',
    columns: [
      { key: 'id', label: 'Run', head: true, cell: (row) =>
        h('a', { href: `#/history/${row.id}` }, `${row.id} ${row.verb}`) },
      { key: 'started_at', label: 'When', cell: (row) => time(row.started_at) },
      { key: 'outcome', label: 'Outcome', cell: (row) =>
        status(outcomeStatus(row.outcome), outcomeWord(row.outcome)) },
      { key: 'seconds', label: 'Took', number: true, format: duration },
      { key: 'error', label: 'Why', value: (row) => row.error ?? '' },
    ],
  }));
}

export async function page(view, context) {
  const none = notSetUp('migrations', context.target);
  if (none !== null)
    return add(view, none);
  const answer = await ask('migrations', 'status', context);
  const { document } = answer;
  const number = (state) => document.migrations.filter((item) => item.state === state).length;
  const wrong = document.migrations.filter((item) =>
    !['applied', 'pending'].includes(item.state)).length;

  add(view,
    headLine(answer),
    document.table.dirty && notice('critical', `Version ${document.table.dirty_version} died `
      + 'in its midst: the database is neither here nor there.'),
    tiles([
      ['Applied', count(number('applied')), 'ok'],
      ['Pending', count(number('pending'))],
      ['Not as they should be', count(wrong), wrong > 0 ? 'critical' : 'ok'],
      ['Problems in files', count(document.problems.length),
        document.problems.length > 0 && 'warning'],
    ]));
  later(view, () => checklist(context));
  add(view, panel('Files', files(document)), problems(document));
  later(view, () => runs(context));
  if (number('pending') > 0)
    add(view, panel('Next', h('p', {}, `${plural(number('pending'), 'migration')} pending. `
      + 'Files are read on the machine itself:'),
    commandFor(context.target, 'migrations', 'rehearse'),
    commandFor(context.target, 'migrations', 'apply')));
  add(view, details('Where it looks', facts([['Folder', document.folder],
    ['Tool', document.format],
    ['Table', `${document.table.schema}.${document.table.name}`]])));
  return undefined;
}

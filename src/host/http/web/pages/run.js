/** One run: why, by whom, each step with its SQL and lock, each object before and after. */
import { h, fill } from '../dom.js';
import { get } from '../api.js';
import { bytes, count, duration, moment, plural, time } from '../format.js';
import { listsOf, sentenceOf } from '../summary.js';
import { firstOf } from '../list.js';
import { visibleName } from '../strange.js';
import { table } from '../table.js';
import { commandFor } from '../commands.js';
import { commandLine, details, facts, kindOf, notice, panel, shape, sql, status } from '../ui.js';
import { documentView, inWords } from '../document.js';
import { renew } from '../renew.js';
import { running, stopPart, stopperOf } from '../stop.js';
import { whoOf } from './history.js';

export const title = 'Run';

const STEPS = 60; // shown at first
const FOLDED = 600; // characters of SQL that are shown without being asked for
const AGAIN = 2000; // ms, while it runs

function took(step) {
  const [from, to] = [moment(step.started_at), moment(step.ended_at)];
  return from && to ? duration((to - from) / 1000) : null;
}

function kindOfStep(word) {
  return { not_reached: 'unknown', planned: 'unknown', running: 'unknown' }[word] ?? kindOf(word);
}

function sqlOf(text) {
  if (!text) return null;
  return text.length > FOLDED ? details(`SQL, ${plural(text.length, 'character')}`, sql(`${text};`)) : sql(`${text};`);
}

function stepView(step) {
  const outcome = step.outcome ?? 'planned';
  const kind = kindOfStep(outcome);
  return h('li', { class: ['step', kind] },
    h('header', null, h('h3', null, `${step.number}. ${visibleName(step.object ?? '')}`), status(kind, outcome.replace('_', ' ')), h('span', { class: 'muted' }, took(step))),
    step.detail && h('p', null, step.detail),
    step.reason && h('p', { class: 'muted' }, `Why: ${step.reason}`),
    sqlOf(step.sql),
    (step.lock_mode || step.attempts > 1) && h('p', { class: 'muted' },
      [step.lock_mode && `Lock: ${step.lock_mode}`, step.attempts > 1 && plural(step.attempts, 'attempt')].filter(Boolean).join(' · ')),
    step.undo && details('How to take it back', sql(step.undo)));
}

function stepsView(steps) {
  return firstOf({ rows: steps, limit: STEPS, tag: 'ol', class: 'steps', word: 'steps', row: stepView });
}

const objectName = (object) => visibleName(object.schema ? `${object.schema}.${object.name}` : object.name ?? '');

function objectsView(objects) {
  const bad = objects.filter((object) => object.outcome !== 'done').length;
  const rank = (object) => ['failed', 'skipped', 'not_reached', 'done'].indexOf(object.outcome);
  return table({
    caption: bad ? `${plural(objects.length, 'object')}; ${count(bad)} not done, with the reason` : plural(objects.length, 'object'),
    rows: [...objects].sort((a, b) => rank(a) - rank(b)), limit: 50,
    columns: [
      { key: 'name', label: 'Object', head: true, value: objectName },
      { key: 'outcome', label: 'Outcome', cell: (object) => status(kindOfStep(object.outcome), object.outcome.replace('_', ' ')) },
      { key: 'size_bytes', label: 'Size', number: true, format: (value) => (value ? bytes(value) : '–') },
      { key: 'seconds', label: 'Took', number: true, format: (value) => (value > 0 ? duration(value) : '–') },
      { key: 'before', label: 'Before', value: (object) => inWords(object.before) },
      { key: 'after', label: 'After', value: (object) => inWords(object.after) },
      { key: 'reason', label: 'Reason', wide: true },
    ],
  });
}

function linkTo(run) {
  return run ? h('a', { href: `#/history/${run}` }, `run ${run}`) : null;
}

/** How it is taken back: on the server where it was made. */
function undoOf(run) {
  const line = run.target && commandFor(run.target, 'history', 'undo', String(run.id));
  return line ? [h('p', { class: 'muted' }, 'This run can be taken back:'), line]
    : h('p', { class: 'muted' }, `This run can be taken back by "history undo ${run.id}", with the options that lead to its server: it is no target of this daemon.`);
}

/** A run whose stop has not reached the history yet is told of by who does it. */
async function doerOf(run, signal) {
  if (run.outcome !== 'running') return null;
  return (await running(signal)).find((item) => item.run === run.id) ?? null;
}

const stopOf = (run) => run.stopped_by && `${stopperOf(run)}, ${time(run.stopped_at, true)}${run.stop_reason ? `: ${run.stop_reason}` : ''}`;

function headOf(run, stop) {
  return [
    h('p', { class: 'summary' }, status(kindOf(run.outcome), run.outcome), ` · ${run.section} ${run.verb}`),
    stop,
    run.error && notice(kindOf(run.outcome) === 'ok' ? 'warning' : 'critical', h('p', null, run.error)),
    h('section', { class: 'panel' }, run.reason && h('p', null, h('span', { class: 'muted' }, 'Reason: '), run.reason), facts([
      ['Target', run.target ?? run.database], ['Database', run.database], ['Host', run.host], ['Role', run.role],
      ['By', whoOf(run)], ['On', run.actor && [run.os_user, run.os_host].filter(Boolean).join('@')],
      ['Stopped by', stopOf(run)], ['Started', time(run.started_at, true)], ['Took', run.seconds !== null && duration(run.seconds)],
      ['Hard end', run.deadline && time(run.deadline)], ['Exit code', run.exit_code],
      ['Undoes', linkTo(run.undoes)], ['Taken back by', linkTo(run.undo_run)],
    ]), run.summary && h('p', null, sentenceOf(run.summary)), commandLine(run.command_line)),
  ];
}

export async function page(view, { argument, signal, session }) {
  const body = h('div', { class: 'view' });
  let timer = 0;

  async function draw() {
    const { document } = await get(`history/${encodeURIComponent(argument)}`, {}, { signal, maxAge: 1 });
    const { run, steps = [], objects = [] } = document;
    const doer = await doerOf(run, signal);
    const lists = listsOf(run.summary);
    const bare = !steps.length && !objects.length && !lists;
    fill(view.querySelector('h1'), h('span', { class: 'of' }, run.target ?? run.database ?? ''), ` Run ${run.id}`);
    renew(body, headOf(run, doer && h('div', { class: 'actions' }, stopPart(doer, session, () => draw().catch(() => {})))),
      lists && panel('One by one', documentView(lists)),
      objects.length > 0 && panel('What it worked on', objectsView(objects)),
      steps.length > 0 && panel('Step by step', stepsView(steps),
        steps.some((step) => step.undo) && !run.undo_run && undoOf(run)),
      bare && h('p', { class: 'muted' }, [shape('quiet'), ' No step is on record.']));
    return run.outcome === 'running';
  }

  /** Until it is over; a daemon that is away for a while comes back. */
  function again() {
    timer = setTimeout(() => draw().then((running) => running && again(), () => !signal.aborted && again()), AGAIN);
  }

  if (await draw()) again();
  view.append(body);
  return () => clearTimeout(timer);
}

// What the pages of the sections have in common.

import { h, fill } from '../dom.js';
import { ApiError, command, get } from '../api.js';
import { actButton } from '../dialog.js';
import { listen } from '../events.js';
import { knownRefusal } from '../known.js';
import { firstOf } from '../list.js';
import { targetOf } from '../state.js';
import { beginning, visibleName } from '../strange.js';
import { ageOf, notice, problem } from '../ui.js';

/** Puts children below what is there: nodes, lists of them, and holes. */
export function add(view, ...children) {
  view.append(...children.flat(Infinity).filter((child) => child instanceof Node));
}

/** "orders", or "sales.orders": public is what everybody means without saying so. */
export function relation(schema, name) {
  return visibleName(schema === 'public' || !schema ? name : `${schema}.${name}`);
}

/** Tables that could not be looked at, with the reason. */
export function leftOut(rows) {
  return firstOf({ rows, row: (item) => h('li', {},
    `${relation(item.schema, item.table)}: ${item.reason}`) });
}

/** One figure with its word, as the head of a page has a few. */
export function tiles(items) {
  return h('dl', { class: 'tiles' }, items.filter(Boolean).map(([label, value, tone]) =>
    h('div', { class: ['tile', tone && `tile-${tone}`] }, h('dt', {}, label),
      h('dd', {}, value))));
}

/** Where the page says how old its datum is, with what can be done about the whole. */
export function headLine(answer, ...actions) {
  return h('div', { class: 'head-line' },
    h('p', { class: 'muted' }, 'As of ', ageOf(answer.at)),
    actions.length > 0 && h('div', { class: 'actions' }, actions));
}

/** A child that says it is at work until `load` has the rest, or what went wrong with it alone:
  one part that fails leaves the others of the page. */
export function later(view, load) {
  const box = h('div', { 'aria-busy': 'true' }, h('p', { class: 'muted' }, 'Loading…'));
  view.append(box);
  load().then((content) => {
    box.removeAttribute('aria-busy');
    fill(box, content);
  }).catch((error) => {
    if (error.name === 'AbortError')
      return;
    box.removeAttribute('aria-busy');
    fill(box, notice('warning', error.message, error.hint && ` ${error.hint}`));
  });
  return box;
}

/** The newest run of the section that is one of these verbs, with its steps; null: none yet. */
export async function lastRun(target, section, verbs, signal) {
  const list = await get('history', { target, section, limit: 50 }, { signal });
  const run = list.document.runs.find((item) => item.section === section &&
    verbs.includes(item.verb) && item.outcome !== 'running');
  return run ? (await get(`history/${run.id}`, {}, { signal })).document : null;
}

/** The document of a command, as the page asks for it. What is known to be refused is not asked for:
  the error says `until` when. */
export async function ask(section, verb, context, options = {}) {
  const refusal = () => knownRefusal(section, verb, targetOf(context.target));
  const known = refusal();
  if (known)
    throw Object.assign(new ApiError(known.status, known.message, known.hint),
      { until: () => !refusal() });
  return command(section, verb, context.target, options, { signal: context.signal });
}

/** How a run, a step or an object ended, as a verdict. */
export function outcomeStatus(outcome) {
  if (outcome === 'done')
    return 'ok';
  if (outcome === 'failed' || outcome === 'died')
    return 'critical';
  return outcome === 'skipped' || outcome === 'not_reached' ? 'unknown' : 'warning';
}

export function outcomeWord(outcome) {
  return (outcome ?? 'unknown').replace(/_/g, ' ');
}

const QUIET_MS = 8000; // so long without a word of the stream, and the page asks by itself
const ALONE_MS = 2000; // … where there is no stream to be had: too many look on

/** Shows the section's report whenever the watch has looked, for as long as the page is open; above
  the box why there is nothing newer. */
export function followLive(section, context, box, show) {
  let heard = Date.now();
  let patience = QUIET_MS;
  let said = '';
  const wrong = h('div');
  box.before(wrong);
  const say = (error) => {
    const message = error?.message ?? '';
    if (message !== said)
      fill(wrong, error && problem(error));
    said = message;
  };
  const tell = (answer) => {
    heard = Date.now();
    say(null);
    show(answer);
  };
  const timer = setInterval(() => {
    if (Date.now() - heard < patience || document.hidden)
      return;
    heard = Date.now();
    ask(section, 'report', context).then(tell)
      .catch((error) => error.status && error.status !== 401 && say(error)); // the shell says the rest
  }, ALONE_MS / 2);
  context.signal.addEventListener('abort', () => clearInterval(timer));
  const state = (connected) => { patience = connected ? QUIET_MS : ALONE_MS; };
  listen({ target: context.target, live: [section], signal: context.signal, state, on: { live: (told) => {
    if (told.section === section && told.target === context.target)
      tell({ document: told.document, at: new Date(told.at) });
  } } });
}

/** Live pages can be held still: what moves cannot be read by everybody. */
export function holdButton(held) {
  const button = h('button', {
    type: 'button', class: 'button', 'aria-pressed': 'false',
    onclick: () => {
      held.now = !held.now;
      button.setAttribute('aria-pressed', String(held.now));
      button.textContent = held.now ? 'Go on' : 'Hold still';
      if (!held.now)
        held.show?.();
    },
  }, 'Hold still');
  return button;
}

/** SQL or a query of somebody's: one line that is cut, whole when opened. */
export function query(text, key) {
  const line = (text ?? '').replace(/\s+/g, ' ').trim();
  if (line.length <= 72)
    return h('code', { class: 'query' }, line || '–');
  return h('details', { class: 'query', 'data-key': key },
    h('summary', {}, h('code', {}, `${beginning(line, 70)}…`)),
    h('pre', { tabindex: '0' }, h('code', {}, text)));
}

/** Who a session is. */
export function who(item) {
  return [item.role, item.application, item.client && item.client !== 'local' && item.client]
    .filter(Boolean).map(visibleName).join(' · ') || '–';
}

/** A cancel ends a statement: who is idle has none. What the daemon would refuse is not offered. */
export function endButtons(item, what, context) {
  const { pid, state } = item;
  if (item.left_alone)
    return h('p', { class: 'muted left-alone' }, `Left alone: ${item.left_alone}`);
  const button = (verb, label, danger) => h('span', { 'data-key': `${verb}-${pid}` }, actButton({
    label, section: 'queries', verb, target: context.target, arguments: [String(pid)],
    what: `${label} ${what}`, danger, sql: `SELECT pg_${verb}_backend(${pid});`,
  }, context.session));
  return h('div', { class: 'actions' },
    !state?.startsWith('idle') && button('cancel', 'Cancel', false), button('terminate', 'Terminate', true));
}

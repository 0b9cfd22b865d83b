/** The lines of `check`: what is wrong first, each with its consequence and what to do about it. */
import { fill, h } from './dom.js';
import { linesOk } from './state.js';
import { ageOf, lazyDetails, next, problem, shape } from './ui.js';
import { plural } from './format.js';

const ORDER = ['critical', 'warning', 'unknown', 'ok'];
const WORDS = { ok: 'OK', warning: 'Warning', critical: 'Critical', unknown: 'Unknown' };
const PAGES = { vacuum: 'vacuum', indexes: 'indexes', bloat: 'bloat', connections: 'connections',
                queries: 'queries', backup: 'backups', migrations: 'migrations' };

/** "transaction_age" → "Transaction age" */
export function title(name) {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function ordered(lines) {
  return [...lines].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
}

/** Sentences of the command line begin small. */
function sentence(text) {
  return (text ?? '').charAt(0).toUpperCase() + (text ?? '').slice(1);
}

function name(target, line) {
  const section = PAGES[line.section];
  if (!section) return title(line.name);
  return h('a', { href: `#/${encodeURIComponent(target)}/${section}` }, title(line.name));
}

function lineOf(target, line) {
  return h('li', { class: ['check-line', line.status] }, shape(line.status),
    h('div', null,
      h('p', null, h('span', { class: 'only-read' }, `${WORDS[line.status]}: `),
        h('span', { class: 'message' }, sentence(line.message)), ' ', h('span', { class: 'verdict-name' },
          line.status !== 'ok' && h('span', { class: ['word', line.status], 'aria-hidden': 'true' }, WORDS[line.status]),
          name(target, line))),
      line.status !== 'ok' && [next(line.next), next(line.sql)]));
}

function eventLine(event) {
  const kind = event.severity === 'critical' ? 'critical' : event.severity === 'warning' ? 'warning' : 'unknown';
  return h('li', { class: ['check-line', kind] }, shape(kind),
    h('div', null, h('p', null, h('span', { class: 'only-read' }, `${WORDS[kind]}: `),
      h('span', { class: 'message' }, sentence(event.message)), ' ', h('span', { class: 'verdict-name' },
        h('span', { class: ['word', kind], 'aria-hidden': 'true' }, 'Still open'),
        title(event.name), ': so it was when it began, ', ageOf(event.opened_at)))));
}

function gapLine(gap) {
  return h('li', { class: 'check-line unknown' }, shape('unknown'),
    h('div', null, h('p', null, h('span', { class: 'message' }, `Could not be read: ${gap.what}`)), next(gap.remedy)));
}

/** The lines that are ok; null: they are asked for now. */
function fineLines(target, lines) {
  const list = h('ul', { class: 'verdicts fine' }, (lines ?? []).map((line) => lineOf(target, line)));
  if (!lines)
    linesOk(target).then((found) => fill(list, found.map((line) => lineOf(target, line))),
      (error) => list.replaceWith(problem(error)));
  return list;
}

/** All that is said of a target; the lines that are ok behind a fold when `folded`. */
export function verdictList(one, folded) {
  const lines = ordered(one.verdicts ?? []);
  const bad = lines.filter((line) => line.status !== 'ok');
  const fine = lines.filter((line) => line.status === 'ok');
  const events = one.events ?? [];
  const count = Math.max(fine.length, one.lines_ok ?? 0);
  const fineList = () => fineLines(one.name, fine.length === count ? fine : null);
  return [
    (bad.length || events.length || one.gaps?.length) ? h('ul', { class: 'verdicts' },
      events.map(eventLine), bad.map((line) => lineOf(one.name, line)), (one.gaps ?? []).map(gapLine)) : null,
    count > 0 && (folded ? lazyDetails([shape('ok'), `${plural(count, 'line')} OK`], fineList) : fineList()),
  ];
}

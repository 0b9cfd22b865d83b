/**
 * Five weeks, day by day: what ran, and what will. What many targets do at once is one line, that
 * opens; what does not fit in a day is behind a fold, never left out, and made when it is opened.
 */
import { h } from './dom.js';
import { clock, count, day, duration, moment, nowMs, plural } from './format.js';
import { beginning as beginningOf } from './strange.js';
import { kindOf, lazyDetails, shape } from './ui.js';

export const DAYS = 35;
const A_DAY = 5; // lines in one day; the others are behind a fold
const BEFORE = 2; // of them for what was, on the day on which something is still to come
const SHORT = 60; // characters of a reason that are shown as they are
const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Monday of last week. */
function firstDay(now) {
  const start = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  start.setDate(start.getDate() - ((start.getDay() + 6) % 7) - 7);
  return start;
}

function collected(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

const state = (entry) => (entry.outcome ? kindOf(entry.outcome) : 'planned');

/** Entries of a day as lines of one or more: what is done at once; then what is done often; then all of a kind. */
export function linesOf(entries) {
  const atOnce = [...collected(entries, (one) => `${clock(one.at)} ${one.what} ${state(one)}`).values()];
  if (atOnce.length <= A_DAY) return atOnce;
  const alone = atOnce.filter((line) => line.length === 1).flat();
  const often = [...atOnce.filter((line) => line.length > 1),
    ...collected(alone, (one) => `${one.target} ${one.what} ${state(one)}`).values()]
    .sort(([a], [b]) => moment(a.at) - moment(b.at));
  if (often.length <= A_DAY) return often;
  return [...collected(entries, (one) => `${one.what} ${state(one)}`).values()];
}

/** The lines that are seen at once, and the others. Bad ends come before good ones. */
export function seenOf(lines) {
  const were = lines.filter(([first]) => first.outcome);
  const coming = lines.filter(([first]) => !first.outcome);
  const room = Math.max(A_DAY - coming.length, Math.min(BEFORE, were.length));
  const bad = (line) => ['critical', 'warning'].includes(state(line[0]));
  const chosen = new Set([...were.filter(bad), ...were.filter((line) => !bad(line)).reverse()].slice(0, room)
    .concat(coming.slice(0, A_DAY - Math.min(room, were.length))));
  return [lines.filter((line) => chosen.has(line)), lines.filter((line) => !chosen.has(line))];
}

function reasonView(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= SHORT ? h('small', null, line) : h('details', { class: 'why' },
    h('summary', null, h('small', null, `${beginningOf(line, SHORT)}…`)), h('small', null, line));
}

/** What is known of one entry beside its name. */
function aside(entry) {
  if (!entry.outcome) return entry.window ? h('small', null, `within ${duration(entry.window)}`) : null;
  if (kindOf(entry.outcome) === 'ok') return null;
  return [h('small', null, entry.outcome), ' ', entry.reason && reasonView(entry.reason)];
}

function entryView(entry) {
  const words = [h('b', null, clock(entry.at)), ' ', entry.target, ' ', entry.what];
  return [entry.outcome && shape(kindOf(entry.outcome)), entry.outcome && h('span', { class: 'only-read' }, `${entry.outcome}: `),
    entry.run ? h('a', { href: `#/history/${entry.run}` }, words) : words, ' ', aside(entry)];
}

function times(entries) {
  const [from, to] = [clock(entries[0].at), clock(entries.at(-1).at)];
  return from === to ? from : `${from}–${to}`;
}

/** "vacuum run, 50 targets", "shop vacuum run, 24 times" */
function manyView(entries) {
  const [first] = entries;
  const targets = new Set(entries.map((one) => one.target));
  const words = targets.size > 1 ? `${first.what}, ${plural(targets.size, 'target')}` : `${first.target} ${first.what}, ${count(entries.length)} times`;
  return lazyDetails([first.outcome && shape(kindOf(first.outcome)), first.outcome && h('span', { class: 'only-read' }, `${first.outcome}: `),
    h('b', null, times(entries)), ' ', words], () => h('ul', null, entries.map((one) => h('li', null, entryView(one)))));
}

const lineView = (entries) => h('div', { class: 'turn' }, entries.length > 1 ? manyView(entries) : entryView(entries[0]));

/** Jobs whose turns are known only up to a day before this one. */
function goingOn(open) {
  return open.length > 0 && lazyDetails(h('small', null, `${plural(open.length, 'frequent job')} ${open.length > 1 ? 'go' : 'goes'} on`),
    () => h('ul', null, open.map((job) => h('li', null, `${job.target} ${job.section} ${job.verb} `, h('code', null, job.schedule)))));
}

function dayCell(date, entries, open, now) {
  const [key, today] = [day(date), day(now)];
  const heading = `${NAMES[(date.getDay() + 6) % 7]} ${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}`;
  const [seen, others] = seenOf(linesOf(entries));
  return h('li', { class: [key < today && 'past', key === today && 'today', !entries.length && !open.length && 'bare'],
                   'aria-current': key === today && 'date', 'data-key': key },
    h('span', { class: 'day' }, heading), seen.map(lineView),
    others.length > 0 && h('div', { class: 'others' }, lazyDetails(`${count(others.length)} more`, () => others.map(lineView))),
    goingOn(open));
}

/** The moment of the last turn of a job that was told, when more are to come. */
function knownUntil(job, most) {
  return job.turns?.length >= most ? moment(job.turns.at(-1).at) : null;
}

/**
 *   entries  [{at, target, what, window?, run?, outcome?, reason?}], outcome: it is over
 *   jobs     as of `schedule`, and how many turns of each were asked for: `most`
 */
export function calendar(entries, jobs, most) {
  const now = new Date(nowMs());
  const start = firstDay(now);
  const days = collected([...entries].sort((a, b) => moment(a.at) - moment(b.at)), (one) => day(one.at));
  const ends = jobs.map((job) => [job, knownUntil(job, most)]).filter(([, end]) => end);
  return h('ol', { class: 'calendar', 'aria-label': 'Five weeks, day by day' }, Array.from({ length: DAYS }, (_, i) => {
    const date = new Date(start.getFullYear(), start.getMonth(), start.getDate() + i);
    const key = day(date);
    return dayCell(date, days.get(key) ?? [], ends.filter(([, end]) => day(end) < key).map(([job]) => job), now);
  }));
}

/** From when on the calendar shows days. */
export const beginning = () => firstDay(new Date(nowMs()));

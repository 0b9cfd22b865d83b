/**
 * Any of the documents that commands give, in words: what is single as facts, what is many as
 * tables. What a row is about and why comes first, and is never cut off.
 */
import { h } from './dom.js';
import { bytes, count, duration, number, time } from './format.js';
import { table } from './table.js';
import { details, facts, lazyDetails } from './ui.js';
import { visibleName } from './strange.js';

/* Members whose values are words of ours, and those that a table can do without. */
const WORDS = /^(action|needs|outcome|kind|method|state|lock_mode|diagnosis|step)$/;
const ASIDE = /^(order|number|predicted_error|needs)$/;
const PLAIN_NUMBER = /(^|_)(pid|id|port|version_num|seed|timeline|xid)$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

/* Which members are columns, and in which order; MORE of the others stand behind them. */
const FIRST = ['pid', 'table', 'index', 'name', 'relation', 'object', 'holder', 'action', 'way', 'step', 'outcome', 'reason', 'why',
               'query', 'sql', 'role', 'application', 'client', 'state'];
const MORE = 4;

const SKIPPED = ['schema', 'generated_at', 'server', 'target', 'shown', 'only'];

/* Lists that the plan knows of but does nothing to. */
const BESIDE = {
  horizon: 'What keeps dead rows from being removed; nothing is done to it',
  spared: 'Left alone, and why',
  left_out: 'Could not be looked at',
};

export function words(key) {
  return key.replace(/_(bytes|seconds|at|pct)$/, '').replaceAll('_', ' ');
}

/** The value of a member, by what its name says of it. */
export function shown(key, value) {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.every((one) => typeof one !== 'object') ? value.map((one) => shown(key, one)).join(', ') : count(value.length);
  if (typeof value === 'object') return Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => `${words(name)} ${shown(name, one)}`).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return MOMENT.test(value) ? time(value, true) : WORDS.test(key) ? value.replaceAll('_', ' ') : value;
  if (PLAIN_NUMBER.test(key)) return String(value);
  if (/bytes$/.test(key)) return bytes(value);
  if (/seconds$/.test(key)) return duration(value);
  if (/_pct$/.test(key)) return `${number(value, 1)} %`;
  return Number.isInteger(value) ? count(value) : number(value, 2);
}

/** {"done": 58, "failed": 0} → "done 58": what is not nothing. */
export function inWords(value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object' || Array.isArray(value)) return shown('', value);
  return Object.entries(value).filter(([name, one]) => ![0, null, '', false].includes(one) && name !== 'seed')
    .map(([name, one]) => (one === true ? words(name) : `${words(name)} ${typeof one === 'object' && !Array.isArray(one) ? inWords(one) : shown(name, one)}`))
    .join(', ');
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Schema and name as one word, first. */
function named(row) {
  const key = ['table', 'index', 'name', 'relation'].find((one) => typeof row[one] === 'string');
  if (!key || typeof row.schema !== 'string') return row;
  const { schema, [key]: last, ...others } = row;
  return { [key]: visibleName(`${schema}.${last}`), ...others };
}

const empty = (value) => value === null || value === undefined || value === false || value === '' || (Array.isArray(value) && !value.length);

/** Columns of a table of these rows. */
export function columnsOf(rows) {
  const keys = [...new Set(rows.flatMap(Object.keys))]
    .filter((key) => !ASIDE.test(key) && rows.some((row) => !empty(row[key])));
  const first = FIRST.filter((key) => keys.includes(key));
  return [...first, ...keys.filter((key) => !first.includes(key)).slice(0, MORE)];
}

function tableOf(name, rows) {
  return table({ caption: words(name), rows, limit: 12, columns: columnsOf(rows).map((key, i) => ({
    key, label: capital(words(key)), head: i === 0, number: rows.some((row) => typeof row[key] === 'number'),
    wide: /reason|sql|why|query|remedy/.test(key),
    value: (row) => (typeof row[key] === 'object' ? JSON.stringify(row[key]) : row[key]), cell: (row) => shown(key, row[key]) })) });
}

/** Tables that nobody made. */
export const isSystem = (row) => /^(pg_catalog|information_schema|pg_toast)$/.test(row.schema ?? '');

const isLeft = (row) => row.action === 'skip' || row.outcome === 'skipped';

/** What a plan does to tables of the system, or leaves alone, is told, but not first. */
function listOf(name, all) {
  const part = (wanted) => all.filter(wanted).map(named);
  if (BESIDE[name]) return details(`${BESIDE[name]} (${count(all.length)})`, tableOf(name, part(() => true)));
  const left = part(isLeft);
  const system = part((row) => !isLeft(row) && isSystem(row));
  const done = part((row) => !isLeft(row) && !isSystem(row));
  return [
    done.length ? tableOf(name, done) : !system.length && h('p', null, `${capital(words(name))}: there is nothing to do.`),
    system.length > 0 && details(`${count(system.length)} of the system`, tableOf(name, system)),
    left.length > 0 && details(`${count(left.length)} left alone, and why`, tableOf(name, left)),
  ];
}

export function documentView(document) {
  if (!document) return null;
  const members = Object.entries(document).filter(([key, value]) => !SKIPPED.includes(key) && value !== null);
  const isList = ([, value]) => Array.isArray(value) && value.length && typeof value[0] === 'object';
  const lists = members.filter(isList).sort(([a], [b]) => Boolean(BESIDE[a]) - Boolean(BESIDE[b]));
  const single = members.filter((member) => !isList(member) && !(Array.isArray(member[1]) && !member[1].length));
  return h('div', { class: 'document' },
    single.length ? facts(single.map(([key, value]) => [words(key), shown(key, value)])) : null,
    lists.map(([key, value]) => listOf(key, value)),
    !lists.length && !single.length && h('p', null, 'There is nothing to do.'),
    lazyDetails('As JSON', () => h('pre', { tabindex: 0, class: 'json' }, JSON.stringify(document, null, 2))));
}

/** Whether a plan would do nothing at all. */
export function isIdle(document) {
  if (Array.isArray(document?.results)) return document.results.every((item) => item.step !== 'planned');
  if (Array.isArray(document?.planned)) return document.planned.length === 0;
  if (Array.isArray(document?.tables)) return document.tables.every(isLeft);
  return false;
}

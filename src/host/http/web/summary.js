/** What came of a run, in a sentence: the history keeps it as members of a document. */
import { inWords } from './document.js';
import { bytes, count, duration, number, percent, plural } from './format.js';

const joined = (words) => words.filter(Boolean).join(', ');
const few = (value, word) => value > 0 && `${count(value)} ${word}`;

function counts(summary) {
  return joined([summary.of, few(summary.done, 'done'), few(summary.skipped, 'skipped'), few(summary.failed, 'failed'),
    few(summary.not_reached, 'not reached'), few(summary.dead_rows_removed, 'dead rows removed'),
    few(summary.left_behind, 'left behind'),
    (summary.won_bytes ?? summary.bytes_won) > 0 && `${bytes(summary.won_bytes ?? summary.bytes_won)} won back`])
    || 'There was nothing to do';
}

/** [{step: 'cancelled'}, …] → "2 cancelled, 1 refused" */
function byWord(items, wordOf) {
  const sums = new Map();
  for (const item of items) sums.set(wordOf(item), (sums.get(wordOf(item)) ?? 0) + 1);
  return joined([...sums].map(([word, sum]) => `${count(sum)} ${word}`));
}

const milliseconds = (value) => (value >= 1000 ? duration(value / 1000) : `${number(value, 1)} ms`);

function longest(values) {
  const known = values.filter((value) => value > 0);
  return known.length > 0 && `the longest lock was held for ${milliseconds(Math.max(...known))}`;
}

function drill({ backup, verdict, reserve, recovery_seconds: seconds, checks = [] }) {
  const good = checks.filter((check) => check.status === 'ok').length;
  return joined([`Backup ${backup} is ${verdict}`, seconds > 0 && `recovered in ${duration(seconds)}`,
    checks.length > 0 && `${good} of ${plural(checks.length, 'check')} OK`,
    reserve && `not looked at: ${reserve}`]);
}

function taken({ backup }) {
  return joined([`Backup ${backup.label ? `“${backup.label}” (${backup.id})` : backup.id}`, backup.kind,
    `${bytes(backup.size_bytes)}, stored in ${bytes(backup.stored_bytes)}`]);
}

function relief({ ended, used_before: before, used_after: after, slots, until, reached }) {
  return joined([`${plural(ended, 'session')} ended`, `${count(before)} slots used before, ${count(after)} after`,
    `the goal of ${count(slots)} (${percent(until)}) was ${reached ? '' : 'not '}reached`]);
}

const rehearsal = ({ migrations }) => joined([`${plural(migrations.length, 'migration')} rehearsed`,
  byWord(migrations, (one) => (!one.reached ? 'not reached' : one.passed ? 'passed' : 'not passed')),
  longest(migrations.map((one) => one.longest_hold_ms))]);

const applied = ({ migrations, done, longest_hold_ms: held, forced }) => joined([
  `${count(done)} of ${plural(migrations, 'migration')} done`, longest([held]), forced && `forced: ${forced}`]);

const boxes = (summary) => `${count(summary.boxes.filter((box) => box.ticked).length)} of ${plural(summary.boxes.length, 'box', 'boxes')} ticked`;

const expired = ({ backups, segments }) => (backups + segments > 0
  ? `${plural(backups, 'backup')} and ${plural(segments, 'WAL segment')} removed` : 'There was nothing to remove');

/* What tells a summary from others, and its sentence. */
const SENTENCES = [
  [(one) => Array.isArray(one.checks) && one.verdict, drill],
  [(one) => one.backup?.id && one.backup.size_bytes >= 0, taken],
  [(one) => one.used_before !== undefined && one.ended !== undefined, relief],
  [(one) => Array.isArray(one.results), (one) => byWord(one.results, (item) => item.step ?? 'not reached') || 'Nobody was ended'],
  [(one) => Array.isArray(one.boxes), boxes],
  [(one) => Array.isArray(one.migrations), rehearsal],
  [(one) => typeof one.migrations === 'number', applied],
  [(one) => typeof one.backups === 'number' && typeof one.segments === 'number', expired],
  [(one) => typeof one.done === 'number' && typeof one.failed === 'number', counts],
];

/** '' when nothing is on record. */
export function sentenceOf(summary) {
  if (!summary || typeof summary !== 'object') return inWords(summary);
  const [, sentence] = SENTENCES.find(([is]) => is(summary)) ?? [null, inWords];
  return sentence(summary);
}

/** What the summary lists one by one: the checks of a drill, the sessions of a cancel. */
export function listsOf(summary) {
  const lists = Object.entries(summary ?? {}).filter(([, value]) => Array.isArray(value) && typeof value[0] === 'object');
  return lists.length ? Object.fromEntries(lists) : null;
}

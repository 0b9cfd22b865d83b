// Backups: the moments that can be reached, and where a recovery to one of them lands.

import { h, fill } from '../dom.js';
import { bytes, count, duration, localTimes, nowMs, plural, time } from '../format.js';
import { timeLine } from '../chart.js';
import { get } from '../api.js';
import { ageOf, details, facts, notice, panel, status } from '../ui.js';
import { firstOf } from '../list.js';
import { table } from '../table.js';
import { actButton } from '../dialog.js';
import { commandFor } from '../commands.js';
import { notSetUp } from './notsetup.js';
import { add, ask, headLine, tiles } from './parts.js';

export const title = 'Backups';

const PROOFS = {
  proven: ['ok', 'proven', 'restored, started and asked'],
  verified: ['ok', 'verified', 'read in full'],
  unverified: ['unknown', 'unverified', 'nobody has looked yet'],
  damaged: ['critical', 'damaged', 'cannot be trusted'],
};
const SETTLE_MS = 350; // the slider moves on; only where it comes to rest is asked for

function proof(backup) {
  const [tone, word] = PROOFS[backup.proof];
  return status(tone, word);
}

function milliseconds(text) {
  return text === null || text === undefined ? null : Date.parse(text);
}

/** The course of what can be reached: the whole range, without the gaps. */
function spans(document) {
  const { from, to } = document.recoverable;
  if (from === null || to === null)
    return [];
  const gaps = document.gaps.filter((gap) => gap.from !== null).map((gap) => ({
    from: milliseconds(gap.from), to: milliseconds(gap.to) ?? milliseconds(to),
    class: 'critical', label: gap.text }));
  return [{ from: milliseconds(from), to: milliseconds(to), class: 'ok',
    label: 'can be reached' }, ...gaps];
}

function marks(document) {
  return document.backups.filter((backup) => backup.stopped_at !== null).map((backup) => ({
    at: milliseconds(backup.stopped_at), class: PROOFS[backup.proof][0],
    label: `${backup.label ?? backup.id}: ${PROOFS[backup.proof][1]}` }));
}

function place(landing) {
  return landing === null || landing === undefined ? 'not known'
    : h('span', {}, time(landing.time, true), h('span', { class: 'muted' },
      ` transaction ${landing.xid}, at ${landing.lsn}`));
}

/** The moment of "--latest" and "--target-time '2026-11-26 12:56:29.780332+00'"; null: of others. */
function nearestOf(text, asked, newest) {
  if (text === '--latest')
    return newest;
  const [, date, clock, fraction = '', zone] =
    /^--target-time '?(\S+) ([\d:]+)(?:\.(\d+))?([+-]\d\d(?::?\d\d)?)'?$/.exec(text) ?? [];
  const ms = Date.parse(`${date}T${clock}${zone?.length === 3 ? `${zone}:00` : zone}`);
  if (Number.isNaN(ms))
    return null;
  const thousandths = Number(fraction.padEnd(6, '0')) / 1000; // this browser knows no smaller ones
  return ms + (ms > asked.getTime() ? Math.ceil(thousandths) : Math.floor(thousandths));
}

function refusal(target, asked, { newest, goTo }) {
  const ms = target.nearest && nearestOf(target.nearest, asked, newest);
  return [notice('warning', localTimes(target.refusal)),
    target.nearest && h('p', {}, 'The nearest that can be reached: ', ms === null
      ? h('code', {}, target.nearest)
      : h('button', { type: 'button', onclick: () => goTo(ms) }, time(ms, true)))];
}

/** The newest moment is the end of the WAL: by a time it is reached only once something comes after it. */
const optionsOf = (asked, newest) => (asked.getTime() === newest ? { latest: true }
  : { 'target-time': asked.toISOString() });

function landing(document, asked, name, line) {
  const { target, wal } = document;
  if (!target.reachable)
    return refusal(target, asked, line);
  const words = Object.entries(optionsOf(asked, line.newest))
    .flatMap(([key, value]) => (value === true ? [`--${key}`] : [`--${key}`, value]));
  return [
    h('p', { class: 'verdict' }, status('ok', 'Can be reached'), ' ',
      words[0] === '--latest' ? 'A recovery to the newest moment has all that was committed.'
        : `A recovery to ${time(asked, true)} has all that was committed until then.`),
    facts([
      ['Last commit that is there', place(target.before)],
      ['First that is not', place(target.after)],
      ['From backup', document.backup],
      ['WAL to replay', `${plural(wal.segments, 'segment')}, timeline ${target.timeline}`],
      ['To write', `${bytes(document.bytes)}, from ${bytes(document.stored_bytes)} stored`],
      ['Takes about', duration(document.seconds)],
    ]),
    target.note && h('p', {}, target.note),
    h('p', {}, 'Files are written on the machine itself, not from here:'),
    commandFor(name, 'backup', 'restore', ...words, '--to', 'DIR'),
  ];
}

function legend(document) {
  const key = (kind, words) => h('li', {},
    h('span', { class: ['key', kind], 'aria-hidden': 'true' }), words);
  return h('ul', { class: 'keys' }, key('ok', 'can be reached'),
    document.gaps.length > 0 && key('critical', 'cannot: WAL is missing'));
}

/** The slider, and below it what a recovery to its moment lands on. */
function recovery(document, context) {
  const { from, to } = document.recoverable;
  if (from === null || to === null)
    return panel('Recovery', notice('warning', 'No moment can be reached yet: there is no '
      + 'backup whose WAL is all there.'));
  const box = h('div', { 'aria-live': 'polite', class: 'landing' },
    h('p', { class: 'muted' }, 'Where a recovery to the newest moment lands…'));
  let timer = 0, number = 0;

  const show = async (ms) => {
    const mine = ++number, asked = new Date(ms);
    box.setAttribute('aria-busy', 'true');
    try {
      const answer = await get('backup/restore-plan', { target: context.target,
        ...optionsOf(asked, end) }, { signal: context.signal });
      if (mine === number)
        fill(box, landing(answer.document, asked, context.target,
          { newest: end, goTo: line.go }));
    } catch (error) {
      if (mine === number && error.name !== 'AbortError')
        fill(box, notice('warning', error.message, error.hint && ` ${error.hint}`));
    }
    if (mine === number)
      box.removeAttribute('aria-busy');
  };
  context.signal.addEventListener('abort', () => clearTimeout(timer));
  // A little before and after, so that the ends of the band are seen to be ends.
  const begin = milliseconds(from), end = milliseconds(to);
  const margin = Math.max(1000, (end - begin) * 0.04);
  const line = timeLine({
    label: 'Moments that can be reached', from: begin - margin, to: end + margin,
    spans: spans(document), marks: marks(document), value: end,
    describe: (ms) => time(ms, true),
    slide: (ms) => {
      clearTimeout(timer);
      timer = setTimeout(show, SETTLE_MS, ms);
    },
  });
  show(end);
  return panel('Recovery', line, legend(document),
    h('p', { class: 'muted' }, 'A diamond is the end of a backup.'), box);
}

function backupsTable(document) {
  return table({
    caption: 'Backups', captionHidden: true, cards: true, rows: document.backups, limit: 30,
    empty: 'None yet.', order: { key: 'stopped_at', descending: true },
    detail: (row) => details('More', facts([
      ['Identity', row.id], ['Proof', PROOFS[row.proof][2]],
      ['Its words', row.proof_text], ['Trouble', row.trouble], ['Note', row.note],
      ['LSN', `${row.start_lsn} to ${row.stop_lsn}, timeline ${row.timeline}`],
    ])),
    columns: [
      { key: 'id', label: 'Backup', head: true, value: (row) => row.label ?? row.id },
      { key: 'stopped_at', label: 'Ended', cell: (row) => time(row.stopped_at) },
      { key: 'proof', label: 'Proof', cell: proof },
      { key: 'proof_at', label: 'Proven', cell: (row) => time(row.proof_at) },
      { key: 'recovery_seconds', label: 'Back after', number: true, format: duration },
      { key: 'size_bytes', label: 'Size', number: true, format: bytes },
      { key: 'stored_bytes', label: 'Stored', number: true, format: bytes },
    ],
  });
}

/** What a gap means: to which moments nobody comes back, and what helps against that. */
function gap(item) {
  const from = item.from === null ? 'the end of its backup' : time(item.from, true);
  return h('li', {}, status('critical', item.text),
    ` ${item.from_lsn} to ${item.to_lsn ?? 'the end'}, ${plural(item.segments, 'segment')}.`,
    h('p', {}, item.segments === 0 && item.from === null ? null : item.to === null
      ? `Nothing after ${from} can be reached. A new backup makes what comes after it reachable.`
      : `Nothing between ${from} and ${time(item.to, true)} can be reached.`));
}

function gaps(document) {
  if (document.gaps.length === 0)
    return null;
  return panel('Gaps in the WAL', firstOf({ rows: document.gaps, class: 'plain', row: gap }));
}

/** Timelines that went on where the newest leaves them: what they committed is not on its way. */
function left(document) {
  if (document.left.length === 0)
    return null;
  return panel('On other timelines', firstOf({ rows: document.left, class: 'plain', row: (one) =>
    h('li', {}, `Timeline ${one.timeline} went on at ${one.lsn}: what was committed there from `
      + `${time(one.from, true)} on takes --timeline ${one.timeline}.`) }));
}

/** A moment with its age. */
function aged(at) {
  return [time(at), ' ', h('small', {}, ageOf(at))];
}

/** WAL arrives all the time where it arrives at all. */
function newestTone({ recoverable, gaps: all }) {
  const minutes = (nowMs() - milliseconds(recoverable.to)) / 60000;
  return all.some((item) => item.to === null) ? 'critical' : minutes > 60 && 'warning';
}

function heads(document) {
  const last = document.backups[document.backups.length - 1];
  const proven = document.backups.filter((backup) => backup.proof === 'proven').pop();
  return tiles([
    ['Last backup', last ? aged(last.stopped_at) : 'none', !last && 'critical'],
    ['Last proven', proven ? aged(proven.proof_at) : 'never', proven ? 'ok' : 'warning'],
    ['Back after', proven ? duration(proven.recovery_seconds) : '–'],
    ['Newest moment', document.recoverable.to === null ? 'none' : aged(document.recoverable.to),
      newestTone(document)],
    ['Gaps', count(document.gaps.length), document.gaps.length > 0 ? 'critical' : 'ok'],
  ]);
}

export async function page(view, context) {
  const { target, session, refresh } = context;
  const none = notSetUp('backup', target);
  if (none !== null)
    return add(view, none);
  const answer = await ask('backup', 'list', context);
  // Nothing can be recovered from a repository without a backup that is whole.
  const document = { ...answer.document,
    recoverable: answer.document.recoverable ?? { from: null, to: null } };
  const act = (label, verb, what) => actButton({ label, section: 'backup', verb, target, what,
    done: refresh }, session);

  add(view,
    headLine(answer, act('Back up now', 'create', `Take a backup of ${target}`),
      act('Prove the newest', 'drill', `Restore the newest backup of ${target}, start it `
        + 'and ask it')),
    document.damage && notice('critical', document.damage),
    heads(document), gaps(document), left(document), recovery(document, context),
    panel('Backups', backupsTable(document)),
    details('The repository', facts([
      ['Folder', document.repository], ['System', document.system],
      ['Encrypted', document.encrypted ? 'yes' : 'no'],
      ['WAL', `${plural(document.wal.segments, 'segment')}, ` +
        bytes(document.wal.stored_bytes)],
    ])));
  return undefined;
}

// Indexes: what is wrong with them, on what evidence, and the SQL to paste.

import { h } from '../dom.js';
import { bytes, count, day, plural } from '../format.js';
import { firstOf } from '../list.js';
import { visibleName } from '../strange.js';
import { details, facts, lazyDetails, notice, panel, sql, status } from '../ui.js';
import { commandFor, sqlName } from '../commands.js';
import { add, ask, headLine, leftOut, relation, tiles } from './parts.js';

export const title = 'Indexes';

// The order in which they are worth reading.
const KINDS = [
  ['invalid', 'Invalid', 'No query can use them, and every write may have to maintain them.'],
  ['missing_fk', 'Missing on foreign keys',
    'Deleting or changing a row over there reads the whole table here.'],
  ['duplicate', 'Duplicates', 'Another index does the same.'],
  ['overlapping', 'Overlapping', 'A longer index begins with the same columns.'],
  ['unused', 'Unused', 'No scan was seen on any node for as long as was looked.'],
  ['bloated', 'Bloated', 'A rebuild would give space back.'],
];

function isMissing(finding) {
  return finding.kind === 'missing_fk';
}

/** An index that stays. Of one that is not there the verdict says only that nothing is to drop. */
function isDecided(finding) {
  return finding.verdict.startsWith('keep') && !isMissing(finding);
}

function tone(finding) {
  if (isDecided(finding))
    return 'ok';
  if (finding.kind === 'invalid')
    return 'critical';
  return finding.verdict.includes('unknown') || finding.verdict.includes('not enough')
    ? 'unknown' : 'warning';
}

function said({ kind, verdict }) {
  if (kind === 'missing_fk')
    return 'missing';
  return verdict === 'drop-candidate' ? 'can go' : verdict.replace(/-/g, ' ');
}

function inCare({ index, finding }, target) {
  const line = commandFor(target, 'indexes', 'drop', sqlName(index.schema, index.index));
  return details('In the program’s care, and back',
    line && [h('p', {}, 'With its gates, in the history, and with an undo:'), line],
    finding.undo_sql && [h('p', {}, 'What brings it back:'), sql(`${finding.undo_sql};`)]);
}

function card({ index, finding, also }, target) {
  const name = index.index ? visibleName(index.index) : relation(index.schema, index.table);
  const measured = [
    index.index && ['Table', relation(index.schema, index.table)],
    index.index && ['Size', bytes(index.size_bytes)],
    index.index && ['Scans', count(index.scans)],
    index.last_scan && ['Last scan', day(index.last_scan)],
  ].filter(Boolean);
  return h('li', { class: 'finding' },
    h('div', { class: 'finding-head' }, h('h3', {}, name),
      status(tone(finding), said(finding))),
    h('p', {}, finding.reason),
    also.map((other) => h('p', { class: 'muted' }, `Also ${other.kind.replace(/_/g, ' ')}: ${other.reason}`)),
    measured.length > 0 && facts(measured),
    finding.create_sql && sql(`${finding.create_sql};`),
    finding.drop_sql && sql(`${finding.drop_sql};`),
    finding.drop_sql && index.index && !isDecided(finding) && inCare({ index, finding }, target));
}

function group([kind, heading, sentence], found, target) {
  const items = found.filter(({ finding }) => finding.kind === kind);
  const open = items.filter(({ finding }) => !isDecided(finding));
  const kept = items.filter(({ finding }) => isDecided(finding));
  if (items.length === 0)
    return null;
  const list = (rows) => firstOf({ rows, class: 'findings', row: (item) => card(item, target) });
  return panel(`${heading} (${count(open.length)})`,
    h('p', { class: 'muted' }, sentence),
    open.length > 0 && list(open),
    kept.length > 0 && lazyDetails(`${plural(kept.length, 'index', 'indexes')} to keep`,
      () => list(kept)));
}

/** On how much looking the findings rest. */
function evidence(document) {
  const nodes = document.nodes.map((node) => h('li', {},
    status(node.seen ? 'ok' : 'warning', node.node), ' ',
    node.observed_since ? `observed since ${day(node.observed_since)}, ` +
      plural(node.samples, 'sample') : 'not observed yet',
    node.reason && `: ${node.reason}`));
  const unseen = document.standbys_attached > document.nodes.length - 1;
  return panel('Evidence',
    h('ul', { class: 'plain' }, nodes),
    unseen && notice('warning', `${plural(document.standbys_attached, 'standby',
      'standbys')} attached: an index may be used there alone.`),
    document.left_out.length > 0 && details(
      `${plural(document.left_out.length, 'table')} could not be looked at`,
      leftOut(document.left_out)));
}

/** Once, where it matters most, whatever else is found of it. */
function entryOf(index) {
  const rank = (finding) => KINDS.findIndex(([kind]) => kind === finding.kind);
  const [finding, ...also] = [...index.findings]
    .sort((a, b) => isDecided(a) - isDecided(b) || rank(a) - rank(b));
  return finding && { index, finding, also };
}

export async function page(view, context) {
  const answer = await ask('indexes', 'report', context);
  const { indexes } = answer.document;
  const found = indexes.map(entryOf).filter(Boolean);
  const open = found.filter(({ finding }) => !isDecided(finding));
  const removable = new Map(open.filter(({ finding }) => finding.drop_sql)
    .map(({ index }) => [`${index.schema}.${index.index}`, index.size_bytes]));
  const groups = KINDS.map((kind) => group(kind, found, context.target)).filter(Boolean);
  const number = (kind) => open.filter(({ finding }) => finding.kind === kind).length;

  add(view,
    headLine(answer),
    tiles([
      ['Invalid', count(number('invalid')), number('invalid') > 0 ? 'critical' : 'ok'],
      ['Missing', count(number('missing_fk')), number('missing_fk') > 0 && 'warning'],
      ['Can go', count(removable.size)],
      ['They take', bytes([...removable.values()].reduce((sum, size) => sum + size, 0))],
    ]),
    open.length === 0 && notice('ok', 'No index is invalid, unused, twice there or missing.'),
    groups,
    evidence(answer.document));
}

// Bloat: what could be given back, how sure that is, and how fast things grow.

import { h } from '../dom.js';
import { bytes, count, percent, plural, time } from '../format.js';
import { bars, sparkline, timeChart } from '../chart.js';
import { visibleName } from '../strange.js';
import { details, notice, panel } from '../ui.js';
import { table } from '../table.js';
import { commandFor, sqlName } from '../commands.js';
import { add, ask, headLine, leftOut, relation, tiles } from './parts.js';

export const title = 'Bloat';

const WEEK_MS = 7 * 24 * 3600 * 1000;
const METHODS = {
  estimate: 'estimated from the planner’s statistics',
  sample: 'read from a sample of its pages',
  exact: 'read in full',
};

function nameOf(item) {
  return item.kind === 'toast' ? `${relation(item.schema, item.table)} (TOAST)`
    : relation(item.schema === 'pg_toast' ? '' : item.schema, item.name);
}

function signed(value) {
  if (value === null || value === undefined)
    return '–';
  if (Math.abs(value) < 1)
    return 'steady';
  return `${value > 0 ? '+' : '−'}${bytes(Math.abs(value))}`;
}

/** Sizes of the weeks so far, now included; fewer than two are no course. */
function course(item, at) {
  const points = (item.past_bytes ?? []).map((past) =>
    [at.getTime() - past.weeks_ago * WEEK_MS, past.bytes]);
  return [...points, [at.getTime(), item.size_bytes]];
}

function growth(item, at) {
  const points = course(item, at);
  return h('span', { class: 'growth' }, points.length > 2 && sparkline(points,
    { label: `Size of ${nameOf(item)} over ${plural(points.length, 'week')}` }),
    h('span', {}, signed(item.growth_bytes_per_week)));
}

function meter(item) {
  if (item.reclaimable_pct === null)
    return h('span', { class: 'muted' }, 'not known');
  return h('span', { class: 'meter' },
    h('span', { class: 'meter-bar', 'aria-hidden': 'true' },
      h('span', { class: 'meter-fill', style: {
        width: `${Math.max(1, item.reclaimable_pct)}%` } })),
    h('span', {}, `${Math.round(item.reclaimable_pct)} % ± ${Math.ceil(item.margin_pct)}`));
}

/** What gives the space back while everybody works; a TOAST table's goes with its table. */
function remedy(item, target) {
  if (item.kind === 'toast' || item.schema === 'pg_toast')
    return null;
  const name = sqlName(item.schema, item.name);
  const line = item.kind === 'index' ? commandFor(target, 'indexes', 'rebuild', name)
    : commandFor(target, 'bloat', 'reclaim', '--table', name);
  return line && [h('p', {}, 'What would give the space back, online:'), line];
}

function about(item, target) {
  return details('More',
    h('p', {}, `${item.kind === 'index' ? `An index of ${visibleName(item.table)}. ` : ''}` +
      `${count(item.live_rows)} live rows, ${count(item.dead_rows)} dead. ` +
      `The figure is ${METHODS[item.method]}: ${item.reason}.`),
    item.kind !== 'index' && h('p', {}, 'Vacuumed: ', time(item.last_vacuum),
      '; by autovacuum: ', time(item.last_autovacuum), '.'),
    remedy(item, target));
}

function objectsTable(rows, at, target) {
  return table({
    caption: 'Tables and indexes by what they could give back', captionHidden: true, rows,
    limit: 12, cards: true,
    detail: (row) => (row.reclaimable_bytes > 0 ? about(row, target) : null), empty: 'No table yet.',
    order: { key: 'reclaimable_bytes', descending: true },
    columns: [
      { key: 'name', label: 'Name', head: true, value: nameOf },
      { key: 'kind', label: 'Kind' },
      { key: 'size_bytes', label: 'Size', number: true, format: bytes },
      { key: 'reclaimable_bytes', label: 'Could give back', number: true,
        value: (row) => row.reclaimable_bytes ?? -1,
        format: (value) => (value < 0 ? '–' : bytes(value)) },
      { key: 'reclaimable_pct', label: 'Share', value: (row) => row.reclaimable_pct ?? -1,
        cell: meter },
      { key: 'growth_bytes_per_week', label: 'Growth a week', number: true,
        value: (row) => row.growth_bytes_per_week ?? 0, cell: (row) => growth(row, at) },
      { key: 'method', label: 'How' },
    ],
  });
}

function growing(objects) {
  const items = objects.filter((item) => (item.growth_bytes_per_week ?? 0) > 0)
    .sort((a, b) => b.growth_bytes_per_week - a.growth_bytes_per_week).slice(0, 8)
    .map((item) => ({ label: nameOf(item), value: item.growth_bytes_per_week,
      note: `${bytes(item.size_bytes)} now` }));
  return panel('Growing fastest', items.length === 0
    ? h('p', { class: 'muted' }, 'Nothing has grown since a week ago, or the history is '
      + 'younger than that.')
    : bars({ label: 'Growth a week', items, format: bytes }));
}

const CHARTED = 6; // lines that can still be told apart

/** What grows fastest, week by week, with its sizes to be read; nothing before there are two. */
function sizes(objects, at) {
  const series = objects.filter((item) => course(item, at).length > 1)
    .sort((a, b) => (b.growth_bytes_per_week ?? 0) - (a.growth_bytes_per_week ?? 0)
      || b.size_bytes - a.size_bytes)
    .slice(0, CHARTED).map((item) => ({ name: nameOf(item), points: course(item, at) }));
  return series.length > 0 && panel('Size over the weeks', timeChart({
    label: 'Size of those that grow fastest', series, format: bytes, base: 1024, height: 220 }));
}

export async function page(view, context) {
  const answer = await ask('bloat', 'report', context);
  const { objects, left_out: missed, not_visible: hidden } = answer.document;
  const size = objects.reduce((sum, item) => sum + item.size_bytes, 0);
  const won = objects.reduce((sum, item) => sum + (item.reclaimable_bytes ?? 0), 0);
  const known = objects.map((item) => item.growth_bytes_per_week).filter(Number.isFinite);
  const grown = known.length > 0 ? known.reduce((sum, value) => sum + value) : null;

  add(view,
    headLine(answer),
    tiles([
      ['Tables and indexes', bytes(size)],
      ['Could give back', bytes(won), size > 0 && won / size > 0.3 && 'warning'],
      ['That is', percent(size > 0 ? won / size : 0)],
      ['Growth a week', signed(grown)],
    ]),
    panel('Worst first', objectsTable(objects, answer.at, context.target)),
    growing(objects), sizes(objects, answer.at));
  if (hidden > 0)
    add(view, notice('warning', `${plural(hidden, 'table')} cannot be judged: the role may `
      + 'not read their statistics.'));
  if (missed.length > 0)
    add(view, details(`${plural(missed.length, 'table')} could not be looked at`,
      leftOut(missed)));
}

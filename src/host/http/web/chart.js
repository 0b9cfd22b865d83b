/**
 * Charts in SVG: time to the right in local time, units upwards. Values are read by pointing at
 * them, and with the arrow keys: over each plot lies an invisible slider, which also speaks them.
 * Colours are classes (series-1 … series-6, ok, warning, critical): app.css knows both themes.
 */
import { h, svg, fill } from './dom.js';
import { number } from './format.js';
import { gauge } from './gauge.js';
import { anchorOf, linear, timeTicks, timeWord, valueTicks, whenSized } from './scale.js';
import { timeLine } from './timeline.js';

export { gauge, timeLine };

const MARGIN = { top: 10, right: 12, bottom: 22, left: 62 };

const path = (points) => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

/** Runs of points without a hole: a null value breaks the line. */
function pieces(points) {
  const all = [[]];
  for (const point of points)
    if (point[1] === null || point[1] === undefined) all.push([]);
    else all.at(-1).push(point);
  return all.filter((piece) => piece.length);
}

function extent(series, lines, least) {
  const values = series.flatMap((one) => one.points.map((point) => point[1])).filter((one) => one !== null);
  return Math.max(least ?? 0, ...values, ...lines.map((line) => line.value));
}

function seriesClass(one, index) {
  return one.class ?? `series-${(index % 6) + 1}`;
}

function yAxis(ticks, y, width, format) {
  return ticks.map((tick) => svg('g', { class: 'tick' },
    svg('line', { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
    svg('text', { x: MARGIN.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, format(tick))));
}

function xAxis(from, to, x, width, height) {
  return timeTicks(from, to, Math.max(2, Math.floor(width / 110))).map(({ at, text }) =>
    svg('g', { class: 'tick x' },
      svg('line', { x1: x(at), x2: x(at), y1: height - MARGIN.bottom, y2: height - MARGIN.bottom + 4 }),
      svg('text', { x: x(at), y: height - 5, 'text-anchor': anchorOf(x(at), width) }, text)));
}

function drawBands(bands, x, from, to, height) {
  return bands.map((band) => {
    const [a, b] = [Math.max(band.from, from), Math.min(band.to, to)];
    return b > a && svg('rect', { class: ['band', band.class], x: x(a), y: MARGIN.top, width: Math.max(1, x(b) - x(a)),
                                  height: height - MARGIN.top - MARGIN.bottom }, svg('title', null, band.label ?? ''));
  });
}

function drawLevels(lines, y, width) {
  return lines.map((line) => svg('g', { class: ['level', line.class] },
    svg('line', { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(line.value), y2: y(line.value) }),
    svg('text', { x: width - MARGIN.right - 4, y: y(line.value) - 4, 'text-anchor': 'end' }, line.label ?? '')));
}

function drawSeries(one, index, x, y, area) {
  const name = seriesClass(one, index);
  return pieces(one.points).map((piece) => {
    const points = piece.map(([at, value]) => [x(at), y(value)]);
    const down = y(0);
    return [
      area && svg('path', { class: ['area', name],
                            d: `${path(points)}L${points.at(-1)[0].toFixed(1)} ${down}L${points[0][0].toFixed(1)} ${down}Z` }),
      svg('path', { class: ['line', name, one.dashed && 'dashed'], d: path(points) }),
      points.length === 1 && svg('circle', { class: ['dot', name], cx: points[0][0], cy: points[0][1], r: 3 }),
    ];
  });
}

/** What the colours mean; of bands each meaning once. */
function legend(series, bands = []) {
  const keys = series.length < 2 ? [] : series.map((one, index) => [seriesClass(one, index), one.name]);
  for (const band of bands)
    if (band.label && !keys.some(([, name]) => name === band.label)) keys.push([band.class, band.label]);
  return keys.length > 0 && h('ul', { class: 'legend' }, keys.map(([kind, name]) =>
    h('li', null, h('span', { class: ['key', kind], 'aria-hidden': 'true' }), name)));
}

function nearest(moments, at) {
  let best = 0;
  for (let i = 1; i < moments.length; i += 1)
    if (Math.abs(moments[i] - at) < Math.abs(moments[best] - at)) best = i;
  return best;
}

function reading(series, at, span, format) {
  const values = series.map((one) => [one.name, one.points.find((point) => point[0] === at)?.[1]])
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => (series.length > 1 ? `${name} ${format(value)}` : format(value)));
  return `${timeWord(at, span)}: ${values.join(' · ') || 'nothing known'}`;
}

/** The slider over a plot; tells the index of the moment looked at, -1 when no longer. */
function reader(plot, label, look) {
  const input = h('input', { type: 'range', class: 'reader', 'aria-label': label, min: 0, step: 1 });
  let map = () => 0;
  plot.addEventListener('pointermove', (event) => {
    input.value = String(map(event.clientX - plot.getBoundingClientRect().left));
    look(Number(input.value));
  });
  plot.addEventListener('pointerleave', () => document.activeElement !== input && look(-1));
  input.addEventListener('input', () => look(Number(input.value)));
  input.addEventListener('focus', () => look(Number(input.value)));
  input.addEventListener('blur', () => look(-1));
  function uses(moments, newest, back) {
    input.max = String(Math.max(0, moments.length - 1));
    map = back;
    if (document.activeElement === input) return;
    input.value = input.max; // the newest, until somebody looks
    input.setAttribute('aria-valuetext', newest);
  }
  return { input, uses };
}

/**
 * A chart over time.
 *   label    what it shows, in words;  unit  written above the y-axis ("GB" is in `format` already)
 *   series   [{name, points: [[ms, value or null]], class?, dashed?}]
 *   format   (value) → text;  base 1024 for bytes, so that ticks are round
 *   area     filled;  height in px;  most: least top of the y-axis;  from, to: ms
 *   bands    [{from, to, label, class}] behind it;  levels [{value, label, class}] across it
 * `.update(series, {from, to, bands, levels})` draws it anew.
 */
export function timeChart({ label, unit = '', series, format = number, base = 10, area = false, height = 190,
                            most, from, to, bands = [], levels = [] }) {
  let now = series;
  const picture = svg('svg', { 'aria-hidden': 'true', height });
  const read = h('output', { class: 'reading' });
  const plot = h('div', { class: 'plot' }, picture);
  const keys = h('div');
  const root = h('figure', { class: 'chart' },
    h('figcaption', null, h('span', null, label, unit && h('span', { class: 'unit' }, ` (${unit})`)), read), plot, keys);
  let scales = null;
  const slider = reader(plot, label, point);
  plot.append(slider.input);

  function range() {
    const moments = [...new Set(now.flatMap((one) => one.points.map((point) => point[0])))].sort((a, b) => a - b);
    return { moments, first: from ?? moments[0], last: to ?? moments.at(-1) };
  }

  function point(index) {
    picture.querySelectorAll('.cursor').forEach((old) => old.remove());
    const at = scales?.moments[index];
    if (at === undefined) return fill(read);
    const text = reading(now, at, scales.last - scales.first, format);
    slider.input.setAttribute('aria-valuetext', text);
    picture.append(cursor(at));
    return fill(read, text);
  }

  function cursor(at) {
    const { x, y } = scales;
    return svg('g', { class: 'cursor' },
      svg('line', { x1: x(at), x2: x(at), y1: MARGIN.top, y2: height - MARGIN.bottom }),
      now.map((one, index) => {
        const value = one.points.find((each) => each[0] === at)?.[1];
        return value !== undefined && value !== null
          && svg('circle', { class: ['dot', seriesClass(one, index)], cx: x(at), cy: y(value), r: 3.5 });
      }));
  }

  function draw(width) {
    const { moments, first, last } = range();
    if (!moments.length) return fill(picture, svg('text', { x: 8, y: 24 }, 'No values yet.'));
    const ticks = valueTicks(0, extent(now, levels, most) || 1, 4, base);
    const x = linear(first, last === first ? first + 1 : last, MARGIN.left, width - MARGIN.right);
    const y = linear(0, ticks.at(-1), height - MARGIN.bottom, MARGIN.top);
    scales = { x, y, moments, first, last };
    slider.uses(moments, reading(now, moments.at(-1), last - first, format), (pixel) => nearest(moments, first + ((pixel - MARGIN.left)
      / (width - MARGIN.left - MARGIN.right)) * (last - first)));
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    return fill(picture, drawBands(bands, x, first, last, height), yAxis(ticks, y, width, format),
      xAxis(first, last, x, width, height), now.map((one, index) => drawSeries(one, index, x, y, area)),
      drawLevels(levels, y, width));
  }

  const redraw = whenSized(plot, draw);
  root.update = (fresh, more = {}) => {
    now = fresh;
    ({ from = from, to = to, bands = bands, levels = levels } = more);
    fill(keys, legend(now, bands));
    redraw();
  };
  fill(keys, legend(now, bands));
  return root;
}

/** A line as high as a word. points: [[ms, value or null]]; `label` says what and how it went. */
export function sparkline(points, { width = 96, height = 22, label, most, class: name = 'series-1' } = {}) {
  const known = points.filter((point) => point[1] !== null && point[1] !== undefined);
  if (known.length < 2) return h('span', { class: 'spark-none' }, '–');
  const top = Math.max(most ?? 0, ...known.map((point) => point[1])) || 1;
  const x = linear(known[0][0], known.at(-1)[0], 1, width - 3);
  const y = linear(0, top, height - 2, 3);
  const end = known.at(-1);
  return svg('svg', { class: 'spark', role: 'img', 'aria-label': label, width, height, viewBox: `0 0 ${width} ${height}` },
    pieces(points).map((piece) => svg('path', { class: ['line', name], d: path(piece.map(([at, value]) => [x(at), y(value)])) })),
    svg('circle', { class: ['dot', name], cx: x(end[0]), cy: y(end[1]), r: 2 }));
}

/** Bars to the right, one a line: [{label, value, class?, note?}]; a list, so it is read as one. */
export function bars({ label, items, format = number, most }) {
  const top = most ?? Math.max(1e-9, ...items.map((item) => item.value ?? 0));
  return h('figure', { class: 'chart' }, h('figcaption', null, label),
    h('ul', { class: 'bars' }, items.map((item) => h('li', null,
      h('span', { class: 'bar-label' }, item.label),
      gauge({ total: top, parts: [{ value: item.value ?? 0, class: item.class ?? 'series-1' }], label: '' }),
      h('span', { class: 'bar-value' }, format(item.value), item.note && h('small', null, ` ${item.note}`))))));
}

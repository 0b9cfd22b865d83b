/**
 * A range of time with what is known of it, and a moment of it to choose: by a slider, or by a field
 * that takes it to the second. Text that says what the marks mean is for the page to give.
 */
import { h, svg, fill, freshId } from './dom.js';
import { clock, day, duration } from './format.js';
import { anchorOf, linear, timeTicks, timeWord, whenSized } from './scale.js';

const SECOND = 1000;
const FINE = 2 * 3600 * SECOND; // a longer range goes by minutes
const PAGES = [10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400].map((n) => n * SECOND);

/** Spans and marks, in a picture without a y-axis. */
function drawLane({ from, to, spans, marks, height }, width) {
  const x = linear(from, to, 12, width - 12);
  const middle = (height - 24) / 2 + 2;
  return [
    svg('line', { class: 'lane', x1: x(from), x2: x(to), y1: middle, y2: middle }),
    spans.map((span) => svg('rect', { class: ['span', span.class], x: x(Math.max(span.from, from)), y: middle - 7, rx: 3, height: 14,
                                      width: Math.max(2, x(Math.min(span.to, to)) - x(Math.max(span.from, from))) },
      svg('title', null, span.label ?? ''))),
    marks.filter((mark) => mark.at >= from && mark.at <= to).map((mark) =>
      svg('path', { class: ['mark', mark.class], d: `M${x(mark.at)} ${middle - 12}l5 6 -5 6 -5 -6z`, transform: 'translate(0 6)' },
        svg('title', null, mark.label ?? ''))),
    timeTicks(from, to, Math.max(2, Math.floor(width / 110))).map(({ at, text }) =>
      svg('text', { class: 'axis', x: x(at), y: height - 5, 'text-anchor': anchorOf(x(at), width) }, text)),
  ];
}

/** How far one press of a key goes, in ms: an arrow, an arrow with Shift, a page. */
export function stepsOf(range) {
  const page = PAGES.find((one) => range / one <= 60) ?? PAGES.at(-1);
  return range <= FINE ? { arrow: SECOND, shifted: 60 * SECOND, page }
    : { arrow: 60 * SECOND, shifted: SECOND, page };
}

function stepOf(event, steps) {
  const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 1, PageDown: -1 }[event.key] ?? 0;
  const size = event.key.startsWith('Page') ? steps.page : event.shiftKey ? steps.shifted : steps.arrow;
  return event.altKey || event.ctrlKey || event.metaKey ? 0 : way * size;
}

/** As <input type="datetime-local"> has it: local time, to the second. */
const local = (ms) => `${day(ms)}T${clock(ms, true)}`;

/** The slider and the field: both show `.value`, and call `chosen` when somebody changed it. */
function chooser({ label, from, to, value, words, chosen }) {
  const id = freshId('moment');
  const steps = stepsOf(to - from);
  const slider = h('input', { type: 'range', class: 'slide', min: 0, max: Math.ceil((to - from) / SECOND), step: 1, 'aria-label': label });
  const field = h('input', { id, type: 'datetime-local', step: 1, required: true });
  const mine = { slider, value,
                 bar: h('div', { class: 'moment-bar' }, h('label', { for: id }, 'Moment'), field,
                   h('span', { class: 'muted' }, `Arrow keys move the slider by ${duration(steps.arrow / 1000)}, with Shift by `
                     + `${duration(steps.shifted / 1000)}, Page Up and Page Down by ${duration(steps.page / 1000)}.`)) };

  function show(ms, { but } = {}) {
    mine.value = ms;
    if (but !== slider) slider.value = String(Math.round((ms - from) / SECOND));
    if (but !== field) field.value = local(ms);
    slider.setAttribute('aria-valuetext', words(ms));
  }

  function choose(ms, but) {
    show(ms, { but });
    chosen(ms);
  }

  mine.choose = (ms) => choose(ms, null);
  slider.addEventListener('input', () => choose(Math.min(from + Number(slider.value) * SECOND, to), slider));
  slider.addEventListener('keydown', (event) => {
    const step = stepOf(event, steps);
    if (!step) return;
    event.preventDefault();
    choose(Math.min(to, Math.max(from, mine.value + step)));
  });
  field.addEventListener('input', () => { // empty while it is being typed
    const ms = field.value ? new Date(field.value).getTime() : NaN;
    if (!Number.isNaN(ms)) choose(ms, field);
  });
  show(value);
  return mine;
}

/**
 * A time line: spans [{from, to, class, label}], marks [{at, class, label}], all in ms.
 *   slide(ms)     called while a moment is chosen (not often: wrap what costs); without it there is
 *                 nothing to choose
 *   describe(ms)  what is said of a moment
 * `.go(ms)` chooses one.
 */
export function timeLine({ label, from, to, spans = [], marks = [], value = to, slide, describe, height = 62 }) {
  const picture = svg('svg', { height, 'aria-hidden': slide ? 'true' : null, role: slide ? null : 'img', 'aria-label': slide ? null : label });
  const read = h('output', { class: 'reading' });
  const words = (at) => describe?.(at) ?? timeWord(at, to - from);
  const choice = slide && chooser({ label, from, to, value, words, chosen: (ms) => {
    fill(read, words(ms));
    slide(ms);
  } });
  const root = h('figure', { class: 'chart time-line' }, h('figcaption', null, label, read), h('div', { class: 'plot' }, picture),
    choice && [choice.slider, choice.bar]);
  if (choice) fill(read, words(value));
  root.go = (ms) => choice.choose(ms);
  whenSized(picture.parentElement, (width) => {
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    fill(picture, drawLane({ from, to, spans, marks, height }, width));
  });
  return root;
}

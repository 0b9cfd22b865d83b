/**
 * Where the ticks of an axis go, apart from any drawing; and when there is something to draw on.
 */
import { clock, day } from './format.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TIME_STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE))
  .concat([1, 2, 3, 6, 12].map((n) => n * HOUR))
  .concat([1, 2, 7, 14].map((n) => n * DAY));

/** From a fraction of the plot to a value and back. */
export function linear(from, to, start, end) {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** At most `most` round values from 0 or `low` to at least `high`; base 1024 for bytes. */
export function valueTicks(low, high, most = 4, base = 10) {
  const span = high - low || 1;
  const rough = span / most;
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const factors = base === 10 ? [1, 2, 2.5, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const step = factors.map((factor) => factor * power).find((one) => span / one <= most) ?? rough;
  const ticks = [];
  for (let value = Math.floor(low / step) * step; ticks.length <= most + 2; value += step) {
    ticks.push(value);
    if (value >= high) break;
  }
  return ticks;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dayWord(date) {
  return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
}

function monthTicks(from, to, most) {
  const months = (to - from) / (30.4 * DAY);
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((one) => months / one <= most) ?? 120;
  const date = new Date(from);
  const ticks = [];
  let at = new Date(date.getFullYear(), Math.floor(date.getMonth() / step) * step, 1);
  while (at.getTime() <= to) {
    const text = at.getMonth() === 0 || step >= 12 ? String(at.getFullYear()) : MONTHS[at.getMonth()];
    if (at.getTime() >= from) ticks.push({ at: at.getTime(), text });
    at = new Date(at.getFullYear(), at.getMonth() + step, 1);
  }
  return ticks;
}

/** The step's round moments in local time, also across a change of the clock. */
function roundMoments(from, to, step) {
  const start = new Date(from);
  start.setHours(0, 0, 0, 0);
  const moments = [];
  if (step >= DAY) {
    for (let at = start; at.getTime() <= to;
      at = new Date(at.getFullYear(), at.getMonth(), at.getDate() + step / DAY)) moments.push(at.getTime());
  } else {
    const first = start.getTime();
    for (let at = first + Math.floor((from - first) / step) * step; at <= to; at += step) moments.push(at);
  }
  return moments.filter((at) => at >= from);
}

/** [{at: ms, text}]: round local times, a new day by its date. */
export function timeTicks(from, to, most = 6) {
  const step = TIME_STEPS.find((one) => (to - from) / one <= most);
  if (!step) return monthTicks(from, to, most);
  return roundMoments(from, to, step).map((at) => {
    const date = new Date(at);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return { at, text: step >= DAY || midnight ? dayWord(date) : clock(date, step < MINUTE) };
  });
}

/** How a moment of a chart over this span is called. */
export function timeWord(at, span) {
  if (span > 60 * DAY) return day(at);
  return span > DAY / 2 ? `${day(at)} ${clock(at)}` : clock(at, span < 2 * HOUR);
}

/** A word under the axis stays within the picture. */
export function anchorOf(x, width) {
  return x > width - 32 ? 'end' : x < 32 ? 'start' : 'middle';
}

/** What a drawing redraws itself for: its width. Without a size nothing is drawn. */
export function whenSized(element, draw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (now === width || now === 0) return;
    width = now;
    draw(width);
  });
  observer.observe(element);
  return () => width && draw(width);
}

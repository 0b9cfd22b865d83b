/** What the watch kept of each minute, for charts: a minute that nobody saw is a hole, not a zero. */
import { get } from './api.js';
import { timeChart } from './chart.js';
import { nowMs } from './format.js';

const MINUTE = 60000;
const HOURS = 6;

/** Points of a series: the most of each minute under `key`. */
export function pointsOf(minutes, key) {
  const points = [];
  let before = null;
  for (const minute of minutes) {
    const at = Date.parse(minute.at);
    if (before !== null && at - before > 1.5 * MINUTE) points.push([before + MINUTE, null]);
    points.push([at, minute.samples > 0 ? minute[key] ?? null : null]);
    before = at;
  }
  return points;
}

/** Where nobody watched, as bands: from the minute after one that was seen to the next such. */
export function unwatched(minutes) {
  const seen = minutes.filter((minute) => minute.samples > 0).map((minute) => Date.parse(minute.at));
  const ends = minutes.map((minute) => Date.parse(minute.at));
  const marks = [ends[0] - MINUTE, ...seen, ends.at(-1) + MINUTE].filter((at) => !Number.isNaN(at));
  return marks.slice(1).map((to, i) => ({ from: marks[i], to, class: 'quiet', label: 'nobody watched' }))
    .filter((band) => band.to - band.from > 1.5 * MINUTE);
}

async function read(target, signal) {
  const answer = await get('history/minutes', { target, since: `${HOURS}h` }, { signal, maxAge: 30 });
  return answer.document.minutes;
}

function drawn(minutes, lines, level) {
  const slots = minutes.findLast((minute) => minute.samples > 0)?.ordinary;
  return [
    lines.map(({ key, ...line }) => ({ ...line, points: pointsOf(minutes, key) })),
    { from: minutes.length > 1 ? Date.parse(minutes[0].at) : nowMs() - 60 * MINUTE, to: nowMs(),
      bands: unwatched(minutes), levels: slots ? [level(slots)] : [] }];
}

/**
 * A chart of the last six hours that keeps up for as long as the page is open.
 *   lines  [{name, key: a member of the minutes, class?}];  level(slots) → what lies across it
 *   look   the rest, as timeChart() takes it
 */
export async function minutesChart({ target, signal, lines, level, ...look }) {
  const [series, more] = drawn(await read(target, signal), lines, level);
  const chart = timeChart({ ...look, ...more, series });
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      chart.update(...drawn(await read(target, signal), lines, level));
    } catch { /* the shell says what is down */ }
  }, MINUTE);
  signal.addEventListener('abort', () => clearInterval(timer));
  return chart;
}

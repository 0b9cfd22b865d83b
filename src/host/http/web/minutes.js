/** What the watch kept of each minute, for charts: a minute that nobody saw is a hole, not a zero. */
const MINUTE = 60000;

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

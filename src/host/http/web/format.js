/**
 * Numbers and times in words, the way the command line says them. Everything takes null ("–").
 */

const NOTHING = '–';
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

/** 1234567 → "1,234,567" */
export function count(value) {
  return missing(value) ? NOTHING : Math.round(value).toLocaleString('en-US');
}

/** A number with at most so many digits behind the point. */
export function number(value, digits = 1) {
  return missing(value) ? NOTHING : value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']; // of 1024, as PostgreSQL has them

/** 1610612736 → "1.5 GB" */
export function bytes(value) {
  if (missing(value)) return NOTHING;
  let left = Math.abs(value);
  let unit = 0;
  while (left >= 1024 && unit < BYTES.length - 1) {
    left /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || left >= 100 ? 0 : 1;
  return `${value < 0 ? '−' : ''}${left.toLocaleString('en-US', { maximumFractionDigits: digits })} ${BYTES[unit]}`;
}

/** 0.423 → "42 %" */
export function percent(fraction, digits = 0) {
  return missing(fraction) ? NOTHING : `${number(fraction * 100, digits)} %`;
}

const SPANS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

/** Seconds → "2 d 3 h", "4 min 10 s", "12 s", "1.3 s", "350 ms": the two largest units. */
export function duration(seconds) {
  if (missing(seconds)) return NOTHING;
  const length = Math.abs(seconds);
  if (length < 1) return `${Math.round(length * 1000)} ms`;
  if (length < 10) return `${number(length)} s`;
  const first = SPANS.findIndex(([size]) => length >= size);
  const [size, name] = SPANS[first];
  const whole = Math.floor(length / size);
  const [below, belowName] = SPANS[first + 1] ?? [0, ''];
  const rest = below ? Math.floor((length % size) / below) : 0;
  return rest && whole < 100 ? `${whole} ${name} ${rest} ${belowName}` : `${whole} ${name}`;
}

/** RFC 3339 text, Date or milliseconds → Date; null stays null. */
export function moment(value) {
  if (missing(value) || value === '') return null;
  const date = value instanceof Date ? value : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

let ahead = 0; // ms, of the daemon's clock before this browser's

/** What the daemon says the time is. */
export function setClock(at) {
  const date = moment(at);
  if (date) ahead = date.getTime() - Date.now();
}

/** Now, by the daemon's clock, in ms: ages are of its data. */
export function nowMs() {
  return Date.now() + ahead;
}

/** "12 s ago", "in 3 h 10 min" */
export function ago(value, now = nowMs()) {
  const date = moment(value);
  if (!date) return NOTHING;
  const seconds = (now - date.getTime()) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${duration(Math.floor(seconds))} ago` : `in ${duration(Math.floor(-seconds))}`;
}

const pad = (value) => String(value).padStart(2, '0');

/** Local time: "2026-10-04 03:05", with seconds when asked for. */
export function time(value, seconds = false) {
  const date = moment(value);
  return date ? `${day(date)} ${clock(date, seconds)}` : NOTHING;
}

const UTC_IN_TEXT = /\b(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00(?::?00)?(?!\d)/g;

/** Times of the command line in a sentence of it, which are in UTC, as this browser has them elsewhere. */
export function localTimes(text) {
  return text.replace(UTC_IN_TEXT, (one, date, clock_) => time(`${date}T${clock_.slice(0, 12)}Z`, true));
}

/** "2026-10-04" */
export function day(value) {
  const date = moment(value);
  return date ? `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}` : NOTHING;
}

/** "03:05" */
export function clock(value, seconds = false) {
  const date = moment(value);
  if (!date) return NOTHING;
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds ? `:${pad(date.getSeconds())}` : ''}`;
}

/** "1 table", "2 tables" */
export function plural(amount, one, many = `${one}s`) {
  return `${count(amount)} ${Math.round(amount) === 1 ? one : many}`;
}

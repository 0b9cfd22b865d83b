/**
 * The overview: fetched once for the first paint, then the short form every two seconds while
 * somebody looks, and at once when an event says that something changed. It comes from the daemon's
 * memory and costs the targets nothing.
 */
import { get } from './api.js';
import { listen } from './events.js';
import { setClock } from './format.js';

const EVERY = 2000; // ms
const SOON = 150; // ms: events come in crowds

/** Of so many targets the overview has the lines that are ok as well; of more only their number. */
export const FEW = 2;

/** Tells "change" when there is a newer overview, "connected" and "lost" of the daemon. */
export const changes = new EventTarget();

let now = null;
let asking = null;
let timer = 0;
let connected = true;

/** The last overview; null before the first. */
export function current() {
  return now;
}

export function targetOf(name) {
  return now?.targets.find((one) => one.name === name) ?? null;
}

/* Checks that were made for this page, and are newer than the daemon's own: target → its part. */
const made = new Map();

function newest(one) {
  const mine = made.get(one.name);
  if (mine && Date.parse(mine.checked_at) > Date.parse(one.checked_at ?? 0)) return { ...one, ...mine };
  made.delete(one.name);
  return one;
}

const withMade = (overview) => ({ ...overview, targets: overview.targets.map(newest) });

/** A check {status, checked_at, verdicts, gaps} that stands until the daemon has made a newer one. */
export function checked(target, check) {
  made.set(target, check);
  if (now) now = withMade(now);
  changes.dispatchEvent(new Event('change'));
}

function announce(alive) {
  if (alive !== connected) changes.dispatchEvent(new Event(alive ? 'connected' : 'lost'));
  connected = alive;
}

const isFine = (line) => line.status === 'ok';

/** The short form leaves out the lines that are ok: they are those of the last long one. */
function merged(fresh) {
  const before = new Map((now?.targets ?? []).map((one) => [one.name, one]));
  const targets = fresh.targets.map((one) => {
    const old = before.get(one.name);
    const fine = old?.checked_at === one.checked_at ? old.verdicts.filter(isFine) : one.verdicts.filter(isFine);
    return { ...one, verdicts: [...one.verdicts.filter((line) => !isFine(line)), ...fine] };
  });
  return { ...fresh, targets };
}

/** A check that was made anew may have other lines that are ok. */
function checkedAnew(fresh) {
  const before = new Map((now?.targets ?? []).map((one) => [one.name, one.checked_at]));
  return fresh.targets.some((one) => before.get(one.name) !== one.checked_at);
}

const isFew = (overview) => overview.targets.length <= FEW;

async function ask(again) {
  const fresh = withMade((await get('overview', { brief: again ? 1 : FEW + 1 })).document);
  setClock(fresh.generated_at);
  if (again && isFew(fresh) && checkedAnew(fresh)) return ask(false);
  now = again ? merged(fresh) : fresh;
  return now;
}

/** The lines of a target that are ok, where the overview has only their number. */
export async function linesOk(target) {
  const { document } = await get('overview', { target });
  return (document.targets[0]?.verdicts ?? []).filter(isFine);
}

/** Asks now. Throws an ApiError. */
export function refresh(again = false) {
  asking ??= ask(again && now !== null).then((fresh) => {
    announce(true);
    changes.dispatchEvent(new Event('change'));
    return fresh;
  }).finally(() => { asking = null; });
  return asking;
}

async function turn() {
  clearTimeout(timer);
  if (!document.hidden)
    try {
      await refresh(true);
    } catch (error) {
      if (error.status === 0) announce(false);
      if (error.status === 401) return;
    }
  plan(EVERY);
}

function plan(ms) {
  clearTimeout(timer);
  timer = setTimeout(turn, ms);
}

/** Keeps it fresh from now on. */
export function keepFresh() {
  const soon = () => plan(SOON);
  const { signal } = new AbortController();
  listen({ signal, on: { state: soon, event: soon, turn: soon, run: soon, act: soon, check: soon } });
  document.addEventListener('visibilitychange', () => !document.hidden && soon());
  plan(EVERY);
}

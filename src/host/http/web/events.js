/**
 * The daemon's events. Read from a fetch, as an EventSource sends no Authorization: server-sent
 * events are lines of text, and a blank line ends one.
 */
import { authorization, isShut } from './api.js';

const PATIENCE = 40000; // ms without a word, not even the comment of every 15 s: the line is dead
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;

/** Cuts a stream of text into events; `told(type, data)` for each. */
export function parser(told) {
  let rest = '';
  let type = 'message';
  let data = [];

  function line(text) {
    if (text === '') {
      if (data.length) told(type, data.join('\n'));
      type = 'message';
      data = [];
    } else if (text.startsWith('event:')) type = text.slice(6).trim();
    else if (text.startsWith('data:')) data.push(text.slice(5).replace(/^ /, ''));
  }

  return (chunk) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop();
    lines.forEach(line);
  };
}

/** One connection, until it ends. Throws what fetch throws. */
async function readOnce(address, signal, told, connected) {
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener('abort', stop, { once: true });
  let timer = setTimeout(stop, PATIENCE);
  try {
    if (await isShut()) throw Object.assign(new Error('no token'), { status: 401 });
    const response = await fetch(address, { headers: { Accept: 'text/event-stream', ...authorization() },
                                            cache: 'no-store', credentials: 'omit', signal: own.signal });
    if (!response.ok) throw Object.assign(new Error('no stream'), { status: response.status });
    let full = false;
    const feed = parser((type, text) => (type === 'full' ? full = true : told(type, text)));
    let first = true;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, PATIENCE);
      feed(value);
      if (first && !full) connected(); // else there was no room: it is told so, and ended
      first = false;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

async function keepReading(address, signal, told, state) {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    let since = 0;
    try {
      await readOnce(address, signal, told, () => { since = Date.now(); state(true); });
    } catch (error) {
      if (error.status === 401 || error.status === 403) break; // the login asks, the page starts anew
    }
    if (signal.aborted) break;
    state(false);
    if (since && Date.now() - since > LONGEST_WAIT) wait = FIRST_WAIT;
    await pause(wait * (0.75 + Math.random() / 2), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/* A browser opens six connections to one server, for all of its tabs: each tab has one stream for
 * all who listen in it, and none while nobody sees it. */
const listeners = new Set();
let address = null;
let reading = null;

function wanted() {
  const query = new URLSearchParams();
  const target = [...listeners].map((one) => one.target).filter(Boolean).at(-1);
  const live = new Set([...listeners].flatMap((one) => (one.target === target ? one.live : [])));
  if (target) query.set('target', target);
  if (target && live.size) query.set('live', [...live].join(','));
  const words = query.toString();
  return listeners.size && !document.hidden ? `/api/v1/events${words ? `?${words}` : ''}` : null;
}

function tell(type, text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  for (const one of [...listeners]) one.on[type]?.(data);
}

function settle() {
  const now = wanted();
  if (now === address) return;
  reading?.abort();
  address = now;
  reading = now && new AbortController();
  if (now)
    keepReading(now, reading.signal, tell,
      (connected) => [...listeners].forEach((one) => one.state(connected)));
}

document.addEventListener('visibilitychange', settle);

/** After a token was given or taken away: anew, with what is known now. */
export function listenAgain() {
  address = null;
  settle();
}

/**
 * Listens until `signal` is aborted; connects again, ever more slowly, when it was cut off.
 *   target  samples of it as well; null: only what changes anywhere
 *   live    sections whose report is wanted with each sample: ['connections']
 *   on      {sample, state, event, turn, run, act, check, live}: each takes the event's document
 *   state   told true when connected, false when not (what was missed is not sent again)
 */
export function listen({ target = null, live = [], on, state = () => {}, signal }) {
  const mine = { target, live, on, state };
  if (signal.aborted) return;
  listeners.add(mine);
  signal.addEventListener('abort', () => { listeners.delete(mine); queueMicrotask(settle); }, { once: true });
  queueMicrotask(settle); // a page leaves and another comes: one change, not two
}

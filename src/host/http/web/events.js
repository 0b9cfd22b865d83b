/**
 * The daemon's events. Read from a fetch, as an EventSource sends no Authorization: server-sent
 * events are lines of text, and a blank line ends one.
 */
import { authorization, isShut, token } from './api.js';

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

/* ---- one stream for all windows ----
 *
 * A browser opens six connections to one server, for all of its windows: a stream each would leave
 * none for anything else. Those of one token that are seen share one. Who holds the lock reads it,
 * for what all of them want, and passes on what it says; when that window goes, or nobody sees it
 * any more, the next has the lock. Where there are no locks each has a stream of its own. */
const BEAT = 5000; // ms, between two words of what a window wants
const listeners = new Set();
const wants = new Map(); // of the windows: id → {target, live, until}
const me = String(Math.random());
let part = null; // AbortController of this window's part in it; null: nobody listens, or nobody sees it
let channel = null;
let leads = false;
let connected = null; // whether the stream is, as far as is known
let address = null;
let reading = null;
let soon = 0;

function mine() {
  const target = [...listeners].map((one) => one.target).filter(Boolean).at(-1);
  return { target, live: target ? [...listeners].flatMap((one) => (one.target === target ? one.live : [])) : [] };
}

function wanted() {
  for (const [id, one] of wants) if (one.until < Date.now()) wants.delete(id); // it has died
  const list = (of) => [...new Set([...wants.values()].flatMap(of))].sort().join(',');
  // No name is in the list as well where a window wants what changes of all.
  const query = Object.entries({ target: list((one) => one.target ?? ''), live: list((one) => one.live) });
  const words = new URLSearchParams(query.filter(([, value]) => value)).toString();
  return `/api/v1/events${words && `?${words}`}`;
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

function tellState(now) {
  connected = now;
  for (const one of [...listeners]) one.state(now);
}

function pass(message) {
  channel?.postMessage(message);
}

function read() {
  const now = wanted();
  if (!leads || now === address) return;
  reading?.abort();
  address = now;
  reading = new AbortController();
  keepReading(now, reading.signal,
    (type, text) => { tell(type, text); pass({ type, text }); },
    (state) => { tellState(state); pass({ state }); });
}

/** All that changes at once is one change: a page leaves, and another comes. */
function readSoon() {
  clearTimeout(soon);
  soon = setTimeout(read, 20);
}

function want(id, one) {
  wants.set(id, { ...one, until: Date.now() + 3 * BEAT });
  if (leads) readSoon();
}

/** What this window wants, to itself and to whoever reads for it. */
function say() {
  const one = mine();
  want(me, one);
  pass({ id: me, one });
}

function hear({ data: { id, one, gone, who, type, text, state } }) {
  if (who) say();
  if (type) tell(type, text);
  if (state !== undefined && state !== connected) tellState(state);
  if (one) {
    want(id, one);
    if (leads && connected !== null) pass({ state: connected });
  }
  if (gone) {
    wants.delete(gone);
    if (leads) readSoon();
  }
}

/** Until this window takes no part any more. */
function lead(signal) {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      leads = false;
      reading?.abort();
      address = reading = null;
      resolve();
    }, { once: true });
    leads = true;
    wants.clear();
    pass({ who: true });
    say();
  });
}

/** No window reads what another's token may see: the lock is the token's. */
async function nameOf(text) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text ?? '')));
  return `pgrunbook.${String.fromCharCode(...hash.map((one) => 97 + one % 26))}`;
}

async function join(signal) {
  if (!navigator.locks || !window.BroadcastChannel) return lead(signal);
  const name = await nameOf(token());
  if (signal.aborted) return undefined;
  const own = channel = new BroadcastChannel(name);
  own.onmessage = hear;
  signal.addEventListener('abort', () => {
    if (channel !== own) return;
    pass({ gone: me });
    own.close();
    channel = null;
  }, { once: true });
  say();
  return navigator.locks.request(name, { signal }, () => !signal.aborted && lead(signal)).catch(() => {
    if (signal.aborted) return undefined; // it has left
    own.close();
    channel = null;
    return lead(signal); // no lock is to be had where the browser keeps nothing
  });
}

function leave() {
  part?.abort();
  part = connected = null;
}

function settle() {
  if (!listeners.size || document.hidden) leave();
  else if (part) say();
  else join((part = new AbortController()).signal);
}

document.addEventListener('visibilitychange', settle);
window.addEventListener('pagehide', leave);
window.addEventListener('pageshow', settle);
setInterval(() => part && say(), BEAT);

/** After a token was given or taken away: anew, with what is known now. */
export function listenAgain() {
  leave();
  settle();
}

/**
 * Listens until `signal` is aborted; connects again, ever more slowly, when it was cut off.
 *   target  samples of it as well; null: only what changes anywhere
 *   live    sections whose report is wanted with each sample: ['connections']
 *           (what others want is told as well: a document says of which target it is)
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

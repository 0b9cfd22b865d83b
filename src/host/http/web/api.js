/**
 * The daemon's answers. Nothing is sent but the token of this tab, and that in a header only: there
 * is no cookie that could ride along with somebody else's request.
 */
import { nowMs } from './format.js';

const TOKEN = 'pgrunbook.token';
const ROOT = '/api/v1';

let alone = null; // the token, where the browser keeps nothing: until the page is loaded anew

export function token() {
  try {
    return sessionStorage.getItem(TOKEN);
  } catch {
    return alone;
  }
}

export function setToken(text) {
  alone = text || null;
  try {
    if (text) sessionStorage.setItem(TOKEN, text);
    else sessionStorage.removeItem(TOKEN);
  } catch { /* for this page only, then */ }
}

export function authorization() {
  const known = token();
  return known ? { Authorization: `Bearer ${known}` } : {};
}

/** What went wrong, in the daemon's words. status 0: it was not reached. */
export class ApiError extends Error {
  constructor(status, message, hint = '', retryAfter = 0) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.retryAfter = retryAfter;
  }
}

/** Who is told when a token is wanted: the login. */
export const unauthorized = new EventTarget();

function address(path, query) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    for (const one of [value].flat()) {
      if (one === null || one === undefined || one === false) continue;
      words.append(name, one === true ? '1' : String(one));
    }
  const text = words.toString();
  return `${ROOT}/${path}${text ? `?${text}` : ''}`;
}

/* Options of the command line help nobody who looks at a page. */
const OF_OPTIONS = /^--?[a-z]/i;

async function failure(response) {
  let body = {};
  try {
    body = await response.json();
  } catch { /* not ours: a proxy's page */ }
  const message = body.error ?? `The daemon answered ${response.status}.`;
  const hint = OF_OPTIONS.test(body.hint ?? '') ? '' : body.hint ?? '';
  return new ApiError(response.status, message, hint,
    Number(response.headers.get('Retry-After') ?? 0));
}

/** Tells the login, and is thrown. */
function refusal(error) {
  unauthorized.dispatchEvent(new CustomEvent('token', { detail: error }));
  return error;
}

/**
 * Whether nothing is to be seen here without a token, and there is none: what would be refused is not
 * asked for, as a browser's console has each refusal as an error.
 */
export async function isShut() {
  if (token()) return false;
  const who = await whoAmI().catch(() => null); // not reached: who asks for more hears of it
  return Boolean(who?.needs_token) && !token();
}

/* What is in the daemon's memory comes at once; a command has a minute, once it is its turn. */
const FROM_MEMORY = /^(overview|session|running|acts)\b/;
const patience = (path) => (FROM_MEMORY.test(path) ? 20 : 180);

function unanswered(error, path) {
  if (error.name === 'AbortError') return error;
  if (error.name === 'TimeoutError')
    return new ApiError(0, `The daemon has not answered for ${patience(path)} s.`, 'Where many windows of it are open, close some.');
  return new ApiError(0, 'The daemon does not answer.', 'systemctl status pgrunbook');
}

/** The answer with its document; not `signal` alone ends the waiting. */
async function request(path, query, { signal, ...init }) {
  if (path !== 'session' && await isShut()) throw refusal(new ApiError(401, 'A token is needed.'));
  const late = AbortSignal.timeout?.(patience(path) * 1000);
  const signals = [signal, late].filter(Boolean);
  let response;
  try {
    response = await fetch(address(path, query), { cache: 'no-store', credentials: 'omit', ...init,
                                                   signal: AbortSignal.any?.(signals) ?? signal });
    if (response.ok) return withTime(response, await response.json());
  } catch (error) {
    throw unanswered(error, path);
  }
  const error = await failure(response);
  throw error.status === 401 && path !== 'session' ? refusal(error) : error;
}

function withTime(response, document) {
  const at = response.headers.get('X-Pgrunbook-At');
  const age = Number(response.headers.get('X-Pgrunbook-Age') ?? 0);
  return { document, at: at ? new Date(at) : new Date(nowMs() - age * 1000),
           exit: Number(response.headers.get('X-Pgrunbook-Exit') ?? 0) };
}

/**
 * GET ROOT/path → {document, at: Date of the datum, exit: the command's code}. In the query lists
 * repeat, true is a switch. `maxAge`: seconds a kept answer may be old; `bearer`: a token that is only tried.
 */
export async function get(path, query = {}, { signal, maxAge, bearer } = {}) {
  return request(path, { ...query, max_age: maxAge },
    { headers: { Accept: 'application/json', ...authorization(),
                 ...(bearer && { Authorization: `Bearer ${bearer}` }) }, signal });
}

/** The document of `pgrunbook SECTION VERB --target NAME --json`. Say "check" with verb null. */
export function command(section, verb, target, options = {}, more = {}) {
  return get(verb ? `${section}/${verb}` : section, { target, ...options }, more);
}

/** POST with a JSON body → its document. */
export async function post(path, query, body, { signal } = {}) {
  const { document } = await request(path, query, {
    method: 'POST', body: JSON.stringify(body), signal,
    headers: { 'Content-Type': 'application/json', 'X-Pgrunbook': 'act', ...authorization() },
  });
  return document;
}

let session = null;

/** {role, name, actions, needs_token, version}; asked once, again after a token was given. */
export function whoAmI(again = false) {
  if (!session || again) {
    session = get('session').then((answer) => answer.document);
    session.catch(() => { session = null; });
  }
  return session;
}

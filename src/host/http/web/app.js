/**
 * The shell: which page the address names, the navigation, the theme, who is looking.
 *
 * Addresses: #/overview, #/schedule, #/history, #/history/RUN, and #/TARGET/SECTION. A page is a
 * module with `title` and `page(view, {target, argument, params, signal, session, go, refresh})`,
 * which may return a function that is called when it is left.
 */
import { h, svg, fill } from './dom.js';
import { ApiError, setToken, token, unauthorized, whoAmI } from './api.js';
import { listenAgain } from './events.js';
import { visible } from './strange.js';
import { changes, current, keepFresh, refresh as refreshOverview, targetOf } from './state.js';
import { ageOf, goingSelect, notice, problem, shape, tick } from './ui.js';
import * as overview from './pages/overview.js';

const GLOBAL = {
  overview: { label: 'Overview', load: async () => overview },
  schedule: { label: 'Schedule', load: () => import('./pages/schedule.js') },
  history: { label: 'History', load: () => import('./pages/history.js') },
};
const RUN = { label: 'History', load: () => import('./pages/run.js') };

const SECTIONS = {
  check: { label: 'Check', load: () => import('./pages/check.js') },
  vacuum: { label: 'Vacuum', load: () => import('./pages/vacuum.js') },
  indexes: { label: 'Indexes', load: () => import('./pages/indexes.js') },
  bloat: { label: 'Bloat', load: () => import('./pages/bloat.js') },
  connections: { label: 'Connections', load: () => import('./pages/connections.js') },
  queries: { label: 'Queries', load: () => import('./pages/queries.js') },
  backups: { label: 'Backups', load: () => import('./pages/backups.js') },
  migrations: { label: 'Migrations', load: () => import('./pages/migrations.js') },
};

const main = document.getElementById('main');
const said = document.getElementById('said');
const trouble = document.getElementById('trouble');
let leaving = null; // AbortController of the page that is shown
let here = null; // its route
let signing = false; // the login is shown in its place
let away = false; // it could not be shown, as the daemon did not answer
let there = false; // its target is one of the daemon's, as far as is known
let until = null; // … or as the target could not be asked: whether it can be now

/* ---- addresses ---- */

/** "#/shop/vacuum?tab=plan" → what to show; null: there is no such page. */
export function routeOf(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const params = new URLSearchParams(query);
  let words;
  try {
    words = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return null;
  }
  const [first = 'overview', second] = words;
  if (words.length === 2 && Object.hasOwn(SECTIONS, second)) return { page: SECTIONS[second], section: second, target: first, params };
  if (words.length === 2 && first === 'history' && /^\d+$/.test(second)) return { page: RUN, global: 'history', argument: second, params };
  if (words.length <= 1 && Object.hasOwn(GLOBAL, first)) return { page: GLOBAL[first], global: first, params };
  return null;
}

const addressOf = (target, section) => `#/${encodeURIComponent(target)}/${section}`;

export function go(hash) {
  location.hash = hash;
}

/* ---- navigation ---- */

function drawPages() {
  fill(document.getElementById('main-nav'), h('ul', null, Object.entries(GLOBAL).map(([name, { label }]) =>
    h('li', null, h('a', { href: `#/${name}`, 'aria-current': here?.global === name && 'page' }, label)))));
}

function targetChoice() {
  const names = (current()?.targets ?? []).map((one) => one.name);
  if (!names.includes(here.target)) names.unshift(here.target);
  return h('label', { class: 'target-choice' }, h('span', { class: 'only-read' }, 'Target '),
    goingSelect({ value: here.target }, names.map((name) => h('option', { value: name }, name)),
      (name) => go(addressOf(name, here.section))));
}

/** How each section of the target stands, from the lines of its check: the worst of them. */
function worstOf(section) {
  const name = section === 'backups' ? 'backup' : section;
  const lines = (targetOf(here.target)?.verdicts ?? [])
    .filter((line) => section === 'check' ? true : line.section === name);
  return ['critical', 'warning'].find((kind) => lines.some((line) => line.status === kind));
}

function sectionLink([section, { label }]) {
  const worst = worstOf(section);
  return h('li', null, h('a', { href: addressOf(here.target, section), 'aria-current': here.section === section && 'page' },
    label, worst && [shape(worst), h('span', { class: 'only-read' }, ` (${worst})`)]));
}

let drawn = '';

function drawSections(anew = true) {
  const nav = document.getElementById('target-nav');
  nav.hidden = !here?.target;
  if (nav.hidden) return;
  const key = JSON.stringify([here.target, here.section, Object.keys(SECTIONS).map(worstOf), current()?.targets.length]);
  if (!anew && key === drawn) return; // whoever has the focus there keeps it
  drawn = key;
  fill(nav, targetChoice(), h('ul', null, Object.entries(SECTIONS).map(sectionLink)));
  nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
}

/* ---- theme and session ---- */

const THEMES = { auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
                 light: 'M12 7.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M5 19l1.7-1.7M17.3 6.7L19 5',
                 dark: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z' };

function setTheme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    if (name === 'auto') localStorage.removeItem('pgrunbook.theme');
    else localStorage.setItem('pgrunbook.theme', name);
  } catch { /* for this page only, then */ }
}

function themeButton() {
  const names = Object.keys(THEMES);
  const button = h('button', { type: 'button', class: 'icon' });
  const draw = (name) => {
    button.setAttribute('aria-label', `Theme: ${name}`);
    button.title = `Theme: ${name}`;
    fill(button, svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true', class: name }, svg('path', { d: THEMES[name] })));
  };
  let name = document.documentElement.dataset.theme ?? 'auto';
  button.addEventListener('click', () => {
    name = names[(names.indexOf(name) + 1) % names.length];
    setTheme(name);
    draw(name);
  });
  draw(name);
  return button;
}

async function signIn(why) {
  if (signing) return; // answers of 401 come in crowds: the first says why
  signing = true;
  const [{ login }, who] = await Promise.all([import('./login.js'), whoAmI().catch(() => null)]);
  if (!signing) return;
  leaving?.abort();
  main.removeAttribute('aria-busy');
  login(main, why, () => { listenAgain(); drawTools(); show(); }, who?.needs_token ? null : () => show());
}

/** A token that is refused is none: removed or expired, it must not be said to be somebody's. */
function refused() {
  if (!token()) {
    if (!signing) whoAmI(true).catch(() => {}); // other settings may be in force since it was asked
    signIn('A token is needed to see this.');
    return;
  }
  setToken(null);
  whoAmI(true).catch(() => {});
  listenAgain();
  drawTools();
  signIn('The token of this tab is not valid any more: it was removed, or it has expired.');
}

function signOut() {
  setToken(null);
  whoAmI(true).catch(() => {});
  listenAgain();
  drawTools();
  show();
}

async function drawTools() {
  const tools = document.getElementById('tools');
  const theme = tools.querySelector('.icon') ?? themeButton();
  let who = null;
  try {
    who = await whoAmI();
  } catch { /* the page says what is wrong */ }
  const wants = who && !token() && (who.needs_token || who.actions);
  fill(tools,
    who?.name && token() && h('span', { class: 'who', title: `Signed in as ${who.name}` }, h('b', null, who.name), h('span', { class: 'role' }, ` ${who.role}`)),
    token() && h('button', { type: 'button', onclick: signOut }, 'Sign out'),
    wants && h('button', { type: 'button', onclick: () => signIn('') }, 'Sign in'),
    theme);
}

/* ---- showing a page ---- */

function notThere(view) {
  document.title = 'No such page · pgrunbook';
  fill(view, h('h1', null, 'No such page'), h('p', null, h('a', { href: '#/overview' }, 'To the overview')));
}

function heading(route, title) {
  const parts = route.target ? [h('span', { class: 'of' }, route.target), ' ', title] : [title];
  return h('h1', { tabindex: '-1' }, parts);
}

async function run(route, view, signal) {
  const module = await route.page.load();
  // First paint waits for the overview alone: who is looking is known by then, or is told later.
  const [session] = route.global === 'overview' ? [null] : await Promise.all([whoAmI(), current() ?? refreshOverview()]);
  if (signal.aborted) return;
  fill(view, heading(route, module.title));
  document.title = visible(`${module.title}${route.target ? ` · ${route.target}` : ''} · pgrunbook`);
  const cleanup = await module.page(view, { ...route, signal, session, go, refresh: show });
  if (typeof cleanup !== 'function') return;
  if (signal.aborted) cleanup();
  else signal.addEventListener('abort', cleanup, { once: true });
}

/** The daemon was away, not the page wrong: a module of it could not be fetched, or a datum. */
function isAway(error) {
  return error.status === 0 || (error instanceof TypeError && /module/i.test(error.message));
}

/** Whether a target that could not be reached has come; null: as far as is known it was there all the time. */
function upAgain(target) {
  return targetOf(target)?.state === 'up' ? null : () => targetOf(target)?.state === 'up';
}

/** Shows what the address names; a page that is shown already begins anew. */
async function show(event) {
  leaving?.abort();
  leaving = new AbortController();
  away = false;
  until = null;
  signing = false;
  const { signal } = leaving;
  const moved = Boolean(event);
  here = routeOf(location.hash);
  there = Boolean(targetOf(here?.target));
  drawPages();
  drawSections();
  const view = h('div', { class: 'view' });
  if (!here) return notThere(fill(main).appendChild(view));
  main.setAttribute('aria-busy', 'true');
  const slow = setTimeout(() => main.contains(view) || fill(main, h('p', { class: 'loading' }, 'One moment …')), moved ? 150 : 1000);
  signal.addEventListener('abort', () => clearTimeout(slow));
  // The page stands where the old one was as soon as it has anything but its heading.
  const put = () => { clearTimeout(slow); if (!signal.aborted && !main.contains(view)) main.replaceChildren(view); };
  const watching = new MutationObserver(() => view.childElementCount > 1 && put());
  watching.observe(view, { childList: true });
  try {
    await run(here, view, signal);
  } catch (error) {
    if (error.name === 'AbortError' || signal.aborted || error.status === 401) return undefined;
    if (!view.firstChild) fill(view, heading(here, here.page.label));
    away = isAway(error);
    until = error.until ?? (error.status === 502 ? upAgain(here.target) : null);
    if (error.status === 404 && here.target && !targetOf(here.target)) until = () => targetOf(here.target);
    view.append(problem(away ? new ApiError(0, 'The daemon does not answer.', 'This page comes as soon as it does.') : error, () => show()));
    if (!away && !error.status && error.name !== 'Error') console.error(error);
  } finally {
    watching.disconnect();
  }
  put();
  if (!signal.aborted) main.removeAttribute('aria-busy');
  if (moved && !signal.aborted) arrive(view);
  return undefined;
}

/** For whoever does not see that the page is another one. */
function arrive(view) {
  window.scrollTo(0, 0);
  view.querySelector('h1')?.focus({ preventScroll: true });
}

let daemonSaid = '[]';

/** What is wrong with the daemon itself stands on every page: what is green may be old, or be lost. */
function drawDaemon() {
  const { events = [], trouble: why } = current()?.daemon ?? {};
  const lines = events.map((event) => [event.severity, event.message, event.opened_at]);
  if (why && !events.some((event) => event.severity === 'critical'))
    lines.push(['critical', `The history cannot be written: ${why}`, null]);
  const key = JSON.stringify(lines);
  if (key === daemonSaid) return;
  daemonSaid = key;
  fill(document.getElementById('daemon'), lines.map(([severity, message, since]) =>
    notice(severity === 'critical' ? 'critical' : 'warning', h('strong', null, 'The daemon: '), message, since && [' (', ageOf(since), ')'])));
}

function lost() {
  fill(trouble, shape('critical'), 'The daemon does not answer; trying again.');
  trouble.className = 'shown';
}

function found() {
  trouble.className = '';
  fill(trouble);
  fill(said, 'The daemon answers again.');
  if (away) show();
}

/** What it waited for has come, or its target was taken from the configuration. */
function comesNow() {
  const left = there && !targetOf(here?.target);
  there = Boolean(targetOf(here?.target));
  if (left || until?.()) show();
}

function start() {
  refreshOverview().catch(() => {}); // for the first page, before anything else
  window.addEventListener('hashchange', show);
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#/"]');
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!elsewhere && link?.getAttribute('href') === location.hash) show(event); // the address does not change, the page may
  });
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault(); // the hash is the router's
    main.focus();
  });
  unauthorized.addEventListener('token', refused);
  changes.addEventListener('change', () => drawSections(false));
  changes.addEventListener('change', drawDaemon);
  changes.addEventListener('change', comesNow);
  changes.addEventListener('lost', lost);
  changes.addEventListener('connected', found);
  setInterval(tick, 1000);
  drawTools();
  show();
  keepFresh();
}

start();

/** All targets at a glance, then what is said of each: calm where nothing is wrong. */
import { h, fill } from '../dom.js';
import { clock, plural } from '../format.js';
import { slotsGauge } from '../gauge.js';
import { changes, current, FEW, refresh } from '../state.js';
import { isOthers, whoDoes } from '../turns.js';
import { ageOf, kindOf, shape, status } from '../ui.js';
import { verdictList } from '../verdicts.js';

export const title = 'Overview';

const ORDER = ['critical', 'warning', 'unknown', 'ok'];

/** A server that is down, or an open event, counts for more than a check of five minutes ago. */
export function standing(one) {
  const severities = (one.events ?? []).map((event) => event.severity);
  if (one.state === 'down' || severities.includes('critical')) return 'critical';
  const said = one.status ?? 'unknown';
  return said === 'ok' && severities.includes('warning') ? 'warning' : said;
}

const checkOf = (one) => `#/${encodeURIComponent(one.name)}/check`;

function sentence(targets) {
  if (!targets.length) return 'No target is configured.';
  const words = { critical: 'critical', warning: 'with warnings', unknown: 'not known yet', ok: 'OK' };
  const counts = ORDER.map((kind) => [kind, targets.filter((one) => standing(one) === kind).length]);
  return `${plural(targets.length, 'target')}: ${counts.filter(([, n]) => n)
    .map(([kind, n]) => `${n} ${words[kind]}`).join(', ')}.`;
}

/** Fills the element only when what it shows has changed: focus and selection stay where they are. */
function keyed(element) {
  let before = null;
  return (key, make) => {
    const now = JSON.stringify(key);
    if (now === before) return;
    before = now;
    fill(element, make());
  };
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function worst(one) {
  if (one.state === 'down') return capital(one.reason || 'the server does not answer.');
  const bad = [...(one.events ?? []), ...(one.verdicts ?? []).filter((line) => line.status !== 'ok')
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))];
  const [first] = bad; // an event has the numbers of its beginning
  if (first) return (first.opened_at ? `At ${clock(first.opened_at)}: ${first.message}` : capital(first.message)) + (bad.length > 1 ? ` (and ${bad.length - 1} more)` : '');
  return one.status === 'ok' ? 'Nothing to do.' : one.check_trouble || one.reason || 'Not checked yet.';
}

function glance() {
  const parts = { status: h('span', { class: 'glance-status' }), words: h('span', { class: 'glance-words' }),
                  slots: h('span', { class: 'glance-slots' }), age: h('span', { class: 'glance-age' }) };
  const link = h('a', { class: 'glance-name' });
  const draw = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, keyed(part)]));
  const root = h('li', null, parts.status, link, parts.words, parts.slots, parts.age);
  root.update = (one) => {
    const kind = standing(one);
    root.className = kind;
    link.href = checkOf(one);
    if (link.textContent !== one.name) fill(link, one.name);
    draw.status(kind, () => status(kind));
    draw.words(worst(one), () => worst(one));
    const slots = one.state === 'down' ? null : one.slots ?? null; // what was seen last is not what is
    draw.slots(slots, () => slotsGauge(slots));
    draw.age(one.checked_at ?? null, () => (one.checked_at ? ageOf(one.checked_at) : '–'));
  };
  return root;
}

function where(one) {
  const version = one.version_num ? `PostgreSQL ${Math.floor(one.version_num / 10000)}.${one.version_num % 10000}` : '';
  const place = one.host ? `${one.host}${one.port && !one.host.startsWith('/') ? `:${one.port}` : ''}` : '';
  return [version, one.dbname, place, one.in_recovery && 'standby'].filter(Boolean).join(' · ');
}

function about(few) {
  const content = h('div');
  const draw = keyed(content);
  const root = h('section', { class: 'panel target' }, content);
  root.update = (one) => {
    root.hidden = !few && standing(one) === 'ok' && !one.gaps?.length;
    if (root.hidden) return;
    draw([standing(one), one.checked_at, one.verdicts, one.events, one.gaps, one.state, one.reason, one.check_trouble], () => [
      h('header', null, shape(standing(one)), h('h2', null, h('a', { href: checkOf(one) }, one.name)),
        h('span', { class: 'muted where' }, where(one)),
        h('span', { class: 'muted' }, one.checked_at ? ageOf(one.checked_at, 'checked ') : 'not checked yet')),
      one.state === 'down' && h('p', { class: 'down' }, status('critical', `Down: ${one.reason || 'the server does not answer'}`)),
      one.state !== 'down' && one.check_trouble && h('p', { class: 'down' }, status('unknown', `Not checked: ${one.check_trouble}`)),
      verdictList(one, !few),
    ]);
  };
  return root;
}


function nextTurns(document) {
  const others = document.targets.filter(isOthers);
  const turns = document.targets.filter((one) => !isOthers(one)).flatMap((one) => (one.next ?? []).map((turn) => ({ ...turn, target: one.name })))
    .sort((a, b) => a.at.localeCompare(b.at)).slice(0, 6);
  return [h('h2', null, 'Next'), turns.length ? h('ol', { class: 'lines' }, turns.map((turn) => h('li', null,
    h('span', { class: 'line-head' }, h('strong', null, turn.target), ` ${turn.section} ${turn.verb}`), ageOf(turn.at),
    h('span', { class: 'muted' }, turn.what)))) : h('p', { class: 'muted' }, 'Nothing is scheduled here.'),
  others.length > 3 && h('p', { class: 'muted' }, `The jobs of ${plural(others.length, 'target')} have no turn of their own here; the schedule says why.`),
  others.length <= 3 && others.map((one) => h('p', { class: 'muted' }, `${one.name}: ${whoDoes(one)}.`)),
  h('p', null, h('a', { href: '#/schedule' }, 'The schedule'))];
}

function recentRuns(document) {
  const runs = document.recent ?? [];
  return [h('h2', null, 'Lately'), runs.length ? h('ol', { class: 'lines' }, runs.slice(0, 6).map((run) => h('li', null,
    h('span', { class: 'line-head' }, shape(kindOf(run.outcome)),
      h('a', { href: `#/history/${run.run}` }, h('strong', null, run.target ?? ''), ` ${run.section} ${run.verb}`)),
    ageOf(run.ended_at), h('span', { class: 'muted' }, run.outcome))))
    : h('p', { class: 'muted' }, 'Nothing has run yet.'),
  h('p', null, h('a', { href: '#/history' }, 'The history'))];
}

function replaceKeepingFocus(list, children) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...children);
  focused?.focus({ preventScroll: true });
}

/** Keeps one child a target, in the order of the document. */
function kept(list, make) {
  const known = new Map();
  return (targets) => {
    const wanted = targets.map((one) => {
      if (!known.has(one.name)) known.set(one.name, make());
      known.get(one.name).update(one);
      return known.get(one.name);
    });
    if (wanted.length !== list.children.length || wanted.some((child, i) => list.children[i] !== child))
      replaceKeepingFocus(list, wanted);
  };
}

export async function page(view, { signal }) {
  const first = current() ?? await refresh();
  const few = first.targets.length <= FEW;
  const summary = h('p', { class: 'summary', role: 'status' });
  const list = h('ul', { class: 'glances', 'aria-label': 'Targets' });
  const panels = h('div', { class: 'panels' });
  const [next, lately] = [h('section', { class: 'panel' }), h('section', { class: 'panel' })];
  const draw = { glances: kept(list, glance), panels: kept(panels, () => about(few)),
                 summary: keyed(summary), next: keyed(next), lately: keyed(lately) };

  let drawn = few;

  function show(document) {
    const targets = [...document.targets].sort((a, b) => ORDER.indexOf(standing(a)) - ORDER.indexOf(standing(b)));
    draw.summary(sentence(targets), () => sentence(targets));
    draw.glances(targets);
    if (drawn) draw.panels(targets);
    else if (!signal.aborted) requestAnimationFrame(() => setTimeout(() => { drawn = true; show(current()); })); // after the glances
    draw.next(document.targets.map((one) => [one.next, isOthers(one) && whoDoes(one)]), () => nextTurns(document));
    draw.lately(document.recent, () => recentRuns(document));
  }

  show(first);
  view.append(summary, list, h('div', { class: 'columns' }, panels, h('aside', { 'aria-label': 'What runs' }, next, lately)));
  changes.addEventListener('change', () => show(current()), { signal });
}

/**
 * The small things every page shows: a verdict's shape and word, the age of a datum, SQL to copy.
 */
import { h, svg, fill } from './dom.js';
import { ago, time, moment } from './format.js';
import { renew } from './renew.js';
import { pasteableLine, pasteableSql } from './strange.js';

/* Told apart by their shape as well as by their colour: disc, triangle, octagon, ring. */
const SHAPES = {
  ok: ['M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0 -13z', 'M4.8 8.2l2.3 2.3 4.2-4.6'],
  warning: ['M8 1.2l7.2 13.2h-14.4z', 'M8 6v4M8 12v.6'],
  critical: ['M5.1 1h5.8l4.1 4.1v5.8l-4.1 4.1h-5.8l-4.1-4.1v-5.8z', 'M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2'],
  unknown: ['M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0 -12z', 'M6.3 6.3c.2-2.2 3.6-2 3.4.2-.1 1.2-1.7 1.3-1.7 2.6M8 11v.6'],
  quiet: ['M4 7h8v2h-8z', ''],
};

const WORDS = { ok: 'OK', warning: 'Warning', critical: 'Critical', unknown: 'Unknown', quiet: 'Nothing' };

/** The shape alone; what stands beside it must say the same in words. */
export function shape(kind) {
  const [outline, inner] = SHAPES[kind] ?? SHAPES.unknown;
  return svg('svg', { class: ['shape', kind], viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { class: 'outline', d: outline }), svg('path', { class: 'inner', d: inner }));
}

/** A status with its word, or with `text` in its place. */
export function status(kind, text = WORDS[kind] ?? kind) {
  return h('span', { class: ['status', kind] }, shape(kind), text);
}

/** What a run's, a turn's or an event's word means in colour. */
export function kindOf(word) {
  if (['ok', 'done', 'success', 'succeeded', 'nothing'].includes(word)) return 'ok';
  if (['critical', 'failed', 'error', 'lost', 'broken'].includes(word)) return 'critical';
  if (['warning', 'partial', 'stopped', 'interrupted', 'partly', 'missed', 'elsewhere', 'died', 'refused', 'skipped'].includes(word)) return 'warning';
  return 'unknown';
}

/** "12 s ago", kept up to date; the moment itself as a title. */
export function ageOf(at, before = '') {
  const date = moment(at);
  if (!date) return h('span', { class: 'age' }, '–');
  return h('time', { class: 'age', datetime: date.toISOString(), title: time(date, true), 'data-before': before },
    before + ago(date));
}

/** Once a second, by the router: ages are never more than that behind. */
export function tick(root = document) {
  for (const element of root.querySelectorAll('time.age')) {
    const text = element.dataset.before + ago(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    fill(button, 'Copied');
  } catch {
    fill(button, 'Press Ctrl+C');
    const range = document.createRange();
    range.selectNodeContents(button.parentElement.querySelector('code'));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
  setTimeout(() => fill(button, 'Copy'), 1800);
}

export function copyButton(text, what = 'text') {
  return h('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}`,
                       onclick: (event) => copy(text, event.currentTarget) }, 'Copy');
}

/** `text` to copy; null: what is `shown` would not work where it is pasted. */
function block(text, kind, what, shown) {
  return h('div', { class: ['code', kind] }, h('pre', { tabindex: 0 }, h('code', null, text ?? shown)),
    text === null ? h('small', { class: 'why' }, 'Not to be copied: it has characters in it that can only be shown.') : copyButton(text, what));
}

/** SQL to paste. */
export function sql(text) {
  return block(pasteableSql(text ?? ''), 'sql', 'the SQL', text);
}

/** A command line to paste. */
export function commandLine(text) {
  return block(pasteableLine(text ?? ''), 'shell', 'the command', text);
}

/** Lines for the configuration. */
export function settings(text) {
  return block(text, 'settings', 'the lines');
}

/** What a verdict says to do next: a command line of ours, or SQL. */
export function next(text) {
  if (!text) return null;
  return /^(sudo |pgrunbook |systemctl |\$ )/.test(text) ? commandLine(text) : sql(text.replace(/;?$/, ';')); // psql waits for it
}

/**
 * A select that leads elsewhere: at once by mouse or touch, by keys with Enter or the button that
 * appears, so that the arrows can pass by what lies between.
 */
export function goingSelect(attributes, options, choose) {
  let byKey = false;
  const button = h('button', { type: 'button', hidden: true, onclick: () => choose(select.value) }, 'Go');
  const select = h('select', { ...attributes, title: 'Enter goes there',
    onpointerdown: () => { byKey = false; },
    onkeydown: (event) => {
      byKey = true;
      if (event.key === 'Enter' && select.value !== attributes.value) choose(select.value);
    },
    onchange: () => {
      button.hidden = !byKey || select.value === attributes.value;
      if (!byKey) choose(select.value);
    } }, options);
  return [select, button];
}

/** A part of a page, with its heading. */
export function panel(title, ...children) {
  return h('section', { class: 'panel' }, h('h2', null, title), children);
}

/** A sentence that stands out; kind as of status(). */
export function notice(kind, ...children) {
  return h('div', { class: ['notice', kind] }, shape(kind), h('div', null, children));
}

/** Pairs [label, value]; those without a value are left out. */
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([label, value]) => h('div', null, h('dt', null, label), h('dd', null, value))));
}

/** What is opened only on demand. */
export function details(summary, ...children) {
  return h('details', null, h('summary', null, summary), children);
}

/** The same, made when it is opened for the first time: for what is long. Opened, it is renewed as well. */
export function lazyDetails(summary, make) {
  const root = h('details', { 'data-key': 'lazy' }, h('summary', null, summary));
  const box = h('div');
  root.rows = { summary, make };
  root.update = (fresh) => {
    root.rows = fresh;
    renew(root.firstChild, ...h('summary', null, fresh.summary).childNodes);
    if (box.isConnected) renew(box, fresh.make());
  };
  root.addEventListener('toggle', () => root.append(fill(box, root.rows.make())), { once: true });
  return root;
}

/** An error in the place of what should have been there. */
export function problem(error, again) {
  return h('div', { class: 'notice critical', role: 'alert' }, shape('critical'),
    h('div', null, h('p', null, error.message), error.hint && h('p', { class: 'hint' }, error.hint),
      again && h('button', { type: 'button', onclick: again }, 'Try again')));
}

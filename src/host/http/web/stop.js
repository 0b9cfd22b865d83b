/**
 * Stopping what is at work: an act of the page, or a scheduled job. It is told to end as Ctrl-C
 * tells one at a terminal, after a question that says what that means for it.
 */
import { h, fill, freshId } from './dom.js';
import { get, post } from './api.js';
import { actingButton, openDialog } from './acting.js';
import { renew } from './renew.js';
import { changes, current } from './state.js';
import { ageOf, notice, panel } from './ui.js';

const MEANS = {
  'vacuum run': 'What it is at is cancelled, which harms no table. Tables that are done stay done; the others come first next time.',
  'indexes rebuild': 'An index that is half built is dropped again, and the old one stays in use. What is rebuilt stays rebuilt.',
  'indexes drop': 'Indexes that are dropped stay dropped. No other one is.',
  'bloat reclaim': 'The table it is at keeps its size. What was given back stays given back.',
  'connections relieve': 'Sessions that were ended stay ended. Nobody else is.',
  'queries cancel': 'Queries that were cancelled stay so. No other one is.',
  'queries terminate': 'Sessions that were ended stay ended. Nobody else is.',
  'backup create': 'This backup does not come about. Those from before stay as they are.',
  'backup dump': 'This dump does not come about. Those from before stay as they are.',
  'backup drill': 'The throw-away server is ended and removed, and nothing is proved. The backups stay as they are.',
  'backup expire': 'What is removed stays removed. All else is whole.',
};
const OTHERWISE = 'What is done stays done. What it is at is ended cleanly, and nothing more is begun.';

/** Who had it stopped, without the word that it was by a token. */
export const stopperOf = (item) => item.stopped_by?.replace(/^token:/, '') ?? null;

/**
 * The question. item: {path, section, verb}; `back` when nothing is to happen, `told` when it was
 * told to end.
 */
export function stopForm(item, { back, told }) {
  const [id, means] = [freshId('reason'), freshId('means')];
  const wrong = h('div', { role: 'alert' });
  const reason = h('input', { id, maxlength: 400, autocomplete: 'off', 'aria-describedby': means,
                              placeholder: 'May be left out. It goes into the history.' });
  const go = h('button', { class: ['primary', 'danger'] }, 'Stop it');
  async function send(event) {
    event.preventDefault();
    go.disabled = true;
    const text = reason.value.trim();
    try {
      await post(`${item.path}/stop`, {}, text ? { reason: text } : {});
      told();
    } catch (error) {
      go.disabled = false;
      fill(wrong, notice('warning', h('p', null, error.message), error.hint && h('p', { class: 'hint' }, error.hint)));
    }
  }
  const form = h('form', { class: 'stop', onsubmit: send },
    h('p', { id: means }, MEANS[`${item.section} ${item.verb}`] ?? OTHERWISE), wrong,
    h('label', { for: id }, 'Reason'), reason,
    h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: back }, 'Let it go on'), go));
  setTimeout(() => reason.focus());
  return form;
}

function ask(item, done) {
  const view = openDialog(`Stop ${item.section} ${item.verb}?`, item.target);
  fill(view.foot, stopForm(item, { back: () => view.root.close(), told: () => { view.root.close(); done(); } }));
}

/** Beside what is at work, an item of "running": the button, or that it is ending. */
export function stopPart(item, session, done) {
  const key = item.run ?? `act-${item.act}`;
  if (item.stopped_by)
    return h('p', { class: 'muted', role: 'status' }, `Stopped by ${stopperOf(item)}; it ends as soon as it can.`);
  const path = item.act ? `acts/${item.act}` : `running/${item.run}`;
  return h('span', { 'data-key': `stop-${key}` }, actingButton(
    { label: 'Stop', name: ['Stop', item.section, item.verb, item.target && `of ${item.target}`].filter(Boolean).join(' ') }, session, () => ask({ ...item, path }, done)));
}

/** What this daemon is at, newest first. */
export async function running(signal) {
  return (await get('running', {}, { signal })).document.running;
}

function entry(item, session, done) {
  const who = item.actor ? `by ${item.actor.replace(/^token:/, '')}` : 'by the schedule';
  return h('li', { class: 'node', 'data-key': `at-work-${item.run ?? item.act}` },
    h('div', { class: 'node-head' },
      h('strong', null, item.run ? h('a', { href: `#/history/${item.run}` }, `${item.section} ${item.verb}`) : `${item.section} ${item.verb}`),
      ' ', item.target, h('span', { class: 'muted' }, ` ${who}, begun `, ageOf(item.started_at))),
    (item.run || item.act) && stopPart(item, session, done));
}

/** A panel of what is at work, kept up to date; nothing where nothing is. */
export function atWork({ session, signal }) {
  const box = h('div', { class: 'at-work' });
  let [shown, recent, asking] = ['', '', false];
  async function draw() {
    const items = await running(signal);
    const now = JSON.stringify(items);
    if (now !== shown)
      renew(box, items.length > 0 && panel('At work now', h('ul', { class: 'plain' }, items.map((item) => entry(item, session, draw)))));
    shown = now;
  }
  async function again() {
    const now = JSON.stringify(current()?.recent);
    if (asking || (now === recent && (shown === '' || shown === '[]'))) return;
    [asking, recent] = [true, now];
    await draw().catch(() => {}); // the shell says what is down
    asking = false;
  }
  changes.addEventListener('change', again, { signal });
  again();
  return box;
}

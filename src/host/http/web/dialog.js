/**
 * Acting, calmly: the plan is made and shown, with the command line that does the same; then the
 * reason is asked for; only then anything is done, and what came of it is shown. The daemon takes a
 * plan once, and for a few minutes.
 */
import { h, fill, freshId } from './dom.js';
import { get, post } from './api.js';
import { listen } from './events.js';
import { documentView, isIdle } from './document.js';
import { duration, nowMs } from './format.js';
import { commandLine, notice, problem, status } from './ui.js';

const POLL = 1000; // ms, between looks at an act that no event told of
const LONGEST_PLAN = 3600000; // ms; a timer cannot wait for ever

/** Why there is nothing to press; null when there is. */
export function whyNot(session) {
  if (!session?.actions) return 'Actions are off. Set http.actions = on to act from here.';
  if (session.role !== 'operator') return 'Only an operator may act. You look with a viewer\'s eyes.';
  return null;
}

/* ---- the steps ---- */

const path = (spec) => `${spec.section}/${spec.verb.replaceAll(' ', '-')}`;

function askForPlan(spec) {
  return post(path(spec), { target: spec.target }, { options: spec.options ?? {}, arguments: spec.arguments ?? [], plan: true });
}

/** The act's document once it is done. */
function follow(act, signal, tell) {
  return new Promise((resolve, reject) => {
    const own = new AbortController();
    signal.addEventListener('abort', () => own.abort());
    let timer = 0;
    async function look() {
      clearTimeout(timer);
      if (own.signal.aborted) return;
      try {
        const { document } = await get(`acts/${act}`, {}, { signal: own.signal });
        tell(document);
        if (document.state === 'done') {
          own.abort();
          resolve(document);
        } else timer = setTimeout(look, POLL);
      } catch (error) {
        if (error.name === 'AbortError') return;
        if (error.status === 0) timer = setTimeout(look, 2 * POLL); // the act goes on without us
        else reject(error);
      }
    }
    listen({ signal: own.signal, on: { act: (data) => (data.act ?? data.id) === act && look() } });
    look();
  });
}

function resultView(result) {
  const good = result.exit_code === 0;
  const run = typeof result.run === 'object' ? result.run?.id : result.run;
  const messages = [result.messages ?? []].flat().join('\n').trim();
  return h('div', { class: 'document' },
    h('p', { class: 'outcome' }, status(good ? 'ok' : result.exit_code === 5 ? 'warning' : 'critical',
      good ? 'Done' : result.exit_code === 5 ? 'Partly done' : `Not done (exit code ${result.exit_code})`)),
    result.error && h('p', null, result.error),
    messages && h('pre', { tabindex: 0, class: 'messages' }, messages),
    result.document && documentView(result.document),
    run && h('p', null, h('a', { href: `#/history/${run}` }, `Run ${run} in the history`)));
}

function build(spec) {
  const label = freshId('title');
  const parts = { body: h('div', { class: 'dialog-body', 'aria-live': 'polite' }), foot: h('div', { class: 'dialog-foot' }) };
  const close = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close', onclick: () => root.close() }, '✕');
  const root = h('dialog', { class: 'act', 'aria-labelledby': label },
    h('header', null, h('h2', { id: label }, spec.what ?? spec.label), h('span', { class: 'muted' }, spec.target), close), parts.body, parts.foot);
  root.addEventListener('click', (event) => event.target.closest('a') && root.close());
  return { root, ...parts };
}

/** Asks for the reason; resolves with it when confirmed. */
function confirm(view, spec, plan, signal) {
  const id = freshId('reason');
  const reason = h('input', { id, required: true, maxlength: 400, autocomplete: 'off', placeholder: 'Why now? It goes into the history.' });
  const go = h('button', { class: ['primary', spec.danger && 'danger'] }, spec.label);
  return new Promise((resolve) => {
    const form = h('form', { onsubmit: (event) => { event.preventDefault(); resolve(reason.value.trim()); } },
      h('label', { for: id }, 'Reason'), reason,
      h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => view.root.close() }, 'Do nothing'), go));
    reason.addEventListener('input', () => reason.setCustomValidity(reason.value.trim() ? '' : 'A word on why, please.'));
    fill(view.foot, form);
    reason.focus();
    const left = Date.parse(plan.expires_at) - nowMs();
    if (left > 0) setTimeout(() => {
      if (signal.aborted || !form.isConnected || go.disabled) return;
      go.disabled = true;
      fill(view.foot, h('p', null, 'This plan is too old by now. '), h('button', { type: 'button', onclick: () => walk(view, spec, signal) }, 'Plan anew'));
    }, Math.min(left, LONGEST_PLAN));
  });
}

/** Nothing is left to do but to close it, or to look once more. */
function closing(view, ...others) {
  const done = h('button', { type: 'button', class: 'primary', onclick: () => view.root.close() }, 'Close');
  fill(view.foot, h('div', { class: 'buttons' }, others, done));
  done.focus();
}

/** Plan, reason, act, result. */
async function walk(view, spec, signal) {
  try {
    fill(view.foot);
    fill(view.body, h('p', { class: 'loading' }, 'Making the plan; nothing is done yet …'));
    const plan = await askForPlan(spec);
    if (signal.aborted) return;
    const idle = isIdle(plan.document);
    fill(view.body, spec.note && h('p', null, spec.note),
      idle ? notice('warning', 'Nothing would be done; the reasons stand below.')
        : h('p', { class: 'muted' }, 'This is what would be done. Nothing has been done yet.'),
      plan.document ? documentView(plan.document) : plan.text && h('pre', { tabindex: 0, class: 'messages' }, plan.text),
      h('p', { class: 'muted' }, 'The same on the command line:'), commandLine(plan.command_line));
    if (idle) {
      closing(view, h('button', { type: 'button', onclick: () => walk(view, spec, signal) }, 'Plan anew'));
      return;
    }
    const reason = await confirm(view, spec, plan, signal);
    fill(view.foot);
    const started = Date.now();
    const state = h('p', { class: 'loading' }, 'At work …');
    fill(view.body, state);
    const { act } = await post(path(spec), { target: spec.target }, { plan_id: plan.plan_id, reason });
    const result = await follow(act, signal, () => fill(state, `At work for ${duration(Math.round((Date.now() - started) / 1000))} … It goes on when this is closed.`));
    fill(view.body, resultView(result));
    closing(view);
    spec.done?.(result);
  } catch (error) {
    if (error.name === 'AbortError' || signal.aborted) return;
    fill(view.body, problem(error, () => walk(view, spec, signal)));
    fill(view.foot, h('div', { class: 'buttons' }, h('button', { type: 'button', onclick: () => view.root.close() }, 'Close')));
  }
}

/** Opens the dialog for an act; see actButton() for what `spec` says. */
export function act(spec) {
  const view = build(spec);
  const leaving = new AbortController();
  const before = document.activeElement;
  const key = before?.closest('[data-key]')?.dataset.key;
  view.root.addEventListener('close', () => {
    leaving.abort();
    view.root.remove();
    // Back to where one was, though what was there may have been made anew, or be gone.
    const again = before?.isConnected ? before
      : document.querySelector(`[data-key="${CSS.escape(key ?? '')}"] button`) ?? document.querySelector('main h1');
    again?.focus();
  });
  window.addEventListener('hashchange', () => view.root.close(), { signal: leaving.signal });
  document.body.append(view.root);
  view.root.showModal();
  walk(view, spec, leaving.signal);
}

/**
 * A button that opens the dialog, or says why it does not.
 *   label, section, verb, target, options {name: value}, arguments [text]
 *   what    heading of the dialog;  note: a sentence above the plan;  danger: red
 *   done    called with the act's document
 */
export function actButton(spec, session) {
  const reason = whyNot(session);
  const attributes = { type: 'button', class: ['act', spec.danger && 'danger'] };
  if (!reason) return h('button', { ...attributes, onclick: () => act(spec) }, spec.label);
  // Not `disabled`: what cannot be focused cannot say why.
  const id = freshId('why');
  const why = h('span', { id, class: 'why', hidden: true }, reason);
  return h('span', { class: 'act-off' },
    h('button', { ...attributes, 'aria-disabled': 'true', title: reason, 'aria-describedby': id, onclick: () => { why.hidden = !why.hidden; } },
      spec.label), why);
}


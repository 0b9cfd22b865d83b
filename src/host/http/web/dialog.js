/**
 * Acting, calmly: the plan is made and shown, with the command line that does the same; then the
 * reason is asked for; only then anything is done, and what came of it is shown. The daemon takes a
 * plan once, and for a few minutes.
 */
import { h, fill, freshId } from './dom.js';
import { get, post } from './api.js';
import { actingButton, openDialog } from './acting.js';
import { listen } from './events.js';
import { stopForm, stopperOf } from './stop.js';
import { documentView, isIdle } from './document.js';
import { duration, nowMs } from './format.js';
import { commandFor } from './commands.js';
import { commandLine, notice, problem, sql, status } from './ui.js';

const POLL = 1000; // ms, between looks at an act that no event told of
const LONGEST_PLAN = 3600000; // ms; a timer cannot wait for ever

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

function outcomeOf(result) {
  if (result.exit_code === 0) return status('ok', 'Done');
  if (result.stopped_by) return status('warning', 'Stopped');
  return result.exit_code === 5 ? status('warning', 'Partly done') : status('critical', `Not done (exit code ${result.exit_code})`);
}

function resultView(result) {
  const run = typeof result.run === 'object' ? result.run?.id : result.run;
  const messages = [result.messages ?? []].flat().join('\n').trim();
  return h('div', { class: 'document' },
    h('p', { class: 'outcome' }, outcomeOf(result)),
    result.stopped_by && h('p', null, `Stopped by ${stopperOf(result)}${result.stop_reason ? `: ${result.stop_reason}` : '.'}`),
    result.error && h('p', null, result.error),
    messages && h('pre', { tabindex: 0, class: 'messages' }, messages),
    result.document && documentView(result.document),
    run && h('p', null, h('a', { href: `#/history/${run}` }, `Run ${run} in the history`)));
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

/** While it is at work it can be stopped from here. */
function offerStop(view, spec, act, returning) {
  const button = h('button', { type: 'button', onclick: ask }, 'Stop');
  function ask() {
    fill(view.foot, stopForm({ ...spec, path: `acts/${act}` }, { back: () => offerStop(view, spec, act, true), told: () => closing(view) }));
  }
  fill(view.foot, h('div', { class: 'buttons' }, button));
  if (returning) button.focus();
}

function atWorkText(document, started) {
  if (document.state === 'stopping') return `Stopped by ${stopperOf(document)}; it ends as soon as it can …`;
  return `At work for ${duration(Math.round((Date.now() - started) / 1000))} … It goes on when this is closed.`;
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
    if (signal.aborted) return;
    offerStop(view, spec, act, false);
    const result = await follow(act, signal, (document) => fill(state, atWorkText(document, started)));
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
  const view = openDialog(spec.what ?? spec.label, spec.target);
  walk(view, spec, view.signal);
}

/** What does the same in a terminal, or in psql. */
function typed({ section, verb, target, options = {}, arguments: words = [], sql: statement }) {
  const given = Object.entries(options).flatMap(([name, value]) => [value].flat()
    .map((one) => (one === true ? `--${name}` : `--${name}=${one}`)));
  return [commandFor(target, section, ...verb.split(' '), ...given, ...words), statement && sql(statement)];
}

/**
 * A button that opens the dialog, or says why it does not.
 *   label, section, verb, target, options {name: value}, arguments [text]
 *   what    heading of the dialog;  note: a sentence above the plan;  danger: red
 *   done    called with the act's document;  sql: what does the same, for who may not act
 */
export function actButton(spec, session) {
  return actingButton(spec, session, () => act(spec), () => typed(spec));
}

/**
 * What all that acts has in common: who may, the button, and the dialog.
 */
import { h, freshId } from './dom.js';

/** Why there is nothing to press; null when there is. */
export function whyNot(session) {
  if (!session?.actions) return 'Actions are off. Set http.actions = on to act from here.';
  if (session.role !== 'operator') return 'Only an operator may act. You look with a viewer\'s eyes.';
  return null;
}

/** A button that cannot do what it says: pressed, it says why, and what is to be typed instead. */
function offButton(label, attributes, reason, typed) {
  // Not `disabled`: what cannot be focused cannot say why.
  const id = freshId('why');
  const why = h('div', { class: 'why', hidden: true }, h('span', { id }, reason), typed?.());
  return h('span', { class: 'act-off' },
    h('button', { ...attributes, 'aria-disabled': 'true', title: reason, 'aria-describedby': id, onclick: () => { why.hidden = !why.hidden; } },
      label), why);
}

/** A button for who may, one that says why not for everybody else. */
export function actingButton({ label, name, danger }, session, press, typed) {
  const attributes = { type: 'button', class: ['act', danger && 'danger'], 'aria-label': name };
  const reason = whyNot(session);
  return reason ? offButton(label, attributes, reason, typed) : h('button', { ...attributes, onclick: press }, label);
}

/**
 * Opens an empty dialog: {root, body, foot, signal}; the signal is aborted when it is closed. Then
 * the focus is back where it was, or where what was there is now.
 */
export function openDialog(heading, target) {
  const label = freshId('title');
  const body = h('div', { class: 'dialog-body', 'aria-live': 'polite' });
  const foot = h('div', { class: 'dialog-foot' });
  const close = h('button', { type: 'button', class: 'icon', 'aria-label': 'Close', onclick: () => root.close() }, '✕');
  const root = h('dialog', { class: 'act', 'aria-labelledby': label },
    h('header', null, h('h2', { id: label }, heading), h('span', { class: 'muted' }, target), close), body, foot);
  const leaving = new AbortController();
  const before = document.activeElement;
  const key = before?.closest('[data-key]')?.dataset.key;
  root.addEventListener('click', (event) => event.target.closest('a') && root.close());
  root.addEventListener('close', () => {
    leaving.abort();
    root.remove();
    // Back to where one was, though what was there may have been made anew, or be gone.
    const again = before?.isConnected ? before
      : document.querySelector(`[data-key="${CSS.escape(key ?? '')}"] button`) ?? document.querySelector('main h1');
    again?.focus();
  });
  window.addEventListener('hashchange', () => root.close(), { signal: leaving.signal });
  document.body.append(root);
  root.showModal();
  return { root, body, foot, signal: leaving.signal };
}

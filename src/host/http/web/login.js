/** Asks for a token. It is kept for this tab only and goes into a header, never into an address. */
import { h, fill } from './dom.js';
import { get, setToken, whoAmI } from './api.js';

function explain(error) {
  if (error?.status === 429) return `Too many tries. Wait ${error.retryAfter || 1} s.`;
  if (error?.status === 401) return 'This token is not known here.';
  return error?.message ?? '';
}

/** Kept only once it is known: whatever else asks meanwhile asks without it. */
async function tryToken(text) {
  const { document } = await get('session', {}, { bearer: text });
  if (!document.name) throw Object.assign(new Error(), { status: 401 });
  setToken(text);
  await whoAmI(true);
}

/** `why`: what is said above all. `done` is called once the daemon knows us; `cancel`: not now, null where nothing is seen without. */
export function login(main, why, done, cancel) {
  const said = h('p', { class: 'wrong', role: 'alert' }, why);
  const input = h('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false',
                             required: true, placeholder: 'pgr_…', 'aria-describedby': 'token-hint' });
  const button = h('button', { class: 'primary' }, 'Sign in');

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      await tryToken(input.value.trim());
      done();
    } catch (problem) {
      fill(said, explain(problem));
      input.select();
    } finally {
      button.disabled = false;
    }
  }

  fill(main, h('form', { class: 'login panel', onsubmit: submit }, h('h1', null, 'Sign in'),
    h('label', { for: 'token' }, 'Token'), input,
    h('p', { id: 'token-hint', class: 'muted' }, 'To act: ', h('code', null, 'pgrunbook token add NAME --role operator'), '; to look only: ',
      h('code', null, '--role viewer'), '. Whoever has a shell as the daemon\'s user makes one. It is kept for this tab only.'),
    said, h('div', { class: 'buttons' }, cancel && h('button', { type: 'button', onclick: cancel }, 'Not now'), button)));
  input.focus();
}

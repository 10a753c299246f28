// A PIN before the app shows anything. It keeps out whoever picks up the phone; it encrypts nothing.

import { get, put, remove } from './store.js';
import { h, button } from './dom.js';
import { t } from './words.js';

const ROUNDS = 200000;
const QUIET = 5 * 60000;
const FREE_TRIES = 5;
const SEEN = 'seen';

async function derived(pin, salt) {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS }, key, 256);
  return [...new Uint8Array(bits)].join();
}

export async function setPin(pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  await put('facts', { name: 'pin', salt, hash: await derived(pin, salt), tries: 0, notBefore: 0 });
  touch();
}

export function clearPin() {
  return remove('facts', 'pin');
}

export async function hasPin() {
  return Boolean(await get('facts', 'pin'));
}

export function touch() {
  sessionStorage.setItem(SEEN, String(Date.now()));
}

// Resolves once the right PIN was typed, or at once where there is none or it was typed a moment ago.
export async function unlocked({ always = false } = {}) {
  const kept = await get('facts', 'pin');
  const seen = Number(sessionStorage.getItem(SEEN) || 0);
  if (!kept || (!always && Date.now() - seen < QUIET)) {
    touch();
    return;
  }
  await new Promise((resolve) => { ask(resolve); });
  touch();
}

function ask(done) {
  const field = h('input', {
    type: 'password', inputmode: 'numeric', autocomplete: 'off', maxlength: 6, 'aria-label': t('pin'),
  });
  const wrong = h('p', { class: 'error', role: 'alert' });
  const go = button(t('unlock'), async () => {
    const kept = await get('facts', 'pin');
    if (!kept) { leave(); return; }
    const left = Math.ceil((kept.notBefore - Date.now()) / 1000);
    if (left > 0) {
      wrong.textContent = t('pin_wait', { seconds: left });
    } else if (await derived(field.value, kept.salt) === kept.hash) {
      await put('facts', { ...kept, tries: 0, notBefore: 0 });
      leave();
    } else {
      const tries = kept.tries + 1;
      const pause = tries < FREE_TRIES ? 0 : 30000 * 2 ** Math.min(tries - FREE_TRIES, 7);
      await put('facts', { ...kept, tries, notBefore: Date.now() + pause });
      wrong.textContent = t('pin_wrong');
      field.value = '';
      field.focus();
    }
  }, { class: 'go' });
  const form = h('form', { class: 'lock' }, h('h1', {}, t('pin_ask')), field, wrong, go);
  form.addEventListener('submit', (event) => { event.preventDefault(); go.click(); });
  function leave() {
    form.remove();
    document.body.classList.remove('locked');
    done();
  }
  document.body.classList.add('locked');
  document.body.append(form);
  field.focus();
}

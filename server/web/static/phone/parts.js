// A film goes in parts, each straight to the store. Which are missing the server says, so that a phone that was
// switched off goes on where it was.

import { call, putPart } from './net.js';
import { partOf, update } from './store.js';

const TRIES_AT_STORE = 2;

// Sends parts until there is none left or `halted()` says that something else comes first.
// Answers with {state: 'sent' | 'halted' | 'lost' | 'failed', why}.
export async function carryParts(work, film, halted, tell) {
  const { id, question, size, sha256, type } = film;
  const path = `/sent/${work.ref}/videos`;
  const key = { key: work.key };
  const begun = await call('POST', path, { body: { id, question, size, sha256, type }, ...key });
  if (!begun.ok) return failed(begun);
  for (const [index, number] of begun.said.missing.entries()) {
    if (index && halted()) return { state: 'halted' };
    const part = await partOf(film, number);
    if (!part) return { state: 'lost' };
    const sent = await carryPart(`${path}/${id}/parts/${number}`, part, film.tries || 0, key);
    if (!sent.ok) return failed(sent);
    const left = begun.said.missing.length - index - 1;
    await update('photos', id, (row) => Object.assign(row, { done: row.parts - left }, sent.stored ? { tries: 0 } : {}));
    tell();
  }
  const whole = await call('POST', `${path}/${id}/sent`, { body: {}, ...key });
  return whole.ok ? { state: 'sent' } : failed(whole);
}

// A phone that does not reach the store hands the part to us.
async function carryPart(path, part, tries, key) {
  if (tries >= TRIES_AT_STORE) return call('PUT', path, { bytes: part, ...key });
  const target = await call('POST', path, { body: {}, ...key });
  if (!target.ok) return target;
  const stored = await putPart(target.said.url, part);
  return { ok: stored, stored, said: {} };
}

function failed({ said }) {
  return { state: 'failed', why: said.detail || '' };
}

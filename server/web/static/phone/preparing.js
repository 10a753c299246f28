// Loading a visit onto the phone: its document, its pictures, its key. After this nothing more is needed.

import { call, NoNetwork } from './net.js';
import { get, put, remove, update } from './store.js';

const CACHE = 'visits';

function address(id) {
  return `/t/v/${id}`;
}

// Whether the phone has what the desk would give out now.
export async function isPrepared(visit) {
  const work = await get('work', visit.id);
  if (!work || work.mark !== visit.mark) return false;
  return Boolean(await caches.match(address(visit.id), { cacheName: CACHE }));
}

// What was answered before stays: the document is drawn anew around it.
export async function prepare(visit) {
  const { ok, said } = await call('POST', `/visits/${visit.id}/prepare`, { body: {} });
  if (!ok) return false;
  const response = await fetch(address(visit.id), { cache: 'no-store', credentials: 'same-origin' });
  if (!response.ok || response.redirected || !response.headers.get('X-Phone')) throw new NoNetwork();
  const cache = await caches.open(CACHE);
  await load(cache, said.files);
  await cache.put(address(visit.id), response);
  const known = await get('work', visit.id);
  const back = said.visit.back ? said.visit.back.number : 0;
  const fresh = { id: visit.id, ref: said.ref, key: said.key, letter: said.letter, spot: said.spot, mark: said.facts.mark, back };
  // A report that came back begins anew from what the server has of it.
  if (known && (known.back || 0) === back) await update('work', visit.id, (row) => Object.assign(row, fresh));
  else await put('work', { ...fresh, ...untouched(said.facts) });
  await put('visits', said.visit);
  return true;
}

function untouched(facts) {
  return {
    version: facts.version,
    base: facts.base,
    fields: null,
    edits: 0,
    sent: 0,
    record: { events: [], notes: [], tray: [], consented_at: null, identified_at: null, moments: {} },
    recordEdits: 0,
    recordSent: 0,
    handing: null,
    problem: null,
    done: null,
    conflict: null,
  };
}

// The scripts of the document's own release, which an older shell may not have, and the form's sample pictures.
async function load(cache, files) {
  for (const file of files) if (!await cache.match(file)) await cache.add(file);
}

export async function release(id) {
  const cache = await caches.open(CACHE);
  await cache.delete(address(id));
  await remove('work', id);
}

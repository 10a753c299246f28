// The queue: what this phone has and the server does not. It goes whenever there is a network, in small steps,
// each of which may be repeated; one that fails holds up no other.

import { all, get, photosOf, pictureOf, remove, removeBytes, update } from './store.js';
import { carryParts } from './parts.js';
import { answers, call, NoNetwork, post, problem as reason } from './net.js';

const FIRST_WAIT = 2000;
const LONGEST_WAIT = 300000;
const LOOK_AGAIN = 5000;
const UNSEEN = 120000; // sent so long ago and still not seen by the server: sent again
const TRIES_AT_STORE = 2;
const MOST_MISSES = 2;
const FILMING = 30000; // so long parts of films are sent before the rest has its turn again
export const BAD_PHOTO = 'photo'; // what is wrong with a paper whose photo is none; else it is the server's sentence

const listeners = new Set();
let wait = FIRST_WAIT;
let timer = 0;
let running = null;
let more = false;
let online = null;
let misses = 0;

// `act({online})` is called whenever something was sent or could not be.
export function onQueue(act) {
  listeners.add(act);
}

function tell() {
  listeners.forEach((act) => act({ online }));
}

export function isOnline() {
  return online;
}

// Sends what there is, now. Of several tabs one does it. What was written while a round was under way needs
// another one: the round may have been past it.
export function send() {
  clearTimeout(timer);
  more = running !== null;
  running = running || rounds().finally(() => { running = null; });
  return running;
}

async function rounds() {
  do {
    more = false;
    await alone();
  } while (more);
}

export function sendSoon() {
  clearTimeout(timer);
  timer = setTimeout(send, 800);
}

export function startSending() {
  window.addEventListener('online', again);
  document.addEventListener('visibilitychange', () => (document.hidden ? wakeLater() : again()));
  again();
}

function again() {
  wait = FIRST_WAIT;
  send();
}

async function alone() {
  if (!navigator.locks) return everything();
  return navigator.locks.request('sending', { ifAvailable: true }, (lock) => {
    if (lock) return everything();
    timer = setTimeout(send, LOOK_AGAIN); // that tab may be closed before it is done
    return null;
  });
}

// What people said goes before any photo, of every visit: a store that is down or slow holds up no report. A film
// comes last, and gives way.
async function everything() {
  const answered = answers();
  let waiting = false;
  misses = 0;
  try {
    for (const work of await prepared()) await said(work);
    for (const work of await prepared()) await pictures(work);
    for (const work of await prepared()) waiting = await look(work) || work.record.events.length > 0 || waiting;
    for (const work of await prepared()) await papers(work);
    for (const work of await prepared()) await films(work);
    online = true;
    wait = FIRST_WAIT;
    if (waiting) timer = setTimeout(send, LOOK_AGAIN);
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    online = false;
    // A line that breaks now and then is no dead one: whoever got something through does not wait for long.
    if (answers() > answered) wait = FIRST_WAIT;
    wakeLater();
    timer = setTimeout(send, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  } finally {
    tell();
  }
}

// Where a browser can, it wakes the service worker when there is a network again, whether or not a page is open.
async function wakeLater() {
  try {
    const { sync } = self.registration || await navigator.serviceWorker.ready;
    if (sync) await sync.register('send');
  } catch { /* switched off by who holds the phone: an open page sends all the same */ }
}

async function prepared() {
  return (await all('work')).filter((work) => work.ref);
}

async function said(work) {
  if (work.handing && !work.problem) await handIn(work);
  else if (!work.handing) await asItStands(work);
}

async function pictures(work) {
  const photos = await photosOf(work.id);
  for (const photo of photos.filter(isDue)) if (!photo.parts) await onePhoto(work, photo, carry);
}

async function films(work) {
  const photos = await photosOf(work.id);
  for (const photo of photos.filter(isDue)) if (photo.parts) await onePhoto(work, photo, carryFilm);
}

// Expenses, fines: small papers of their own. One with a photo goes when that was looked at, so that the desk never
// sees one without the other; what is not taken stays here with the reason.
async function papers(work) {
  for (const { path, body, photo } of (work.slips || []).filter((slip) => !slip.problem)) {
    const proof = photo && await get('photos', photo);
    let problem = proof && proof.state === 'refused' ? BAD_PHOTO : '';
    let gone = false;
    if (!photo || (proof && proof.state === 'verified')) {
      const { ok, said } = await call('POST', `/sent/${work.ref}/${path}`, { body, ...withKey(work) });
      gone = ok;
      problem = ok ? '' : reason(said, said.code);
    }
    await update('work', work.id, (row) => {
      if (gone) row.slips = row.slips.filter((slip) => slip.body.id !== body.id);
      else row.slips.filter((slip) => slip.body.id === body.id).forEach((slip) => { slip.problem = problem; });
    });
    if (gone && photo) await remove('photos', photo);
  }
}

function isDue(photo) {
  return photo.state === 'kept' && (photo.notBefore || 0) <= Date.now();
}

function withKey(work) {
  return { key: work.key };
}

// Before it is handed in: moments, notes and the draft, so that another phone can go on.
async function asItStands(work) {
  if (work.recordEdits !== work.recordSent) {
    const body = recordOf(work);
    const { ok } = await call('PUT', `/sent/${work.ref}/record`, { body, ...withKey(work) });
    if (ok) await recordIsSent(work, body);
  }
  // What answers a report that came back has no draft: it is handed in as a whole.
  if (work.back || work.edits === work.sent || work.conflict) return;
  const body = { version: work.version, base: work.base, answers: work.fields };
  const { status, said } = await call('PUT', `/sent/${work.ref}/draft`, { body, ...withKey(work) });
  await update('work', work.id, (row) => {
    if (status === 200) Object.assign(row, { sent: work.edits, base: said.revision });
    if (status === 409 && said.code === 'draft_changed') row.conflict = said.revision;
    if (status === 410) row.problem = { code: 'link_finished' };
    if (status === 422) row.sent = work.edits; // said again when the report is handed in
  });
}

// Events whose position is being looked for wait, unless everything is handed in.
function recordOf(work) {
  const { notes, tray, consented_at, identified_at } = work.record;
  const due = work.record.events.filter((event) => work.handing || !(event.hold > Date.now()));
  const events = due.map(({ hold, ...event }) => event);
  return { sent_at: new Date().toISOString(), events, notes, tray, consented_at, identified_at };
}

async function recordIsSent(work, { events }) {
  const gone = new Set(events.map((event) => event.id));
  await update('work', work.id, (row) => {
    row.record.events = row.record.events.filter((event) => !gone.has(event.id));
    // What was held back is sent with the next writing, or the next look.
    row.recordSent = row.record.events.length ? -1 : work.recordEdits;
  });
}

async function handIn(work) {
  const { kind, declaration, outcome, note } = work.handing;
  const record = recordOf(work);
  const body = kind === 'report'
    ? { version: work.version, answers: work.fields, declaration, record, back: work.back || 0 }
    : { outcome, note, declaration, record };
  const { status, ok, said } = await call('POST', `/sent/${work.ref}/${kind}`, { body, ...withKey(work) });
  if (ok) await recordIsSent(work, record);
  await update('work', work.id, (row) => {
    if (ok) Object.assign(row, { handing: null, done: { kind, received: said.received || '' }, sent: row.edits });
    else row.problem = { status, code: said.code || said.type || '', errors: said.errors || [], said };
  });
}

// A line that breaks now and then does not keep the next photo; one that is dead ends the round. A server without
// its store still takes everything but photos.
async function onePhoto(work, photo, act) {
  try {
    await act(work, photo);
    misses = 0;
  } catch (error) {
    if (error.code === 'store_unavailable') {
      await later(photo, '');
      return;
    }
    misses += 1;
    if (!(error instanceof NoNetwork) || misses > MOST_MISSES) throw error;
  }
}

async function carry(work, photo) {
  const { id, question, size, sha256, type } = photo;
  const { ok, said } = await call('POST', `/sent/${work.ref}/photos`, {
    body: { id, question, size, sha256, type },
    ...withKey(work),
  });
  if (!ok) {
    await later(photo, said.detail || '');
    return;
  }
  const picture = await pictureOf(photo);
  if (!picture) {
    await lost(photo);
    return;
  }
  const stored = (photo.tries || 0) < TRIES_AT_STORE && await post(said, picture);
  if (!stored && (photo.tries || 0) < TRIES_AT_STORE) {
    await later(photo, '');
    return;
  }
  // A phone that does not reach the store hands the bytes to us.
  const path = `/sent/${work.ref}/photos/${id}`;
  const sent = stored
    ? await call('POST', `${path}/sent`, { body: {}, ...withKey(work) })
    : await call('PUT', path, { bytes: picture, ...withKey(work) });
  if (!sent.ok) {
    await later(photo, sent.said.detail || '');
    return;
  }
  await isSent(photo);
}

async function carryFilm(work, film) {
  const until = Date.now() + FILMING;
  const { state, why } = await carryParts(work, film, () => more || Date.now() > until, tell);
  if (state === 'halted') more = true;
  else if (state === 'lost') await lost(film);
  else if (state === 'failed') await later(film, why);
  else await isSent(film);
}

async function isSent(photo) {
  await update('photos', photo.id, (row) => Object.assign(row, { state: 'sent', sentAt: Date.now(), why: '' }));
  tell();
}

// The browser lost it: to be taken again, rather than to be announced for ever.
async function lost(photo) {
  await update('photos', photo.id, (row) => { row.state = 'refused'; });
  tell();
}

async function later(photo, why) {
  await update('photos', photo.id, (row) => {
    row.tries = (row.tries || 0) + 1;
    row.notBefore = Date.now() + Math.min(FIRST_WAIT * 2 ** row.tries, LONGEST_WAIT);
    row.why = why;
  });
  tell();
}

// Bytes are kept until the server has looked at them: what a store says is no proof.
async function look(work) {
  const photos = await photosOf(work.id);
  if (!photos.some((photo) => photo.state === 'sent')) return photos.some((photo) => photo.state === 'kept');
  const { ok, said } = await call('GET', `/sent/${work.ref}`, withKey(work));
  if (!ok) return false;
  for (const photo of photos.filter((each) => each.state === 'sent')) {
    const known = said.photos[photo.id] || { state: 'expected' };
    await update('photos', photo.id, (row) => {
      if (known.state === 'verified') row.state = 'verified';
      if (known.state === 'refused') Object.assign(row, { state: 'refused', why: known.problem });
      if (known.state === 'expected' && Date.now() - row.sentAt > UNSEEN) row.state = 'kept';
    });
    if (known.state === 'verified') await removeBytes(photo.id);
  }
  return (await photosOf(work.id)).some((photo) => photo.state === 'sent' || photo.state === 'kept');
}

// {photos, waiting, unsent}: how much of a visit only this phone has.
export async function onlyHere(work) {
  const photos = await photosOf(work.id);
  const slips = work.slips || [];
  return {
    photos: photos.length,
    waiting: photos.filter((photo) => ['keeping', 'kept', 'sent'].includes(photo.state)).length,
    refused: photos.filter((photo) => photo.state === 'refused' && !photo.receipt).length,
    unsent: Boolean(work.handing) || work.edits !== work.sent || work.recordEdits !== work.recordSent || slips.length > 0,
  };
}

// The quiet screen for inside: moments, photos, notes. One thumb, no sound; the questions come later.

import { attach, fields, titleOf } from './answers.js';
import { button, h, sheet, toast } from './dom.js';
import { changePhoto, keepPicture, keepRecord, newId } from './keeping.js';
import { unlocked } from './lock.js';
import { later } from './net.js';
import { fix } from './places.js';
import { onQueue } from './sending.js';
import { get, photosOf, pictureOf, removePhoto } from './store.js';
import { clock, minutes, t } from './words.js';

const MOST_PHOTOS = 300;
const FIX_WITHIN = 20000;
let facts = null;

export async function startInside(given, work) {
  facts = given;
  await askForLocation(work);
  document.querySelectorAll('[data-moment]').forEach((place) => {
    place.addEventListener('click', () => takeMoment(place.dataset.moment));
  });
  document.querySelectorAll('#inside input[type=file], [data-album]').forEach((picker) => {
    picker.addEventListener('change', () => taken(picker, ''));
  });
  document.getElementById('note-add').addEventListener('click', addNote);
  document.querySelectorAll('[data-phrase]').forEach((phrase) => {
    phrase.addEventListener('click', () => jot(phrase.textContent));
  });
  const letter = document.getElementById('letter');
  if (letter) letter.addEventListener('click', showLetter);
  onQueue(() => { showTray(); });
  await showMoments();
  await showNotes();
  await showTray();
}

// Position is personal: it is asked for once for each visit, apart from everything else.
async function askForLocation(work) {
  if (!facts.location || work.record.consented_at || work.record.refused) return;
  const agreed = await sheet(t('location'), (close) => [
    h('p', {}, t('location_text')),
    h('div', { class: 'acts' }, button(t('location_yes'), () => close(true), { class: 'go' }), button(t('location_no'), () => close(false))),
  ]);
  await keepRecord(facts.id, (record) => {
    if (agreed) record.consented_at = new Date().toISOString();
    else record.refused = true;
  });
}

// The event at once, the position when it is found: nobody waits for a satellite, and the event waits a little
// before it is sent. What is written with it stands or falls with it.
export async function note(kind, detail = {}, change = () => {}) {
  const event = { id: newId(), kind, at: new Date().toISOString(), detail };
  const kept = await keepRecord(facts.id, (record) => {
    if (record.consented_at) event.hold = Date.now() + FIX_WITHIN;
    record.events.push(event);
    change(record, event);
  });
  if (kept && kept.record.consented_at) locate(event.id);
  return kept;
}

async function locate(id) {
  const found = await fix();
  await keepRecord(facts.id, (record) => {
    const event = record.events.find((each) => each.id === id);
    if (event) Object.assign(event, { hold: 0 }, found ? { fix: found } : {});
  });
}

async function takeMoment(kind) {
  let at = '';
  const kept = await note(kind, {}, (record, event) => {
    at = event.at;
    record.moments[kind] = at;
  });
  if (!kept) return;
  fillMoment(kind, at);
  await showMoments();
}

// A question of the moment's name has its answer by that.
function fillMoment(kind, at) {
  const type = facts.moments[kind];
  const field = type && document.querySelector(`#answers [name="${kind}"]`);
  if (!field) return;
  const there = new Intl.DateTimeFormat('sv-SE', {
    timeZone: facts.timezone, dateStyle: 'short', timeStyle: 'medium',
  }).format(new Date(at));
  if (type === 'time') field.value = there.slice(11, 16);
  else if (type === 'datetime-local') field.value = there.slice(0, 16).replace(' ', 'T');
  else field.value = at;
  field.dispatchEvent(new Event('change', { bubbles: true }));
}

async function showMoments() {
  const { record: { moments } } = await get('work', facts.id);
  document.querySelectorAll('[data-moment]').forEach((place) => {
    const at = moments[place.dataset.moment];
    place.classList.toggle('taken', Boolean(at));
    place.querySelector('time').textContent = at ? clock(at, facts.timezone) : '—';
  });
  const since = moments.ticket || moments.entered;
  const lines = [];
  if (since && moments.called) lines.push(t('waited', { minutes: minutes(since, moments.called) }));
  if (moments.called && moments.served) lines.push(t('served_in', { minutes: minutes(moments.called, moments.served) }));
  if (moments.entered && moments.left) lines.push(t('stayed', { minutes: minutes(moments.entered, moments.left) }));
  document.getElementById('waits').textContent = lines.join(' · ');
}

// Shoot first, say later what it is for. `tell(percent)`: how much of a film is kept.
export async function taken(picker, question, tell) {
  const files = [...picker.files];
  const source = picker.hasAttribute('capture') ? 'camera' : 'album';
  picker.value = '';
  const made = [];
  for (const file of files) {
    const photo = await keepOne(file, { question, source, picker, tell });
    if (photo) made.push(photo);
  }
  await showTray();
  return made;
}

async function keepOne(file, { question, source, picker, tell }) {
  if ((await photosOf(facts.id)).length >= MOST_PHOTOS) {
    toast(t('too_many_photos', { limit: MOST_PHOTOS }), 'bad');
    return null;
  }
  const about = { visit: facts.id, question };
  const kept = isFilm(file, picker.accept)
    ? await (await later('films')).keepFilm(file, Math.min(facts.film, picker.dataset.most || Infinity), about, tell)
    : await keepPicture(file, facts.side, about);
  if (!kept) return null;
  const { photo, taken: by } = kept;
  if (!question) await keepRecord(facts.id, (record) => { record.tray.push(photo.id); });
  note('photo', { photo: photo.id, source, ...(by ? { taken: by } : {}) });
  return photo;
}

// Where only films belong, whatever is chosen is judged as one.
function isFilm(file, accept) {
  return accept.includes('video/') && (file.type.startsWith('video/') || !accept.includes('image/'));
}

const COLOURS = { kept: 'warn', sent: 'warn', verified: 'good', refused: 'bad' };

async function showTray() {
  const place = document.getElementById('tray');
  const photos = (await photosOf(facts.id)).filter((photo) => !photo.receipt && !photo.parts);
  const used = await usage();
  place.replaceChildren(...photos.map((photo) => h('button', {
    type: 'button', class: `shot ${photo.state}`, 'aria-label': t('photo_for'), onclick: () => assign(photo),
  }, photo.thumb ? h('img', { src: photo.thumb, alt: '' }) : h('span', { class: 's' }, t('no_preview')),
  h('span', { class: `badge ${COLOURS[photo.state]}` }, t(`photo.${photo.state}`)),
  used[photo.id] ? h('span', { class: 'count' }, `×${used[photo.id]}`) : null)));
  document.getElementById('tray-empty').hidden = photos.length > 0;
}

// How many items each photo backs up, as it is kept: what is only in the page is gone with the tab.
async function usage() {
  const work = await get('work', facts.id);
  const found = {};
  for (const [, value] of new URLSearchParams(work.fields ?? fields())) {
    const [id] = value.split(';');
    found[id] = (found[id] || 0) + 1;
  }
  return found;
}

// One photo may back up many items; those that failed and have none come first.
async function assign(photo) {
  const places = [...document.querySelectorAll('#answers .photos[data-field]')].filter((place) => !place.closest('[data-q][hidden], .item:not(.failed) .fixed-field') && place.querySelector('[accept*="image/"]'));
  const due = (place) => (place.closest('.failed') && !place.closest('.fixed-field') && !place.querySelector('input[type=hidden]') ? 0 : 1);
  const has = (place) => [...place.querySelectorAll('input[type=hidden]')].some((field) => field.value.startsWith(photo.id));
  const picture = await pictureOf(photo);
  const chosen = await sheet(t('photo_for'), (close) => {
    const boxes = places.sort((one, other) => due(one) - due(other)).map((place) => {
      const box = h('input', { type: 'checkbox' });
      box.checked = has(place);
      box.place = place;
      const title = titleOf(place.closest('[data-q]').dataset.q);
      const after = place.closest('.fixed-field') ? ` · ${t('fixed')}` : '';
      return [box, h('label', { class: 'opt' }, box, h('span', {}, title + after))];
    });
    const picked = () => boxes.map(([box]) => ({ place: box.place, on: box.checked }));
    return [
      photo.thumb ? h('img', { class: 'large', src: picture ? URL.createObjectURL(picture) : photo.thumb, alt: '' }) : null,
      photo.why ? h('p', { class: 'error' }, photo.why) : null,
      h('div', { class: 'choices' }, ...boxes.map(([, label]) => label)),
      h('div', { class: 'acts' },
        button(t('ready_with_it'), () => close({ places: picked() }), { class: 'go' }),
        button(t('remove'), () => close({ remove: true })),
        button(t('close'), () => close(null))),
    ].filter(Boolean);
  });
  if (!chosen) return;
  const wanted = chosen.remove ? places.map((place) => ({ place, on: false })) : chosen.places;
  for (const { place, on } of wanted) if (on !== has(place)) attach(photo, place, on);
  await keepRecord(facts.id, (record) => {
    record.tray = record.tray.filter((id) => id !== photo.id);
    if (!chosen.remove && !wanted.some(({ on }) => on)) record.tray.push(photo.id);
  });
  const named = wanted.find(({ on }) => on);
  if (chosen.remove) await drop(photo);
  else if (named && !photo.question) await changePhoto(photo.id, (row) => { row.question = named.place.dataset.field; });
  await showTray();
}

// What the server may have already stays known to it, and is not waited for.
async function drop(photo) {
  await removePhoto(photo.id);
}

async function jot(text) {
  const said = text.trim();
  if (!said) return;
  const kept = await keepRecord(facts.id, (record) => {
    record.notes.push({ id: newId(), text: said, at: new Date().toISOString() });
  });
  if (kept) await showNotes();
}

async function addNote() {
  const field = document.getElementById('note');
  await jot(field.value);
  field.value = '';
}

async function showNotes() {
  const { record: { notes } } = await get('work', facts.id);
  document.getElementById('notes').replaceChildren(...notes.map((each) => h('li', {},
    h('span', { class: 's' }, clock(each.at, facts.timezone)), h('span', {}, each.text),
    button('×', async () => {
      await keepRecord(facts.id, (record) => { record.notes = record.notes.filter((kept) => kept.id !== each.id); });
      await showNotes();
    }, { 'aria-label': t('remove') }))));
}

// Behind the PIN, and never unnoticed: who was shown it knows that a visit is being made.
async function showLetter() {
  await unlocked({ always: true });
  const { letter } = await get('work', facts.id);
  if (!letter) {
    toast(t('letter_missing'), 'bad');
    return;
  }
  const sure = await sheet(t('letter'), (close) => [
    h('p', {}, t('letter_sure')),
    h('div', { class: 'acts' }, button(t('letter_show'), () => close(true), { class: 'go' }), button(t('close'), () => close(false))),
  ]);
  if (!sure) return;
  await note('letter', {}, (record, event) => { record.identified_at = record.identified_at || event.at; });
  await sheet(t('letter'), (close) => [
    h('h3', {}, letter.organisation), h('p', {}, letter.text),
    h('p', { class: 'code' }, letter.code.replace(/(\d{5})(?=\d)/g, '$1 ')),
    h('p', { class: 's' }, t('letter_page', { page: letter.page })),
    button(t('close'), () => close(null)),
  ]);
}

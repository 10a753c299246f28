// The form of a visit in one document. What is answered is kept as the fields a browser would post, so that the
// server reads it as it reads any page.

import { button, h, toast } from './dom.js';
import { changePhoto, keepFields } from './keeping.js';
import { note, taken } from './inside.js';
import { onQueue } from './sending.js';
import { photosOf, removePhoto } from './store.js';
import { restorePanels, startPanels, stockPanels } from './panels.js';
import { t } from './words.js';

const form = document.getElementById('answers');
const COLOURS = { kept: 'warn', sent: 'warn', verified: 'good', refused: 'bad' };
const SAVE_AFTER = 250;
let facts = null;
let timer = 0;
let known = '';
let at = 0;
let openedAt = Date.now();

export async function startAnswers(given, work) {
  facts = given;
  document.documentElement.classList.add('scripted', 'uploading');
  stockPanels(form);
  if (work.fields !== null) restore(work.fields);
  // The day on which somebody answers, not the one on which the phone was prepared.
  const rules = JSON.parse(form.dataset.logic);
  if (rules.today) {
    rules.today = new Intl.DateTimeFormat('sv-SE', { timeZone: facts.timezone }).format(new Date());
    form.dataset.logic = JSON.stringify(rules);
  }
  window.startRules();
  known = fields();
  startPanels(form, save);
  form.addEventListener('input', saveSoon);
  form.addEventListener('change', () => { showDue(); save(); });
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('click', pressed);
  document.addEventListener('visibilitychange', () => { if (document.hidden) save(); });
  window.addEventListener('pagehide', save);
  form.querySelectorAll('.photos').forEach(startPhotos);
  document.getElementById('previous').addEventListener('click', () => turn(-1));
  document.getElementById('next').addEventListener('click', () => turn(1));
  document.getElementById('pages').addEventListener('change', (event) => { leave(); at = Number(event.target.value); showPage(); });
  onQueue(showPhotos);
  if (facts.back) showQuestions(facts.back.questions);
  showDue();
  showPhotos();
}

function pairs() {
  return [...new FormData(form)].filter(([, value]) => typeof value === 'string');
}

export function fields() {
  return new URLSearchParams(pairs()).toString();
}

function saveSoon() {
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_AFTER);
}

function save() {
  clearTimeout(timer);
  const text = fields();
  if (text === known) return;
  known = text;
  keepFields(facts.id, text);
}

// Writes kept fields back. Photos are fields too: each becomes a tile at its place again.
export function restore(text) {
  const said = new Map();
  for (const [name, value] of new URLSearchParams(text)) said.set(name, [...(said.get(name) || []), value]);
  restorePanels(said);
  form.querySelectorAll('.photos').forEach((place) => {
    place.querySelectorAll('.shot').forEach((tile) => tile.remove());
    (said.get(place.dataset.field) || []).forEach((value) => tile(place, value));
  });
  for (const field of form.elements) {
    const values = said.get(field.name) || [];
    if (!field.name || field.type === 'file' || field.closest('.photos')) continue;
    if (field.type === 'radio' || field.type === 'checkbox') field.checked = values.includes(field.value);
    else field.value = values.length ? values.shift() : '';
  }
  form.querySelectorAll('[data-draw]').forEach((line) => {
    const [drawn] = said.get(line.dataset.field) || [];
    const before = line.parentNode.querySelector('.drawn');
    if (before) before.remove();
    if (drawn) {
      const box = h('input', { type: 'checkbox', name: line.dataset.field, value: drawn, checked: true });
      line.before(h('label', { class: 'opt drawn' }, box, h('span', {}, h('img', { src: drawn, alt: '' }))));
    }
  });
}

function startPhotos(place) {
  place.querySelectorAll('.shot').forEach((shot) => {
    const box = shot.querySelector('input');
    if (box && box.type === 'checkbox') {
      tile(place, box.value);
      shot.remove();
    }
  });
  const picker = place.querySelector('input[type=file]');
  if (!picker) return;
  picker.removeAttribute('name');
  const label = place.querySelector('.add span');
  const offer = label.textContent;
  picker.addEventListener('change', async () => {
    const tell = (percent) => { label.textContent = t('film_keeping', { percent }); };
    for (const photo of await taken(picker, place.dataset.field, tell)) attach(photo, place, true);
    label.textContent = offer;
  });
}

function tile(place, value) {
  const [id, , size, type = ''] = value.split(';');
  const film = type.startsWith('video/');
  const shot = h('span', { class: 'shot', 'data-photo': id },
    film ? h('span', {}, t('film', { megabytes: Math.ceil(size / 1048576) })) : h('img', { alt: '', hidden: true }),
    h('span', { class: 'badge', role: 'status' }),
    h('span', { class: 'why', role: 'alert' }),
    h('input', { type: 'hidden', name: place.dataset.field, value }),
    button(t('remove'), () => {
      shot.remove();
      if (film) removePhoto(id); // in no tray, and large
      form.dispatchEvent(new Event('change', { bubbles: true }));
    }));
  place.insertBefore(shot, place.querySelector('.add'));
}

// Lets a photo back up an item, or no longer.
export function attach(photo, place, on) {
  if (on) tile(place, `${photo.id};${photo.sha256};${photo.size};${photo.type}`);
  else place.querySelectorAll(`[data-photo="${photo.id}"]`).forEach((shot) => shot.remove());
  form.dispatchEvent(new Event('change', { bubbles: true }));
  showPhotos();
}

async function showPhotos() {
  const known = new Map((await photosOf(facts.id)).map((photo) => [photo.id, photo]));
  form.querySelectorAll('[data-photo]').forEach((shot) => {
    const photo = known.get(shot.dataset.photo);
    const server = facts.photos[shot.dataset.photo] || {};
    const state = photo ? photo.state : { expected: 'sent' }[server.state] || server.state || 'sent';
    const image = shot.querySelector('img');
    if (image) image.hidden = !(photo && photo.thumb);
    if (photo && photo.thumb) image.src = photo.thumb;
    const place = shot.querySelector('.badge');
    place.textContent = state === 'kept' && photo.done ? t('film_parts', { done: photo.done, all: photo.parts }) : t(`photo.${state}`);
    place.className = `badge ${COLOURS[state] || ''}`;
    shot.querySelector('.why').textContent = state === 'refused' ? t('take_again') : '';
  });
}

// What is due for a verdict follows the answer at once.
function showDue() {
  form.querySelectorAll('.item[data-failing]').forEach((item) => {
    const answer = item.querySelector('.seg input:checked');
    item.classList.toggle('failed', Boolean(answer) && JSON.parse(item.dataset.failing).includes(answer.value));
  });
  form.querySelectorAll('.other').forEach((other) => {
    const choice = other.parentNode.querySelector('[value=other]');
    other.hidden = !(choice && (choice.checked || choice.selected));
  });
  showProgress();
}

function asked(within) {
  return [...within.querySelectorAll('.item, .q')].filter((block) => block.dataset.q && !block.hidden && !block.parentNode.closest('[data-q]'));
}

function isAnswered(block) {
  return [...block.querySelectorAll('input:not([type=file]),select,textarea')].some((field) => (
    field.type === 'radio' || field.type === 'checkbox' ? field.checked : field.value && !field.closest('.photos,.note-field,details')
  ));
}

function sections() {
  return [...form.querySelectorAll('.page')];
}

// A page on which nothing is asked now is passed over.
function open() {
  return sections().map((page, index) => (asked(page).length ? index : -1)).filter((index) => index >= 0);
}

function showProgress() {
  const blocks = asked(form);
  const done = blocks.filter(isAnswered).length;
  document.getElementById('progress').textContent = t('progress', { done, all: blocks.length });
  const bar = document.querySelector('.bar rect');
  if (bar) bar.setAttribute('width', `${blocks.length ? Math.round(100 * done / blocks.length) : 0}%`);
}

export function showPage() {
  const pages = open();
  if (!pages.includes(at)) at = pages.find((index) => index > at) ?? pages[0] ?? 0;
  sections().forEach((page, index) => { page.hidden = index !== at; });
  const chooser = document.getElementById('pages');
  chooser.replaceChildren(...pages.map((index) => {
    const page = sections()[index];
    const blocks = asked(page);
    const title = `${page.dataset.title} ${blocks.filter(isAnswered).length}/${blocks.length}`;
    return h('option', { value: String(index), ...(index === at ? { selected: true } : {}) }, title);
  }));
  document.getElementById('previous').disabled = pages.indexOf(at) <= 0;
  document.getElementById('next').hidden = pages.indexOf(at) >= pages.length - 1;
}

function leave() {
  note('page', { page: at, seconds: Math.round((Date.now() - openedAt) / 1000) });
  openedAt = Date.now();
}

function turn(way) {
  const pages = open();
  leave();
  at = pages[pages.indexOf(at) + way] ?? at;
  showPage();
  window.scrollTo(0, 0);
}

export function goTo(page, question) {
  at = page;
  showPage();
  const block = [...form.querySelectorAll('[data-q]')].find((each) => each.dataset.q === question);
  if (block) block.scrollIntoView({ block: 'center' });
}

// What a question asks, without the mark that it must be answered.
export function titleOf(question) {
  const block = [...form.querySelectorAll('[data-q]')].find((each) => each.dataset.q === question);
  const title = block && block.querySelector('legend,.title');
  return title ? [...title.childNodes].filter((each) => each.nodeName !== 'ABBR').map((each) => each.textContent).join('').trim() : question;
}

// Buttons that ask the server on a page without network: a moment is now.
function pressed(event) {
  const go = event.target.closest('button[name=go]');
  if (!go) return;
  event.preventDefault();
  const [verb, name] = go.value.split(':');
  if (verb !== 'moment') return;
  const field = [...form.elements].find((each) => each.name === name);
  field.value = new Date().toISOString();
  const shown = go.closest('[data-q]').querySelector('.stamp') || h('p', { class: 'stamp' }, h('b'));
  shown.querySelector('b').textContent = new Date().toLocaleString('sv-SE');
  go.parentNode.before(shown);
  field.dispatchEvent(new Event('change', { bubbles: true }));
}

// A report that came back says at its items what the reviewer wants to know.
function showQuestions(questions) {
  for (const { question, text } of questions) {
    const block = [...form.querySelectorAll('[data-q]')].find((each) => each.dataset.q === question);
    if (block) block.prepend(h('p', { class: 'asked', role: 'note' }, text));
    else toast(text);
  }
}

export function showErrors(errors) {
  form.querySelectorAll('.error.now').forEach((line) => line.remove());
  form.querySelectorAll('.wrong').forEach((block) => block.classList.remove('wrong'));
  for (const { question, detail } of errors) {
    const block = [...form.querySelectorAll('[data-q]')].find((each) => each.dataset.q === question);
    if (!block) continue;
    block.classList.add('wrong');
    block.prepend(h('p', { class: 'error now' }, detail));
  }
}

export async function againPhotos(refused) {
  for (const photo of refused) await changePhoto(photo.id, (row) => Object.assign(row, { state: 'kept', tries: 0, notBefore: 0 }));
}

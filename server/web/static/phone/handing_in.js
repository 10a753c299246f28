// The end of a visit: the declaration, what is missing, what still waits; or why it could not be made.

import { againPhotos, fields, showErrors, titleOf } from './answers.js';
import { archive } from './archive.js';
import { badge, button, h, toast } from './dom.js';
import { keepWork } from './keeping.js';
import { problem } from './net.js';
import { prepare } from './preparing.js';
import { onlyHere, onQueue, send } from './sending.js';
import { get, photosOf, update } from './store.js';
import { day, moment, t } from './words.js';

const place = document.getElementById('finish');
let facts = null;
let open = null;

// `show(page, question)` brings somebody to a question.
export async function startHandingIn(given, show) {
  facts = given;
  open = show;
  onQueue(draw);
  await draw();
}

async function draw() {
  const work = await get('work', facts.id);
  if (!work) return;
  const state = await onlyHere(work);
  if (place.contains(document.activeElement) && !work.done && !work.problem) return; // somebody is typing
  if (work.done) place.replaceChildren(...await receipt(work, state));
  else if (work.problem) place.replaceChildren(...await trouble(work));
  else if (work.conflict) place.replaceChildren(...conflict(work));
  else if (work.handing) place.replaceChildren(...waiting(state));
  else place.replaceChildren(...await declaration(), ...attempt());
}

async function declaration() {
  const name = h('input', { id: 'declared', maxlength: 100, autocomplete: 'name', value: await holder() });
  return [h('section', { class: 'q' },
    h('h2', {}, t('hand_in')),
    h('p', {}, t('declaration')),
    h('p', { class: 's' }, day(new Date().toISOString(), facts.timezone)),
    h('label', { class: 'title', for: 'declared' }, t('declared_name')), name,
    h('div', { class: 'acts' }, button(t('hand_in'), async () => {
      if (!name.value.trim()) {
        toast(t('unsigned'), 'bad');
        return;
      }
      name.blur();
      const at = new Date().toISOString();
      const kept = fields();
      await keepWork(facts.id, (row) => {
        if (row.fields !== kept) Object.assign(row, { fields: kept, edits: row.edits + 1 });
        row.handing = { kind: 'report', declaration: { name: name.value.trim(), at } };
        row.problem = null;
      });
      await draw();
      await send();
    }, { class: 'go wide' })))];
}

async function holder() {
  const signed = await get('facts', 'signed');
  return (signed && signed.as) || '';
}

// Closed, moved, recognised …: what is in the tray is the proof.
function attempt() {
  const reason = h('select', { id: 'reason' }, h('option', { value: '' }, t('choose')),
    ...JSON.parse(place.dataset.outcomes).map((each) => h('option', { value: each }, t(`outcome.${each}`))));
  const note = h('textarea', { rows: 3, maxlength: 2000, id: 'why' });
  return [h('details', { class: 'q' },
    h('summary', {}, t('attempt')),
    h('p', { class: 's' }, t('attempt_hint')),
    h('label', { class: 'title', for: 'reason' }, t('attempt_reason')), reason,
    h('label', { class: 'title', for: 'why' }, t('attempt_note')), note,
    button(t('attempt_send'), async () => {
      if (!reason.value || !note.value.trim()) {
        toast(t('attempt_missing'), 'bad');
        return;
      }
      note.blur();
      const name = await holder();
      await keepWork(facts.id, (row) => {
        const at = new Date().toISOString();
        row.handing = { kind: 'attempt', outcome: reason.value, note: note.value.trim(), declaration: { name, at } };
      });
      await draw();
      await send();
    }, { class: 'go' }))];
}

function waiting({ photos, waiting: left }) {
  return [h('section', { class: 'q' },
    badge(t('kept_here'), 'warn'),
    h('p', {}, t('waiting')),
    h('p', { class: 's' }, t('photos_sent', { done: photos - left, all: photos })),
    button(t('send_now'), () => send(), { class: 'go' }))];
}

async function receipt(work, { photos, waiting: left, refused }) {
  const lines = [
    h('h2', {}, t('arrived')),
    h('p', {}, t(work.done.kind === 'report' ? 'arrived_text' : 'attempt_arrived')),
    work.done.received ? h('p', { class: 's' }, t('received', { time: moment(work.done.received, facts.timezone) })) : null,
    photos ? h('p', {}, t('photos_sent', { done: photos - left - refused, all: photos })) : null,
    left ? badge(t('keep_open'), 'warn') : refused ? null : badge(t('all_sent'), 'good'),
  ];
  if (refused) lines.push(...await refusedPhotos());
  lines.push(h('div', { class: 'acts' }, h('a', { class: 'button', href: '/t/' }, t('to_list'))));
  return [h('section', { class: 'q' }, ...lines.filter(Boolean))];
}

async function refusedPhotos() {
  const photos = (await photosOf(facts.id)).filter((photo) => photo.state === 'refused' && !photo.receipt);
  return [h('p', { class: 'error' }, t('photo_again', { count: photos.length })),
    button(t('try_again'), async () => {
      await againPhotos(photos);
      await send();
    })];
}

// What the server did not take: every reason at once, each a way to its question.
async function trouble(work) {
  const { status, code, errors, said } = work.problem;
  const again = button(t('try_again'), async () => {
    await update('work', facts.id, (row) => Object.assign(row, { problem: null }));
    await send();
  }, { class: 'go' });
  if (code === 'invalid_answers' || (status === 422 && errors.length)) {
    showErrors(errors);
    return [h('section', { class: 'q' },
      h('h2', {}, t('missing', { count: errors.length })),
      h('ul', { class: 'list' }, ...errors.map((each) => h('li', {}, button(titleOf(each.question) || each.detail, () => open(each.page || 0, each.question), { class: 'link' }), h('span', { class: 's' }, each.detail)))),
      button(t('mend'), async () => {
        await update('work', facts.id, (row) => Object.assign(row, { problem: null, handing: null }));
        open(errors[0].page || 0, errors[0].question);
        await draw();
      }, { class: 'go' }))];
  }
  if (code === 'form_changed') {
    return [h('section', { class: 'q' }, h('p', {}, t('form_changed')), button(t('load_again'), () => loadAgain(), { class: 'go' }))];
  }
  return [h('section', { class: 'q' },
    h('p', { class: 'error' }, problem(said || {}, t(code === 'submission_differs' ? 'differs' : 'refused'))),
    h('p', { class: 's' }, t('refused_hint')),
    h('div', { class: 'acts' }, again, button(t('export'), exported)))];
}

async function exported() {
  const link = h('a', { href: URL.createObjectURL(await archive()), download: 'visits.zip' });
  link.click();
}

// Two phones answered the same visit: a person decides, and nothing is lost by a guess.
function conflict() {
  return [h('section', { class: 'q' },
    h('h2', {}, t('conflict')),
    h('p', {}, t('conflict_text')),
    h('div', { class: 'acts' },
      button(t('conflict_mine'), async () => {
        await update('work', facts.id, (row) => Object.assign(row, { conflict: null, base: row.conflict }));
        await send();
        await draw();
      }, { class: 'go' }),
      button(t('conflict_other'), () => loadAgain())))];
}

// The document comes anew with what the server has; what this phone had is put aside with it.
async function loadAgain() {
  await prepare({ id: facts.id });
  await update('work', facts.id, (row) => Object.assign(row, {
    fields: null, conflict: null, problem: null, handing: null, sent: row.edits, put_aside: row.fields,
    version: null,
  }));
  location.reload();
}

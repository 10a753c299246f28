// A round in the open: fines and the manager's signature; and which recordings a video check has asked for. What was
// known when the visit was prepared is shown without a network; a fine waits in the queue.

import { titleOf } from './answers.js';
import { badge, button, h, sheet, toast } from './dom.js';
import { keepWork, newId } from './keeping.js';
import { call, NoNetwork, problem } from './net.js';
import { onQueue } from './sending.js';
import { get, update } from './store.js';
import { clock, day, t } from './words.js';

const COLOURS = { signed: 'good', refused: 'bad', asked: 'warn', delivered: 'good', overdue: 'bad' };
const AMOUNT = /^\d{1,6}(\.\d{1,2})?$/;
const place = document.getElementById('spot');
let facts = null;

export async function startSpot(given) {
  facts = given;
  onQueue(() => { draw(); look(); });
  await draw();
  await online('GET', 'spot');
}

// What needs a network: the answer says how all of it stands.
async function online(method, path, body) {
  const { ref, key } = await get('work', facts.id);
  try {
    const { ok, said } = await call(method, `/sent/${ref}/${path}`, { body, key });
    if (ok) await update('work', facts.id, (row) => { row.spot = said; });
    else toast(problem(said, t('failed')), 'bad');
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    if (method !== 'GET') toast(t('no_network'), 'warn');
  }
  await draw();
}

// Once the report has arrived it can be signed.
async function look() {
  const { done, spot } = await get('work', facts.id);
  if (done && spot && !spot.reported) await online('GET', 'spot');
}

async function draw() {
  const work = await get('work', facts.id);
  if (!work || !work.spot || place.contains(document.activeElement)) return;
  const { fine, fines, overt, signatures, recordings, uncovered } = work.spot;
  const slips = (work.slips || []).filter((each) => each.path === 'fines');
  const parts = [];
  if (fine) parts.push(h('section', { class: 'q' }, h('h2', {}, t('fines')), ...fines.map(fined), ...slips.map(unsent), button(t('fine'), () => write(fine))));
  if (overt) parts.push(h('section', { class: 'q' }, h('h2', {}, t('signature')), ...signatures.map(signed), ...asking(work.spot)));
  if (recordings.length || uncovered.length) {
    parts.push(h('section', { class: 'q' }, h('h2', {}, t('recordings')), ...recordings.map(recorded),
      uncovered.length ? h('p', { class: 'error' }, t('uncovered', { posts: uncovered.join('、') })) : null));
  }
  place.replaceChildren(...parts);
}

function fined(each) {
  return h('p', {}, h('b', {}, `${each.person} · ${each.amount}`), ` ${titleOf(each.item)} `, button(t('fine_withdraw'), () => withdraw(each)));
}

function unsent({ body, problem: why }) {
  return h('p', { class: why ? 'error' : '' }, `${body.person} · ${body.amount} ${titleOf(body.item)} `, badge(t(why ? 'needs_you' : 'kept_here'), why ? 'bad' : 'warn'),
    why ? ` ${why} ` : '', button(t('remove'), () => drop(body.id)));
}

function signed(each) {
  return h('p', {}, badge(t(`signature.${each.standing}`), COLOURS[each.standing] || ''), ` ${day(each.at, facts.timezone)} ${each.name}${each.reason}`);
}

function recorded(each) {
  return h('p', {}, h('b', {}, each.title), ' ', badge(t(`recording.${each.state}`), COLOURS[each.state] || ''),
    h('br'), h('span', { class: 's' }, `${day(each.from, facts.timezone)} ${clock(each.from, facts.timezone)}–${clock(each.until, facts.timezone)} ${each.said}`));
}

async function write(bounds) {
  const said = await sheet(t('fine'), (close) => {
    const items = [...document.querySelectorAll('#answers .item[data-q]')].filter((each) => each.querySelector('.seg'));
    const failed = items.filter((each) => each.classList.contains('failed'));
    const listed = [...failed, ...items.filter((each) => !failed.includes(each))].map((each) => each.dataset.q);
    const fields = {
      item: h('select', { id: 'fine-item' }, ...listed.map((name) => h('option', { value: name }, titleOf(name)))),
      person: h('input', { id: 'fine-person', maxlength: 60 }),
      amount: h('input', { id: 'fine-amount', inputmode: 'decimal' }),
      note: h('input', { id: 'fine-note', maxlength: 500 }),
    };
    const values = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value.trim()]));
    return [
      ...Object.entries(fields).flatMap(([name, field]) => [h('label', { class: 'title', for: field.id }, t(`fine_${name}`, bounds)), field]),
      h('div', { class: 'acts' }, button(t('fine_send'), () => close(values()), { class: 'go' }), button(t('close'), () => close(null))),
    ];
  });
  if (!said) return;
  if (!said.person || !AMOUNT.test(said.amount)) toast(t('fine_missing'), 'bad');
  else await keepWork(facts.id, (row) => { row.slips = [...(row.slips || []), { path: 'fines', body: { id: newId(), ...said } }]; });
  await draw();
}

async function drop(id) {
  await keepWork(facts.id, (row) => { row.slips = row.slips.filter((each) => each.body.id !== id); });
  await draw();
}

async function withdraw({ id }) {
  const reason = await sheet(t('fine_withdraw'), (close) => {
    const field = h('textarea', { rows: 2, maxlength: 500, 'aria-label': t('reason_missing') });
    return [h('p', { class: 's' }, t('reason_missing')), field,
      h('div', { class: 'acts' }, button(t('fine_withdraw'), () => close(field.value.trim()), { class: 'go' }), button(t('close'), () => close(null)))];
  });
  if (reason) await online('POST', `fines/${id}/withdraw`, { reason });
}

// By SMS, to a number that somebody at the outlet says; never before the report is there to be read.
function asking({ reported, signatures }) {
  if (!reported) return [h('p', { class: 's' }, t('signature_first'))];
  if (signatures.some((each) => each.standing === 'signed')) return [];
  const phone = h('input', { id: 'manager', type: 'tel', maxlength: 30 });
  const ask = (pressed) => {
    pressed.blur();
    return online('POST', 'signature', { phone: phone.value });
  };
  return [h('label', { class: 'title', for: 'manager' }, t('signature_phone')), phone, button(t('signature_ask'), ask, { class: 'go' })];
}

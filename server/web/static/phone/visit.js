// One visit: what is done inside, the answers, handing in. Everything is on the phone before anything is sent.

import { startAnswers, showPage, goTo } from './answers.js';
import { startInside } from './inside.js';
import { startHandingIn } from './handing_in.js';
import { h } from './dom.js';
import { unlocked, touch } from './lock.js';
import { later } from './net.js';
import { prepare } from './preparing.js';
import { isOnline, onlyHere, onQueue, startSending } from './sending.js';
import { get, update } from './store.js';
import { t } from './words.js';

const facts = JSON.parse(document.body.dataset.facts);
const state = document.getElementById('state');
const TABS = ['inside', 'answers', 'finish'];

function show(tab) {
  for (const name of TABS) {
    document.getElementById(name).hidden = name !== tab;
    document.getElementById(`tab-${name}`).setAttribute('aria-selected', String(name === tab));
  }
  if (tab === 'answers') showPage();
  sessionStorage.setItem(`tab-${facts.id}`, tab);
  window.scrollTo(0, 0);
}

// What this phone alone has, always in sight.
async function showState() {
  const work = await get('work', facts.id);
  if (!work) return;
  const { photos, waiting, refused, unsent } = await onlyHere(work);
  const offline = isOnline() === false || !navigator.onLine;
  const text = work.problem ? t('needs_you')
    : refused ? t('photo_again', { count: refused })
      : waiting ? t(offline ? 'offline_photos' : 'photos_sent', { done: photos - waiting, all: photos, count: waiting })
        : unsent ? t(offline ? 'offline_kept' : 'only_here') : t(offline ? 'offline' : 'all_sent');
  state.textContent = text;
  state.className = `badge ${work.problem || refused ? 'bad' : waiting || unsent || offline ? 'warn' : 'good'}`;
}

async function start() {
  let work = await get('work', facts.id);
  if (!work) {
    // A document that was opened without preparing: the key comes now, or the list says what to do.
    try {
      await prepare({ id: facts.id });
      work = await get('work', facts.id);
    } catch {
      work = null;
    }
  }
  if (!work) {
    document.querySelector('main').replaceChildren(h('section', { class: 'q' }, h('p', {}, t('unprepared')), h('a', { class: 'button', href: '/t/' }, t('to_list'))));
    return;
  }
  await unlocked();
  document.addEventListener('click', touch);
  if (work.version !== facts.version && work.fields === null) {
    work = await update('work', facts.id, (row) => Object.assign(row, { version: facts.version, base: facts.base }));
  }
  await startAnswers(facts, work);
  await startInside(facts, work);
  await startHandingIn(facts, (page, question) => { show('answers'); goTo(page, question); });
  for (const name of TABS) document.getElementById(`tab-${name}`).addEventListener('click', () => show(name));
  show(work.done || work.handing ? 'finish' : sessionStorage.getItem(`tab-${facts.id}`) || (facts.back ? 'answers' : 'inside'));
  if (facts.film) (await later('films')).forgetHalves(facts.id);
  if (facts.spot) (await later('spot')).startSpot(facts);
  onQueue(showState);
  document.addEventListener('kept', showState);
  await showState();
  startSending();
}

start();

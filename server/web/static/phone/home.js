// The list: who is signed in, what there is to do, in which order; preparing it; what is still to be sent.

import { archive } from './archive.js';
import { badge, button, h, paragraphs, sheet, toast } from './dom.js';
import { clearPin, hasPin, setPin, unlocked } from './lock.js';
import { call, later, NoNetwork, problem } from './net.js';
import { isPrepared, prepare, release } from './preparing.js';
import { BAD_PHOTO, isOnline, onlyHere, onQueue, send, startSending } from './sending.js';
import { all, clear, get, keep, put, remove, room } from './store.js';
import { day, megabytes, moment, t } from './words.js';

const main = document.getElementById('main');
const net = document.getElementById('net');
const search = h('input', { type: 'search', class: 'search', 'aria-label': t('search'), placeholder: t('search'), oninput: sift });
const FEW = 8;
const READY = new Set(['accepted', 'started', 'late', 'returned', 'early']);
const COLOURS = { offered: 'warn', returned: 'bad', late: 'bad', done: 'good', started: 'warn' };

async function refreshed() {
  const { status, said } = await call('GET', '/visits');
  if (status === 401) {
    await put('facts', { name: 'signed', in: false });
    return false;
  }
  const listed = new Set(said.visits.map((visit) => visit.id));
  for (const visit of said.visits) await put('visits', visit);
  for (const visit of await all('visits')) if (!listed.has(visit.id)) await forget(visit.id);
  await put('facts', { name: 'signed', in: true, as: said.name });
  await put('facts', { name: 'order', ids: [...listed] });
  return true;
}

// A visit that was taken off the list stays while this phone has something of it that was not sent.
async function forget(id) {
  const work = await get('work', id);
  if (work) {
    const { waiting, unsent } = await onlyHere(work);
    if (waiting || unsent) return;
    await release(id);
  }
  await remove('visits', id);
}

async function draw() {
  const signed = await get('facts', 'signed');
  const visits = await ordered();
  if (!signed && !visits.length) {
    signIn();
    return;
  }
  const cards = [];
  let last = '';
  for (const visit of visits) {
    if (visit.day !== last && !['done', 'attempted'].includes(visit.state)) {
      cards.push(h('h2', { class: 'day' }, day(visit.day)));
      last = visit.day;
    }
    cards.push(await card(visit));
  }
  if (!visits.length) cards.push(h('section', { class: 'q' }, h('p', {}, t('nothing')), h('p', { class: 's' }, t('nothing_hint'))));
  const again = signed && !signed.in
    ? [h('section', { class: 'q' }, h('p', {}, t('signed_out')), button(t('sign_in'), () => signIn(), { class: 'go' }))]
    : [];
  search.hidden = visits.length <= FEW;
  const typing = document.activeElement === search;
  const own = h('div', { class: 'acts' }, h('a', { class: 'button', href: '/t/past' }, t('past')), h('a', { class: 'button', href: '/t/money' }, t('money')));
  main.replaceChildren(...again, ...(await ahead(visits)), search, ...cards, own, await below());
  sift();
  if (typing) search.focus();
}

// Whoever has a round of many places finds the one they stand in.
function sift() {
  const wanted = search.value.trim();
  main.querySelectorAll('.visit').forEach((each) => { each.hidden = Boolean(wanted) && !each.textContent.includes(wanted); });
}

async function ordered() {
  const visits = await all('visits');
  const order = ((await get('facts', 'order')) || { ids: [] }).ids;
  const place = (visit) => (order.includes(visit.id) ? order.indexOf(visit.id) : order.length);
  const finished = (visit) => ['done', 'attempted', 'over'].includes(visit.state);
  return visits.sort((one, other) => finished(one) - finished(other) || place(one) - place(other));
}

// Today's visits by one tap: what is not loaded now cannot be loaded inside.
async function ahead(visits) {
  const due = visits.filter((visit) => READY.has(visit.state));
  if (!due.length) return [];
  const states = await Promise.all(due.map(isPrepared));
  const missing = due.filter((visit, index) => !states[index]);
  if (!missing.length) return [h('section', { class: 'q ready' }, badge(t('ready'), 'good'), h('p', { class: 's' }, t('ready_hint')))];
  return [h('section', { class: 'q' },
    h('p', {}, t('prepare_hint', { count: missing.length })),
    button(t('prepare'), async (pressed) => {
      for (const [index, visit] of missing.entries()) {
        pressed.textContent = t('preparing', { done: index, all: missing.length });
        if (!await attempted(() => prepare(visit))) break;
      }
      await keep();
      await draw();
    }, { class: 'go wide' }))];
}

async function card(visit) {
  const work = await get('work', visit.id);
  const lines = [
    h('div', { class: 'line' }, h('strong', {}, visit.unit), badge(t(`state.${stateOf(visit, work)}`), COLOURS[visit.state] || '')),
    visit.address ? h('p', { class: 's' }, visit.address) : null,
    h('p', { class: 's' }, when(visit)),
    visit.scenario ? h('p', {}, t('scenario', { title: visit.scenario.title })) : null,
    visit.back ? h('p', { class: 'error' }, t('back', { due: moment(visit.back.due, visit.timezone) })) : null,
    visit.score ? h('p', {}, t('score', { score: visit.score })) : null,
    visit.received ? h('p', { class: 's' }, t('received', { time: moment(visit.received, visit.timezone) })) : null,
    visit.pay && visit.state !== 'done' ? h('p', { class: 's' }, t('fee', { fee: visit.pay.fee })) : null,
  ];
  if (work) lines.push(await queued(work), ...(work.slips || []).filter((each) => each.path === 'expenses').map((each) => claimed(visit, each)));
  lines.push(h('div', { class: 'acts' }, ...await acts(visit, work)));
  return h('article', { class: 'q visit', id: `visit-${visit.id}` }, ...lines);
}

// What was handed in here is over before the list has heard of it; what came back is not.
function isOpen(visit, work) {
  return READY.has(visit.state) && (visit.back || !(work && work.done));
}

function stateOf(visit, work) {
  if (work && work.done) return work.done.kind === 'report' ? 'done' : 'attempted';
  return work && work.handing ? 'sending' : visit.state;
}

function when(visit) {
  return [t('until', { until: moment(visit.expires, visit.timezone) }), visit.slot ? t(`slot.${visit.slot}`) : ''].filter(Boolean).join(' · ');
}

async function queued(work) {
  const { photos, waiting, refused, unsent } = await onlyHere(work);
  if (work.problem) return badge(t('needs_you'), 'bad');
  if (refused && work.done) return badge(t('photo_again', { count: refused }), 'bad');
  if (waiting) return badge(t('photos_sent', { done: photos - waiting, all: photos }), 'warn');
  return unsent ? badge(t('only_here'), 'warn') : null;
}

// A claim that waits, or that was not taken: then it is written anew from what was said.
function claimed(visit, each) {
  const text = t('expense_waits', each.body);
  if (!each.problem) return h('p', { class: 's' }, text);
  const why = each.problem === BAD_PHOTO ? t('expense_photo') : each.problem;
  return h('div', {}, h('p', { class: 'error' }, `${text} ${why}`), button(t('expense_again'), () => spend(visit, each)));
}

async function spend(visit, before) {
  await attempted(async () => (await later('claiming')).claim(visit, before));
  await draw();
}

async function acts(visit, work) {
  const found = [];
  if (visit.state === 'offered') {
    found.push(button(t('look'), () => decide(visit), { class: 'go' }));
  } else if (isOpen(visit, work)) {
    const ready = await isPrepared(visit);
    found.push(button(t(visit.state === 'started' || visit.back ? 'go_on' : 'begin'), async () => {
      if (ready || await attempted(() => prepare(visit))) location.href = `/t/v/${visit.id}`;
    }, { class: 'go' }));
    if (!visit.back) found.push(button(t('give_back'), () => giveBack(visit)));
  }
  if (work && work.ref && visit.pay && visit.pay.expenses) found.push(button(t('expense'), () => spend(visit)));
  found.push(button(visit.unread ? t('thread_unread', { count: visit.unread }) : t('thread'), () => talk(visit)));
  return found;
}

// Briefing, quiz and the declaration come before a yes.
async function decide(visit) {
  const chosen = await sheet(visit.unit, (close) => {
    const ties = h('input', { type: 'checkbox', id: 'ties' });
    const accept = button(t('accept'), () => close(ties.checked ? 'accept' : 'ties'), { class: 'go' });
    return [
      h('p', {}, visit.address), h('p', { class: 's' }, when(visit)),
      visit.scenario ? h('h3', {}, visit.scenario.title) : null,
      ...(visit.scenario ? paragraphs(visit.scenario.text) : []),
      ...(visit.briefing ? [h('h3', {}, t('briefing')), ...paragraphs(visit.briefing)] : []),
      visit.quiz ? h('p', { class: 'hint' }, t('quiz_first')) : null,
      h('label', { class: 'opt', for: 'ties' }, ties, h('span', {}, t('no_ties'))),
      h('div', { class: 'acts' }, accept, button(t('decline'), () => close('decline')), button(t('later'), () => close(null))),
    ].filter(Boolean);
  });
  if (chosen === 'ties') toast(t('ties_missing'), 'bad');
  if (chosen === 'decline') await giveBack(visit);
  if (chosen === 'accept') await attempted(() => accepted(visit));
}

async function accepted(visit) {
  if (visit.briefing && !visit.briefed) await call('POST', `/visits/${visit.id}/briefed`, { body: {} });
  if (visit.quiz && !await (await later('quiz')).takeQuiz(visit)) return;
  const { ok, said } = await call('POST', `/visits/${visit.id}/accept`, { body: { no_ties: true } });
  if (!ok) toast(problem(said, t('failed')), 'bad');
  await load();
}

async function talk(visit) {
  await attempted(async () => (await later('thread')).showThread(visit));
  await load();
}

async function giveBack(visit) {
  const reason = await sheet(t('give_back'), (close) => {
    const field = h('textarea', { rows: 3, maxlength: 500, 'aria-label': t('give_back_why') });
    return [
      h('p', { class: 's' }, t('give_back_why')), field,
      h('div', { class: 'acts' }, button(t('give_back'), () => close(field.value.trim()), { class: 'go' }), button(t('later'), () => close(null))),
    ];
  });
  if (reason === '') toast(t('reason_missing'), 'bad');
  if (!reason) return;
  await attempted(async () => {
    const { ok, said } = await call('POST', `/visits/${visit.id}/give-back`, { body: { reason } });
    if (!ok) toast(problem(said, t('failed')), 'bad');
    await load();
  });
}

function signIn() {
  const number = h('input', { id: 'number', type: 'tel', autocomplete: 'tel', inputmode: 'tel' });
  const code = h('input', { id: 'code', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 6 });
  const wrong = h('p', { class: 'error', role: 'alert' });
  const ask = (path, body, after) => attempted(async () => {
    const { ok, said } = await call('POST', path, { body });
    wrong.textContent = ok ? '' : problem(said, t('failed'));
    if (ok) await after(said);
  });
  const send_code = button(t('send_code'), () => ask('/sign-in/code', { number: number.value }, () => {
    toast(t('code_sent'));
    code.focus();
  }));
  const enter = button(t('sign_in'), () => ask('/sign-in/number', { number: number.value, code: code.value }, welcomed), { class: 'go wide' });
  main.replaceChildren(h('section', { class: 'q' },
    h('h1', {}, t('sign_in')),
    h('p', { class: 's' }, t('sign_in_hint')),
    h('label', { class: 'title', for: 'number' }, t('number')), number, send_code,
    h('label', { class: 'title', for: 'code' }, t('code')), code, wrong, enter));
}

async function welcomed() {
  history.replaceState(null, '', '/t/');
  await put('facts', { name: 'signed', in: true });
  await keep();
  if (!await hasPin()) await choosePin();
  await load();
}

async function choosePin() {
  const pin = await sheet(t('pin_choose'), (close) => {
    const field = h('input', { type: 'password', inputmode: 'numeric', maxlength: 6, autocomplete: 'off', 'aria-label': t('pin') });
    return [
      h('p', { class: 's' }, t('pin_hint')), field,
      h('div', { class: 'acts' }, button(t('pin_set'), () => close(field.value), { class: 'go' }), button(t('pin_none'), () => close(null))),
    ];
  });
  if (pin === null) return;
  if (/^\d{4,6}$/.test(pin)) await setPin(pin);
  else toast(t('pin_digits'), 'bad');
}

async function below() {
  const kept = await room();
  const lines = [];
  if (kept) {
    lines.push(h('p', { class: 's' }, t('room', { used: megabytes(kept.usage), all: megabytes(kept.quota) })));
    if (!kept.kept) lines.push(h('p', { class: 's' }, t('not_kept')));
  }
  return h('details', { class: 'more' },
    h('summary', {}, t('more')),
    h('p', { class: 's' }, t('promise')),
    ...lines,
    h('div', { class: 'acts' },
      button(t('send_now'), () => send()),
      button(t('export'), exported),
      button(t('pin_change'), () => choosePin()),
      button(t('sign_out'), signOut)),
    h('p', { class: 's' }, h('a', { href: `?lang=${t('other_language')}` }, t('language'))));
}

async function exported() {
  const link = h('a', { href: URL.createObjectURL(await archive()), download: `${t('name')}.zip` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// Nothing that was not sent is thrown away, whoever signs out.
async function signOut() {
  for (const work of await all('work')) {
    const { waiting, unsent } = await onlyHere(work);
    if (waiting || unsent) {
      toast(t('sign_out_unsent'), 'bad');
      return;
    }
  }
  await attempted(async () => {
    await call('POST', '/sign-out', { body: {} });
    await clearPin();
    await clear();
    await caches.delete('visits');
    await draw();
  });
}

// Runs what needs the network, and says so where there is none. Whether it went through.
async function attempted(act) {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    toast(t('no_network'), 'warn');
    return false;
  }
}

async function load() {
  try {
    await refreshed();
    net.textContent = '';
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
  }
  showNet();
  await draw();
}

function showNet() {
  const offline = isOnline() === false || !navigator.onLine;
  net.textContent = offline ? t('offline') : '';
  net.className = offline ? 'badge warn' : 'badge';
}

async function byLink(token) {
  await attempted(async () => {
    const { ok, said } = await call('POST', '/sign-in/link', { body: { token } });
    if (ok) await welcomed();
    else {
      history.replaceState(null, '', '/t/');
      toast(problem(said, t('link_used')), 'bad');
    }
  });
}

// Browsers that wake a worker for its queue know workers made of modules, but for old ones.
async function registered() {
  const { serviceWorker } = navigator;
  if ('SyncManager' in window) {
    try {
      await serviceWorker.register('/t/worker.js?waking', { scope: '/t/', type: 'module' });
      return;
    } catch { /* the plain one, then */ }
  }
  await serviceWorker.register('/t/worker.js', { scope: '/t/' });
}

async function start() {
  if (/MicroMessenger/i.test(navigator.userAgent)) {
    main.replaceChildren(h('section', { class: 'q' }, h('h1', {}, t('wechat')), h('p', {}, t('wechat_hint'))));
    return;
  }
  if (!navigator.serviceWorker || !window.crypto || !crypto.subtle || !window.indexedDB) {
    main.replaceChildren(h('section', { class: 'q' }, h('p', {}, t('too_old'))));
    return;
  }
  await registered();
  await unlocked();
  if (document.body.dataset.token) await byLink(document.body.dataset.token);
  onQueue(() => { showNet(); draw(); });
  await draw();
  await load();
  startSending();
}

start();

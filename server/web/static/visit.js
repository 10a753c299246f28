(() => {
  'use strict';
  const form = document.querySelector('form');
  const words = form.dataset;
  const notice = document.getElementById('notice');
  const LONGEST_SIDE = 1600;
  const THUMBNAIL_SIDE = 152;
  const QUALITY = 0.85;
  const LONGEST_WAIT = 90000; // 800 kB at 80 kbit/s; a dead connection must not keep the page for ever
  const KINDS = /^(image\/(jpeg|png|webp|heic|heif)|video\/(mp4|quicktime|webm))$/;
  const LARGEST = 25 * 1024 * 1024;
  const LOOK_AFTER = [1000, 2000, 4000, 8000, 16000, 32000];
  const uploads = new Set();
  let goOnWithout = false;

  function element(tag, attributes, text) {
    const made = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    if (text) made.textContent = text;
    return made;
  }

  function badge(place, text, colour) {
    place.textContent = text;
    place.className = `badge ${colour}`;
  }

  // What is due for a verdict follows the answer at once; the server decides again when it is sent.
  function showDue() {
    const items = [...form.querySelectorAll('.item[data-failing]')];
    let done = 0;
    for (const item of items) {
      const answer = item.querySelector('.seg input:checked');
      const failing = JSON.parse(item.dataset.failing);
      item.classList.toggle('failed', Boolean(answer) && failing.includes(answer.value));
      if (answer) done += 1;
    }
    if (items.length) {
      const text = words.answered.replace('{done}', done).replace('{all}', items.length);
      document.getElementById('answered').textContent = `${text} · `;
    }
    for (const other of form.querySelectorAll('.other')) {
      const choice = other.parentNode.querySelector('[value=other]');
      other.hidden = !(choice && (choice.checked || choice.selected));
    }
  }

  // Photos are fields too: what keeps the page's answers hears of them.
  function changed() {
    form.dispatchEvent(new Event('change', { bubbles: true }));
  }

  function drawn(bitmap, longest) {
    const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
    const canvas = element('canvas', {});
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  // A photo that this browser cannot decode goes as it is: the server says what it thinks of it.
  async function prepared(file, image) {
    try {
      const bitmap = await createImageBitmap(file);
      image.src = drawn(bitmap, THUMBNAIL_SIDE).toDataURL('image/jpeg', QUALITY);
      image.hidden = false;
      const canvas = drawn(bitmap, LONGEST_SIDE);
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
      return blob || file;
    } catch {
      return file;
    }
  }

  async function digest(blob) {
    const bytes = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
    return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  class Refused extends Error {}

  async function posted(address, options) {
    const stop = new AbortController();
    const clock = setTimeout(() => stop.abort(), LONGEST_WAIT);
    try {
      const response = await fetch(address, { method: 'POST', signal: stop.signal, ...options });
      if (!response.ok) throw new Refused(response.status);
      return response;
    } finally {
      clearTimeout(clock);
    }
  }

  async function announced(photo) {
    const { blob, field, sha256 } = photo;
    const response = await posted(words.photos, {
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ question: field, size: blob.size, sha256, type: blob.type }),
    });
    return response.json();
  }

  // A lost connection tries the same target again: a new one would leave a photo that never arrives.
  async function send(photo) {
    photo.sha256 = photo.sha256 || (await digest(photo.blob));
    photo.target = photo.target || (await announced(photo));
    const { blob, target } = photo;
    const body = new FormData();
    Object.entries(target.fields).forEach(([name, value]) => body.append(name, value));
    body.append('file', blob); // S3 ignores every field that comes after the file
    await posted(target.url, { body, credentials: 'omit' });
    await posted(`${words.photos}/${target.id}/sent`, {});
    return `${target.id};${photo.sha256};${blob.size};${blob.type}`;
  }

  // What can never be taken must not offer to be tried again.
  function refuse(photo, why) {
    photo.state = 'refused';
    photo.input.disabled = true;
    photo.tile.classList.add('refused');
    photo.why.textContent = why;
    badge(photo.badge, words.photoRefused, 'bad');
    changed();
  }

  // The server looks at a photo within seconds; whoever is gone by then reads about it on the receipt.
  async function follow(photo) {
    const { id } = photo.target;
    for (const wait of LOOK_AFTER) {
      await new Promise((done) => { setTimeout(done, wait); });
      if (!uploads.has(photo)) return;
      try {
        const response = await fetch(`${words.photos}/${id}`, { headers: { Accept: 'application/json' } });
        const { state, says } = await response.json();
        if (state === 'verified') badge(photo.badge, says, 'good');
        if (state === 'refused') refuse(photo, says);
        if (state === 'verified' || state === 'refused') return;
      } catch {
        badge(photo.badge, words.photoExpected, 'warn'); // no connection: looked at again after a longer wait
      }
    }
  }

  async function upload(photo) {
    photo.state = 'waiting';
    photo.retry.hidden = true;
    badge(photo.badge, words.waiting, 'warn');
    try {
      photo.blob = photo.blob || (await prepared(photo.file, photo.image));
      if (!KINDS.test(photo.blob.type) || !photo.accept.includes(photo.blob.type.split('/')[0])) { refuse(photo, words.kinds); return; }
      if (photo.blob.size > LARGEST) { refuse(photo, words.tooLarge); return; }
      photo.input.value = await send(photo);
      photo.input.disabled = false;
      photo.state = 'stored';
      badge(photo.badge, words.photoExpected, 'warn');
      changed();
      follow(photo);
    } catch (error) {
      if (error instanceof Refused) photo.target = null; // perhaps because it has expired
      photo.state = 'failed';
      photo.retry.hidden = false;
      badge(photo.badge, words.failed, 'bad');
    }
  }

  function start(photo) {
    notice.hidden = true;
    photo.settled = upload(photo);
  }

  function add(file, place) {
    const photo = {
      file,
      field: place.dataset.field,
      accept: place.querySelector('[type=file]').accept,
      tile: element('div', { class: 'shot' }),
      image: element('img', { alt: '', hidden: '' }),
      badge: element('span', { class: 'badge', role: 'status' }),
      why: element('span', { class: 'why', role: 'alert' }),
      retry: element('button', { type: 'button' }, words.retry),
      input: element('input', { type: 'hidden', name: place.dataset.field, disabled: '' }),
    };
    const remove = element('button', { type: 'button' }, words.remove);
    photo.retry.addEventListener('click', () => start(photo));
    remove.addEventListener('click', () => {
      photo.tile.remove();
      uploads.delete(photo);
      changed();
    });
    photo.tile.append(photo.image, photo.badge, photo.why, photo.input, photo.retry, remove);
    place.insertBefore(photo.tile, place.querySelector('.add'));
    uploads.add(photo);
    start(photo);
  }

  function inState(state) {
    return [...uploads].filter((photo) => photo.state === state);
  }

  function tell(text) {
    notice.textContent = text;
    notice.hidden = false;
  }

  async function leave(event) {
    if (goOnWithout) return; // told once and pressed again
    if (inState('waiting').length) {
      event.preventDefault();
      tell(words.uploading);
      goOnWithout = true;
      await Promise.all([...uploads].map((photo) => photo.settled));
      goOnWithout = false;
      notice.hidden = true;
      form.requestSubmit(event.submitter);
    } else if (inState('failed').length) {
      event.preventDefault();
      tell(words.notSent);
      goOnWithout = true;
    }
  }

  // Without a session, or without cryptography (plain http), the plain file fields do their work.
  function takePhotos() {
    if (!words.photos || !window.crypto || !crypto.subtle || !form.requestSubmit) return;
    document.documentElement.classList.add('uploading');
    form.addEventListener('submit', leave);
    for (const picker of form.querySelectorAll('.photos input[type=file]')) {
      picker.addEventListener('change', () => {
        goOnWithout = false;
        [...picker.files].forEach((file) => add(file, picker.closest('.photos')));
        picker.value = '';
      });
    }
  }

  document.documentElement.classList.add('scripted');
  form.addEventListener('change', showDue);
  form.addEventListener('input', showDue);
  window.addEventListener('online', () => {
    inState('failed').forEach(start);
    changed();
  });
  takePhotos();
  showDue();
  const summary = document.getElementById('errors');
  if (summary) summary.focus();
})();

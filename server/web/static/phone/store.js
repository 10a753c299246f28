// What the phone keeps, in IndexedDB. Every writing is one transaction that the disk has before it is believed.
//
//   visits   what the desk says of each visit, by id
//   work     what was done about a prepared visit and how much of that was sent, by the visit's id
//   photos   what is known of each picture, by its own id
//   bytes    the pictures themselves until the server has verified them: as plain bytes, since browsers have been
//            seen to lose blobs whose page was closed, and apart, since a list must not read them all
//            A film lies in parts, each under its number behind the film's id.
//   facts    the holder's name, the lock

const NAME = 'phone';
const STORES = { visits: 'id', work: 'id', photos: 'id', bytes: 'id', facts: 'name' };

let opened = null;

function open() {
  opened = opened || new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
      request.transaction.objectStore('photos').createIndex('visit', 'visit');
    };
    request.onsuccess = () => {
      // Another tab with a newer release waits for us otherwise.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(store, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: 'strict' });
    let result;
    let thrown = null;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(thrown || transaction.error);
    // What goes wrong in an answer's handler is nobody's rejection otherwise.
    const guarded = (step) => (event) => {
      try {
        step(event.target.result);
      } catch (error) {
        thrown = error;
        transaction.abort();
      }
    };
    act(transaction.objectStore(store), (value) => { result = value; }, guarded);
  });
}

export function get(store, key) {
  return within(store, 'readonly', (rows, give) => {
    rows.get(key).onsuccess = (event) => give(event.target.result);
  });
}

export function all(store) {
  return within(store, 'readonly', (rows, give) => {
    rows.getAll().onsuccess = (event) => give(event.target.result);
  });
}

export function photosOf(visit) {
  return within('photos', 'readonly', (rows, give) => {
    rows.index('visit').getAll(visit).onsuccess = (event) => give(event.target.result);
  });
}

export function put(store, row) {
  return within(store, 'readwrite', (rows) => { rows.put(row); });
}

// A photo with its bytes, or neither.
export async function putPhoto(photo, bytes) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(['photos', 'bytes'], 'readwrite', { durability: 'strict' });
    transaction.oncomplete = () => resolve(photo);
    transaction.onabort = () => reject(transaction.error);
    transaction.objectStore('photos').put(photo);
    transaction.objectStore('bytes').put({ id: photo.id, bytes });
  });
}

// The picture to be sent or looked at; null once the server has it.
export async function pictureOf(photo) {
  const kept = await get('bytes', photo.id);
  return kept ? new Blob([kept.bytes], { type: photo.type }) : null;
}

// One part of a film, counted from 1; null when the browser lost it.
export async function partOf(film, number) {
  const kept = await get('bytes', `${film.id}/${number}`);
  return kept ? new Blob([kept.bytes]) : null;
}

export async function removePhoto(id) {
  await remove('photos', id);
  await removeBytes(id);
}

// The bytes of a picture, or all parts of a film.
export function removeBytes(id) {
  return within('bytes', 'readwrite', (rows) => { rows.delete(IDBKeyRange.bound(id, `${id}/\uffff`)); });
}

export function remove(store, key) {
  return within(store, 'readwrite', (rows) => { rows.delete(key); });
}

// Reads, changes and writes in one go: what a page and the queue do at once does not undo each other.
export function update(store, key, change) {
  return within(store, 'readwrite', (rows, give, guarded) => {
    rows.get(key).onsuccess = guarded((row) => {
      if (!row) return;
      change(row);
      rows.put(row);
      give(row);
    });
  });
}

export async function clear() {
  for (const store of Object.keys(STORES)) await within(store, 'readwrite', (rows) => { rows.clear(); });
}

export function isFull(error) {
  return Boolean(error) && (error.name === 'QuotaExceededError' || /quota/i.test(String(error.message)));
}

// Asks the browser not to clear what we keep; says how much there is and how much may be.
export async function room() {
  if (!navigator.storage || !navigator.storage.estimate) return null;
  const kept = navigator.storage.persisted ? await navigator.storage.persisted() : false;
  const { usage, quota } = await navigator.storage.estimate();
  return { usage, quota, kept };
}

export async function keep() {
  return Boolean(navigator.storage && navigator.storage.persist && await navigator.storage.persist());
}

// Writes what a page says about its visit, and lets the rest of the page know. A full phone is said at once:
// nothing may look kept that is not.

import { NotTaken, prepared } from './pictures.js';
import { sendSoon } from './sending.js';
import { isFull, putPhoto, update } from './store.js';
import { toast } from './dom.js';
import { t } from './words.js';

export const newId = () => (crypto.randomUUID ? crypto.randomUUID() : made());

function made() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// Answers with what was written, or with null after saying why it was not.
export async function kept(write) {
  try {
    const row = await write();
    document.dispatchEvent(new Event('kept'));
    sendSoon();
    return row;
  } catch (error) {
    toast(t(isFull(error) ? 'phone_full' : 'not_written'), 'bad');
    return null;
  }
}

export function keepFields(id, fields) {
  return kept(() => update('work', id, (row) => {
    if (row.fields !== fields) Object.assign(row, { fields, edits: row.edits + 1 });
  }));
}

export function keepRecord(id, change) {
  return kept(() => update('work', id, (row) => {
    change(row.record);
    row.recordEdits += 1;
  }));
}

export function keepWork(id, change) {
  return kept(() => update('work', id, change));
}

// A picture of the camera or the album, made smaller: {photo, taken}, or null after saying why not. `taken` is when
// the picture says that it was taken.
export async function keepPicture(file, side, about) {
  let ready;
  try {
    ready = await prepared(file, side);
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    toast(t(error.message), 'bad');
    return null;
  }
  const { taken, bytes, ...picture } = ready;
  const photo = { id: newId(), state: 'kept', tries: 0, at: new Date().toISOString(), ...about, ...picture };
  return await kept(() => putPhoto(photo, bytes)) ? { photo, taken } : null;
}

export function changePhoto(id, change) {
  return kept(() => update('photos', id, change));
}

// Writes what a page says about its visit, and lets the rest of the page know. A full phone is said at once:
// nothing may look kept that is not.

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

async function kept(write) {
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

export function keepPhoto(photo, bytes) {
  return kept(() => putPhoto(photo, bytes));
}

export function changePhoto(id, change) {
  return kept(() => update('photos', id, change));
}

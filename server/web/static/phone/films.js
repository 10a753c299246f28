// A film of the camera or the album, kept a part at a time: nobody holds 200 MB in memory for it.

import { toast } from './dom.js';
import { kept, newId } from './keeping.js';
import { photosOf, put, removePhoto, room, update } from './store.js';
import { t } from './words.js';

const PART = 5 * 1024 * 1024; // as the server has it
const MEGABYTE = 1024 * 1024;
// A recorder's older name is the same container.
const TYPES = { 'video/mp4': 'video/mp4', 'video/quicktime': 'video/quicktime', 'video/webm': 'video/webm', 'video/3gpp': 'video/mp4' };

// `most`: bytes. `tell(percent)` is called on the way. Answers with {photo, taken} as `keepPicture` does, or null.
export async function keepFilm(file, most, about, tell) {
  const type = TYPES[file.type.split(';')[0]];
  const problem = !type ? t('film_kinds') : file.size > most ? t('film_too_large', { megabytes: Math.floor(most / MEGABYTE) })
    : await hasRoom(file.size) ? '' : t('phone_full');
  if (problem) {
    toast(problem, 'bad');
    return null;
  }
  const parts = Math.ceil(file.size / PART) || 1;
  const photo = { id: newId(), state: 'keeping', tries: 0, at: new Date().toISOString(), thumb: '', parts, size: file.size, type, ...about };
  const whole = await alone(photo.id, {}, () => keepParts(photo, file, tell));
  return whole && { photo: whole, taken: '' };
}

async function hasRoom(size) {
  const there = await room();
  return !there || there.usage + size < there.quota;
}

// Films that a tab was keeping when it ended have no end: better none than half of one.
export async function forgetHalves(visit) {
  for (const { id } of (await photosOf(visit)).filter((photo) => photo.state === 'keeping')) {
    await alone(id, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      await removePhoto(id);
      toast(t('film_lost'), 'bad');
    });
  }
}

// Another tab shall not take what this one is keeping for a half.
function alone(id, options, act) {
  return navigator.locks ? navigator.locks.request(`film-${id}`, options, act) : act(true);
}

async function keepParts(photo, file, tell) {
  const sum = new Sum();
  let whole = await kept(() => put('photos', photo)) !== null;
  for (let number = 1; whole && number <= photo.parts; number += 1) {
    const bytes = await read(file.slice((number - 1) * PART, number * PART));
    if (bytes) sum.add(new Uint8Array(bytes));
    whole = bytes !== null && await kept(() => put('bytes', { id: `${photo.id}/${number}`, bytes })) !== null;
    tell(Math.round(100 * number / photo.parts));
  }
  const row = whole && await kept(() => update('photos', photo.id, (known) => Object.assign(known, { state: 'kept', sha256: sum.text() })));
  if (row) return row;
  await removePhoto(photo.id);
  return null;
}

// A file of the album may lie in a cloud that is out of reach.
async function read(blob) {
  try {
    return await blob.arrayBuffer();
  } catch {
    toast(t('film_unread'), 'bad');
    return null;
  }
}

// SHA-256 (FIPS 180-4) of bytes that come one after another, which the browser's own does not take.
const ROUNDS = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const BLOCK = 64;

class Sum {
  constructor() {
    this.state = new Int32Array([
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ]);
    this.words = new Int32Array(BLOCK);
    this.rest = new Uint8Array(0);
    this.length = 0;
  }

  add(bytes) {
    this.length += bytes.length;
    let data = bytes;
    if (this.rest.length) {
      data = new Uint8Array(this.rest.length + bytes.length);
      data.set(this.rest);
      data.set(bytes, this.rest.length);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    let at = 0;
    for (; at + BLOCK <= data.length; at += BLOCK) this.block(view, at);
    this.rest = data.slice(at);
  }

  block(view, at) {
    const { state, words } = this;
    for (let index = 0; index < 16; index += 1) words[index] = view.getInt32(at + 4 * index);
    for (let index = 16; index < BLOCK; index += 1) {
      const far = words[index - 15];
      const near = words[index - 2];
      const first = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3);
      const second = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10);
      words[index] = words[index - 16] + first + words[index - 7] + second;
    }
    let a = state[0]; // taken out of the row one by one: three times as fast
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let last = state[7];
    for (let index = 0; index < BLOCK; index += 1) {
      const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (last + high + ((e & f) ^ (~e & g)) + ROUNDS[index] + words[index]) | 0;
      const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      last = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += last;
  }

  // The sum of all that was added, as 64 hexadecimal digits. Nothing can be added after it.
  text() {
    const { length } = this;
    const over = length % BLOCK;
    const end = new Uint8Array((over < 56 ? BLOCK : 2 * BLOCK) - over);
    end[0] = 0x80;
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(length) * 8n);
    this.add(end);
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

// Everything that only this phone has, as one ZIP file: the last resort when nothing can be sent any more.
// Photos are compressed already, so nothing is compressed again.

import { all, partOf, pictureOf } from './store.js';

const table = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

async function checksum(chunks) {
  let value = 0xffffffff;
  for (const chunk of chunks) for (const byte of new Uint8Array(await chunk.arrayBuffer())) value = table[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function header(signature, fields) {
  const view = new DataView(new ArrayBuffer(4 + fields.reduce((sum, [size]) => sum + size, 0)));
  view.setUint32(0, signature, true);
  let at = 4;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view.buffer;
}

// `files`: [[name, chunks]], each file as blobs that follow one another.
async function zipped(files) {
  const parts = [];
  const index = [];
  let offset = 0;
  for (const [name, chunks] of files) {
    const label = new TextEncoder().encode(name);
    const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
    const common = [[2, 20], [2, 0x0800], [2, 0], [2, 0], [2, 0x21], [4, await checksum(chunks)], [4, size], [4, size], [2, label.length], [2, 0]];
    const local = header(0x04034b50, common);
    parts.push(local, label, ...chunks);
    index.push(header(0x02014b50, [[2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += local.byteLength + label.length + size;
  }
  const length = index.reduce((sum, part) => sum + part.byteLength, 0);
  const end = header(0x06054b50, [[2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]]);
  return new Blob([...parts, ...index, end], { type: 'application/zip' });
}

export async function archive() {
  const files = [];
  const photos = await all('photos');
  const described = photos.map(({ thumb, ...rest }) => rest);
  // Keys open the way to the server: they stay on the phone.
  const work = (await all('work')).map(({ key, ref, letter, ...rest }) => rest);
  const text = JSON.stringify({ made: new Date().toISOString(), visits: await all('visits'), work, photos: described }, null, 2);
  files.push(['visits.json', [new Blob([text])]]);
  for (const photo of photos) {
    const chunks = photo.parts ? await partsOf(photo) : [await pictureOf(photo)].filter(Boolean);
    const kind = photo.type.split('/')[1].replace('jpeg', 'jpg').replace('quicktime', 'mov');
    if (chunks.length) files.push([`${photo.visit}/${photo.id}.${kind}`, chunks]);
  }
  return zipped(files);
}

async function partsOf(film) {
  const found = [];
  for (let number = 1; number <= film.parts; number += 1) found.push(await partOf(film, number));
  return found.includes(null) ? [] : found;
}

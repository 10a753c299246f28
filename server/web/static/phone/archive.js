// Everything that only this phone has, as one ZIP file: the last resort when nothing can be sent any more.
// Photos are compressed already, so nothing is compressed again.

import { all, pictureOf } from './store.js';

const table = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = table[(value ^ byte) & 255] ^ (value >>> 8);
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

// `files`: [[name, Uint8Array]].
function zipped(files) {
  const parts = [];
  const index = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const label = new TextEncoder().encode(name);
    const common = [[2, 20], [2, 0x0800], [2, 0], [2, 0], [2, 0x21], [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, label.length], [2, 0]];
    const local = header(0x04034b50, common);
    parts.push(local, label, bytes);
    index.push(header(0x02014b50, [[2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += local.byteLength + label.length + bytes.length;
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
  files.push(['visits.json', new TextEncoder().encode(text)]);
  for (const photo of photos) {
    const picture = await pictureOf(photo);
    const kind = photo.type.split('/')[1].replace('jpeg', 'jpg');
    if (picture) files.push([`${photo.visit}/${photo.id}.${kind}`, new Uint8Array(await picture.arrayBuffer())]);
  }
  return zipped(files);
}

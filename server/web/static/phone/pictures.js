// A photo as it is kept and sent: reduced, named by the digest of its bytes, with a small copy to look at.

import { takenAt } from './exif.js';

const MOST_BYTES = 800000;
const LARGEST = 25 * 1024 * 1024;
const THUMBNAIL = 152;
const QUALITIES = [0.85, 0.75, 0.65, 0.55];
const SENDABLE = /^image\/(jpeg|png|webp|heic|heif)$/;

export class NotTaken extends Error {}

// `side`: pixels of the longer side. Rejects with NotTaken('kinds' or 'too_large').
export async function prepared(file, side) {
  const taken = await takenAt(file);
  const { blob, thumb } = await reduced(file, side);
  if (!SENDABLE.test(blob.type)) throw new NotTaken('kinds');
  if (blob.size > LARGEST) throw new NotTaken('too_large');
  const bytes = await blob.arrayBuffer();
  return { bytes, thumb, taken, sha256: await digest(bytes), size: blob.size, type: blob.type };
}

// What this browser cannot decode goes as it is: the server may know its kind.
async function reduced(file, side) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return { blob: file, thumb: '' };
  }
  const thumb = drawn(bitmap, THUMBNAIL).toDataURL('image/jpeg', 0.7);
  for (let longest = side; ; longest = Math.round(longest * 0.8)) {
    const canvas = drawn(bitmap, longest);
    for (const quality of QUALITIES) {
      const blob = await encoded(canvas, quality);
      if (blob && (blob.size <= MOST_BYTES || longest < 640)) {
        bitmap.close();
        return { blob, thumb };
      }
      if (!blob) return { blob: file, thumb };
    }
  }
}

function drawn(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function encoded(canvas, quality) {
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', quality); });
}

async function digest(bytes) {
  const sum = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

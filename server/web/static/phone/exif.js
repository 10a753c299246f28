// When a JPEG says it was taken. Reducing a photo throws this away, so it is read first.

const DEEP_ENOUGH = 128 * 1024;
const TAKEN = 0x9003;
const OFFSET = 0x9011;
const DETAILS = 0x8769;

// "2026:05:12 10:21:03", with "+08:00" behind it where the camera knew; null where nothing is said.
export async function takenAt(file) {
  try {
    return read(new DataView(await file.slice(0, DEEP_ENOUGH).arrayBuffer()));
  } catch {
    return null; // damaged metadata around good pixels
  }
}

function read(view) {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 4 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xffda || (marker & 0xff00) !== 0xff00) return null;
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return fromTiff(view, at + 10);
  }
  return null;
}

function fromTiff(view, base) {
  const little = view.getUint16(base) === 0x4949;
  const first = entries(view, base, base + view.getUint32(base + 4, little), little);
  if (!(DETAILS in first)) return null;
  const details = entries(view, base, base + view.getUint32(first[DETAILS] + 8, little), little);
  if (!(TAKEN in details)) return null;
  const taken = text(view, base, details[TAKEN], little);
  return taken && OFFSET in details ? taken + text(view, base, details[OFFSET], little) : taken;
}

function entries(view, base, at, little) {
  const found = {};
  const count = view.getUint16(at, little);
  for (let index = 0; index < count; index += 1) {
    const entry = at + 2 + index * 12;
    found[view.getUint16(entry, little)] = entry;
  }
  return found;
}

function text(view, base, entry, little) {
  const length = view.getUint32(entry + 4, little);
  const start = length > 4 ? base + view.getUint32(entry + 8, little) : entry + 8;
  let said = '';
  for (let at = start; at < start + Math.min(length, 32); at += 1) {
    const code = view.getUint8(at);
    if (!code) break;
    said += String.fromCharCode(code);
  }
  return said.trim();
}

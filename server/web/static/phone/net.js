// Talking to the server. What does not carry its mark was not answered by it: a captive portal says 200 to
// everything, and nothing may count as sent because of that.

const PATIENCE = 30000;
const MARK = 'X-Phone';

// `code` says what our own server lacked, where it was that.
export class NoNetwork extends Error {
  constructor(text, code = '') {
    super(text);
    this.code = code;
  }
}

let answered = 0;

// How often the server answered so far.
export const answers = () => answered;

export async function call(method, path, { body, key, bytes } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), bytes ? PATIENCE * 4 : PATIENCE);
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (bytes) headers['Content-Type'] = bytes.type || 'application/octet-stream';
  if (key) headers.Authorization = `Visit ${key}`;
  try {
    const response = await fetch(`/t${path}`, {
      method,
      headers,
      body: bytes || (body === undefined ? undefined : JSON.stringify(body)),
      signal: stop.signal,
      cache: 'no-store',
      redirect: 'error',
    });
    if (!response.headers.get(MARK)) throw new NoNetwork();
    const type = response.headers.get('Content-Type') || '';
    const said = type.includes('json') ? await response.json() : {};
    answered += 1;
    if (response.status >= 500) throw new NoNetwork(String(response.status), said.code);
    return { status: response.status, ok: response.ok, said };
  } catch (error) {
    throw error instanceof NoNetwork ? error : new NoNetwork(String(error));
  } finally {
    clearTimeout(timer);
  }
}

// A photo goes straight to the store.
export function post(target, blob) {
  const form = new FormData();
  Object.entries(target.fields).forEach(([name, value]) => form.append(name, value));
  form.append('file', blob); // S3 ignores every field that comes after the file
  return stored(target.url, { method: 'POST', body: form });
}

// So does a part of a film.
export function putPart(url, blob) {
  return stored(url, { method: 'PUT', body: blob });
}

// Anything but the store's own 2xx is a failure.
async function stored(url, request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE * 4);
  try {
    const response = await fetch(url, { ...request, credentials: 'omit', signal: stop.signal });
    return response.ok;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

let loads = 0;

// A script that is opened seldom. A browser may remember that loading failed, so the next try asks anew.
export async function later(name) {
  try {
    return await import(`./${name}.js${loads ? `?${loads}` : ''}`);
  } catch (error) {
    loads += 1;
    throw new NoNetwork(String(error));
  }
}

// What went wrong, in the reader's words: the server says it.
export function problem(said, fallback) {
  const [first] = said.errors || [];
  return (first && (first.message || first.detail)) || said.detail || said.title || fallback;
}

// The app's texts in the reader's language. The server writes them above this.

const zh = document.documentElement.lang.startsWith('zh');

export function t(key, params = {}) {
  const text = texts[key] || key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? params[name] : whole));
}

// A moment as the clock at the place shows it, whatever the phone's own zone is.
export function clock(iso, timeZone) {
  return new Date(iso).toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false, timeZone });
}

export function moment(iso, timeZone) {
  return `${day(iso, timeZone)} ${clock(iso, timeZone)}`;
}

export function day(iso, timeZone) {
  const options = zh ? { month: 'long', day: 'numeric', weekday: 'short' } : { month: 'short', day: 'numeric', weekday: 'short' };
  const locale = zh ? 'zh-CN' : 'en-GB';
  if (iso.length === 10) return new Date(`${iso}T12:00:00Z`).toLocaleDateString(locale, { ...options, timeZone: 'UTC' });
  return new Date(iso).toLocaleDateString(locale, { ...options, timeZone });
}

export function minutes(from, to) {
  return Math.max(0, Math.round((new Date(to) - new Date(from)) / 60000));
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

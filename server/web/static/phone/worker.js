// The service worker of the app and of nothing else: the shell and its scripts, and the visits that were
// prepared. VERSION and FILES are written above this by the server.

const SHELL = `shell-${VERSION}`;
const VISITS = 'visits';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(SHELL)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    // A visit that was prepared with an older release has the scripts of that release beside it.
    const shells = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== SHELL);
    await Promise.all(shells.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith('/t/')) return;
  const isFile = url.pathname.startsWith('/t/app/') || url.pathname === '/t/icon.svg';
  if (isFile) event.respondWith(kept(event.request));
  else if (event.request.mode === 'navigate') event.respondWith(page(event.request, url));
});

async function kept(request) {
  return (await caches.match(request)) || fetch(request);
}

async function page(request, url) {
  const prepared = url.pathname.startsWith('/t/v/') && (await caches.match(url.pathname, { cacheName: VISITS }));
  if (prepared) return prepared;
  const shell = await caches.match('/t/', { cacheName: SHELL });
  // The letter's page and a chosen language are the server's; the shell is the same for everybody.
  if (url.pathname === '/t/' && !url.search && shell) return shell;
  try {
    const fresh = await fetch(request);
    if (url.pathname === '/t/' && fresh.ok && fresh.headers.get('X-Phone')) {
      await (await caches.open(SHELL)).put('/t/', fresh.clone());
    }
    return fresh;
  } catch (error) {
    if (shell) return shell;
    throw error;
  }
}

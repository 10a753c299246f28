// Inside the service worker, in browsers that wake it when the network is back: sends what no page is open for.

import { isOnline, send } from './sending.js';

self.addEventListener('sync', (event) => {
  if (event.tag === 'send') event.waitUntil(sent());
});

// A browser asks again, later, when this fails.
async function sent() {
  await send();
  if (!isOnline()) throw new Error('no network');
}

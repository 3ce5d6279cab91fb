// Orchestra's service worker: the app's own files from a cache, pages always from the server.
//
// The server puts `self.orchestra = { build, files }` in front of this, so the worker is a new one whenever the site
// is. A page is never kept: what is shown is either what the server says now, or the page that says it is not there.

const CACHE = `orchestra-${self.orchestra.build}`;
const OFFLINE = '/offline';
const STYLE = '/plain.css';

self.addEventListener('install', (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    event.respondWith(fromServerOrOffline(request));
  } else if (url.pathname.startsWith('/pkg/')) {
    event.respondWith(fromCacheOrServer(request));
  } else if (url.pathname === STYLE) {
    event.respondWith(fromServerOrCache(request));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  // The names of the first tell what is in them, so the browser's own cache will do; the others it has to ask for.
  const files = [...self.orchestra.files, new Request(OFFLINE, { cache: 'reload' }), new Request(STYLE, { cache: 'reload' })];
  await cache.addAll(files);
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
}

async function fromServerOrOffline(request) {
  return fromServerOrCache(request, OFFLINE);
}

async function fromServerOrCache(request, kept = request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(kept, { ignoreVary: true })) ?? Response.error();
  }
}

async function fromCacheOrServer(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

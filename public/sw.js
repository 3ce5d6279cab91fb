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

// Notifications. A push is a notice, or the tag of one that is dealt with: `{ kind, tag, title, body, url, agent,
// request, input_hash, actions, at }` or `{ withdraw }`. Allow and Deny are there where the platform has buttons and the
// server offers them: an answer is for exactly the input that was shown.

const ICON = '/icon-192.png';
const BUTTONS = { allow: 'Allow', deny: 'Deny' };
const NEEDS = ['permission', 'question', 'plan'];

self.addEventListener('push', (event) => {
  event.waitUntil(take(event.data));
});

self.addEventListener('notificationclick', (event) => {
  const { action, notification } = event;
  notification.close();
  const isAnswer = Object.hasOwn(BUTTONS, action);
  event.waitUntil(isAnswer ? answer(action === 'allow', notification) : open(notification.data?.url));
});

// The browser was given another address: the server must know it, or nothing arrives any more.
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(subscribeAgain());
});

async function take(data) {
  let notice = {};
  try {
    notice = data.json();
  } catch {
    // Something must be shown for every push.
  }
  return notice.withdraw ? withdraw(notice.withdraw) : show(notice);
}

async function show({ title = 'Orchestra', body = 'Something happened.', tag, kind, actions = [], at, ...rest }) {
  const { url = '/', agent, request, input_hash, note } = rest;
  await self.registration.showNotification(title, {
    body: note ? `${note}\n${body}` : body,
    icon: ICON,
    badge: ICON,
    // Without a tag nothing can be replaced, and asking to say so is an error.
    ...(tag ? { tag, renotify: true } : {}),
    timestamp: Date.parse(at) || Date.now(),
    requireInteraction: NEEDS.includes(kind),
    actions: actions.filter((action) => Object.hasOwn(BUTTONS, action)).map((action) => ({ action, title: BUTTONS[action] })),
    data: { url, agent, request, input_hash, title, body, kind, actions },
  });
}

// Browsers want every push to show something, and some take the right to push away from a page that does not. So it is
// replaced without a sound before it is closed.
async function withdraw(tag) {
  await self.registration.showNotification('Answered', { tag, body: 'This is dealt with.', icon: ICON, silent: true });
  const shown = await self.registration.getNotifications({ tag });
  for (const notification of shown) notification.close();
}

async function answer(allow, { data, tag }) {
  const { agent, request, input_hash } = data;
  let trouble;
  try {
    const response = await post('/push/answer', { agent, request, input_hash, allow });
    if (response.ok) return;
    trouble = await response.json();
  } catch {
    // Nothing arrived, most likely; if it did, the answer to the second try says so.
    return show({ ...data, tag, note: 'Orchestra cannot be reached; try again.' });
  }
  const { message, next_step, error } = trouble;
  const body = [message, next_step, error].filter(Boolean).join(' ');
  await show({ title: 'Not answered', body, tag: `${tag}.answer`, url: data.url });
}

async function open(url = '/') {
  const asked = new URL(url, self.location.origin);
  const target = asked.origin === self.location.origin ? asked : new URL('/', self.location.origin);
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const isThere = (page) => new URL(page.url).pathname === target.pathname;
  const page = pages.find(isThere) ?? pages[0];
  if (!page) return self.clients.openWindow(target.href);
  try {
    const focused = await page.focus();
    if (!isThere(focused)) await focused.navigate(target.href);
  } catch {
    // A page that this worker does not control can be neither led nor always focused.
    await self.clients.openWindow(target.href);
  }
}

async function subscribeAgain() {
  const { key } = await (await fetch('/push/key')).json();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  await post('/push/subscribe', await self.registration.pushManager.subscribe(options));
}

function post(path, body) {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

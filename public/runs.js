// A run's pages: what changed is put anew in place, part by part, and what is tapped is sent. They are drawn whole by the
// server (`app/src/drawn/runs.rs`) and read without this; no WebAssembly takes them over.

const page = document.documentElement;
const run = document.querySelector('[data-run]')?.dataset.run;
const toasts = document.getElementById('toasts');

// Times, relative while the page is open.

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function makeRelative() {
  for (const time of document.querySelectorAll('time[data-ms]')) {
    const past = Date.now() - Number(time.dataset.ms);
    if (past < MINUTE) time.textContent = 'now';
    else if (past < HOUR) time.textContent = `${Math.floor(past / MINUTE)} m`;
    else if (past < DAY) time.textContent = `${Math.floor(past / HOUR)} h`;
    else time.textContent = `${Math.floor(past / DAY)} d`;
  }
}

// What the server says now, put in place.

const PAUSE = 300, LANDING_PAUSE = 800, LATER = 1000;
const known = new Map();
let timer, isFetching = false, isWanted = false;

const parts = (root) => [...root.querySelectorAll('[data-part]')];

function remember(root) {
  known.clear();
  for (const part of parts(root)) known.set(part.dataset.part, part.innerHTML);
}

function soon(pause = PAUSE) {
  timer ??= setTimeout(refresh, pause);
}

async function refresh() {
  timer = undefined;
  if (isFetching) return (isWanted = true);
  isFetching = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // The stream says that there is no connection, and when there is one again.
  }
  isFetching = false;
  if (isWanted) soon();
  isWanted = false;
  if (document.querySelector('[data-landing]')) soon(LANDING_PAUSE);
}

function take(fresh) {
  const names = (root) => parts(root).map((part) => part.dataset.part).join();
  if (names(fresh) === names(document)) {
    const now = new Map(parts(document).map((part) => [part.dataset.part, part]));
    for (const part of parts(fresh)) {
      const { part: name } = part.dataset;
      const place = now.get(name);
      if (known.get(name) === part.innerHTML) continue;
      // What is on its way there is told first.
      if (place.querySelector('[aria-busy]')) {
        soon(LATER);
        continue;
      }
      known.set(name, part.innerHTML);
      scrolledAsItWas(place, () => {
        place.className = part.className;
        place.innerHTML = part.innerHTML;
      });
    }
  } else {
    const [main, next] = [document.getElementById('main'), fresh.getElementById('main')];
    if (main.querySelector('[aria-busy]')) return soon(LATER);
    remember(fresh);
    scrolledAsItWas(main, () => (main.innerHTML = next.innerHTML));
  }
  makeRelative();
}

// What the reader folded, typed and has in focus is kept by `app/src/shell/keep.js`, as on every page.
function scrolledAsItWas(place, change) {
  const columns = () => [...place.querySelectorAll('.columns')];
  const scrolled = columns().map((one) => one.scrollLeft);
  change();
  columns().forEach((one, index) => (one.scrollLeft = scrolled[index] ?? 0));
}

// The event stream: any agent of this run, and any that is new, may have changed what is shown; so may what was decided of the
// run or landed, here or elsewhere.

let source;

function listen() {
  source?.close();
  source = new EventSource(`/events?after=${page.dataset.sequence}&words=`);
  const note = document.getElementById('connection');
  let wasLost = false;
  source.onopen = () => {
    note.textContent = '';
    if (wasLost) soon();
    wasLost = false;
  };
  source.onerror = () => {
    note.textContent = 'Not live';
    wasLost = true;
    if (source.readyState === EventSource.CLOSED) dispatchEvent(new Event('stream-refused'));
  };
  source.onmessage = ({ data, lastEventId }) => {
    page.dataset.sequence = lastEventId;
    const { agent, row, removed, run: changed } = JSON.parse(data);
    const concerns = changed ? !run || changed === run : agent && (!run || document.querySelector(`a[href="/agents/${agent.id}"]`) || agent.card.includes(`/runs/${run}`));
    if (concerns || !(agent || row || removed || changed)) soon();
  };
}

// What is tapped, and what was tapped without a connection: as on the other pages (`app/src/components/outbox.rs`) it waits
// in the browser until the server has it, and is sent by whichever page comes next. Under its key it is done once.

const KEPT = 'outbox', PART = '\x1f', END = '\x1e', AGAIN = 4000;
let isSending = false, again;

const newKey = () => `${Date.now().toString(16)}-${[0, 0, 0].map(() => Math.floor(Math.random() * 2 ** 32).toString(16)).join('')}`;

let waiting = read();

function read() {
  try {
    return (localStorage.getItem(KEPT) ?? '').split(END).filter(Boolean).map((entry) => entry.split(PART));
  } catch {
    return [];
  }
}

// Keeps an entry, or none any more under its key. What other pages of this browser keep stays.
function keep(key, entry) {
  try {
    const entries = read().filter(([other]) => other !== key);
    if (entry) entries.push(entry);
    localStorage.setItem(KEPT, entries.map((one) => one.join(PART) + END).join(''));
  } catch {
    // It still waits as long as this page is open.
  }
}

function tap(button) {
  button.dataset.key = newKey();
  button.setAttribute('aria-busy', 'true');
  button.classList.add('is-sent');
  say(button, 'Sent');
  const entry = [button.dataset.key, button.dataset.command];
  waiting.push(entry);
  keep(entry[0], entry);
  deliver();
}

async function deliver() {
  if (isSending || !waiting.length) return;
  clearTimeout(again);
  isSending = true;
  const [key, command] = waiting[0];
  const body = new URLSearchParams({ key, command });
  let outcome, trouble;
  try {
    const answer = await fetch('/api/send_command', { method: 'POST', body, headers: { Accept: 'application/json' } });
    if (answer.ok) outcome = await answer.json();
    else if (answer.status >= 502) trouble = { kind: 'offline' }; // A proxy says that we are away.
    else trouble = await answer.json().catch(() => refused(answer.status));
  } catch {
    trouble = { kind: 'offline' };
  }
  isSending = false;
  const button = document.querySelector(`[data-key="${key}"]`);
  if (trouble?.kind === 'offline') {
    if (button) say(button, 'Waits for the connection');
    again = setTimeout(deliver, AGAIN);
    return;
  }
  waiting.shift();
  keep(key);
  if (outcome) window.forgetDraft(command);
  if (button) {
    button.removeAttribute('aria-busy');
    button.classList.remove('is-sent');
    say(button, trouble ? 'Refused' : '', Boolean(trouble));
  }
  // The place may be drawn anew at any moment; the reason stays until it was read.
  if (trouble) toast(`${trouble.message} ${trouble.next_step}`);
  if (outcome?.said) toast(outcome.said);
  soon(0);
  deliver();
}

// What no part of Orchestra said: a proxy did.
const refused = (status) => ({
  message: `This was refused (${status}).`,
  next_step: 'Load the page again; this browser may have to be let in anew.',
  kind: 'refused',
});

function say(element, words, isTrouble = false) {
  const place = element.closest('.take')?.querySelector('[data-said]');
  if (!place) return;
  place.textContent = words;
  place.classList.toggle('is-trouble', isTrouble);
}

function toast(words) {
  const made = Object.assign(document.createElement('div'), { className: 'toast' });
  const text = Object.assign(document.createElement('span'), { textContent: words });
  const ok = Object.assign(document.createElement('button'), { type: 'button', className: 'toast-button', textContent: 'OK' });
  ok.addEventListener('click', () => made.remove());
  made.append(text, ok);
  toasts.replaceChildren(made);
}

// The report goes to the clipboard where there is one; the link opens it everywhere else.
async function copyReport(link) {
  const label = link.querySelector('span');
  if (label.dataset.before) return;
  label.dataset.before = label.textContent;
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error();
    await navigator.clipboard.writeText(await answer.text());
    label.textContent = 'Copied';
  } catch {
    location.assign(link.href);
  }
  setTimeout(() => {
    label.textContent = label.dataset.before;
    delete label.dataset.before;
  }, 1600);
}

async function copyCode(button) {
  const before = button.textContent;
  const words = await navigator.clipboard?.writeText(button.closest('.code-box').querySelector('pre').innerText).then(() => 'Copied').catch(() => {});
  button.textContent = words ?? 'Not allowed';
  setTimeout(() => (button.textContent = before), 1600);
}

document.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const button = event.target.closest('button[data-command]');
  const report = event.target.closest('[data-report]');
  const copy = event.target.closest('.code-box [data-copy]');
  if (copy) copyCode(copy);
  if (button && !button.hasAttribute('aria-busy')) tap(button);
  if (report && navigator.clipboard) {
    event.preventDefault();
    copyReport(report);
  }
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    source?.close();
  } else {
    listen();
    soon();
  }
});

window.addEventListener('online', deliver);

remember(document);
makeRelative();
deliver();
setInterval(makeRelative, 20_000);
listen();
if (document.querySelector('[data-landing]')) soon(LANDING_PAUSE);
// As on the other pages: what needs a script is there from now on.
page.dataset.hydrated = '';

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
      asItWas(place, () => {
        place.className = part.className;
        place.innerHTML = part.innerHTML;
      });
    }
  } else {
    const [main, next] = [document.getElementById('main'), fresh.getElementById('main')];
    if (main.querySelector('[aria-busy]')) return soon(LATER);
    remember(fresh);
    asItWas(main, () => (main.innerHTML = next.innerHTML));
  }
  makeRelative();
  showWaiting();
}

// What the reader folded and typed is kept by `app/src/shell/keep.js`, as on every page. Here the focus stays too, however it
// came there: whoever reads a column goes on from where they were.
function asItWas(place, change) {
  const columns = () => [...place.querySelectorAll('.columns')];
  const scrolled = columns().map((one) => one.scrollLeft);
  const focused = place.contains(document.activeElement) ? document.activeElement : undefined;
  const name = focused && nameOf(focused);
  const same = () => [...place.querySelectorAll(focused.localName)].filter((one) => nameOf(one) === name);
  const index = focused ? same().indexOf(focused) : 0;
  change();
  columns().forEach((one, index) => (one.scrollLeft = scrolled[index] ?? 0));
  if (!focused || focused.isConnected) return;
  // What is not there any more, a choice that was made, leaves the focus where it was rather than at the page's beginning.
  const next = same()[index] ?? same()[0] ?? place.querySelector('a[href], button:enabled, summary');
  next?.focus({ preventScroll: true });
}

// What an element is called before and after it is drawn anew: its own name within the part, the fold and the box it is in.
function nameOf(element) {
  const around = element.closest('details, [data-key]:not(button)');
  const own = [element.id, element.dataset.command, element.getAttribute('href'), element.getAttribute('aria-label'), element.classList[0]];
  return [own, around?.dataset.key, around?.dataset.path, element.closest('[data-part]')?.dataset.part].join();
}

// The columns that were in view, for whoever comes back from an agent's page.

const COLUMNS = `columns ${location.pathname}${location.search}`;

function keepColumns() {
  const scrolled = [...document.querySelectorAll('.columns')].map((one) => Math.round(one.scrollLeft));
  try {
    sessionStorage.setItem(COLUMNS, scrolled.join());
  } catch {
    // They begin at the first one then.
  }
}

function bringColumnsBack() {
  const how = performance.getEntriesByType('navigation')[0]?.type;
  if (how === 'navigate' && !document.referrer.startsWith(`${location.origin}/agents/`)) return;
  try {
    const scrolled = (sessionStorage.getItem(COLUMNS) ?? '').split(',').map(Number);
    document.querySelectorAll('.columns').forEach((one, index) => (one.scrollLeft = scrolled[index] || 0));
  } catch {
    // As above.
  }
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
let isSending = false, isLost = false, again;

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

// What a choice is made between: of those that wait the last counts.
function choiceOf(command) {
  try {
    const { do: what, of } = JSON.parse(command);
    return what === 'choose' ? of : undefined;
  } catch {
    return undefined;
  }
}

const buttonOf = ([key]) => document.querySelector(`button[data-key="${key}"]`);
const onItsWay = () => (isSending ? waiting[0] : undefined);

function tap(button) {
  const entry = [newKey(), button.dataset.command];
  const choice = choiceOf(entry[1]);
  for (const other of waiting.filter((one) => choice && choiceOf(one[1]) === choice)) withdraw(other);
  waiting.push(entry);
  keep(entry[0], entry);
  hold(button, entry);
  say(button, 'Sent');
  showWaiting();
  deliver();
}

// Shows that a button's command is on its way, or waits.
function hold(button, [key]) {
  button.dataset.key = key;
  button.setAttribute('aria-busy', 'true');
  button.classList.add('is-sent');
  if (!button.dataset.busy) return;
  button.dataset.before ??= button.textContent;
  button.textContent = button.dataset.busy;
  button.disabled = true;
}

function release(button) {
  button.removeAttribute('aria-busy');
  button.classList.remove('is-sent');
  delete button.dataset.key;
  if (!('before' in button.dataset)) return;
  button.textContent = button.dataset.before;
  delete button.dataset.before;
  button.disabled = false;
}

// Takes back what waits for a connection. What is on its way may have arrived.
function withdraw(entry) {
  if (entry === onItsWay()) return;
  waiting = waiting.filter((one) => one !== entry);
  keep(entry[0]);
  const button = buttonOf(entry);
  if (button) {
    release(button);
    say(button, '');
  }
  showWaiting();
}

// Without a connection says so of all that waits, also of what an earlier page left.
function showWaiting() {
  const stalled = isLost ? waiting : [];
  for (const entry of waiting) {
    const free = [...document.querySelectorAll('button[data-command]:not([data-key])')];
    const button = buttonOf(entry) ?? free.find((one) => one.dataset.command === entry[1]);
    if (!button) continue;
    if (!button.dataset.key) hold(button, entry);
    if (isLost && !placeOf(button)?.querySelector('button')) say(button, 'Not sent yet', false, entry);
  }
  let note = toasts.querySelector('.is-waiting-to-send');
  if (!stalled.length) return note?.remove();
  note ??= toasts.appendChild(Object.assign(document.createElement('p'), { className: 'toast is-waiting-to-send' }));
  const words = `${stalled.length} not sent yet: no connection`;
  if (note.textContent !== words) note.textContent = words;
}

async function deliver() {
  if (isSending || !waiting.length) return;
  clearTimeout(again);
  isSending = true;
  const entry = waiting[0];
  const [key, command] = entry;
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
  isLost = trouble?.kind === 'offline';
  if (isLost) {
    again = setTimeout(deliver, AGAIN);
    return showWaiting();
  }
  waiting = waiting.filter((one) => one !== entry);
  keep(key);
  if (outcome) window.forgetDraft(command);
  const button = buttonOf(entry);
  if (button) {
    // What it begins is shown by the page that comes next.
    if (trouble || !button.dataset.busy) release(button);
    else button.removeAttribute('aria-busy');
    say(button, trouble ? 'Refused' : '', Boolean(trouble));
  }
  for (const other of waiting) if (buttonOf(other)) say(buttonOf(other), 'Sent');
  showWaiting();
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

const placeOf = (element) => element.closest('.take')?.querySelector('[data-said]');

// Says something where it was tapped, with a way to take back what waits.
function say(element, words, isTrouble = false, entry) {
  const place = placeOf(element);
  if (!place) return;
  place.textContent = words;
  place.classList.toggle('is-trouble', isTrouble);
  if (!entry) return;
  const back = Object.assign(document.createElement('button'), { type: 'button', className: 'chip', textContent: 'Take it back' });
  back.addEventListener('click', () => {
    if (entry === onItsWay()) return;
    withdraw(entry);
    element.focus({ preventScroll: true });
  });
  place.append(' ', back);
}

function toast(words) {
  const made = Object.assign(document.createElement('div'), { className: 'toast' });
  const text = Object.assign(document.createElement('span'), { textContent: words });
  const ok = Object.assign(document.createElement('button'), { type: 'button', className: 'toast-button', textContent: 'OK' });
  ok.addEventListener('click', () => made.remove());
  made.append(text, ok);
  toasts.querySelector('.toast:not(.is-waiting-to-send)')?.remove();
  toasts.append(made);
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

addEventListener('pagehide', keepColumns);

remember(document);
makeRelative();
bringColumnsBack();
isLost = !navigator.onLine;
showWaiting();
deliver();
setInterval(makeRelative, 20_000);
listen();
if (document.querySelector('[data-landing]')) soon(LANDING_PAUSE);
// As on the other pages: what needs a script is there from now on.
page.dataset.hydrated = '';

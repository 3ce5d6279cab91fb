// The palette: everything there is to go to, and what the agent in front can be told, found by a few letters. What it
// offers is drawn by the server each time it is opened (`app/src/drawn/palette.rs`); an entry is a link or a button with a
// command, which the page hears as if it stood there.

let dialog, field, list, chosen, styled;

export async function open() {
  dialog ??= make();
  await styled;
  if (dialog.open) return dialog.close();
  field.value = '';
  list.replaceChildren();
  dialog.showModal();
  return fill();
}

function make() {
  const made = document.createElement('dialog');
  made.className = 'palette';
  made.setAttribute('aria-label', 'Find anything');
  made.innerHTML = `<input id="palette-field" role="combobox" aria-expanded="true" aria-controls="palette-list"
    aria-autocomplete="list" aria-label="Find an agent, a session, a page, or something to do" autocomplete="off"
    autocapitalize="off" spellcheck="false" enterkeyhint="go" placeholder="Find anything">
    <p class="palette-said" role="status"></p>
    <div id="palette-list" class="palette-list" role="listbox" aria-label="What was found"></div>`;
  const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/palette.css' });
  styled = new Promise((resolve) => (style.onload = style.onerror = resolve));
  document.head.append(style);
  document.body.append(made);
  [field, list] = [made.querySelector('input'), made.querySelector('[role=listbox]')];
  field.addEventListener('input', filter);
  field.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) move(step);
    else if (event.key === 'Enter' && !event.isComposing) chosen?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener('pointermove', (event) => choose(event.target.closest('[role=option]')));
  list.addEventListener('click', (event) => {
    if (!event.target.closest('[role=option]')) return;
    made.close();
    // The page has heard it by then. What came of a command is told at its edge: here nobody would read it.
    setTimeout(() => list.replaceChildren());
  });
  // A tap beside it.
  made.addEventListener('click', (event) => event.target === made && made.close());
  return made;
}

async function fill() {
  // The one that the page is about: those in the column beside it, and the cards of a list, have their ids too.
  const agent = document.querySelector('.reader[data-agent]')?.dataset.agent ?? '';
  say('Looking…');
  try {
    const answer = await fetch(`/palette?agent=${encodeURIComponent(agent)}`);
    if (!answer.ok) throw new Error();
    list.innerHTML = await answer.text();
    filter();
  } catch {
    say('Orchestra cannot be reached. Try again when it can.');
  }
}

// Leaves what has every word that was typed.
function filter() {
  const words = field.value.toLowerCase().split(/\s+/);
  const has = (option) => words.every((word) => option.textContent.toLowerCase().includes(word));
  for (const option of list.querySelectorAll('[role=option]')) option.hidden = !has(option);
  for (const group of list.children) group.hidden = !group.querySelector('[role=option]:not([hidden])');
  choose(shown()[0]);
  say(chosen ? '' : 'Nothing is called that.');
}

function shown() {
  return [...list.querySelectorAll('[role=option]:not([hidden])')];
}

function move(step) {
  const options = shown();
  choose(options.at((options.indexOf(chosen) + step) % options.length));
  chosen?.scrollIntoView({ block: 'nearest' });
}

function choose(option) {
  if (option === null) return;
  chosen?.removeAttribute('aria-selected');
  chosen = option;
  chosen?.setAttribute('aria-selected', 'true');
  if (chosen) field.setAttribute('aria-activedescendant', chosen.id);
  else field.removeAttribute('aria-activedescendant');
}

function say(words) {
  dialog.querySelector('.palette-said').textContent = words;
}

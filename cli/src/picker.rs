//! Picks a session: type to filter, see its last turns, Enter.
//!
//! Draws a few lines below the prompt, on standard error, so that standard output stays free for data. Opens at once
//! and fills itself as sessions are found; reading is done by threads that end with the process. Says nothing of what
//! happens to the choice.

mod draw;
mod keys;
mod preview;
mod screen;
mod state;

use std::{
    io,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use orchestra_core::sessions::Catalog;
use orchestra_model::{Session, SessionFilter};
use ratatui::crossterm::event;

use self::{keys::Act, preview::Previews, screen::Screen, state::State};
use crate::error::Failure;

/// How often news of the threads is looked for while there is some to come.
const WHILE_WAITING: Duration = Duration::from_millis(15);
/// How often the screen is drawn anew without news: relative times change slowly.
const AT_REST: Duration = Duration::from_secs(30);
/// What is listed first, because it is nearly always enough.
const RECENT: SignedDuration = SignedDuration::from_hours(48);

/// What was picked.
pub(crate) struct Picked {
    /// The session.
    pub(crate) session: Session,
    /// Whether to continue in a copy.
    pub(crate) fork: bool,
}

/// Lets the person at the terminal pick a session.
pub(crate) fn pick(
    catalog: &Catalog,
    now: &ZonedDateTime,
    query: &str,
    colour: bool,
) -> Result<Picked, Failure> {
    let mut state = State::new(query);
    let listings = list_in_background(catalog.clone(), now.timestamp())?;
    let mut previews = Previews::start().map_err(|error| no_picker(&error))?;
    let mut screen = Screen::open().map_err(|error| no_picker(&error))?;
    let picked = run(&mut state, &listings, &mut previews, &mut screen, now, colour);
    drop(screen);
    picked.map_err(|error| no_picker(&error))?.ok_or_else(Failure::cancelled)
}

fn run(
    state: &mut State,
    listings: &Receiver<Listed>,
    previews: &mut Previews,
    screen: &mut Screen,
    now: &ZonedDateTime,
    colour: bool,
) -> io::Result<Option<Picked>> {
    loop {
        while let Ok(listed) = listings.try_recv() {
            state.set_sessions(listed.sessions, listed.complete);
        }
        previews.want(state.selected());
        previews.receive();
        screen.draw(|frame| draw::draw(frame, state, previews.of(state.selected()), now, colour))?;
        let waiting = !state.is_complete() || previews.is_waiting();
        if !event::poll(if waiting { WHILE_WAITING } else { AT_REST })? {
            continue;
        }
        // A pasted word is many events: all of them before the next picture.
        loop {
            match keys::act(&event::read()?, state) {
                Act::Pick { fork } => {
                    if let Some(session) = state.take_selected(fork) {
                        return Ok(Some(Picked { session, fork }));
                    }
                }
                Act::Leave => return Ok(None),
                Act::Nothing => {}
            }
            if !event::poll(Duration::ZERO)? {
                break;
            }
        }
    }
}

/// Sessions on their way from the thread that lists them.
struct Listed {
    sessions: Vec<Session>,
    complete: bool,
}

/// Lists recent sessions, then all of them.
fn list_in_background(catalog: Catalog, now: Timestamp) -> Result<Receiver<Listed>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        for since in [now.checked_sub(RECENT).ok(), None] {
            let filter = SessionFilter { since, ..SessionFilter::default() };
            let sessions = catalog.list(&filter, now).sessions;
            if sender.send(Listed { sessions, complete: since.is_none() }).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("picker-list".to_owned())
        .spawn(work)
        .map(|_| receiver)
        .map_err(|error| no_picker(&error))
}

fn no_picker(error: &io::Error) -> Failure {
    Failure::new(format!("the picker cannot be shown here: {error}"))
        .hint("name a session instead: orchestra resume ID; orchestra sessions lists the ids")
}

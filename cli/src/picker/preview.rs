//! The last turns of the selected session, read by a thread so that no key has to wait for a large file.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use orchestra_core::transcript::Transcript;
use orchestra_model::{Excerpt, Session, SessionId, Turn, TurnBody};

use crate::output::text;

/// How many turns are shown at most.
const TURNS: u32 = 24;
/// How much of one turn is shown, in bytes of text.
const LONGEST: usize = 1200;
/// How many previews are remembered.
const KEPT: usize = 64;

/// Who a paragraph of a preview is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The person.
    Person,
    /// The model.
    Model,
    /// A tool, or the client.
    Machine,
}

/// One paragraph of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paragraph {
    pub(super) voice: Voice,
    pub(super) text: String,
}

struct Wanted {
    id: SessionId,
    path: String,
}

struct Made {
    id: SessionId,
    paragraphs: Vec<Paragraph>,
}

/// The previews made so far, and the thread that makes them.
pub(super) struct Previews {
    made: HashMap<SessionId, Vec<Paragraph>>,
    awaited: Option<SessionId>,
    wanted: Sender<Wanted>,
    results: Receiver<Made>,
}

impl Previews {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (wanted, wishes) = mpsc::channel::<Wanted>();
        let (maker, results) = mpsc::channel();
        thread::Builder::new().name("picker-preview".to_owned()).spawn(move || {
            while let Ok(mut wish) = wishes.recv() {
                // Whoever holds an arrow key down wants only the last.
                while let Ok(later) = wishes.try_recv() {
                    wish = later;
                }
                let paragraphs = read(&wish.path);
                if maker.send(Made { id: wish.id, paragraphs }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { made: HashMap::new(), awaited: None, wanted, results })
    }

    /// Asks for a session's preview, unless it is there or on its way.
    pub(super) fn want(&mut self, session: Option<&Session>) {
        let Some((session, path)) = session.and_then(|session| Some((session, session.path.clone()?))) else {
            return;
        };
        if self.made.contains_key(&session.id) || self.awaited.as_ref() == Some(&session.id) {
            return;
        }
        if self.wanted.send(Wanted { id: session.id.clone(), path }).is_ok() {
            self.awaited = Some(session.id.clone());
        }
    }

    /// Takes what the thread has made.
    pub(super) fn receive(&mut self) {
        while let Ok(made) = self.results.try_recv() {
            if self.made.len() >= KEPT {
                self.made.clear();
            }
            if self.awaited.as_ref() == Some(&made.id) {
                self.awaited = None;
            }
            self.made.insert(made.id, made.paragraphs);
        }
    }

    /// Whether one is on its way.
    pub(super) const fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// A session's preview, when it is there.
    pub(super) fn of(&self, session: Option<&Session>) -> Option<&[Paragraph]> {
        self.made.get(&session?.id).map(Vec::as_slice)
    }
}

fn read(path: &str) -> Vec<Paragraph> {
    let turns = Transcript::open(Path::new(path)).and_then(|transcript| {
        let first = transcript.len().saturating_sub(TURNS);
        transcript.page(first, TURNS)
    });
    match turns {
        Ok(page) => page.turns.iter().filter_map(paragraph).collect(),
        Err(error) => vec![Paragraph { voice: Voice::Machine, text: text::one_line(&error.to_string()) }],
    }
}

fn paragraph(turn: &Turn) -> Option<Paragraph> {
    let (voice, text) = match &turn.body {
        TurnBody::Prompt { text, .. } => (Voice::Person, shortened(text)),
        TurnBody::Text { text } => (Voice::Model, shortened(text)),
        TurnBody::Tool(call) => (Voice::Machine, format!("▸ {}: {}", call.name, call.summary)),
        TurnBody::Compaction { .. } => (Voice::Machine, "The conversation was summarised here.".to_owned()),
        TurnBody::Notice { text, .. } => (Voice::Machine, shortened(text)),
        TurnBody::Thinking { .. } => return None,
    };
    let text = text::lines(text.trim()).into_owned();
    (!text.is_empty()).then_some(Paragraph { voice, text })
}

fn shortened(excerpt: &Excerpt) -> String {
    let text = &excerpt.text;
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let more = if end < text.len() || excerpt.omitted > 0 { " …" } else { "" };
    format!("{}{more}", &text[..end])
}

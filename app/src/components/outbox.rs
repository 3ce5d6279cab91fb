//! What was tapped and has not arrived: kept in the browser until the server has it, then once.
//!
//! Each command has a key of its own, under which the engine carries it out once however often it comes. They are sent in
//! their order, also by the next page after this one was closed.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use web_sys::Storage;

use super::drafts;
use crate::{
    api::send_command,
    data::Outcome,
    error::{AppError, AppErrorKind},
    live::{Connection, use_live},
    reactive::{effect, on_window},
};

const KEPT: &str = "outbox";
/// Between the parts of what is kept, and between commands: neither stands in JSON text or in a key.
const PART: char = '\u{1f}';
const END: char = '\u{1e}';
/// How soon what did not arrive is tried again.
const AGAIN: Duration = Duration::from_secs(4);

/// What waits to be sent, and what came of it.
#[derive(Clone, Copy)]
pub struct Outbox {
    /// The keys and commands that wait, in their order.
    pub waiting: RwSignal<Vec<(String, String)>>,
    /// What came of the last one that arrived, by its key.
    pub arrived: RwSignal<Option<(String, Result<Outcome, AppError>)>>,
    /// Whether one is on its way.
    is_sending: StoredValue<bool>,
}

/// Provides the outbox, and sends what an earlier page left in it.
pub fn provide_outbox() {
    let outbox = Outbox {
        waiting: RwSignal::new(Vec::new()),
        arrived: RwSignal::new(None),
        is_sending: StoredValue::new(false),
    };
    provide_context(outbox);
    let live = use_live();
    effect(move || {
        outbox.waiting.set(kept());
        outbox.send();
        on_window("online", move |_| outbox.send());
    });
    effect(move || {
        if live.connection.get() == Connection::Open {
            outbox.send();
        }
    });
}

/// The outbox.
pub fn use_outbox() -> Outbox {
    expect_context()
}

impl Outbox {
    /// Takes a command in; answers its key.
    pub fn put(&self, command: String) -> String {
        let key = new_key();
        self.withdraw_answer(request_of(&command));
        keep(&key, Some(&command));
        self.waiting.write().push((key.clone(), command));
        self.send();
        key
    }

    /// Takes back an answer to the same request that waits for a connection: the last word counts. What is on its way may
    /// have arrived.
    fn withdraw_answer(&self, request: Option<&str>) {
        if request.is_none() || self.is_sending.get_value() {
            return;
        }
        self.waiting.write().retain(|(key, waiting)| {
            let stays = request_of(waiting) != request;
            if !stays {
                keep(key, None);
                free(key);
            }
            stays
        });
    }

    /// Sends what waits, one after the other.
    pub fn send(&self) {
        let outbox = *self;
        if outbox.is_sending.get_value() {
            return;
        }
        let Some((key, command)) = outbox.waiting.with_untracked(|waiting| waiting.first().cloned()) else {
            return;
        };
        outbox.is_sending.set_value(true);
        spawn_local(async move {
            let sent = command.clone();
            let outcome = send_command(key.clone(), command).await;
            outbox.is_sending.set_value(false);
            let is_lost = matches!(&outcome, Err(error) if error.kind == AppErrorKind::Offline);
            if is_lost {
                set_timeout(move || outbox.send(), AGAIN);
            } else {
                if outcome.is_ok() {
                    drafts::forget(&sent);
                }
                outbox.waiting.write().retain(|(waiting, _)| *waiting != key);
                keep(&key, None);
                outbox.send();
            }
            outbox.arrived.set(Some((key, outcome)));
        });
    }
}

/// Keeps a command, or none any more under this key. What other pages of this browser keep stays.
fn keep(key: &str, command: Option<&str>) {
    let Some(storage) = storage() else { return };
    let mut entries = kept();
    entries.retain(|(other, _)| other != key);
    entries.extend(command.map(|command| (key.to_owned(), command.to_owned())));
    let kept: String = entries.iter().map(|(key, command)| format!("{key}{PART}{command}{END}")).collect();
    let _ = storage.set_item(KEPT, &kept);
}

fn kept() -> Vec<(String, String)> {
    let kept = storage().and_then(|storage| storage.get_item(KEPT).ok().flatten()).unwrap_or_default();
    let entries = kept.split(END).filter_map(|entry| entry.split_once(PART));
    entries.map(|(key, command)| (key.to_owned(), command.to_owned())).collect()
}

/// What the browser keeps for this site.
pub fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Lets the element that a command was tapped on be tapped again.
fn free(key: &str) {
    if let Ok(Some(place)) = document().query_selector(&format!("[data-key=\"{key}\"]")) {
        let _ = place.remove_attribute("aria-busy");
        let _ = place.class_list().remove_1("is-sent");
    }
}

/// The request that a command answers. Within a text of its own the quotes would be escaped.
fn request_of(command: &str) -> Option<&str> {
    Some(command.split_once(r#""request":""#)?.1.split_once('"')?.0)
}

fn new_key() -> String {
    // Unlike `randomUUID`, also there where the address is not secure.
    let number = || (js_sys::Math::random() * 4_294_967_296.0) as u32;
    format!("{:x}-{:x}{:x}{:x}", js_sys::Date::now() as u64, number(), number(), number())
}

#[cfg(test)]
mod tests {
    use super::request_of;

    #[test]
    fn a_command_tells_which_request_it_answers() {
        let answer = r#"{"do":"allow","agent":"a","request":"r-1","input_hash":"h"}"#;
        assert_eq!(request_of(answer), Some("r-1"));
        assert_eq!(request_of(r#"{"do":"send","agent":"a","text":"\"request\":\"r-1\""}"#), None);
    }
}

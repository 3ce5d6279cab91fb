//! What happened since this device was last here.

use std::sync::Arc;

use leptos::prelude::*;

use super::outbox::storage;
use crate::{
    data::{AgentRow, agent::Section},
    reactive::{changing, effect},
    text,
};

const KEPT: &str = "looked";
/// A visit within this time of the last one is the same visit, in milliseconds.
const SAME_VISIT_MS: i64 = 60_000;

/// Counts agents that came to an end, failed or began to wait since the last visit. Known in the browser only.
#[component]
pub fn SinceYouLooked(
    /// The agents as they are now.
    rows: Memo<Vec<Arc<AgentRow>>>,
) -> impl IntoView {
    let before = RwSignal::new(None::<i64>);
    effect(move || {
        let Some(storage) = storage() else { return };
        let now = js_sys::Date::now() as i64;
        let last = storage.get_item(KEPT).ok().flatten().and_then(|last| last.parse::<i64>().ok());
        before.set(last.filter(|last| now - last > SAME_VISIT_MS));
        let note = || {
            if let Some(storage) = self::storage() {
                let _ = storage.set_item(KEPT, &(js_sys::Date::now() as i64).to_string());
            }
        };
        note();
        on_cleanup(note);
    });
    let words = move || {
        let before = before.get()?;
        let rows = rows.read();
        let since = |section: Section, states: &[&str]| {
            let new = rows.iter().filter(|row| row.section == section && row.since_ms > before);
            new.filter(|row| states.is_empty() || states.contains(&row.state.as_str())).count()
        };
        let failed = since(Section::Needs, &["failed", "lost", "idle"]);
        let counts = [
            (since(Section::Finished, &[]), "finished"),
            (failed, "failed"),
            (since(Section::Needs, &["waiting"]), "began to wait"),
            (since(Section::Running, &[]), "started"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let ago = text::ago(js_sys::Date::now() as i64, before);
        (!parts.is_empty()).then(|| format!("Since you looked, {ago} ago: {}", parts.join(", ")))
    };
    changing(move || words().map(|words| view! { <p class="since">{words}</p> }.into_any()).into_any())
}

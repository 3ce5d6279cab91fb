//! Light, dark, or as the system has it; remembered in the browser.

use leptos::prelude::*;

use super::icon::Icon;

/// Where the browser remembers the choice; the script in the document's head reads it before the first paint.
const KEY: &str = "orchestra-theme";

/// The button that goes round the three.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let chosen = RwSignal::new(None::<String>);
    Effect::new(move |_| chosen.set(remembered()));
    let word = move || match chosen.get().as_deref() {
        Some("light") => "Light",
        Some("dark") => "Dark",
        _ => "Auto",
    };
    let turn = move |_| {
        let next = match chosen.get_untracked().as_deref() {
            None => Some("light"),
            Some("light") => Some("dark"),
            _ => None,
        };
        remember(next);
        chosen.set(next.map(str::to_owned));
    };
    view! {
        <button type="button" class="place needs-script" on:click=turn aria-label=move || format!("Theme: {}", word())>
            <Icon name="theme"/> <span>{word}</span>
        </button>
    }
}

fn remembered() -> Option<String> {
    let stored = window().local_storage().ok()??.get_item(KEY).ok()??;
    matches!(stored.as_str(), "light" | "dark").then_some(stored)
}

fn remember(theme: Option<&str>) {
    // A browser that refuses storage keeps the choice for this page.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = match theme {
            Some(theme) => storage.set_item(KEY, theme),
            None => storage.remove_item(KEY),
        };
    }
    if let Some(root) = document().document_element() {
        let _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
}

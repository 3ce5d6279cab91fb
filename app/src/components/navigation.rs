//! The places, as a bar below on a phone and a rail on the left on wide screens.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{icon::Icon, theme_toggle::ThemeToggle};
use crate::live::{Connection, LiveStoreFields, use_live};

/// The navigation.
#[component]
pub fn Navigation() -> impl IntoView {
    let path = use_location().pathname;
    let current = move |is: bool| is.then_some("page");
    let in_projects = move || path.read().starts_with("/projects");
    view! {
        <header class="rail">
            <a class="brand" href="/" aria-label="Orchestra">
                <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                    <path class="staff" d="M3 9h26M3 16h26M3 23h26"/>
                    <path class="voice-1" d="M6 9h11"/>
                    <path class="voice-2" d="M12 16h14"/>
                    <path class="voice-3" d="M5 23h7"/>
                    <path class="voice-1" d="M17 23h9"/>
                </svg>
            </a>
            <nav aria-label="Places">
                <a class="place" href="/sessions" aria-current=move || current(!in_projects())>
                    <Icon name="sessions"/> <span>"Sessions"</span>
                </a>
                <a class="place" href="/projects" aria-current=move || current(in_projects())>
                    <Icon name="projects"/> <span>"Projects"</span>
                </a>
            </nav>
            <div class="rail-foot">
                <ConnectionNote/>
                <ThemeToggle/>
            </div>
        </header>
    }
}

/// Says when the page no longer hears of changes; silent while all is well.
#[component]
fn ConnectionNote() -> impl IntoView {
    let live = use_live();
    view! {
        <p class="connection" role="status">
            {move || (live.connection().get() == Connection::Lost).then_some("Not live")}
        </p>
    }
}

//! This browser and the others, notifications, the theme, and how the machine is.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::get_settings,
    components::{drawn::Drawn, error_view::ErrorView, outbox::use_outbox, skeleton::list_skeleton},
    reads::read,
};

/// The settings.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let arrived = use_outbox().arrived;
    let settings = read(
        // What was changed here shows here.
        move || arrived.read().as_ref().map(|(key, _)| key.clone()).unwrap_or_default(),
        get_settings,
    );
    let settings = settings.show(list_skeleton, |settings| match settings {
        Ok(html) => view! { <Drawn class="settings-body" html=Signal::stored(html)/> }.into_any(),
        Err(error) => view! { <ErrorView error/> }.into_any(),
    });
    view! {
        <Title text="Settings"/>
        <main id="main" class="page settings"><h1 class="page-title">"Settings"</h1> {settings}</main>
    }
}

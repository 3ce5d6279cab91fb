//! Every session on the machine, by day and project.

use leptos::prelude::*;
use leptos_meta::Title;

use super::use_list_query;
use crate::{components::sessions_list::SessionsList, data::ListQuery, reactive::memo};

/// The sessions.
#[component]
pub fn SessionsPage() -> impl IntoView {
    let asked = use_list_query();
    let query = memo(move || ListQuery { dir: None, ..asked.get() });
    view! {
        <Title text="Sessions"/>
        <main id="main" class="page">
            <h1 class="page-title">"Sessions"</h1>
            <SessionsList query/>
        </main>
    }
}

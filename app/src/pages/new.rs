//! The form that starts agents.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::get_form,
    components::{error_view::ErrorView, skeleton::list_skeleton},
    reads::read,
};

/// New agents.
#[component]
pub fn NewPage() -> impl IntoView {
    let query = use_query_map();
    let asked = move || {
        let query = query.read();
        let text = [query.get("title"), query.get("text"), query.get("url")];
        let text = text.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        (query.get("dir"), Some(text).filter(|text| !text.is_empty()), query.get("session"))
    };
    let form = read(
        move || query.read().to_query_string(),
        move || {
            let (folder, text, session) = untrack(asked);
            get_form(folder, text, session)
        },
    );
    let form = form.show(list_skeleton, |form| match form {
        Ok(html) => view! { <Form html/> }.into_any(),
        Err(error) => view! { <ErrorView error/> }.into_any(),
    });
    view! {
        <Title text="New"/>
        <main id="main" class="page"><h1 class="page-title">"New"</h1> {form}</main>
    }
}

#[component]
fn Form(html: String) -> impl IntoView {
    view! { <div class="new" inner_html=html></div> }
}

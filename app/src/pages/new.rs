//! The form that starts agents.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use crate::{
    api::get_form,
    components::{drafts, error_view::ErrorView, skeleton::list_skeleton},
    reactive::effect,
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
    let frame = NodeRef::<html::Div>::new();
    effect(move || {
        let area = frame.get().and_then(|frame| frame.query_selector("textarea").ok().flatten());
        if let Some(area) = area.and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok()) {
            drafts::bring_back(&area);
        }
    });
    view! { <div class="new" node_ref=frame inner_html=html></div> }
}

//! What a list can be asked: words, kinds, how far back. A plain form; with scripts it answers while one types.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use orchestra_model::SessionKind;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use super::icon;
use crate::{data::ListQuery, reactive::effect, text::escaped};

/// The words being typed, before the address says them.
#[derive(Clone, Copy)]
pub struct Typed(pub RwSignal<Option<String>>);

/// The form. Written as text once, for it has many parts and few that move.
#[component]
pub fn FilterBar(
    /// What the address asks.
    query: Memo<ListQuery>,
    /// What is being typed.
    typed: Typed,
) -> impl IntoView {
    let Typed(words) = typed;
    let navigate = use_navigate();
    let go = move |query: ListQuery| {
        navigate(
            &query.href(),
            NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() },
        );
    };
    // The rows at hand are filtered at once; the whole machine is asked when the fingers rest.
    let ask_all = StoredValue::new(None::<TimeoutHandle>);
    let type_words = {
        let go = go.clone();
        move |text: String| {
            words.set(Some(text.clone()));
            if let Some(Some(waiting)) = ask_all.try_get_value() {
                waiting.clear();
            }
            let go = go.clone();
            let later = move || go(query.get_untracked().with_words(&text));
            ask_all.set_value(set_timeout_with_handle(later, Duration::from_millis(300)).ok());
        }
    };
    let choose = move |event: ev::Event| {
        let text = event_target_value(&event);
        let is_kind = event.target().is_some_and(|target| target.has_type::<HtmlSelectElement>());
        match is_kind {
            true => go(query.get_untracked().with_kind((!text.is_empty()).then_some(text.as_str()))),
            false => type_words(text),
        }
    };
    // An address that asks for other words than those typed has the last word.
    effect(move || {
        let asked = query.read().q.clone().unwrap_or_default();
        if words.read_untracked().as_ref().is_some_and(|typed| typed.trim() != asked) {
            words.set(None);
        }
    });
    let frame = NodeRef::<html::Div>::new();
    effect(move || {
        let Some(frame) = frame.get() else { return };
        let query = query.read();
        let find = |selector: &str| frame.query_selector(selector).ok().flatten();
        if let Some(kept) = find(".filter-kept") {
            kept.set_inner_html(&hidden_fields(&query));
        }
        if let Some(kind) = find("select").and_then(|kind| kind.dyn_into::<HtmlSelectElement>().ok()) {
            kind.set_value(query.kind.as_deref().unwrap_or_default());
        }
        let shown = words.get().or_else(|| query.q.clone()).unwrap_or_default();
        let filter = find("#filter").and_then(|filter| filter.dyn_into::<HtmlInputElement>().ok());
        if let Some(filter) = filter.filter(|filter| filter.value() != shown) {
            filter.set_value(&shown);
        }
    });
    let form = form(&query.read_untracked());
    view! { <div class="as-its-content" node_ref=frame on:input=choose inner_html=form></div> }
}

fn form(query: &ListQuery) -> String {
    let action = if query.dir.is_some() { "/projects" } else { "/sessions" };
    let chosen = query.kind.as_deref().unwrap_or_default();
    let choice = |value: &str, label: &str| {
        let selected = if value == chosen { " selected" } else { "" };
        format!("<option value=\"{value}\"{selected}>{label}</option>")
    };
    let kinds: String = SessionKind::ALL.iter().map(|kind| choice(kind.name(), kind_label(*kind))).collect();
    [
        "<form class=\"filter\" method=\"get\" action=\"",
        action,
        "\" role=\"search\"><span class=\"filter-kept\" hidden>",
        &hidden_fields(query),
        "</span><label class=\"filter-words\"><span class=\"visually-hidden\">Filter sessions</span>",
        &icon::markup("search"),
        "<input id=\"filter\" type=\"search\" name=\"q\" placeholder=\"Filter\" autocomplete=\"off\" \
         spellcheck=\"false\" enterkeyhint=\"search\" value=\"",
        &escaped(query.q.as_deref().unwrap_or_default()),
        "\"><kbd class=\"needs-script\" aria-hidden=\"true\">/</kbd></label>\
         <label class=\"filter-kind\"><span class=\"visually-hidden\">Kind of session</span><select name=\"kind\">",
        &choice("", "Yours"),
        &choice("any", "Every kind"),
        &kinds,
        "</select>",
        &icon::markup("more"),
        "</label><button type=\"submit\" class=\"button no-script\">Filter</button></form>",
    ]
    .concat()
}

/// What the form asks besides what can be chosen in it.
fn hidden_fields(query: &ListQuery) -> String {
    let field = |name: &str, value: Option<&str>| {
        let value = value
            .map(|value| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)));
        value.unwrap_or_default()
    };
    field("dir", query.dir.as_deref()) + &field("since", query.since.map(|since| since.name()))
}

fn kind_label(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Human => "People",
        SessionKind::Agent => "Agents",
        SessionKind::Sdk => "SDK and scripts",
        SessionKind::Background => "Background",
        SessionKind::Team => "Team members",
        SessionKind::Sidechain => "Side conversations",
        SessionKind::Empty => "Empty",
    }
}

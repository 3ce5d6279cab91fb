//! What a list can be asked: words, kinds, how far back. A plain form; with scripts it answers while one types.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use orchestra_model::SessionKind;

use super::icon::Icon;
use crate::{
    data::ListQuery,
    reactive::{effect, memo},
};

/// The words being typed, before the address says them.
#[derive(Clone, Copy)]
pub struct Typed(pub RwSignal<Option<String>>);

/// The form.
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
        move |event| {
            let text = event_target_value(&event);
            words.set(Some(text.clone()));
            if let Some(Some(waiting)) = ask_all.try_get_value() {
                waiting.clear();
            }
            let go = go.clone();
            let later = move || go(query.get_untracked().with_words(&text));
            ask_all.set_value(set_timeout_with_handle(later, Duration::from_millis(300)).ok());
        }
    };
    // An address that asks for other words than those typed has the last word.
    effect(move || {
        let asked = query.read().q.clone().unwrap_or_default();
        if words.read_untracked().as_ref().is_some_and(|typed| typed.trim() != asked) {
            words.set(None);
        }
    });
    let shown = move || words.get().or_else(|| query.read().q.clone()).unwrap_or_default();
    let choose_kind = move |event| {
        let kind = event_target_value(&event);
        go(query.get_untracked().with_kind((!kind.is_empty()).then_some(kind.as_str())));
    };
    let kept = move || {
        let ListQuery { dir, since, .. } = query.get();
        view! {
            {dir.map(|dir| view! { <input type="hidden" name="dir" value=dir/> })}
            {since.map(|since| view! { <input type="hidden" name="since" value=since.name()/> })}
        }
    };
    let kind = memo(move || query.read().kind.clone().unwrap_or_default());
    let choice = move |value: &'static str, label: &'static str| {
        view! { <option value=value selected=move || kind.read().as_str() == value>{label}</option> }
    };
    let kinds = SessionKind::ALL.map(|kind| choice(kind.name(), kind_label(kind)));
    let action = move || if query.read().dir.is_some() { "/projects" } else { "/sessions" };
    view! {
        <form class="filter" method="get" action=action role="search">
            {kept}
            <label class="filter-words">
                <span class="visually-hidden">"Filter sessions"</span>
                <Icon name="search"/>
                <input
                    id="filter" type="search" name="q" placeholder="Filter" autocomplete="off" spellcheck="false"
                    enterkeyhint="search" prop:value=shown
                    value=query.get_untracked().q on:input=type_words
                />
                <kbd class="needs-script" aria-hidden="true">"/"</kbd>
            </label>
            <label class="filter-kind">
                <span class="visually-hidden">"Kind of session"</span>
                <select name="kind" on:change=choose_kind>
                    {choice("", "Yours")} {choice("any", "Every kind")} {kinds.collect_view()}
                </select>
                <Icon name="more"/>
            </label>
            <button type="submit" class="button no-script">"Filter"</button>
        </form>
    }
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

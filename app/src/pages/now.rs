//! Who needs you, who is at work, who is done.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;
use wasm_bindgen::JsCast;

use crate::{
    api::list_agents,
    components::{
        agent_card::{AgentCard, catch_up_after_losses, live_agents},
        drawn::Drawn,
        error_view::ErrorView,
        list::list,
        scroll_memory::keep_scroll,
        since_you_looked::SinceYouLooked,
        skeleton::list_skeleton,
    },
    data::{AgentRow, AgentsView, Carried, agent::Section},
    live::use_live,
    reactive::{changing, effect, memo},
    reads::read,
    text,
};

/// The agents.
#[component]
pub fn NowPage() -> impl IntoView {
    let live = use_live();
    catch_up_after_losses();
    let agents = read(String::new, move || {
        let as_of = live.sequence.get_untracked();
        async move { list_agents().await.map(|view| (as_of, Carried(view))) }
    });
    let board = agents.show(list_skeleton, |agents| match agents {
        Ok((as_of, Carried(view))) => view! { <Board as_of view/> }.into_any(),
        Err(error) => view! { <Title text="Now"/> <ErrorView error/> }.into_any(),
    });
    view! { <main id="main" class="page now">{board}</main> }
}

type Rows = Memo<Vec<Arc<AgentRow>>>;

#[component]
fn Board(as_of: u64, view: AgentsView) -> impl IntoView {
    let AgentsView { rows, nothing, .. } = view;
    keep_scroll("/".to_owned());
    let rows = live_agents(rows, as_of);
    let count = move |section: Section| rows.read().iter().filter(|row| row.section == section).count();
    let waiting = move || count(Section::Needs);
    let headline = Signal::derive(move || match (waiting(), count(Section::Running)) {
        (0, 0) if rows.read().is_empty() => "Now".to_owned(),
        (0, 0) => "All quiet".to_owned(),
        (0, running) => format!("{running} at work"),
        (1, _) => "1 needs you".to_owned(),
        (waiting, _) => format!("{waiting} need you"),
    });
    // The server writes the head last, when what the title is made of may be gone.
    #[cfg(feature = "ssr")]
    let title = headline.get_untracked();
    #[cfg(not(feature = "ssr"))]
    let title = headline;
    effect(move || badge(waiting()));
    let nothing =
        Signal::derive(move || if rows.read().is_empty() { nothing.clone() } else { String::new() });
    let sections = Section::ALL.map(|section| view! { <Part section rows/> }.into_any());
    view! {
        <Title text=title/>
        <h1 class="page-title" class:is-calling=move || waiting() != 0>{headline}</h1>
        <SinceYouLooked rows/>
        <Together rows/>
        <Drawn class="nothing" html=nothing/>
        {sections.into_iter().collect_view()}
    }
}

/// Shows on the installed app's icon how many wait, where the system has room for that.
fn badge(count: usize) {
    let navigator = window().navigator();
    let set = js_sys::Reflect::get(&navigator, &"setAppBadge".into()).ok();
    if let Some(set) = set.and_then(|set| set.dyn_into::<js_sys::Function>().ok()) {
        // A promise whose outcome does not matter.
        let _ = set.call1(&navigator, &(count as u32).into());
    }
}

/// One section of the page; nothing when it is empty.
#[component]
fn Part(section: Section, rows: Rows) -> impl IntoView {
    let ids = memo(move || {
        let rows = rows.read();
        let here = rows.iter().filter(|row| row.section == section);
        here.map(|row| row.id.clone()).collect::<Vec<_>>()
    });
    let count = move || ids.read().len().to_string();
    let cards = list(
        move || ids.get(),
        String::clone,
        move |id| {
            let row = memo(move || rows.read().iter().find(|row| row.id == id).cloned());
            view! { <AgentCard row/> }.into_any()
        },
    );
    let cards = view! { <ul class="cards">{cards}</ul> };
    let is_empty = move || ids.read().is_empty();
    // What was cleared away is out of sight until it is looked for.
    if section == Section::Away {
        view! {
            <details class="now-part is-away" class:is-empty=is_empty>
                <summary class="part-name">{section.title()} " " <span class="count">{count}</span></summary>
                {cards}
            </details>
        }
        .into_any()
    } else {
        view! {
            <section class="now-part" class:is-empty=is_empty>
                <h2 class="part-name">{section.title()} " " <span class="count">{count}</span></h2>
                {cards}
            </section>
        }
        .into_any()
    }
}

/// Several agents that ask for the same can be answered together.
#[component]
fn Together(rows: Rows) -> impl IntoView {
    // What was allowed is not offered again until it has gone.
    let allowed = RwSignal::new(Vec::<String>::new());
    let groups = move || {
        let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for row in rows.read().iter() {
            let (Some(same), Some(allow)) = (&row.same, &row.allow) else { continue };
            if allowed.read().contains(allow) {
                continue;
            }
            let asks = (row.name.clone(), allow.clone());
            match groups.iter_mut().find(|(known, _)| known == same) {
                Some((_, group)) => group.push(asks),
                None => groups.push((same.clone(), vec![asks])),
            }
        }
        groups.retain(|(_, group)| group.len() > 1);
        groups
    };
    let outbox = crate::components::outbox::use_outbox();
    changing(move || {
        let groups = groups().into_iter().map(|(same, group)| {
            let names = group.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let label = format!("Allow all {}", group.len());
            let what = same.split_once(' ').unwrap_or_default().1.to_owned();
            let allow = move |_| {
                group.iter().for_each(|(_, allow)| drop(outbox.put(allow.clone())));
                allowed.write().extend(group.iter().map(|(_, allow)| allow.clone()));
            };
            view! {
                <div class="together">
                    <p><code>{what}</code> " is asked for by " {text::cut_in_the_middle(&names, 60)}</p>
                    <button type="button" class="button" on:click=allow>{label}</button>
                </div>
            }
        });
        groups.map(IntoAny::into_any).collect_view().into_any()
    })
}

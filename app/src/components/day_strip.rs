//! The score above a list: one note a session, one stack an hour (or what suits the range). A tap shows that hour.

mod drawing;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::filter_bar::SinceChoice;
use crate::{
    data::{ListQuery, ServerClock, SessionsView},
    text,
};

/// The strip with its caption and its equivalent in words.
#[component]
pub fn DayStrip(
    /// What the list was asked.
    query: ListQuery,
    /// What it answered.
    view: StoredValue<SessionsView>,
) -> impl IntoView {
    let (picture, caption, clock, since) = view.with_value(|view| {
        (drawing::draw(&view.strip, &query, view.clock.offset_seconds), caption(view), view.clock, view.since)
    });
    let chosen = query.stretch().map(|(from, until)| {
        let label = stretch_name(from, until, clock);
        view! {
            <a class="chip is-chosen" href=query.without_stretch().href()>
                {label} <span class="visually-hidden">"shown, show the whole time"</span>
                <super::icon::Icon name="close"/>
            </a>
        }
    });
    let equivalents = view.with_value(|view| {
        let bins = view.strip.bins.iter().filter(|bin| bin.sessions > 0);
        bins.map(|bin| {
            let href = query.with_stretch(bin.from_ms, view.strip.step_ms).href();
            let name = stretch_name(bin.from_ms, bin.from_ms + view.strip.step_ms, view.clock);
            view! { <li><a href=href>{name} <span class="count">{bin.sessions}</span></a></li> }
        })
        .collect_view()
    });
    let navigate = use_navigate();
    let follow = move |event: leptos::ev::MouseEvent| {
        // The router follows links of HTML only; these are SVG's. A click meant for a new tab stays the browser's.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let link = target.and_then(|element| element.closest("a").ok().flatten());
        if let Some(href) = link.and_then(|link| link.get_attribute("href")) {
            event.prevent_default();
            navigate(&href, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    view! {
        <figure class="strip">
            <svg class="strip-score" height=drawing::HEIGHT.to_string() width="100%" aria-hidden="true" on:click=follow inner_html=picture></svg>
            <figcaption class="strip-caption">
                <span>{caption}</span> {chosen}
                <SinceChoice query=query.clone() since/>
                <details class="strip-words">
                    <summary>"As a list"</summary>
                    <ul>{equivalents}</ul>
                </details>
            </figcaption>
        </figure>
    }
}

fn caption(view: &SessionsView) -> String {
    match view.strip.busiest() {
        Some(bin) => {
            let most = text::plural(bin.sessions as usize, "session", "sessions");
            let when = stretch_name(bin.from_ms, bin.from_ms + view.strip.step_ms, view.clock);
            let when = when.replace("Today", "today").replace("Yesterday", "yesterday");
            format!("Busiest {when}, {most}")
        }
        None => "Silence".to_owned(),
    }
}

/// A stretch of time in words.
fn stretch_name(from_ms: i64, until_ms: i64, clock: ServerClock) -> String {
    const DAY: i64 = 86_400_000;
    let day = text::day_of(from_ms, clock.offset_seconds);
    let name = text::day_name(day, clock.today);
    match until_ms - from_ms {
        ..DAY => {
            let hours = format!(
                "{}–{}",
                text::clock(from_ms, clock.offset_seconds),
                text::clock(until_ms, clock.offset_seconds)
            );
            if day == clock.today { hours } else { format!("{name} {hours}") }
        }
        DAY => name,
        _ => format!("{name} and on"),
    }
}

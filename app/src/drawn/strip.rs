//! The score above a list: one note a session, one stack an hour (or what suits the range). A tap shows that hour.

mod count;
mod picture;
mod range;

use leptos::prelude::*;
use orchestra_model::Session;

use crate::{
    components::icon::Icon,
    data::{ListQuery, ServerClock, Since},
    text,
};
use count::Strip;
pub(crate) use range::is_active_between;

/// Draws the strip of the sessions that a query found, going back as far as `since`, with its equivalent in words.
pub(crate) fn draw(query: &ListQuery, sessions: &[Session], since: Since, clock: ServerClock) -> String {
    let strip = range::strip(sessions, since, clock.now_ms, clock.offset_seconds);
    let picture = picture::draw(&strip, query, clock.offset_seconds);
    let chosen = query.stretch().map(|(from, until)| {
        view! {
            <a class="chip is-chosen" href=query.without_stretch().href()>
                {stretch_name(from, until, clock)} " "
                <span class="visually-hidden">"shown, show the whole time"</span>
                <Icon name="close"/>
            </a>
        }
    });
    let words = strip
        .bins
        .iter()
        .filter(|bin| bin.sessions > 0)
        .map(|bin| {
            let href = query.with_stretch(bin.from_ms, strip.step_ms).href();
            let name = stretch_name(bin.from_ms, bin.from_ms + strip.step_ms, clock);
            view! { <li><a href=href>{name} " " <span class="count">{bin.sessions}</span></a></li> }
        })
        .collect_view();
    let choices = Since::ALL.map(|choice| {
        let current = (choice == since).then_some("true");
        view! { <a href=query.with_since(choice).href() aria-current=current>{choice.label()}</a> }
    });
    view! {
        <figure class="strip">
            <svg class="strip-score" height=picture::HEIGHT.to_string() width="100%" aria-hidden="true" inner_html=picture></svg>
            <figcaption class="strip-caption">
                <span>{caption(&strip, clock)}</span> " " {chosen}
                <nav class="segments" aria-label="How far back">{choices.collect_view()}</nav>
                <details class="strip-words">
                    <summary>"As a list"</summary>
                    <ul>{words}</ul>
                </details>
            </figcaption>
        </figure>
    }
    .to_html()
}

fn caption(strip: &Strip, clock: ServerClock) -> String {
    match strip.busiest() {
        Some(bin) => {
            let most = text::plural(bin.sessions as usize, "session", "sessions");
            let when = stretch_name(bin.from_ms, bin.from_ms + strip.step_ms, clock);
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

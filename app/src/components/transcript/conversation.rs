//! A conversation: mounted blocks between two spacers, followed while it grows.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{ResizeObserver, ResizeObserverEntry};

use super::{
    block::BlockView,
    reel::Reel,
    scroll::{set_room, to_end},
};
use crate::{
    components::{drawn::plainly_clicked, icon::Icon, list::list},
    data::transcript::TURNS_PER_BLOCK,
    live::use_live,
    reactive::{changing, effect, memo, on_change, on_window},
    text,
};

/// The conversation.
#[component]
pub fn Conversation(
    /// Its state.
    reel: Reel,
    /// The turn that the address asks for.
    asked: Option<u32>,
) -> impl IntoView {
    let open_at = asked.map_or_else(|| "end".to_owned(), |turn| turn.to_string());
    let (first, past) = reel.range.get_untracked();
    let total = reel.total.get_untracked();
    // Without scripts these lead on; with scripts the spacers around them take the room of what is not mounted.
    let earlier = (first > 0).then(|| page_link((first - 1) * TURNS_PER_BLOCK, "Earlier turns"));
    let later = (past * TURNS_PER_BLOCK < total).then(|| page_link(past * TURNS_PER_BLOCK, "Later turns"));
    let above = NodeRef::<html::Div>::new();
    let below = NodeRef::<html::Div>::new();
    let mut first_time = true;
    effect(move || {
        let heights = reel.spacers();
        if let (Some(above), Some(below)) = (above.get(), below.get()) {
            for (spacer, height) in [(above, heights.0), (below, heights.1)] {
                set_room(&spacer, "height", Some(height));
                let _ = spacer.set_attribute("data-sized", "");
            }
            if first_time {
                begin(reel, asked);
                first_time = false;
            }
        }
    });
    effect(move || watch_scroll(reel));
    effect(move || watch_sizes(reel));
    follow_changes(reel);
    let blocks = list(
        move || {
            let (first, past) = reel.range.get();
            (first..past).collect()
        },
        u32::to_string,
        move |index| view! { <BlockView index reel/> }.into_any(),
    );
    view! {
        <div class="conversation" data-open-at=open_at node_ref=reel.frame on:click=move |event| clicked(reel, &event)>
            <div class="spacer" node_ref=above>{earlier}</div>
            {blocks}
            <div class="spacer" node_ref=below>{later}</div>
        </div>
        <Arrivals reel/>
    }
}

fn page_link(turn: u32, label: &'static str) -> AnyView {
    view! { <a class="turn-page" href=format!("?at={turn}") rel="external">{label}</a> }.into_any()
}

/// Follows a click on a turn's time. Whoever opens something reads it: it stays where it is.
fn clicked(reel: Reel, event: &ev::MouseEvent) {
    if plainly_clicked(event, "summary").is_some() {
        reel.stay_here();
    }
    let link = plainly_clicked(event, "a.turn-time").and_then(|link| link.get_attribute("href"));
    let turn = link.and_then(|href| href.strip_prefix("?at=")?.parse().ok());
    if let Some(turn) = turn {
        event.prevent_default();
        reel.go_to(turn);
    }
}

/// Goes where the reader expects to be: the spacers have just taken their room.
fn begin(reel: Reel, asked: Option<u32>) {
    request_animation_frame(move || {
        // The reader may have left before the first frame. Another part of an agent's page may be in front: the page is
        // that part's.
        if reel.is_gone() || reel.is_hidden() {
            return;
        }
        match asked {
            Some(turn) => reel.go_to(turn),
            None => to_end(),
        }
        reel.look();
    });
}

/// Looks around once a frame while the page scrolls, and notes the place in the address when it rests.
fn watch_scroll(reel: Reel) {
    let pending = StoredValue::new(false);
    let resting = StoredValue::new(None::<TimeoutHandle>);
    let look = move || {
        if pending.try_get_value() != Some(false) {
            return;
        }
        pending.set_value(true);
        request_animation_frame(move || {
            if pending.try_set_value(false).is_none() {
                reel.look();
            }
        });
        if let Some(Some(waiting)) = resting.try_get_value() {
            waiting.clear();
        }
        let later = set_timeout_with_handle(move || note_place(reel), Duration::from_millis(400));
        resting.set_value(later.ok());
    };
    on_window("scroll", move |_| {
        if !reel.is_where_it_was_put() {
            look();
        }
    });
    on_window("resize", move |_| look());
    on_cleanup(move || {
        // Other pages let the browser find the old place again.
        if let Ok(history) = window().history() {
            let _ = history.set_scroll_restoration(web_sys::ScrollRestoration::Auto);
        }
        if let Some(Some(waiting)) = resting.try_get_value() {
            waiting.clear();
        }
    });
}

/// Keeps the reader's place in the address, so that loading again, going back and sharing lead to it.
fn note_place(reel: Reel) {
    let Some(turn) = reel.first_in_view() else { return };
    let Ok(path) = window().location().pathname() else { return };
    // Another part of an agent's page is in front: the address is that part's.
    if window().location().search().is_ok_and(|search| search.contains("tab=")) {
        return;
    }
    let address = if reel.is_at_end() { path } else { format!("{path}?at={turn}") };
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or(JsValue::NULL);
        let _ = history.replace_state_with_url(&state, "", Some(&address));
    }
}

/// Measures blocks as they change their size: turns open, pictures arrive, screens turn.
fn watch_sizes(reel: Reel) {
    let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        for entry in entries.iter() {
            let block = entry.unchecked_into::<ResizeObserverEntry>().target();
            let index = block.get_attribute("data-block").and_then(|index| index.parse().ok());
            let Some(index) = index.filter(|_| !block.class_list().contains("is-waiting-for-turns")) else {
                continue;
            };
            let place = block.get_bounding_client_rect();
            reel.measured(index, place.top(), place.height());
        }
        reel.settle();
    });
    let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) else { return };
    let observer = StoredValue::new_local(observer);
    let callback = StoredValue::new_local(callback);
    effect(move || {
        reel.range.track();
        request_animation_frame(move || {
            let Some(frame) = reel.frame.try_get_untracked().flatten() else { return };
            let blocks = frame.query_selector_all(":scope > .block");
            for index in 0..blocks.as_ref().map_or(0, |blocks| blocks.length()) {
                let block = blocks.as_ref().ok().and_then(|blocks| blocks.get(index));
                if let Some(block) = block.and_then(|block| block.dyn_into::<web_sys::Element>().ok()) {
                    // Watching what is watched already starts it anew, which only reports its size again.
                    observer.try_with_value(|observer| observer.observe(&block));
                }
            }
        });
    });
    on_cleanup(move || {
        observer.with_value(ResizeObserver::disconnect);
        callback.dispose();
    });
}

/// Fetches what is appended, as the event stream tells of it.
fn follow_changes(reel: Reel) {
    let live = use_live();
    let appends = move || {
        let id = reel.place.with_value(|place| place.id.clone());
        let changes = live.changes.read();
        (
            changes.iter().find(|change| change.id.as_str() == id).map_or(0, |change| change.appends),
            live.resyncs.get(),
        )
    };
    on_change(appends, move |_| reel.follow());
}

/// Says that turns arrived below, and leads to them.
#[component]
fn Arrivals(reel: Reel) -> impl IntoView {
    let unseen = reel.unseen;
    let label = move || format!("{} new", unseen.get());
    let go = move |_| {
        reel.go_to(reel.total.get_untracked());
        unseen.set(0);
    };
    let is_any = memo(move || unseen.get() > 0);
    let pill = changing(move || {
        match is_any.get() {
        false => ().into_any(),
        true => view! {
            <button type="button" class="pill" on:click=go title=move || text::plural(unseen.get() as usize, "new turn", "new turns")>
                {label} <Icon name="down"/>
            </button>
        }
        .into_any(),
    }
    });
    view! { <div class="arrivals" role="status">{pill}</div> }
}

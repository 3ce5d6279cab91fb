//! One session's conversation, or one of its subagents'.

use std::{sync::Arc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    hooks::{use_location, use_params_map},
    params::ParamsMap,
};
use orchestra_model::LiveStatus;

use crate::{
    api::{get_session, open_transcript},
    components::{
        drawn::Drawn,
        error_view::ErrorView,
        icon::Icon,
        skeleton::transcript_skeleton,
        transcript::{
            conversation::Conversation,
            copying::copy_on_click,
            head::{HeadBar, live_row},
            lane::Lane,
            list_column::ListColumn,
            reel::{Place, Reel},
        },
    },
    data::{Blocks, Carried, LaneView, Opened, SessionRow, TranscriptHead},
    error::AppError,
    reactive::{changing, memo, on_change},
    reads::read,
};

/// The conversation.
#[component]
pub fn TranscriptPage() -> impl IntoView {
    let parameters = use_params_map();
    let query = use_location().query;
    let place = memo(move || {
        let parameters = parameters.read();
        Place { id: parameters.get("id").unwrap_or_default(), agent: parameters.get("agent") }
    });
    // The turn asked for is read when a conversation opens; after that the reader moves freely.
    let asked = move || asked_turn(&query.read_untracked());
    let opened = read(
        move || place.with(|place| format!("{} {}", place.id, place.agent.as_deref().unwrap_or_default())),
        move || {
            let (Place { id, agent }, at) = (place.get_untracked(), asked());
            async move { open_transcript(id, agent, at).await.map(|opened| (at, Carried(opened))) }
        },
    );
    let current = Signal::derive(move || Some(place.read().id.clone()));
    let reader = opened.show(transcript_skeleton, move |opened| match opened {
        Ok((asked, Carried(Opened { head, blocks }))) => {
            let place = place.get_untracked();
            view! { <Reader place head blocks asked/> }.into_any()
        }
        Err(error) => view! { <Lost error/> }.into_any(),
    });
    view! { <main id="main" class="workbench"><ListColumn current/> {reader}</main> }
}

/// The turn that an address asks for.
pub(super) fn asked_turn(query: &ParamsMap) -> Option<u32> {
    query.get("at").and_then(|at| at.parse().ok())
}

#[component]
fn Lost(error: AppError) -> impl IntoView {
    view! { <Title text="Not found"/> <div class="reader"><ErrorView error/></div> }
}

#[component]
fn Reader(place: Place, head: TranscriptHead, blocks: Blocks, asked: Option<u32>) -> impl IntoView {
    let TranscriptHead { row, agent, lane, details, silence, clock } = head;
    // An address may hold the beginning of an id only; the event stream names whole ones.
    let place = Place { id: row.id.to_string(), ..place };
    let row = live_row(row);
    let title = agent.clone().unwrap_or_else(|| row.read_untracked().title.clone());
    let lane = RwSignal::new(lane);
    let details = RwSignal::new(details);
    let silence = RwSignal::new(silence.unwrap_or_default());
    let reel = Reel::new(place, blocks);
    // Back, forward and links from elsewhere on the page lead to their turn.
    let query = use_location().query;
    on_change(
        move || asked_turn(&query.read()),
        move |turn| {
            if let Some(turn) = turn {
                reel.go_to(turn);
            }
        },
    );
    follow_head(reel, move |head| {
        lane.set(head.lane);
        details.set(head.details);
        silence.set(head.silence.unwrap_or_default());
    });
    let lane = lane_if_it_says_something(lane, reel);
    view! {
        <Title text=title/>
        <div class="reader" on:click=copy_on_click>
            <header class="reader-head">
                <HeadBar agent row offset_seconds=clock.offset_seconds/>
                {lane}
            </header>
            <Drawn class="silence" html=silence/>
            <Conversation reel asked/>
            <RightNow row/>
        </div>
        <aside id="details" class="details" popover="auto" aria-label="Details" on:click=copy_on_click>
            <div class="details-head">
                <h2>"Details"</h2>
                <button type="button" class="icon-button details-button" popovertarget="details" popovertargetaction="hide" aria-label="Close">
                    <svg class="icon" aria-hidden="true"><use href="#i-close"></use></svg>
                </button>
            </div>
            <Drawn class="details-body" html=details/>
        </aside>
    }
}

/// The lane, as soon as it says something.
pub(super) fn lane_if_it_says_something(lane: RwSignal<LaneView>, reel: Reel) -> AnyView {
    let says_something = memo(move || !lane.read().stops.is_empty());
    changing(move || match says_something.get() {
        true => view! { <Lane lane reel/> }.into_any(),
        false => ().into_any(),
    })
}

/// Fetches the head again when the transcript grew, and a while passed: it is about the whole of it.
pub(super) fn follow_head(reel: Reel, take: impl Fn(TranscriptHead) + Copy + 'static) {
    const EVERY: Duration = Duration::from_secs(5);
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let fetch = move || {
        let Some(Place { id, agent }) = reel.place.try_get_value() else { return };
        pending.set_value(None);
        spawn_local(async move {
            if let (Ok(head), Some(_)) = (get_session(id, agent).await, reel.total.try_get_untracked()) {
                take(head);
            }
        });
    };
    on_change(
        move || reel.total.get(),
        move |_| {
            if pending.get_value().is_none() {
                pending.set_value(set_timeout_with_handle(fetch, EVERY).ok());
            }
        },
    );
    on_cleanup(move || {
        if let Some(Some(waiting)) = pending.try_get_value() {
            waiting.clear();
        }
    });
}

/// What the session does at this moment, below its last turn.
#[component]
fn RightNow(row: Memo<Arc<SessionRow>>) -> impl IntoView {
    let status = memo(move || row.read().status);
    let mark = changing(move || match status.get() {
        Some(LiveStatus::Busy) => {
            view! { <p class="mark is-running"><Icon name="busy"/>"Working now"</p> }.into_any()
        }
        Some(LiveStatus::Waiting) => {
            view! { <p class="mark is-waiting"><Icon name="waiting"/>"Waits for you, in its terminal"</p> }
                .into_any()
        }
        _ => ().into_any(),
    });
    view! { <div class="right-now" role="status">{mark}</div> }
}

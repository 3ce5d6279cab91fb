//! One session's conversation, or one of its subagents'.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    hooks::{use_params_map, use_query_map},
    params::ParamsMap,
};
use orchestra_model::LiveStatus;
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    api::{get_session, open_transcript},
    components::{
        error_view::ErrorView,
        icon::Icon,
        skeleton::TranscriptSkeleton,
        transcript::{
            conversation::Conversation,
            details::Details,
            head::{HeadBar, live_row},
            lane::Lane,
            list_column::ListColumn,
            reel::{Place, Reel},
        },
    },
    data::{Blocks, SessionRow, TranscriptHead},
    error::AppError,
};

/// Blocks that travel with a rendered page: without their drawings, which are in its document already.
#[derive(Clone, Deserialize)]
struct Opening(Blocks);

impl Serialize for Opening {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("Opening", &self.0.without_drawings())
    }
}

/// The conversation.
#[component]
pub fn TranscriptPage() -> impl IntoView {
    let parameters = use_params_map();
    let query = use_query_map();
    let place = Memo::new(move |_| {
        let parameters = parameters.read();
        Place { id: parameters.get("id").unwrap_or_default(), agent: parameters.get("agent") }
    });
    // The turn asked for is read when a conversation opens; after that the reader moves freely.
    let asked = move || asked_turn(&query.read_untracked());
    let head = Resource::new(move || place.get(), |Place { id, agent }| get_session(id, agent));
    let opening = Resource::new(
        move || place.get(),
        move |Place { id, agent }| {
            let at = asked();
            async move { open_transcript(id, agent, at).await.map(|blocks| (at, Opening(blocks))) }
        },
    );
    let current = Signal::derive(move || Some(place.read().id.clone()));
    view! {
        <main id="main" class="workbench">
            <ListColumn current/>
            <Transition fallback=TranscriptSkeleton>
                {move || Suspend::new(async move {
                    match (head.await, opening.await) {
                        (Ok(head), Ok((asked, Opening(blocks)))) => {
                            let place = place.get_untracked();
                            view! { <Reader place head blocks asked/> }.into_any()
                        }
                        (Err(error), _) | (_, Err(error)) => view! { <Lost error/> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

/// The turn that an address asks for.
fn asked_turn(query: &ParamsMap) -> Option<u32> {
    query.get("at").and_then(|at| at.parse().ok())
}

#[component]
fn Lost(error: AppError) -> impl IntoView {
    view! { <Title text="Not found"/> <div class="reader"><ErrorView error/></div> }
}

#[component]
fn Reader(place: Place, head: TranscriptHead, blocks: Blocks, asked: Option<u32>) -> impl IntoView {
    let row = live_row(head.row.clone());
    let title = head.agent.as_ref().map_or_else(|| head.row.title.clone(), |agent| agent.description.clone());
    let lane = head.lane.clone();
    let is_cleaned = head.row.cleaned;
    let is_silent = blocks.total == 0;
    let last_prompt = head.row.last_prompt.clone();
    let head = StoredValue::new(head);
    let reel = Reel::new(place, blocks);
    // Back, forward and links from elsewhere on the page lead to their turn.
    let query = use_query_map();
    let at = Memo::new(move |_| asked_turn(&query.read()));
    Effect::new(move |before: Option<Option<u32>>| {
        let now = at.get();
        if let (Some(turn), true) = (now, before.is_some_and(|before| before != now)) {
            reel.go_to(turn);
        }
        now
    });
    view! {
        <Title text=title/>
        <div class="reader">
            <header class="reader-head">
                <HeadBar head row/>
                {(!is_silent).then(|| view! { <Lane lane reel/> })}
            </header>
            {if is_cleaned {
                view! { <Cleaned last_prompt/> }.into_any()
            } else if is_silent {
                view! { <section class="message"><h2>"Nothing was said yet"</h2><p>"The transcript holds no turns. They appear here as they are written."</p></section> }.into_any()
            } else {
                ().into_any()
            }}
            <Conversation reel asked/>
            <RightNow row/>
        </div>
        <Details head row/>
    }
}

/// What the session does at this moment, below its last turn.
#[component]
fn RightNow(row: Memo<SessionRow>) -> impl IntoView {
    let status = Memo::new(move |_| row.read().status);
    view! {
        <div class="right-now" role="status">
            {move || match status.get() {
                Some(LiveStatus::Busy) => Some(view! { <p class="mark is-running"><Icon name="busy"/>"Working now"</p> }),
                Some(LiveStatus::Waiting) => {
                    Some(view! { <p class="mark is-waiting"><Icon name="waiting"/>"Waits for you, in its terminal"</p> })
                }
                _ => None,
            }}
        </div>
    }
}

/// A session whose transcript its client has deleted.
#[component]
fn Cleaned(last_prompt: Option<String>) -> impl IntoView {
    view! {
        <section class="message">
            <h2>"The transcript was cleaned up"</h2>
            <p>
                "Claude Code deletes transcripts after " <code>"cleanupPeriodDays"</code>
                " (30 by default). The prompt history still knows when this session was held, and what was asked last."
            </p>
            {last_prompt.map(|prompt| view! { <blockquote class="plain">{prompt}</blockquote> })}
            <p class="aside">"To keep transcripts longer, raise " <code>"cleanupPeriodDays"</code> " in Claude Code's settings."</p>
        </section>
    }
}

//! One agent: its conversation as it goes on, what it asks, what it changed and what it came to.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};

use super::transcript::asked_turn;
use crate::{
    api::open_agent,
    components::{
        agent::{Composer, Tab, WorkPanel, Writing, column::AgentsColumn},
        agent_card::{catch_up_after_losses, live_agent},
        beside::has_room,
        drawn::Drawn,
        error_view::ErrorView,
        icon::Icon,
        name::Name,
        skeleton::transcript_skeleton,
        transcript::{
            conversation::Conversation,
            copying::copy_on_click,
            reel::{Place, Reel},
        },
    },
    data::{AgentView, Carried},
    live::use_live,
    reactive::memo,
    reads::read,
};

/// The agent.
#[component]
pub fn AgentPage() -> impl IntoView {
    let parameters = use_params_map();
    // A route's own query stays as it was when another agent is opened; the address's does not.
    let query = use_location().query;
    let live = use_live();
    let id = memo(move || parameters.read().get("id").unwrap_or_default());
    let tab = memo(move || Tab::named(query.read().get_str("tab")));
    let agent = read(
        move || id.get(),
        move || {
            let (asked, as_of) = (asked_turn(&query.read_untracked()), live.sequence.get_untracked());
            let id = id.get_untracked();
            async move { open_agent(id, asked).await.map(|view| (asked, as_of, Carried(view))) }
        },
    );
    catch_up_after_losses();
    let stage = agent.show(transcript_skeleton, move |agent| match agent {
        Ok((asked, as_of, Carried(view))) => view! { <Stage asked as_of view tab/> }.into_any(),
        Err(error) => {
            view! { <Title text="Not found"/> <div class="reader"><ErrorView error/></div> }.into_any()
        }
    });
    view! { <main id="main" class="workbench agent-page"><AgentsColumn current=id/> {stage}</main> }
}

#[component]
fn Stage(asked: Option<u32>, as_of: u64, view: AgentView, tab: Memo<Tab>) -> impl IntoView {
    let AgentView { row, task, blocks, lane, .. } = view;
    let (id, name, session) = (row.id.clone(), row.name.clone(), row.session.clone());
    let row = live_agent(row, as_of);
    let part = move |part: fn(&crate::data::AgentRow) -> &String| {
        Signal::derive(move || row.read().as_deref().map(|row| part(row).clone()).unwrap_or_default())
    };
    let reel = Reel::new(Place { id: session.clone(), agent: None }, blocks);
    let lane = RwSignal::new(lane);
    super::transcript::follow_head(reel, move |head| lane.set(head.lane));
    let lane = super::transcript::lane_if_it_says_something(lane, reel);
    let is_silent = move || reel.total.get() == 0;
    let task = Signal::derive(move || if is_silent() { task.clone() } else { String::new() });
    let (title, name) = (name.clone(), Signal::stored(name));
    let has_room = has_room();
    let (to_talk, to_work) = (id.clone(), id.clone());
    let stages = Tab::ALL.map(|one| {
        let current = move || (tab.get() == one).then_some("page");
        // Beside the conversation another part comes, and the conversation stays where it is.
        let stays = move || has_room.get().then_some("");
        view! { <a class="tab" href=one.href(&to_talk) aria-current=current data-noscroll=stays>{one.title()}</a> }
    });
    let data_tab = move || tab.get().name();
    view! {
        <Title text=title/>
        <div class="reader agent" data-agent=id.clone() data-tab=data_tab on:click=copy_on_click>
            <header class="reader-head">
                <div class="head-bar">
                    <a class="icon-button" href="/" data-up="" aria-label="Back to all agents"><Icon name="back"/></a>
                    <h1 class="head-title" title=name><Name text=name/></h1>
                    <nav class="tabs" aria-label="Parts">{stages.into_iter().map(IntoAny::into_any).collect_view()}</nav>
                </div>
                {lane}
            </header>
            <Drawn class="task-frame" html=task/>
            <Conversation reel asked/>
            <Writing id=to_work.clone() reel/>
            <Drawn class="asks" html=part(|row| &row.asks)/>
            <Drawn class="desk" html=part(|row| &row.desk)/>
            <Composer id=to_work.clone()/>
        </div>
        <WorkPanel id=to_work row tab/>
    }
}

//! The whole of the dashboard: its places, and what they share.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    components::{
        commands::Commands, frame::FrameInStep, outbox::provide_outbox, scroll_memory::provide_scroll_memory,
        time::provide_clock,
    },
    live::provide_live,
    pages::{
        AgentPage, NewPage, NotFoundPage, NowPage, ProjectPage, SessionsPage, SettingsPage, TranscriptPage,
    },
};

/// The element that holds what the browser takes over; the frame around it stays as the server rendered it.
pub const APP_ELEMENT: &str = "app";

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_clock();
    provide_live();
    provide_scroll_memory();
    provide_outbox();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Orchestra".to_owned() } else { format!("{title} · Orchestra") }/>
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=NowPage ssr=SsrMode::Async/>
                <Route path=path!("/agents/:id") view=AgentPage ssr=SsrMode::Async/>
                <Route path=path!("/new") view=NewPage ssr=SsrMode::Async/>
                <Route path=path!("/sessions") view=SessionsPage ssr=SsrMode::Async/>
                <Route path=path!("/sessions/:id") view=TranscriptPage ssr=SsrMode::Async/>
                <Route path=path!("/sessions/:id/agents/:agent") view=TranscriptPage ssr=SsrMode::Async/>
                <Route path=path!("/projects") view=ProjectPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
            </FlatRoutes>
            <Commands/>
            <FrameInStep/>
        </Router>
    }
}

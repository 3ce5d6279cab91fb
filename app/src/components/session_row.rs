//! One session in a list: as the server drew it, with its time, which runs on.

use std::sync::Arc;

use leptos::prelude::*;

use super::time::Time;
use crate::{data::SessionRow, reactive::memo};

/// The row.
#[component]
pub fn SessionRowView(
    /// The session, as it is now.
    row: Signal<Arc<SessionRow>>,
    /// Whether it stands under the session it was forked from.
    nested: bool,
    /// The server's offset from UTC.
    offset_seconds: i32,
    /// Whether the page shows this session already.
    #[prop(into, optional)]
    current: Signal<bool>,
) -> impl IntoView {
    let id = row.read_untracked().id.to_string();
    let class = move || {
        let mut class = "row".to_owned();
        let row = row.read();
        if let Some(status) = row.status {
            class.push_str(" is-live row-");
            class.push_str(status.name());
        } else if row.cleaned {
            class.push_str(" is-cleaned");
        }
        if nested {
            class.push_str(" is-nested");
        }
        class
    };
    let html = memo(move || row.read().html.clone());
    view! {
        <li class=class data-row=id aria-current=move || current.get().then_some("page")>
            <div class="row-body" inner_html=move || html.get()></div>
            <span class="row-time"><Time at_ms=Signal::derive(move || row.read().active_ms) offset_seconds/></span>
        </li>
    }
}

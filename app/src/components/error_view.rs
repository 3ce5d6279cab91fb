//! The one view of every error: what happened, and what to do next.

use leptos::prelude::*;

use super::icon::Icon;
use crate::error::{AppError, AppErrorKind};

/// An error, where the content would have been.
#[component]
pub fn ErrorView(
    /// What went wrong.
    error: AppError,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::ssr::set_status(error.status());
    view! {
        <section class="message" role="alert">
            <Icon name="alert"/>
            <h1>{error.message}</h1>
            <p>{error.next_step}</p>
            <p class="message-actions">
                {(error.kind == AppErrorKind::Offline).then(|| view! { <a class="button is-primary" href="" rel="external">"Try again"</a> })}
                <a class="button" href="/sessions?since=all">"All sessions"</a>
            </p>
        </section>
    }
}

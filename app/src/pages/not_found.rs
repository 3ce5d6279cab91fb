//! The page for addresses that lead nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::error_view::ErrorView,
    error::{AppError, AppErrorKind},
};

/// Nothing here.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let error = AppError::new(
        AppErrorKind::NotFound,
        "There is no such page.",
        "The address may be mistyped, or from another version of Orchestra.",
    );
    view! {
        <Title text="Not found"/>
        <main id="main" class="page"><ErrorView error/></main>
    }
}

//! The pages.

pub mod agent;
pub mod new;
pub mod not_found;
pub mod now;
pub mod project;
pub mod sessions;
pub mod settings;
pub mod transcript;

pub use agent::AgentPage;
pub use new::NewPage;
pub use not_found::NotFoundPage;
pub use now::NowPage;
pub use project::ProjectPage;
pub use sessions::SessionsPage;
pub use settings::SettingsPage;
pub use transcript::TranscriptPage;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{data::ListQuery, reactive::memo};

/// What the address asks of a list.
fn use_list_query() -> Memo<ListQuery> {
    let parameters = use_query_map();
    memo(move || ListQuery::read(|name| parameters.read().get(name)))
}

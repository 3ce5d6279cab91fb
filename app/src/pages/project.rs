//! Projects: all of them, or the sessions of one.

use leptos::prelude::*;
use leptos_meta::Title;

use super::use_list_query;
use crate::{
    api::list_projects,
    components::{
        drawn::Drawn, error_view::ErrorView, icon::Icon, name::PathName, sessions_list::SessionsList,
        skeleton::list_skeleton,
    },
    data::ListQuery,
    reactive::{changing, memo},
    reads::read,
};

/// The projects, or one of them.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let query = use_list_query();
    let dir = memo(move || query.read().dir.clone());
    view! {
        <main id="main" class="page">
            {changing(move || match dir.get() {
                Some(dir) => view! { <OneProject dir query/> }.into_any(),
                None => view! { <AllProjects/> }.into_any(),
            })}
        </main>
    }
}

#[component]
fn AllProjects() -> impl IntoView {
    let projects = read(String::new, list_projects).show(list_skeleton, |projects| match projects {
        Ok(drawing) => view! { <Drawn class="project-list" html=Signal::stored(drawing)/> }.into_any(),
        Err(error) => view! { <ErrorView error/> }.into_any(),
    });
    view! { <Title text="Projects"/> <h1 class="page-title">"Projects"</h1> {projects} }
}

#[component]
fn OneProject(dir: String, query: Memo<ListQuery>) -> impl IntoView {
    let name = dir.trim_end_matches('/').rsplit('/').next().unwrap_or(&dir).to_owned();
    view! {
        <Title text=name.clone()/>
        <header class="page-head">
            <a class="icon-button" href="/projects" data-up="" aria-label="Back to the projects"><Icon name="back"/></a>
            <div class="page-head-words">
                <h1 class="page-title">{name}</h1>
                <PathName path=dir/>
            </div>
        </header>
        <SessionsList query/>
    }
}

//! Projects: all of them, or the sessions of one.

use leptos::prelude::*;
use leptos_meta::Title;

use super::use_list_query;
use crate::{
    api::list_projects,
    components::{
        error_view::ErrorView, icon::Icon, name::PathName, projects::ProjectsList,
        sessions_list::SessionsList, skeleton::ListSkeleton,
    },
    data::ListQuery,
};

/// The projects, or one of them.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let query = use_list_query();
    let dir = Memo::new(move |_| query.read().dir.clone());
    view! {
        <main id="main" class="page">
            {move || match dir.get() {
                Some(dir) => view! { <OneProject dir query/> }.into_any(),
                None => view! { <AllProjects/> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn AllProjects() -> impl IntoView {
    let projects = Resource::new(|| (), |()| list_projects());
    view! {
        <Title text="Projects"/>
        <h1 class="page-title">"Projects"</h1>
        <Suspense fallback=ListSkeleton>
            {move || Suspend::new(async move {
                match projects.await {
                    Ok(view) => view! { <ProjectsList view/> }.into_any(),
                    Err(error) => view! { <ErrorView error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn OneProject(dir: String, query: Memo<ListQuery>) -> impl IntoView {
    let name = dir.trim_end_matches('/').rsplit('/').next().unwrap_or(&dir).to_owned();
    let projects = Resource::new(|| (), |()| list_projects());
    let sought = StoredValue::new(dir.clone());
    view! {
        <Title text=name.clone()/>
        <header class="page-head">
            <a class="icon-button" href="/projects" data-up="" aria-label="Back to the projects"><Icon name="back"/></a>
            <div class="page-head-words">
                <h1 class="page-title">{name}</h1>
                <PathName path=dir/>
                <Suspense fallback=|| view! { <p class="branches">" "</p> }>
                    {move || Suspend::new(async move {
                        let found = projects.await.ok().and_then(|view| {
                            view.projects.into_iter().find(|card| sought.with_value(|dir| card.dir.as_ref() == Some(dir)))
                        });
                        let branches = found.map(|card| card.branches).unwrap_or_default();
                        let chips = branches.into_iter().map(|branch| view! { <li><Icon name="branch"/>{branch}</li> });
                        view! { <ul class="branches" aria-label="Branches seen">{chips.collect_view()}</ul> }
                    })}
                </Suspense>
            </div>
        </header>
        <SessionsList query/>
    }
}

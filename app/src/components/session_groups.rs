//! Sessions by day and project.

use std::{collections::HashMap, sync::Arc};

use leptos::prelude::*;
use orchestra_model::SessionId;

use super::{list::list, name::Name, session_row::SessionRowView};
use crate::{
    data::{DayGroup, Placed, ProjectGroup, ServerClock, SessionRow, groups, session_row::project_href},
    reactive::memo,
    text,
};

/// Every row by its id: each row of the page reads its own from here.
type ById = Memo<Arc<HashMap<SessionId, Arc<SessionRow>>>>;

/// A list of sessions, arranged.
#[component]
pub fn SessionGroups(
    /// The sessions, as they are now.
    rows: Signal<Vec<Arc<SessionRow>>>,
    /// The server's clock.
    clock: ServerClock,
    /// The session that the page shows already.
    #[prop(into, optional)]
    current: Signal<Option<String>>,
    /// Whether all are of one project, whose name need not be said.
    #[prop(optional)]
    one_project: bool,
) -> impl IntoView {
    let days = memo(move || groups::group(&rows.read()));
    let by_id: ById =
        memo(move || Arc::new(rows.read().iter().map(|row| (row.id.clone(), Arc::clone(row))).collect()));
    list(
        move || days.get(),
        |day| day.day.to_string(),
        move |day| view! { <Day day days by_id clock current one_project/> }.into_any(),
    )
}

#[component]
fn Day(
    day: DayGroup,
    days: Memo<Vec<DayGroup>>,
    by_id: ById,
    clock: ServerClock,
    current: Signal<Option<String>>,
    one_project: bool,
) -> impl IntoView {
    let number = day.day;
    let here = memo(move || {
        days.read()
            .iter()
            .find(|day| day.day == number)
            .map(|day| (day.len(), day.projects.clone()))
            .unwrap_or_default()
    });
    let projects = list(
        move || here.get().1,
        |project| project.key.clone(),
        move |project| view! { <Project project here by_id clock current one_project/> }.into_any(),
    );
    view! {
        <section class="day">
            <h2 class="day-name">
                {text::day_name(number, clock.today)}
                <span class="count">{move || here.read().0.to_string()}</span>
            </h2>
            {projects}
        </section>
    }
}

#[component]
fn Project(
    project: ProjectGroup,
    here: Memo<(usize, Vec<ProjectGroup>)>,
    by_id: ById,
    clock: ServerClock,
    current: Signal<Option<String>>,
    one_project: bool,
) -> impl IntoView {
    let key = project.key.clone();
    let placed = memo(move || {
        here.read()
            .1
            .iter()
            .find(|project| project.key == key)
            .map(|project| project.rows.clone())
            .unwrap_or_default()
    });
    let name = project.name.clone();
    let heading = (!one_project).then(|| {
        let count = move || placed.read().len().to_string();
        let title = project.dir.clone().unwrap_or_else(|| name.clone());
        let name = Signal::stored(name.clone());
        match &project.dir {
            Some(dir) => view! {
                <h3 class="project-name" title=title>
                    <a href=project_href(dir)><Name text=name/></a> <span class="count">{count}</span>
                </h3>
            }
            .into_any(),
            None => {
                view! { <h3 class="project-name"><Name text=name/> <span class="count">{count}</span></h3> }
                    .into_any()
            }
        }
    });
    let rows = list(
        move || placed.get(),
        |placed| format!("{}{}", placed.row.id, if placed.nested { " nested" } else { "" }),
        move |placed| view! { <Row placed by_id clock current/> }.into_any(),
    );
    view! {
        <div class="project">
            {heading}
            <ul class="rows">{rows}</ul>
        </div>
    }
}

#[component]
fn Row(placed: Placed, by_id: ById, clock: ServerClock, current: Signal<Option<String>>) -> impl IntoView {
    let Placed { row, nested } = placed;
    let id = row.id.clone();
    let is_current = {
        let id = id.clone();
        Signal::derive(move || current.read().as_deref() == Some(id.as_str()))
    };
    let row = memo(move || by_id.read().get(&id).cloned().unwrap_or_else(|| Arc::clone(&row)));
    view! { <SessionRowView row=row.into() nested offset_seconds=clock.offset_seconds current=is_current/> }
}

//! Who comes after whom, and who started whom: a picture made here, with each agent a link, and the same as a list.
//!
//! It is drawn twice, for a phone and for wide screens; the style sheet shows one of them.

mod layout;
mod picture;

use std::collections::HashMap;

use leptos::prelude::*;
use orchestra_model::AgentId;

use super::{Known, mark, name_link};
use crate::drawn::parts;
use layout::{Edge, EdgeKind};

pub(super) fn draw(known: &Known) -> AnyView {
    let edges = edges(known);
    let count = known.results.tasks.len();
    if count < 2 {
        return view! { <p class="quiet" data-part="graph">"One agent alone: there is nothing to draw."</p> }
            .into_any();
    }
    let label =
        format!("{count} agents and {} arrows between them; the list below says the same", edges.len());
    let narrow = picture::draw(known, &edges, &picture::NARROW);
    let wide = picture::draw(known, &edges, &picture::WIDE);
    view! {
        <section class="graph" data-part="graph">
            <div class="graph-narrow" inner_html=framed(&narrow, &label)></div>
            <div class="graph-wide" inner_html=framed(&wide, &label)></div>
            {legend(&edges)}
            <details class="graph-list" data-key="graph-list" open=edges.is_empty()>
                <summary class="fold-line">"As a list"</summary>
                {list(known, &edges)}
            </details>
        </section>
    }
    .into_any()
}

fn framed(picture: &picture::Picture, label: &str) -> String {
    let picture::Picture { width, height, svg } = picture;
    let label = crate::text::escaped(label);
    format!(
        r#"<svg class="graph-picture" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group" aria-label="{label}">{svg}</svg>"#
    )
}

/// The arrows, by the places of their ends.
fn edges(known: &Known) -> Vec<Edge> {
    let tasks = &known.results.tasks;
    let named: HashMap<&str, usize> =
        tasks.iter().enumerate().map(|(place, task)| (task.name.as_str(), place)).collect();
    let agents: HashMap<&AgentId, usize> =
        tasks.iter().enumerate().map(|(place, task)| (&task.agent, place)).collect();
    let mut edges = Vec::new();
    for (to, task) in tasks.iter().enumerate() {
        let from = task.from.as_deref().and_then(|name| named.get(name).copied());
        edges.extend(from.map(|from| Edge { from, to, kind: EdgeKind::From }));
        let after = task.after.iter().filter_map(|name| named.get(name.as_str()).copied());
        edges.extend(after.filter(|after| Some(*after) != from).map(|from| Edge {
            from,
            to,
            kind: EdgeKind::After,
        }));
        let talker = known.messages.agents.iter().find(|agent| agent.id == task.agent);
        let starter =
            talker.and_then(|talker| talker.started_by.as_ref()).and_then(|id| agents.get(id).copied());
        edges.extend(starter.map(|from| Edge { from, to, kind: EdgeKind::Started }));
    }
    edges.retain(|edge| edge.from != edge.to);
    edges
}

/// What the arrows mean, of those that there are.
fn legend(edges: &[Edge]) -> impl IntoView + use<> {
    let kinds = [
        (EdgeKind::After, "comes after it"),
        (EdgeKind::From, "goes on from its branch"),
        (EdgeKind::Started, "was started by it"),
    ];
    let kinds = kinds.into_iter().filter(|(kind, _)| edges.iter().any(|edge| edge.kind == *kind)).map(|(kind, words)| {
        let line = format!(r#"<path class="{}" d="M2 6H34"/>"#, picture::class_of(kind));
        view! { <li><svg width="36" height="12" viewBox="0 0 36 12" aria-hidden="true" inner_html=line></svg> {words}</li> }
    });
    view! { <ul class="graph-legend">{kinds.collect_view()}</ul> }
}

fn list(known: &Known, edges: &[Edge]) -> impl IntoView + use<> {
    let tasks = &known.results.tasks;
    let rows = tasks.iter().enumerate().map(|(place, task)| {
        let about = |kind: EdgeKind, words: &str| {
            let names = edges.iter().filter(|edge| edge.to == place && edge.kind == kind);
            let names: Vec<String> =
                names.filter_map(|edge| tasks.get(edge.from)).map(|from| parts::visible(&from.name)).collect();
            (!names.is_empty()).then(|| format!("{words} {}", names.join(", ")))
        };
        let words = [
            about(EdgeKind::From, "goes on from the branch of"),
            about(EdgeKind::After, "comes after"),
            about(EdgeKind::Started, "was started by"),
        ];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join("; ");
        view! { <li><span class="graph-list-name">{name_link(task)} {mark(known, task)}</span> <span class="aside">{words}</span></li> }
    });
    view! { <ul>{rows.collect_view()}</ul> }
}

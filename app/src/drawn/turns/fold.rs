//! Runs of calls that only looked, folded into one line: "read 4 files, searched twice".

use leptos::prelude::*;
use orchestra_model::{ToolCall, Turn, TurnBody};

use super::{Manuscript, tool, verbs};
use crate::text;

/// Cuts turns into runs: neighbours that only looked, and succeeded, stay together; every other turn is alone.
pub(super) fn runs(turns: &[Turn]) -> Vec<&[Turn]> {
    turns.chunk_by(|one, next| looked(one).is_some() && looked(next).is_some()).collect()
}

/// The call of a turn that only looked, and was not refused.
fn looked(turn: &Turn) -> Option<&ToolCall> {
    match &turn.body {
        TurnBody::Tool(call) => {
            let well =
                call.result.as_ref().is_some_and(|result| !result.is_error && result.images.is_empty());
            (verbs::only_reads(&call.name) && well).then_some(call)
        }
        _ => None,
    }
}

/// One line for a run, opening to its calls.
pub(super) fn draw(run: &[Turn], manuscript: &Manuscript) -> String {
    let names: Vec<&str> = run.iter().filter_map(looked).map(|call| call.name.as_str()).collect();
    let ordinal = run.first().map_or(0, |turn| turn.ordinal);
    let calls = run
        .iter()
        .filter_map(|turn| Some((turn, looked(turn)?)))
        .map(|(turn, call)| {
            view! { <div id=(turn.ordinal != ordinal).then(|| format!("turn-{}", turn.ordinal))>{tool::details(call, manuscript)}</div> }
        })
        .collect_view();
    view! {
        <article id=format!("turn-{ordinal}") class="turn turn-tool turn-run">
            <a class="turn-time" href=format!("?at={ordinal}") title="Link to this turn">
                {manuscript.time(run.first().and_then(|turn| turn.at))}
            </a>
            <div class="turn-body">
                <details class="fold">
                    <summary class="fold-line">
                        {tool::state_shape(tool::State::Done)}
                        <span class="verb">{sentence(&names)}</span>
                    </summary>
                    <div class="fold-body run-body">{calls}</div>
                </details>
            </div>
        </article>
    }
    .to_html()
}

/// What a run did, in words.
fn sentence(names: &[&str]) -> String {
    let count = |wanted: &[&str]| names.iter().filter(|name| wanted.contains(name)).count();
    let times =
        |number: usize| if number == 1 { "once".to_owned() } else { text::plural(number, "time", "times") };
    let mut parts = Vec::new();
    let files = count(&["Read", "NotebookRead"]);
    if files > 0 {
        parts.push(format!("read {}", text::plural(files, "file", "files")));
    }
    for (verb, tools) in [
        ("searched", ["Grep", "ToolSearch"].as_slice()),
        ("listed files", &["Glob", "LS"]),
        ("fetched pages", &["WebFetch"]),
        ("searched the web", &["WebSearch"]),
    ] {
        let number = count(tools);
        if number > 0 {
            parts.push(format!("{verb} {}", times(number)));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_in_one_sentence() {
        assert_eq!(sentence(&["Read", "Read", "Grep"]), "read 2 files, searched once");
        assert_eq!(sentence(&["Glob", "Grep", "LS"]), "searched once, listed files 2 times");
    }
}

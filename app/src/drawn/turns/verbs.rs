//! What tools do, in a word.

/// The verb of a tool a person knows, as a row begins: "read src/main.rs".
pub(super) fn verb(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "Bash" | "BashOutput" | "PowerShell" => "ran",
        "Read" | "NotebookRead" => "read",
        "Edit" | "MultiEdit" | "NotebookEdit" => "edited",
        "Write" => "wrote",
        "Grep" | "ToolSearch" => "searched",
        "Glob" | "LS" => "listed",
        "WebFetch" => "fetched",
        "WebSearch" => "searched the web",
        "Task" | "Agent" => "sent an agent",
        "TodoWrite" | "TaskCreate" | "TaskUpdate" => "planned",
        "AskUserQuestion" => "asked",
        "ExitPlanMode" => "proposed a plan",
        "Skill" => "used a skill",
        "KillShell" | "KillBash" => "stopped a command",
        _ => return None,
    })
}

/// A tool's name for people: `mcp__github__create_issue` is `github · create_issue`.
pub(super) fn plain_name(tool: &str) -> String {
    match tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
        Some((server, name)) => format!("{server} · {name}"),
        None => tool.to_owned(),
    }
}

/// Whether a tool only looks, so that a run of such calls folds into one line.
pub(super) fn only_reads(tool: &str) -> bool {
    matches!(tool, "Read" | "NotebookRead" | "Grep" | "Glob" | "LS" | "WebFetch" | "WebSearch" | "ToolSearch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_of_servers_lose_their_prefix() {
        assert_eq!(plain_name("mcp__github__create_issue"), "github · create_issue");
        assert_eq!(plain_name("mcp__odd"), "mcp__odd");
        assert_eq!(plain_name("Bash"), "Bash");
    }

    #[test]
    fn what_changes_things_never_folds_away() {
        assert!(["Bash", "Edit", "Write", "Task", "mcp__db__query"].iter().all(|tool| !only_reads(tool)));
    }
}

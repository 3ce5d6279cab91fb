//! One agent for a person: what it is, what it does, and what it asks with everything that can be answered.

use std::io::{self, Write};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState, AttentionKind, Decision, Request, RequestKind};

use super::{Paint, agent_table, style, text, wrap};

/// How wide the names of the fields are.
const FIELD: usize = 8;
/// How many lines of a field are shown: a task may be a document.
const FIELD_LINES: usize = 12;
/// How many lines of an input are shown.
const INPUT_LINES: usize = 24;

/// Writes all that is known of an agent.
pub(crate) fn write(
    agent: &Agent,
    now: Timestamp,
    tilde: &dyn Fn(&str) -> String,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (state, style) = agent_table::state_of(agent);
    writeln!(out, "{}  {}", paint.on(style::STRONG, &agent.name), paint.on(style, state))?;
    let mut field = |name: &str, value: &str| -> io::Result<()> {
        let lines = wrap::wrapped(&text::lines(value), width.saturating_sub(FIELD + 2));
        let more = lines.len().saturating_sub(FIELD_LINES);
        let cut = (more > 0).then(|| format!("… {}", text::count(more, "more line", "more lines")));
        for (index, line) in lines.iter().take(FIELD_LINES).chain(&cut).enumerate() {
            let name = if index == 0 { name } else { "" };
            writeln!(out, "{}  {line}", paint.on(style::SOFT, format_args!("{name:FIELD$}")))?;
        }
        Ok(())
    };
    field("Task", &agent.task)?;
    if let Some(waits) = &agent.waits {
        field("Queued", waits)?;
    }
    if let Some(failure) = &agent.failure {
        field("Failed", failure)?;
    } else if let Some(attention) = &agent.attention {
        let since = agent_table::ago(attention.since, now);
        let name = match attention.kind {
            AttentionKind::Permission | AttentionKind::Question | AttentionKind::Plan => "Asks",
            AttentionKind::Limit => "Budget",
            AttentionKind::Error => "Failed",
            AttentionKind::Done => "Result",
            AttentionKind::RateLimit => "Limit",
            AttentionKind::Stuck => "Stuck",
        };
        field(name, &format!("{} ({since} ago)", agent_table::words_of(agent, now)))?;
        if let Some(nudge) = &attention.nudge {
            field("Nudge", nudge)?;
            field("", &format!("orchestra send {} --nudge says that", agent.name))?;
        }
        if agent.state == AgentState::Parked {
            field("", "orchestra unpark has everyone go on now, if it has lifted")?;
        }
    } else if let Some(doing) = &agent.doing {
        field("Doing", doing)?;
    }
    field("Run", &format!("{}: orchestra results {}", agent.run, agent.name))?;
    if let Some(branch) = &agent.branch {
        let base = agent.base.as_deref().unwrap_or_default();
        field("Branch", &format!("{branch}, from {base}"))?;
    }
    if let Some(folder) = &agent.worktree {
        field("Folder", &tilde(folder))?;
    }
    if let Some(repo) = &agent.repo {
        field("Repo", &tilde(repo))?;
    }
    field("Session", agent.session_id.as_str())?;
    let mode = agent.permission_mode.as_deref();
    let model = agent.model.as_deref().unwrap_or("the client's default");
    field(
        "Model",
        &mode.map_or_else(|| model.to_owned(), |mode| format!("{model}, permission mode {mode}")),
    )?;
    let tokens = agent.tokens.uncached();
    let turns = text::count(agent.turns as usize, "turn", "turns");
    let cost = agent.cost_usd.map(|_| format!(", {}", agent_table::cost(agent.cost_usd))).unwrap_or_default();
    field("Used", &format!("{turns}, {tokens} tokens{cost}"))?;
    field("Id", agent.id.as_str())?;
    for note in &agent.notes {
        field("Note", note)?;
    }
    for prompt in &agent.queue {
        field(&format!("Waits {}", prompt.id), &prompt.text)?;
    }
    for request in &agent.requests {
        writeln!(out)?;
        write_request(agent, request, now, width, paint, out)?;
    }
    Ok(())
}

/// Writes a request with what it would do, and how it is answered.
fn write_request(
    agent: &Agent,
    request: &Request,
    now: Timestamp,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let asks = match request.kind {
        RequestKind::Permission => format!("asks to use {}", text::one_line(&request.tool)),
        RequestKind::Question => "asks".to_owned(),
        RequestKind::Plan => "has a plan".to_owned(),
    };
    let since = agent_table::ago(request.at, now);
    writeln!(
        out,
        "{} {}",
        paint.on(style::WAITING, "◆"),
        paint.on(style::STRONG, format_args!("{asks} ({since} ago)"))
    )?;
    if let Some(reason) = &request.reason {
        for line in wrap::wrapped(&text::lines(reason), width.saturating_sub(2)) {
            writeln!(out, "  {line}")?;
        }
    }
    let name = &agent.name;
    if request.kind == RequestKind::Question {
        for question in &request.questions {
            for line in wrap::wrapped(&text::lines(&question.text), width.saturating_sub(2)) {
                writeln!(out, "  {}", paint.on(style::STRONG, line))?;
            }
            for (number, choice) in (1..).zip(&question.options) {
                let description =
                    choice.description.as_deref().map(|text| format!(" – {text}")).unwrap_or_default();
                let line = text::one_line(&format!("{}{description}", choice.label));
                for (index, line) in wrap::wrapped(&line, width.saturating_sub(6)).iter().enumerate() {
                    let mark = if index == 0 { format!("{number:>3}.") } else { "    ".to_owned() };
                    writeln!(out, "  {mark} {line}")?;
                }
            }
        }
    } else {
        let input = request.plan.clone().unwrap_or_else(|| readable(request));
        let total = input.lines().count();
        for line in input.lines().take(INPUT_LINES) {
            writeln!(out, "    {}", text::lines(line))?;
        }
        if total > INPUT_LINES {
            let more = text::count(total - INPUT_LINES, "more line", "more lines");
            writeln!(
                out,
                "    {}",
                paint.on(style::SOFT, format_args!("… {more}; orchestra status {name} --json has all"))
            )?;
        }
    }
    if let Some(decided) = &request.decided {
        let what = match &decided.decision {
            Decision::Allow { .. } => "allowed",
            Decision::Deny { .. } => "denied",
        };
        let delivered = if decided.is_delivered { "the agent has it" } else { "on its way" };
        return writeln!(out, "  {what} through {}, {delivered}", decided.by);
    }
    for (number, suggestion) in (1..).zip(&request.suggestions) {
        let kept = suggestion.kept.as_deref().map(|place| format!(" (kept {place})")).unwrap_or_default();
        let rule = text::one_line(&format!("{}{kept}", suggestion.rule));
        writeln!(out, "  {} {rule}", paint.on(style::SOFT, format_args!("--always {number}:")))?;
    }
    let answer = match request.kind {
        RequestKind::Question => {
            let each = request.questions.iter().map(|_| "1").collect::<Vec<_>>().join(" ");
            format!("orchestra answer {name} {each}")
        }
        RequestKind::Permission | RequestKind::Plan => format!("orchestra answer {name} allow"),
    };
    writeln!(out, "  {}", paint.on(style::ACCENT, answer))?;
    writeln!(
        out,
        "  {}",
        paint.on(style::ACCENT, format_args!("orchestra answer {name} deny --message \"…\""))
    )
}

/// What a tool would be given, as a person reads it: the fields, their texts with their line ends.
fn readable(request: &Request) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&request.input) else {
        return request.input.clone();
    };
    let mut lines = Vec::new();
    for (name, value) in &fields {
        match value {
            serde_json::Value::String(text) if text.contains('\n') => {
                lines.push(format!("{name}:"));
                lines.extend(text.lines().map(|line| format!("  {line}")));
            }
            serde_json::Value::String(text) => lines.push(format!("{name}: {text}")),
            value => lines.push(format!("{name}: {value}")),
        }
    }
    lines.join("\n")
}

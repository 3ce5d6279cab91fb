//! `orchestra doctor`: what is not as it should be, and fixes that lose nothing.

use std::{io::Write, path::Path, process::Command};

use orchestra_core::{
    agents::doctor::{self, Finding},
    worktrees::Git,
};
use serde::Serialize;

use super::Context;
use crate::{
    cli::DoctorArguments,
    error::Failure,
    output::{Out, style, text, wrap},
};

/// The oldest client whose protocol is known.
const OLDEST_CLIENT: (u32, u32) = (2, 1);

#[derive(Serialize)]
struct Report {
    orchestra: &'static str,
    git: Option<String>,
    claude: Option<String>,
    state: String,
    findings: Vec<Finding>,
    fixed: Vec<String>,
}

/// Looks, and with `--fix` mends what can be mended.
pub(super) fn run(context: &Context, arguments: &DoctorArguments) -> Result<(), Failure> {
    let state = context.surroundings.state_dir()?;
    let git = context.surroundings.program("git").map_or_else(|| Git::new("git"), Git::new);
    let mut findings = doctor::examine(&state, &git);
    let claude = client_version(context, &mut findings);
    let mut fixed = Vec::new();
    if arguments.fix {
        findings.retain(|finding| match &finding.fix {
            Some(fix) if doctor::fix(&state, &git, fix) => {
                fixed.push(format!("{}: {}", finding.subject, finding.what));
                false
            }
            _ => true,
        });
    }
    let report = Report {
        orchestra: env!("CARGO_PKG_VERSION"),
        git: git.version().ok().map(|(major, minor)| format!("{major}.{minor}")),
        claude,
        state: state.display().to_string(),
        findings,
        fixed,
    };
    print(context, arguments, &state, &report)?;
    match report.findings.len() {
        0 => Ok(()),
        number => Err(Failure::new(format!("{} found", text::count(number, "thing was", "things were")))),
    }
}

/// The version that the client says it has; a finding when it is missing or too old.
fn client_version(context: &Context, findings: &mut Vec<Finding>) -> Option<String> {
    let finding = |what: String| Finding {
        subject: "claude".to_owned(),
        what,
        advice: "npm install -g @anthropic-ai/claude-code".to_owned(),
        fix: None,
        can_be_fixed: false,
    };
    let Some(program) = context.surroundings.program("claude") else {
        findings.push(finding("it is not installed: spawn and resume need it".to_owned()));
        return None;
    };
    let output = Command::new(&program).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = said.split(|character: char| !character.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < OLDEST_CLIENT => {
            let (least, and) = OLDEST_CLIENT;
            findings.push(finding(format!("it is {said}; agents need {least}.{and}")));
        }
        (Some(Ok(_)), Some(Ok(_))) => {}
        _ => findings.push(finding(format!("{} --version does not say a version", program.display()))),
    }
    Some(said).filter(|said| !said.is_empty())
}

fn print(
    context: &Context,
    arguments: &DoctorArguments,
    state: &Path,
    report: &Report,
) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        serde_json::to_writer(&mut out, report)?;
        writeln!(out)?;
        return out.finish();
    }
    let (width, paint) = (out.width, out.paint);
    let none = "missing".to_owned();
    for (name, value) in [
        ("orchestra", report.orchestra.to_owned()),
        ("git", report.git.clone().unwrap_or_else(|| none.clone())),
        ("claude", report.claude.clone().unwrap_or_else(|| none.clone())),
        ("state", context.surroundings.with_tilde(state)),
    ] {
        writeln!(out, "{}  {}", paint.on(style::SOFT, format_args!("{name:9}")), text::one_line(&value))?;
    }
    writeln!(out)?;
    for fixed in &report.fixed {
        writeln!(out, "{} {}", paint.on(style::DONE, "fixed"), text::one_line(fixed))?;
    }
    for finding in &report.findings {
        let sentence = format!("{}: {}", finding.subject, finding.what);
        for (index, line) in
            wrap::wrapped(&text::lines(&sentence), width.saturating_sub(2)).iter().enumerate()
        {
            let mark = if index == 0 { "✗" } else { " " };
            writeln!(out, "{} {line}", paint.on(style::FAILED, mark))?;
        }
        for line in wrap::wrapped(&text::lines(&finding.advice), width.saturating_sub(2)) {
            writeln!(out, "  {}", paint.on(style::SOFT, line))?;
        }
    }
    if report.findings.is_empty() {
        writeln!(out, "{} everything is as it should be", paint.on(style::DONE, "✓"))?;
    }
    out.finish()
}

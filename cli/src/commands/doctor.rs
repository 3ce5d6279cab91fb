//! `orchestra doctor`: what is not as it should be, and fixes that lose nothing.

use std::{io::Write, path::Path};

use orchestra_core::{
    agents::doctor::{self, Finding},
    worktrees::Git,
};
use serde::Serialize;

use super::Context;
use crate::{
    cli::DoctorArguments,
    configuration::Configuration,
    error::Failure,
    output::{Out, style, text, wrap},
};

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
    let client = context.surroundings.program("claude");
    let mut findings = doctor::examine(&state, &git, client.as_deref());
    let (claude, wrong) = client.as_deref().map(doctor::examine_client).unwrap_or_default();
    findings.extend(wrong);
    findings.extend(examine_configuration(context));
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
    let git = git.version().ok().map(|(major, minor)| format!("{major}.{minor}"));
    let report = Report {
        orchestra: env!("CARGO_PKG_VERSION"),
        git,
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

/// What is wrong with what the owner configured: a mistake there is otherwise noticed when somebody should have been told.
fn examine_configuration(context: &Context) -> Option<Finding> {
    let path = context.surroundings.config_file();
    let finding = |what: String, advice: String| Finding {
        subject: "config.toml".to_owned(),
        what,
        advice,
        fix: None,
        can_be_fixed: false,
    };
    let configuration = match Configuration::read(path.as_deref()) {
        Ok(configuration) => configuration,
        Err(failure) => return Some(finding(failure.to_string(), "orchestra web says where".to_owned())),
    };
    let program = configuration.notify.command.first()?;
    let is_there = if program.contains('/') {
        Path::new(program).is_file()
    } else {
        context.surroundings.program(program).is_some()
    };
    let what = format!("the command for notifications, {program}, is not there");
    (!is_there).then(|| finding(what, "mend `command` below [notify]".to_owned()))
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
    let none = "none that works".to_owned();
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

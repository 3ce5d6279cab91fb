//! The checks themselves. Each stands alone: what it needs from an earlier one it asks for again, which costs
//! nothing when that one ran.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::tools::{self, CargoTool};
use crate::{browser, proving, site, start};

/// One line of `cargo xtask test --list`.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Returns words for the summary, or nothing.
    pub(crate) run: fn(&Project) -> Result<String, Failure>,
}

/// Cheap ones first, and each after those whose results it uses.
pub(crate) const CHECKS: [Check; 15] = [
    Check { name: "fmt", what: "the code is formatted", run: fmt },
    Check { name: "wasm", what: "the browser's build holds nothing of the host's", run: wasm_guard },
    Check { name: "deny", what: "licences, sources, bans and advisories of all dependencies", run: deny },
    Check { name: "clippy", what: "clippy on everything for the host", run: clippy_host },
    Check { name: "ssr", what: "clippy on the views as the server sees them", run: clippy_ssr },
    Check { name: "hydrate", what: "clippy on the views as the browser sees them", run: clippy_hydrate },
    Check { name: "rustdoc", what: "the documentation builds without a warning", run: rustdoc },
    Check { name: "site", what: "the site builds and its first load is small", run: site_build },
    Check { name: "clients", what: "the real Claude Code clients are installed", run: clients },
    Check { name: "tests", what: "unit and integration tests (nextest)", run: tests },
    Check { name: "doctests", what: "the examples in the documentation", run: doctests },
    Check { name: "release", what: "the release binary builds", run: release },
    Check { name: "harden", what: "faults: kills, races, cut logs, random repositories", run: harden },
    Check { name: "npm", what: "Playwright, axe and Lighthouse are installed", run: npm_packages },
    Check { name: "end2end", what: "journeys in the browser (Playwright)", run: end_to_end },
];

/// Crates of the host. The engine itself is among them.
const HOST_CRATES: [&str; 3] = ["tokio", "git2", "orchestra-core"];

/// Everything but the browser's entry, which would switch the views' browser feature on beside the server's.
const HOST: [&str; 3] = ["--workspace", "--exclude", "orchestra-frontend"];

const BROWSER_TARGET: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

fn cargo(project: &Project) -> Command {
    let mut command = process::cargo();
    command.current_dir(&project.root);
    command
}

fn silent(result: Result<(), Failure>) -> Result<String, Failure> {
    result.map(|()| String::new())
}

fn fmt(project: &Project) -> Result<String, Failure> {
    silent(process::run("cargo fmt", cargo(project).args(["fmt", "--all", "--check"])))
}

fn wasm_guard(project: &Project) -> Result<String, Failure> {
    let tree = process::capture(
        "cargo tree",
        cargo(project)
            .args(["tree", "--package", &project.settings.lib_package, "--edges", "normal"])
            .args(["--prefix", "none", "--format", "{p}"])
            .args(BROWSER_TARGET),
    )?;
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    crates.sort_unstable();
    crates.dedup();
    match host_crate(&crates) {
        Some(name) => Err(Failure::HostCrate(name.to_owned())),
        None => Ok(format!("{} crates, none of the host's", crates.len())),
    }
}

fn host_crate<'a>(crates: &[&'a str]) -> Option<&'a str> {
    crates.iter().find(|name| HOST_CRATES.contains(*name)).copied()
}

fn deny(project: &Project) -> Result<String, Failure> {
    let program = CargoTool::DENY.install(project)?;
    let deny = || {
        let mut command = process::plain(&program);
        command.current_dir(&project.root);
        command
    };
    if process::answers(deny().args(["fetch", "db"])) {
        return silent(process::run("cargo-deny", deny().arg("check")));
    }
    process::run("cargo-deny", deny().args(["check", "bans", "licenses", "sources"]))?;
    Ok("advisories NOT checked: their database could not be fetched from here".to_owned())
}

fn clippy(project: &Project, arguments: &[&str]) -> Result<String, Failure> {
    silent(process::run(
        "cargo clippy",
        cargo(project).arg("clippy").args(arguments).args(["--", "--deny", "warnings"]),
    ))
}

fn clippy_host(project: &Project) -> Result<String, Failure> {
    clippy(project, &[&HOST[..], &["--all-targets"]].concat())
}

fn clippy_ssr(project: &Project) -> Result<String, Failure> {
    clippy(project, &["--package", "orchestra-app", "--all-targets", "--features", "ssr"])
}

fn clippy_hydrate(project: &Project) -> Result<String, Failure> {
    tools::wasm_target(project)?;
    let packages = [
        "--package",
        "orchestra-app",
        "--package",
        "orchestra-frontend",
        "--features",
        "orchestra-app/hydrate",
    ];
    clippy(project, &[&packages[..], &BROWSER_TARGET].concat())
}

fn rustdoc(project: &Project) -> Result<String, Failure> {
    silent(process::run(
        "cargo doc",
        cargo(project).args(["doc", "--no-deps"]).args(HOST).env("RUSTDOCFLAGS", "--deny warnings"),
    ))
}

fn clients(project: &Project) -> Result<String, Failure> {
    let folder = project.root.join("end2end/clients");
    silent(tools::npm_install("two versions of Claude Code from npm (some 600 MB)", &folder))
}

fn tests(project: &Project) -> Result<String, Failure> {
    let nextest = CargoTool::NEXTEST.install(project)?;
    silent(process::run(
        "cargo nextest",
        process::plain(nextest)
            .current_dir(&project.root)
            .args(["nextest", "run", "--no-fail-fast", "--status-level=slow"])
            .args(HOST)
            // The tests that run a real client fail, instead of being left out, where there is none.
            .env("ORCHESTRA_REQUIRE_CLIENTS", "1"),
    ))
}

fn doctests(project: &Project) -> Result<String, Failure> {
    silent(process::run("cargo test --doc", cargo(project).args(["test", "--doc", "--quiet"]).args(HOST)))
}

fn site_build(project: &Project) -> Result<String, Failure> {
    let bytes = site::check(project)?;
    Ok(format!("first load {bytes} bytes of brotli"))
}

fn release(project: &Project) -> Result<String, Failure> {
    let program = start::build(project)?;
    let bytes = std::fs::metadata(&program).map_err(Failure::file("measure", &program))?.len();
    Ok(format!("{:.1} MB", bytes as f64 / 1e6))
}

fn harden(project: &Project) -> Result<String, Failure> {
    silent(proving::harden(project, &proving::SMALL.map(str::to_owned)))
}

fn npm_packages(project: &Project) -> Result<String, Failure> {
    silent(tools::npm_install("Playwright, axe and Lighthouse from npm", &project.root.join("end2end")))
}

fn end_to_end(project: &Project) -> Result<String, Failure> {
    npm_packages(project)?;
    clients(project)?;
    let program = start::build(project)?;
    let sandbox = proving::sandbox(project)?;
    let browser = browser::find(project)?;
    let folder = project.root.join("end2end");
    let mut command = tools::npm_program(&folder, "playwright");
    command
        .current_dir(&folder)
        .arg("test")
        .env("ORCHESTRA_BINARY", program)
        .env("ORCHESTRA_SANDBOX", sandbox);
    browser.tell(&mut command);
    process::run("playwright test", &mut command).map_err(|failure| match journeys(&folder, "failed") {
        names if names.is_empty() => failure,
        names => Failure::Journeys(names),
    })?;
    Ok(match journeys(&folder, "flaky") {
        names if names.is_empty() => String::new(),
        names => format!("passed only when tried again: {}", names.join("; ")),
    })
}

/// The journeys that `end2end/support/failures.ts` wrote down, as far as it got.
fn journeys(folder: &Path, which: &str) -> Vec<String> {
    let report = folder.join(format!("test-results/{which}-journeys.txt"));
    std::fs::read_to_string(report).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_crate_is_found_by_its_whole_name() {
        assert_eq!(host_crate(&["leptos", "tokio", "web-sys"]), Some("tokio"));
        assert_eq!(host_crate(&["tokio-macros-like", "orchestra-model"]), None);
    }
}

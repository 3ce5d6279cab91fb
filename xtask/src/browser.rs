//! The Chromium that the end-to-end tests drive: the system's where there is one.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, Step};
use crate::project::Project;
use crate::tools;

/// What systems call it, the free one first.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Where macOS keeps programs that are not on the PATH.
const MAC_PLACES: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Which browser to drive.
#[derive(Debug)]
pub(crate) enum Browser {
    /// A program of the system.
    System(PathBuf),
    /// The one that Playwright fetched into this folder.
    Playwright(PathBuf),
}

impl Browser {
    /// Sets the variables that `end2end/playwright.config.ts` and Playwright itself read.
    pub(crate) fn tell(&self, command: &mut Command) {
        match self {
            Self::System(program) => command.env("ORCHESTRA_CHROMIUM", program).env("CHROME_PATH", program),
            Self::Playwright(folder) => command.env("PLAYWRIGHT_BROWSERS_PATH", folder),
        };
    }

    /// The system's, if it has one.
    pub(crate) fn of_this_system() -> Option<Self> {
        on_this_system().map(Self::System)
    }
}

/// Finds one, or installs one: from Debian's packages where that needs no question, else Playwright's own.
pub(crate) fn find(project: &Project) -> Result<Browser, Failure> {
    if let Some(program) = on_this_system() {
        return Ok(Browser::System(program));
    }
    if is_root() && process::on_path("apt-get").is_some() {
        let step = Step::begin("Chromium from the system's packages (apt-get)");
        process::run("apt-get update", Command::new("apt-get").args(["update", "--quiet"]))?;
        process::run(
            "apt-get install",
            Command::new("apt-get")
                .args(["install", "--yes", "--no-install-recommends", "chromium"])
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )?;
        step.done("installed");
        if let Some(program) = on_this_system() {
            return Ok(Browser::System(program));
        }
    }
    let folder = tools::folder(project).join("browsers");
    let step = Step::begin("Chromium from Playwright");
    let end_to_end = project.root.join("end2end");
    process::run(
        "playwright install",
        tools::npm_program(&end_to_end, "playwright")
            .current_dir(&end_to_end)
            .args(["install", "chromium"])
            .env("PLAYWRIGHT_BROWSERS_PATH", &folder),
    )?;
    step.done("installed");
    Ok(Browser::Playwright(folder))
}

fn on_this_system() -> Option<PathBuf> {
    std::env::var_os("ORCHESTRA_CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| NAMES.iter().find_map(|name| process::on_path(name)))
        .or_else(|| MAC_PLACES.iter().map(PathBuf::from).find(|place| place.is_file()))
}

/// Asked of the system's own `id`, so that no crate is needed for one number.
fn is_root() -> bool {
    process::capture("id -u", Command::new("id").arg("-u")).is_ok_and(|number| number.trim() == "0")
}

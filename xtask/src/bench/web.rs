//! `cargo xtask bench web`: makes the history, and has `crates/proving` measure the dashboard over it.

use super::history::{self, Options};
use crate::failure::Failure;
use crate::project::Project;
use crate::{browser::Browser, proving, tools};

pub(super) fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments, &[10_000])?;
    let mut command = proving::program(project, "web")?;
    if options.quick {
        command.arg("--quick");
    }
    if options.only_phone {
        command.arg("--phone");
    }
    // Without a browser the rest is measured all the same; none is installed for this.
    if let Some(browser) = Browser::of_this_system() {
        let folder = project.root.join("end2end");
        tools::npm_install("Playwright from npm", &folder)?;
        browser.tell(&mut command);
        command.arg("--browser").arg(folder);
    }
    let Some(&sessions) = options.sessions.first() else { return Ok(()) };
    let folder = options.folder(sessions)?;
    history::make(folder.path(), sessions, options.seed)?;
    proving::run(command.arg("--history").arg(history::root(folder.path())))
}

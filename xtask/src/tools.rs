//! What the chores need beside cargo, installed into the project's own folders when it is lacking.
//!
//! Nothing is installed into the user's own folders, save the WebAssembly target, which belongs to the toolchain.
//! Everything is looked at first, so that a second time costs milliseconds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process::{self, Step};
use crate::project::Project;

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Where tools go: `.tools` in the clone, or `ORCHESTRA_TOOLS` so that several clones can share them.
pub(crate) fn folder(project: &Project) -> PathBuf {
    std::env::var_os("ORCHESTRA_TOOLS").map_or_else(|| project.root.join(".tools"), PathBuf::from)
}

/// The standard library for the browser. Asked for by name, because rustup installs nothing unasked where
/// `RUSTUP_AUTO_INSTALL=0` is set.
pub(crate) fn wasm_target(project: &Project) -> Result<(), Failure> {
    let sysroot = process::capture(
        "rustc --print sysroot",
        Command::new("rustc").args(["--print", "sysroot"]).current_dir(&project.root),
    )?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir() {
        return Ok(());
    }
    let step = Step::begin("the Rust standard library for WebAssembly (rustup target add)");
    process::run(
        "rustup target add",
        Command::new("rustup").args(["target", "add", WASM_TARGET]).current_dir(&project.root),
    )?;
    step.done("installed");
    Ok(())
}

/// The programs from npm that build the site.
pub(crate) struct SiteTools {
    binaries: PathBuf,
}

impl SiteTools {
    /// Installs `xtask/tools/package-lock.json` into the tools folder.
    pub(crate) fn install(project: &Project) -> Result<Self, Failure> {
        let source = project.root.join("xtask/tools");
        let folder = folder(project).join("site");
        std::fs::create_dir_all(&folder).map_err(Failure::file("make", &folder))?;
        for name in ["package.json", "package-lock.json"] {
            let (from, to) = (source.join(name), folder.join(name));
            std::fs::copy(&from, &to).map_err(Failure::file("copy", &from))?;
        }
        npm_install("the site's tools from npm (wasm-opt, lightningcss, esbuild)", &folder)?;
        Ok(Self { binaries: folder.join("node_modules/.bin") })
    }

    /// One of them, ready for arguments.
    pub(crate) fn program(&self, name: &str) -> Command {
        let name = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
        Command::new(self.binaries.join(name))
    }
}

/// `npm ci` in a folder, unless what its lock file asks for is there already.
pub(crate) fn npm_install(what: &str, folder: &Path) -> Result<(), Failure> {
    let lock_file = folder.join("package-lock.json");
    let lock = std::fs::read(&lock_file).map_err(Failure::file("read", &lock_file))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let step = Step::begin(what);
    process::run(
        "npm ci",
        process::npm().args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder),
    )?;
    std::fs::write(&stamp, lock).map_err(Failure::file("write", &stamp))?;
    step.done("installed");
    Ok(())
}

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
    folder: PathBuf,
}

impl SiteTools {
    /// Installs `xtask/tools/package-lock.json` into the tools folder.
    pub(crate) fn install(project: &Project) -> Result<Self, Failure> {
        let source = project.root.join("xtask/tools");
        let folder = folder(project).join("site");
        std::fs::create_dir_all(&folder).map_err(Failure::file("make", &folder))?;
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            let (from, to) = (source.join(name), folder.join(name));
            std::fs::copy(&from, &to).map_err(Failure::file("copy", &from))?;
        }
        npm_install("the site's tools from npm (wasm-opt, lightningcss, esbuild)", &folder)?;
        Ok(Self { folder })
    }

    /// One of them, ready for arguments.
    pub(crate) fn program(&self, name: &str) -> Command {
        npm_program(&self.folder, name)
    }
}

/// A program that `npm ci` put into a folder.
pub(crate) fn npm_program(folder: &Path, name: &str) -> Command {
    let name = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
    Command::new(folder.join("node_modules/.bin").join(name))
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

/// A program that is built from crates.io.
///
/// Versions are some months old on purpose: mirrors of the registry may lack the newest.
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
}

impl CargoTool {
    /// Measured on 2 cores: 90 s.
    pub(crate) const DENY: Self = Self { name: "cargo-deny", version: "0.19.0" };
    /// Measured on 2 cores: 2 minutes.
    pub(crate) const NEXTEST: Self = Self { name: "cargo-nextest", version: "0.9.128" };

    /// The user's own, or else ours, which is built unless it is there; returns the program.
    pub(crate) fn install(&self, project: &Project) -> Result<PathBuf, Failure> {
        if let Some(program) = process::on_path(self.name) {
            return Ok(program);
        }
        let tools = folder(project);
        let root = tools.join(format!("{}-{}", self.name, self.version));
        let program = root.join("bin").join(self.name).with_extension(std::env::consts::EXE_EXTENSION);
        if program.is_file() {
            return Ok(program);
        }
        let step =
            Step::begin(&format!("{} {} from its source (a few minutes, once)", self.name, self.version));
        let work = tools.join("build");
        process::run(
            "cargo install",
            process::cargo()
                .args(["install", "--locked", "--debug", self.name, "--version", self.version, "--root"])
                .arg(&root)
                // Quickly built rather than quick: these tools wait for others most of the time.
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_TARGET_DIR", &work),
        )?;
        std::fs::remove_dir_all(&work).map_err(Failure::file("remove", &work))?;
        step.done("installed");
        Ok(program)
    }
}

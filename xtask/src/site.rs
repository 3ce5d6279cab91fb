//! `cargo xtask site`: the dashboard's site, as the server embeds it.
//!
//! The steps are those of `cargo leptos build --release`, from the same settings, without building cargo-leptos:
//! the WebAssembly and its JavaScript, the stylesheet, the files of `public/`; then names with the hash of what is
//! inside, the list of those names in `assets.json`, and a brotli and a gzip copy beside every file they make
//! smaller. Nothing is done when nothing changed.

mod inputs;
mod output;
mod wasm;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::{self, Step};
use crate::project::Project;
use crate::tools::{self, SiteTools};

use output::Output;

/// The most bytes of brotli that a browser loads on its first visit: JavaScript, WebAssembly and stylesheet.
const FIRST_LOAD_LIMIT: u64 = 300_000;

/// Brings the site up to date and fails when a first visit would take too long. Returns how many bytes of brotli that
/// visit loads.
pub(crate) fn check(project: &Project) -> Result<u64, Failure> {
    let bytes = build(project)?;
    if bytes > FIRST_LOAD_LIMIT {
        Err(Failure::TooLarge { bytes, limit: FIRST_LOAD_LIMIT })
    } else {
        Ok(bytes)
    }
}

/// Brings the site up to date and prints its sizes; a site that is too large is still one to look at.
pub(crate) fn build(project: &Project) -> Result<u64, Failure> {
    tools::wasm_target(project)?;
    let tools = SiteTools::install(project)?;
    let step = Step::begin("the dashboard's WebAssembly");
    let wasm_file = wasm::compile(project)?;
    step.done("compiled");

    let wanted = inputs::hash(project, &wasm_file)?;
    let stamp = stamp_file(project);
    let fresh = std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted)
        && project.site().join(output::MANIFEST).is_file();
    if !fresh {
        assemble(project, &tools, &wasm_file)?;
        std::fs::write(&stamp, wanted).map_err(Failure::file("write", &stamp))?;
    }
    let sizes = output::sizes(&project.site())?;
    eprint!("{sizes}");
    Ok(sizes.first_load())
}

/// Beside the site, not in it: what is in it gets embedded.
fn stamp_file(project: &Project) -> PathBuf {
    project.site().with_extension("inputs")
}

/// Makes the whole site in a second folder, then puts it in the place of the old one.
fn assemble(project: &Project, tools: &SiteTools, wasm_file: &Path) -> Result<(), Failure> {
    let settings = &project.settings;
    let draft = project.site().with_extension("new");
    remove_folder(&draft)?;
    let mut output = Output::new(&draft, &settings.site_pkg_dir)?;
    let name = &settings.output_name;

    let step = Step::begin("JavaScript for it, and smaller (wasm-bindgen, wasm-opt, esbuild)");
    let pair = wasm::bind(tools, wasm_file, &project.site().with_extension("work"), name)?;
    output.add_hashed(&format!("{name}.wasm"), &pair.wasm)?;
    output.add_hashed(&format!("{name}.js"), &pair.javascript)?;
    step.done("made");

    let step = Step::begin("the stylesheet and the files of the site, compressed");
    output.add_hashed(&format!("{name}.css"), &stylesheet(project, tools)?)?;
    output.add_folder(&project.root.join(&settings.assets_dir))?;
    output.finish()?;
    let site = project.site();
    remove_folder(&site)?;
    std::fs::rename(&draft, &site).map_err(Failure::file("move", &draft))?;
    step.done("made");
    Ok(())
}

/// The stylesheet with what it imports, in the form that the named browsers need.
fn stylesheet(project: &Project, tools: &SiteTools) -> Result<Vec<u8>, Failure> {
    process::capture(
        "lightningcss",
        tools
            .program("lightningcss")
            .args(["--bundle", "--minify", "--targets", &project.settings.browserquery])
            .arg(project.root.join(&project.settings.style_file)),
    )
    .map(String::into_bytes)
}

fn remove_folder(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file("remove", folder)(problem))
        }
        _ => Ok(()),
    }
}

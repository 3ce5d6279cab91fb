//! From Rust to what a browser loads: compile, bind, shrink. Knows nothing of names with hashes.

use std::path::{Path, PathBuf};

use walrus::{FunctionBuilder, FunctionKind, Module};
use wasm_bindgen_cli_support::Bindgen;

use super::remove_folder;
use crate::artifact;
use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::tools::SiteTools;

/// The two files that belong together.
pub(super) struct Pair {
    pub(super) wasm: Vec<u8>,
    pub(super) javascript: Vec<u8>,
}

/// `cargo build` of the browser's entry; returns the WebAssembly file it made.
pub(super) fn compile(project: &Project) -> Result<PathBuf, Failure> {
    let settings = &project.settings;
    let mut command = process::cargo();
    command
        .current_dir(&project.root)
        .args(["build", "--target", "wasm32-unknown-unknown", "--lib"])
        .args(["--package", &settings.lib_package, "--profile", &settings.lib_profile_release])
        .args(Project::feature_arguments(&settings.lib_features, settings.lib_default_features));
    artifact::build(&mut command, &settings.lib_package, |artifact| {
        artifact
            .filenames
            .iter()
            .find(|file| file.extension().is_some_and(|ending| ending == "wasm"))
            .cloned()
    })
}

/// The JavaScript that loads it, both as small as they get. `work` is emptied before and removed after.
///
/// The JavaScript does not say where the WebAssembly lies, so that both may be named by what is in them: the page
/// hands the address to the default export.
pub(super) fn bind(tools: &SiteTools, wasm_file: &Path, work: &Path, name: &str) -> Result<Pair, Failure> {
    remove_folder(work)?;
    Bindgen::new()
        .input_path(wasm_file)
        .web(true)
        .and_then(|bindgen| {
            let bindgen = bindgen.out_name(name).typescript(false).omit_default_module_path(true);
            let mut output =
                bindgen.remove_name_section(true).remove_producers_section(true).generate_output()?;
            empty_unused(output.wasm_mut());
            output.emit(work)
        })
        .map_err(Failure::form("the compiled WebAssembly"))?;

    let bound = work.join(format!("{name}_bg.wasm"));
    let small = work.join("small.wasm");
    process::run(
        "wasm-opt",
        tools.program("wasm-opt").args(["-Oz", "--strip-target-features"]).arg(&bound).arg("-o").arg(&small),
    )?;
    // Bundled, because a crate's own pieces of JavaScript lie beside it in a folder of their own.
    let javascript = process::capture(
        "esbuild",
        tools.program("esbuild").arg(work.join(format!("{name}.js"))).args([
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2022",
            "--log-level=warning",
        ]),
    )?;
    let wasm = std::fs::read(&small).map_err(Failure::file("read", &small))?;
    remove_folder(work)?;
    Ok(Pair { wasm, javascript: javascript.into_bytes() })
}

/// Empties functions that are kept in tables and that no page of ours calls; wasm-opt then drops what only they call. A
/// page that did call one would stop there: journeys fail when anything is thrown in a page.
fn empty_unused(module: &mut Module) {
    // Leptos hydrates asynchronously under `hydrate_lazy` alone. Not every function of the name: the compiler lets one
    // body serve for several functions, synchronous ones among them.
    let is_asynchronous = |name: &str| {
        name.rsplit_once("IntoAny>::into_any::hydrate_async").is_some_and(|(_, rest)| !rest.contains('>'))
    };
    // `{:.1}` of a floating-point number, for which `text::decimal` is there.
    let is_unused = |name: &str| is_asynchronous(name) || name.contains("float_to_decimal_common_exact");
    let unused: Vec<_> = module
        .funcs
        .iter_local()
        .filter(|(id, _)| module.funcs.get(*id).name.as_deref().is_some_and(is_unused))
        .map(|(id, function)| (id, function.ty(), function.args.clone()))
        .collect();
    for (id, kind, arguments) in unused {
        let (parameters, results) = module.types.params_results(kind);
        let (parameters, results) = (parameters.to_vec(), results.to_vec());
        let mut empty = FunctionBuilder::new(&mut module.types, &parameters, &results);
        empty.func_body().unreachable();
        module.funcs.get_mut(id).kind = FunctionKind::Local(empty.local_func(arguments));
    }
}

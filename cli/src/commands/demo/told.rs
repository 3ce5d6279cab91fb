//! What a person is told about the demo, and what a script is.

use std::{collections::BTreeMap, io::Write};

use orchestra_core::sessions::quote;
use serde::Serialize;

use super::{Context, DemoArguments, Link, World};
use crate::{
    error::Failure,
    output::{Out, Paint, style},
};

#[derive(Serialize)]
struct Told<'a> {
    url: Option<&'a str>,
    pairing_url: Option<&'a str>,
    folder: String,
    repository: String,
    env: BTreeMap<&'static str, String>,
}

/// Says what there is, and how to try it.
pub(super) fn introduce(
    context: &Context,
    arguments: &DemoArguments,
    world: &World,
    link: Option<&Link>,
) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        let told = Told {
            url: link.map(|link| link.url.as_str()),
            pairing_url: link.map(|link| link.pairing_url.as_str()),
            folder: world.folder().display().to_string(),
            repository: world.repository().display().to_string(),
            env: world.variables().into_iter().map(|(name, value)| (name, text(value))).collect(),
        };
        serde_json::to_writer(&mut out, &told)?;
        writeln!(out)?;
        return out.finish();
    }
    let paint = out.paint;
    writeln!(out, "{}", paint.on(style::STRONG, "This is a demo of Orchestra."))?;
    writeln!(out, "Sessions and repository are made up, the agents play from a script. No model is")?;
    writeln!(out, "asked, and nothing of yours is read.")?;
    if let Some(link) = link {
        writeln!(
            out,
            "\n{} {}",
            paint.on(style::STRONG, "The dashboard is at"),
            paint.on(style::ACCENT, &link.url)
        )?;
        writeln!(out, "A browser is let in by this link, once, within ten minutes:")?;
        writeln!(out, "  {}", paint.on(style::ACCENT, &link.pairing_url))?;
    }
    if arguments.shell {
        writeln!(out, "\nIn this shell the commands mean the demo:")?;
    } else {
        writeln!(out, "\nIn another terminal, paste this to try the commands:")?;
        write_exports(world, paint, &mut out)?;
        writeln!(out, "then:")?;
    }
    for command in ["orchestra status", "orchestra answer build allow", "orchestra sessions"] {
        writeln!(out, "  {}", paint.on(style::ACCENT, command))?;
    }
    out.finish()?;
    let stays = if arguments.keep.is_some() { "stays" } else { "is taken away" };
    let how = match (arguments.shell, link.is_some()) {
        (true, _) => format!("`exit` ends the demo; {} {stays}.", world.folder().display()),
        (false, false) => format!("Ctrl-C ends the demo; {} {stays}.", world.folder().display()),
        (false, true) => {
            format!("Ctrl-C ends the demo; {} {stays}. Enter shows a new link.", world.folder().display())
        }
    };
    context.words.murmur(&format!("\n{how}"));
    Ok(())
}

/// Lines for a shell.
fn write_exports(world: &World, paint: Paint, out: &mut Out) -> Result<(), Failure> {
    let quoted = |path: &std::path::Path| quote(&path.to_string_lossy()).into_owned();
    let mut lines: Vec<String> =
        world.folders().iter().map(|(name, folder)| format!("export {name}={}", quoted(folder))).collect();
    lines.push(format!("export PATH={}:\"$PATH\"", quoted(&world.programs())));
    lines.push(format!("cd {}", quoted(&world.repository())));
    for line in lines {
        writeln!(out, "  {}", paint.on(style::ACCENT, line))?;
    }
    Ok(())
}

/// Shows one more link.
pub(super) fn another_link(context: &Context, link: &str) {
    let mut out = Out::standard(&context.surroundings);
    let paint = out.paint;
    // A terminal that is gone is no reason to end.
    drop(writeln!(out, "  {}", paint.on(style::ACCENT, link)));
    drop(out.finish());
}

//! `orchestra` alone: what there is, on one small screen.

use std::io::Write;

use super::Context;
use crate::{
    error::Failure,
    output::{Out, style},
};

/// The way in, in the order a new user needs it.
const FIRST_STEPS: [(&str, &str); 6] = [
    ("orchestra sessions", "what was worked on in the last 24 hours"),
    ("orchestra sessions login --all", "every session with \"login\" in it"),
    ("orchestra show 4f2a", "read one; its id may be shortened"),
    ("orchestra resume", "pick one and go on with it, from any folder"),
    ("orchestra web --open", "all of it in your browser"),
    ("orchestra COMMAND --help", "more on each, with examples"),
];

/// Prints the overview.
pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    let paint = out.paint;
    writeln!(out, "{}\n", paint.on(style::STRONG, "Finds every Claude Code session on this machine."))?;
    for (command, does) in FIRST_STEPS {
        writeln!(out, "  {}  {does}", paint.on(style::ACCENT, format_args!("{command:<31}")))?;
    }
    writeln!(out, "\n{}", paint.on(style::SOFT, "Claude Code's own files are read, never written."))?;
    out.finish()
}

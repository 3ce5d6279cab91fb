//! Serves the directives' script until stdin closes: `serve [--port N]`.
//!
//! The first line on stdout is the base URL. Each line on stdin `release NAME` lets replies go on that wait at
//! `[[hold NAME]]`. For tests in other languages; Rust ones use the library.

use orchestra_scripted_model::{Script, ScriptedModel};
use std::{
    error::Error,
    io::{BufRead, Write},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => 0,
        ["--port", port] => port.parse()?,
        _ => return Err("usage: serve [--port N]".into()),
    };
    let model = ScriptedModel::start_on(port, Script::directives())?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", model.base_url())?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        if let Some(name) = line?.strip_prefix("release ") {
            model.release(name.trim());
        }
    }
    Ok(())
}

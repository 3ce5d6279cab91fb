//! `orchestra web`: the dashboard, for as long as this process runs.
//!
//! Everything that is served is the server's; here it is started, and its links are printed. The only command that
//! needs an asynchronous runtime, so the only one that makes one.

use std::{
    io::{self, BufRead, Write},
    process::{Command, Stdio},
};

use orchestra_server::{PairingLinks, Ready, ServeError, ServerConfig, serve};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;

use super::{Context, agent};
use crate::{
    cli::WebArguments,
    configuration::Configuration,
    error::Failure,
    output::{Paint, Words, style},
};

/// Serves until a signal says to stop.
pub(super) fn run(context: &Context, arguments: &WebArguments) -> Result<(), Failure> {
    let (open, held) = (arguments.open, arguments.held);
    let words = context.words;
    let paint = Paint::decide(&context.surroundings, io::IsTerminal::is_terminal(&io::stdout()));
    let configuration = Configuration::read(context.surroundings.config_file().as_deref())?;
    let config = ServerConfig {
        address: arguments.addr,
        catalog: context.catalog(),
        tools: agent::tools(context)?,
        notify: configuration.notify,
        on_ready: Box::new(move |ready| {
            if held {
                std::thread::spawn(move || serve_holder(&ready));
                return;
            }
            // A terminal that is gone is no reason to stop serving.
            drop(announce(&ready, paint));
            if let Some(port) = ready.moved_from {
                words.warn(&format!("port {port} is taken by another program, so this is another one"));
            }
            if open {
                open_in_browser(&ready.pairing_url, words);
            }
            words.murmur("Ctrl-C stops the dashboard; sessions and agents go on without it.");
            if io::IsTerminal::is_terminal(&io::stdin()) {
                words.murmur("Enter shows a new link, for another browser.");
                std::thread::spawn(move || show_more_links(&ready.links, paint));
            }
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the dashboard cannot be started: {error}")))?;
    match runtime.block_on(serve(config)) {
        Ok(()) => Ok(()),
        Err(ServeError::AlreadyRunning(Some(address))) if open => {
            let url = format!("http://{address}/");
            words.say(&format!("Orchestra runs already: {url}"));
            open_in_browser(&url, words);
            Ok(())
        }
        Err(error) => Err(failure(&error)),
    }
}

/// The links, for a person and for a script: the first line has the address, the link alone stands on its own line.
fn announce(ready: &Ready, paint: Paint) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let address = format!("http://{}/", ready.address);
    writeln!(out, "{} {}", paint.on(style::STRONG, "Orchestra is at"), paint.on(style::ACCENT, address))?;
    writeln!(out, "A browser that is new here is let in by this link, once, within ten minutes:")?;
    writeln!(out, "  {}", paint.on(style::ACCENT, &ready.pairing_url))?;
    out.flush()
}

/// A new link for each line from the terminal, until there is no terminal any more.
fn show_more_links(links: &PairingLinks, paint: Paint) {
    let shown = io::stdin().lock().lines().map_while(Result::ok).try_for_each(|_| {
        let link = links.new_link().map_err(io::Error::other)?;
        writeln!(io::stdout().lock(), "  {}", paint.on(style::ACCENT, link))
    });
    // A link that cannot be shown is no reason to stop serving.
    drop(shown);
}

/// Tells the program that holds this one where it is and which link lets a browser in, anew for each line from it. When
/// no more can come, it has ended, and the server ends as well.
fn serve_holder(ready: &Ready) {
    let tell = |link: &str| {
        let line = json!({ "url": format!("http://{}/", ready.address), "pairing_url": link });
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush())
    };
    let told = tell(&ready.pairing_url).and_then(|()| {
        io::stdin().lock().lines().map_while(Result::ok).try_for_each(|_| {
            let link = ready.links.new_link().map_err(io::Error::other)?;
            tell(&link)
        })
    });
    drop(told);
    // As a person would: answers that are under way get their time.
    let _ = kill_process(getpid(), Signal::TERM);
}

fn failure(error: &ServeError) -> Failure {
    // The server says "what; what to do".
    let said = error.to_string();
    match said.split_once("; ") {
        Some((what, to_do)) => Failure::new(what).hint(to_do),
        None => Failure::new(said),
    }
}

/// Hands a link to the desktop's own opener. A machine without one still has the link on the screen.
pub(super) fn open_in_browser(url: &str, words: Words) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // Some openers stay as long as the browser: waited for aside, so that none is left a zombie.
        Ok(mut opener) => {
            std::thread::spawn(move || {
                if !opener.wait().is_ok_and(|status| status.success()) {
                    words.warn("the browser did not open; open the link above yourself");
                }
            });
        }
        Err(_) => words.warn("there is no program here that opens a browser; open the link above yourself"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_advises_becomes_a_hint() {
        let failure = failure(&ServeError::AlreadyRunning(None));
        assert_eq!(failure.message, "Orchestra runs already");
        assert_eq!(failure.hint.as_deref(), Some("use that one, or stop it first"));
    }
}

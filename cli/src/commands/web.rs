//! `orchestra web`: the dashboard, for as long as this process runs.
//!
//! Everything that is served is the server's; here it is started, and its links are printed. The only command that
//! needs an asynchronous runtime, so the only one that makes one.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::{Command, Stdio},
};

use orchestra_server::{Notice, PairingLinks, Ready, ServeError, ServerConfig, serve};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;

use super::{Context, agent, runner};
use crate::{
    cli::WebArguments,
    configuration::Configuration,
    error::Failure,
    heap,
    output::{Paint, Words, qr::Square, style, width_of},
};

/// Has what goes wrong while it serves told on the standard error, a line each.
fn tell_troubles() {
    let lines =
        tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).with_target(false).without_time();
    // Somebody who is told already is told.
    drop(lines.with_max_level(tracing::Level::WARN).try_init());
}

/// How many characters of a fingerprint stand in a line: half of its pairs.
const FINGERPRINT_LINE: usize = 16 * 3;

/// Serves until a signal says to stop.
pub(super) fn run(context: &Context, arguments: &WebArguments) -> Result<(), Failure> {
    tell_troubles();
    let (open, held) = (arguments.open, arguments.held);
    let words = context.words;
    let terminal = io::stdout().is_terminal();
    let paint = Paint::decide(&context.surroundings, terminal);
    let screen = Screen { paint, squares: terminal && arguments.is_for_a_phone() };
    let (lan, open_without_tls) = (arguments.lan, arguments.is_open_without_tls());
    let configuration = Configuration::read(context.surroundings.config_file().as_deref())?;
    let config = ServerConfig {
        reach: arguments.reach()?,
        catalog: context.catalog(),
        tools: agent::tools(context)?,
        notify: configuration.notify,
        on_ready: Box::new(move |ready| {
            if held {
                std::thread::spawn(move || serve_holder(&ready));
                return;
            }
            // A terminal that is gone is no reason to stop serving.
            drop(screen.announce(&ready));
            if let Some(port) = ready.moved_from {
                words.warn(&format!("port {port} is taken by another program, so this is another one"));
            }
            if lan && ready.url.contains("://127.0.0.1") {
                words.warn("this machine is in no network now, so no phone finds it; start it again in one");
            }
            if open_without_tls {
                words.warn(
                    "nothing of this is encrypted here (--no-tls): whoever can listen in on the network reads along \
                     and can take a paired browser's place, unless the network itself is encrypted",
                );
            }
            if open {
                open_in_browser(&ready.pairing_url, words);
            }
            if !ready.url.contains(&ready.address.to_string()) {
                words.murmur(&format!("It listens at {}.", ready.address));
            }
            words.murmur("Ctrl-C stops the dashboard; sessions and agents go on without it.");
            if io::stdin().is_terminal() {
                words.murmur("Enter shows a new link, for another browser.");
                std::thread::spawn(move || screen.show_more_links(&ready.links));
            }
        }),
        on_notice: Box::new(move |notice| tell(&notice, words)),
    };
    let of_runs = agent::tools_as_they_are(context)?;
    std::thread::spawn(move || runner::step_all(&of_runs));
    heap::stay_small();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the dashboard cannot be started: {error}")))?;
    match runtime.block_on(serve(config)) {
        Ok(()) => Ok(()),
        Err(ServeError::AlreadyRunning(Some(url))) if open => {
            words.say(&format!("Orchestra runs already: {url}"));
            open_in_browser(&url, words);
            Ok(())
        }
        Err(error) => Err(failure(&error)),
    }
}

/// Where links are shown, and how.
#[derive(Clone, Copy)]
struct Screen {
    paint: Paint,
    /// Whether a link is also shown as a square, for a phone's camera.
    squares: bool,
}

impl Screen {
    /// The links, for a person and for a script: the first line has the address, the link alone stands on its own line.
    fn announce(self, ready: &Ready) -> io::Result<()> {
        let Self { paint, .. } = self;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{} {}",
            paint.on(style::STRONG, "Orchestra is at"),
            paint.on(style::ACCENT, &ready.url)
        )?;
        writeln!(out, "A browser that is new here is let in by this link, once, within ten minutes:")?;
        self.show(&mut out, &ready.pairing_url)?;
        if let Some(fingerprint) = ready.self_made {
            writeln!(
                out,
                "Browsers warn that nobody vouches for the certificate: Orchestra made it itself."
            )?;
            writeln!(out, "Go on only when the warning's details show this SHA-256 fingerprint:")?;
            for part in fingerprint.to_string().as_bytes().chunks(FINGERPRINT_LINE) {
                writeln!(out, "  {}", String::from_utf8_lossy(part).trim_end())?;
            }
        }
        out.flush()
    }

    /// A new link for each line from the terminal, until there is no terminal any more.
    fn show_more_links(self, links: &PairingLinks) {
        let shown = io::stdin().lock().lines().map_while(Result::ok).try_for_each(|_| {
            let link = links.new_link().map_err(io::Error::other)?;
            self.show(&mut io::stdout().lock(), &link)
        });
        // A link that cannot be shown is no reason to stop serving.
        drop(shown);
    }

    fn show(self, out: &mut impl Write, link: &str) -> io::Result<()> {
        writeln!(out, "  {}", self.paint.on(style::ACCENT, link))?;
        if self.squares
            && let Some(square) = Square::of(link, width_of(&io::stdout()), self.paint)
        {
            write!(out, "{square}")?;
        }
        Ok(())
    }
}

/// Says what the server has to say while it runs.
fn tell(notice: &Notice, words: Words) {
    match notice {
        Notice::LinkSpoilt => words.warn(
            "someone tried wrong pairing links, so the last right one is dead too; press Enter for a new one",
        ),
        Notice::NewCertificate(fingerprint) => {
            words.say(&format!(
                "This machine has another address, or its certificate grew old: browsers warn once more. \
                 Its SHA-256 fingerprint is now {fingerprint}."
            ));
        }
        Notice::CertificateNotRenewed(problem) => {
            words.warn(&format!("the certificate was not renewed: {problem}"));
        }
        _ => {}
    }
}

/// Tells the program that holds this one where it is and which link lets a browser in, anew for each line from it. When
/// no more can come, it has ended, and the server ends as well.
fn serve_holder(ready: &Ready) {
    let tell = |link: &str| {
        let line = json!({ "url": ready.url, "pairing_url": link });
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

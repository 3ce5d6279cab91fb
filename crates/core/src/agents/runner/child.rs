//! The processes that a runner starts, and their three pipes.
//!
//! A thread a pipe: what is printed arrives as messages, held back while the log cannot take it; what is to be read is
//! handed over and reported once the process has it. The waiter collects every process that ends, also those that were
//! left to the runner by parents that ended before them.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use orchestra_model::Exit;
use rustix::process::{Pid, Signal, WaitOptions};

use super::Message;
use crate::process::Process;

/// A line longer than this goes into a file, in bytes.
const LONGEST_LINE: usize = 1 << 20;
/// How much of such a line is handed on, in bytes.
const BEGINNING: usize = 4 << 10;
/// The longest file made of a line, in bytes; what is beyond is counted and not kept.
const LONGEST_SPILL: u64 = 64 << 20;
/// How many lines may be on their way to the log.
const LINES_UNDERWAY: usize = 16;
/// How much of the standard error is handed on at once, in bytes.
const ERRORS_CHUNK: usize = 16 << 10;

/// A line that a process printed.
#[derive(Debug)]
pub(super) enum Line {
    /// As it is, without its end.
    Whole(Vec<u8>),
    /// Too long to be held.
    Spilled {
        /// The file it lies in.
        file: PathBuf,
        /// Its length in bytes.
        bytes: u64,
        /// How it begins.
        beginning: Vec<u8>,
    },
}

/// What to start.
pub(super) struct Program<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: Vec<OsString>,
    pub(super) folder: &'a Path,
    /// Variables that it does not inherit.
    pub(super) scrubbed: &'a [OsString],
    /// Variables that it is given.
    pub(super) given: Vec<(OsString, OsString)>,
    /// Whether what it prints are a client's lines; else it is kept as what it complains with.
    pub(super) prints_lines: bool,
    /// Where lines go that are too long.
    pub(super) spill: PathBuf,
}

/// A process that was started.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) process: Process,
    /// Lines to be written, with a number that is reported back; closed when the process shall hear no more.
    input: Option<Sender<(u64, Vec<u8>)>>,
    /// How many lines the log has taken.
    credits: Sender<usize>,
}

impl Child {
    /// Starts a process in a group of its own, which ends with the runner. Call it on a thread that lives as long as the
    /// runner: the system watches the thread.
    pub(super) fn start(program: Program<'_>, messages: &Sender<Message>) -> io::Result<Self> {
        let mut command = Command::new(program.program);
        command
            .args(&program.arguments)
            .current_dir(program.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        for name in program.scrubbed {
            command.env_remove(name);
        }
        command.envs(program.given);
        end_with_parent(&mut command, Signal::KILL);
        let mut child = command.spawn()?;
        let process =
            Process::of(child.id()).unwrap_or_else(|| Process { pid: child.id(), ..Process::current() });
        let (credits, taken) = channel();
        let _ = credits.send(LINES_UNDERWAY);
        if let Some(output) = child.stdout.take() {
            let messages = messages.clone();
            thread::spawn(move || {
                if program.prints_lines {
                    read_lines(output, &program.spill, &taken, &messages);
                } else {
                    read_errors(output, &messages);
                }
                let _ = messages.send(Message::PipeEnded);
            });
        }
        if let Some(errors) = child.stderr.take() {
            let messages = messages.clone();
            thread::spawn(move || {
                read_errors(errors, &messages);
                let _ = messages.send(Message::PipeEnded);
            });
        }
        let input = child.stdin.take().map(|input| {
            let (lines, to_write) = channel();
            let messages = messages.clone();
            thread::spawn(move || write_lines(input, &to_write, &messages));
            lines
        });
        let messages = messages.clone();
        thread::spawn(move || collect(&messages));
        Ok(Self { process, input, credits })
    }

    /// Hands the process a line; [`Message::Written`] tells when it has it.
    pub(super) fn write(&self, ticket: u64, mut line: Vec<u8>) {
        line.push(b'\n');
        if let Some(input) = &self.input {
            // Closed when the process reads no more; its end will be heard.
            let _ = input.send((ticket, line));
        }
    }

    /// Tells the process that nothing more will come.
    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// Says that the log has taken so many lines.
    pub(super) fn took_lines(&self, number: usize) {
        let _ = self.credits.send(number);
    }

    /// Sends a signal to the process, or to its whole group.
    pub(super) fn signal(&self, signal: Signal, group: bool) {
        if !self.process.is_running() {
            return;
        }
        if let Some(pid) = i32::try_from(self.process.pid).ok().and_then(Pid::from_raw) {
            let _ = if group {
                rustix::process::kill_process_group(pid, signal)
            } else {
                rustix::process::kill_process(pid, signal)
            };
        }
    }
}

/// Has the system end the process when the thread that started it ends.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only the child itself can ask for this, between fork and exec")]
pub(in crate::agents) fn end_with_parent(command: &mut Command, signal: Signal) {
    let parent = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        // The parent may have ended before it was asked for.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::Interrupted.into())
        }
    };
    // SAFETY: between fork and exec only system calls are made; nothing is allocated and no lock is taken.
    unsafe { command.pre_exec(ask) };
}

#[cfg(not(target_os = "linux"))]
pub(in crate::agents) fn end_with_parent(_command: &mut Command, _signal: Signal) {}

/// Collects every child that ends, until there is none.
fn collect(messages: &Sender<Message>) {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => {
                let status = ExitStatus::from_raw(status.as_raw());
                let exit = Exit { code: status.code(), signal: status.signal() };
                let ended = Message::Ended { pid: pid.as_raw_nonzero().get().unsigned_abs(), exit };
                if messages.send(ended).is_err() {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

fn write_lines(mut input: ChildStdin, lines: &Receiver<(u64, Vec<u8>)>, messages: &Sender<Message>) {
    for (ticket, line) in lines {
        let written = input.write_all(&line).and_then(|()| input.flush()).is_ok();
        if messages.send(Message::Written { ticket, written }).is_err() || !written {
            return;
        }
    }
}

fn read_errors(mut errors: impl Read, messages: &Sender<Message>) {
    let mut buffer = vec![0; ERRORS_CHUNK];
    loop {
        match errors.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                if messages.send(Message::Errors(buffer[..length].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

/// Reads lines of any length, until there is no more to come or nobody takes them. What has arrived together is handed on
/// together, as far as there is credit for it: waking somebody costs more than a line.
fn read_lines(output: impl Read, spill: &Path, credits: &Receiver<usize>, messages: &Sender<Message>) {
    let mut output = BufReader::with_capacity(64 << 10, output);
    let (mut credit, mut spilled, mut lines) = (0, 0, Vec::new());
    loop {
        while credit == 0 {
            let Ok(more) = credits.recv() else { return };
            credit += more;
        }
        let Some(line) = read_line(&mut output, spill, &mut spilled) else { return };
        lines.push(line);
        credit += credits.try_iter().sum::<usize>();
        credit -= 1;
        let has_next = credit > 0 && memchr::memchr(b'\n', output.buffer()).is_some();
        if !has_next && messages.send(Message::Lines(std::mem::take(&mut lines))).is_err() {
            return;
        }
    }
}

/// The next line; `None` when there is none, or it cannot be read.
fn read_line(output: &mut impl BufRead, spill: &Path, spilled: &mut u32) -> Option<Line> {
    let mut line = Vec::new();
    let read = output.take(LONGEST_LINE as u64).read_until(b'\n', &mut line);
    if line.is_empty() || read.is_err() {
        return None;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Some(Line::Whole(line));
    }
    if line.len() < LONGEST_LINE {
        // The last, and cut short.
        return Some(Line::Whole(line));
    }
    *spilled += 1;
    let file = spill.join(format!("{}-{spilled}.line", std::process::id()));
    let bytes = spill_line(output, &line, &file).ok()?;
    line.truncate(BEGINNING);
    Some(Line::Spilled { file, bytes, beginning: line })
}

/// Writes a line that has begun into a file, to its end; says how long it was.
fn spill_line(output: &mut impl BufRead, beginning: &[u8], file: &Path) -> io::Result<u64> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // A full disk must not end the agent: what cannot be kept is counted.
    let mut kept = File::create(file).ok();
    let mut length = 0;
    let mut keep = |bytes: &[u8]| {
        length += bytes.len() as u64;
        if length > LONGEST_SPILL || kept.as_mut().is_some_and(|kept| kept.write_all(bytes).is_err()) {
            kept = None;
        }
    };
    keep(beginning);
    loop {
        let bytes = match output.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let end = memchr::memchr(b'\n', bytes);
        keep(&bytes[..end.unwrap_or(bytes.len())]);
        let (used, is_over) = (end.map_or(bytes.len(), |end| end + 1), end.is_some() || bytes.is_empty());
        output.consume(used);
        if is_over {
            return Ok(length);
        }
    }
}

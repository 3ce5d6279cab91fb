//! What the client does to the world around it: prints, and processes left behind.

use std::{
    fs,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

/// Prints a line. Whoever does not listen any more has gone.
pub(crate) fn print(line: &str) {
    print_bytes(line.as_bytes());
}

/// Prints a line of any bytes.
pub(crate) fn print_bytes(line: &[u8]) {
    let mut out = io::stdout().lock();
    if out.write_all(line).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Complains.
pub(crate) fn complain(words: &str) {
    drop(writeln!(io::stderr().lock(), "{words}"));
}

/// One line of the assistant's, so many bytes long, without holding it.
pub(crate) fn long_line(bytes: u64) {
    const HEAD: &[u8] = br#"{"type":"assistant","message":{"content":[{"type":"text","text":""#;
    const TAIL: &[u8] = b"\"}]}}\n";
    let mut out = io::stdout().lock();
    let mut left = bytes.saturating_sub((HEAD.len() + TAIL.len()) as u64);
    let block = [b'x'; 64 << 10];
    let mut written = out.write_all(HEAD);
    while left > 0 && written.is_ok() {
        let part = left.min(block.len() as u64) as usize;
        written = out.write_all(&block[..part]);
        left -= part as u64;
    }
    drop(written.and_then(|()| out.write_all(TAIL)).and_then(|()| out.flush()));
}

/// Starts a process that sleeps, and writes down its id.
pub(crate) fn leave_child(file: &str) {
    if let Ok(child) = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn() {
        drop(fs::write(file, child.id().to_string()));
    }
}

/// The same in a session of its own, deaf to SIGTERM, and no child of ours: what started it has ended.
pub(crate) fn leave_grandchild(file: &str) {
    let script =
        format!("trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$ > {file}; exec sleep 1000' &)");
    let started = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).process_group(0).status();
    drop(started);
    // Known before the turn goes on.
    for _ in 0..500 {
        if fs::read_to_string(file).is_ok_and(|pid| pid.ends_with('\n')) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Nanoseconds of the clock that never goes back.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

//! A program that is asked one thing and is to answer soon: whoever asks is never kept waiting by one that hangs.

use std::{
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(2);
/// How much is read of either output, in bytes.
const MOST: u64 = 1 << 20;
/// How long after its end what it printed may take to arrive: what left its group may hold the pipe.
const REST: Duration = Duration::from_millis(500);

/// Runs a program to its end with something to read. It and what it started end when its time is over.
///
/// # Errors
/// When it cannot be started; [`io::ErrorKind::TimedOut`] when it did not end in time.
pub fn answer_within(mut command: Command, input: Vec<u8>, most: Duration) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let until = Instant::now() + most;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if Instant::now() > until => break None,
            None => thread::sleep(LOOK),
        }
    };
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let Some(status) = status else {
        child.wait()?;
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it did not end in {} s", most.as_secs()),
        ));
    };
    let of = |bytes: Option<mpsc::Receiver<Vec<u8>>>| {
        bytes.and_then(|bytes| bytes.recv_timeout(REST).ok()).unwrap_or_default()
    };
    Ok(Output { status, stdout: of(stdout), stderr: of(stderr) })
}

fn read(from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut from = from.take(MOST);
        // What came before a failure counts; nobody may wait any more.
        drop(from.read_to_end(&mut bytes));
        let _ = sender.send(bytes);
        drop(io::copy(&mut from.into_inner(), &mut io::sink()));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, input: &str, most: Duration) -> io::Result<Output> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        answer_within(command, input.as_bytes().to_vec(), most)
    }

    #[test]
    fn what_it_says_and_how_it_ended_arrives() {
        let answer = ask("cat; echo no >&2; exit 3", "words", Duration::from_secs(20)).unwrap();
        assert_eq!((answer.stdout, answer.stderr), (b"words".to_vec(), b"no\n".to_vec()));
        assert_eq!(answer.status.code(), Some(3));
        let much = ask("head -c 3000000 /dev/zero", "", Duration::from_secs(20)).unwrap();
        assert_eq!((much.stdout.len() as u64, much.status.code()), (MOST, Some(0)));
    }

    #[test]
    fn one_that_hangs_is_ended_with_what_it_started() {
        let hung = ask("sleep 600 & sleep 600", "", Duration::from_millis(50)).unwrap_err();
        assert_eq!(hung.kind(), io::ErrorKind::TimedOut);
        // What holds its output does not hold the answer.
        let answer = ask("sleep 600 & echo there", "", Duration::from_secs(20)).unwrap();
        assert_eq!(answer.stdout, b"there\n");
    }
}

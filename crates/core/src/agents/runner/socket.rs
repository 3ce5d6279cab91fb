//! The runner's ear: a thread for each caller, which passes on what it asks and brings back the answer.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use super::Message;
use crate::agents::control::{self, Answer, Command, LONGEST_LINE, Refusal};

/// How many callers are listened to at once.
const MOST_CALLERS: usize = 64;
/// How long a caller may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a follower is told nothing.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Listens at the socket of an agent's folder.
pub(super) fn serve(folder: &Path, messages: &Sender<Message>) -> io::Result<()> {
    let listener = control::listen(folder)?;
    let messages = messages.clone();
    let callers = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Out of descriptors, most likely: others live on, and this one may try again.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if callers.fetch_add(1, Ordering::Relaxed) >= MOST_CALLERS {
                callers.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (messages, callers) = (messages.clone(), callers.clone());
            thread::spawn(move || {
                // A caller that goes away is no one's failure.
                let _ = listen_to(stream, &messages);
                callers.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    Ok(())
}

fn listen_to(stream: UnixStream, messages: &Sender<Message>) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut to = stream.try_clone()?;
    let mut from = BufReader::new(stream);
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    loop {
        let mut line = Vec::new();
        (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(());
        }
        // What cannot be read comes from a version that is not known.
        let message: control::Message = serde_json::from_slice(&line).unwrap_or(control::Message {
            version: control::VERSION,
            caller: control::Caller::default(),
            command: Command::Unknown,
        });
        let (answer, answers) = channel();
        if message.command == Command::Follow {
            messages.send(Message::Follows(answer)).map_err(|_| gone())?;
            let mut last = answers.recv().map_err(|_| gone())?;
            loop {
                // Only the newest matters. It is said again now and then: so it shows that a follower has gone.
                last = answers.try_iter().last().unwrap_or(last);
                say(&mut to, &last)?;
                match answers.recv_timeout(SAY_AGAIN) {
                    Ok(newer) => last = newer,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        }
        messages
            .send(Message::Asked { command: message.command, caller: message.caller, answer })
            .map_err(|_| gone())?;
        let answer = answers.recv().unwrap_or(Answer::Refused { why: Refusal::Ending });
        say(&mut to, &answer)?;
    }
}

fn say(to: &mut UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    to.write_all(&line)
}

//! How far long work is, on one line that goes away with it.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use super::Words;

/// Work that is done by then needs no word.
const PATIENCE: Duration = Duration::from_millis(700);
const INTERVAL: Duration = Duration::from_millis(100);

impl Words {
    /// Does some work, and tells a person who waits for it how far it is. `how_far` has nothing to say until it is
    /// known.
    pub(crate) fn while_working<T>(
        self,
        how_far: impl Fn() -> Option<String> + Send,
        work: impl FnOnce() -> T,
    ) -> T {
        if !self.terminal {
            return work();
        }
        std::thread::scope(|scope| {
            let (working, is_done) = channel::<()>();
            scope.spawn(move || draw(&how_far, &is_done));
            let result = work();
            drop(working);
            result
        })
    }
}

fn draw(how_far: &dyn Fn() -> Option<String>, is_done: &Receiver<()>) {
    let mut wait = PATIENCE;
    let mut width = 0;
    while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = INTERVAL;
        if let Some(line) = how_far() {
            width = line.chars().count().max(width);
            print(&format!("\r{line:width$}"));
        }
    }
    if width > 0 {
        print(&format!("\r{:width$}\r", ""));
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // Who cannot be told is not waiting.
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}

//! How far long work is, on one line that goes away with it.

use std::{
    io::{self, Write},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::Duration,
};

use super::Words;

/// Work that is done by then needs no word.
const PATIENCE: Duration = Duration::from_millis(700);
const INTERVAL: Duration = Duration::from_millis(100);

/// How wide the line is that stands there now.
static LINE: Mutex<usize> = Mutex::new(0);

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

/// Prints what is there to stay, while work goes on: the line makes room, and comes back below it.
pub(crate) fn above<T>(print: impl FnOnce() -> T) -> T {
    let mut width = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    clear(&mut width);
    print()
}

fn draw(how_far: &dyn Fn() -> Option<String>, is_done: &Receiver<()>) {
    let mut wait = PATIENCE;
    while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = INTERVAL;
        if let Some(line) = how_far() {
            let mut width = LINE.lock().unwrap_or_else(PoisonError::into_inner);
            *width = line.chars().count().max(*width);
            print(&format!("\r{line:width$}", width = *width));
        }
    }
    clear(&mut LINE.lock().unwrap_or_else(PoisonError::into_inner));
}

fn clear(width: &mut usize) {
    if *width > 0 {
        print(&format!("\r{:width$}\r", "", width = *width));
        *width = 0;
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // Who cannot be told is not waiting.
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}

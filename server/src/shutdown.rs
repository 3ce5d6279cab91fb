//! The word to stop: given once, heard by whoever asks, before or after.

use tokio::sync::watch;

/// Hears the word to stop. Clones hear the same.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

/// Gives the word, also when it is dropped.
#[derive(Debug)]
pub(crate) struct ShutdownSignal(watch::Sender<bool>);

/// A signal and an ear for it.
pub(crate) fn channel() -> (ShutdownSignal, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (ShutdownSignal(sender), Shutdown(receiver))
}

impl ShutdownSignal {
    pub(crate) fn send(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Returns when the word was given.
    pub(crate) async fn requested(&mut self) {
        // An error means that the signal is gone, and with it the server.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

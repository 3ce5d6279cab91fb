//! One server for each state folder: a lock that is held while the server lives and says where it listens.
//!
//! The lock is the proof of life, not the file: after a crash the file stays and the lock is free. Nothing is ever
//! deleted here.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

/// The lock's name in the server's folder.
const FILE_NAME: &str = "server.lock";

/// How often, and how long apart, a second server looks for the address of a first one that is still starting.
const ADDRESS_ATTEMPTS: u32 = 20;
const ADDRESS_PAUSE: Duration = Duration::from_millis(50);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct ServerLock {
    file: File,
}

/// What came of asking for the lock.
pub(crate) enum Claim {
    /// It is ours.
    Ours(ServerLock),
    /// Another server has it, at this address (`http://…/`) if it has said so.
    Taken(Option<String>),
}

impl ServerLock {
    /// Asks for the lock of a server's folder, without waiting for whoever has it.
    pub(crate) fn claim(folder: &Path) -> io::Result<Claim> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(FILE_NAME))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                file.set_len(0)?;
                Ok(Claim::Ours(Self { file }))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Claim::Taken(address_in(&mut file)?)),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Writes down where the server listens, for a second one to read.
    pub(crate) fn announce(&mut self, url: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("{url}\n").as_bytes())
    }
}

/// The address in a lock that another server holds; it writes it a moment after it has taken the lock.
fn address_in(file: &mut File) -> io::Result<Option<String>> {
    for _ in 0..ADDRESS_ATTEMPTS {
        let mut text = String::new();
        file.rewind()?;
        Read::by_ref(file).take(512).read_to_string(&mut text)?;
        // The end of the line says that it is whole.
        if let Some(url) = text.strip_suffix('\n') {
            return Ok(Some(url.to_owned()));
        }
        thread::sleep(ADDRESS_PAUSE);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_learns_where_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let url = "https://127.0.0.1:4600/";
        let Claim::Ours(mut first) = ServerLock::claim(folder.path()).unwrap() else { panic!("not ours") };
        first.announce(url).unwrap();
        let Claim::Taken(found) = ServerLock::claim(folder.path()).unwrap() else { panic!("not taken") };
        assert_eq!(found.as_deref(), Some(url));

        drop(first);
        assert!(matches!(ServerLock::claim(folder.path()).unwrap(), Claim::Ours(_)));
    }
}

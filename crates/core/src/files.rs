//! Files and folders of Orchestra's own: private, and always whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

/// Makes a folder that only its owner can read, and those above it.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

/// Writes a file so that it is always whole: the old one or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], outlives_the_machine: bool) -> io::Result<()> {
    // Two who write at once do not write into each other's.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{number}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let written = file.write_all(bytes).and_then(|()| {
        if outlives_the_machine {
            file.sync_all()?;
        }
        fs::rename(&draft, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
        return written;
    }
    if let (true, Some(folder)) = (outlives_the_machine, path.parent()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A file that is there to be locked.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

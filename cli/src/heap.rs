//! How a process that lives long takes its memory.

/// Keeps what a process holds near what it needs, whatever it once held for a moment. Call it before there are threads.
///
/// By default glibc gives threads heaps of their own, and what one long list or line took in each of them stays with the
/// process: for a server with 10,000 sessions that is more than all the rest together, and a runner, which has a thread
/// for each caller, would grow a little all the time. And whoever lets go of a large block once has it keep twice as much
/// from then on.
pub(crate) fn stay_small() {
    #[cfg(target_env = "gnu")]
    for (what, value) in [
        (libc::M_ARENA_MAX, 1),
        // Set once, they are not moved by what is let go of.
        (libc::M_MMAP_THRESHOLD, 256 << 10),
        (libc::M_TRIM_THRESHOLD, 1 << 20),
    ] {
        #[expect(unsafe_code, reason = "there is no other way to tell the C library")]
        // SAFETY: it takes two numbers, and no other thread runs yet. Should it refuse, only memory is lost.
        let _ = unsafe { libc::mallopt(what, value) };
    }
}

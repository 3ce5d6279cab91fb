//! How a process that lives long takes its memory.

/// Has all threads take memory from one heap. By default glibc gives threads heaps of their own, and what one long list
/// or line took in each of them stays with the process: for a server with 10,000 sessions that is more than all the rest
/// together, and a runner, which has a thread for each caller, would grow a little all the time. Call it before there
/// are threads.
pub(crate) fn share_one() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "there is no other way to tell the C library")]
    // SAFETY: it takes two numbers, and no other thread runs yet. Should it refuse, only memory is lost.
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

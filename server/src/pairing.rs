//! Pairing: a one-time code that the terminal shows and a browser hands back.
//!
//! Pure of I/O and of clocks: who calls says what time it is. Only the hash of a code is kept, and only in memory, so
//! a restart forgets it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How long a code may be used.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Wrong codes that cost nothing: a link opened twice, one copied badly.
const FREE_MISTAKES: u32 = 5;

/// Wrong codes after which the right one is dead: nobody errs that often.
const MOST_MISTAKES: u32 = 10;

/// The longest that guessing locks pairing.
const LONGEST_LOCK: Duration = Duration::from_secs(5 * 60);

/// A code's length: 128 bits in base64url.
const CODE_LENGTH: usize = 22;

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PairingRefusal {
    /// Not the code, or used before, or too old: which of them is nobody's business.
    Wrong,
    /// Too many wrong ones; nothing is looked at until this much time has passed.
    Locked(Duration),
    /// The last of too many wrong ones: from now on the right one is wrong too. Said once for each code.
    Spoilt,
}

/// The system has no randomness to give, so no code can be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a pairing code: the system gives no random bytes ({0})")]
pub struct NoRandomness(getrandom::Error);

/// The code in force, if there is one. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairing {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    pending: Option<Pending>,
    mistakes: u32,
    locked_until: Option<Instant>,
}

#[derive(Debug)]
struct Pending {
    hash: [u8; 32],
    expires: Instant,
}

impl Pairing {
    /// Makes a new code, which replaces the one before and forgives what was guessed: the owner asked for it.
    pub(crate) fn issue(&self, now: Instant) -> Result<String, NoRandomness> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(NoRandomness)?;
        let code = URL_SAFE_NO_PAD.encode(bytes);
        let pending = Pending { hash: hash(&code), expires: now + LIFETIME };
        *self.lock() = State { pending: Some(pending), mistakes: 0, locked_until: None };
        Ok(code)
    }

    /// Takes a code: the first who brings the right one gets through, and nobody after.
    ///
    /// The lock that guessing leads to is one for all callers, since an address can be made up. It doubles from one
    /// second, and in the end the code is dead, and only the owner makes a new one: not needed against 128 bits, but
    /// whoever guesses is noticed.
    pub(crate) fn redeem(&self, code: &str, now: Instant) -> Result<(), PairingRefusal> {
        let mut state = self.lock();
        if let Some(until) = state.locked_until
            && now < until
        {
            return Err(PairingRefusal::Locked(until - now));
        }
        // Hashes are compared, so how long it takes tells nothing about the code.
        let given = hash(code);
        if state.pending.take_if(|pending| pending.hash == given && now < pending.expires).is_some() {
            state.mistakes = 0;
            return Ok(());
        }
        state.mistakes = state.mistakes.saturating_add(1);
        if state.mistakes >= MOST_MISTAKES && state.pending.take().is_some() {
            return Err(PairingRefusal::Spoilt);
        }
        if let Some(extra) = state.mistakes.checked_sub(FREE_MISTAKES) {
            let seconds = 1_u64.checked_shl(extra).unwrap_or(u64::MAX);
            state.locked_until = Some(now + Duration::from_secs(seconds).min(LONGEST_LOCK));
        }
        Err(PairingRefusal::Wrong)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Every change of the state is one assignment: what a panic left behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text has the form of a code, so that it may be put into a page.
pub(crate) fn looks_like_a_code(text: &str) -> bool {
    text.len() == CODE_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_code_works_once() {
        let pairing = Pairing::default();
        let now = Instant::now();
        let code = pairing.issue(now).unwrap();
        assert!(looks_like_a_code(&code));
        assert_eq!(pairing.redeem(&code, now), Ok(()));
        assert_eq!(pairing.redeem(&code, now), Err(PairingRefusal::Wrong));
    }

    #[test]
    fn a_code_expires_and_a_new_one_replaces_it() {
        let pairing = Pairing::default();
        let now = Instant::now();
        let code = pairing.issue(now).unwrap();
        assert_eq!(pairing.redeem(&code, now + LIFETIME), Err(PairingRefusal::Wrong));

        let replaced = pairing.issue(now).unwrap();
        let code = pairing.issue(now).unwrap();
        assert_eq!(pairing.redeem(&replaced, now), Err(PairingRefusal::Wrong));
        assert_eq!(pairing.redeem(&code, now), Ok(()));
    }

    #[test]
    fn guessing_locks_longer_and_longer_and_the_right_code_waits_too() {
        let pairing = Pairing::default();
        let mut now = Instant::now();
        let code = pairing.issue(now).unwrap();
        for _ in 0..FREE_MISTAKES {
            assert_eq!(pairing.redeem("wrong", now), Err(PairingRefusal::Wrong));
        }
        assert_eq!(pairing.redeem(&code, now), Err(PairingRefusal::Locked(Duration::from_secs(1))));
        now += Duration::from_secs(1);
        assert_eq!(pairing.redeem("wrong", now), Err(PairingRefusal::Wrong));
        assert_eq!(pairing.redeem(&code, now), Err(PairingRefusal::Locked(Duration::from_secs(2))));
        now += Duration::from_secs(2);
        assert_eq!(pairing.redeem(&code, now), Ok(()));
    }

    #[test]
    fn of_sixteen_who_race_for_a_code_one_wins_each_of_a_thousand_times() {
        const RACERS: usize = 16;
        const ROUNDS: usize = 1000;
        let pairing = Pairing::default();
        let now = Instant::now();
        let codes: Vec<_> = (0..ROUNDS).map(|_| Mutex::new(String::new())).collect();
        let wins: Vec<_> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
        let line = Barrier::new(RACERS);
        std::thread::scope(|scope| {
            for _ in 0..RACERS {
                scope.spawn(|| {
                    for (code, wins) in codes.iter().zip(&wins) {
                        // One of them has the code made while nobody runs.
                        if line.wait().is_leader() {
                            *code.lock().unwrap() = pairing.issue(now).unwrap();
                        }
                        line.wait();
                        let code = code.lock().unwrap().clone();
                        line.wait();
                        if pairing.redeem(&code, now).is_ok() {
                            wins.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert!(wins.iter().all(|wins| wins.load(Ordering::Relaxed) == 1), "{wins:?}");
    }

    #[test]
    fn of_100_000_guesses_none_gets_through_few_are_looked_at_and_the_code_is_dead() {
        let pairing = Pairing::default();
        let start = Instant::now();
        let code = pairing.issue(start).unwrap();
        let (mut looked_at, mut spoilt) = (0, 0);
        for guess in 0..100_000_u32 {
            let now = start + Duration::from_millis(u64::from(guess));
            match pairing.redeem(&format!("{guess:022}"), now) {
                Ok(()) => panic!("guess {guess} got through"),
                Err(PairingRefusal::Wrong) => looked_at += 1,
                Err(PairingRefusal::Spoilt) => spoilt += 1,
                Err(PairingRefusal::Locked(left)) => assert!(left <= LONGEST_LOCK),
            }
        }
        assert_eq!(spoilt, 1, "said once");
        assert!(looked_at < 20, "{looked_at}");
        // What is kept of the guesses is a number: the state has no room for more.
        let later = start + LIFETIME - Duration::from_secs(1);
        assert_eq!(pairing.redeem(&code, later), Err(PairingRefusal::Wrong));
        let new = pairing.issue(later).unwrap();
        assert_eq!(pairing.redeem(&new, later), Ok(()));
    }
}

//! Arbitrary bytes as a line of the control socket: what is understood means the same when it is said again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestra_core::agents::control::{Answer, Command, Message};
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|data: &[u8]| {
    for line in data.split(|byte| *byte == b'\n') {
        check::<Message>(line);
        check::<Command>(line);
        check::<Answer>(line);
    }
});

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(line: &[u8]) {
    let Ok(said) = serde_json::from_slice::<T>(line) else { return };
    let again = serde_json::to_vec(&said).expect("what was read can be said");
    assert!(!again.contains(&b'\n'), "one line");
    assert_eq!(serde_json::from_slice::<T>(&again).expect("what was said can be read"), said);
}

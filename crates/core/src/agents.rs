//! Agents that Orchestra runs: what each of them has heard, said and been allowed.

pub mod log;

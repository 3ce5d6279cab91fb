//! Homes for agents that are run with the fake client, or with another: what tests, proofs and benchmarks of agents
//! share. The client itself is the program beside it (`main.rs`).

pub mod home;

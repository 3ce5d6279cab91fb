//! Repositories, and the worktrees that agents work in.
//!
//! Read through libgit2 where it supports the repository and through the git program where it does not; every change
//! goes through the git program. What lies in an agent's worktree was written by a program that nobody has checked, so
//! nothing that it names is run. Nothing here deletes work: what goes is put where it can be brought back from.

mod config;
mod create;
mod git;
mod repository;
#[cfg(test)]
pub(crate) mod testing;
mod trust;

pub use config::{Config, ConfigError};
pub use create::{CreateError, Marker, NewWorktree, create, lock, marker_of};
pub use git::{Git, GitError, Programs};
pub use repository::{Base, BaseError, OpenError, Repository};
pub use trust::Trust;

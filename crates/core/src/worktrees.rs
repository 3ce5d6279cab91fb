//! Repositories, and the worktrees that agents work in.
//!
//! Read through libgit2 where it supports the repository and through the git program where it does not; every change
//! goes through the git program. What lies in an agent's worktree was written by a program that nobody has checked, so
//! nothing that it names is run. Nothing here deletes work: what goes is put where it can be brought back from.

mod commits;
mod compare;
mod config;
mod create;
mod diff;
mod embedded;
mod git;
mod inspect;
mod merge;
mod patch;
pub mod porcelain;
mod push;
mod repository;
mod scratch;
mod submodules;
#[cfg(test)]
pub(crate) mod testing;
mod trash;
mod trust;
mod uncommitted;
mod under_way;

pub use commits::{commits, unpushed};
pub(crate) use compare::{commit_of, conflicts_of, has_work, is_ancestor};
pub use compare::{conflicts, has_all, is_within};
pub use config::{Config, ConfigError};
pub use create::{CreateError, Marker, NewWorktree, create, lock, make_again, marker_of};
pub use diff::{DiffError, Work, preview_commit};
pub use embedded::embedded;
pub use git::{Git, GitError, Programs};
pub use inspect::{Keep, Subject, inspect};
pub use merge::{Made, Merge, MergeError, Merged};
pub use patch::{FilePatch, read_patch};
pub use push::{pull_request_url, push, remote_of, url_of};
pub use repository::{Base, BaseError, OpenError, Repository, branch_in};
pub use scratch::{Scratch, ScratchError};
pub use submodules::unpushed_submodules;
pub use trash::{Discarded, Restored, Source, Trash, TrashError};
pub use trust::Trust;
pub use uncommitted::{commit_all, see_that_all_can_be_taken, uncommitted};

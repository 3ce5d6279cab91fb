//! From a wish to agents: where they may work, and what they are made of. Every surface spawns through here.
//!
//! Nothing is asked of a person here: whether a repository is trusted is told to the surface, which asks.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use orchestra_model::Provider;

use super::{
    Agents, GoesOn, Launcher, NewAgent, NewRun, StartError,
    name::slug,
    plan::{BRANCHES, Place, Plan, Settings, branch_of},
};
use crate::worktrees::{BaseError, Git, GitError, OpenError, Repository, Trash, Trust};

/// The folders and programs that agents are worked with. The edges find them; the engine only uses them.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Orchestra's state folder.
    pub state: PathBuf,
    /// The git program, if there is one.
    pub git: Option<Git>,
    /// The client's program, if there is one.
    pub client: Option<PathBuf>,
    /// GitHub's program, if there is one.
    pub gh: Option<PathBuf>,
    /// How runners are started.
    pub launcher: Launcher,
    /// Environment variables that what is run in a worktree must not inherit.
    pub scrubbed: Vec<OsString>,
}

/// Agents to be made together.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What they shall do, one task each.
    pub tasks: Vec<String>,
    /// The conversation that each goes on with.
    pub goes_on: Option<GoesOn>,
    /// How their clients are set.
    pub settings: Settings,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// The name of this one wish: asked for twice, they are made once.
    pub key: Option<String>,
}

/// A place where agents can work.
#[derive(Debug)]
pub struct FoundPlace {
    /// The place.
    pub place: Place,
    /// The repository, when it is one.
    pub repository: Option<Repository>,
    /// Whether a person trusts what it brings along.
    pub is_trusted: bool,
    /// What is trusted: the folder that all worktrees of a repository share, or a folder that is none.
    trusted: PathBuf,
}

/// Why agents cannot work somewhere.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// There is no such folder.
    #[error("{} is no folder", .folder.display())]
    NoFolder {
        /// What was named.
        folder: PathBuf,
    },
    /// Worktrees need git.
    #[error("git is not installed: there is no `git` on the PATH")]
    NoGit,
    /// It is no repository, or one that cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is nothing to start from.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// A branch has the name of the folder that agents' branches are in.
    #[error("the branch {BRANCHES} is in the way of {BRANCHES}/…, which agents' branches are called")]
    BranchInTheWay,
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Tools {
    /// The agents of the state folder.
    pub fn agents(&self) -> Agents {
        Agents::new(&self.state)
    }

    /// The trash of the state folder.
    ///
    /// # Errors
    /// When there is no git.
    pub fn trash(&self) -> Result<Trash, PlaceError> {
        Ok(Trash::new(&self.state, self.git()?))
    }

    /// The git program.
    ///
    /// # Errors
    /// When there is none.
    pub fn git(&self) -> Result<&Git, PlaceError> {
        self.git.as_ref().ok_or(PlaceError::NoGit)
    }

    /// Where agents would work that are pointed at a folder: each in a worktree of its repository, made from `base`, or all
    /// in the folder as it is.
    ///
    /// # Errors
    /// When they cannot.
    pub fn find_place(
        &self,
        folder: &Path,
        base: Option<&str>,
        as_it_is: bool,
    ) -> Result<FoundPlace, PlaceError> {
        let no_folder = || PlaceError::NoFolder { folder: folder.to_owned() };
        let folder = fs::canonicalize(folder).ok().filter(|folder| folder.is_dir()).ok_or_else(no_folder)?;
        let trust = Trust::new(&self.state);
        if as_it_is {
            // A repository's settings and hooks count there too.
            let repository = self.git.as_ref().and_then(|git| Repository::open(git, &folder).ok());
            let trusted = repository.as_ref().map_or(folder.as_path(), Repository::common_dir).to_owned();
            let is_trusted = trust.is_trusted(&trusted);
            return Ok(FoundPlace { place: Place::Folder { folder }, repository: None, is_trusted, trusted });
        }
        let repository = Repository::open(self.git()?, &folder)?;
        let from = repository.resolve(base)?;
        if repository.has_branch(BRANCHES)? {
            return Err(PlaceError::BranchInTheWay);
        }
        let place = Place::Worktree {
            repository: repository.root().to_owned(),
            worktrees: self.state.join("worktrees").join(repository.folder_name()),
            base: base.map(str::to_owned),
            commit: from.commit,
            target: from.branch,
            from: None,
        };
        let trusted = repository.common_dir().to_owned();
        let is_trusted = trust.is_trusted(&trusted);
        Ok(FoundPlace { place, repository: Some(repository), is_trusted, trusted })
    }

    /// Notes that a person trusts a place.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn trust(&self, place: &FoundPlace, now: Timestamp) -> io::Result<()> {
        Trust::new(&self.state).trust(&place.trusted, now)
    }

    /// Makes agents, without starting any: [`Agents::advance`] does.
    ///
    /// # Errors
    /// When one of them cannot be made: then none is.
    pub fn create(
        &self,
        place: &FoundPlace,
        client: &Path,
        wish: Wish,
        now: Timestamp,
    ) -> Result<Vec<Plan>, StartError> {
        let Wish { tasks, goes_on, settings, max_parallel, key } = wish;
        let new = |task: String| NewAgent {
            name: slug(&task),
            task,
            provider: Provider::Claude,
            client: client.to_owned(),
            place: place.place.clone(),
            goes_on: goes_on.clone(),
            settings: settings.clone(),
            started_by: None,
        };
        let run = NewRun { agents: tasks.into_iter().map(new).collect(), max_parallel, key };
        self.agents().create(run, |name| place.is_taken(name), now)
    }
}

impl FoundPlace {
    /// Whether the branch of an agent of this name is there already.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let repository = self.repository.as_ref();
        repository.is_some_and(|repository| repository.has_branch(&branch_of(name)).unwrap_or(true))
    }

    /// What the agents start from when what is not committed stays behind: a branch, or a short commit. `None` when
    /// everything is committed, or they work in the folder itself.
    ///
    /// # Errors
    /// When git fails.
    pub fn leaves_behind(&self) -> Result<Option<String>, GitError> {
        let (Some(repository), Place::Worktree { target, commit, .. }) = (&self.repository, &self.place)
        else {
            return Ok(None);
        };
        let from = || target.clone().unwrap_or_else(|| commit.chars().take(8).collect());
        Ok(repository.is_dirty()?.then(from))
    }
}

/// Tasks as one text: what stands between empty lines.
pub fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        match paragraphs.last_mut() {
            Some(last) if !line.trim().is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_a_task() {
        let text = "\n\nbuild auth\nwith argon2\n   \n\nwrite tests\n";
        assert_eq!(paragraphs(text), ["build auth\nwith argon2", "write tests"]);
        assert!(paragraphs(" \n\n").is_empty());
    }
}

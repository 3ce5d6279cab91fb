//! A person's repository: where it lies, what its branches are, and what a worktree may start from.
//!
//! It reads and changes nothing. libgit2 reads where it can open the repository; for formats that it does not know
//! (SHA-256, reftable) the git program does.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use git2::{BranchType, ErrorCode, StatusOptions};
use sha2::{Digest, Sha256};

use super::{
    Git, GitError,
    git::{Programs, failed},
};

/// How many bytes of its hash tell repositories of the same name apart.
const HASH: usize = 4;

/// A repository, seen from one of its folders.
pub struct Repository {
    git: Git,
    /// `None` for a format that libgit2 does not know.
    libgit2: Option<git2::Repository>,
    folder: PathBuf,
    common_dir: PathBuf,
    is_bare: bool,
}

/// Why a folder could not be taken for one of a repository.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no repository.
    #[error("{} is in no git repository", .folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
    },
    /// There is one that cannot be read.
    #[error("the git repository of {} cannot be read: {error}", .folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// What git says.
        error: GitError,
    },
}

/// What a branch can start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The commit, in full.
    pub commit: String,
    /// The local branch that was meant, which the work will go back to.
    pub branch: Option<String>,
}

/// Why there is nothing to start from.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The repository has no commit.
    #[error("{} has no commit yet, and a branch must start from one", .folder.display())]
    Unborn {
        /// The repository.
        folder: PathBuf,
    },
    /// There is no such branch, tag or commit.
    #[error("there is no branch, tag or commit {base:?} in {}", .folder.display())]
    Unknown {
        /// What was asked for.
        base: String,
        /// The repository.
        folder: PathBuf,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Repository").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The branch that is checked out in a folder; `None` for a detached `HEAD`.
///
/// # Errors
/// When git fails.
pub fn branch_in(git: &Git, folder: &Path) -> Result<Option<String>, GitError> {
    let short =
        |name: &[u8]| String::from_utf8_lossy(name).trim().strip_prefix("refs/heads/").map(str::to_owned);
    // The pages ask for every change of an agent: no process for that, where libgit2 knows the format.
    if let Ok(opened) = git2::Repository::open(folder)
        && let Ok(head) = opened.find_reference("HEAD")
    {
        return Ok(head.symbolic_target_bytes().and_then(short));
    }
    let output = git.call(folder, Programs::None, ["symbolic-ref", "--quiet", "HEAD"])?.answer()?;
    Ok(short(&output.stdout))
}

impl Repository {
    /// The repository that a folder belongs to: also a bare one, a linked worktree, a submodule.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(git: &Git, folder: &Path) -> Result<Self, OpenError> {
        if let Ok(found) = git2::Repository::discover(folder) {
            let top = found.workdir().unwrap_or_else(|| found.path());
            return Ok(Self {
                git: git.clone(),
                folder: real(top),
                common_dir: real(found.commondir()),
                is_bare: found.is_bare(),
                libgit2: Some(found),
            });
        }
        let no_repository = || OpenError::NoRepository { folder: folder.to_owned() };
        let unreadable = |error| OpenError::Unreadable { folder: folder.to_owned(), error };
        let arguments = [
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--is-bare-repository",
            "--is-inside-work-tree",
        ];
        let output =
            git.call(folder, Programs::None, arguments).and_then(|call| call.answer()).map_err(unreadable)?;
        if !output.status.success() {
            let error = failed("rev-parse".to_owned(), &output);
            let is_missing = String::from_utf8_lossy(&output.stderr).contains("not a git repository");
            return Err(if is_missing { no_repository() } else { unreadable(error) });
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (text, is_inside) = text.trim_end().rsplit_once('\n').ok_or_else(no_repository)?;
        let (common_dir, is_bare) = text.rsplit_once('\n').ok_or_else(no_repository)?;
        let common_dir = real(Path::new(common_dir));
        let (is_bare, is_inside) = (is_bare == "true", is_inside == "true");
        let top = if is_bare || !is_inside {
            // Opened by git's own folder, which belongs to the checkout that it lies in.
            let checkout = common_dir.parent().filter(|_| !is_bare && common_dir.ends_with(".git"));
            checkout.unwrap_or(&common_dir).to_owned()
        } else {
            let call =
                git.call(folder, Programs::None, ["rev-parse", "--show-toplevel"]).map_err(unreadable)?;
            real(Path::new(&call.text().map_err(unreadable)?))
        };
        Ok(Self { git: git.clone(), libgit2: None, folder: top, common_dir, is_bare })
    }

    /// The git program that changes it.
    pub const fn git(&self) -> &Git {
        &self.git
    }

    /// The top of the checkout that it was opened in; the repository itself when that is bare.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that all its worktrees share: what names it.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Whether it has no checkout of its own.
    pub const fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// The folder that a person knows it by: its main checkout, or itself when it is bare.
    pub fn root(&self) -> &Path {
        match (self.common_dir.file_name(), self.common_dir.parent()) {
            (Some(name), Some(parent)) if name == ".git" => parent,
            // A submodule's lies elsewhere: then the checkout that it was opened in is what a person knows.
            _ if self.is_bare => &self.common_dir,
            _ => &self.folder,
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        let name = self.root().file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(".git").filter(|name| !name.is_empty()).unwrap_or(&name).to_owned()
    }

    /// The name of the folder for its worktrees: what it is called, and what tells it from others of that name.
    pub fn folder_name(&self) -> String {
        let hash = Sha256::digest(self.common_dir.as_os_str().as_encoded_bytes());
        let hash: String = hash.iter().take(HASH).map(|byte| format!("{byte:02x}")).collect();
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
        let name: String = self
            .name()
            .chars()
            .map(|character| if is_plain(character) { character } else { '-' })
            .take(64)
            .collect();
        format!("{}-{hash}", name.trim_start_matches(['-', '.']))
    }

    /// The commit that a branch, a tag or a commit names; that of `HEAD` when nothing is named.
    ///
    /// # Errors
    /// When there is none.
    pub fn resolve(&self, base: Option<&str>) -> Result<Base, BaseError> {
        let folder = || self.root().to_owned();
        let unknown = |base: &str| BaseError::Unknown { base: base.to_owned(), folder: folder() };
        if let Some(base) = base
            && (base.is_empty()
                || base.starts_with('-')
                || base.contains(['\0', '\n', ' '])
                || base.contains(".."))
        {
            return Err(unknown(base));
        }
        let commit = match &self.libgit2 {
            Some(libgit2) => libgit2
                .revparse_single(base.unwrap_or("HEAD"))
                .and_then(|object| object.peel_to_commit())
                .map(|commit| commit.id().to_string())
                .ok(),
            None => {
                let name = format!("{}^{{commit}}", base.unwrap_or("HEAD"));
                let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
                let output = self.git.call(&self.folder, Programs::None, arguments)?.answer()?;
                let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                output.status.success().then_some(text)
            }
        };
        let branch = match base {
            None | Some("HEAD") => self.current_branch()?,
            Some(base) if self.has_branch(base)? => Some(base.to_owned()),
            Some(_) => None,
        };
        match (commit, base) {
            (Some(commit), _) => Ok(Base { commit, branch }),
            (None, Some(base)) if self.has_commits()? => Err(unknown(base)),
            (None, _) => Err(BaseError::Unborn { folder: folder() }),
        }
    }

    /// The branch that is checked out here; `None` for a detached `HEAD`.
    ///
    /// # Errors
    /// When git fails.
    pub fn current_branch(&self) -> Result<Option<String>, GitError> {
        branch_in(&self.git, &self.folder)
    }

    /// Whether there is a local branch of this name.
    ///
    /// # Errors
    /// When git fails.
    pub fn has_branch(&self, name: &str) -> Result<bool, GitError> {
        if let Some(libgit2) = &self.libgit2 {
            return match libgit2.find_branch(name, BranchType::Local) {
                Ok(_) => Ok(true),
                Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
                    Ok(false)
                }
                Err(_) => self.has_branch_says_git(name),
            };
        }
        self.has_branch_says_git(name)
    }

    fn has_branch_says_git(&self, name: &str) -> Result<bool, GitError> {
        let name = format!("refs/heads/{name}");
        let arguments = ["show-ref", "--verify", "--quiet", "--", &name];
        Ok(self.git.call(&self.folder, Programs::None, arguments)?.answer()?.status.success())
    }

    fn has_commits(&self) -> Result<bool, GitError> {
        let arguments = ["rev-list", "--max-count=1", "--all", "HEAD"];
        let output = self.git.call(&self.folder, Programs::None, arguments)?.answer()?;
        Ok(!output.stdout.is_empty())
    }

    /// Whether the checkout that it was opened in holds something that no commit holds: an agent will not see it.
    ///
    /// # Errors
    /// When git fails.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        if self.is_bare {
            return Ok(false);
        }
        if let Some(libgit2) = &self.libgit2 {
            let mut options = StatusOptions::new();
            options.include_untracked(true).recurse_untracked_dirs(false).update_index(false);
            if let Ok(statuses) = libgit2.statuses(Some(&mut options)) {
                return Ok(!statuses.is_empty());
            }
        }
        let arguments =
            ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--ignore-submodules=none"];
        let changed = self.git.call(&self.folder, Programs::None, arguments)?.bytes()?;
        Ok(!changed.is_empty())
    }
}

/// A folder by its one real name.
pub(super) fn real(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn every_kind_of_repository_is_opened() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let open = |folder: &Path| Repository::open(&sandbox.git, folder).unwrap();
        let commit = open(&main).resolve(None).unwrap();
        assert_eq!(commit.branch.as_deref(), Some("main"));
        fs::create_dir_all(main.join("a/b")).unwrap();
        assert_eq!(open(&main.join("a/b")).folder(), main);
        // A linked worktree, and one of that.
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let side = open(&sandbox.path("side"));
        assert_eq!((side.root(), side.folder()), (main.as_path(), sandbox.path("side").as_path()));
        assert_eq!(side.resolve(None).unwrap().branch.as_deref(), Some("side"));
        assert_eq!(side.folder_name(), open(&main).folder_name());
        // A bare one.
        sandbox.run(&sandbox.path(""), &["clone", "-q", "--bare", "shop", "bare.git"]);
        let bare = open(&sandbox.path("bare.git"));
        assert!(bare.is_bare() && !bare.is_dirty().unwrap());
        assert_eq!(bare.name(), "bare");
        assert_eq!(bare.resolve(None).unwrap(), commit);
        // Detached.
        sandbox.run(&main, &["checkout", "-q", "--detach"]);
        assert_eq!(open(&main).resolve(None).unwrap().branch, None);
        assert_eq!(open(&main).resolve(Some("main")).unwrap(), commit);
        // A submodule.
        sandbox.run(
            &main,
            &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../bare.git", "sub"],
        );
        let sub = open(&main.join("sub"));
        assert_eq!((sub.root(), sub.name().as_str()), (main.join("sub").as_path(), "sub"));
        assert!(matches!(
            Repository::open(&sandbox.git, &sandbox.path("")),
            Err(OpenError::NoRepository { .. })
        ));
    }

    #[test]
    fn formats_that_libgit2_does_not_know_are_read_by_git() {
        let sandbox = Sandbox::new();
        for format in ["--object-format=sha256", "--ref-format=reftable"] {
            let folder = sandbox.path(format);
            sandbox.run(&sandbox.path(""), &["init", "-q", "-b", "main", format, "--", format]);
            let open = || Repository::open(&sandbox.git, &folder).unwrap();
            assert!(matches!(open().resolve(None), Err(BaseError::Unborn { .. })), "{format}");
            sandbox.commit(&folder, "one", "1\n");
            let repository = open();
            assert!(repository.libgit2.is_none(), "{format}: libgit2 has learnt it; test another format");
            assert_eq!(repository.resolve(Some("main")).unwrap().branch.as_deref(), Some("main"));
            assert!(repository.has_branch("main").unwrap() && !repository.has_branch("other").unwrap());
            assert!(!repository.is_dirty().unwrap());
            fs::write(folder.join("two"), "2\n").unwrap();
            assert!(repository.is_dirty().unwrap());
            let by_its_own = Repository::open(&sandbox.git, &folder.join(".git")).unwrap();
            assert_eq!(by_its_own.folder(), folder);
            assert_eq!(by_its_own.common_dir(), repository.common_dir());
            assert!(by_its_own.is_dirty().unwrap() && !by_its_own.is_bare());
        }
    }

    #[test]
    fn what_is_no_base_is_said_to_be_none() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.run(&main, &["tag", "-a", "-m", "first", "v1"]);
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let head = repository.resolve(None).unwrap().commit;
        for base in ["v1", "HEAD", &head, &head[..8], "main~0"] {
            assert_eq!(repository.resolve(Some(base)).unwrap().commit, head, "{base}");
        }
        for base in ["nope", "-x", "--output=x", "", "a b", "main..v1", "a\nb", "HEAD:one"] {
            assert!(matches!(repository.resolve(Some(base)), Err(BaseError::Unknown { .. })), "{base:?}");
        }
        let empty = sandbox.path("empty");
        sandbox.run(&sandbox.path(""), &["init", "-q", "empty"]);
        let empty = Repository::open(&sandbox.git, &empty).unwrap();
        assert!(matches!(empty.resolve(None), Err(BaseError::Unborn { .. })));
        assert!(matches!(empty.resolve(Some("main")), Err(BaseError::Unborn { .. })));
    }
}

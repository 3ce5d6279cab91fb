//! Bringing a branch to a remote, and where a person opens a pull request for it.

use super::{GitError, Programs, Repository};

/// The remote that a repository's branches go to: that of the base branch, else `origin`, else the only one.
///
/// # Errors
/// When git fails.
pub fn remote_of(repository: &Repository, base: Option<&str>) -> Result<Option<String>, GitError> {
    let ask = |arguments: &[&str]| -> Result<String, GitError> {
        let output = repository.git().call(repository.common_dir(), Programs::None, arguments)?.answer()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if let Some(base) = base {
        let remote = ask(&["config", "--get", &format!("branch.{base}.remote")])?;
        if !remote.is_empty() && remote != "." {
            return Ok(Some(remote));
        }
    }
    let remotes = ask(&["remote"])?;
    let mut remotes = remotes.lines();
    Ok(match (remotes.clone().find(|name| *name == "origin"), remotes.next(), remotes.next()) {
        (Some(origin), _, _) => Some(origin.to_owned()),
        (None, Some(only), None) => Some(only.to_owned()),
        _ => None,
    })
}

/// Pushes a branch under its own name. Hooks do not run; a person's credentials are asked as git is set up to.
///
/// # Errors
/// When git fails.
pub fn push(repository: &Repository, branch: &str, remote: &str) -> Result<(), GitError> {
    let both = format!("refs/heads/{branch}:refs/heads/{branch}");
    let arguments = ["push", "--quiet", "--set-upstream", "--", remote, &both];
    // From where a person would push: a remote may be a path from there.
    repository.git().call(repository.root(), Programs::Filters, arguments)?.bytes().map(drop)
}

/// Where a remote lies.
///
/// # Errors
/// When git fails.
pub fn url_of(repository: &Repository, remote: &str) -> Result<String, GitError> {
    let arguments = ["remote", "get-url", "--push", "--", remote];
    repository.git().call(repository.common_dir(), Programs::None, arguments)?.text()
}

/// The page on which a pull request of a branch is opened; `None` for a host whose pages are not known. What a URL holds
/// besides host and path (a name, a password) is not repeated.
pub fn pull_request_url(remote: &str, branch: &str, base: Option<&str>) -> Option<String> {
    let rest = match remote.split_once("://") {
        Some((_, rest)) => rest.to_owned(),
        // As ssh writes it: user@host:path.
        None => remote.replacen(':', "/", 1),
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    let path = path.trim_matches('/').trim_end_matches(".git");
    let branch = encoded(branch);
    let of = |name: &str| host == name || host.contains(&format!("{name}."));
    let base = base.map(encoded);
    Some(match () {
        () if of("github.com") || host.starts_with("github.") => {
            let base = base.map(|base| format!("{base}...")).unwrap_or_default();
            format!("https://{host}/{path}/compare/{base}{branch}?expand=1")
        }
        () if host.contains("gitlab") => {
            let target =
                base.map(|base| format!("&merge_request%5Btarget_branch%5D={base}")).unwrap_or_default();
            format!(
                "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}{target}"
            )
        }
        () if of("bitbucket.org") => format!("https://{host}/{path}/pull-requests/new?source={branch}"),
        () if of("codeberg.org") || host.contains("gitea") || host.contains("forgejo") => {
            let base = base.map(|base| format!("{base}...")).unwrap_or_default();
            format!("https://{host}/{path}/compare/{base}{branch}")
        }
        () => return None,
    })
}

/// A branch's name as part of a URL.
fn encoded(name: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    name.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn pages_for_pull_requests() {
        for (remote, url) in [
            (
                "git@github.com:ada/shop.git",
                "https://github.com/ada/shop/compare/main...orchestra/a?expand=1",
            ),
            (
                "https://x:secret@github.com/ada/shop",
                "https://github.com/ada/shop/compare/main...orchestra/a?expand=1",
            ),
            (
                "ssh://git@gitlab.example.com:2222/team/shop.git",
                "https://gitlab.example.com/team/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=orchestra/a&merge_request%5Btarget_branch%5D=main",
            ),
            ("https://codeberg.org/ada/shop.git", "https://codeberg.org/ada/shop/compare/main...orchestra/a"),
        ] {
            assert_eq!(pull_request_url(remote, "orchestra/a", Some("main")).as_deref(), Some(url));
        }
        assert_eq!(pull_request_url("/srv/git/shop.git", "a", None), None);
        assert_eq!(pull_request_url("https://example.com/shop.git", "a", None), None);
    }

    #[test]
    fn a_branch_goes_to_its_remote() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.run(&main, &["branch", "orchestra/a"]);
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        assert_eq!(remote_of(&repository, Some("main")).unwrap(), None);
        sandbox.run(&sandbox.path(""), &["init", "-q", "--bare", "far"]);
        sandbox.run(&main, &["remote", "add", "upstream", "../far"]);
        assert_eq!(remote_of(&repository, Some("main")).unwrap().as_deref(), Some("upstream"));
        push(&repository, "orchestra/a", "upstream").unwrap();
        assert!(sandbox.run(&sandbox.path("far"), &["branch"]).contains("orchestra/a"));
        assert!(push(&repository, "nope", "upstream").is_err());
    }
}

//! What the process was started with: the only module that reads the environment.
//!
//! Everything else is handed what it needs from here, so tests can say what the world looks like. It opens no file.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::tz::TimeZone;
use orchestra_core::sessions::{Places, Root};
use rustix::fs::{Access, access};

use crate::error::Failure;

/// The environment, as far as any command asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    home: Option<PathBuf>,
    claude_config_dir: Option<OsString>,
    xdg_config_home: Option<OsString>,
    xdg_cache_home: Option<OsString>,
    xdg_state_home: Option<OsString>,
    orchestra_home: Option<OsString>,
    /// Where programs are looked for.
    pub(crate) path: Option<OsString>,
    /// `NO_COLOR` is set to anything.
    pub(crate) no_color: bool,
    /// `CLICOLOR_FORCE` is set to anything but `0`.
    pub(crate) force_color: bool,
    /// `TERM=dumb`: a terminal that can only print.
    pub(crate) dumb_terminal: bool,
    /// The names of all variables: a child is started without some of them.
    pub(crate) variable_names: Vec<OsString>,
    /// The reader's time zone, if the system says it.
    pub(crate) time_zone: Option<TimeZone>,
    /// Where folders are made that do not stay.
    pub(crate) temporary: PathBuf,
    /// The shell that the person uses.
    pub(crate) shell: Option<OsString>,
    /// `MCP_TOOL_TIMEOUT`: how long a client lets a call to a tool take.
    pub(crate) mcp_tool_timeout: Option<Duration>,
}

impl Surroundings {
    /// What this process was started with.
    pub(crate) fn of_this_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            claude_config_dir: variable("CLAUDE_CONFIG_DIR"),
            xdg_config_home: variable("XDG_CONFIG_HOME"),
            xdg_cache_home: variable("XDG_CACHE_HOME"),
            xdg_state_home: variable("XDG_STATE_HOME"),
            orchestra_home: variable("ORCHESTRA_HOME"),
            path: variable("PATH"),
            no_color: variable("NO_COLOR").is_some(),
            force_color: variable("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb_terminal: variable("TERM").is_some_and(|value| value == "dumb"),
            variable_names: std::env::vars_os().map(|(name, _)| name).collect(),
            time_zone: TimeZone::try_system().ok(),
            temporary: std::env::temp_dir(),
            shell: variable("SHELL"),
            mcp_tool_timeout: variable("MCP_TOOL_TIMEOUT")
                .and_then(|milliseconds| milliseconds.to_str()?.parse().ok())
                .map(Duration::from_millis),
        }
    }

    /// Where sessions are looked for: the client's own folders, and those that `--root` names.
    pub(crate) fn catalog_places(&self, extra_roots: &[PathBuf]) -> Places {
        let mut roots = Places::standard_roots(
            self.claude_config_dir.as_deref(),
            self.xdg_config_home.as_deref(),
            self.home.as_deref(),
        );
        for extra in extra_roots {
            let path = std::path::absolute(extra).unwrap_or_else(|_| extra.clone());
            if let Some(known) = roots.iter_mut().find(|root| root.path == path) {
                known.asked_for = true;
            } else {
                roots.push(Root { path, asked_for: true, is_default: false });
            }
        }
        Places { roots, cache_dir: self.cache_dir(), state_dir: self.state_dir().ok() }
    }

    /// Where indexes are kept; deleting it loses nothing. `None` when there is no home.
    fn cache_dir(&self) -> Option<PathBuf> {
        let fallback = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        self.base(self.xdg_cache_home.as_deref(), fallback).map(|base| base.join("orchestra"))
    }

    /// The optional file with what a person wants otherwise. `None` when there is no home.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.base(self.xdg_config_home.as_deref(), ".config").map(|base| base.join("orchestra/config.toml"))
    }

    /// Where Orchestra keeps what must not be lost.
    pub(crate) fn state_dir(&self) -> Result<PathBuf, Failure> {
        if let Some(home) = &self.orchestra_home {
            return std::path::absolute(home)
                .map_err(|error| Failure::new(format!("ORCHESTRA_HOME cannot be used: {error}")));
        }
        let fallback = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
        self.base(self.xdg_state_home.as_deref(), fallback).map(|base| base.join("orchestra")).ok_or_else(
            || {
                Failure::new("there is no home folder to keep Orchestra's own files in")
                    .hint("set ORCHESTRA_HOME to a folder of yours")
            },
        )
    }

    /// A base folder: the variable's, which counts only when it is absolute, else the one in the home folder.
    fn base(&self, variable: Option<&OsStr>, in_home: &str) -> Option<PathBuf> {
        variable
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| self.home.as_ref().map(|home| home.join(in_home)))
    }

    /// A program, found as a shell would find it.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        search(self.path.as_deref().unwrap_or_default(), name)
    }

    /// Where programs are looked for, with one more folder before the others.
    pub(crate) fn path_with(&self, first: &Path) -> OsString {
        let mut path = first.as_os_str().to_owned();
        if let Some(folders) = &self.path {
            path.push(":");
            path.push(folders);
        }
        path
    }

    /// A path as a person would write it: the home folder as `~`.
    pub(crate) fn with_tilde(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

/// The command line. Under the client's name this program is the demo's scripted client: it then lies beside nothing but
/// a demo's other programs, and is started like the real one.
pub(crate) fn arguments() -> Vec<OsString> {
    as_called(std::env::args_os().collect())
}

fn as_called(arguments: Vec<OsString>) -> Vec<OsString> {
    match arguments.split_first() {
        Some((program, rest)) if Path::new(program).file_name() == Some(OsStr::new("claude")) => {
            let before = [OsString::from("orchestra"), "__client".into(), program.clone(), "--".into()];
            before.into_iter().chain(rest.iter().cloned()).collect()
        }
        _ => arguments,
    }
}

fn search(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file() && access(program, Access::EXEC_OK).is_ok())
        // The command runs in another folder, from which a relative path would lead elsewhere.
        .and_then(|program| std::path::absolute(program).ok())
}

#[cfg(test)]
mod tests {
    use std::{env, fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn at_home() -> Surroundings {
        Surroundings { home: Some("/home/ada".into()), ..Surroundings::default() }
    }

    #[test]
    fn state_is_where_it_was_asked_for_else_in_the_home_folder() {
        let mut surroundings = at_home();
        if cfg!(target_os = "linux") {
            assert_eq!(surroundings.state_dir().unwrap(), Path::new("/home/ada/.local/state/orchestra"));
        }
        surroundings.xdg_state_home = Some("relative".into());
        assert!(
            surroundings.state_dir().unwrap().starts_with("/home/ada"),
            "a relative XDG folder is ignored"
        );
        surroundings.xdg_state_home = Some("/state".into());
        assert_eq!(surroundings.state_dir().unwrap(), Path::new("/state/orchestra"));
        surroundings.orchestra_home = Some("/orchestra".into());
        assert_eq!(surroundings.state_dir().unwrap(), Path::new("/orchestra"));
        assert!(Surroundings::default().state_dir().is_err());
    }

    #[test]
    fn the_config_file_is_in_the_config_folder() {
        let mut surroundings = at_home();
        let file = |surroundings: &Surroundings| surroundings.config_file().unwrap();
        assert_eq!(file(&surroundings), Path::new("/home/ada/.config/orchestra/config.toml"));
        surroundings.xdg_config_home = Some("/config".into());
        assert_eq!(file(&surroundings), Path::new("/config/orchestra/config.toml"));
        assert_eq!(Surroundings::default().config_file(), None);
    }

    #[test]
    fn a_root_named_twice_is_looked_at_once_and_missed_when_missing() {
        let places = at_home().catalog_places(&["/home/ada/.claude".into(), "/mnt/old".into()]);
        let named: Vec<_> =
            places.roots.iter().filter(|root| root.asked_for).map(|root| &root.path).collect();
        assert_eq!(named, [Path::new("/home/ada/.claude"), Path::new("/mnt/old")]);
    }

    #[test]
    fn under_the_clients_name_it_is_the_scripted_client() {
        let called = |arguments: &[&str]| as_called(arguments.iter().map(OsString::from).collect());
        assert_eq!(called(&["orchestra", "web"]), ["orchestra", "web"]);
        assert_eq!(
            called(&["/demo/bin/claude", "-p", "--model=x"]),
            ["orchestra", "__client", "/demo/bin/claude", "--", "-p", "--model=x"]
        );
        assert!(called(&[]).is_empty());
    }

    #[test]
    fn home_is_written_as_a_tilde() {
        let surroundings = at_home();
        assert_eq!(surroundings.with_tilde(Path::new("/home/ada")), "~");
        assert_eq!(surroundings.with_tilde(Path::new("/home/ada/.claude")), "~/.claude");
        assert_eq!(surroundings.with_tilde(Path::new("/home/adam")), "/home/adam");
    }

    #[test]
    fn the_first_that_can_be_run_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let named = |name: &str| folder.path().join(name);
        for (name, mode) in [("not-executable", 0o644), ("first", 0o755), ("second", 0o755)] {
            fs::create_dir(named(name)).unwrap();
            fs::write(named(name).join("tool"), "#!/bin/sh\n").unwrap();
            fs::set_permissions(named(name).join("tool"), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir_all(named("a-folder").join("tool")).unwrap();
        let path = |names: &[&str]| env::join_paths(names.iter().map(|name| named(name))).unwrap();
        assert_eq!(
            search(&path(&["missing", "a-folder", "not-executable", "first", "second"]), "tool"),
            Some(named("first").join("tool"))
        );
        assert_eq!(search(&path(&["missing", "not-executable"]), "tool"), None);
        assert_eq!(search(OsStr::new(""), "tool"), None);
    }
}

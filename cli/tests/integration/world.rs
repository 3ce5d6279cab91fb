//! A home folder with sessions in it, and the program run there with an environment of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::SystemTime,
};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// Transcripts that the real client wrote, kept beside the engine's tests.
const FIXTURES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/core/tests/fixtures/claude-2.1.197/projects");

/// Where the fixtures were written.
const WRITTEN_IN: &str = "/home/ada";

/// A home folder, removed at the end.
pub(super) struct World {
    _folder: TempDir,
    home: PathBuf,
}

/// What the program said, with the home folder written as `~`.
pub(super) struct Said {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) code: Option<i32>,
}

impl World {
    /// A home with nothing in it.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap().join("ada");
        fs::create_dir(&home).unwrap();
        Self { _folder: folder, home }
    }

    /// A home with the fixtures as a person's own sessions but one, which a program held. `shop`, one of the two
    /// folders they worked in, is there; `api.v2` is gone.
    pub(super) fn with_sessions() -> Self {
        let world = Self::empty();
        fs::create_dir(world.home.join("shop")).unwrap();
        for bucket in fs::read_dir(FIXTURES).unwrap() {
            let bucket = bucket.unwrap();
            let copy = world.projects().join(bucket.file_name());
            fs::create_dir_all(&copy).unwrap();
            for file in fs::read_dir(bucket.path()).unwrap() {
                let file = file.unwrap();
                if file.file_type().unwrap().is_file() {
                    let text = fs::read_to_string(file.path()).unwrap();
                    let text = text.replace(WRITTEN_IN, &world.home.to_string_lossy());
                    let text = match file.file_name().to_str().unwrap() {
                        "77777777-7777-4777-8777-777777777777.jsonl" => text,
                        _ => text.replace("\"sdk-cli\"", "\"cli\""),
                    };
                    fs::write(copy.join(file.file_name()), text).unwrap();
                }
            }
        }
        world
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn claude_folder(&self) -> PathBuf {
        self.home.join(".claude")
    }

    fn projects(&self) -> PathBuf {
        self.claude_folder().join("projects")
    }

    /// A session's transcript.
    pub(super) fn transcript(&self, beginning: &str) -> PathBuf {
        let buckets = fs::read_dir(self.projects()).unwrap().map(|bucket| bucket.unwrap().path());
        let mut files =
            buckets.flat_map(|bucket| fs::read_dir(bucket).unwrap().map(|file| file.unwrap().path()));
        files.find(|file| file.file_name().unwrap().to_str().unwrap().starts_with(beginning)).unwrap()
    }

    /// Makes a session's last activity as long ago as said, whatever the day of the fixtures.
    pub(super) fn make_last_active(&self, beginning: &str, ago: SignedDuration) {
        let path = self.transcript(beginning);
        let text = fs::read_to_string(&path).unwrap();
        let stamps = || text.match_indices("\"timestamp\":\"").map(|(at, key)| at + key.len());
        let time = |at: usize| text[at..at + 24].parse::<Timestamp>().unwrap();
        let shift = (Timestamp::now() - ago).duration_since(stamps().map(time).max().unwrap());
        let mut shifted = String::new();
        let mut done = 0;
        for at in stamps() {
            shifted.push_str(&text[done..at]);
            shifted.push_str(&format!("{:.3}", time(at) + shift));
            done = at + 24;
        }
        shifted.push_str(&text[done..]);
        fs::write(&path, shifted).unwrap();
        let ago = std::time::Duration::try_from(ago).unwrap();
        let modified = SystemTime::now() - ago;
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    }

    /// Puts a program named `claude` on the path that says how it was started.
    pub(super) fn install_fake_claude(&self) {
        let programs = self.home.join("bin");
        fs::create_dir_all(&programs).unwrap();
        let script = "#!/bin/sh\n\
            echo \"pid $$\"; echo \"folder $(pwd)\"\n\
            for argument in \"$@\"; do echo \"argument $argument\"; done\n\
            env | grep ^CLAUDE | sort\n";
        fs::write(programs.join("claude"), script).unwrap();
        make_executable(&programs.join("claude"));
    }

    /// The program with arguments, to be run in the home folder.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra"));
        command
            .args(arguments)
            .current_dir(&self.home)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", format!("{}:/usr/bin:/bin", self.home.join("bin").display()))
            .env("TZ", "UTC")
            .env("COLUMNS", "80");
        command
    }

    /// Runs the program.
    pub(super) fn run(&self, arguments: &[&str]) -> Said {
        self.said(&self.command(arguments).output().unwrap())
    }

    pub(super) fn said(&self, output: &Output) -> Said {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).unwrap().replace(&*self.home.to_string_lossy(), "~")
        };
        Said { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() }
    }
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Said {
    /// What was printed, when the program succeeded.
    #[track_caller]
    pub(super) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// The words of a failure: nothing on standard output, the exit code before the words.
    #[track_caller]
    pub(super) fn failure(self) -> String {
        assert_eq!(self.stdout, "");
        format!("exit code {}\n{}", self.code.unwrap(), self.stderr)
    }
}

//! The owner's own command: started for each notice, without a shell, with nothing of an agent in its arguments.
//!
//! It reads the notice as JSON on its standard input, or from `ORCHESTRA_NOTICE_KIND`, `_TITLE`, `_BODY`, `_AGENT` and
//! `_URL` in its environment. It is not told of withdrawals.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::line::{Outcome, Way};
use super::notice::Notice;
use super::outbox::Delivery;

/// How long it may take; then it is ended, with all that it has started.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The way through a command.
pub(crate) struct CommandWay {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Where the dashboard is.
    pub(crate) base: String,
    /// How long it may take, see [`TIME_LIMIT`].
    pub(crate) time_limit: Duration,
}

impl Way for CommandWay {
    async fn send(&mut self, delivery: &Delivery) -> Outcome {
        if let Delivery::Show(notice) = delivery {
            match self.run(notice).await {
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => tracing::warn!(%status, "the command for notifications failed"),
                Ok(None) => tracing::warn!("the command for notifications took too long and was ended"),
                Err(problem) => tracing::warn!(%problem, "the command for notifications cannot be run"),
            }
        }
        // What it did not manage once, it would hardly manage the second time.
        Outcome::Settled
    }
}

impl CommandWay {
    /// Runs it to its end; `None` when it had to be ended.
    async fn run(&self, notice: &Notice) -> std::io::Result<Option<ExitStatus>> {
        let Some((program, arguments)) = self.command.split_first() else { return Ok(None) };
        let mut child = Command::new(program)
            .args(arguments)
            .env("ORCHESTRA_NOTICE_KIND", notice.kind.name())
            .env("ORCHESTRA_NOTICE_TITLE", &notice.title)
            .env("ORCHESTRA_NOTICE_BODY", &notice.body)
            .env("ORCHESTRA_NOTICE_AGENT", &notice.name)
            .env("ORCHESTRA_NOTICE_URL", format!("{}{}", self.base, notice.url))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut json = notice.json(&self.base);
        json.push(b'\n');
        let input = child.stdin.take();
        let group = child.id();
        let ended = tokio::time::timeout(self.time_limit, tell_and_wait(&mut child, input, &json)).await;
        let Ok(status) = ended else {
            let group = group.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            if let Some(group) = group
                && let Err(problem) = kill_process_group(group, Signal::KILL)
            {
                tracing::debug!(%problem, "the command for notifications was gone already");
            }
            child.wait().await?;
            return Ok(None);
        };
        status.map(Some)
    }
}

async fn tell_and_wait(
    child: &mut Child,
    input: Option<tokio::process::ChildStdin>,
    json: &[u8],
) -> std::io::Result<ExitStatus> {
    if let Some(mut input) = input {
        // One that does not read has the environment.
        let _ = input.write_all(json).await;
    }
    child.wait().await
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::notify::needs::{Act, Needs};
    use crate::notify::testing::{asking, request};

    fn notice(command: &str) -> Notice {
        let acts = Needs::default().take(&asking("a", &[request("r", command)]));
        let Some(Act::Tell(notice)) = acts.into_iter().next() else { panic!("nothing to tell") };
        notice
    }

    fn way(script: &str, folder: &Path) -> CommandWay {
        let command = ["sh", "-c", script, "sh", &folder.display().to_string()].map(str::to_owned).to_vec();
        CommandWay { command, base: "http://127.0.0.1:4600".to_owned(), time_limit: TIME_LIMIT }
    }

    #[tokio::test]
    async fn the_notice_is_on_the_standard_input_and_in_the_environment_and_in_no_argument() {
        let folder = tempfile::tempdir().unwrap();
        let script = "cat > $1/input; env > $1/environment; printf '%s\\n' \"$@\" > $1/arguments";
        let notice = notice("echo '$(touch pwned)' \u{0}--help");
        let shown = Delivery::Show(Arc::new(notice));
        assert_eq!(way(script, folder.path()).send(&shown).await, Outcome::Settled);

        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let input: serde_json::Value = serde_json::from_str(&read("input")).unwrap();
        assert_eq!(input["body"], "echo '$(touch pwned)' ␀--help");
        assert_eq!(input["url"], "http://127.0.0.1:4600/agents/a");
        let environment = read("environment");
        for line in [
            "ORCHESTRA_NOTICE_KIND=permission",
            "ORCHESTRA_NOTICE_TITLE=name-of-a wants to use Bash",
            "ORCHESTRA_NOTICE_BODY=echo '$(touch pwned)' ␀--help",
            "ORCHESTRA_NOTICE_AGENT=name-of-a",
            "ORCHESTRA_NOTICE_URL=http://127.0.0.1:4600/agents/a",
        ] {
            assert!(environment.lines().any(|known| known == line), "{line}\n{environment}");
        }
        assert_eq!(read("arguments").trim(), folder.path().display().to_string());
    }

    #[tokio::test]
    async fn one_that_does_not_read_or_fails_or_is_not_there_is_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let notice = notice("ls");
        let status = way("exec 0<&-; exit 3", folder.path()).run(&notice).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(3));
        let missing = CommandWay { command: vec!["/no/such/program".to_owned()], ..way("", folder.path()) };
        assert!(missing.run(&notice).await.is_err());
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = "sleep 600 & echo $! > $1/pid; wait";
        let mut way = way(script, folder.path());
        way.time_limit = Duration::from_secs(2);
        assert_eq!(way.run(&notice("ls")).await.unwrap(), None);
        let pid: i32 = fs::read_to_string(folder.path().join("pid")).unwrap().trim().parse().unwrap();
        let runs = || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
        };
        let gone = async {
            while runs() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("an end");
    }
}

//! One headless run, `claude -p`, with the prompt on stdin.
//!
//! It runs the client and collects what it printed; what the client wrote is asked of the sandbox.

use super::{Client, ClientError, ClientSandbox};
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// How long a run may take before it is killed. A turn takes about a second; a loaded machine gets a lot more.
const LIMIT: Duration = Duration::from_secs(120);

/// A headless run that is being set up.
#[derive(Debug)]
pub struct Headless {
    command: Command,
    program: String,
}

/// A headless run under way; dropping it kills the client.
#[derive(Debug)]
pub struct RunningClient {
    child: Child,
    program: String,
    output: Option<Collected>,
}

/// How a headless run ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit status.
    pub status: ExitStatus,
    /// What it printed: one JSON value.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

type Collected = [JoinHandle<String>; 2];

impl ClientSandbox {
    /// A headless run of a client in a folder. It prints its result as JSON.
    #[must_use]
    pub fn headless(&self, client: &Client, cwd: &Path) -> Headless {
        let mut command = self.command(client, cwd);
        command.args(["-p", "--output-format", "json"]);
        Headless { command, program: client.binary.display().to_string() }
    }
}

impl Headless {
    /// Starts a session under this id.
    #[must_use]
    pub fn session_id(self, id: &str) -> Self {
        self.argument(format!("--session-id={id}"))
    }

    /// Goes on with a session: an id, or a transcript's absolute path.
    #[must_use]
    pub fn resume(self, session: impl AsRef<str>) -> Self {
        self.argument(format!("--resume={}", session.as_ref()))
    }

    /// What the client may do unasked: `acceptEdits`, `bypassPermissions`, `plan`, …
    #[must_use]
    pub fn permission_mode(self, mode: &str) -> Self {
        self.argument(format!("--permission-mode={mode}"))
    }

    /// Tools that need no leave, such as `Bash`.
    #[must_use]
    pub fn allow_tools(self, tools: &str) -> Self {
        self.argument(format!("--allowedTools={tools}"))
    }

    /// Any other argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Starts the run and returns at once.
    ///
    /// # Errors
    /// When the client cannot be started or does not take its prompt.
    pub fn start(mut self, prompt: &str) -> Result<RunningClient, ClientError> {
        let Self { command, program } = &mut self;
        let failed = |source| ClientError::Run { program: program.clone(), source };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let output = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => Some([collect(stdout), collect(stderr)]),
            _ => None,
        };
        let stdin = child.stdin.take();
        let running = RunningClient { child, program: program.clone(), output };
        if let Some(mut stdin) = stdin {
            match stdin.write_all(prompt.as_bytes()) {
                // A client that ends before it reads says why on stderr; that is the better message.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(running)
    }

    /// Runs the prompt to its end.
    ///
    /// # Errors
    /// When the client cannot be started, or does not end in time.
    pub fn run(self, prompt: &str) -> Result<Finished, ClientError> {
        self.start(prompt)?.finish()
    }
}

impl RunningClient {
    /// The client's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the client's end.
    ///
    /// # Errors
    /// When it does not end in time; it is killed then.
    pub fn finish(mut self) -> Result<Finished, ClientError> {
        let deadline = Instant::now() + LIMIT;
        let failed = |source| ClientError::Run { program: self.program.clone(), source };
        let status = loop {
            match self.child.try_wait().map_err(failed)? {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        if status.is_none() {
            self.end();
        }
        let [stdout, stderr] = match self.output.take() {
            Some(threads) => threads.map(|thread| thread.join().unwrap_or_default()),
            None => Default::default(),
        };
        match status {
            Some(status) => Ok(Finished { status, stdout, stderr }),
            None => {
                Err(ClientError::TimedOut { seconds: LIMIT.as_secs(), output: format!("{stdout}{stderr}") })
            }
        }
    }

    /// Kills the client, as a crash would.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Both fail only when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for RunningClient {
    fn drop(&mut self) {
        self.end();
    }
}

impl Finished {
    /// The printed result; null when it is no JSON.
    #[must_use]
    pub fn result(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or(Value::Null)
    }

    /// Whether the run ended well, by its exit status and by its own word.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status.success() && self.result()["is_error"] == false
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

//! A made-up history: a configuration folder as Claude Code would have left it after three weeks of somebody's work.
//!
//! What was said stands in `texts/history.txt`; here it is written out, with times that end at the moment that it is
//! made, so that there is always something of today. The same seed and time make the same history.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime, civil::Time};
use orchestra_core::process::Process;
use serde_json::json;

use crate::{
    hands::Place,
    piece::{Change, Kind, Piece, Step, pieces},
    tools::{self, Answer},
    transcript::{CLIENT_VERSION, Setting, Transcript, bucket, copied, id, uuid},
};

/// What was said.
const TEXT: &str = include_str!("texts/history.txt");
/// The branch of sessions that name none.
const BRANCH: &str = "main";

/// Where and when a history is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a> {
    /// The configuration folder.
    pub(crate) config: &'a Path,
    /// The folder that the projects lie in.
    pub(crate) home: &'a Path,
    /// When it ends.
    pub(crate) now: &'a ZonedDateTime,
    /// What its numbers come from.
    pub(crate) seed: u64,
}

/// A session that was written, for others that are copies of it.
struct Written {
    key: String,
    text: Vec<u8>,
}

/// A session's heading: `KEY | PROJECT | TITLE | MODEL | AGE | BRANCH`, then options.
struct Heading<'a> {
    key: &'a str,
    project: &'a str,
    title: &'a str,
    model: &'a str,
    age: &'a str,
    branch: &'a str,
    options: &'a [&'a str],
}

impl<'a> Heading<'a> {
    fn of(parts: &'a [&'a str]) -> Self {
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        Self {
            key: part(0),
            project: part(1),
            title: part(2),
            model: part(3),
            age: part(4),
            branch: Some(part(5)).filter(|branch| !branch.is_empty()).unwrap_or(BRANCH),
            options: parts.get(6..).unwrap_or_default(),
        }
    }

    fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
}

impl History<'_> {
    /// Writes it; answers how many sessions it has.
    pub(crate) fn write(&self) -> io::Result<usize> {
        let mut random = Rng::with_seed(self.seed);
        let mut written: Vec<Written> = Vec::new();
        // Copies come after what they are copies of.
        let (copies, others): (Vec<_>, Vec<_>) =
            pieces(TEXT).into_iter().partition(|piece| Heading::of(&piece.heading).value("fork").is_some());
        for piece in others.iter().chain(&copies) {
            let session = self.session(&Heading::of(&piece.heading), piece, &written, &mut random)?;
            written.push(session);
        }
        Ok(written.len())
    }

    fn session(
        &self,
        heading: &Heading<'_>,
        piece: &Piece<'_>,
        earlier: &[Written],
        random: &mut Rng,
    ) -> io::Result<Written> {
        let folder = self.home.join(heading.project);
        fs::create_dir_all(&folder)?;
        let repeated = heading.value("each").map(|names| repeat(piece, names));
        let again = repeated.as_deref().map(pieces);
        let steps = match again.as_deref() {
            Some([again, ..]) => &again.steps,
            _ => &piece.steps,
        };
        let times = Times::of(steps, self.ended(heading.age), random);
        let session = uuid(random);
        let (mut text, mut parent) = (Vec::new(), None);
        if let Some((key, lines)) = heading.value("fork").and_then(|fork| fork.split_once(':'))
            && let Some(original) = earlier.iter().find(|written| written.key == key)
        {
            (text, parent) = fork(original, &session, lines.parse().unwrap_or_default());
        }
        let setting = Setting {
            session: session.clone(),
            folder: folder.to_string_lossy().into_owned(),
            branch: heading.branch.to_owned(),
            entrypoint: if heading.has("sdk") { "sdk-ts" } else { "cli" },
            agent: None,
        };
        let transcript = Transcript::new(text, setting, heading.model, random.fork(), parent);
        let mut scribe = Scribe { transcript, folder: &folder, subagents: Vec::new(), random: random.fork() };
        scribe.write(steps, &times)?;
        if !heading.title.is_empty() {
            scribe.transcript.title(heading.title, heading.has("named"))?;
        }
        if let Some(last) = steps.iter().rfind(|step| step.kind == Kind::Ask) {
            scribe.transcript.last_prompt(last.body)?;
        }
        let Scribe { transcript, subagents, .. } = scribe;
        let text = transcript.into_inner();
        let path = self.config.join("projects").join(bucket(&folder.to_string_lossy()));
        let path = path.join(format!("{session}.jsonl"));
        save(&path, &text, times.end)?;
        for subagent in subagents {
            subagent.save(&path.with_extension("").join("subagents"), times.end)?;
        }
        if heading.has("live") {
            self.note_live(&session, &folder, heading.title, times.end)?;
        }
        Ok(Written { key: heading.key.to_owned(), text })
    }

    /// When a session ended: `12m` or `3h` ago, or so many days ago at a time of the day: `2d 15:20`.
    fn ended(&self, age: &str) -> Timestamp {
        let now = self.now.timestamp();
        let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
        if let Some(minutes) = age.strip_suffix('m').and_then(|age| age.parse().ok()) {
            return ago(minutes);
        }
        if let Some(hours) = age.strip_suffix('h').and_then(|age| age.parse::<i64>().ok()) {
            return ago(hours * 60);
        }
        let (days, time) = age.split_once(' ').unwrap_or((age, "12:00"));
        let days: i64 = days.trim_end_matches('d').parse().unwrap_or(1);
        let time = time.parse::<Time>().unwrap_or_default();
        let day = self.now.checked_sub(Span::new().days(days)).map(|day| day.with().time(time).build());
        day.ok().and_then(Result::ok).map_or_else(|| ago(days * 24 * 60), |day| day.timestamp())
    }

    /// Notes that this very process holds a session: so one is live for as long as the demo is.
    fn note_live(&self, session: &str, folder: &Path, name: &str, at: Timestamp) -> io::Result<()> {
        let process = Process::current();
        let record = json!({
            "pid": process.pid, "sessionId": session, "cwd": folder, "startedAt": at.as_millisecond(),
            "procStart": process.start, "version": CLIENT_VERSION, "kind": "interactive", "entrypoint": "cli",
            "name": name, "status": "waiting", "updatedAt": at.as_millisecond(),
            "statusUpdatedAt": at.as_millisecond(),
        });
        let records = self.config.join("sessions");
        fs::create_dir_all(&records)?;
        fs::write(records.join(format!("{}.json", process.pid)), record.to_string())
    }
}

/// The steps of a piece once for each name, with the name in its place.
fn repeat(piece: &Piece<'_>, names: &str) -> String {
    let mut text = "::again\n".to_owned();
    for (number, name) in (1..).zip(names.split(',').map(str::trim)) {
        let slug = name.to_lowercase().replace(' ', "_");
        for step in &piece.steps {
            let kind = match step.kind {
                Kind::Ask => "ask",
                Kind::Say => "say",
                Kind::Think => "think",
                Kind::Read => "read",
                Kind::Run => "run",
                Kind::Edit => "edit",
                Kind::Write => "write",
                // Once, in the middle.
                Kind::Compact if number == 24 => "compact",
                _ => continue,
            };
            let number = format!("{number}");
            for part in ["::", kind, " ", step.about, "\n", step.body, "\n"] {
                text.push_str(
                    &part.replace("{name}", name).replace("{slug}", &slug).replace("{number}", &number),
                );
            }
        }
    }
    text
}

/// The first lines of a session as a copy has them, and the last line's uuid.
fn fork(original: &Written, session: &str, lines: usize) -> (Vec<u8>, Option<String>) {
    let (mut text, mut last) = (Vec::new(), None);
    let original = String::from_utf8_lossy(&original.text);
    for (copy, uuid) in original.lines().filter_map(|line| copied(line, session)).take(lines) {
        text.extend_from_slice(copy.as_bytes());
        last = Some(uuid);
    }
    (text, last)
}

fn save(path: &Path, text: &[u8], at: Timestamp) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)?;
    let since = Duration::from_millis(u64::try_from(at.as_millisecond()).unwrap_or_default());
    File::options().append(true).open(path)?.set_modified(SystemTime::UNIX_EPOCH + since)
}

/// When each step begins, and when the last one ends.
struct Times {
    starts: Vec<Timestamp>,
    end: Timestamp,
}

impl Times {
    /// Counted back from the end.
    fn of(steps: &[Step<'_>], end: Timestamp, random: &mut Rng) -> Self {
        let mut starts = Vec::new();
        let mut at = end;
        for step in steps.iter().rev() {
            let seconds = match step.kind {
                // How long the person took.
                Kind::Ask => random.i64(30..150),
                Kind::Run | Kind::RunFails => random.i64(4..35),
                Kind::Edit | Kind::Write => random.i64(5..16),
                Kind::Question | Kind::Plan | Kind::Denied => random.i64(25..160),
                Kind::Task => random.i64(35..70),
                Kind::Pause => step.about.parse().unwrap_or(60),
                _ => random.i64(3..14),
            };
            at -= SignedDuration::from_millis(seconds * 1000 + random.i64(0..1000));
            starts.push(at);
        }
        starts.reverse();
        Self { starts, end }
    }
}

/// A subagent's transcript.
struct Subagent {
    id: String,
    meta: serde_json::Value,
    text: Vec<u8>,
}

impl Subagent {
    fn save(&self, folder: &Path, at: Timestamp) -> io::Result<()> {
        save(&folder.join(format!("agent-{}.jsonl", self.id)), &self.text, at)?;
        fs::write(folder.join(format!("agent-{}.meta.json", self.id)), self.meta.to_string())
    }
}

/// Writes the steps of one session down.
struct Scribe<'a> {
    transcript: Transcript<Vec<u8>>,
    folder: &'a Path,
    subagents: Vec<Subagent>,
    random: Rng,
}

impl Scribe<'_> {
    fn write(&mut self, steps: &[Step<'_>], times: &Times) -> io::Result<()> {
        for (number, (step, at)) in steps.iter().zip(&times.starts).enumerate() {
            let next = steps.get(number + 1);
            let over = times.starts.get(number + 1).copied().unwrap_or(times.end);
            let is_last = next.is_none_or(|next| matches!(next.kind, Kind::Ask | Kind::Then));
            match step.kind {
                Kind::Ask => self.transcript.prompt(over, step.body)?,
                Kind::Say => drop(self.transcript.said(over, step.body, is_last)?),
                Kind::Think => drop(self.transcript.thought(over, step.body)?),
                Kind::Denied => drop(self.transcript.said(over, step.body, is_last)?),
                Kind::Compact => self.transcript.compacted(over, step.body)?,
                Kind::Interrupt => self.transcript.interrupted(over, "[Request interrupted by user]")?,
                Kind::Error => self.transcript.failed(over, step.body)?,
                Kind::Pause | Kind::Then | Kind::Heading => {}
                _ => {
                    let denied = next.filter(|next| next.kind == Kind::Denied);
                    self.tool(step, *at, over, denied.map(|denied| denied.about))?;
                }
            }
        }
        Ok(())
    }

    fn tool(
        &mut self,
        step: &Step<'_>,
        at: Timestamp,
        over: Timestamp,
        denied: Option<&str>,
    ) -> io::Result<()> {
        let place = Place::new(self.folder, step.about);
        let (path, line) = (place.name(), place.line);
        let call = id(&mut self.random, "toolu");
        let (tool, input, answer) = match step.kind {
            Kind::Read => ("Read", tools::read(&path), tools::has_read(&path, step.body, line)),
            Kind::Run => ("Bash", tools::run(step.about), tools::has_run(step.body, 0)),
            Kind::RunFails => ("Bash", tools::run(step.about), tools::has_run(step.body, 1)),
            Kind::Write => ("Write", tools::write(&path, step.body), tools::has_written(&path, step.body)),
            Kind::Edit => {
                let change = Change::of(step.body);
                ("Edit", tools::edit(&path, &change), tools::has_edited(&path, &change, line))
            }
            Kind::Question => {
                let (input, taken) = tools::question(step.about, step.body);
                let question = input["questions"][0]["question"].as_str().unwrap_or_default();
                let answers = json!({ question: taken });
                let answer = tools::has_answered(&input, &answers);
                ("AskUserQuestion", input, answer)
            }
            Kind::Plan => ("ExitPlanMode", tools::plan(step.body), tools::has_approved(step.body)),
            Kind::Task => {
                let input = tools::task(step.about);
                let agent = format!("a{:016x}", self.random.u64(..));
                let subagent = self.subagent(&agent, &call, &input, step.body, (at, over))?;
                self.subagents.push(subagent);
                let answer = tools::has_done_task(&input, &agent, step.body);
                ("Agent", input, answer)
            }
            _ => return Ok(()),
        };
        self.transcript.called(at, &call, tool, &input)?;
        let Answer { content, is_error, noted } = denied.map_or(answer, Answer::refused);
        // The answer is there when the next step begins.
        self.transcript.returned(over, &call, content, is_error, noted)
    }

    /// A subagent looks for something, and answers.
    fn subagent(
        &mut self,
        agent: &str,
        call: &str,
        input: &serde_json::Value,
        answer: &str,
        (at, over): (Timestamp, Timestamp),
    ) -> io::Result<Subagent> {
        let setting = Setting {
            session: self.transcript.session().to_owned(),
            folder: self.folder.to_string_lossy().into_owned(),
            branch: BRANCH.to_owned(),
            entrypoint: "cli",
            agent: Some(agent.to_owned()),
        };
        let mut own = Transcript::new(Vec::new(), setting, "claude-haiku-5-5", self.random.fork(), None);
        own.prompt(at, input["prompt"].as_str().unwrap_or_default())?;
        let listing = id(&mut self.random, "toolu");
        own.called(at, &listing, "Bash", &tools::run("git ls-files | head -40"))?;
        let Answer { content, is_error, noted } = tools::has_run("README.md\nsrc\ntests", 0);
        own.returned(over, &listing, content, is_error, noted)?;
        own.said(over, answer, true)?;
        let meta = json!({
            "agentType": input["subagent_type"], "description": input["description"], "toolUseId": call, "spawnDepth": 1,
        });
        Ok(Subagent { id: agent.to_owned(), meta, text: own.into_inner() })
    }
}

#[cfg(test)]
mod tests {
    use orchestra_core::{
        sessions::{Catalog, Places, Root},
        transcript::Transcript as Read,
    };
    use orchestra_model::{KindFilter, Listing, Session, SessionFilter, SessionKind, TurnBody};

    use super::*;

    struct Made {
        folder: tempfile::TempDir,
        now: ZonedDateTime,
    }

    impl Made {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let now: ZonedDateTime = "2026-11-24T18:30:00[Europe/Berlin]".parse().unwrap();
            let history =
                History { config: &folder.path().join("claude"), home: folder.path(), now: &now, seed: 7 };
            assert_eq!(history.write().unwrap(), pieces(TEXT).len());
            Self { folder, now }
        }

        fn listing(&self) -> Listing {
            let root = Root { path: self.folder.path().join("claude"), asked_for: true, is_default: true };
            let catalog = Catalog::new(Places { roots: vec![root], ..Places::default() });
            let filter = SessionFilter { kinds: KindFilter::Any, ..SessionFilter::default() };
            catalog.list(&filter, self.now.timestamp())
        }
    }

    fn read(session: &Session) -> Read {
        Read::open(Path::new(session.path.as_ref().unwrap())).unwrap()
    }

    #[test]
    fn it_is_read_back_whole_and_without_damage() {
        let made = Made::new();
        let listing = made.listing();
        assert_eq!(listing.problems, []);
        assert_eq!(listing.sessions.len(), pieces(TEXT).len());
        let of = |kind| listing.sessions.iter().filter(|session| session.kind == kind).count();
        assert_eq!((of(SessionKind::Human), of(SessionKind::Sdk)), (29, 3));
        for session in &listing.sessions {
            let info = read(session).info();
            assert_eq!(
                (info.damaged_lines, info.unknown_lines, info.abandoned_turns),
                (0, 0, 0),
                "{}",
                session.title
            );
            assert!(info.turns >= 2 && info.usage.output > 0, "{}: {info:?}", session.title);
            let age = made.now.timestamp().duration_since(session.last_active_at.unwrap());
            assert!(
                !age.is_negative() && age < SignedDuration::from_hours(21 * 24),
                "{}: {age}",
                session.title
            );
        }
    }

    #[test]
    fn it_has_one_of_everything() {
        let made = Made::new();
        let sessions = made.listing().sessions;
        let titled = |title: &str| sessions.iter().find(|session| session.title.starts_with(title)).unwrap();
        let projects: std::collections::BTreeSet<&str> =
            sessions.iter().map(|session| session.project.as_str()).collect();
        assert_eq!(projects.len(), 5, "{projects:?}");

        let long = read(titled("Port 50"));
        assert!(long.info().turns >= 600, "{}", long.info().turns);
        let turns: Vec<_> = long.turns().map(Result::unwrap).collect();
        assert_eq!(turns.iter().filter(|turn| matches!(turn.body, TurnBody::Compaction { .. })).count(), 1);

        let fork = titled("Port the parsers");
        assert_eq!(fork.lineage, titled("Port 50").lineage);
        assert!(fork.forked_from.is_some());

        assert_eq!(titled("Notes that were edited").subagents, 1);
        let live = titled("Gift cards");
        assert!(live.status.is_some() && live.live.is_some());

        let tools = |title: &str| {
            let turns: Vec<_> = read(titled(title)).turns().map(Result::unwrap).collect();
            let calls = turns.into_iter().filter_map(|turn| match turn.body {
                TurnBody::Tool(call) => Some(*call),
                _ => None,
            });
            calls.collect::<Vec<_>>()
        };
        let change = tools("Refund").iter().find_map(|call| call.result.as_ref()?.change.clone()).unwrap();
        assert_eq!((change.added, change.removed, change.hunks[0].old_start), (3, 2, 20));
        assert!(tools("Restore").iter().any(|call| call.result.as_ref().unwrap().is_error));
        assert!(
            tools("Mail in").iter().any(|call| call
                .result
                .as_ref()
                .unwrap()
                .text
                .text
                .contains("no deploys"))
        );
        assert!(tools("Mail in").iter().all(|call| call.result.is_some()));
    }

    #[test]
    fn the_same_seed_and_time_make_the_same_history() {
        let names =
            |made: &Made| made.listing().sessions.into_iter().map(|session| session.id).collect::<Vec<_>>();
        assert_eq!(names(&Made::new()), names(&Made::new()));
    }
}

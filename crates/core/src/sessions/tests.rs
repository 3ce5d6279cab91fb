//! The catalog on folders as clients leave them, and as they are found.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::symlink,
    sync::mpsc,
    time::{Duration, SystemTime},
};

use orchestra_model::{KindFilter, LiveStatus, SessionKind, TitleSource};

use super::*;

const NOW: &str = "2026-11-23T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A configuration folder in a temporary place, looked at without a cache unless asked for.
struct Home {
    folder: tempfile::TempDir,
    places: Places,
}

impl Home {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Root { path: folder.path().join("claude"), asked_for: true, is_default: true };
        fs::create_dir_all(root.path.join("projects")).unwrap();
        Self { folder, places: Places { roots: vec![root], cache_dir: None, state_dir: None } }
    }

    /// The transcripts that the real client wrote.
    fn with_fixtures() -> Self {
        let home = Self::empty();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/claude-2.1.197/projects");
        copy_folder(&fixtures, &home.root().join("projects"));
        home
    }

    fn cached() -> Self {
        let mut home = Self::empty();
        home.places.cache_dir = Some(home.folder.path().join("cache"));
        home
    }

    fn root(&self) -> &Path {
        &self.places.roots[0].path
    }

    fn bucket(&self, name: &str) -> PathBuf {
        let path = self.root().join("projects").join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Says that this process holds a session and waits.
    #[cfg(target_os = "linux")]
    fn make_live(&self, id: &str) {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let start = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned();
        let pid = std::process::id();
        let record =
            serde_json::json!({"pid": pid, "sessionId": id, "procStart": start, "status": "waiting"});
        fs::create_dir_all(self.root().join("sessions")).unwrap();
        fs::write(self.root().join("sessions/1.json"), record.to_string()).unwrap();
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(self.places.clone())
    }

    fn list(&self, kinds: KindFilter) -> Listing {
        self.catalog().list(&SessionFilter { kinds, ..SessionFilter::default() }, now())
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn prompt(text: &str, time: &str) -> String {
    format!(
        "{}\n",
        serde_json::json!({
            "parentUuid": null, "uuid": text, "type": "user", "message": {"role": "user", "content": text},
            "timestamp": time, "entrypoint": "cli", "cwd": "/home/ada/shop", "sessionId": "x",
        })
    )
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn titles(listing: &Listing) -> Vec<&str> {
    listing.sessions.iter().map(|session| session.title.as_str()).collect()
}

#[test]
fn the_clients_own_transcripts() {
    let listing = Home::with_fixtures().list(KindFilter::Any);
    let rows: Vec<String> = listing
        .sessions
        .iter()
        .map(|session| {
            format!(
                "{} {} {:?} {} {} {} {} sub={} fork={:?} {}",
                session.id.short(),
                session.kind.name(),
                session.title_source,
                session.title,
                session.project,
                session.branch.as_deref().unwrap_or("-"),
                session.model.as_deref().unwrap_or("-"),
                session.subagents,
                session.forked_from.as_ref().map(|fork| fork.session_id.short()),
                session.lineage.as_deref().unwrap_or("-"),
            )
        })
        .collect();
    assert!(listing.problems.is_empty());
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn people_see_their_own_and_are_told_of_the_rest() {
    let home = Home::with_fixtures();
    let listing = home.list(KindFilter::Default);
    assert_eq!(titles(&listing), ["Basket rename"]);
    assert_eq!(listing.left_out.other_kinds, 7);
    assert_eq!(home.list(KindFilter::Only(SessionKind::Sdk)).sessions.len(), 7);

    let filter =
        SessionFilter { kinds: KindFilter::Any, query: Some("LOGIN 401".into()), ..SessionFilter::default() };
    let found = home.catalog().list(&filter, now());
    assert_eq!((found.sessions.len(), found.left_out.no_match), (1, 7));

    let filter = SessionFilter {
        kinds: KindFilter::Any,
        project_dir: Some("/home/ada/api.v2".into()),
        limit: Some(2),
        ..SessionFilter::default()
    };
    let found = home.catalog().list(&filter, now());
    assert_eq!((found.sessions.len(), found.left_out.other_projects, found.left_out.beyond_limit), (2, 5, 1));
}

#[test]
fn a_prefix_names_a_session_when_it_is_unique() {
    let home = Home::with_fixtures();
    let catalog = home.catalog();
    assert_eq!(catalog.find("8888", now()).unwrap().title, "Basket rename");
    assert!(matches!(catalog.find("9999", now()), Err(FindError::Unknown { .. })));
    assert!(matches!(catalog.find("--settings=x", now()), Err(FindError::Unknown { .. })));
    assert!(matches!(catalog.find("", now()), Err(FindError::Unknown { .. })));

    fs::copy(
        home.root().join("projects/-home-ada-shop/88888888-8888-4888-8888-888888888888.jsonl"),
        home.root().join("projects/-home-ada-shop/88889999-8888-4888-8888-888888888888.jsonl"),
    )
    .unwrap();
    let Err(FindError::Ambiguous { candidates, .. }) = catalog.find("8888", now()) else { panic!() };
    assert_eq!(candidates.len(), 2);
    assert_eq!(catalog.find("88889", now()).unwrap().id.short(), "88889999");
    let lengths = shortest_prefixes(&candidates);
    assert_eq!(lengths, [5, 5]);
    let id = candidates[0].id.clone();
    assert_eq!(catalog.get(&id, now()), Some(candidates[0].clone()));
}

#[test]
fn activity_is_the_last_timestamp_not_the_files_time() {
    let home = Home::empty();
    let bucket = home.bucket("-home-ada-shop");
    append(&bucket.join("a.jsonl"), &prompt("old words, file touched now", "2026-11-20T00:00:00Z"));
    append(&bucket.join("b.jsonl"), &prompt("new words", "2026-11-23T07:00:00Z"));
    append(&bucket.join("c.jsonl"), &prompt("a clock that runs ahead", "2036-01-01T00:00:00Z"));
    let filter =
        SessionFilter { since: Some("2026-11-22T00:00:00Z".parse().unwrap()), ..SessionFilter::default() };
    let listing = home.catalog().list(&filter, now());
    assert_eq!(titles(&listing), ["a clock that runs ahead", "new words"]);
    assert_eq!(listing.left_out.older, 1);
    assert!(listing.sessions.iter().all(|session| session.last_active_at <= Some(now())));
}

#[test]
fn whatever_lies_there_the_rest_is_listed() {
    let home = Home::empty();
    let bucket = home.bucket("-home-ada-shop");
    append(&bucket.join("good.jsonl"), &prompt("the good one", "2026-11-23T07:00:00Z"));
    append(&bucket.join("binary.jsonl"), "\u{1}\u{2}\0\0\0PNG\n\n\u{7f}");
    fs::write(bucket.join("raw.jsonl"), [0xff_u8, 0xfe, 0x00, 0x0a].repeat(20_000)).unwrap();
    fs::write(bucket.join("empty.jsonl"), "").unwrap();
    fs::write(bucket.join("deep.jsonl"), format!("{}\n", "[".repeat(1_000_000))).unwrap();
    fs::write(bucket.join("agent-1.jsonl"), prompt("an agent's", "2026-11-23T07:00:00Z")).unwrap();
    fs::write(bucket.join("x.orphaned-7.jsonl"), prompt("orphaned", "2026-11-23T07:00:00Z")).unwrap();
    fs::write(bucket.join("notes.txt"), "hello").unwrap();
    fs::create_dir(bucket.join("folder.jsonl")).unwrap();
    symlink(bucket.join("good.jsonl"), bucket.join("linked.jsonl")).unwrap();
    symlink(bucket.join("nowhere"), bucket.join("dangling.jsonl")).unwrap();
    symlink(&bucket, home.root().join("projects/-the-same-bucket")).unwrap();
    symlink(home.root().join("projects/-loop"), home.root().join("projects/-loop")).unwrap();
    let file = File::create(bucket.join("huge.jsonl")).unwrap();
    file.set_len(1 << 30).unwrap();

    let listing = home.list(KindFilter::Any);
    let good: Vec<_> = listing.sessions.iter().filter(|session| session.kind == SessionKind::Human).collect();
    assert_eq!(good.len(), 1);
    assert_eq!(good[0].title, "the good one");
    let mut problems: Vec<_> = listing
        .problems
        .iter()
        .map(|problem| (Path::new(&problem.path).file_name().unwrap().to_str().unwrap(), problem.kind))
        .collect();
    problems.sort_unstable_by_key(|problem| problem.0);
    use ProblemKind::{NotATranscript, Unreadable};
    assert_eq!(
        problems,
        [
            ("-loop", Unreadable),
            ("binary.jsonl", NotATranscript),
            ("dangling.jsonl", Unreadable),
            ("deep.jsonl", NotATranscript),
            ("raw.jsonl", NotATranscript),
        ]
    );
}

#[test]
fn a_root_that_was_asked_for_and_is_not_there_is_said() {
    let mut home = Home::with_fixtures();
    let missing = home.folder.path().join("missing");
    home.places.roots.push(Root { path: missing.clone(), asked_for: true, is_default: false });
    home.places.roots.push(Root { path: missing.join("x"), asked_for: false, is_default: false });
    let listing = home.list(KindFilter::Any);
    assert_eq!(listing.sessions.len(), 8);
    assert_eq!(listing.problems.len(), 1);
    assert_eq!(listing.problems[0].kind, ProblemKind::MissingRoot);
    assert!(listing.problems[0].message.ends_with("missing does not exist; check the path"));
}

#[test]
fn a_root_that_is_something_else_is_one_problem() {
    let mut home = Home::empty();
    let (file, folder) = (home.folder.path().join("a-file"), home.folder.path().join("a-folder"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&folder).unwrap();
    for path in [file, folder] {
        home.places.roots.push(Root { path, asked_for: true, is_default: false });
    }
    let problems = home.list(KindFilter::Any).problems;
    let said: Vec<_> = problems.iter().map(|problem| problem.message.rsplit_once("/a-").unwrap().1).collect();
    assert_eq!(
        said,
        [
            "file is not a folder; check the path",
            "folder holds no folder named projects, as a Claude Code folder does; check the path"
        ]
    );
}

#[test]
fn sessions_whose_transcripts_are_gone_are_remembered() {
    let home = Home::empty();
    append(&home.bucket("-a").join("s1.jsonl"), &prompt("still here", "2026-11-23T07:00:00Z"));
    append(
        &home.root().join("history.jsonl"),
        "{\"display\":\"still here\",\"timestamp\":1795417859405,\"project\":\"/a\",\"sessionId\":\"s1\"}\n\
         {\"display\":\"long gone\",\"timestamp\":1785417859405,\"project\":\"/home/ada/old\",\"sessionId\":\"s2\"}\n",
    );
    let listing = home.list(KindFilter::Default);
    assert_eq!(titles(&listing), ["still here", "long gone"]);
    let gone = &listing.sessions[1];
    assert_eq!((gone.path.as_deref(), gone.project.as_str()), (None, "old"));
    assert_eq!(plan_resume(gone, home.catalog().roots(), false), ResumePlan::Cleaned);
    assert_eq!(home.catalog().get(&gone.id, now()).as_ref(), Some(gone));
}

#[test]
fn the_cache_changes_nothing_but_the_time_it_takes() {
    let home = Home::cached();
    let bucket = home.bucket("-home-ada-shop");
    copy_folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/claude-2.1.197/projects"),
        &home.root().join("projects"),
    );
    let path = bucket.join("grows.jsonl");
    append(&path, &prompt("first words", "2026-11-23T07:00:00Z"));
    let check = |title: &str| {
        let cached = home.list(KindFilter::Any);
        let plain = Catalog::new(Places { cache_dir: None, ..home.places.clone() });
        let plain = plain.list(&SessionFilter { kinds: KindFilter::Any, ..SessionFilter::default() }, now());
        assert_eq!(cached, plain);
        let session = cached.sessions.iter().find(|session| session.id.as_str() == "grows").unwrap();
        assert_eq!(session.title, title);
    };
    check("first words");
    check("first words");
    append(&path, &prompt("second words", "2026-11-23T07:01:00Z"));
    check("second words");
    append(&path, "{\"type\":\"ai-title\",\"aiTitle\":\"A ti");
    check("second words");
    append(&path, "tle\"}\n");
    check("A title");
    fs::write(&path, prompt("written anew", "2026-11-23T07:02:00Z")).unwrap();
    check("written anew");
    fs::remove_file(bucket.join("22222222-2222-4222-8222-222222222222.jsonl")).unwrap();
    check("written anew");
}

/// The sessions active in the day before now, with what is left out.
fn last_day(home: &Home) -> Listing {
    let filter =
        SessionFilter { since: Some("2026-11-22T08:00:00Z".parse().unwrap()), ..SessionFilter::default() };
    home.catalog().list(&filter, now())
}

fn set_modified(path: &Path, time: &str) {
    let seconds = time.parse::<Timestamp>().unwrap().as_second().unsigned_abs();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_live_session_is_listed_however_long_it_has_waited() {
    let home = Home::empty();
    let file = home.bucket("-home-ada-shop").join("s.jsonl");
    append(&file, &prompt("words", "2026-11-20T07:00:00Z"));
    set_modified(&file, "2026-11-20T07:00:00Z");
    assert_eq!(last_day(&home).left_out.older, 1);
    home.make_live("s");
    assert_eq!(titles(&last_day(&home)), ["words"]);
}

#[test]
fn a_transcript_put_back_as_it_was_is_as_old_as_it_was() {
    let home = Home::cached();
    let file = home.bucket("-home-ada-shop").join("s.jsonl");
    append(&file, &prompt("words", "2026-11-23T07:00:00Z"));
    assert_eq!(titles(&last_day(&home)), ["words"]);
    fs::write(&file, prompt("older", "2026-11-20T07:00:00Z")).unwrap();
    set_modified(&file, "2026-11-20T07:00:00Z");
    let listing = last_day(&home);
    assert!(listing.sessions.is_empty());
    assert_eq!(listing.left_out.older, 1);
}

#[test]
fn a_title_out_of_reach_is_kept_from_when_it_was_seen() {
    let home = Home::cached();
    let path = home.bucket("-home-ada-shop").join("s.jsonl");
    append(&path, &prompt("words", "2026-11-23T07:00:00Z"));
    append(&path, "{\"type\":\"custom-title\",\"customTitle\":\"Mine\"}\n");
    assert_eq!(titles(&home.list(KindFilter::Any)), ["Mine"]);
    for number in 0..2_000 {
        append(&path, &prompt(&format!("{number} {}", "x".repeat(500)), "2026-11-23T07:00:01Z"));
    }
    let listing = home.list(KindFilter::Any);
    assert_eq!(titles(&listing), ["Mine"]);
    assert_eq!(listing.sessions[0].title_source, TitleSource::Custom);
}

#[test]
fn retention_is_counted_from_the_files_time() {
    let home = Home::with_fixtures();
    let filter = SessionFilter { kinds: KindFilter::Any, ..SessionFilter::default() };
    let expiry = |now: Timestamp| home.catalog().list(&filter, now).sessions[0].expires_in_days;
    let written = Timestamp::now() + Duration::from_secs(60);
    assert_eq!(expiry(written), Some(29));
    fs::write(home.root().join("settings.json"), "{\"cleanupPeriodDays\":90,\"other\":[]}").unwrap();
    assert_eq!(expiry(written), Some(89));
    fs::write(home.root().join("settings.json"), "{\"cleanupPeriodDays\":0}").unwrap();
    assert_eq!(expiry(written), Some(0));
}

#[test]
fn standard_roots_follow_the_client() {
    let home = Path::new("/home/ada");
    let roots = |config: Option<&str>, xdg: Option<&str>| {
        Places::standard_roots(config.map(OsStr::new), xdg.map(OsStr::new), Some(home))
            .into_iter()
            .map(|root| (root.path.display().to_string(), root.is_default))
            .collect::<Vec<_>>()
    };
    let own = |path: &str| (path.to_owned(), true);
    let other = |path: &str| (path.to_owned(), false);
    assert_eq!(roots(None, None), [own("/home/ada/.claude"), other("/home/ada/.config/claude")]);
    assert_eq!(roots(Some("/c"), Some("/x")), [own("/c"), other("/x/claude")]);
    assert_eq!(roots(Some(""), Some("")), [own("/home/ada/.claude"), other("/home/ada/.config/claude")]);
    assert!(Places::standard_roots(None, None, None).is_empty());
}

/// What the watcher reports, until it is silent for a while.
fn next(events: &mpsc::Receiver<CatalogEvent>) -> CatalogEvent {
    events.recv_timeout(Duration::from_secs(20)).expect("an event")
}

#[test]
fn appends_are_reported_also_in_folders_that_come_and_go() {
    let home = Home::empty();
    fs::remove_dir_all(home.root()).unwrap();
    let (sender, events) = mpsc::channel();
    let watcher = home.catalog().watch(move |event| sender.send(event).unwrap_or_default());

    let expect_changed = |title: &str| loop {
        if let CatalogEvent::Changed { session, .. } = next(&events)
            && session.title == title
        {
            break session;
        }
    };
    for round in ["first", "second"] {
        let path = home.bucket("-home-ada-shop").join("s.jsonl");
        append(&path, &prompt(&format!("{round} words"), "2026-11-23T07:00:00Z"));
        expect_changed(&format!("{round} words"));
        append(&path, &prompt(&format!("{round} more"), "2026-11-23T07:00:01Z"));
        expect_changed(&format!("{round} more"));
        fs::remove_dir_all(home.root()).unwrap();
        while !matches!(next(&events), CatalogEvent::Removed { .. }) {}
    }
    drop(watcher);
    while events.try_recv().is_ok() {}
    append(&home.bucket("-home-ada-shop").join("s.jsonl"), &prompt("unseen", "2026-11-23T07:00:00Z"));
    assert!(events.recv().is_err(), "nothing is reported after the watcher is dropped");
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_that_comes_to_life_is_reported() {
    let home = Home::empty();
    append(&home.bucket("-home-ada-shop").join("s.jsonl"), &prompt("words", "2026-11-23T07:00:00Z"));
    let (sender, events) = mpsc::channel();
    let _watcher = home.catalog().watch(move |event| sender.send(event).unwrap_or_default());
    let pid = std::process::id();
    home.make_live("s");
    loop {
        if let CatalogEvent::Changed { session, appended } = next(&events)
            && session.status == Some(LiveStatus::Waiting)
        {
            assert!(!appended);
            let plan = plan_resume(&session, home.catalog().roots(), false);
            assert!(matches!(plan, ResumePlan::Live(process) if process.pid == pid));
            assert!(matches!(plan_resume(&session, home.catalog().roots(), true), ResumePlan::Run(_)));
            break;
        }
    }
}

//! What a run's page says, from results as `orchestra results --json` prints them.

use orchestra_model::{
    AgentMessage, AgentState, Check, Commit, Conflict, DiffStat, LandingState, Limit, MessageKind,
    MessageState, Sender, Spent, Talker, Thread, ThreadKind, Usage,
};

use super::*;

fn id(text: &str) -> AgentId {
    text.parse().unwrap()
}

fn task(name: &str, agent: &str, state: TaskState) -> TaskResult {
    TaskResult {
        name: name.to_owned(),
        agent: id(agent),
        agent_name: name.to_owned(),
        prompt: "Do <it>".to_owned(),
        after: Vec::new(),
        from: None,
        attempt: None,
        state,
        agent_state: AgentState::Done,
        waits: None,
        failure: None,
        result: None,
        branch: Some(format!("orchestra/{name}")),
        unreadable: None,
        diffstat: None,
        files: Vec::new(),
        commits: Vec::new(),
        uncommitted: Vec::new(),
        check: None,
        tested: None,
        seconds: Some(65),
        turns: 2,
        tokens: Usage { input: 1000, output: 234, cache_read: 90_000, ..Usage::default() },
        cost_usd: Some(0.4),
        retries: 0,
        conflicts: Vec::new(),
        landed: None,
        is_cleaned: false,
    }
}

fn known(tasks: Vec<TaskResult>) -> Known {
    let at = "2026-11-25T10:00:00Z".parse().unwrap();
    let results = Results {
        run: id("runrun22"),
        created_at: at,
        repo: Some("/home/ada/shop".to_owned()),
        target: Some("main".to_owned()),
        is_over: true,
        max_parallel: Some(2),
        limit: Limit { usd: Some(2.0), ..Limit::default() },
        spent: Spent { usd: 0.5, tokens: 2468, seconds: 130 },
        landing: None,
        last_landing: None,
        uncompared: 0,
        trouble: None,
        tasks,
    };
    Known {
        results,
        messages: Messages::default(),
        agents: Vec::new(),
        landing: None,
        diffs: Vec::new(),
        offset_seconds: 0,
    }
}

fn attempts() -> Known {
    let attempt = |number: u32| TaskResult {
        attempt: Some(number),
        ..task(&format!("auth-{number}"), &format!("aaaa222{number}"), TaskState::Done)
    };
    known(
        vec![attempt(2), attempt(3), attempt(4)]
            .into_iter()
            .zip(1..)
            .map(|(task, number)| TaskResult { attempt: Some(number), ..task })
            .collect(),
    )
}

#[test]
fn a_result_says_all_that_is_compared_and_nothing_in_it_is_markup() {
    let mut one = task("api", "aaaa2222", TaskState::Done);
    one.diffstat = Some(DiffStat { files: 2, insertions: 24, deletions: 3 });
    one.result = Some("Serves <b>it</b> \u{202e}.".to_owned());
    let at = "2026-11-25T10:01:00Z".parse().unwrap();
    one.commits = vec![Commit { id: "0123456789abcdef".to_owned(), at, subject: "Serve <it>".to_owned() }];
    one.uncommitted = vec!["x".to_owned()];
    one.check = Some(Check {
        command: "test -f api && <rm>".to_owned(),
        passed: false,
        exit_code: Some(7),
        output: "no <api>".to_owned(),
        at,
        milliseconds: 3,
        is_outdated: false,
    });
    one.conflicts = vec![Conflict { with: "page".to_owned(), files: vec!["main.rs".to_owned()] }];
    let html = draw(&known(vec![one, task("page", "aaaa2223", TaskState::Running)]), Show::Results);
    for part in [
        "2 files",
        "+24",
        "−3",
        "exit 7",
        "no &lt;api&gt;",
        "1 min",
        "1.2k",
        "$0.40",
        "01234567",
        "Serve &lt;it&gt;",
        "1 file is not committed",
        "conflicts with page in main.rs",
        "href=\"/agents/aaaa2222\"",
        "Land 1 branch on main",
        "$0.50 of $2.00",
        "2 at once",
        "/runs/runrun22/report.md",
        "Do &lt;it&gt;",
        "api and page",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("<b>it</b>") && !html.contains('\u{202e}') && !html.contains("<rm>"), "{html}");
    assert!(!html.contains("Choose this"), "there is nothing to choose from");
}

#[test]
fn one_of_several_attempts_is_chosen_before_anything_lands() {
    let mut known = attempts();
    let html = draw(&known, Show::Results);
    assert_eq!(html.matches("Choose this").count(), 3);
    assert!(html.contains("auth: 3 attempts") && !html.contains(">Land "), "{html}");
    // The way back is said before, and stands there after.
    assert!(html.contains("Restore brings them back"));
    for other in &mut known.results.tasks[1..] {
        other.is_cleaned = true;
    }
    let html = draw(&known, Show::Results);
    assert!(
        html.contains("auth-2 was kept of 3 attempts") && html.contains("Land 1 branch on main"),
        "{html}"
    );
    assert_eq!(
        (html.matches("Choose this").count(), html.matches("&quot;do&quot;:&quot;restore&quot;").count()),
        (0, 2)
    );
}

#[test]
fn what_has_landed_is_not_offered_until_there_is_more_of_it() {
    let landed = TaskResult {
        landed: Some("0123456789abcdef".to_owned()),
        diffstat: Some(DiffStat { files: 1, insertions: 1, deletions: 0 }),
        ..task("api", "aaaa2222", TaskState::Done)
    };
    let html = draw(&known(vec![landed.clone()]), Show::Results);
    assert!(html.contains("landed") && !html.contains(">Land "), "{html}");
    let at_work =
        TaskResult { state: TaskState::Running, agent_state: AgentState::Running, ..landed.clone() };
    let html = draw(&known(vec![at_work]), Show::Results);
    assert!(html.contains("running") && !html.contains("landed") && !html.contains(">Land "), "{html}");
    let more = TaskResult { landed: None, ..landed };
    let html = draw(&known(vec![more]), Show::Results);
    assert!(html.contains("Land 1 branch on main") && !html.contains("landed"), "{html}");
}

#[test]
fn a_landing_that_this_server_did_not_begin_is_told() {
    let with = |landing| {
        let mut known = known(vec![task("api", "aaaa2222", TaskState::Done)]);
        known.results.landing = landing;
        draw(&known, Show::Results)
    };
    assert!(!with(None).contains("Landing"));
    let cut_off = with(Some(LandingState::CutOff));
    assert!(
        cut_off.contains("The last landing was cut off") && !cut_off.contains("data-landing"),
        "{cut_off}"
    );
    let under_way = with(Some(LandingState::UnderWay));
    assert!(
        under_way.contains("data-landing") && under_way.contains("disabled"),
        "the page looks again: {under_way}"
    );
}

#[test]
fn tasks_and_attempts_are_told_apart_in_their_order() {
    let mut results = attempts().results;
    let tasks = &mut results.tasks;
    tasks.insert(0, task("schema", "aaaa2229", TaskState::Done));
    tasks.extend(attempts().results.tasks);
    tasks.push(task("docs", "aaaa222a", TaskState::Done));
    let sizes: Vec<usize> = results.groups().iter().map(|group| group.len()).collect();
    assert_eq!(sizes, [1, 3, 3, 1]);
}

#[test]
fn a_thread_says_who_told_whom_and_how_far_it_came() {
    let mut known = known(vec![
        task("lead", "aaaa2222", TaskState::Running),
        task("helper", "aaaa2223", TaskState::Running),
    ]);
    let at = "2026-11-25T10:00:00Z".parse().unwrap();
    let message = |from: Sender, kind, text: &str, state| AgentMessage {
        number: 1,
        sequence: 1,
        from,
        to: id("aaaa2223"),
        to_name: "helper".to_owned(),
        kind,
        text: text.to_owned(),
        is_cut: false,
        at,
        state,
    };
    let lead = || Sender::Agent { id: id("aaaa2222"), name: "lead".to_owned() };
    let talker = |agent: &str, name: &str, by: Option<&str>| Talker {
        id: id(agent),
        name: name.to_owned(),
        started_by: by.map(id),
        depth: 0,
        report: None,
    };
    known.messages.agents =
        vec![talker("aaaa2222", "lead", None), talker("aaaa2223", "helper", Some("aaaa2222"))];
    known.messages.threads = vec![Thread {
        id: "task-aaaa2223".to_owned(),
        kind: ThreadKind::Assignment,
        between: ["lead".to_owned(), "helper".to_owned()],
        messages: vec![
            message(lead(), MessageKind::Task, "Find <it>", MessageState::Delivered),
            message(lead(), MessageKind::Message, "Quick!", MessageState::Queued),
        ],
    }];
    let html = draw(&known, Show::Threads);
    for part in [
        "started it and went on",
        "2 messages",
        "Find &lt;it&gt;",
        "delivered",
        "waits",
        ">task<",
        "href=\"/agents/aaaa2223\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // The graph knows it too, in both pictures and in words.
    let html = draw(&known, Show::Graph);
    assert_eq!(html.matches("edge is-started\"").count(), 3, "two pictures and the legend: {html}");
    assert!(
        html.contains("was started by lead") && html.contains("aria-label=\"helper: running\""),
        "{html}"
    );
    assert!(draw(&self::known(vec![]), Show::Threads).contains("Nothing was said yet"));
}

#[test]
fn a_graph_of_many_has_each_once_a_picture_and_cuts_long_names() {
    let mut tasks: Vec<TaskResult> = (0..32)
        .map(|number| {
            task(
                &format!("a-long-name-of-a-task-{number:02}"),
                &format!("aaaa22{}{}", number / 10 + 2, (b'a' + number % 10) as char),
                TaskState::Queued,
            )
        })
        .collect();
    for place in 1..32 {
        let before = tasks[place / 3].name.clone();
        tasks[place].after = vec![before];
    }
    let html = draw(&known(tasks), Show::Graph);
    assert_eq!(html.matches("class=\"node is-queued\"").count(), 64);
    assert_eq!(html.matches("class=\"edge is-after\"").count(), 31 * 2 + 1);
    assert!(
        html.contains(">a-long-na…k-31<") && html.contains("<title>a-long-name-of-a-task-31: queued</title>"),
        "{html}"
    );
}

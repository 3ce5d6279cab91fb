//! What a run's page says, from results as `orchestra results --json` prints them.

use orchestra_model::{
    AgentMessage, Check, Commit, Conflict, DiffStat, LandingState, Limit, MessageKind, MessageState, RunList,
    Sender, Spent, Talker, Thread, ThreadKind, Usage,
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
        "$0.40",
        "01234567",
        "Serve &lt;it&gt;",
        "1 commit, 1 file not committed yet",
        "1 min",
        "Talk with api",
        "Changes of api",
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
    assert_eq!(html.matches(">Choose this<").count(), 3);
    assert_eq!(html.matches("button is-primary").count(), 3, "nothing says which is good");
    assert!(
        html.contains("aria-label=\"Choose this: auth-2\"") && html.contains("data-part=\"group-aaaa2222\"")
    );
    assert!(html.contains("&quot;of&quot;:&quot;aaaa2222&quot;"), "of choices the last counts: {html}");
    assert!(html.contains("1.2k") && !html.contains("<dt>Check<") && !html.contains("<dt>Changed<"));
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
        (html.matches(">Choose this<").count(), html.matches("&quot;do&quot;:&quot;restore&quot;").count()),
        (0, 2)
    );
}

fn check(passed: bool, is_outdated: bool) -> Option<Check> {
    let at = "2026-11-25T10:01:00Z".parse().unwrap();
    let command = "make test".to_owned();
    let (exit_code, output) = (Some(i32::from(!passed)), "two failed".to_owned());
    Some(Check { command, passed, exit_code, output, at, milliseconds: 3, is_outdated })
}

#[test]
fn the_attempt_whose_check_passed_is_the_likely_one() {
    let mut known = attempts();
    let tasks = &mut known.results.tasks;
    (tasks[0].check, tasks[1].check, tasks[2].check) =
        (check(false, false), check(true, false), check(true, true));
    (tasks[0].state, tasks[0].failure) =
        (TaskState::Failed, Some("`make test` failed (exit code 1)".to_owned()));
    let html = draw(&known, Show::Results);
    assert_eq!(html.matches("button is-primary").count(), 1, "{html}");
    let (before, _) = html.split_once("button is-primary").unwrap();
    assert!(before.ends_with("aria-label=\"Choose this: auth-3\" class=\""), "{before}");
    assert!(html.contains("passed, but changed since") && html.contains("<dt>Check<"), "{html}");
    assert!(html.contains("two failed") && !html.contains("(exit code 1)"), "it is said once: {html}");
}

#[test]
fn a_task_that_has_not_begun_says_what_it_waits_for_and_nothing_else() {
    let blocked = TaskResult {
        waits: Some("api failed, and this comes after it".to_owned()),
        seconds: None,
        turns: 0,
        tokens: Usage::default(),
        cost_usd: None,
        ..task("page", "aaaa2223", TaskState::Blocked)
    };
    let html = draw(&known(vec![blocked]), Show::Results);
    assert!(
        html.contains("cannot start") && html.contains("#i-pause") && html.contains("api failed"),
        "{html}"
    );
    assert!(
        !html.contains("column-facts") && !html.contains("Nothing said yet") && !html.contains("blocked"),
        "{html}"
    );
}

/// An agent that wants something, until half past ten.
fn agent(agent: &str, wants: &str) -> Agent {
    let mut made = crate::drawn::agents::tests::agent();
    (made.id, made.state) = (id(agent), AgentState::Running);
    if let Some(attention) = &mut made.attention {
        attention.kind = serde_json::from_str(&format!("\"{wants}\"")).unwrap();
        attention.until = Some("2026-11-25T22:30:00Z".parse().unwrap());
    }
    made
}

#[test]
fn who_is_parked_stuck_or_over_budget_is_counted_as_on_the_page_now() {
    let with = |state, agent_state, wants: &str| {
        let task = TaskResult { agent_state, ..task("api", "aaaa2222", state) };
        let mut known = known(vec![task]);
        known.agents = vec![agent("aaaa2222", wants)];
        let html = draw(&known, Show::Results);
        let list = RunList { runs: vec![known.results], ..RunList::default() };
        (html, list::draw(&list, &known.agents, 0))
    };
    let (html, list) = with(TaskState::Running, AgentState::Parked, "rate_limit");
    assert!(
        html.contains("parked until 22:30") && html.contains("1 parked") && !html.contains("1 running"),
        "{html}"
    );
    assert!(list.contains("At work") && list.contains("1 parked") && list.contains("0 of 1 done"), "{list}");
    let (html, list) = with(TaskState::Running, AgentState::Running, "stuck");
    assert!(
        html.contains("1 waiting for you") && html.contains("stuck") && html.contains("Look at it"),
        "{html}"
    );
    assert!(list.contains("Needs you") && list.contains("$0.50"), "{list}");
    let (html, _) = with(TaskState::Queued, AgentState::Queued, "limit");
    assert!(html.contains("1 waiting for you") && html.contains("over budget"), "{html}");
    let (html, list) = with(TaskState::Done, AgentState::Done, "done");
    assert!(html.contains("1 done") && list.contains("Earlier") && list.contains("1 of 1 done"), "{list}");
}

#[test]
fn lanes_beyond_a_dozen_are_folded_but_those_where_something_goes_on() {
    let name = |number: usize| format!("aaaa22{}{}", number / 10 + 2, char::from(b'a' + (number % 10) as u8));
    let tasks = (0..20).map(|number| {
        let state = if number == 19 { TaskState::Failed } else { TaskState::Done };
        task(&format!("part-{number:02}"), &name(number), state)
    });
    let mut known = known(tasks.collect());
    let mut sounds = agent(&name(0), "done");
    let score = r#"{"start":"2026-11-25T09:00:00Z","end":"2026-11-25T10:00:05Z","edits":[],
        "spans":[{"kind":"running","from":"2026-11-25T10:00:00Z","to":"2026-11-25T10:00:05Z","first_turn":0}]}"#;
    sounds.score = serde_json::from_str(score).unwrap();
    known.agents = vec![sounds];
    let html = draw(&known, Show::Results);
    let (before, after) = html.split_once("run-lanes-more").unwrap();
    assert_eq!(
        (before.matches("run-lane\"").count(), after.matches("run-lane\"").count()),
        (12, 8),
        "{html}"
    );
    assert!(
        before.contains("part-19") && !before.contains("part-11") && after.contains("and 8 more"),
        "{before}"
    );
    // From the first sound to the last.
    assert!(
        before.contains(">10:00<") && before.contains(">5 s<") && html.contains("width=\"10000\""),
        "{before}"
    );
}

#[test]
fn attempts_that_touch_many_files_stand_in_rows() {
    let file = |path: &str| -> FilePatch {
        let text = format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n");
        orchestra_core::worktrees::read_patch(text.as_bytes(), 1000).remove(0)
    };
    let mut known = attempts();
    let many: Vec<FilePatch> =
        (0..300).map(|number| file(&format!("own/{number:03}"))).chain([file("shared")]).collect();
    known.diffs = vec![(id("aaaa2222"), many, false), (id("aaaa2223"), vec![file("shared")], false)];
    let html = draw(&known, Show::Diffs);
    assert_eq!(
        html.matches("class=\"diff-row\"").count(),
        2 + 3 + 1,
        "heads, ends, the first few, the shared one"
    );
    assert_eq!(html.matches("data-path=\"shared\"").count(), 2);
    assert!(html.contains("297 more files only in auth-2") && html.contains("as it was"), "{html}");
}

fn landing(steps: &str) -> Option<Progress> {
    let landing =
        format!(r#"{{"run":"runrun22","target":"main","commit":"0123456789abcdef","steps":[{steps}]}}"#);
    let landing: orchestra_model::Landing = serde_json::from_str(&landing).unwrap();
    Some(Progress { steps: landing.steps.clone(), end: Some(Ok(landing)), ..Progress::default() })
}

#[test]
fn after_one_that_did_not_land_the_others_can() {
    let mut known =
        known(vec![task("api", "aaaa2222", TaskState::Done), task("page", "aaaa2223", TaskState::Done)]);
    let red = serde_json::to_string(&check(false, false)).unwrap();
    let red = format!(r#"{{"agent":"api","outcome":"red","told":true,"check":{red}}}"#);
    let waits = r#"{"agent":"page","outcome":"waits","why":"api is before it"}"#;
    known.landing = landing(&format!("{red},{waits}"));
    let html = draw(&known, Show::Results);
    assert!(html.contains("Land the other") && html.contains("&quot;keep_going&quot;"), "{html}");
    assert!(html.contains("two failed"), "what the check printed: {html}");
    known.results.tasks[1].after = vec!["api".to_owned()];
    assert!(!draw(&known, Show::Results).contains("Land the other"), "it waits for its own reason");
    known.landing = landing(&red);
    assert!(!draw(&known, Show::Results).contains("Land the other"), "nobody waits");
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
    assert!(!with(None).contains("class=\"landing\""));
    let cut_off = with(Some(LandingState::CutOff));
    assert!(
        cut_off.contains("The last landing was cut off") && !cut_off.contains("data-landing"),
        "{cut_off}"
    );
    let under_way = with(Some(LandingState::UnderWay));
    assert!(
        under_way.contains("data-landing")
            && under_way.contains("disabled")
            && under_way.contains(">Landing…<"),
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
    // What Orchestra or a person wrote says so; of many messages the older ones are folded.
    let you = || Sender::Person { through: "web".to_owned() };
    let mut said: Vec<AgentMessage> = (0..15)
        .map(|_| message(Sender::Orchestra, MessageKind::Message, "It is red.", MessageState::Delivered))
        .collect();
    known.messages.threads[0] = Thread {
        id: "person-aaaa2223".to_owned(),
        kind: ThreadKind::Person,
        between: ["you".to_owned(), "helper".to_owned()],
        messages: said.clone(),
    };
    let html = draw(&known, Show::Threads);
    assert!(html.contains("<b>Orchestra<") && html.contains("3 earlier messages"), "{html}");
    assert_eq!(html.matches("said-by-other").count(), 15);
    said.push(message(you(), MessageKind::Message, "And now?", MessageState::Delivered));
    known.messages.threads[0].messages = said;
    let html = draw(&known, Show::Threads);
    assert!(html.contains("<b>you, Orchestra<") && html.matches("said-by-you").count() == 1, "{html}");
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

#[test]
fn those_that_no_arrow_touches_stand_on_their_own() {
    let mut tasks: Vec<TaskResult> = (0..5)
        .map(|number| task(&format!("part-{number}"), &format!("aaaa222{}", number + 2), TaskState::Queued))
        .collect();
    assert!(!draw(&known(tasks.clone()), Show::Graph).contains("on their own"), "all of them do");
    tasks[4].after = vec!["part-0".to_owned()];
    let html = draw(&known(tasks), Show::Graph);
    assert_eq!(html.matches("on their own").count(), 2);
    assert_eq!(html.matches("class=\"node is-queued\"").count(), 10);
}

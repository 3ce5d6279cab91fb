use serde_json::json;

use super::*;
use crate::notify::needs::{Needs, Wanted};
use crate::notify::testing::{agent, asking, at, done, request};

const GATHER: Duration = Duration::from_secs(3);

/// Needs and an outbox over a record that is empty, or kept.
struct Desk {
    needs: Needs,
    outbox: Outbox,
    settings: Settings,
}

impl Desk {
    fn new(told: Option<Told>, second: i64) -> Self {
        let needs = Needs::told_before(told.iter().flat_map(Told::tags));
        Self { needs, outbox: Outbox::new(told, at(second), GATHER), settings: Settings::default() }
    }

    fn open() -> Self {
        Self::new(Some(Told::default()), 0)
    }

    fn change(&mut self, agent: &orchestra_model::Agent, second: i64) {
        for act in self.needs.take_wanted(Wanted::of(agent)) {
            self.outbox.take(act, at(second));
        }
    }

    /// What goes out, as titles, and tags of what is withdrawn.
    fn due(&mut self, second: i64) -> Vec<String> {
        let due = self.outbox.due(&self.settings, at(second), 0);
        due.iter()
            .map(|delivery| match delivery {
                Delivery::Show(notice) => notice.title.clone(),
                Delivery::Withdraw { tag } => format!("- {tag}"),
            })
            .collect()
    }

    fn quiet(&mut self, from: &str, to: &str) {
        self.settings = serde_json::from_value(json!({ "quiet": { "from": from, "to": to } })).unwrap();
    }
}

#[test]
fn a_need_goes_out_at_once_and_is_withdrawn() {
    let mut desk = Desk::open();
    desk.change(&asking("a", &[request("r", "ls")]), 1);
    assert_eq!(desk.due(1), ["name-of-a wants to use Bash"]);
    assert_eq!(desk.due(2), [""; 0]);
    let told = desk.outbox.changed().unwrap();
    let tag = told.tags().next().unwrap();
    assert_eq!(desk.outbox.changed(), None);
    desk.change(&agent("a", json!({})), 5);
    assert_eq!(desk.due(5), [format!("- {tag}")]);
    assert_eq!(desk.outbox.changed(), Some(Told::default()));
}

#[test]
fn what_is_gone_before_it_was_told_is_never_told() {
    let mut desk = Desk::open();
    desk.change(&done("a", 1), 1);
    desk.change(&agent("a", json!({})), 2);
    assert_eq!(desk.due(9), [""; 0]);
}

#[test]
fn what_was_shown_long_ago_is_not_withdrawn() {
    let mut desk = Desk::open();
    desk.change(&asking("a", &[request("r", "ls")]), 1);
    assert_eq!(desk.due(1).len(), 1);
    desk.change(&agent("a", json!({})), 7 * 60 * 60);
    assert_eq!(desk.due(7 * 60 * 60), [""; 0]);
}

#[test]
fn agents_that_end_together_are_told_together() {
    let mut desk = Desk::open();
    desk.change(&done("a", 1), 1);
    assert_eq!(desk.due(1), [""; 0]);
    assert_eq!(desk.outbox.next(&desk.settings, at(1), 0), Some(GATHER));
    desk.change(&done("b", 3), 3);
    desk.change(&done("c", 3), 3);
    let due = desk.outbox.due(&desk.settings, at(4), 0);
    let [Delivery::Show(shown)] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(shown.title, "3 agents have finished");
    assert_eq!(shown.body, "name-of-a, name-of-b, name-of-c");
    assert_eq!((shown.url.as_str(), shown.agent.as_ref()), ("/", None));
    assert_eq!(desk.outbox.next(&desk.settings, at(4), 0), None);

    for (second, id) in [(10, "a"), (11, "b")] {
        desk.change(&agent(id, json!({})), second);
        assert_eq!(desk.due(second), [""; 0]);
    }
    desk.change(&agent("c", json!({})), 12);
    assert_eq!(desk.due(12), [format!("- {}", shown.tag)]);
}

#[test]
fn one_that_ends_alone_is_told_alone_and_others_do_not_wait_for_it() {
    let mut desk = Desk::open();
    desk.change(&done("a", 1), 1);
    desk.change(&asking("b", &[request("r", "ls")]), 2);
    assert_eq!(desk.due(2), ["name-of-b wants to use Bash"]);
    assert_eq!(desk.due(4), ["name-of-a has finished"]);
}

#[test]
fn quiet_hours_hold_back_and_what_still_stands_is_told_afterwards() {
    let mut desk = Desk::open();
    // The tests' time begins at midnight.
    desk.quiet("23:00", "00:10");
    desk.change(&asking("a", &[request("r", "ls")]), 1);
    desk.change(&asking("b", &[request("r", "ls")]), 1);
    desk.change(&done("c", 1), 1);
    desk.change(&done("d", 2), 2);
    assert_eq!(desk.due(60), [""; 0]);
    assert_eq!(desk.outbox.next(&desk.settings, at(60), 0), Some(LONGEST_SLEEP));
    desk.change(&agent("b", json!({})), 61);
    assert_eq!(desk.due(599), [""; 0]);
    assert_eq!(desk.due(600), ["name-of-a wants to use Bash", "2 agents have finished"]);
}

#[test]
fn what_waited_through_a_restart_is_still_told() {
    let mut desk = Desk::open();
    desk.quiet("23:00", "00:10");
    desk.change(&asking("a", &[request("r", "ls")]), 1);
    assert_eq!(desk.due(1), [""; 0]);
    let mut desk = Desk::new(Some(desk.outbox.told), 700);
    desk.change(&asking("a", &[request("r", "ls")]), 700);
    assert_eq!(desk.due(700), ["name-of-a wants to use Bash"]);
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again_and_is_withdrawn() {
    let mut desk = Desk::open();
    desk.change(&asking("a", &[request("r", "ls")]), 1);
    desk.change(&done("b", 1), 1);
    assert_eq!(desk.due(5).len(), 2);
    let mut desk = Desk::new(Some(desk.outbox.told), 10);
    desk.change(&asking("a", &[request("r", "ls")]), 10);
    desk.change(&done("b", 1), 10);
    assert_eq!(desk.due(20), [""; 0]);
    desk.change(&agent("a", json!({})), 30);
    assert_eq!(desk.due(30).len(), 1);
}

#[test]
fn the_first_start_tells_only_what_is_asked_now() {
    let mut desk = Desk::new(None, 100);
    desk.change(&done("a", 1), 100);
    desk.change(&asking("b", &[request("r", "ls")]), 100);
    desk.change(&done("c", 101), 101);
    assert_eq!(desk.due(110), ["name-of-b wants to use Bash", "name-of-c has finished"]);
    // Noted all the same: it is not told at the next start either.
    assert_eq!(desk.outbox.changed().unwrap().tags().count(), 3);
}

#[test]
fn old_ends_are_no_news_and_old_requests_are() {
    let day = 24 * 60 * 60;
    let mut desk = Desk::new(Some(Told::default()), 2 * day);
    desk.change(&done("a", 5), 2 * day);
    desk.change(&asking("b", &[request("r", "ls")]), 2 * day);
    assert_eq!(desk.due(2 * day + 10), ["name-of-b wants to use Bash"]);
}

#[test]
fn what_nobody_wants_to_hear_of_is_noted_and_not_shown() {
    let mut desk = Desk::open();
    desk.settings.finished = false;
    desk.change(&done("a", 1), 1);
    assert_eq!(desk.due(5), [""; 0]);
    desk.settings.finished = true;
    assert_eq!(desk.due(6), [""; 0]);
    desk.change(&agent("a", json!({})), 7);
    assert_eq!(desk.due(7), [""; 0], "nothing was shown, so nothing is withdrawn");
}

#[test]
fn the_record_is_bounded() {
    let mut told = Told::default();
    for second in 0..3_000 {
        told.insert(format!("a.{second}"), at(second), None);
    }
    assert_eq!(told.tags().count(), MOST_TOLD);
    assert!(told.0.contains_key("a.2999") && !told.0.contains_key("a.999"));
}

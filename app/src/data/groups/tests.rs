//! Days, projects and families.

use super::*;
use crate::data::session_row::tests::row;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn titles(groups: &[DayGroup]) -> Vec<String> {
    let mut lines = Vec::new();
    for day in groups {
        for project in &day.projects {
            lines.push(format!("{} {}", day.day, project.name));
            for placed in &project.rows {
                lines.push(format!("{}{}", if placed.nested { "> " } else { "" }, placed.row.id));
            }
        }
    }
    lines
}

#[test]
fn days_and_projects_come_newest_first() {
    let rows = [
        row("a", "shop", 10 * DAY + HOUR),
        row("b", "api", 10 * DAY + 3 * HOUR),
        row("c", "shop", 10 * DAY + 2 * HOUR),
        row("d", "shop", 9 * DAY),
    ]
    .map(Arc::new);
    assert_eq!(titles(&group(&rows)), ["10 api", "b", "10 shop", "c", "a", "9 shop", "d"]);
}

#[test]
fn projects_of_one_name_in_two_folders_stay_apart() {
    let mut other = row("b", "shop", 2);
    other.project_dir = Some("/elsewhere/shop".to_owned());
    let groups = group(&[row("a", "shop", 1), other].map(Arc::new));
    assert_eq!(groups[0].projects.len(), 2);
    assert_eq!(groups[0].len(), 2);
}

#[test]
fn a_fork_stands_under_its_parent_and_lifts_the_family() {
    let mut fork = row("fork", "shop", 5 * HOUR);
    fork.parent = Some("parent".parse().unwrap());
    let mut fork_of_fork = row("second", "shop", 4 * HOUR);
    fork_of_fork.parent = Some("fork".parse().unwrap());
    let rows = [row("lone", "shop", 3 * HOUR), row("parent", "shop", HOUR), fork, fork_of_fork].map(Arc::new);
    assert_eq!(titles(&group(&rows)), ["0 shop", "parent", "> fork", "> second", "lone"]);
}

#[test]
fn without_a_named_parent_the_oldest_of_a_lineage_is_the_head() {
    let mut old = row("old", "shop", HOUR);
    old.lineage = Some("root".to_owned());
    let mut new = row("new", "shop", 2 * HOUR);
    new.lineage = Some("root".to_owned());
    assert_eq!(titles(&group(&[new, old].map(Arc::new))), ["0 shop", "old", "> new"]);
}

#[test]
fn a_cycle_of_parents_loses_nobody() {
    let mut one = row("one", "shop", 1);
    one.parent = Some("two".parse().unwrap());
    let mut two = row("two", "shop", 2);
    two.parent = Some("one".parse().unwrap());
    assert_eq!(group(&[one, two].map(Arc::new))[0].len(), 2);
}

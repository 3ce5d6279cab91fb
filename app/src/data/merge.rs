//! A fetched list with what happened since laid over it. Pure.

use std::{collections::HashMap, sync::Arc};

use orchestra_model::SessionId;

use super::SessionRow;
use crate::live::Change;

/// A busy session moves up in the list at most this often; in between its row changes in place. Two agents that write
/// in turns would otherwise swap places under the reader's finger.
const MOVES_AFTER_MS: i64 = 10 * 60_000;

/// Lays changes over a list that was fetched when the stream stood at `as_of`; sessions that the list does not hold
/// join it when they are `wanted`.
pub fn merge(
    base: &[Arc<SessionRow>],
    as_of: u64,
    changes: &[Change],
    wanted: impl Fn(&SessionRow) -> bool,
) -> Vec<Arc<SessionRow>> {
    let mut newer: HashMap<&SessionId, &Change> =
        changes.iter().filter(|change| change.sequence > as_of).map(|change| (&change.id, change)).collect();
    if newer.is_empty() {
        return base.to_vec();
    }
    let mut merged: Vec<Arc<SessionRow>> = base
        .iter()
        .filter_map(|held| match newer.remove(&held.id) {
            None => Some(Arc::clone(held)),
            Some(Change { row: None, .. }) => None,
            Some(Change { row: Some(row), .. }) => {
                let mut row = row.clone();
                let is_near = row.active_ms - held.active_ms < MOVES_AFTER_MS && row.day == held.day;
                row.order_ms = is_near.then_some(held.active_ms);
                Some(Arc::new(row))
            }
        })
        .collect();
    let mut joining: Vec<&Change> = newer.into_values().collect();
    joining.sort_by_key(|change| change.sequence);
    let joining = joining.into_iter().filter_map(|change| change.row.as_ref());
    merged.extend(joining.filter(|row| wanted(row)).cloned().map(Arc::new));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::session_row::tests::row;

    fn change(row: SessionRow, sequence: u64) -> Change {
        Change { id: row.id.clone(), sequence, row: Some(row), appends: 1 }
    }

    #[test]
    fn a_change_replaces_its_row_and_keeps_its_place_for_a_while() {
        let base = [row("a", "shop", 1000), row("b", "shop", 500)].map(Arc::new);
        let merged = merge(&base, 0, &[change(row("b", "shop", 2000), 1)], |_| true);
        assert_eq!((merged[1].active_ms, merged[1].order_ms), (2000, Some(500)));
        let merged = merge(&base, 0, &[change(row("b", "shop", 500 + MOVES_AFTER_MS), 1)], |_| true);
        assert_eq!(merged[1].order_ms, None);
        assert!(Arc::ptr_eq(&merged[0], &base[0]), "what did not change is the same row");
    }

    #[test]
    fn what_was_fetched_later_wins() {
        let base = [row("a", "shop", 1000)].map(Arc::new);
        assert_eq!(merge(&base, 7, &[change(row("a", "shop", 1), 7)], |_| true)[0].active_ms, 1000);
    }

    #[test]
    fn new_sessions_join_when_wanted_and_removed_ones_leave() {
        let base = [row("a", "shop", 1000)].map(Arc::new);
        let gone = Change { id: "a".parse().unwrap(), sequence: 1, row: None, appends: 0 };
        let changes = [gone, change(row("b", "api", 5), 2), change(row("c", "shop", 6), 3)];
        let ids: Vec<_> = merge(&base, 0, &changes, |row| row.project == "shop")
            .iter()
            .map(|row| row.id.to_string())
            .collect();
        assert_eq!(ids, ["c"]);
    }
}

//! Sessions and their forks: who stands under whom in a list.

use std::collections::HashMap;

use orchestra_model::{Session, SessionId};

/// How far a fork of a fork is moved to the right at most.
const DEEPEST: usize = 4;

/// A session's place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its index in the slice that was given.
    pub(crate) index: usize,
    /// How many parents stand above it.
    pub(crate) depth: usize,
}

/// Puts forks under their parents. A family stands where its newest member stood; the rest of the order stays.
///
/// A parent is the session that the fork names, else the eldest with the same first line. What is not in the slice is
/// nobody's parent, and a session that is its own ancestor by some damage is a parent's child at most once.
pub(crate) fn with_forks_below(sessions: &[&Session]) -> Vec<Place> {
    let parents = parents(sessions);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); sessions.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(index);
        }
    }
    let mut placed = vec![false; sessions.len()];
    let mut places = Vec::with_capacity(sessions.len());
    for index in 0..sessions.len() {
        if placed[index] {
            continue;
        }
        let mut stack = vec![(eldest_ancestor(index, &parents), 0)];
        while let Some((member, depth)) = stack.pop() {
            if std::mem::replace(&mut placed[member], true) {
                continue;
            }
            places.push(Place { index: member, depth: depth.min(DEEPEST) });
            stack.extend(children[member].iter().rev().map(|child| (*child, depth + 1)));
        }
    }
    places
}

fn parents(sessions: &[&Session]) -> Vec<Option<usize>> {
    let by_id: HashMap<&SessionId, usize> =
        sessions.iter().enumerate().map(|(index, session)| (&session.id, index)).collect();
    let mut eldest: HashMap<&str, usize> = HashMap::new();
    for (index, session) in sessions.iter().enumerate() {
        let Some(lineage) = session.lineage.as_deref() else { continue };
        let age = |index: usize| {
            // Forks copy their parent's first lines with the times, so equal beginnings are usual: then the one that
            // rested longest, which is the later in the list.
            (sessions[index].forked_from.is_some(), sessions[index].started_at, usize::MAX - index)
        };
        eldest
            .entry(lineage)
            .and_modify(|known| {
                if age(index) < age(*known) {
                    *known = index;
                }
            })
            .or_insert(index);
    }
    sessions
        .iter()
        .enumerate()
        .map(|(index, session)| {
            let named = session.forked_from.as_ref().and_then(|fork| by_id.get(&fork.session_id));
            let shared = || session.lineage.as_deref().and_then(|lineage| eldest.get(lineage));
            named.or_else(shared).copied().filter(|parent| *parent != index)
        })
        .collect()
}

/// The top of a session's family; in a circle, whichever is met when everybody was asked.
fn eldest_ancestor(index: usize, parents: &[Option<usize>]) -> usize {
    let mut ancestor = index;
    for _ in 0..parents.len() {
        match parents[ancestor] {
            Some(parent) => ancestor = parent,
            None => break,
        }
    }
    ancestor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::session_table::made_up;

    fn places(sessions: &[Session]) -> Vec<(String, usize)> {
        let borrowed: Vec<&Session> = sessions.iter().collect();
        with_forks_below(&borrowed)
            .into_iter()
            .map(|place| (sessions[place.index].title.clone(), place.depth))
            .collect()
    }

    fn family(members: &[(&str, Option<&str>)]) -> Vec<Session> {
        members
            .iter()
            .map(|(name, parent)| {
                let mut session = made_up::session(name, name);
                session.lineage = Some("the first line".to_owned());
                session.forked_from = parent.map(made_up::forked_from);
                session
            })
            .collect()
    }

    #[test]
    fn a_fork_stands_under_its_parent_where_the_newest_stood() {
        let mut sessions = family(&[("fork", Some("parent")), ("other", None), ("parent", None)]);
        sessions[1].lineage = None;
        assert_eq!(places(&sessions), [("parent".into(), 0), ("fork".into(), 1), ("other".into(), 0)]);
    }

    #[test]
    fn without_a_name_the_eldest_of_the_lineage_is_the_parent() {
        let sessions = family(&[("newest", None), ("newer", None), ("eldest", None)]);
        assert_eq!(places(&sessions), [("eldest".into(), 0), ("newest".into(), 1), ("newer".into(), 1)]);
    }

    #[test]
    fn a_fork_of_a_fork_stands_further_in() {
        let sessions = family(&[("b", Some("a")), ("c", Some("b")), ("a", None)]);
        assert_eq!(places(&sessions), [("a".into(), 0), ("b".into(), 1), ("c".into(), 2)]);
    }

    #[test]
    fn circles_and_strangers_lose_nobody() {
        let sessions = family(&[("a", Some("b")), ("b", Some("a")), ("c", Some("gone")), ("d", Some("d"))]);
        let mut names: Vec<_> = places(&sessions).into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }
}

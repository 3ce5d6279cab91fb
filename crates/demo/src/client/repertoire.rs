//! Which piece the scripted client plays.
//!
//! A piece's heading is `WORDS | TITLE`: it is played when one of its words, parted by commas, stands in the task. The
//! piece without words is for every other task, and the one called `again` for what is asked when nothing is left to play.
//! Of several pieces with the same words each is for another attempt at the task.

use crate::piece::{Kind, Piece, Step, pieces};

/// The pieces.
const TEXT: &str = include_str!("../texts/pieces.txt");
/// For what is asked when a piece has been played.
const AGAIN: &str = "again";
/// For what is asked after an interrupt.
const GOING_ON: &str = "going on";

/// What is played, and how the session is called then.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) steps: Vec<Step<'static>>,
}

/// The part of the piece for a task that an attempt plays at a prompt, by how many came before it.
pub(super) fn part(task: &str, attempt: usize, number: usize) -> Part {
    let pieces = pieces(TEXT);
    let task = task.to_lowercase();
    let words = |piece: &Piece<'static>| piece.heading.first().copied().unwrap_or_default();
    let is_meant = |piece: &&Piece<'static>| {
        words(piece).split(',').map(str::trim).any(|word| !word.is_empty() && task.contains(word))
    };
    let meant = pieces
        .iter()
        .filter(|piece| ![AGAIN, GOING_ON].contains(&words(piece)))
        .find(is_meant)
        .or_else(|| pieces.iter().find(|piece| words(piece).is_empty()));
    let alike = |meant: &Piece<'static>| {
        let alike: Vec<_> = pieces.iter().filter(|piece| words(piece) == words(meant)).collect();
        alike[attempt % alike.len()]
    };
    let Some(piece) = meant.map(alike) else { return Part { title: "", steps: Vec::new() } };
    let title = piece.heading.get(1).copied().unwrap_or_default();
    let mut parts = piece.steps.split(|step| step.kind == Kind::Then);
    let steps = parts.nth(number).map_or_else(|| named(&pieces, AGAIN), <[Step<'static>]>::to_vec);
    Part { title, steps }
}

/// What is played before what an interrupt left undone.
pub(super) fn going_on() -> Vec<Step<'static>> {
    named(&pieces(TEXT), GOING_ON)
}

fn named(pieces: &[Piece<'static>], name: &str) -> Vec<Step<'static>> {
    let found = pieces.iter().find(|piece| piece.heading.first() == Some(&name));
    found.map(|piece| piece.steps.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_its_piece_and_any_other_the_one_without_words() {
        for (task, title) in [
            ("Build auth", "Sign in with a link by mail"),
            ("write tests for checkout", "Tests for orders"),
            ("Optimise queries", "One query for all orders"),
            ("teach the kettle to sing", ""),
        ] {
            assert_eq!(part(task, 0, 0).title, title, "{task}");
            assert!(!part(task, 0, 0).steps.is_empty());
        }
    }

    #[test]
    fn attempts_at_one_task_differ_and_start_over_when_there_are_more() {
        let task = "Show prices by the kilo";
        let steps = |attempt| part(task, attempt, 0).steps;
        assert!(steps(0) != steps(1) && steps(0) == steps(2));
        assert_eq!(part("build auth", 1, 0).steps, part("build auth", 0, 0).steps);
    }

    #[test]
    fn what_comes_after_a_piece_has_an_answer_too() {
        assert_eq!(part("build auth", 0, 99).steps, part("write tests", 0, 99).steps);
        assert_ne!(part("build auth", 0, 1).steps, part("build auth", 0, 99).steps);
        assert!(!part("build auth", 0, 99).steps.is_empty() && !going_on().is_empty());
    }

    #[test]
    fn every_heading_is_a_piece_with_steps() {
        for piece in pieces(TEXT) {
            assert!((1..=2).contains(&piece.heading.len()) && !piece.steps.is_empty(), "{piece:?}");
        }
    }
}

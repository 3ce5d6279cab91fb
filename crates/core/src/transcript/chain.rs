//! The order of the conversation: which lines are on the branch it is on, and in which order.
//!
//! From the active leaf the parents are followed to the root. A parent that is missing, or that closes a circle, is
//! bridged to the line before in the file, so that damage costs a line and not what came before it. Blocks of a reply
//! and results of its calls may hang beside that path; they belong to it. What is left is ordered as in the file, save
//! that no line comes before its parent: so the order of what is there does not change while the file only grows.

use std::collections::HashMap;

use super::index::{Entry, Flag, Index, NO_MESSAGE};

/// One line of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its entry.
    pub(super) entry: u32,
    /// The ordinal of its first turn.
    pub(super) first: u32,
    /// Whether its first turn tells what the message cost.
    pub(super) carries_usage: bool,
}

/// The conversation in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) steps: Vec<Step>,
    /// Turns in all, without those of the tail.
    pub(super) turns: u32,
    pub(super) prompts: u32,
    pub(super) calls: u32,
    pub(super) abandoned: u32,
    /// Summaries by the boundary they belong to.
    pub(super) summaries: HashMap<u32, u32>,
    /// How many results without a call each line holds.
    orphans: HashMap<u32, u32>,
    joined: HashMap<u32, u32>,
}

impl Order {
    /// How many turns an entry makes, its place among the others considered.
    pub(super) fn turns_of(&self, number: u32, entry: &Entry) -> u32 {
        if self.joined.contains_key(&number) {
            return 0;
        }
        u32::from(entry.turns) + self.orphans.get(&number).copied().unwrap_or_default()
    }

    /// The step that makes the turn of an ordinal.
    pub(super) fn step_of(&self, ordinal: u32) -> usize {
        self.steps.partition_point(|step| step.first <= ordinal).saturating_sub(1)
    }
}

const ACTIVE: u8 = 1;
/// Active, but beside the path from the leaf to the root.
const BESIDE: u8 = 2;
const PLACED: u8 = 4;

/// Puts the lines of an index in order.
pub(super) fn order(index: &Index) -> Order {
    let mut state = vec![0_u8; index.entries.len()];
    if let Some(leaf) = leaf(index) {
        mark_path(index, leaf, &mut state);
        mark_beside(index, &mut state);
    }
    place(index, &mut state)
}

fn parent(index: &Index, entry: &Entry) -> Option<usize> {
    (entry.parent != 0).then(|| index.by_uuid.get(&entry.parent)).flatten().map(|number| *number as usize)
}

/// The last line of the branch that the conversation is on.
fn leaf(index: &Index) -> Option<usize> {
    let main = |entry: &Entry| index.is_main(entry) && !entry.is(Flag::Progress);
    let last = index.entries.iter().rposition(main)?;
    let named = index.named_leaf.and_then(|leaf| {
        let number = *index.by_uuid.get(&leaf.uuid)? as usize;
        index.is_main(&index.entries[number]).then_some((number, leaf.entries_before as usize))
    });
    if let Some((number, entries_before)) = named
        && last < entries_before
    {
        return Some(number);
    }
    let last_talk = index.entries.iter().rposition(|entry| main(entry) && entry.is(Flag::Talk));
    let tip = match last_talk {
        Some(talk) if !follows(index, last, talk, named.map(|(number, _)| number)) => talk,
        _ => last,
    };
    Some(newest_descendant(index, tip))
}

/// Whether a line that is no talk follows the last talk, or the leaf that was named.
///
/// A late line of a hook's may hang from a branch that is long left; it does not make it the active one.
fn follows(index: &Index, from: usize, talk: usize, named: Option<usize>) -> bool {
    let mut at = from;
    for _ in 0..index.entries.len() {
        if at == talk || Some(at) == named {
            return true;
        }
        let entry = &index.entries[at];
        if entry.is(Flag::Talk) {
            return false;
        }
        match parent(index, entry) {
            Some(up) => at = up,
            None => return entry.is(Flag::Continues) || entry.parent != 0,
        }
    }
    false
}

/// From a line to its newest child, and so on: an answer can stand before what it answers.
fn newest_descendant(index: &Index, from: usize) -> usize {
    // A child behind the last line there is: the usual case is none, found without a table.
    let mut newest_child: Option<Vec<u32>> = None;
    let mut at = from;
    for _ in 0..index.entries.len() {
        let children = newest_child.get_or_insert_with(|| {
            let mut children = vec![u32::MAX; index.entries.len()];
            for (number, entry) in index.entries.iter().enumerate() {
                if index.is_main(entry)
                    && !entry.is(Flag::Progress)
                    && let Some(up) = parent(index, entry)
                {
                    children[up] = u32::try_from(number).unwrap_or(u32::MAX);
                }
            }
            children
        });
        match children[at] {
            u32::MAX => break,
            child => at = child as usize,
        }
        if at == from {
            break;
        }
    }
    at
}

fn mark_path(index: &Index, leaf: usize, state: &mut [u8]) {
    let mut before = Before::default();
    let mut at = leaf;
    loop {
        state[at] |= ACTIVE;
        let entry = &index.entries[at];
        at = match parent(index, entry) {
            Some(up) if state[up] & ACTIVE == 0 => up,
            // Missing, or a circle.
            Some(_) => match before.find(index, at, state) {
                Some(up) => up,
                None => return,
            },
            None if entry.parent != 0 || entry.is(Flag::Continues) => match before.find(index, at, state) {
                Some(up) => up,
                None => return,
            },
            None => return,
        };
    }
}

/// Finds the line before another in the file that is not on the path yet; each line is passed over once.
#[derive(Default)]
struct Before {
    /// Where to go on looking below each line.
    below: Vec<u32>,
}

impl Before {
    fn find(&mut self, index: &Index, from: usize, state: &[u8]) -> Option<usize> {
        if self.below.is_empty() {
            self.below = (0..u32::try_from(state.len()).unwrap_or(u32::MAX)).collect();
        }
        let mut at = from.checked_sub(1)?;
        let mut passed = vec![];
        let found = loop {
            let known = self.below[at] as usize;
            if known != at {
                passed.push(at);
                at = known;
                continue;
            }
            let entry = &index.entries[at];
            if state[at] & ACTIVE == 0 && index.is_main(entry) && !entry.is(Flag::Progress) {
                break Some(at);
            }
            if at == 0 {
                break None;
            }
            passed.push(at);
            self.below[at] = u32::try_from(at - 1).unwrap_or_default();
            at -= 1;
        };
        for place in passed {
            self.below[place] = u32::try_from(at).unwrap_or_default();
        }
        found
    }
}

fn mark_beside(index: &Index, state: &mut [u8]) {
    let mut active_messages = vec![false; index.messages.len()];
    for (entry, state) in index.entries.iter().zip(&*state) {
        if state & ACTIVE != 0 && entry.message != NO_MESSAGE {
            active_messages[entry.message as usize] = true;
        }
    }
    for (entry, state) in index.entries.iter().zip(&mut *state) {
        let of_active = entry.message != NO_MESSAGE && active_messages[entry.message as usize];
        if of_active && *state & ACTIVE == 0 && index.is_main(entry) {
            *state |= ACTIVE | BESIDE;
        }
    }
    for (call, number) in &index.answers {
        let asked = index.calls.get(call).is_some_and(|line| state[*line as usize] & ACTIVE != 0);
        let number = *number as usize;
        if asked && state[number] & ACTIVE == 0 && index.is_main(&index.entries[number]) {
            state[number] |= ACTIVE | BESIDE;
        }
    }
    for number in 0..state.len() {
        let entry = &index.entries[number];
        if state[number] & ACTIVE != 0 || !index.is_main(entry) {
            continue;
        }
        // What the client hung from a line beside the path, and lines that nobody can name.
        let hangs = if entry.is(Flag::Nameless) {
            number == 0 || state[number - 1] & ACTIVE != 0
        } else {
            !entry.is(Flag::Talk) && parent(index, entry).is_some_and(|up| state[up] & BESIDE != 0)
        };
        if hangs {
            state[number] |= ACTIVE | BESIDE;
        }
    }
}

fn place(index: &Index, state: &mut [u8]) -> Order {
    let mut order = Order::default();
    for (_, number) in &index.unclaimed {
        *order.orphans.entry(*number).or_default() += 1;
    }
    find_summaries(index, state, &mut order);
    let mut told = vec![false; index.messages.len()];
    let mut waiting = vec![];
    for number in 0..state.len() {
        let entry = &index.entries[number];
        if state[number] & ACTIVE == 0 {
            if index.is_main(entry) {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                order.abandoned = order.abandoned.saturating_add(order.turns_of(number, entry));
            }
            continue;
        }
        let mut at = number;
        while state[at] & (ACTIVE | PLACED) == ACTIVE {
            state[at] |= PLACED;
            waiting.push(at);
            match parent(index, &index.entries[at]) {
                Some(up) => at = up,
                None => break,
            }
        }
        while let Some(number) = waiting.pop() {
            push(index, &mut order, number, &mut told);
        }
    }
    order
}

fn push(index: &Index, order: &mut Order, number: usize, told: &mut [bool]) {
    let entry = &index.entries[number];
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let turns = order.turns_of(number, entry);
    let mut carries_usage = false;
    if turns > 0
        && let Some(told) = told.get_mut(entry.message as usize)
    {
        carries_usage = !*told;
        *told = true;
    }
    order.steps.push(Step { entry: number, first: order.turns, carries_usage });
    order.turns = order.turns.saturating_add(turns);
    order.prompts += u32::from(entry.is(Flag::Prompt));
    order.calls += entry.calls();
}

/// A summary follows its boundary; both are one turn.
fn find_summaries(index: &Index, state: &[u8], order: &mut Order) {
    for (number, entry) in index.entries.iter().enumerate() {
        if !entry.is(Flag::Summary) || state[number] & ACTIVE == 0 {
            continue;
        }
        if let Some(up) = parent(index, entry)
            && state[up] & ACTIVE != 0
            && index.entries[up].is(Flag::Boundary)
            && let (Ok(number), Ok(up)) = (u32::try_from(number), u32::try_from(up))
            && !order.summaries.contains_key(&up)
        {
            order.summaries.insert(up, number);
            order.joined.insert(number, up);
        }
    }
}

//! The score of a transcript: when it ran, when it waited for its owner, when it changed files.
//!
//! Made from the index alone, without reading a line again.

use std::collections::HashMap;

use orchestra_model::{EndMark, Score, Span, SpanKind, Tick, Timestamp};

use super::{
    chain::Order,
    index::{Flag, Index},
};

/// At most this many spans, and this many ticks: more than a lane can show.
const MOST: usize = 300;
/// A silence longer than this, in seconds, is idle time.
const IDLE: u32 = 300;

struct Running {
    from: u32,
    to: u32,
    first_turn: u32,
}

struct Waiting {
    from: u32,
    first_turn: u32,
    /// The entry that ends it.
    answer: Option<u32>,
}

struct Lane {
    spans: Vec<(u32, u32, u32, SpanKind)>,
    running: Option<Running>,
    waiting: Option<Waiting>,
}

impl Lane {
    fn close(&mut self) {
        if let Some(Running { from, to, first_turn }) = self.running.take() {
            self.spans.push((from, to, first_turn, SpanKind::Running));
        }
    }

    fn answered(&mut self, at: u32, first_turn: u32) {
        if let Some(waiting) = self.waiting.take() {
            let to = at.max(waiting.from);
            self.spans.push((waiting.from, to, waiting.first_turn, SpanKind::Waiting));
            self.running = Some(Running { from: to, to, first_turn });
        }
    }

    fn act(&mut self, at: u32, first_turn: u32) {
        match &mut self.running {
            Some(running) if at.saturating_sub(running.to) <= IDLE => running.to = running.to.max(at),
            _ => {
                self.close();
                self.running = Some(Running { from: at, to: at, first_turn });
            }
        }
    }
}

/// The score of a conversation.
pub(super) fn score(index: &Index, order: &Order) -> Score {
    let awaited = awaited(index);
    let last_turn = order.turns.saturating_sub(1);
    let mut lane = Lane { spans: vec![], running: None, waiting: None };
    let mut edits = vec![];
    let (mut start, mut end) = (u32::MAX, 0);
    for step in &order.steps {
        let entry = &index.entries[step.entry as usize];
        if entry.at == 0 || entry.is(Flag::Progress) {
            continue;
        }
        let (at, turn) = (entry.at, step.first.min(last_turn));
        (start, end) = (start.min(at), end.max(at));
        if entry.is(Flag::Edit)
            && let Some(when) = moment(at)
        {
            edits.push(Tick { at: when, turn });
        }
        let answer_came = lane.waiting.as_ref().is_some_and(|waiting| waiting.answer == Some(step.entry));
        if answer_came || entry.is(Flag::Prompt) && lane.waiting.is_some() {
            lane.answered(at, turn);
        }
        if entry.is(Flag::Prompt) {
            lane.close();
        }
        if lane.waiting.is_some() {
            continue;
        }
        if let Some(asked) = awaited.refused.get(&step.entry)
            && let Some(running) = &mut lane.running
        {
            // It waited from the call to the refusal, though the call itself does not tell.
            running.to = (*asked).clamp(running.from, running.to.max(running.from));
            let from = running.to;
            lane.close();
            lane.waiting = Some(Waiting { from, first_turn: step.first.saturating_sub(1), answer: None });
            lane.answered(at, turn);
            continue;
        }
        if entry.is(Flag::Works) {
            lane.act(at, turn);
        }
        if let Some(answer) = awaited.asked.get(&step.entry) {
            lane.close();
            lane.waiting = Some(Waiting { from: at, first_turn: turn, answer: *answer });
        }
    }
    lane.close();
    if let Some(waiting) = lane.waiting.take() {
        lane.spans.push((waiting.from, end.max(waiting.from), waiting.first_turn, SpanKind::Waiting));
    }
    Score {
        start: moment(start),
        end: moment(end),
        spans: thinned_spans(tidy(lane.spans)),
        edits: thinned(edits),
        end_mark: end_mark(index, order),
    }
}

/// Seconds as a moment; `None` for the marks of "unknown".
fn moment(seconds: u32) -> Option<Timestamp> {
    (seconds != 0 && seconds != u32::MAX).then(|| Timestamp::from_second(i64::from(seconds)).ok()).flatten()
}

/// The lines at which a session waited for its owner.
struct Awaited {
    /// Lines that ask, with the line of the answer.
    asked: HashMap<u32, Option<u32>>,
    /// Lines that hold a refusal, with the second of the call.
    refused: HashMap<u32, u32>,
}

fn awaited(index: &Index) -> Awaited {
    let mut awaited = Awaited { asked: HashMap::new(), refused: HashMap::new() };
    if !index.entries.iter().any(|entry| entry.is(Flag::Asks) || entry.is(Flag::Refusal)) {
        return awaited;
    }
    for (call, line) in &index.calls {
        let answer = index.answers.get(call).copied();
        let entry = &index.entries[*line as usize];
        if entry.is(Flag::Asks) {
            let known = awaited.asked.entry(*line).or_default();
            *known = (*known).max(answer);
        } else if let Some(answer) = answer
            && index.entries[answer as usize].is(Flag::Refusal)
            && entry.at != 0
        {
            awaited.refused.insert(answer, entry.at);
        }
    }
    awaited
}

/// In order and without overlap, whatever the clocks said.
fn tidy(mut spans: Vec<(u32, u32, u32, SpanKind)>) -> Vec<Span> {
    spans.sort_by_key(|(from, to, ..)| (*from, *to));
    let mut tidy: Vec<Span> = vec![];
    let mut until = 0;
    for (from, to, first_turn, kind) in spans {
        let (from, to) = (from.max(until), to.max(until));
        until = to;
        let (Some(from), Some(to)) = (moment(from), moment(to)) else { continue };
        match tidy.last_mut() {
            // What clocks left no room for.
            Some(last) if from == to && last.to == from && last.kind == kind => {}
            Some(last) if from == to && last.to == from && kind == SpanKind::Running => {}
            _ => tidy.push(Span { from, to, first_turn, kind }),
        }
    }
    tidy
}

/// At most [`MOST`] spans: the smallest gaps between like ones are closed first.
fn thinned_spans(mut spans: Vec<Span>) -> Vec<Span> {
    if spans.len() <= MOST {
        return spans;
    }
    let mut gaps: Vec<i64> = spans
        .windows(2)
        .filter(|pair| pair[0].kind == pair[1].kind)
        .map(|pair| pair[1].from.as_second() - pair[0].to.as_second())
        .collect();
    gaps.sort_unstable();
    let mut surplus = spans.len() - MOST;
    let widest = gaps.get(surplus - 1).or(gaps.last()).copied().unwrap_or_default();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        match merged.last_mut() {
            Some(last)
                if surplus > 0
                    && last.kind == span.kind
                    && span.from.as_second() - last.to.as_second() <= widest =>
            {
                last.to = span.to;
                surplus -= 1;
            }
            _ => merged.push(span),
        }
    }
    if merged.len() <= MOST {
        return merged;
    }
    // Running and waiting by turns, hundreds of times: neighbours become what the longer of them was.
    let group = merged.len().div_ceil(MOST);
    let length = |span: &Span| span.to.as_second() - span.from.as_second();
    let joined = merged.chunks(group).filter_map(|group| {
        let (first, last) = (group.first()?, group.last()?);
        let kind = group.iter().max_by_key(|span| length(span))?.kind;
        Some(Span { from: first.from, to: last.to, first_turn: first.first_turn, kind })
    });
    joined.collect()
}

/// At most [`MOST`] ticks, evenly chosen.
fn thinned(ticks: Vec<Tick>) -> Vec<Tick> {
    if ticks.len() <= MOST {
        return ticks;
    }
    let count = ticks.len();
    (0..MOST).filter_map(|nth| ticks.get(nth * count / MOST).copied()).collect()
}

/// How it ended: with a reply that asked for nothing more, with an error, or not yet.
fn end_mark(index: &Index, order: &Order) -> Option<EndMark> {
    if index.tail.is_some() {
        return None;
    }
    let entries = order.steps.iter().rev().map(|step| &index.entries[step.entry as usize]);
    let last = entries.clone().find(|entry| entry.is(Flag::Talk) || entry.is(Flag::Failed))?;
    if last.is(Flag::Failed) {
        Some(EndMark::Failed)
    } else if last.is(Flag::Reply) && last.calls() == 0 {
        Some(EndMark::Done)
    } else {
        None
    }
}

//! The state of a long conversation on screen: which blocks are mounted, how tall the others are, where the reader is.
//!
//! The document scrolls as a whole; above and below the mounted blocks stand spacers as tall as what is not mounted.
//! Where blocks above the reader change their height, the scroll position is moved by as much, so that nothing moves
//! before the eyes. Browsers that do this by themselves are told not to, see `overflow-anchor` in the style sheet.

use std::collections::BTreeMap;

use leptos::{html, prelude::*, task::spawn_local};

use super::scroll::{self, nearest_turn, scroll_place, to_end, view_height};
use crate::{
    api::get_block,
    data::{
        Blocks, Item,
        transcript::{TURNS_PER_BLOCK, block_count},
    },
    error::AppError,
    window::Heights,
};

/// Which conversation: a session's, or one of its subagents'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The session's id.
    pub id: String,
    /// The subagent's.
    pub agent: Option<String>,
}

/// What is known of a block: nothing yet, its items, or why they did not come.
pub type BlockState = Option<Result<Vec<Item>, AppError>>;

/// A conversation on screen.
#[derive(Clone, Copy)]
pub struct Reel {
    /// Which.
    pub place: StoredValue<Place>,
    /// How many turns it has.
    pub total: RwSignal<u32>,
    /// The mounted blocks, first and past the last.
    pub range: RwSignal<(u32, u32)>,
    /// What they hold.
    pub blocks: RwSignal<BTreeMap<u32, BlockState>>,
    /// The turn at the top of the view.
    pub at_turn: RwSignal<u32>,
    /// How many turns arrived below while the reader was elsewhere.
    pub unseen: RwSignal<u32>,
    /// A turn to scroll to as soon as its block is there.
    pub wanted: RwSignal<Option<u32>>,
    /// The element around spacers and blocks.
    pub frame: NodeRef<html::Div>,
    heights: StoredValue<Heights>,
    /// Whether the reader was at the end and has not moved up since: then the page stays there while it grows.
    stays_at_end: StoredValue<bool>,
    /// How far the page was scrolled when last looked at, and how tall it was.
    last_look: StoredValue<(f64, f64)>,
    /// How far the page was scrolled when it was last put at its end.
    put_at: StoredValue<f64>,
}

/// How much of the view is kept mounted on either side of it.
const MARGIN_VIEWS: f64 = 1.5;
/// A little less than the `scroll-margin-top` of turns in the style sheet: so far down begins what is in view.
const HEAD: f64 = 100.0;
/// A block that ends so little below counts as above: the first turn in view stands there.
const SLACK: f64 = 20.0;
/// So near the end counts as at the end.
const AT_END: f64 = 120.0;

impl Reel {
    /// A conversation that opens with some blocks.
    pub fn new(place: Place, opening: Blocks) -> Self {
        let Blocks { blocks, total } = opening;
        let first = blocks.first().map_or(0, |block| block.index);
        let past = blocks.last().map_or(0, |block| block.index + 1);
        let held = blocks.into_iter().map(|block| (block.index, Some(Ok(block.items)))).collect();
        Self {
            place: StoredValue::new(place),
            total: RwSignal::new(total),
            range: RwSignal::new((first, past)),
            blocks: RwSignal::new(held),
            at_turn: RwSignal::new(first * TURNS_PER_BLOCK),
            unseen: RwSignal::new(0),
            wanted: RwSignal::new(None),
            frame: NodeRef::new(),
            heights: StoredValue::new(Heights::new(total, TURNS_PER_BLOCK)),
            stays_at_end: StoredValue::new(false),
            last_look: StoredValue::new((0.0, 0.0)),
            put_at: StoredValue::new(-1.0),
        }
    }

    /// The heights of what is not mounted: above, below.
    pub fn spacers(&self) -> (f64, f64) {
        let (first, past) = self.range.get();
        self.total.track();
        self.heights.with_value(|heights| (heights.before(first), heights.from(past)))
    }

    /// How tall a block is, or is taken to be.
    pub fn height(&self, index: u32) -> f64 {
        self.heights.with_value(|heights| heights.of(index))
    }

    /// Whether it is not on the screen at all.
    pub fn is_hidden(&self) -> bool {
        self.frame.get_untracked().is_none_or(|frame| frame.offset_height() == 0)
    }

    /// Looks where the reader is, and mounts what is near.
    pub fn look(&self) {
        let Some(frame) = self.frame.get_untracked().filter(|_| !self.is_hidden()) else { return };
        let view = view_height();
        let top = -frame.get_bounding_client_rect().top();
        let (range, at) = self.heights.with_value(|heights| {
            let (at, _) = heights.near(top + view * 0.3, 0.0, 0.0);
            let into = (top + view * 0.3 - heights.before(at)) / heights.of(at).max(1.0);
            let turn = f64::from(at * TURNS_PER_BLOCK) + into.clamp(0.0, 0.999) * f64::from(TURNS_PER_BLOCK);
            (heights.near(top, view, view * MARGIN_VIEWS), turn as u32)
        });
        self.at_turn.set(at.min(self.total.get_untracked().saturating_sub(1)));
        self.mount(range);
        let ((y, height), (last_y, last_height)) = (scroll_place(), self.last_look.get_value());
        // A page that became shorter moves up by itself; only who moves within it leaves the end.
        let moved_up = y < last_y && height >= last_height;
        let is_at_end = self.is_at_end();
        self.stays_at_end.set_value(is_at_end || (self.stays_at_end.get_value() && !moved_up));
        self.last_look.set_value((y, height));
        // Whoever comes back to that place later has moved, and is looked for.
        self.put_at.set_value(-1.0);
        if is_at_end {
            self.unseen.set(0);
        }
    }

    /// Mounts some blocks and lets the others go.
    fn mount(&self, range: (u32, u32)) {
        if self.range.get_untracked() != range {
            self.blocks.update(|blocks| blocks.retain(|index, _| (range.0..range.1).contains(index)));
            self.range.set(range);
        }
    }

    /// Fetches a block that is mounted and not there.
    pub fn fetch(&self, index: u32) {
        let reel = *self;
        let Place { id, agent } = self.place.get_value();
        spawn_local(async move {
            let answer = get_block(id, agent, index).await;
            // The page may be gone, or the block scrolled away, by the time the answer comes.
            if reel.range.try_get_untracked().is_none_or(|(first, past)| !(first..past).contains(&index)) {
                return;
            }
            let state = answer.map(|Blocks { blocks, total }| {
                reel.grow(total);
                blocks.into_iter().next().map(|block| block.items).unwrap_or_default()
            });
            reel.blocks.update(|blocks| {
                blocks.insert(index, Some(state));
            });
        });
    }

    /// Fetches what was added at the end.
    pub fn follow(&self) {
        let reel = *self;
        let Place { id, agent } = self.place.get_value();
        spawn_local(async move {
            let Some(total) = reel.total.try_get_untracked() else { return };
            let last = block_count(total).saturating_sub(1);
            let Ok(Blocks { blocks, total }) = get_block(id, agent, last).await else { return };
            if reel.is_gone() {
                return;
            }
            let was_at_end = reel.is_at_end() || reel.stays_at_end.get_value();
            let more = total.saturating_sub(reel.total.get_untracked());
            let (first, past) = reel.range.get_untracked();
            if let Some(block) =
                blocks.into_iter().next().filter(|block| (first..past).contains(&block.index))
            {
                reel.blocks.update(|blocks| {
                    blocks.insert(block.index, Some(Ok(block.items)));
                });
            }
            reel.grow(total);
            if first == past || was_at_end {
                reel.range.set((first, block_count(total)));
                reel.stays_at_end.set_value(true);
            } else {
                reel.unseen.update(|unseen| *unseen += more);
            }
        });
    }

    fn grow(&self, total: u32) {
        if total > self.total.get_untracked() {
            self.heights.update_value(|heights| heights.grow(total));
            self.total.set(total);
        }
    }

    /// Notes where a mounted block begins and how tall it is; what changes above the reader moves the page along.
    pub fn measured(&self, index: u32, top: f64, height: f64) {
        let before = self.heights.with_value(|heights| heights.of(index));
        self.heights.update_value(|heights| heights.measure(index, height));
        // What counts is where the block ended before it changed: what was above the view has pushed it away.
        let was_above = top + before < HEAD + SLACK;
        if was_above && (height - before).abs() >= 0.5 {
            window().scroll_by_with_x_and_y(0.0, height - before);
        }
    }

    /// Keeps the end in view after blocks changed their size, for who was there.
    pub fn settle(&self) {
        if self.stays_at_end.get_value() {
            to_end();
        }
        self.last_look.set_value(scroll_place());
    }

    /// The same, for something below the blocks; nothing when the page was left meanwhile.
    pub fn settle_if_there(&self) {
        if self.stays_at_end.try_get_value() == Some(true) {
            to_end();
            let place = scroll_place();
            self.last_look.set_value(place);
            self.put_at.set_value(place.0);
        }
    }

    /// Whether the page stands where it was put, so that there is nothing to look for.
    pub fn is_where_it_was_put(&self) -> bool {
        let y = window().scroll_y().unwrap_or(0.0);
        self.put_at.try_get_value().is_some_and(|put_at| (y - put_at).abs() < 1.0)
    }

    /// Keeps the page where it is when something below changes its size, until the reader comes to the end again.
    pub fn stay_here(&self) {
        self.stays_at_end.set_value(false);
    }

    /// Goes to a turn, wherever it is.
    pub fn go_to(&self, turn: u32) {
        let turn = turn.min(self.total.get_untracked().saturating_sub(1));
        let block = turn / TURNS_PER_BLOCK;
        self.wanted.set(Some(turn));
        self.stay_here();
        let (first, past) = self.range.get_untracked();
        if !(first..past).contains(&block) {
            let count = block_count(self.total.get_untracked());
            self.mount((block.saturating_sub(1), (block + 2).min(count)));
            if let Some(frame) = self.frame.get_untracked() {
                let top = frame.get_bounding_client_rect().top()
                    + self.heights.with_value(|heights| heights.before(block));
                window().scroll_by_with_x_and_y(0.0, top);
            }
        }
        self.arrive(block);
    }

    /// Scrolls to the wanted turn if it is in a block that is there now.
    pub fn arrive(&self, block: u32) {
        let Some(turn) = self.wanted.get_untracked().filter(|turn| turn / TURNS_PER_BLOCK == block) else {
            return;
        };
        let there = self.blocks.with_untracked(|blocks| matches!(blocks.get(&block), Some(Some(Ok(_)))));
        if !there {
            return;
        }
        let reel = *self;
        let show = move || {
            let element = nearest_turn(turn);
            if let Some(element) = &element {
                element.scroll_into_view();
                reel.wanted.try_set(None);
            }
            element.is_some()
        };
        // What has just come stands in the document with the next frame.
        if !show() {
            request_animation_frame(move || {
                show();
            });
        }
    }

    /// Whether its page is not there any more.
    pub fn is_gone(&self) -> bool {
        self.total.try_get_untracked().is_none()
    }

    /// The turn that the view begins with; none while turns are on their way.
    pub fn first_in_view(&self) -> Option<u32> {
        self.frame.try_get_untracked().flatten().and_then(|frame| scroll::first_turn(&frame, HEAD))
    }

    /// Whether the reader is at the end.
    pub fn is_at_end(&self) -> bool {
        let (y, height) = scroll_place();
        let is_near = height - y - view_height() < AT_END;
        is_near && self.range.get_untracked().1 == block_count(self.total.get_untracked())
    }
}

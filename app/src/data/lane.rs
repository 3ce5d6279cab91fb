//! The lane of one session: its picture, and where in it each turn stands. Pure.

use serde::{Deserialize, Serialize};

/// How wide a lane is drawn, in its own units. Places are whole numbers of them.
pub const WIDTH: u32 = 10_000;

/// A lane as a page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneView {
    /// The picture: SVG, drawn by the server.
    pub picture: String,
    /// The picture in words.
    pub words: String,
    /// Which turns sound where, from left to right.
    pub stops: Vec<Stop>,
}

/// A stretch of a lane: where it begins and how wide it is, its first turn and the first one after it.
pub type Stop = [u32; 4];

impl LaneView {
    /// Where a turn is.
    pub fn x_of_turn(&self, turn: u32) -> u32 {
        x_of_turn(&self.stops, turn)
    }

    /// Which turn is at a place.
    pub fn turn_at(&self, x: f64) -> u32 {
        let before = self.stops.iter().rev().find(|[left, ..]| f64::from(*left) <= x);
        let Some([left, width, first, past]) = before.or(self.stops.first()) else {
            return 0;
        };
        let share = ((x - f64::from(*left)) / f64::from((*width).max(1))).clamp(0.0, 1.0);
        let turns = f64::from(past.saturating_sub(*first).saturating_sub(1));
        first + (share * turns).round() as u32
    }
}

/// Where a turn is among some stretches.
pub fn x_of_turn(stops: &[Stop], turn: u32) -> u32 {
    let Some([left, width, first, past]) =
        stops.iter().rev().find(|[_, _, first, _]| *first <= turn).or(stops.first())
    else {
        return 0;
    };
    let turns = f64::from(past.saturating_sub(*first).max(1));
    let share = (f64::from(turn.saturating_sub(*first)) / turns).clamp(0.0, 1.0);
    left + (share * f64::from(*width)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_places_lead_to_each_other() {
        let lane = LaneView { stops: vec![[0, 4000, 0, 10], [6000, 4000, 10, 20]], ..LaneView::default() };
        for turn in [0, 5, 10, 15, 19] {
            let back = lane.turn_at(f64::from(lane.x_of_turn(turn)));
            assert!(back.abs_diff(turn) <= 1, "{turn} became {back}");
        }
        assert_eq!(lane.turn_at(-5.0), 0);
        assert_eq!(lane.turn_at(50_000.0), 19);
    }

    #[test]
    fn a_lane_without_a_stretch_leads_to_the_beginning() {
        let empty = LaneView::default();
        assert_eq!((empty.turn_at(10.0), empty.x_of_turn(3)), (0, 0));
    }
}

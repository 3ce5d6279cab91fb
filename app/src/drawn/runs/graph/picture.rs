//! The picture itself: agents as boxes that are links, arrows that pass between them and never over them.

use std::fmt::Write as _;

use orchestra_model::TaskResult;

use super::layout::{Cell, Edge, EdgeKind, place};
use crate::{
    drawn::{
        parts,
        runs::{Known, state_of},
    },
    text,
};

/// How large things are, in pixels.
pub(super) struct Sizes {
    columns: usize,
    box_width: i32,
    /// Between columns, and half of it at both sides.
    gap: i32,
    /// How many letters of a name there is room for.
    letters: usize,
}

/// For a screen of 390 pixels.
pub(super) const NARROW: Sizes = Sizes { columns: 2, box_width: 155, gap: 24, letters: 14 };
/// For wide ones.
pub(super) const WIDE: Sizes = Sizes { columns: 5, box_width: 196, gap: 44, letters: 18 };

const BOX_HEIGHT: i32 = 52;
/// Between rows.
const DROP: i32 = 48;
/// Between rows of those that no arrow touches.
const NEAR: i32 = 12;
/// How much lower those stand for the line above them.
const HEADING: i32 = 12;
/// How round the bends of an arrow are.
const BEND: i32 = 8;

/// What was drawn, and how large.
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) svg: String,
}

/// The class of an arrow.
pub(super) const fn class_of(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::After => "edge is-after",
        EdgeKind::From => "edge is-from",
        EdgeKind::Started => "edge is-started",
    }
}

pub(super) fn draw(known: &Known, edges: &[Edge], sizes: &Sizes) -> Picture {
    let tasks = &known.results.tasks;
    // Those that no arrow touches stand below in rows of their own, where nothing reads as an order.
    let is_alone = |place: usize| !edges.iter().any(|edge| edge.from == place || edge.to == place);
    let (alone, joined): (Vec<usize>, Vec<usize>) = (0..tasks.len()).partition(|place| is_alone(*place));
    let renamed = |place: usize| joined.iter().position(|one| *one == place);
    let own: Vec<Edge> = edges
        .iter()
        .filter_map(|edge| Some(Edge { from: renamed(edge.from)?, to: renamed(edge.to)?, ..*edge }))
        .collect();
    let placed = place(joined.len(), &own, sizes.columns);
    let rows = placed.iter().map(|cell| cell.row + 1).max().unwrap_or_default();
    let mut cells = vec![Cell::default(); tasks.len()];
    for (place, cell) in joined.iter().zip(placed) {
        cells[*place] = cell;
    }
    let mut svg = String::new();
    for edge in edges {
        arrow(&mut svg, edge, &cells, sizes);
    }
    let columns =
        cells.iter().map(|cell| cell.column + 1).max().unwrap_or(1).max(sizes.columns.min(alone.len()));
    for (number, place) in alone.iter().enumerate() {
        cells[*place] = Cell { column: number % sizes.columns, row: rows + number / sizes.columns };
    }
    let has_heading = !alone.is_empty() && !joined.is_empty();
    if has_heading {
        let (x, y) = (sizes.gap / 2, top(Cell { column: 0, row: rows }));
        let _ = write!(svg, r#"<text class="node-group" x="{x}" y="{y}">on their own</text>"#);
    }
    // Nothing passes between those below: their rows stand closer.
    let lower = |row: usize| match row.checked_sub(rows) {
        Some(below) => i32::from(has_heading) * HEADING - number(below) * (DROP - NEAR),
        None => 0,
    };
    for (task, cell) in tasks.iter().zip(&cells) {
        node(&mut svg, known, task, (left(*cell, sizes), top(*cell) + lower(cell.row)), sizes);
    }
    let last = cells.iter().map(|cell| cell.row).max().unwrap_or_default();
    Picture {
        width: number(columns) * (sizes.box_width + sizes.gap),
        height: top(Cell { column: 0, row: last }) + BOX_HEIGHT + lower(last) + 2,
        svg,
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1024)
}

fn left(cell: Cell, sizes: &Sizes) -> i32 {
    number(cell.column) * (sizes.box_width + sizes.gap) + sizes.gap / 2
}

fn top(cell: Cell) -> i32 {
    number(cell.row) * (BOX_HEIGHT + DROP) + 2
}

fn node(svg: &mut String, known: &Known, task: &TaskResult, (x, y): (i32, i32), sizes: &Sizes) {
    let (class, icon, word) = state_of(task, known.agent(&task.agent), known.offset_seconds);
    let name = parts::visible(&task.name);
    let shown = text::escaped(&text::cut_in_the_middle(&name, sizes.letters));
    let title = text::escaped(&format!("{name}: {word}"));
    let width = sizes.box_width;
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        r##"<a class="node {class}" href="/agents/{}" aria-label="{title}"><title>{title}</title><rect class="node-box" x="{x}" y="{y}" width="{width}" height="{BOX_HEIGHT}" rx="6"/><rect class="node-edge" x="{x}" y="{}" width="3" height="{}" rx="1.5"/><text class="node-name" x="{}" y="{}">{shown}</text><use class="node-icon" href="#i-{icon}" x="{}" y="{}" width="12" height="12"/><text class="node-state" x="{}" y="{}">{word}</text></a>"##,
        task.agent,
        y + 10,
        BOX_HEIGHT - 20,
        x + 12,
        y + 22,
        x + 12,
        y + 31,
        x + 28,
        y + 41,
    );
}

fn arrow(svg: &mut String, edge: &Edge, cells: &[Cell], sizes: &Sizes) {
    let (Some(&from), Some(&to)) = (cells.get(edge.from), cells.get(edge.to)) else { return };
    // Those of one kind share their way, and each source has a height of its own.
    let aside = if edge.kind == EdgeKind::Started { 14 } else { 0 };
    let own = number(edge.from % 3) * 5 - 5;
    let middle = |cell: Cell| left(cell, sizes) + sizes.box_width / 2 + aside;
    let (start, end) = ((middle(from), top(from) + BOX_HEIGHT), (middle(to), top(to)));
    let leaves = start.1 + DROP / 2 + own;
    let comes = end.1 - DROP / 2 + own;
    let is_free = |row: usize| !cells.contains(&Cell { column: to.column, row });
    let mut points = vec![start];
    if from.row + 1 == to.row || (from.row + 1..to.row).all(is_free) {
        points.extend([(start.0, leaves), (end.0, leaves)]);
    } else {
        let side = if from.column <= to.column { -1 } else { 1 };
        let between = left(to, sizes) + sizes.box_width / 2 + side * (sizes.box_width + sizes.gap) / 2 + own;
        points.extend([(start.0, leaves), (between, leaves), (between, comes), (end.0, comes)]);
    }
    points.push((end.0, end.1 - 2));
    let (x, y) = (end.0, end.1 - 1);
    let _ = write!(
        svg,
        r#"<path class="{}" d="{}"/><path class="{}" d="M{} {}L{x} {y}L{} {}Z"/>"#,
        class_of(edge.kind),
        bent(&points),
        class_of(edge.kind).replace("edge", "edge-head"),
        x - 4,
        y - 7,
        x + 4,
        y - 7,
    );
}

/// A way through points, round where it turns.
fn bent(points: &[(i32, i32)]) -> String {
    let mut points = points.to_vec();
    points.dedup();
    let Some(first) = points.first() else { return String::new() };
    let mut path = format!("M{} {}", first.0, first.1);
    for corner in points.windows(3) {
        let [before, at, after] = [corner[0], corner[1], corner[2]];
        let near = |other: (i32, i32)| {
            let (dx, dy) = (other.0 - at.0, other.1 - at.1);
            let bend = BEND.min((dx.abs() + dy.abs()) / 2);
            (at.0 + dx.signum() * bend, at.1 + dy.signum() * bend)
        };
        let (enters, leaves) = (near(before), near(after));
        let _ = write!(path, "L{} {}Q{} {} {} {}", enters.0, enters.1, at.0, at.1, leaves.0, leaves.1);
    }
    if let Some(last) = points.last() {
        let _ = write!(path, "L{} {}", last.0, last.1);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_bends_at_its_corners_and_ends_where_it_should() {
        assert_eq!(
            bent(&[(0, 0), (0, 20), (40, 20), (40, 60)]),
            "M0 0L0 12Q0 20 8 20L32 20Q40 20 40 28L40 60"
        );
        assert_eq!(bent(&[(0, 0), (0, 24), (0, 24), (0, 48)]), "M0 0L0 16Q0 24 0 32L0 48");
        assert_eq!(bent(&[]), "");
    }
}

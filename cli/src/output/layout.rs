//! How wide the columns of the table of sessions may be: pure arithmetic.

use super::row::GAP;

/// The columns, left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    When,
    Project,
    Title,
    Branch,
    Model,
    State,
}

impl Column {
    /// All of them, left to right.
    pub(crate) const ALL: [Self; 7] =
        [Self::Id, Self::When, Self::Project, Self::Title, Self::Branch, Self::Model, Self::State];

    /// What stands above it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::When => "WHEN",
            Self::Project => "PROJECT",
            Self::Title => "TITLE",
            Self::Branch => "BRANCH",
            Self::Model => "MODEL",
            Self::State => "STATE",
        }
    }

    /// How wide it gets at most, however wide the terminal is.
    const fn at_most(self) -> usize {
        match self {
            Self::Project => 24,
            Self::Title => 100,
            Self::Branch => 32,
            Self::Model => 18,
            Self::Id | Self::When | Self::State => 40,
        }
    }
}

/// Widths by column; 0 for one that is not shown.
pub(crate) type Widths = [usize; Column::ALL.len()];

enum Step {
    Shrink(Column, usize),
    Drop(Column),
}

/// What gives way on a narrow terminal, in this order, each only as far as needed.
const STEPS: [Step; 12] = [
    Step::Shrink(Column::Title, 32),
    Step::Shrink(Column::Branch, 12),
    Step::Shrink(Column::Project, 12),
    Step::Shrink(Column::Title, 28),
    Step::Drop(Column::Model),
    Step::Shrink(Column::Branch, 8),
    Step::Drop(Column::Branch),
    Step::Shrink(Column::Title, 16),
    Step::Shrink(Column::Project, 6),
    Step::Drop(Column::Project),
    Step::Drop(Column::When),
    Step::Shrink(Column::Title, 1),
];

/// Columns of these natural widths, made to fit a line.
pub(crate) fn fit(natural: Widths, line: usize) -> Widths {
    let mut widths = natural;
    for column in Column::ALL {
        let width = &mut widths[column as usize];
        *width = (*width).min(column.at_most());
    }
    for step in STEPS {
        let excess = total(&widths).saturating_sub(line);
        if excess == 0 {
            break;
        }
        match step {
            Step::Shrink(column, floor) => {
                let width = &mut widths[column as usize];
                *width = width.saturating_sub(excess).max(floor.min(*width));
            }
            Step::Drop(column) => widths[column as usize] = 0,
        }
    }
    // What a dropped column left over goes to the title, then to the branch.
    for column in [Column::Title, Column::Branch] {
        let spare = line.saturating_sub(total(&widths));
        let width = &mut widths[column as usize];
        if *width > 0 {
            *width = (*width + spare).min(natural[column as usize].min(column.at_most()));
        }
    }
    widths
}

fn total(widths: &Widths) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATURAL: Widths = [4, 6, 14, 60, 30, 10, 9];

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fit(NATURAL, 200), NATURAL);
        assert_eq!(fit([4, 6, 0, 10, 0, 0, 0], 80), [4, 6, 0, 10, 0, 0, 0]);
    }

    #[test]
    fn the_line_is_never_longer_than_the_terminal() {
        for line in 24..200 {
            let widths = fit(NATURAL, line);
            assert!(total(&widths) <= line, "{widths:?} in {line}");
            assert!(widths[Column::Id as usize] == 4, "ids are whole");
        }
    }

    #[test]
    fn at_eighty_columns_everything_useful_is_there() {
        let widths = fit(NATURAL, 80);
        assert_eq!(total(&widths), 80);
        assert!(widths[Column::Title as usize] >= 28);
        assert!(widths[Column::Branch as usize] >= 8);
    }

    #[test]
    fn a_very_long_title_leaves_room_on_a_wide_terminal() {
        assert_eq!(fit([4, 6, 14, 900, 30, 10, 9], 400)[Column::Title as usize], 100);
    }
}

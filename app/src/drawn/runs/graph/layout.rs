//! Where agents stand in the picture: in layers from above to below, each in a column of one grid, so that arrows can pass
//! between the columns.

/// An arrow, by the places of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: EdgeKind,
}

/// What an arrow means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EdgeKind {
    /// The one comes after the other.
    After,
    /// It also goes on from the other's branch.
    From,
    /// The other started it.
    Started,
}

/// A place in the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) row: usize,
}

/// The cells of so many agents, in at most so many columns. Whoever has an arrow to it stands above.
pub(super) fn place(count: usize, edges: &[Edge], most_columns: usize) -> Vec<Cell> {
    let layers = layers(count, edges);
    let deepest = layers.iter().copied().max().unwrap_or_default();
    let mut cells = vec![Cell::default(); count];
    let widest = (0..=deepest).map(|layer| layers.iter().filter(|one| **one == layer).count()).max();
    let columns = widest.unwrap_or(1).clamp(1, most_columns.max(1));
    let mut row = 0;
    for layer in 0..=deepest {
        // Near those above it, so that arrows are short.
        let above = |one: usize| {
            let columns: Vec<usize> =
                edges.iter().filter(|edge| edge.to == one).map(|edge| cells[edge.from].column).collect();
            (!columns.is_empty()).then(|| columns.iter().sum::<usize>() * 2 / columns.len())
        };
        let mut members: Vec<(Option<usize>, usize)> =
            (0..count).filter(|one| layers[*one] == layer).map(|one| (above(one), one)).collect();
        members.sort_by_key(|(above, one)| (above.unwrap_or(columns), *one));
        let placed: Vec<Vec<(Option<usize>, usize)>> = members.chunks(columns).map(<[_]>::to_vec).collect();
        for chunk in placed {
            let means: Vec<usize> = chunk.iter().filter_map(|(above, _)| *above).collect();
            let spare = columns - chunk.len();
            let start = match means.len() {
                0 => spare / 2,
                known => (means.iter().sum::<usize>() / known)
                    .saturating_sub(chunk.len() - 1)
                    .div_ceil(2)
                    .min(spare),
            };
            for (offset, (_, one)) in chunk.into_iter().enumerate() {
                cells[one] = Cell { column: start + offset, row };
            }
            row += 1;
        }
    }
    cells
}

/// How far below the top each stands: one further than the lowest that has an arrow to it.
fn layers(count: usize, edges: &[Edge]) -> Vec<usize> {
    let mut layers = vec![0_usize; count];
    // In a circle, which no plan has, nobody would ever come to rest.
    for _ in 0..count {
        let mut is_settled = true;
        for edge in edges {
            let least = layers[edge.from] + 1;
            if layers[edge.to] < least && least < count {
                layers[edge.to] = least;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from, to, kind: EdgeKind::After }
    }

    #[test]
    fn whoever_comes_after_stands_below_and_nobody_stands_on_another() {
        // A fan out and in, beside one that is alone, and more in a layer than there are columns.
        let mut edges: Vec<Edge> = (1..=7).flat_map(|middle| [edge(0, middle), edge(middle, 8)]).collect();
        edges.push(edge(0, 8));
        for columns in 1..=5 {
            let cells = place(10, &edges, columns);
            for edge in &edges {
                assert!(cells[edge.from].row < cells[edge.to].row, "{columns} {edge:?} {cells:?}");
            }
            let distinct: std::collections::HashSet<_> = cells.iter().collect();
            assert_eq!(distinct.len(), 10, "{columns} {cells:?}");
            assert!(cells.iter().all(|cell| cell.column < columns));
        }
    }

    #[test]
    fn a_single_one_stands_in_the_middle_of_those_that_it_joins() {
        let edges = [edge(0, 1), edge(0, 2), edge(0, 3), edge(1, 4), edge(2, 4), edge(3, 4)];
        let cells = place(5, &edges, 5);
        let columns: Vec<_> = cells.iter().map(|cell| cell.column).collect();
        assert_eq!(columns, [1, 0, 1, 2, 1], "{cells:?}");
    }

    #[test]
    fn a_circle_comes_to_an_end() {
        let cells = place(3, &[edge(0, 1), edge(1, 2), edge(2, 0)], 2);
        assert_eq!(cells.len(), 3);
    }
}

//! The order in which work lands: with the fewest conflicts left for later, and nothing before what it comes after.

/// How many pairs of branches that change the same files are tried out.
pub(super) const MOST_PAIRS: usize = 5_000;

/// The places in the order in which they land. `comes_after` is theirs; `conflicts` are pairs that do not go together.
///
/// Of those that may be next, the one that goes together with most of the rest is: what conflicts with nobody lands
/// first, of two that conflict the one that leaves fewer conflicts behind, and what conflicts with one before it last.
pub(super) fn fewest_conflicts(comes_after: &[Vec<usize>], conflicts: &[(usize, usize)]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..comes_after.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    // Those that nothing kept from landing: what conflicts with one of them will be sent back.
    let mut landed: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let among = |place: usize, others: &[usize]| {
            let with = conflicts.iter().filter(|(one, other)| {
                (*one == place && others.contains(other)) || (*other == place && others.contains(one))
            });
            with.count()
        };
        let is_free = |place: &usize| comes_after[*place].iter().all(|other| !left.contains(other));
        let next = left
            .iter()
            .copied()
            .filter(is_free)
            .min_by_key(|place| (among(*place, &landed) > 0, among(*place, &left), *place));
        // Without one the plan would go round in a circle, which no plan does.
        let next = next.unwrap_or(left[0]);
        if among(next, &landed) == 0 {
            landed.push(next);
        }
        left.retain(|place| *place != next);
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_conflicts_lands_last_and_nothing_before_what_it_comes_after() {
        let free = |count: usize| vec![Vec::new(); count];
        assert_eq!(fewest_conflicts(&free(4), &[(0, 2)]), [1, 3, 0, 2]);
        // One that conflicts with all others leaves room for them.
        assert_eq!(fewest_conflicts(&free(3), &[(0, 1), (0, 2)]), [1, 2, 0]);
        assert_eq!(fewest_conflicts(&[vec![2], vec![], vec![]], &[(1, 2)]), [1, 2, 0]);
    }
}

//! The order of things that come after others.

/// Places that go round in a circle, each after the next, the last after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle(pub(super) Vec<u32>);

/// The places of all, each behind those that it comes after; of those that are free to go, the first in line first.
pub(super) fn sorted(comes_after: &[Vec<u32>]) -> Result<Vec<u32>, Cycle> {
    let mut order: Vec<u32> = Vec::with_capacity(comes_after.len());
    let mut is_in = vec![false; comes_after.len()];
    let mut open: Vec<usize> = vec![0; comes_after.len()];
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); comes_after.len()];
    let mut free = std::collections::BTreeSet::new();
    for (place, others) in (0_u32..).zip(comes_after) {
        open[place as usize] = others.len();
        for other in others {
            before[*other as usize].push(place);
        }
        if others.is_empty() {
            free.insert(place);
        }
    }
    while let Some(place) = free.pop_first() {
        is_in[place as usize] = true;
        order.push(place);
        for next in &before[place as usize] {
            open[*next as usize] -= 1;
            if open[*next as usize] == 0 {
                free.insert(*next);
            }
        }
    }
    if order.len() == comes_after.len() {
        return Ok(order);
    }
    // Whoever is not in the order comes after another that is not: followed far enough, that leads round.
    let next = |place: u32| comes_after[place as usize].iter().copied().find(|other| !is_in[*other as usize]);
    let start = (0_u32..).zip(&is_in).find(|(_, is_in)| !**is_in).map_or(0, |(place, _)| place);
    let mut path = vec![start];
    loop {
        let place = path.last().and_then(|last| next(*last)).unwrap_or(start);
        if let Some(begin) = path.iter().position(|seen| *seen == place) {
            let mut cycle = path.split_off(begin);
            // Told from its first member on, whoever led into it.
            let first = cycle.iter().enumerate().min_by_key(|(_, place)| **place).map_or(0, |(at, _)| at);
            cycle.rotate_left(first);
            return Err(Cycle(cycle));
        }
        path.push(place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_order_respects_what_comes_after_what(
            wishes in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 0..4), 1..40),
            is_acyclic: bool,
        ) {
            let all = wishes.len() as u32;
            let comes_after: Vec<Vec<u32>> = (0..all)
                .zip(wishes)
                .map(|(place, wishes)| {
                    let most = if is_acyclic { place } else { all };
                    wishes.into_iter().filter(|_| most > 0).map(|wish| wish % most.max(1)).collect()
                })
                .collect();
            match sorted(&comes_after) {
                Ok(order) => {
                    let mut places = vec![usize::MAX; comes_after.len()];
                    for (at, place) in order.iter().enumerate() {
                        places[*place as usize] = at;
                    }
                    prop_assert_eq!(order.len(), comes_after.len());
                    for (place, others) in comes_after.iter().enumerate() {
                        for other in others {
                            prop_assert!(places[*other as usize] < places[place]);
                        }
                    }
                }
                Err(Cycle(cycle)) => {
                    prop_assert!(!is_acyclic && !cycle.is_empty());
                    for (at, place) in cycle.iter().enumerate() {
                        let next = cycle[(at + 1) % cycle.len()];
                        prop_assert!(comes_after[*place as usize].contains(&next));
                    }
                }
            }
        }
    }

    #[test]
    fn of_those_that_are_free_the_first_goes_first() {
        assert_eq!(sorted(&[vec![], vec![3], vec![], vec![]]), Ok(vec![0, 2, 3, 1]));
        assert_eq!(sorted(&[vec![1], vec![2], vec![1]]), Err(Cycle(vec![1, 2])));
    }
}

//! The numbers of one attribute, in their order.

use std::collections::BTreeSet;
use std::ops::Bound;

use storage::EntityKey;

/// A number's place among numbers: see [`rank`].
pub(crate) type Rank = u64;

/// The numbers of one attribute.
#[derive(Clone, Default)]
pub(super) struct Numbers {
    /// Of entities that have one.
    pub(super) single: BTreeSet<(Rank, EntityKey)>,
    /// The entities that have several: in several data sets, or in an array.
    pub(super) several: BTreeSet<EntityKey>,
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        self.single.is_empty() && self.several.is_empty()
    }

    /// The entities that may have one in the range, which holds both ends; in no order.
    pub(super) fn in_range(&self, low: f64, high: f64) -> impl Iterator<Item = EntityKey> + '_ {
        let (low, high) = (rank(low), rank(high));
        let single = (low <= high).then(|| {
            let from = (low, EntityKey(u64::MIN));
            self.single.range(from..=(high, EntityKey(u64::MAX)))
        });
        let single = single.into_iter().flatten().map(|(_, key)| *key);
        single.chain(self.several.iter().copied())
    }

    /// The next entities that have one, by that number, after a place that was reached; those of one number in order of
    /// creation, in either direction.
    pub(super) fn along(
        &self,
        descending: bool,
        after: Option<(Rank, EntityKey)>,
        count: usize,
    ) -> Vec<(Rank, EntityKey)> {
        let bound = after.map_or(Bound::Unbounded, Bound::Excluded);
        if !descending {
            let range = self.single.range((bound, Bound::Unbounded));
            return range.take(count).copied().collect();
        }
        let mut found = Vec::new();
        let mut below = Bound::Unbounded;
        if let Some((rank, _)) = after {
            let last = Bound::Included((rank, EntityKey(u64::MAX)));
            found.extend(self.single.range((bound, last)).take(count));
            below = Bound::Excluded((rank, EntityKey(u64::MIN)));
        }
        while found.len() < count
            && let Some(&(rank, _)) = self.single.range((Bound::Unbounded, below)).next_back()
        {
            let first = (rank, EntityKey(u64::MIN));
            let range = self.single.range(first..=(rank, EntityKey(u64::MAX)));
            found.extend(range.take(count - found.len()));
            below = Bound::Excluded(first);
        }
        found
    }
}

/// A number's place among numbers: equal numbers have equal ones, a greater number a greater one.
pub(super) fn rank(number: f64) -> Rank {
    // Both zeros are equal.
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The number at a place.
pub(crate) fn number(rank: Rank) -> f64 {
    f64::from_bits(if rank >> 63 == 1 { rank & !(1 << 63) } else { !rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_numbers(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(rank(a).cmp(&rank(b)), a.partial_cmp(&b).unwrap());
            prop_assert!(number(rank(a)).to_bits() == a.to_bits() || a == 0.0);
        }

        #[test]
        fn a_walk_meets_every_number_in_order(
            pairs in prop::collection::btree_set((-2..3_i32, 0..5_u64), 0..20), descending in any::<bool>(),
            count in 1..5_usize,
        ) {
            let single = pairs.iter().map(|(n, key)| (rank(f64::from(*n)), EntityKey(*key))).collect();
            let numbers = Numbers { single, several: BTreeSet::new() };
            let mut expected: Vec<_> = pairs.into_iter().collect();
            expected.sort_by_key(|(n, key)| (if descending { -n } else { *n }, *key));
            let mut found: Vec<(Rank, EntityKey)> = Vec::new();
            loop {
                let more = numbers.along(descending, found.last().copied(), count);
                let ended = more.len() < count;
                found.extend(more);
                if ended {
                    break;
                }
            }
            let found: Vec<_> = found.into_iter().map(|(at, key)| (number(at), key.0)).collect();
            let expected: Vec<_> = expected.into_iter().map(|(n, key)| (f64::from(n), key)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

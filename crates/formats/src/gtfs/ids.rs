//! Identifiers of a feed in 16 bytes each, whatever their length.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A set of identifiers, each with a number and a mark. Two of them are taken for the same with a chance of one
/// in 2^128 for each pair.
#[derive(Default)]
pub(super) struct Ids {
    known: HashMap<u128, (u32, bool)>,
}

fn digest(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        text.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

impl Ids {
    /// Adds one; `false` where it was there.
    pub(super) fn add(&mut self, id: &str) -> bool {
        self.add_marked(id, false)
    }

    /// Adds one with its mark set or not; `false` where it was there.
    pub(super) fn add_marked(&mut self, id: &str, mark: bool) -> bool {
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let mut new = false;
        self.known.entry(digest(id)).or_insert_with(|| {
            new = true;
            (number, mark)
        });
        new
    }

    /// Whether it is there.
    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains_key(&digest(id))
    }

    /// Marks it; its number, in order of addition, where it is there.
    pub(super) fn mark(&mut self, id: &str) -> Option<u32> {
        let (number, mark) = self.known.get_mut(&digest(id))?;
        *mark = true;
        Some(*number)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many were never marked.
    pub(super) fn unmarked(&self) -> u64 {
        self.known.values().filter(|(_, mark)| !mark).count() as u64
    }
}

/// Sets of numbers, one for each trip, kept as runs: stop sequences mostly go up in equal steps.
#[derive(Default)]
pub(super) struct Sequences {
    runs: HashMap<u32, Vec<Run>>,
}

/// `start`, `start + step`, … `count` numbers.
struct Run {
    start: u32,
    step: u32,
    count: u32,
}

impl Run {
    fn has(&self, number: u32) -> bool {
        number >= self.start && {
            let far = number - self.start;
            if self.step == 0 {
                far == 0
            } else {
                far.is_multiple_of(self.step) && far / self.step < self.count
            }
        }
    }

    fn extend(&mut self, number: u32) -> bool {
        if self.count == 1 && number > self.start {
            self.step = number - self.start;
        } else if u64::from(number) != u64::from(self.start) + u64::from(self.step) * u64::from(self.count)
            || self.step == 0
        {
            return false;
        }
        self.count += 1;
        true
    }
}

/// The most runs a trip may have: beyond, its sequences are noise.
const MAX_RUNS: usize = 5_000;

impl Sequences {
    /// Adds a number to the set of a trip. `false`: it was there, or the set is beyond all measure.
    pub(super) fn add(&mut self, trip: u32, number: u32) -> bool {
        let runs = self.runs.entry(trip).or_default();
        if runs.iter().any(|run| run.has(number)) || runs.len() >= MAX_RUNS {
            return false;
        }
        if !runs.last_mut().is_some_and(|run| run.extend(number)) {
            runs.push(Run {
                start: number,
                step: 0,
                count: 1,
            });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn runs_are_a_set(numbers in proptest::collection::vec((0_u32..3, 0_u32..40), 0..120)) {
            let (mut runs, mut set) = (Sequences::default(), HashSet::new());
            for (trip, number) in numbers {
                prop_assert_eq!(runs.add(trip, number), set.insert((trip, number)));
            }
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let mut runs = Sequences::default();
        assert!(
            runs.add(0, u32::MAX - 1) && runs.add(0, u32::MAX) && !runs.add(0, u32::MAX) && runs.add(0, 0)
        );
    }

    #[test]
    fn marks_and_numbers() {
        let mut ids = Ids::default();
        assert!(ids.add("a") && ids.add("b") && !ids.add("a"));
        assert_eq!(
            (ids.mark("b"), ids.mark("c"), ids.unmarked(), ids.len()),
            (Some(1), None, 1, 2)
        );
    }
}

//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): a queue for whole numbers that never go back, as Dijkstra's
//! are. Keeps its memory between uses.

/// Entries wait in the bucket of the highest bit in which they differ from the last that came out.
#[derive(Clone, Debug)]
pub(super) struct RadixHeap {
    buckets: [Vec<(u32, u32)>; 33],
    moving: Vec<(u32, u32)>,
    last: u32,
    /// Bit b is set where bucket b holds something.
    filled: u64,
}

impl RadixHeap {
    pub(super) fn new() -> Self {
        Self {
            buckets: std::array::from_fn(|_| Vec::new()),
            moving: Vec::new(),
            last: 0,
            filled: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.buckets.iter_mut().for_each(Vec::clear);
        self.last = 0;
        self.filled = 0;
    }

    /// Puts a value in. A key below the last that came out counts as that.
    pub(super) fn push(&mut self, key: u32, value: u32) {
        let bucket = 32 - (key.max(self.last) ^ self.last).leading_zeros();
        self.buckets[bucket as usize].push((key, value));
        self.filled |= 1 << bucket;
    }

    /// Takes out an entry with the least key; of equal keys the last that was put in.
    pub(super) fn pop(&mut self) -> Option<(u32, u32)> {
        if let Some(entry) = self.buckets[0].pop() {
            return Some(entry);
        }
        let bucket = (self.filled & !1).trailing_zeros() as usize;
        if bucket > 32 {
            return None;
        }
        self.filled &= !(1 << bucket) & !1;
        std::mem::swap(&mut self.moving, &mut self.buckets[bucket]);
        self.last = self.moving.iter().map(|&(key, _)| key).min().unwrap_or(self.last);
        let mut moving = std::mem::take(&mut self.moving);
        for (key, value) in moving.drain(..) {
            self.push(key, value);
        }
        self.moving = moving;
        self.buckets[0].pop()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comes_out_sorted(steps in prop::collection::vec((0..5_u32, 0..1_000_000_u32), 0..200)) {
            let mut heap = RadixHeap::new();
            let mut model = std::collections::BinaryHeap::new();
            let mut last = 0;
            for (pops, more) in steps {
                let key = last + more;
                heap.push(key, 0);
                model.push(std::cmp::Reverse(key));
                for _ in 0..pops {
                    let popped = heap.pop().map(|(key, _)| key);
                    prop_assert_eq!(popped, model.pop().map(|key| key.0));
                    last = popped.unwrap_or(last);
                }
            }
            while let Some((key, _)) = heap.pop() {
                prop_assert_eq!(Some(key), model.pop().map(|key| key.0));
            }
            prop_assert!(model.is_empty());
        }
    }
}

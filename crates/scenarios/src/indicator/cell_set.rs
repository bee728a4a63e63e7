//! A set of cells of the population grid.

/// A set of cells, by their places among [`crate::model::Model::cells`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct CellSet {
    bits: Vec<u64>,
    count: usize,
}

impl CellSet {
    /// None of so many cells.
    pub fn none(count: usize) -> Self {
        Self {
            bits: vec![0; count.div_ceil(64)],
            count,
        }
    }

    /// All of so many cells.
    pub fn all(count: usize) -> Self {
        let mut set = Self::none(count);
        for cell in 0..count {
            set.insert(cell);
        }
        set
    }

    /// Puts a cell in; one beyond the count is passed over.
    pub fn insert(&mut self, cell: usize) {
        if cell < self.count
            && let Some(word) = self.bits.get_mut(cell / 64)
        {
            *word |= 1 << (cell % 64);
        }
    }

    /// Whether a cell is in it.
    pub fn contains(&self, cell: usize) -> bool {
        self.bits
            .get(cell / 64)
            .is_some_and(|word| word & (1 << (cell % 64)) != 0)
    }

    /// Of how many cells it is a set.
    pub fn of(&self) -> usize {
        self.count
    }

    /// How many are in it.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Whether the two have a cell in common.
    pub fn intersects(&self, other: &Self) -> bool {
        self.bits.iter().zip(&other.bits).any(|(a, b)| a & b != 0)
    }

    /// Takes in the cells of another.
    pub fn union_with(&mut self, other: &Self) {
        for (a, b) in self.bits.iter_mut().zip(&other.bits) {
            *a |= b;
        }
    }

    /// The cells in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.bits.iter().enumerate().flat_map(|(word, &bits)| {
            (0..64)
                .filter(move |bit| bits & (1 << bit) != 0)
                .map(move |bit| word * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sets() {
        let mut set = CellSet::none(130);
        assert!(set.is_empty());
        for cell in [0, 63, 64, 129, 130, 500] {
            set.insert(cell);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!((set.len(), set.of()), (4, 130));
        assert!(set.contains(63) && !set.contains(62) && !set.contains(130));
        let mut other = CellSet::none(130);
        other.insert(1);
        assert!(!set.intersects(&other));
        other.union_with(&set);
        assert!(set.intersects(&other));
        assert_eq!(CellSet::all(130).len(), 130);
        assert_eq!(CellSet::all(0), CellSet::none(0));
    }
}

//! What choosing needs of a city: carry measures out, count people, and say which people a measure can concern.

use crate::indicator::CellSet;
use crate::run::RunError;

/// A set of measures as bits: bit `i` is the `i`-th measure.
pub(crate) type Mask = u32;

/// The measures of a set, in order.
pub(crate) fn members(mask: Mask) -> impl Iterator<Item = usize> {
    (0..Mask::BITS as usize).filter(move |&index| mask & bit(index) != 0)
}

/// The set of one measure.
pub(crate) const fn bit(index: usize) -> Mask {
    1 << index
}

/// People in thousandths, as whole numbers: their sums do not depend on the order of adding, and two subsets are
/// equal exactly where they reach the same thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Who is known to reach it.
    pub(crate) reached: i64,
    /// Everybody.
    pub(crate) people: i64,
}

impl Count {
    /// In percent; nobody reaches anything where nobody is.
    pub(crate) fn percent(self) -> f64 {
        if self.people > 0 {
            100.0 * self.reached as f64 / self.people as f64
        } else {
            0.0
        }
    }

    /// This count, with what another differs by from a third.
    pub(crate) fn moved(self, to: Self, from: Self) -> Self {
        Self {
            reached: self.reached + to.reached - from.reached,
            people: self.people + to.people - from.people,
        }
    }
}

/// A city in which some of the measures are carried out.
pub(crate) trait Lab: Clone + Send + Sync {
    /// The same with one measure more. [`RunError::Findings`]: it cannot be carried out here.
    fn with(&self, measure: usize) -> Result<Self, RunError>;

    /// Whether these can be carried out together on the baseline, in whatever order; else what stands against it.
    fn check(&self, measures: &[usize]) -> Result<(), String>;

    /// For each of these measures, carried out together: the cells whose answer for an indicator it can change, on
    /// top of any part of the others.
    fn touched(&self, together: &[usize], indicator: &str) -> Result<Vec<CellSet>, RunError>;

    /// The people of each objective (by its number) of an indicator; `None`: it cannot be measured here.
    fn count(&self, indicator: &str, objectives: &[usize]) -> Result<Option<Vec<Count>>, RunError>;
}

//! Whether somebody can pass: yes, no, or nobody knows.

mod criterion;
mod explain;
mod judge;
mod profile;

pub use criterion::{Criterion, CriterionSet};
pub use explain::{Finding, explain};
pub use judge::{Verdict, judge};
pub use profile::{Profile, ProfileError, Slope, Steps, SurfaceRule};

use serde::{Deserialize, Serialize};

/// Whether one can pass, in Kleene's strong three-valued logic (1938): "and" is the least, "or" the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passability {
    /// Known not to be passable.
    Blocked,
    /// Not known.
    #[default]
    Unknown,
    /// Known to be passable.
    Passable,
}

impl Passability {
    /// All three, from bad to good.
    pub const ALL: [Self; 3] = [Self::Blocked, Self::Unknown, Self::Passable];

    /// Both: parts that must all be passed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either: ways of which one is enough.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// GTFS `wheelchair_boarding` and `wheelchair_accessible`: 1 yes, 2 no, else nobody knows.
    #[must_use]
    pub const fn from_gtfs(value: u8) -> Self {
        match value {
            1 => Self::Passable,
            2 => Self::Blocked,
            _ => Self::Unknown,
        }
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::Blocked,
            1 => Self::Unknown,
            _ => Self::Passable,
        }
    }
}

impl From<Option<bool>> for Passability {
    fn from(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::Passable,
            Some(false) => Self::Blocked,
            None => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kleene() {
        use Passability::{Blocked, Passable, Unknown};
        assert_eq!(Unknown.and(Blocked), Blocked);
        assert_eq!(Unknown.and(Passable), Unknown);
        assert_eq!(Unknown.or(Passable), Passable);
        assert_eq!(Unknown.or(Blocked), Unknown);
        assert_eq!(
            [0, 1, 2, 9].map(Passability::from_gtfs),
            [Unknown, Passable, Blocked, Unknown]
        );
    }
}

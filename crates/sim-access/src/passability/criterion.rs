//! What an edge is judged by.

use serde::{Deserialize, Serialize};

/// One thing an edge is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Whether one may walk here.
    Access,
    /// Whether one may walk here in this direction.
    Direction,
    /// The class of the way.
    Highway,
    /// A pavement, where the carriageway is not for walking.
    Sidewalk,
    /// Whether the carriageway may be crossed here.
    Crossing,
    /// Steps, and the ramp beside them.
    Steps,
    /// The handrail of steps.
    Handrail,
    /// Kerbs to get over.
    Kerb,
    /// Clear width.
    Width,
    /// Steepness.
    Incline,
    /// What it is made of.
    Surface,
    /// How even it is.
    Smoothness,
    /// Guidance for those who do not see.
    TactilePaving,
    /// A lift that runs.
    Lift,
    /// What somebody has said of the whole way.
    WheelchairTag,
    /// What somebody has reported since (works, a fallen tree).
    Report,
}

impl Criterion {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Access,
        Self::Direction,
        Self::Highway,
        Self::Sidewalk,
        Self::Crossing,
        Self::Steps,
        Self::Handrail,
        Self::Kerb,
        Self::Width,
        Self::Incline,
        Self::Surface,
        Self::Smoothness,
        Self::TactilePaving,
        Self::Lift,
        Self::WheelchairTag,
        Self::Report,
    ];

    /// The OpenStreetMap key that would decide it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Access => "foot",
            Self::Direction => "oneway:foot",
            Self::Highway => "highway",
            Self::Sidewalk => "sidewalk",
            Self::Crossing => "crossing",
            Self::Steps => "ramp:wheelchair",
            Self::Handrail => "handrail",
            Self::Kerb => "kerb",
            Self::Width => "width",
            Self::Incline => "incline",
            Self::Surface => "surface",
            Self::Smoothness => "smoothness",
            Self::TactilePaving => "tactile_paving",
            Self::Lift => "operational_status",
            Self::WheelchairTag => "wheelchair",
            Self::Report => "report",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of criteria.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Criterion>", into = "Vec<Criterion>")]
pub struct CriterionSet(u16);

impl CriterionSet {
    /// Nothing.
    pub const EMPTY: Self = Self(0);

    /// With one more.
    #[must_use]
    pub const fn with(self, criterion: Criterion) -> Self {
        Self(self.0 | criterion.bit())
    }

    /// With all of another.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in.
    #[must_use]
    pub const fn contains(self, criterion: Criterion) -> bool {
        self.0 & criterion.bit() != 0
    }

    /// Whether nothing is in.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Those that are in, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Criterion> {
        Criterion::ALL
            .into_iter()
            .filter(move |&criterion| self.contains(criterion))
    }

    /// The OpenStreetMap keys of those that are in.
    pub fn tags(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Criterion::tag)
    }
}

impl FromIterator<Criterion> for CriterionSet {
    fn from_iter<I: IntoIterator<Item = Criterion>>(criteria: I) -> Self {
        criteria.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl From<Vec<Criterion>> for CriterionSet {
    fn from(criteria: Vec<Criterion>) -> Self {
        criteria.into_iter().collect()
    }
}

impl From<CriterionSet> for Vec<Criterion> {
    fn from(set: CriterionSet) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_criterion_has_its_own_bit() {
        let all: CriterionSet = Criterion::ALL.into_iter().collect();
        assert_eq!(all.len(), 16);
        assert!(all.iter().eq(Criterion::ALL));
        let some: CriterionSet = [Criterion::Width, Criterion::Kerb].into_iter().collect();
        assert_eq!(some.tags().collect::<Vec<_>>(), ["kerb", "width"]);
        assert!(!some.contains(Criterion::Report));
    }
}

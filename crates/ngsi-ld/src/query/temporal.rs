//! Temporal queries (4.11) and aggregation (4.5.19).

use crate::error::Error;
use crate::time::Timestamp;

/// A parsed temporal query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporalQuery {
    /// `timerel` with its instants.
    pub relation: TimeRelation,
    /// Which of an instance's instants is meant.
    pub property: TimeProperty,
}

/// `timerel`: `before` excludes its instant, `after` includes it, `between` is [timeAt, endTimeAt).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum TimeRelation {
    Always,
    Before(Timestamp),
    After(Timestamp),
    Between(Timestamp, Timestamp),
}

/// `timeproperty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum TimeProperty {
    #[default]
    ObservedAt,
    CreatedAt,
    ModifiedAt,
    DeletedAt,
}

impl TimeRelation {
    /// The half-open range [start, end) of instants it lets through.
    pub fn range(self) -> (Timestamp, Timestamp) {
        match self {
            Self::Always => (Timestamp::MIN, Timestamp::MAX),
            Self::Before(end) => (Timestamp::MIN, end),
            Self::After(start) => (start, Timestamp::MAX),
            Self::Between(start, end) => (start, end),
        }
    }
}

impl TemporalQuery {
    /// From the parameters `timerel`, `timeAt`, `endTimeAt`, `timeproperty`; all absent means always.
    pub fn parse(
        timerel: Option<&str>,
        time_at: Option<&str>,
        end_time_at: Option<&str>,
        property: Option<&str>,
    ) -> Result<Self, Error> {
        let _ = (timerel, time_at, end_time_at, property);
        todo!()
    }
}

//! Temporal queries (4.11) and aggregation (4.5.19).

use jiff::Span;

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

    /// Whether it lets an instant through.
    pub fn contains(self, instant: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Before(end) => instant < end,
            Self::After(start) => start <= instant,
            Self::Between(start, end) => start <= instant && instant < end,
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
        let instant = |key: &str, text: Option<&str>, why: &str| match text {
            Some(text) => {
                Timestamp::parse(text).map_err(|error| Error::bad_data(format!("`{key}`: {error}")))
            }
            None => Err(Error::bad_data(format!("`{key}` is missing: {why}"))),
        };
        let given = time_at.is_some();
        let time_at = |why: &str| instant("timeAt", time_at, why);
        if timerel != Some("between") && end_time_at.is_some() {
            return Err(Error::bad_data("`endTimeAt` goes with `timerel=between` only"));
        }
        let relation = match timerel {
            None if given => {
                return Err(Error::bad_data(
                    "`timeAt` needs a `timerel`: before, after or between",
                ));
            }
            None => TimeRelation::Always,
            Some("before") => TimeRelation::Before(time_at("`before` needs it")?),
            Some("after") => TimeRelation::After(time_at("`after` needs it")?),
            Some("between") => {
                let start = time_at("`between` needs it as its start")?;
                let end = instant("endTimeAt", end_time_at, "`between` needs it as its end")?;
                if end < start {
                    return Err(Error::bad_data(format!(
                        "`endTimeAt` ({end}) lies before `timeAt` ({start}): swap them"
                    )));
                }
                TimeRelation::Between(start, end)
            }
            Some(other) => {
                let other: String = other.chars().take(60).collect();
                return Err(Error::bad_data(format!(
                    "`timerel` is {other:?}; it must be before, after or between"
                )));
            }
        };
        let property = match property {
            None | Some("observedAt") => TimeProperty::ObservedAt,
            Some("createdAt") => TimeProperty::CreatedAt,
            Some("modifiedAt") => TimeProperty::ModifiedAt,
            Some("deletedAt") => TimeProperty::DeletedAt,
            Some(other) => {
                let other: String = other.chars().take(60).collect();
                return Err(Error::bad_data(format!(
                    "`timeproperty` is {other:?}; it must be observedAt, createdAt, modifiedAt or deletedAt"
                )));
            }
        };
        Ok(Self { relation, property })
    }
}

/// A parsed aggregation: `aggrMethods` over periods of `aggrPeriodDuration`.
#[derive(Clone, Debug)]
pub struct Aggregation {
    /// The methods, each once, in the order given.
    pub methods: Vec<Method>,
    /// The length of a period; `None`: the whole time range (`PT0S`, or no duration given).
    pub period: Option<Period>,
}

/// An aggregation method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Method {
    Avg,
    DistinctCount,
    Max,
    Min,
    Stddev,
    Sum,
    Sumsq,
    TotalCount,
}

/// A positive ISO 8601 duration, which may hold calendar units (in UTC).
#[derive(Clone, Debug)]
pub struct Period(Span);

impl Aggregation {
    /// From the parameters `aggrMethods` (a list with commas) and `aggrPeriodDuration`.
    pub fn parse(methods: &str, period: Option<&str>) -> Result<Self, Error> {
        let mut parsed = Vec::new();
        for text in methods.split(',').map(str::trim) {
            let method = Method::ALL
                .into_iter()
                .find(|method| method.as_str() == text)
                .ok_or_else(|| {
                    let (text, all): (String, _) =
                        (text.chars().take(60).collect(), Method::ALL.map(Method::as_str));
                    Error::bad_data(format!(
                        "`aggrMethods` has {text:?}; it must list some of {}",
                        all.join(", ")
                    ))
                })?;
            if !parsed.contains(&method) {
                parsed.push(method);
            }
        }
        Ok(Self {
            methods: parsed,
            period: period.map_or(Ok(None), Period::parse)?,
        })
    }
}

impl Method {
    /// All, in the standard's order.
    pub const ALL: [Self; 8] = [
        Self::Avg,
        Self::DistinctCount,
        Self::Max,
        Self::Min,
        Self::Stddev,
        Self::Sum,
        Self::Sumsq,
        Self::TotalCount,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::DistinctCount => "distinctCount",
            Self::Max => "max",
            Self::Min => "min",
            Self::Stddev => "stddev",
            Self::Sum => "sum",
            Self::Sumsq => "sumsq",
            Self::TotalCount => "totalCount",
        }
    }
}

impl Period {
    /// Parses an ISO 8601 duration (`PT1H`, `P1M`, `P2W`); `None` where it is zero.
    pub fn parse(text: &str) -> Result<Option<Self>, Error> {
        let bad = |why: &str| {
            let text: String = text.chars().take(60).collect();
            Error::bad_data(format!(
                "`aggrPeriodDuration` is {text:?}, {why}; examples: `PT1H`, `P1D`, `P1M`"
            ))
        };
        if !text.starts_with('P') {
            return Err(bad("not an ISO 8601 duration"));
        }
        let span: Span = text
            .parse()
            .map_err(|error| bad(&format!("not an ISO 8601 duration ({error})")))?;
        match span.signum() {
            0 => Ok(None),
            1 if fixed_micros(&span) == Some(0) => Err(bad("which is shorter than a microsecond")),
            1 => Ok(Some(Self(span))),
            _ => Err(bad("which is negative")),
        }
    }

    /// The period, counted from `start`, that holds the instant `at`, which is not before `start`: [begin, end).
    pub fn holding(&self, start: Timestamp, at: Timestamp) -> (Timestamp, Timestamp) {
        if let Some(length) = fixed_micros(&self.0) {
            let begin = i128::from(start.as_micros());
            let count = (i128::from(at.as_micros()) - begin).div_euclid(length.max(1));
            let instant = |count: i128| {
                let micros = begin + count * length;
                i64::try_from(micros).map_or(Timestamp::MAX, |micros| {
                    Timestamp::from_micros(micros).min(Timestamp::MAX)
                })
            };
            return (instant(count), instant(count + 1));
        }
        // Doubling, then halving: the number of whole periods between start and `at`.
        let reached = |count: i64| self.after(start, count).is_some_and(|instant| instant <= at);
        let mut high = 1_i64;
        while reached(high) && high < i64::MAX / 4 {
            high *= 2;
        }
        let mut low = high / 2;
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if reached(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (
            self.after(start, low).unwrap_or(start),
            self.after(start, low + 1).unwrap_or(Timestamp::MAX),
        )
    }

    /// `start` and so many periods, in the calendar of UTC: months keep their day where it exists, always counted
    /// from `start`. `None` beyond the year 9999.
    pub fn after(&self, start: Timestamp, periods: i64) -> Option<Timestamp> {
        let span = self.0.checked_mul(periods).ok()?;
        let zoned = start
            .to_jiff()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .checked_add(span)
            .ok()?;
        let instant = Timestamp::from(zoned.timestamp());
        // Shorter than a microsecond would never get anywhere.
        (periods == 0 || instant != start).then_some(instant)
    }
}

/// The length in microseconds, where it is the same everywhere in the calendar of UTC.
fn fixed_micros(span: &Span) -> Option<i128> {
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = i128::from(span.get_weeks()) * 7 + i128::from(span.get_days());
    let minutes = (days * 24 + i128::from(span.get_hours())) * 60 + i128::from(span.get_minutes());
    let millis =
        (minutes * 60 + i128::from(span.get_seconds())) * 1_000 + i128::from(span.get_milliseconds());
    Some(millis * 1_000 + i128::from(span.get_microseconds()) + i128::from(span.get_nanoseconds()) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn time_relations() {
        let (one, two) = ("2017-12-13T14:20:00Z", "2017-12-13T14:40:00Z");
        let check = |timerel, time_at, end, expected: TimeRelation| {
            assert_eq!(
                TemporalQuery::parse(timerel, time_at, end, None)
                    .unwrap()
                    .relation,
                expected
            );
        };
        check(None, None, None, TimeRelation::Always);
        check(Some("before"), Some(one), None, TimeRelation::Before(at(one)));
        check(Some("after"), Some(one), None, TimeRelation::After(at(one)));
        check(
            Some("between"),
            Some(one),
            Some(two),
            TimeRelation::Between(at(one), at(two)),
        );
        for (timerel, time_at, end) in [
            (Some("before"), None, None),
            (Some("between"), Some(one), None),
            (Some("between"), Some(two), Some(one)),
            (Some("during"), Some(one), None),
            (None, Some(one), None),
            (None, None, Some(one)),
            (Some("after"), Some(one), Some(two)),
            (Some("after"), Some("yesterday"), None),
        ] {
            assert!(
                TemporalQuery::parse(timerel, time_at, end, None).is_err(),
                "{timerel:?} {time_at:?} {end:?}"
            );
        }
        assert!(TemporalQuery::parse(None, None, None, Some("testedAt")).is_err());
        let relation = TimeRelation::Between(at(one), at(two));
        assert!(relation.contains(at(one)) && !relation.contains(at(two)));
        assert!(
            !TimeRelation::Before(at(one)).contains(at(one))
                && TimeRelation::After(at(one)).contains(at(one))
        );
    }

    #[test]
    fn periods_follow_the_calendar() {
        let start = at("2026-01-31T10:00:00Z");
        let check = |period: &str, periods, expected: &str| {
            let period = Period::parse(period).unwrap().unwrap();
            assert_eq!(period.after(start, periods).unwrap(), at(expected));
        };
        check("P1M", 1, "2026-02-28T10:00:00Z");
        check("P1M", 2, "2026-03-31T10:00:00Z");
        check("P1Y", 2, "2028-01-31T10:00:00Z");
        check("P1W", 1, "2026-02-07T10:00:00Z");
        check("PT90M", 2, "2026-01-31T13:00:00Z");
        check("P1DT0.5S", 2, "2026-02-02T10:00:01Z");
        for zero in ["PT0S", "P0D"] {
            assert!(Period::parse(zero).unwrap().is_none());
        }
        for bad in [
            "",
            "1 hour",
            "-PT1H",
            "P",
            "PT",
            "P1H",
            "PT1H/PT2H",
            "P0001-00-00",
            "PT0.0000001S",
        ] {
            assert!(Period::parse(bad).is_err(), "{bad}");
        }
        assert!(
            Period::parse("P9999Y")
                .unwrap()
                .unwrap()
                .after(start, i64::MAX)
                .is_none()
        );
    }

    #[test]
    fn the_period_that_holds_an_instant() {
        let start = at("2026-01-31T10:00:00Z");
        for (period, instant, begin, end) in [
            (
                "PT1H",
                "2026-01-31T10:00:00Z",
                "2026-01-31T10:00:00Z",
                "2026-01-31T11:00:00Z",
            ),
            (
                "PT1H",
                "2026-01-31T10:59:59Z",
                "2026-01-31T10:00:00Z",
                "2026-01-31T11:00:00Z",
            ),
            (
                "PT1H",
                "2030-01-31T10:00:00Z",
                "2030-01-31T10:00:00Z",
                "2030-01-31T11:00:00Z",
            ),
            (
                "P1D",
                "2026-02-02T09:00:00Z",
                "2026-02-01T10:00:00Z",
                "2026-02-02T10:00:00Z",
            ),
            (
                "P2W",
                "2026-02-14T10:00:00Z",
                "2026-02-14T10:00:00Z",
                "2026-02-28T10:00:00Z",
            ),
            (
                "P1M",
                "2026-02-28T10:00:00Z",
                "2026-02-28T10:00:00Z",
                "2026-03-31T10:00:00Z",
            ),
            (
                "P1Y",
                "2031-05-01T00:00:00Z",
                "2031-01-31T10:00:00Z",
                "2032-01-31T10:00:00Z",
            ),
            (
                "P1MT12H",
                "2026-03-30T10:00:00Z",
                "2026-02-28T22:00:00Z",
                "2026-04-01T10:00:00Z",
            ),
        ] {
            let period = Period::parse(period).unwrap().unwrap();
            assert_eq!(
                period.holding(start, at(instant)),
                (at(begin), at(end)),
                "{period:?} {instant}"
            );
        }
    }

    #[test]
    fn methods() {
        let parsed = Aggregation::parse("avg, max,avg", Some("PT0S")).unwrap();
        assert_eq!(parsed.methods, [Method::Avg, Method::Max]);
        assert!(parsed.period.is_none());
        for bad in ["", "mean", "avg,,max"] {
            assert!(Aggregation::parse(bad, None).is_err(), "{bad}");
        }
    }
}

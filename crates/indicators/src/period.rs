//! The period an assessment is about: `2018`, `2018-09`, `2018-09-01/2018-12-31`, in the city's time zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

/// A period as it is asked for; it becomes a [`Period`] in a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeriodRequest {
    /// A calendar year.
    Year(i16),
    /// A calendar month.
    Month(i16, i8),
    /// From one date or instant to another. A date as the end is the last day, an instant as the end is excluded.
    Range(Edge, Edge),
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A day, in the city's time zone.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

/// A half-open range of instants [from, to) with the label it is printed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// As it is printed: `2018`, `2018-09`, or two ends with a slash between.
    pub label: String,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// A text that is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a period{why}: give a year `2018`, a month `2018-09`, or two dates or instants with a slash between, `2018-09-01/2018-12-31`"
)]
pub struct NotAPeriod {
    text: String,
    why: String,
}

impl FromStr for PeriodRequest {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        Self::parse(text)
    }
}

impl PeriodRequest {
    /// Reads `YYYY`, `YYYY-MM` or `A/B` where A and B are dates or instants (ISO 8601).
    pub fn parse(text: &str) -> Result<Self, NotAPeriod> {
        let bad = |why: &str| NotAPeriod {
            text: text.chars().take(100).collect(),
            why: why.to_owned(),
        };
        let trimmed = text.trim();
        if let Some((from, to)) = trimmed.split_once('/') {
            let edge = |part: &str| {
                if let Ok(day) = part.parse::<Date>()
                    && part.len() == 10
                {
                    return Some(Edge::Day(day));
                }
                Timestamp::parse(part).ok().map(Edge::Instant)
            };
            let from = edge(from).ok_or_else(|| bad(" (its first part is neither a date nor an instant)"))?;
            let to = edge(to).ok_or_else(|| bad(" (its second part is neither a date nor an instant)"))?;
            let request = Self::Range(from, to);
            // The order of two ends does not depend on the time zone by more than a day; `resolve` looks again.
            return match request.resolve(&TimeZone::UTC) {
                Some(_) => Ok(request),
                None => Err(bad(" (it ends before it begins)")),
            };
        }
        let digits = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let request = match trimmed.split_once('-') {
            None if digits(trimmed, 4) => trimmed.parse().ok().map(Self::Year),
            Some((year, month)) if digits(year, 4) && digits(month, 2) => {
                match (year.parse(), month.parse()) {
                    (Ok(year), Ok(month @ 1..=12)) => Some(Self::Month(year, month)),
                    _ => return Err(bad(" (months go from 01 to 12)")),
                }
            }
            _ => None,
        };
        request
            .filter(|request| request.resolve(&TimeZone::UTC).is_some())
            .ok_or_else(|| bad(""))
    }

    /// The instants it means in a time zone; `None` when it holds none.
    pub fn resolve(&self, zone: &TimeZone) -> Option<Period> {
        let start_of = |date: Date| -> Option<Timestamp> {
            Some(
                date.to_zoned(zone.clone())
                    .ok()?
                    .start_of_day()
                    .ok()?
                    .timestamp()
                    .into(),
            )
        };
        let (from, to) = match self {
            Self::Year(year) => (
                start_of(Date::new(*year, 1, 1).ok()?)?,
                start_of(Date::new(year + 1, 1, 1).ok()?)?,
            ),
            Self::Month(year, month) => {
                let first = Date::new(*year, *month, 1).ok()?;
                (
                    start_of(first)?,
                    start_of(first.last_of_month().tomorrow().ok()?)?,
                )
            }
            Self::Range(from, to) => (
                match from {
                    Edge::Day(day) => start_of(*day)?,
                    Edge::Instant(instant) => *instant,
                },
                match to {
                    Edge::Day(day) => start_of(day.tomorrow().ok()?)?,
                    Edge::Instant(instant) => *instant,
                },
            ),
        };
        (from < to).then(|| Period {
            label: self.to_string(),
            from,
            to,
        })
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Instant(instant) => write!(f, "{instant}"),
        }
    }
}

impl fmt::Display for PeriodRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Range(from, to) => write!(f, "{from}/{to}"),
        }
    }
}

impl Period {
    /// A calendar year in a time zone.
    pub fn year(year: i16, zone: &TimeZone) -> Option<Self> {
        PeriodRequest::Year(year).resolve(zone)
    }

    /// The calendar year, in a time zone, that holds an instant.
    pub fn year_of(instant: Timestamp, zone: &TimeZone) -> Option<Self> {
        Self::year(instant.to_jiff().to_zoned(zone.clone()).year(), zone)
    }

    /// Whether an instant lies in it.
    pub fn holds(&self, instant: Timestamp) -> bool {
        self.from <= instant && instant < self.to
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        (self.to.as_micros() as f64 - self.from.as_micros() as f64) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, zone: &str) -> (String, String) {
        let period = PeriodRequest::parse(text)
            .unwrap()
            .resolve(&TimeZone::get(zone).unwrap())
            .unwrap();
        (period.from.to_string(), period.to.to_string())
    }

    #[test]
    fn a_period_is_read_in_the_citys_time_zone() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            resolved("2018", "UTC"),
            pair("2018-01-01T00:00:00Z", "2019-01-01T00:00:00Z")
        );
        assert_eq!(
            resolved("2018", "Africa/Nairobi"),
            pair("2017-12-31T21:00:00Z", "2018-12-31T21:00:00Z")
        );
        assert_eq!(
            resolved("2024-02", "Africa/Nairobi"),
            pair("2024-01-31T21:00:00Z", "2024-02-29T21:00:00Z")
        );
        // Summer time begins inside the month: it is an hour shorter than 31 days.
        assert_eq!(
            resolved("2024-03", "Europe/Zurich"),
            pair("2024-02-29T23:00:00Z", "2024-03-31T22:00:00Z")
        );
        assert_eq!(
            resolved("2018-09-01/2018-12-31", "Africa/Nairobi"),
            pair("2018-08-31T21:00:00Z", "2018-12-31T21:00:00Z"),
            "a date as the end is the last day"
        );
        assert_eq!(
            resolved("2018-09-01T00:00:00+03:00/2018-12-31T21:00:00Z", "UTC"),
            pair("2018-08-31T21:00:00Z", "2018-12-31T21:00:00Z"),
            "an instant as the end is excluded"
        );
        // A day that has no midnight (clocks went from 00:00 to 01:00) begins at its first instant.
        assert_eq!(
            resolved("2018-11-04/2018-11-04", "America/Sao_Paulo").0,
            "2018-11-04T03:00:00Z"
        );
    }

    #[test]
    fn what_is_no_period_is_refused_with_the_forms_that_are() {
        for bad in [
            "",
            "18",
            "2018-13",
            "2018-00",
            "2018-9",
            "2018/",
            "2018-12-31/2018-01-01",
            "+201",
            "20180101/20181231",
            "yesterday",
            "2018-02-30/2018-03-01",
        ] {
            let error = PeriodRequest::parse(bad).unwrap_err().to_string();
            assert!(error.contains("give a year `2018`"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_period_is_printed_as_it_is_read() {
        for text in [
            "2018",
            "2018-09",
            "2018-09-01/2018-12-31",
            "2018-09-01T00:00:00Z/2018-12-31",
        ] {
            assert_eq!(PeriodRequest::parse(text).unwrap().to_string(), text);
        }
    }
}

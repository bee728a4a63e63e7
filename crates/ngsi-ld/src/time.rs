//! Instants, as NGSI-LD writes them (4.6.3: ISO 8601, UTC, at most microseconds).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A text that is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date and time in ISO 8601 with a time zone, such as `2026-05-01T12:00:00Z`{hint}", hint = plus(.0))]
pub struct NotATimestamp(pub String);

/// What became of a `+` that was written into a URL as it is.
fn plus(text: &str) -> &'static str {
    if text.contains(' ') {
        "; in a URL a `+` means a space: write `%2B`, or use `Z`"
    } else {
        ""
    }
}

impl Timestamp {
    /// The earliest instant that can be written: year -9999.
    pub const MIN: Self = Self(-377_705_023_201_000_000);
    /// The latest instant that can be written: year 9999.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// From microseconds since 1970-01-01T00:00:00Z, held within [`Self::MIN`] and [`Self::MAX`].
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// From seconds since 1970-01-01T00:00:00Z.
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads `2026-05-01T12:00:00Z`, with any offset and up to nine decimals (cut to six).
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|instant| Self::from_micros(instant.as_microsecond()))
            .map_err(|_jiff| NotATimestamp(text.chars().take(100).collect())) // its own text adds nothing here
    }

    /// The instant `micros` microseconds later (earlier when negative), held within the writable range.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// As jiff's type, for calendars and time zones.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self::from_micros(instant.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    /// Without decimals where they are zero, else with three or six.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match (self.0.rem_euclid(1_000_000), self.0.rem_euclid(1_000)) {
            (0, _) => 0,
            (_, 0) => 3,
            _ => 6,
        };
        write!(f, "{:.decimals$}", self.to_jiff())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_written() {
        for (text, written) in [
            ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z"),
            ("2026-05-01T12:00:00.1Z", "2026-05-01T12:00:00.100Z"),
            ("2026-05-01T12:00:00.123456789Z", "2026-05-01T12:00:00.123456Z"),
            ("2026-05-01T12:00:00+03:00", "2026-05-01T09:00:00Z"),
            ("1960-01-01T00:00:00.5Z", "1960-01-01T00:00:00.500Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), written);
        }
        for bad in ["", "2026-05-01", "2026-05-01T12:00:00", "yesterday"] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
        for edge in [Timestamp::MIN, Timestamp::MAX, Timestamp::from_micros(i64::MAX)] {
            assert_eq!(Timestamp::parse(&edge.to_string()).unwrap(), edge);
        }
    }
}

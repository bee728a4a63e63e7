//! Times and dates of GTFS.

use std::fmt;

use jiff::civil::Date;

/// A time of a service day, in seconds after its noon minus 12 hours. It passes 24:00:00 where the service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceTime(u32);

impl ServiceTime {
    /// Reads `HH:MM:SS` or `H:MM:SS`, up to 999 hours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let mut part = |longest: usize| {
            let digits = parts.next()?;
            let fine =
                (1..=longest).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            if fine { digits.parse::<u32>().ok() } else { None }
        };
        let (hours, minutes, seconds) = (part(3)?, part(2)?, part(2)?);
        (parts.next().is_none() && minutes < 60 && seconds < 60)
            .then_some(Self(hours * 3600 + minutes * 60 + seconds))
    }

    /// Seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ServiceTime {
    /// `HH:MM:SS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}:{:02}",
            self.0 / 3600,
            self.0 / 60 % 60,
            self.0 % 60
        )
    }
}

/// Reads `YYYYMMDD`.
pub fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Date::new(
        text.get(..4)?.parse().ok()?,
        text.get(4..6)?.parse().ok()?,
        text.get(6..)?.parse().ok()?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_pass_midnight_and_may_lack_a_zero() {
        for (text, expected) in [
            ("6:00:00", Some("06:00:00")),
            ("06:00:00", Some("06:00:00")),
            (" 24:10:05 ", Some("24:10:05")),
            ("167:59:59", Some("167:59:59")),
            ("6:60:00", None),
            ("6:00", None),
            ("-6:00:00", None),
            ("", None),
            ("06:00:00:00", None),
            ("+6:00:00", None),
        ] {
            assert_eq!(
                ServiceTime::parse(text).map(|time| time.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
        assert_eq!(date("20191231").unwrap().to_string(), "2019-12-31");
        for bad in ["20190231", "2019-12-31", "", "2019123", "２０１９"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_u32..3_600_000) {
            let time = ServiceTime(seconds);
            prop_assert_eq!(ServiceTime::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let _ = (ServiceTime::parse(&text), date(&text));
        }
    }
}

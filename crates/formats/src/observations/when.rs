//! Times as tables write them: ISO 8601, or whatever formats the user names, in the order given. Day and month
//! are never guessed.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use ngsi_ld::Timestamp;

use crate::import::ImportError;

/// Reads local times.
#[derive(Clone, Debug)]
pub struct TimeReader {
    formats: Vec<String>,
    zone: TimeZone,
}

/// A text that is no time, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTime {
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// The zone of this IANA name.
pub(crate) fn zone(name: Option<&str>) -> Result<TimeZone, ImportError> {
    let Some(name) = name else {
        return Ok(TimeZone::UTC);
    };
    TimeZone::get(name.trim()).map_err(|_error| {
        ImportError::option(
            "time-zone",
            format!("there is no time zone `{name}`; give an IANA name such as Africa/Nairobi"),
        )
    })
}

impl TimeReader {
    /// `formats`: as strptime knows them (`%d/%m/%Y %H:%M`), tried in this order; none: ISO 8601. `time_zone`:
    /// of times without an offset; none: UTC.
    ///
    /// # Errors
    /// A format that cannot be, a time zone that is not known.
    pub fn new(formats: &[String], time_zone: Option<&str>) -> Result<Self, ImportError> {
        for format in formats {
            // A format is sound when it can write what it is to read.
            let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
            let mut text = String::new();
            let sound = BrokenDownTime::from(&sample).format(format, &mut text).is_ok();
            if !sound || !format.contains('%') || text.is_empty() {
                let why = format!(
                    "`{format}` is not a format; write it as strptime does, for example %d/%m/%Y %H:%M:%S"
                );
                return Err(ImportError::option("time-format", why));
            }
        }
        Ok(Self {
            formats: formats.to_vec(),
            zone: zone(time_zone)?,
        })
    }

    /// The instant, and whether the clocks changed there: a local time that does not exist is moved forward by
    /// the gap, of one that happens twice the first is taken (RFC 5545's rule).
    pub fn read(&self, text: &str) -> Result<(Timestamp, bool), BadTime> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadTime {
                why: "it has no time".to_owned(),
                remedy: "give the time, or leave the row out".to_owned(),
            });
        }
        if self.formats.is_empty() {
            return self.iso(text);
        }
        for format in &self.formats {
            let Ok(parts) = BrokenDownTime::parse(format, text) else {
                continue;
            };
            if (parts.offset().is_some() || format.contains("%s"))
                && let Ok(instant) = parts.to_timestamp()
            {
                return Ok((instant.into(), false));
            }
            if let Ok(local) = parts.to_datetime() {
                return self.local(local, text);
            }
        }
        let formats = self.formats.join("` or `");
        Err(BadTime {
            why: format!("`{text}` is not a time of the format `{formats}`"),
            remedy: "mend the time, or name one more format with --time-format".to_owned(),
        })
    }

    /// The date on which an instant falls, in the zone.
    pub fn date(&self, instant: Timestamp) -> Date {
        instant.to_jiff().to_zoned(self.zone.clone()).date()
    }

    fn iso(&self, text: &str) -> Result<(Timestamp, bool), BadTime> {
        if let Ok(instant) = Timestamp::parse(text) {
            return Ok((instant, false));
        }
        match text.parse::<DateTime>() {
            Ok(local) => self.local(local, text),
            Err(_) => Err(BadTime {
                why: format!("`{text}` is not a time in ISO 8601"),
                remedy:
                    "say how times are written with --time-format, day first %d/%m/%Y %H:%M or month first \
                         %m/%d/%Y %H:%M"
                        .to_owned(),
            }),
        }
    }

    fn local(&self, local: DateTime, text: &str) -> Result<(Timestamp, bool), BadTime> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let unusual = ambiguous.is_ambiguous();
        match ambiguous.compatible() {
            Ok(instant) => Ok((instant.into(), unusual)),
            Err(_) => Err(BadTime {
                why: format!("`{text}` lies outside the years that can be written"),
                remedy: "mend the time".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reader(formats: &[&str], zone: &str) -> TimeReader {
        let formats: Vec<String> = formats.iter().map(|format| (*format).to_owned()).collect();
        TimeReader::new(&formats, Some(zone)).unwrap()
    }

    #[test]
    fn day_first_and_month_first_are_the_users_word() {
        let read = |format: &str, text: &str| {
            reader(&[format], "Africa/Nairobi")
                .read(text)
                .unwrap()
                .0
                .to_string()
        };
        assert_eq!(read("%m/%d/%Y %H:%M", "09/01/2018 00:05"), "2018-08-31T21:05:00Z");
        assert_eq!(read("%d/%m/%Y %H:%M", "09/01/2018 00:05"), "2018-01-08T21:05:00Z");
        assert_eq!(read("%m/%d/%Y %H:%M", "9/1/2018 0:05"), "2018-08-31T21:05:00Z");
        assert_eq!(read("%d.%m.%Y", "09.01.2018"), "2018-01-08T21:00:00Z");
        assert_eq!(
            read("%Y-%m-%dT%H:%M:%S%z", "2018-01-09T00:00:00+0100"),
            "2018-01-08T23:00:00Z"
        );
        assert_eq!(read("%s", "1515456000"), "2018-01-09T00:00:00Z");
    }

    #[test]
    fn formats_are_tried_in_order() {
        let reader = reader(&["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"], "UTC");
        assert_eq!(
            reader.read("12/31/2018 23:45:05").unwrap().0.to_string(),
            "2018-12-31T23:45:05Z"
        );
        assert_eq!(
            reader.read("12/31/2018 23:45").unwrap().0.to_string(),
            "2018-12-31T23:45:00Z"
        );
        let bad = reader.read("14/05/2026 25:99").unwrap_err();
        assert!(
            bad.why.contains("14/05/2026 25:99") && bad.remedy.contains("--time-format"),
            "{bad:?}"
        );
    }

    #[test]
    fn without_a_format_only_iso_is_read() {
        let reader = reader(&[], "Africa/Nairobi");
        assert_eq!(
            reader.read("2018-09-01T00:00:00Z").unwrap().0.to_string(),
            "2018-09-01T00:00:00Z"
        );
        assert_eq!(
            reader.read("2018-09-01 00:00").unwrap().0.to_string(),
            "2018-08-31T21:00:00Z"
        );
        assert!(
            reader
                .read("09/01/2018 00:00")
                .unwrap_err()
                .remedy
                .contains("day first")
        );
    }

    #[test]
    fn gaps_and_folds_are_told() {
        let reader = reader(&["%Y-%m-%d %H:%M"], "Europe/Madrid");
        let (instant, unusual) = reader.read("2024-03-31 02:30").unwrap();
        assert_eq!(
            (instant.to_string().as_str(), unusual),
            ("2024-03-31T01:30:00Z", true),
            "a gap"
        );
        let (instant, unusual) = reader.read("2024-10-27 02:30").unwrap();
        assert_eq!(
            (instant.to_string().as_str(), unusual),
            ("2024-10-27T00:30:00Z", true),
            "a fold"
        );
        assert!(!reader.read("2024-10-27 12:30").unwrap().1);
    }

    #[test]
    fn nonsense_is_told_before_a_file_is_read() {
        assert!(
            TimeReader::new(&["yyyy-mm-dd".to_owned()], None)
                .unwrap_err()
                .to_string()
                .contains("strptime")
        );
        assert!(TimeReader::new(&["%Q%".to_owned()], None).is_err());
        assert!(
            TimeReader::new(&[], Some("Africa/Nairoby"))
                .unwrap_err()
                .to_string()
                .contains("IANA")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_i64..4_000_000_000) {
            let instant = jiff::Timestamp::from_second(seconds).unwrap();
            for (format, zone) in [("%d/%m/%Y %H:%M:%S", "Africa/Nairobi"), ("%Y%m%d%H%M%S", "UTC")] {
                let local = instant.to_zoned(TimeZone::get(zone).unwrap());
                let text = local.strftime(format).to_string();
                prop_assert_eq!(reader(&[format], zone).read(&text).unwrap().0, instant.into());
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = reader(&[], "UTC").read(&text);
            let _ = reader(&["%d/%m/%Y %H:%M"], "Europe/Madrid").read(&text);
        }
    }
}

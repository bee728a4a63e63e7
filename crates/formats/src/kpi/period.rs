//! Periods: `2025`, `2025-03`, `2025-01-01/2025-06-30`, one day `2025-03-31`.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ngsi_ld::Timestamp;

/// The last second of a period in a time zone; `None` where the text is no period.
pub fn period_end(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    let last = if let Some((from, to)) = text.split_once('/') {
        let (from, to) = (from.trim().parse::<Date>().ok()?, to.trim().parse::<Date>().ok()?);
        (from <= to).then_some(to)?
    } else {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match (text.len(), digits) {
            (4, true) if !text.contains('-') => Date::new(text.parse().ok()?, 12, 31).ok()?,
            (7, true) => {
                let (year, month) = text.split_once('-')?;
                Date::new(year.parse().ok()?, month.parse().ok()?, 1)
                    .ok()?
                    .last_of_month()
            }
            (10, true) => text.parse().ok()?,
            _ => return None,
        }
    };
    let next = last.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    Some(next.checked_sub(Span::new().seconds(1)).ok()?.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_period_ends_with_its_last_second() {
        let nairobi = TimeZone::get("Africa/Nairobi").unwrap();
        let end = |text: &str| period_end(text, &nairobi).map(|at| at.to_string());
        assert_eq!(end("2025").as_deref(), Some("2025-12-31T20:59:59Z"));
        assert_eq!(end("2024-02").as_deref(), Some("2024-02-29T20:59:59Z"));
        assert_eq!(
            end("2025-01-01/2025-06-30").as_deref(),
            Some("2025-06-30T20:59:59Z")
        );
        assert_eq!(end("2025-03-31").as_deref(), Some("2025-03-31T20:59:59Z"));
        for bad in [
            "",
            "25",
            "2025-13",
            "2025-06-30/2025-01-01",
            "last year",
            "2025/2026",
            "-025",
            "-025-01",
            "2025-1",
        ] {
            assert_eq!(end(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9/-]{0,22}|\\PC{0,12}") {
            let _ = period_end(&text, &TimeZone::UTC);
        }
    }
}

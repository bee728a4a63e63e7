//! DateTimes as NGSI-LD takes them (4.6.3): all components, UTC by `Z`, at most six decimals, after `.` or `,`.

use crate::time::Timestamp;

/// Reads a DateTime; `None` where it is none.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (date_time, rest) = bytes.split_at_checked(19)?;
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let shape = date_time.iter().zip(b"dddd-dd-ddTdd:dd:dd");
    if !shape.into_iter().all(|(byte, shape)| {
        if *shape == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == shape
        }
    }) {
        return None;
    }
    match rest {
        b"Z" => Timestamp::parse(text).ok(),
        [b'.', fraction @ .., b'Z'] if (1..=6).contains(&fraction.len()) && digits(fraction) => {
            Timestamp::parse(text).ok()
        }
        [b',', fraction @ .., b'Z'] if (1..=6).contains(&fraction.len()) && digits(fraction) => {
            Timestamp::parse(&text.replace(',', ".")).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_utc_date_times_are_taken() {
        for good in [
            "2026-05-01T12:00:00Z",
            "2026-05-01T12:00:00.123456Z",
            "2026-05-01T12:00:00,5Z",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        assert_eq!(parse("2026-05-01T12:00:00,5Z"), parse("2026-05-01T12:00:00.500Z"));
        for bad in [
            "",
            "2026-05-01",
            "2026-05-01T12:00Z",
            "2026-05-01T12:00:00",
            "2026-05-01T12:00:00+02:00",
            "2026-05-01T12:00:00.Z",
            "2026-05-01T12:00:00.1234567Z",
            "2026-13-01T12:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-05-01 12:00:00Z",
            "20260501T120000Z",
            "２026-05-01T12:00:00Z",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}

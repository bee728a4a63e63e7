//! Alarms before a certificate ends: 30, 7 and 1 days, and at its end. Each is said once.

use std::time::Duration;

use ngsi_ld::Timestamp;

/// The days before the end at which something is said; the last one is the end.
const DAYS: [u64; 4] = [30, 7, 1, 0];

/// What was said of a certificate.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    /// Until when the certificate holds, and the last of [`DAYS`] that was said of it.
    said: Option<(Timestamp, u64)>,
}

impl Alarm {
    /// Says in the log what is to be said now of a certificate that holds from `begins` to `ends`.
    pub(super) fn look(&mut self, (begins, ends): (Timestamp, Timestamp), now: Timestamp) {
        match self.due((begins, ends), now) {
            None => {}
            Some(0) => tracing::error!("the server's certificate ended at {ends}: clients refuse it"),
            Some(days @ (30 | 7)) => {
                tracing::warn!("the server's certificate ends in less than {days} days, at {ends}");
            }
            Some(_) => tracing::error!("the server's certificate ends in less than a day, at {ends}"),
        }
    }

    /// How many days are to be said.
    fn due(&mut self, (begins, ends): (Timestamp, Timestamp), now: Timestamp) -> Option<u64> {
        let between = |from: Timestamp, to: Timestamp| {
            Duration::from_micros(u64::try_from(to.as_micros().saturating_sub(from.as_micros())).unwrap_or(0))
        };
        let (left, life) = (between(now, ends), between(begins, ends));
        // A short life is not warned of in the midst of it.
        let days = DAYS
            .into_iter()
            .filter(|days| {
                Duration::from_hours(24 * days) <= life / 3 && left <= Duration::from_hours(24 * days)
            })
            .min()?;
        let before = self.said.filter(|(of, _)| *of == ends).map(|(_, days)| days);
        self.said = Some((ends, days));
        (before != Some(days)).then_some(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_once_and_a_new_certificate_begins_anew() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let life = (at("2026-01-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
        let mut alarm = Alarm::default();
        for (now, said) in [
            ("2026-02-01T00:00:00Z", None),
            ("2026-03-01T00:00:00Z", None),
            ("2026-03-02T00:00:00Z", Some(30)),
            ("2026-03-03T00:00:00Z", None),
            ("2026-03-25T00:00:00Z", Some(7)),
            ("2026-03-31T00:00:00Z", Some(1)),
            ("2026-03-31T12:00:00Z", None),
            ("2026-04-01T00:00:00Z", Some(0)),
            ("2026-05-01T00:00:00Z", None),
        ] {
            assert_eq!(alarm.due(life, at(now)), said, "{now}");
        }
        let next = (at("2026-03-30T00:00:00Z"), at("2026-06-28T00:00:00Z"));
        assert_eq!(alarm.due(next, at("2026-05-01T00:00:00Z")), None);
        assert_eq!(alarm.due(next, at("2026-06-27T12:00:00Z")), Some(1));
        // One of six days is said to end in a day, not in thirty.
        let short = (at("2026-01-01T00:00:00Z"), at("2026-01-07T00:00:00Z"));
        let mut alarm = Alarm::default();
        assert_eq!(alarm.due(short, at("2026-01-02T00:00:00Z")), None);
        assert_eq!(alarm.due(short, at("2026-01-06T00:00:00Z")), Some(1));
    }
}

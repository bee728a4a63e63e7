//! When a certificate is ordered: with a third of its life left, and after failures with growing pauses.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs;

use super::store::Stored;

/// The pause after a first failure. Five within the first hour is what Let's Encrypt takes of failed validations.
const FIRST_PAUSE: Duration = Duration::from_mins(2);
/// The longest pause that is made unasked.
const LONGEST_PAUSE: Duration = Duration::from_hours(6);
/// The longest pause that an authority is given when it asks for one: a third of 90 days has room for thirty of them.
const LONGEST_ASKED: Duration = Duration::from_hours(24);
/// The shortest rest after a success.
const SHORTEST_REST: Duration = Duration::from_secs(1);

/// When the next order is made: now where there is no certificate or one for other names, else when a third of its life
/// is left (30 of 90 days).
pub(super) fn due(stored: Option<&Stored>, names: &[String], now: Timestamp) -> Timestamp {
    match stored {
        Some(stored) if stored.is_for(names) => renewal(stored.begins_at, stored.ends_at),
        _ => now,
    }
}

/// When a third of a life is left.
fn renewal(begins: Timestamp, ends: Timestamp) -> Timestamp {
    let life = ends.duration_since(begins);
    ends.saturating_sub(life / 3).unwrap_or(begins)
}

/// How long after a success nothing is ordered, whatever the clock says.
pub(super) fn rest(holds: Duration) -> Duration {
    (holds / 3).clamp(SHORTEST_REST, LONGEST_ASKED)
}

/// The pause after so many failures in a row: it doubles, and is spread by a quarter to both sides, so that servers that
/// failed together do not come back together. `chance` is from 0 to 1. What the authority asked for counts where it is longer.
pub(super) fn pause(failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    let spread = doubled
        .min(LONGEST_PAUSE)
        .mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0);
    spread.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

/// What time it is: certificates hold by the clock of the machine, whatever clock the data have.
#[allow(
    clippy::disallowed_methods,
    reason = "who judges a certificate goes by the time of the world"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// So much later.
pub(super) fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// Something from 0 to 1.
pub(super) fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the pauses are not spread, and nothing else is lost.
    match aws_lc_rs::default_provider().secure_random.fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        for (begins, ends, renewed) in [
            (
                "2026-01-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
                "2026-03-02T00:00:00Z",
            ), // 90 days: 30 left
            (
                "2026-01-01T00:00:00Z",
                "2026-02-15T00:00:00Z",
                "2026-01-31T00:00:00Z",
            ), // 45 days: 15 left
            (
                "2026-01-01T00:00:00Z",
                "2026-01-07T00:00:00Z",
                "2026-01-05T00:00:00Z",
            ), // 6 days: 2 left
            (
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:01:00Z",
                "2026-01-01T00:00:40Z",
            ),
        ] {
            let stored = Stored::of(at(begins), at(ends), &["twin.city.example"]);
            let names = ["Twin.City.example".to_owned()];
            let now = at("2026-01-01T00:00:10Z");
            assert_eq!(due(Some(&stored), &names, now), at(renewed), "{ends}");
            let more = ["twin.city.example".to_owned(), "map.city.example".to_owned()];
            assert_eq!(due(Some(&stored), &more, now), now, "it is for other names");
            assert_eq!(due(None, &names, now), now);
        }
    }

    #[test]
    fn pauses_grow_are_spread_and_end_somewhere() {
        let minutes = |failures, chance| pause(failures, None, chance).as_secs_f64() / 60.0;
        for (failures, middle) in [
            (1, 2.0),
            (2, 4.0),
            (3, 8.0),
            (4, 16.0),
            (8, 256.0),
            (9, 360.0),
            (40, 360.0),
            (u32::MAX, 360.0),
        ] {
            assert!((minutes(failures, 0.5) - middle).abs() < 1e-6, "{failures}");
            assert!((minutes(failures, 0.0) - middle * 0.75).abs() < 1e-6);
            assert!((minutes(failures, 1.0) - middle * 1.25).abs() < 1e-6);
        }
        let chances = [chance(), chance()];
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
    }

    #[test]
    fn what_the_authority_asks_for_counts_within_a_day() {
        let hours = |asked| pause(1, Some(Duration::from_hours(asked)), 0.5).as_secs() / 3600;
        assert_eq!((hours(0), hours(3), hours(24), hours(24 * 365)), (0, 3, 24, 24));
        assert_eq!(
            pause(40, Some(Duration::from_secs(5)), 0.5),
            LONGEST_PAUSE,
            "ours is longer"
        );
    }

    #[test]
    fn after_a_success_it_rests() {
        assert_eq!(rest(Duration::from_secs(30)), Duration::from_secs(10));
        assert_eq!(rest(Duration::ZERO), SHORTEST_REST);
        assert_eq!(rest(Duration::from_hours(24 * 90)), LONGEST_ASKED);
    }
}

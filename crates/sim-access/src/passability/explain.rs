//! Reasons, in words that can be checked on the spot.

use serde::{Deserialize, Serialize};

use super::judge::each;
use super::{Criterion, Passability, Profile, Steps};
use crate::attributes::{EdgeAttributes, Kerb};

/// What one criterion says of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The criterion.
    pub criterion: Criterion,
    /// What it says.
    pub state: Passability,
    /// What is known: the value, or `not known`.
    pub found: String,
    /// What the profile asks for.
    pub needed: String,
}

/// All that counts for one direction of an edge, with what is known and what is needed. The verdict is the least of
/// the states.
#[must_use]
pub fn explain(way: &EdgeAttributes, profile: &Profile, forward: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    each(way, profile, forward, &mut |criterion, state| {
        let (found, needed) = words(criterion, way, profile, forward);
        findings.push(Finding {
            criterion,
            state,
            found,
            needed,
        });
    });
    findings
}

fn words(criterion: Criterion, way: &EdgeAttributes, profile: &Profile, forward: bool) -> (String, String) {
    match criterion {
        Criterion::Access => (said(way.access), "walkers are let in".to_owned()),
        Criterion::Direction => (said(Some(way.directions)), "walkers may go this way".to_owned()),
        Criterion::Highway => (said(way.highway), "a way that is walked".to_owned()),
        Criterion::Sidewalk => {
            let up_to = profile.carriageway_up_to;
            (
                said(way.sidewalk),
                format!("a pavement, or a street no busier than {}", said(up_to)),
            )
        }
        Criterion::Crossing => (said(way.crossing), "a crossing that is allowed".to_owned()),
        Criterion::Steps => match profile.steps {
            Steps::Takes => (said(way.step_count), "any".to_owned()),
            Steps::UpTo(most) => (said(way.step_count), format!("at most {most}")),
            Steps::NeedsRamp { .. } => (said(way.ramp), "a ramp for wheelchairs".to_owned()),
        },
        Criterion::Handrail => (said(way.handrail), "a handrail".to_owned()),
        Criterion::Kerb => {
            let kerb = |kerb: Option<Kerb>| match kerb {
                Some(Kerb {
                    height_m: Some(height),
                    ..
                }) => format!("{height} m"),
                kerb => said(kerb.map(|kerb| kerb.kind)),
            };
            let found = format!("{} and {}", kerb(way.kerb_from), kerb(way.kerb_to));
            (found, limit("at most", profile.max_kerb_m, "m"))
        }
        Criterion::Width => (
            limit("", way.width_m.map(f64::from), "m"),
            limit("at least", profile.min_width_m, "m"),
        ),
        Criterion::Incline => {
            let found = match way.slope_pct(forward) {
                Some(slope) => format!("{slope} %"),
                None => said(way.incline),
            };
            let up = limit("up at most", profile.max_incline_up_pct, "%");
            (
                found,
                format!(
                    "{up}, {}",
                    limit("down at most", profile.max_incline_down_pct, "%")
                ),
            )
        }
        Criterion::Surface => (said(way.surface), "a surface that is known to be good".to_owned()),
        Criterion::Smoothness => (
            said(way.smoothness),
            format!("{} or better", said(profile.worst_smoothness)),
        ),
        Criterion::TactilePaving => (said(way.tactile_paving), "tactile paving".to_owned()),
        Criterion::Lift => (said(way.lift), "a lift that runs".to_owned()),
        Criterion::WheelchairTag => (said(way.wheelchair), "not `no`".to_owned()),
        Criterion::Report => ("a report".to_owned(), "no barrier reported".to_owned()),
    }
}

fn said<T: std::fmt::Debug>(value: Option<T>) -> String {
    value.map_or_else(|| "not known".to_owned(), |value| format!("{value:?}"))
}

fn limit(how: &str, value: Option<f64>, unit: &str) -> String {
    match value {
        // Three digits: what was given in f32 reads as it was written.
        Some(value) => format!("{how} {} {unit}", (value * 1000.0).round() / 1000.0)
            .trim_start()
            .to_owned(),
        None if how.is_empty() => "not known".to_owned(),
        None => format!("{how} any"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::{Highway, KerbKind};
    use crate::passability::judge;

    #[test]
    fn says_what_is_found_and_what_is_needed() {
        let way = EdgeAttributes {
            width_m: Some(0.6),
            kerb_from: Some(Kerb::of(KerbKind::Raised)),
            ..EdgeAttributes::of(Highway::Footway)
        };
        let profile = Profile::manual_wheelchair();
        let findings = explain(&way, &profile, true);
        let of = |criterion| {
            let finding = findings
                .iter()
                .find(|finding| finding.criterion == criterion)
                .unwrap();
            (finding.state, finding.found.as_str(), finding.needed.as_str())
        };
        assert_eq!(
            of(Criterion::Width),
            (Passability::Blocked, "0.6 m", "at least 0.9 m")
        );
        assert_eq!(
            of(Criterion::Kerb),
            (Passability::Blocked, "Raised and not known", "at most 0.03 m")
        );
        assert_eq!(
            of(Criterion::Smoothness),
            (Passability::Unknown, "not known", "Intermediate or better")
        );
        let least = findings.iter().map(|finding| finding.state).min();
        assert_eq!(least, Some(judge(&way, &profile, true).state));
    }
}

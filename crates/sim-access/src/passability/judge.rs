//! The verdict on an edge: every criterion of its own, then Kleene's "and" over them.
//!
//! What counts as a thing that must be known: a tag that describes how something *is* (width, surface, smoothness,
//! incline; kerbs at the ends of crossings and of streets walked on their pavement; pavements of streets too busy
//! for the carriageway). What counts as absent unless it is there: a barrier nobody maps by its absence (a kerb in
//! the middle of a footway, steps, a ban on walking).

use serde::{Deserialize, Serialize};

use super::{Criterion, CriterionSet, Passability, Profile, Steps};
use crate::attributes::{
    Access, Crossing, Directions, EdgeAttributes, Highway, Incline, Kerb, KerbKind, Lift, Sidewalk,
    Wheelchair,
};
use Passability::{Blocked, Passable, Unknown};

/// What is said of one direction of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether one can pass.
    pub state: Passability,
    /// The criteria nobody has decided; where the state is unknown, these would decide it.
    pub undecided: CriterionSet,
    /// The criteria that block.
    pub blocking: CriterionSet,
}

/// Judges one direction of an edge (`forward`: from `from` to `to`).
#[must_use]
pub fn judge(way: &EdgeAttributes, profile: &Profile, forward: bool) -> Verdict {
    let mut verdict = Verdict {
        state: Passable,
        ..Verdict::default()
    };
    each(way, profile, forward, &mut |criterion, state| {
        verdict.state = verdict.state.and(state);
        match state {
            Blocked => verdict.blocking = verdict.blocking.with(criterion),
            Unknown => verdict.undecided = verdict.undecided.with(criterion),
            Passable => {}
        }
    });
    verdict
}

/// Calls back with the state of every criterion that counts for this edge and profile.
pub(super) fn each(
    way: &EdgeAttributes,
    profile: &Profile,
    forward: bool,
    say: &mut impl FnMut(Criterion, Passability),
) {
    let said_yes = profile.heeds_wheelchair_tag && way.wheelchair == Some(Wheelchair::Yes);
    let mut told = |criterion: Criterion, state: Passability| {
        let excused = state == Unknown && (said_yes || profile.tolerates_missing.contains(criterion));
        say(criterion, if excused { Passable } else { state });
    };
    told(Criterion::Access, access(way));
    told(
        Criterion::Direction,
        (way.directions == Directions::Both || (way.directions == Directions::Forward) == forward).into(),
    );
    told(Criterion::Highway, highway(way));
    if profile.heeds_wheelchair_tag {
        told(
            Criterion::WheelchairTag,
            match way.wheelchair {
                Some(Wheelchair::No) => Blocked,
                Some(Wheelchair::Limited) => Unknown,
                Some(Wheelchair::Yes) | None => Passable,
            },
        );
    }
    if way.crossing.is_some() {
        told(Criterion::Crossing, (way.crossing != Some(Crossing::No)).into());
    }
    told(Criterion::Sidewalk, sidewalk(way, profile));
    if let Some(least) = profile.min_width_m {
        told(
            Criterion::Width,
            way.width_m.map(|width| reaches(width, least)).into(),
        );
    }
    if profile.needs_tactile_paving && (way.crossing.is_some() || way.highway == Some(Highway::Platform)) {
        told(Criterion::TactilePaving, way.tactile_paving.into());
    }
    if way.is_lift() {
        // What follows is of the ground; a lift's floor is flat.
        told(Criterion::Lift, (way.lift != Some(Lift::OutOfService)).into());
        return;
    }
    if way.has_steps() {
        told(Criterion::Steps, steps(way, profile.steps));
        if profile.needs_handrail {
            told(Criterion::Handrail, way.handrail.into());
        }
        if matches!(profile.steps, Steps::NeedsRamp { .. }) && way.ramp == Some(true) {
            // The ramp is used, not the steps; its slope is not the way's.
            return;
        }
    }
    if let Some(highest) = profile.max_kerb_m {
        told(Criterion::Kerb, kerbs(way, highest));
    }
    if let Some(state) = incline(way, profile, forward) {
        told(Criterion::Incline, state);
    }
    if let Some(rule) = &profile.surfaces {
        told(
            Criterion::Surface,
            way.surface.map_or(Unknown, |surface| rule.judge(surface)),
        );
    }
    if let Some(worst) = profile.worst_smoothness {
        told(
            Criterion::Smoothness,
            way.smoothness.map(|smoothness| smoothness <= worst).into(),
        );
    }
}

impl From<bool> for Passability {
    fn from(value: bool) -> Self {
        if value { Passable } else { Blocked }
    }
}

fn access(way: &EdgeAttributes) -> Passability {
    match (way.access, way.highway) {
        (Some(Access::Private | Access::No), _) => Blocked,
        // Whether one walks on these without being told so differs by country.
        (None, Some(Highway::Cycleway | Highway::Bridleway)) => Unknown,
        (Some(Access::Yes | Access::Destination) | None, _) => Passable,
    }
}

fn highway(way: &EdgeAttributes) -> Passability {
    match way.highway {
        Some(Highway::Motorway | Highway::NotBuilt) => Blocked,
        Some(Highway::Other) => Unknown,
        Some(_) => Passable,
        // A lift or a crossing is one, whatever the way is called.
        None if way.lift.is_some() || way.crossing.is_some() => Passable,
        None => Unknown,
    }
}

fn sidewalk(way: &EdgeAttributes, profile: &Profile) -> Passability {
    let Some(rank) = way.highway.and_then(Highway::street_rank) else {
        return Passable;
    };
    let shares = profile
        .carriageway_up_to
        .and_then(Highway::street_rank)
        .is_some_and(|most| rank <= most);
    match way.sidewalk {
        _ if shares || way.crossing.is_some() => Passable,
        Some(Sidewalk::Yes) => Passable,
        Some(Sidewalk::No | Sidewalk::Separate) => Blocked,
        None => Unknown,
    }
}

fn steps(way: &EdgeAttributes, rule: Steps) -> Passability {
    match rule {
        Steps::Takes => Passable,
        Steps::UpTo(most) => way.step_count.map(|count| count <= most).into(),
        Steps::NeedsRamp { unsaid } => way.ramp.map_or(unsaid, Into::into),
    }
}

/// What a measured value may differ from the number that was written: it comes in f32, often by way of a unit, and
/// 0.9 must stand for ninety centimetres.
fn slack(limit: f64) -> f64 {
    1e-6 * limit.abs().max(1.0)
}

/// Whether a measured value is at least the limit.
fn reaches(value: f32, limit: f64) -> bool {
    f64::from(value) >= limit - slack(limit)
}

/// Whether a measured value is at most the limit.
fn stays_within(value: f32, limit: f64) -> bool {
    f64::from(value) <= limit + slack(limit)
}

/// Kerbs at both ends. They must be known where one gets on or off a pavement.
fn kerbs(way: &EdgeAttributes, highest: f64) -> Passability {
    let street = way.highway.is_some_and(|class| class.street_rank().is_some());
    let on_pavement = !matches!(way.sidewalk, Some(Sidewalk::No | Sidewalk::Separate));
    let expected = way.crossing.is_some() || (street && on_pavement);
    [way.kerb_from, way.kerb_to]
        .into_iter()
        .map(|kerb| match kerb {
            Some(kerb) => over(kerb, highest),
            None if expected => Unknown,
            None => Passable,
        })
        .fold(Passable, Passability::and)
}

/// Whether somebody who gets over so much gets over this kerb: by its height if it was measured, else by the least
/// and most its kind can be.
fn over(kerb: Kerb, highest: f64) -> Passability {
    if let Some(height) = kerb.height_m {
        return stays_within(height, highest).into();
    }
    let (more_than, at_most) = match kerb.kind {
        KerbKind::No | KerbKind::Flush => (None, 0.0),
        KerbKind::Lowered => (None, 0.03),
        KerbKind::Raised => (Some(0.03), f64::INFINITY),
        KerbKind::Rolled | KerbKind::Yes => (None, f64::INFINITY),
    };
    if at_most <= highest {
        Passable
    } else if more_than.is_some_and(|least| least >= highest) {
        Blocked
    } else {
        Unknown
    }
}

/// The slope in the direction of travel; `None`: slopes do not stop this profile.
fn incline(way: &EdgeAttributes, profile: &Profile, forward: bool) -> Option<Passability> {
    let (up, down) = (profile.max_incline_up_pct, profile.max_incline_down_pct);
    if up.is_none() && down.is_none() {
        return None;
    }
    let fits = |limit: Option<f64>, steep: f32| limit.is_none_or(|limit| stays_within(steep, limit));
    Some(match (way.incline, way.slope_pct(forward)) {
        (_, Some(slope)) => (if slope >= 0.0 {
            fits(up, slope)
        } else {
            fits(down, -slope)
        })
        .into(),
        // It is known to climb where climbing does not stop them, or to fall where falling does not.
        (Some(Incline::Up), None) if (if forward { up } else { down }).is_none() => Passable,
        (Some(Incline::Down), None) if (if forward { down } else { up }).is_none() => Passable,
        _ => Unknown,
    })
}

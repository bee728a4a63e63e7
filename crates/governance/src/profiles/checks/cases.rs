//! Requests and breaches, by the clocks of the law that asks.

use std::sync::Arc;

use super::{Verdict, without};
use crate::desk::{DAY_MICROS, Kind, Level, Request};
use crate::profiles::facts::Facts;
use crate::profiles::profile::Clocks;

fn in_time(facts: &Facts, clocks: &Clocks, kind: Kind) -> Verdict {
    let of_kind = || facts.requests.iter().filter(|request| request.kind == kind);
    let late: Vec<String> = of_kind()
        .filter(|request| request.is_late(clocks, facts.now) && within_a_year(request, facts))
        .map(|request| format!("`{}`", request.id))
        .collect();
    without(
        &late,
        &format!(
            "{} requests of this kind, none of the last year later than {} days",
            of_kind().count(),
            clocks.days(kind)
        ),
        &format!("were not answered within {} days", clocks.days(kind)),
        "answer those that are open at /governance/requests; those that were late stay in this report for a year",
    )
}

/// What was late stays in the report for a year after it was answered.
fn within_a_year(request: &Arc<Request>, facts: &Facts) -> bool {
    let year = 365 * DAY_MICROS;
    request
        .closed_at
        .is_none_or(|closed| closed.plus_micros(year) > facts.now)
}

pub(super) fn access_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Access)
}

pub(super) fn correction_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Correction)
}

pub(super) fn export_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Export)
}

pub(super) fn erasure_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Erasure)
}

pub(super) fn restriction_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Restriction)
}

pub(super) fn objection_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Objection)
}

pub(super) fn breaches_notified(facts: &Facts, clocks: &Clocks) -> Verdict {
    let late: Vec<String> = (facts.breaches.iter())
        .filter(|breach| breach.is_late(clocks, facts.now))
        .map(|breach| format!("`{}`", breach.id))
        .collect();
    without(
        &late,
        &format!(
            "{} breaches are recorded, none told of too late",
            facts.breaches.len()
        ),
        &format!(
            "were not told to the authority within {} hours",
            clocks.breach_hours
        ),
        "tell the authority now, with the reasons for the delay, and take the step `authority`",
    )
}

pub(super) fn people_told_of_breaches(facts: &Facts, _: &Clocks) -> Verdict {
    let untold: Vec<String> = (facts.breaches.iter())
        .filter(|breach| breach.risk == Level::High && breach.told_people.is_none())
        .map(|breach| format!("`{}`", breach.id))
        .collect();
    without(
        &untold,
        "people were told of every breach with a high risk",
        "put people at high risk, and they were not told",
        "tell them in plain words, and take the step `people`",
    )
}

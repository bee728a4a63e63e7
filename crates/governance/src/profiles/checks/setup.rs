//! How an installation is set up, and who sees what.

use super::{Verdict, holds, violated, without};
use crate::desk::Kind;
use crate::profiles::facts::{Facts, Transport};
use crate::profiles::profile::{Clocks, Profile};

pub(super) fn login_required(facts: &Facts, _: &Clocks) -> Verdict {
    if facts.setup.login_required {
        holds("everybody has to log in or show a key")
    } else {
        violated("nobody is asked who they are", "set access.mode to \"required\"")
    }
}

pub(super) fn audit_recorded(facts: &Facts, _: &Clocks) -> Verdict {
    if facts.setup.audit_recorded {
        holds("the audit log is written; `mapacha verify` proves it")
    } else {
        violated("nothing is recorded", "set audit.enabled to true")
    }
}

pub(super) fn transport_encrypted(facts: &Facts, _: &Clocks) -> Verdict {
    match facts.setup.transport {
        Transport::Here => holds("only this machine reaches the server"),
        Transport::Encrypted => holds("http.public_url begins with https"),
        Transport::Plain => violated(
            "other machines reach the server, and nothing says that a proxy with TLS stands before it",
            "put a proxy with TLS before it, and set http.public_url to its https address",
        ),
    }
}

/// The longest that a login should last: a long working day.
const WORKING_DAY: u32 = 12;

pub(super) fn sessions_end(facts: &Facts, _: &Clocks) -> Verdict {
    match facts.setup.session_hours {
        Some(hours) if hours <= WORKING_DAY => {
            holds(format!("a login ends after {hours} hours at the latest"))
        }
        Some(hours) => violated(
            format!("a login lasts up to {hours} hours"),
            format!("set access.session_hours to {WORKING_DAY} or less"),
        ),
        None => violated(
            "nobody logs in, so nothing ends",
            "set access.mode to \"required\"",
        ),
    }
}

pub(super) fn second_factor(facts: &Facts, _: &Clocks) -> Verdict {
    without(
        &facts.people.without_second_factor,
        "all who manage accounts and policies have a second factor",
        "have no second factor and manage accounts or policies",
        "have each set one up at /account",
    )
}

pub(super) fn personal_data_closed(facts: &Facts, _: &Clocks) -> Verdict {
    closed(&facts.sight.personal, "personal data")
}

pub(super) fn special_data_closed(facts: &Facts, _: &Clocks) -> Verdict {
    closed(&facts.sight.special, "special data")
}

pub(super) fn closed_by_default(facts: &Facts, _: &Clocks) -> Verdict {
    closed(&facts.sight.unclassified, "data that nobody has classified")
}

fn closed(who: &[String], what: &str) -> Verdict {
    if who.is_empty() {
        holds(format!("neither strangers nor viewers see {what}"))
    } else {
        violated(
            format!("{what} can be seen by {}", who.join(", ")),
            "take the right away in the policies (/access/policies/roles), and set access.mode to \"required\"",
        )
    }
}

fn given(value: Option<&String>, holding: &str, missing: &str, remedy: &str) -> Verdict {
    match value.filter(|text| !text.trim().is_empty()) {
        Some(text) => holds(format!("{holding} {text}")),
        None => violated(missing, remedy),
    }
}

pub(super) fn controller_named(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.controller.as_ref(),
        "the controller is",
        "it is not said who answers for the processing",
        "set governance.controller to the city's name and address",
    )
}

pub(super) fn officer_named(facts: &Facts, _: &Clocks) -> Verdict {
    match given(
        facts.setup.officer.as_ref(),
        "the officer is reached at",
        "it is not said how the data-protection officer is reached",
        "set governance.officer to an address that is read",
    ) {
        Verdict::Holds(_) if facts.people.officers == 0 => violated(
            "nobody can log in as data-protection officer",
            "give somebody the role `officer` at /users, or with `mapacha user add NAME --role officer`",
        ),
        verdict => verdict,
    }
}

pub(super) fn registered_with_authority(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.registration.as_ref(),
        "registered under",
        "no registration with the authority is known",
        "register, and set governance.registration to the number",
    )
}

pub(super) fn data_located(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.data_location.as_ref(),
        "the data are kept in",
        "it is not said where the data are kept",
        "set governance.data_location to the country's code, such as \"KE\"",
    )
}

pub(super) fn impact_gated(facts: &Facts, _: &Clocks) -> Verdict {
    if !facts.setup.login_required {
        violated(
            "nobody has to log in, so there is nothing that a gate could keep closed",
            "set access.mode = \"required\"",
        )
    } else if facts.setup.impact_gate {
        holds(
            "a change of the policies that opens data about people waits for an impact assessment that holds",
        )
    } else {
        violated(
            "a change of the policies may open data about people that nobody assessed",
            "set governance.impact_gate = true, or leave it out",
        )
    }
}

pub(super) fn clocks_of_this_law(facts: &Facts, clocks: &Clocks) -> Verdict {
    let (name, set) = match &facts.setup.profile {
        Some(id) => match Profile::of(id) {
            Some(profile) => (id.as_str(), profile.clocks.clone()),
            None => {
                return violated(
                    format!("governance.profile is `{id}`, which is no profile of this program"),
                    format!("set it to one of {}", Profile::ids()),
                );
            }
        },
        None => ("none", Clocks::default()),
    };
    let slower: Vec<String> = (Kind::ALL.iter())
        .filter(|kind| set.days(**kind) > clocks.days(**kind))
        .map(|kind| {
            format!(
                "{}: {} days for {}",
                kind.name(),
                set.days(*kind),
                clocks.days(*kind)
            )
        })
        .chain((set.extension_days > clocks.extension_days).then(|| {
            format!(
                "extension: {} days for {}",
                set.extension_days, clocks.extension_days
            )
        }))
        .chain(
            (set.breach_hours > clocks.breach_hours)
                .then(|| format!("breaches: {} hours for {}", set.breach_hours, clocks.breach_hours)),
        )
        .collect();
    if slower.is_empty() {
        holds(format!(
            "governance.profile is `{name}`, and no clock of it is slower"
        ))
    } else {
        violated(
            format!(
                "governance.profile is `{name}`, and its clocks are slower: {}",
                slower.join("; ")
            ),
            "set governance.profile to the law that holds here",
        )
    }
}

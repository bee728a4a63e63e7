//! The checks: each a question to an installation that can be answered with no.

use std::sync::Arc;

use super::facts::{Facts, Transport};
use super::profile::Clocks;
use crate::desk::{Activity, Description, Kind, LegalBasis};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; what was looked at.
    Holds(String),
    /// It does not.
    Violated {
        /// What was found.
        found: String,
        /// What to do.
        remedy: String,
    },
}

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its name, by which profiles name it.
    pub name: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// The setting or the record that it looks at.
    pub setting: &'static str,
    run: fn(&Facts, &Clocks) -> Verdict,
}

impl Check {
    /// Looks at an installation by a law's clocks.
    pub fn run(&self, facts: &Facts, clocks: &Clocks) -> Verdict {
        (self.run)(facts, clocks)
    }
}

/// The one of this name.
pub(super) fn named(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}

macro_rules! checks {
    ($($name:literal, $run:path, $asks:literal, $setting:literal;)*) => {
        /// All checks.
        pub const CHECKS: &[Check] = &[$(Check { name: $name, asks: $asks, setting: $setting, run: $run }),*];
    };
}

checks! {
    "login-required", login_required, "Does everybody who uses the data have to say who they are?", "access.mode";
    "audit-recorded", audit_recorded, "Is every use that changes something recorded, so that it cannot be denied?", "audit.enabled";
    "transport-encrypted", transport_encrypted, "Is what travels protected on the way?", "http.listen, http.public_url";
    "sessions-end", sessions_end, "Does a login end by itself within a working day?", "access.session_hours";
    "second-factor", second_factor, "Do those who manage accounts and policies log in with a second factor?", "accounts: /users";
    "personal-data-closed", personal_data_closed, "Are personal data seen by nobody to whom they were not given?", "policies: /access/policies/roles";
    "special-data-closed", special_data_closed, "Are special data seen by nobody to whom they were not given?", "policies: /access/policies/roles";
    "closed-by-default", closed_by_default, "Is data of which nobody said what it is seen by nobody?", "policies: /access/policies/classification";
    "controller-named", controller_named, "Is it said who answers for the processing?", "governance.controller";
    "officer-named", officer_named, "Is there a data-protection officer who can be reached and can log in?", "governance.officer, role officer";
    "registered-with-authority", registered_with_authority, "Is the number of the registration with the authority known?", "governance.registration";
    "data-located", data_located, "Is it said in which country the data are kept?", "governance.data_location";
    "clocks-of-this-law", clocks_of_this_law, "Do the clocks of requests and breaches run as fast as this law's?", "governance.profile";
    "processing-registered", processing_registered, "Is all personal data that is here named by an activity of the register?", "register: /governance/processing";
    "register-complete", register_complete, "Does every activity of the register say all that has to be said?", "register: /governance/processing";
    "purposes-registered", purposes_registered, "Is every activity for purposes that the policies know?", "register: purposes";
    "legal-basis-named", legal_basis_named, "Does every activity with personal data name why it may be done?", "register: legal_basis";
    "consent-evidenced", consent_evidenced, "Where consent is the basis, is it said where consents are kept and how they are withdrawn?", "register: consent_record";
    "special-data-justified", special_data_justified, "Does every activity with special data name why it may be done?", "register: special_condition";
    "notice-given", notice_given, "Does every activity with personal data say where people read about it?", "register: notice";
    "retention-set", retention_set, "Does every activity with personal data say how long they are kept?", "register: retention_days";
    "security-described", security_described, "Does every activity with personal data say what protects them?", "register: security";
    "processors-bound", processors_bound, "Is everybody who processes for the city bound by a contract?", "register: processors";
    "joint-controllers-named", joint_controllers_named, "Where others decide too, is it said who?", "register: joint_controllers";
    "transfers-safeguarded", transfers_safeguarded, "Is it said for all that leaves the country what protects it there?", "register: transfers";
    "automated-decisions-reviewed", automated_decisions_reviewed, "Where a program decides about people, can they get a human being to look?", "register: human_review";
    "children-protected", children_protected, "Where data of children are processed, is it said how those who care for them agree?", "register: guardian_consent";
    "impact-assessed", impact_assessed, "Has every activity with personal data an impact assessment that another person approved, and that is not out of date?", "register: assessment";
    "residual-risk-consulted", residual_risk_consulted, "Where much risk remains, was the authority asked?", "register: assessment.consultation";
    "access-in-time", access_in_time, "Is everybody answered in time who asks what is known of them?", "requests: access";
    "correction-in-time", correction_in_time, "Is everybody answered in time who asks for a correction?", "requests: correction";
    "export-in-time", export_in_time, "Is everybody answered in time who asks for an export?", "requests: export";
    "erasure-in-time", erasure_in_time, "Is everybody answered in time who asks for erasure?", "requests: erasure";
    "restriction-in-time", restriction_in_time, "Is everybody answered in time who asks for restriction?", "requests: restriction";
    "objection-in-time", objection_in_time, "Is everybody answered in time who objects?", "requests: objection";
    "breaches-notified", breaches_notified, "Is the authority told of every breach in time?", "breaches: /governance/breaches";
    "people-told-of-breaches", people_told_of_breaches, "Are people told of a breach that puts them at high risk?", "breaches: told_people";
}

fn holds(found: impl Into<String>) -> Verdict {
    Verdict::Holds(found.into())
}

fn violated(found: impl Into<String>, remedy: impl Into<String>) -> Verdict {
    Verdict::Violated {
        found: found.into(),
        remedy: remedy.into(),
    }
}

fn login_required(facts: &Facts, _: &Clocks) -> Verdict {
    if facts.setup.login_required {
        holds("everybody has to log in or show a key")
    } else {
        violated("nobody is asked who they are", "set access.mode to \"required\"")
    }
}

fn audit_recorded(facts: &Facts, _: &Clocks) -> Verdict {
    if facts.setup.audit_recorded {
        holds("the audit log is written; `mapacha verify` proves it")
    } else {
        violated("nothing is recorded", "set audit.enabled to true")
    }
}

fn transport_encrypted(facts: &Facts, _: &Clocks) -> Verdict {
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

fn sessions_end(facts: &Facts, _: &Clocks) -> Verdict {
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

fn second_factor(facts: &Facts, _: &Clocks) -> Verdict {
    without(
        &facts.people.without_second_factor,
        "all who manage accounts and policies have a second factor",
        "have no second factor and manage accounts or policies",
        "have each set one up at /account",
    )
}

fn personal_data_closed(facts: &Facts, _: &Clocks) -> Verdict {
    closed(&facts.sight.personal, "personal data")
}

fn special_data_closed(facts: &Facts, _: &Clocks) -> Verdict {
    closed(&facts.sight.special, "special data")
}

fn closed_by_default(facts: &Facts, _: &Clocks) -> Verdict {
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

fn controller_named(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.controller.as_ref(),
        "the controller is",
        "it is not said who answers for the processing",
        "set governance.controller to the city's name and address",
    )
}

fn officer_named(facts: &Facts, _: &Clocks) -> Verdict {
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

fn registered_with_authority(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.registration.as_ref(),
        "registered under",
        "no registration with the authority is known",
        "register, and set governance.registration to the number",
    )
}

fn data_located(facts: &Facts, _: &Clocks) -> Verdict {
    given(
        facts.setup.data_location.as_ref(),
        "the data are kept in",
        "it is not said where the data are kept",
        "set governance.data_location to the country's code, such as \"KE\"",
    )
}

fn clocks_of_this_law(facts: &Facts, clocks: &Clocks) -> Verdict {
    let (name, set) = match &facts.setup.profile {
        Some(id) => match super::Profile::of(id) {
            Some(profile) => (id.as_str(), profile.clocks.clone()),
            None => {
                return violated(
                    format!("governance.profile is `{id}`, which is no profile of this program"),
                    format!("set it to one of {}", super::Profile::ids()),
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

fn processing_registered(facts: &Facts, _: &Clocks) -> Verdict {
    let named = |held: &&super::Held| {
        facts.activities.iter().any(|activity| {
            let it = &activity.description;
            it.names_type(&held.of) && it.classes.contains(&held.class)
        })
    };
    let unnamed: Vec<String> = (facts.held.iter())
        .filter(|held| !named(held))
        .map(|held| format!("{} {} ({})", held.entities, held.of.short(), held.class))
        .collect();
    if unnamed.is_empty() {
        return holds(format!(
            "{} types with personal data are here, {} activities are registered",
            facts.held.len(),
            facts.activities.len()
        ));
    }
    let shown = unnamed.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    violated(
        format!(
            "no activity names {} of the types that hold personal data: {shown}",
            unnamed.len()
        ),
        "enter the activity at /governance/processing with these types and classes; or say in /access/policies/classification \
         that they are not about people",
    )
}

/// Those activities with personal data to which something does not apply as it should.
fn of_activities(facts: &Facts, wrong: impl Fn(&Description) -> bool, what: &str, remedy: &str) -> Verdict {
    let personal = || {
        facts
            .activities
            .iter()
            .filter(|activity| activity.description.is_personal())
    };
    let found: Vec<String> = personal()
        .filter(|activity| wrong(&activity.description))
        .map(named_activity)
        .collect();
    without(
        &found,
        &format!(
            "none of the {} activities with personal data {what}",
            personal().count()
        ),
        what,
        remedy,
    )
}

fn named_activity(activity: &Arc<Activity>) -> String {
    format!("`{}`", activity.id)
}

fn without(found: &[String], fine: &str, what: &str, remedy: &str) -> Verdict {
    if found.is_empty() {
        return holds(fine);
    }
    let more = found.len().saturating_sub(20);
    let mut shown = found.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        shown += &format!(" and {more} more");
    }
    violated(format!("{shown} {what}"), remedy)
}

const AT_REGISTER: &str = "complete the activity at /governance/processing";

fn register_complete(facts: &Facts, _: &Clocks) -> Verdict {
    let lacking: Vec<String> = (facts.activities.iter())
        .filter_map(|activity| {
            let lacks = activity.description.lacks();
            (!lacks.is_empty()).then(|| format!("`{}` (lacks {})", activity.id, lacks.join(", ")))
        })
        .collect();
    let fine = format!(
        "all {} activities say what has to be said",
        facts.activities.len()
    );
    without(&lacking, &fine, "do not say all", AT_REGISTER)
}

fn purposes_registered(facts: &Facts, _: &Clocks) -> Verdict {
    let Some(known) = &facts.purposes else {
        return violated(
            "no policies hold here, so no purpose is registered",
            "set access.mode to \"required\"",
        );
    };
    of_activities(
        facts,
        |it| it.purposes.is_empty() || it.purposes.iter().any(|purpose| !known.contains(purpose)),
        "name a purpose that is not registered",
        "register the purpose in /access/policies/purposes, or take it from the activity",
    )
}

fn legal_basis_named(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.legal_basis.is_none(),
        "name no legal basis",
        AT_REGISTER,
    )
}

fn consent_evidenced(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.legal_basis == Some(LegalBasis::Consent) && it.consent_record.trim().is_empty(),
        "rest on consent and do not say where it is kept and withdrawn",
        "say it in `consent_record`, or name another basis",
    )
}

fn special_data_justified(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.classes.iter().any(|class| class == "special") && it.special_condition.trim().is_empty(),
        "process special data and do not say why they may",
        "name the provision in `special_condition`, or leave the class `special` out",
    )
}

fn notice_given(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.notice.trim().is_empty(),
        "do not say where people read about it",
        "publish a notice, and name its address in `notice`",
    )
}

fn retention_set(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.retention_days.is_none(),
        "do not say how long data are kept",
        AT_REGISTER,
    )
}

fn security_described(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.security.is_empty(),
        "do not say what protects the data",
        AT_REGISTER,
    )
}

fn processors_bound(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.processors.iter().any(|one| one.contract.trim().is_empty()),
        "have a processor without a contract",
        "make the contract, and name it in `processors`",
    )
}

fn joint_controllers_named(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| {
            (it.role == crate::desk::Role::JointController && it.joint_controllers.is_empty())
                || it
                    .joint_controllers
                    .iter()
                    .any(|one| one.contact.trim().is_empty())
        },
        "do not say who decides with the city and how they are reached",
        "name them with a contact in `joint_controllers`",
    )
}

fn transfers_safeguarded(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.transfers.iter().any(|one| one.safeguard.trim().is_empty()),
        "send data abroad and do not say what protects them there",
        "name the safeguard in `transfers`, or stop the transfer",
    )
}

fn automated_decisions_reviewed(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.automated_decisions && it.human_review.trim().is_empty(),
        "let a program decide and do not say how somebody gets a human being to look",
        "arrange for it, and say how in `human_review`",
    )
}

fn children_protected(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.children && it.guardian_consent.trim().is_empty(),
        "process data of children and do not say how those who care for them agree",
        "arrange for it, and say how in `guardian_consent`",
    )
}

fn impact_assessed(facts: &Facts, _: &Clocks) -> Verdict {
    let found: Vec<String> = (facts.activities.iter())
        .filter(|activity| activity.description.is_personal())
        .filter_map(|activity| {
            let id = &activity.id;
            match &activity.assessment {
                None => Some(format!("`{id}` (none written)")),
                Some(written) if written.approval.is_none() => Some(format!("`{id}` (not approved)")),
                Some(written) if !written.holds(facts.now) => Some(format!("`{id}` (out of date)")),
                Some(_) => None,
            }
        })
        .collect();
    without(
        &found,
        "every activity with personal data has an impact assessment that holds",
        "have no impact assessment that holds",
        "write it at /governance/processing, and have another person approve it",
    )
}

fn residual_risk_consulted(facts: &Facts, _: &Clocks) -> Verdict {
    let found: Vec<String> = (facts.activities.iter())
        .filter(|activity| {
            activity.assessment.as_ref().is_some_and(|written| {
                written.findings.residual == crate::desk::Level::High
                    && written.findings.consultation.trim().is_empty()
            })
        })
        .map(named_activity)
        .collect();
    without(
        &found,
        "no activity is at high risk without the authority having been asked",
        "are at high risk, and the authority was not asked",
        "ask it before going on, and say what it said in `consultation`",
    )
}

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
fn within_a_year(request: &Arc<crate::desk::Request>, facts: &Facts) -> bool {
    let year = 365 * crate::desk::DAY_MICROS;
    request
        .closed_at
        .is_none_or(|closed| closed.plus_micros(year) > facts.now)
}

fn access_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Access)
}

fn correction_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Correction)
}

fn export_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Export)
}

fn erasure_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Erasure)
}

fn restriction_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Restriction)
}

fn objection_in_time(facts: &Facts, clocks: &Clocks) -> Verdict {
    in_time(facts, clocks, Kind::Objection)
}

fn breaches_notified(facts: &Facts, clocks: &Clocks) -> Verdict {
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

fn people_told_of_breaches(facts: &Facts, _: &Clocks) -> Verdict {
    let untold: Vec<String> = (facts.breaches.iter())
        .filter(|breach| breach.risk == crate::desk::Level::High && breach.told_people.is_none())
        .map(|breach| format!("`{}`", breach.id))
        .collect();
    without(
        &untold,
        "people were told of every breach with a high risk",
        "put people at high risk, and they were not told",
        "tell them in plain words, and take the step `people`",
    )
}

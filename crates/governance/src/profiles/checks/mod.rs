//! The checks: each a question to an installation that can be answered with no.

mod cases;
mod register;
mod retention;
mod setup;

use std::fmt::Write as _;

use super::facts::Facts;
use super::profile::Clocks;

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
    "login-required", setup::login_required, "Does everybody who uses the data have to say who they are?", "access.mode";
    "audit-recorded", setup::audit_recorded, "Is every use that changes something recorded, so that it cannot be denied?", "audit.enabled";
    "transport-encrypted", setup::transport_encrypted, "Is what travels protected on the way?", "http.listen, http.public_url";
    "sessions-end", setup::sessions_end, "Does a login end by itself within a working day?", "access.session_hours";
    "second-factor", setup::second_factor, "Do those who manage accounts and policies log in with a second factor?", "accounts: /users";
    "personal-data-closed", setup::personal_data_closed, "Are personal data seen by nobody to whom they were not given?", "policies: /access/policies/roles";
    "special-data-closed", setup::special_data_closed, "Are special data seen by nobody to whom they were not given?", "policies: /access/policies/roles";
    "closed-by-default", setup::closed_by_default, "Is data of which nobody said what it is seen by nobody?", "policies: /access/policies/classification";
    "controller-named", setup::controller_named, "Is it said who answers for the processing?", "governance.controller";
    "officer-named", setup::officer_named, "Is there a data-protection officer who can be reached and can log in?", "governance.officer, role officer";
    "registered-with-authority", setup::registered_with_authority, "Is the number of the registration with the authority known?", "governance.registration";
    "data-located", setup::data_located, "Is it said in which country the data are kept?", "governance.data_location";
    "clocks-of-this-law", setup::clocks_of_this_law, "Do the clocks of requests and breaches run as fast as this law's?", "governance.profile";
    "processing-registered", register::processing_registered, "Is all personal data that is here named by an activity of the register?", "register: /governance/processing";
    "register-complete", register::register_complete, "Does every activity of the register say all that has to be said?", "register: /governance/processing";
    "purposes-registered", register::purposes_registered, "Is every activity for purposes that the policies know?", "register: purposes";
    "legal-basis-named", register::legal_basis_named, "Does every activity with personal data name why it may be done?", "register: legal_basis";
    "consent-evidenced", register::consent_evidenced, "Where consent is the basis, is it said where consents are kept and how they are withdrawn?", "register: consent_record";
    "special-data-justified", register::special_data_justified, "Does every activity with special data name why it may be done?", "register: special_condition";
    "notice-given", register::notice_given, "Does every activity with personal data say where people read about it?", "register: notice";
    "retention-set", register::retention_set, "Does every activity with personal data say how long they are kept?", "register: retention_days";
    "retention-runs", retention::retention_runs, "Does a rule delete what every activity with personal data has kept for long enough, and did it leave nothing?", "retention: /governance/retention";
    "security-described", register::security_described, "Does every activity with personal data say what protects them?", "register: security";
    "processors-bound", register::processors_bound, "Is everybody who processes for the city bound by a contract?", "register: processors";
    "joint-controllers-named", register::joint_controllers_named, "Where others decide too, is it said who?", "register: joint_controllers";
    "transfers-safeguarded", register::transfers_safeguarded, "Is it said for all that leaves the country what protects it there?", "register: transfers";
    "automated-decisions-reviewed", register::automated_decisions_reviewed, "Where a program decides about people, can they get a human being to look?", "register: human_review";
    "children-protected", register::children_protected, "Where data of children are processed, is it said how those who care for them agree?", "register: guardian_consent";
    "impact-assessed", register::impact_assessed, "Has every activity with personal data an impact assessment that another person approved, and that is not out of date?", "register: assessment";
    "impact-gated", setup::impact_gated, "Is nobody newly shown data about people before an impact assessment of it holds?", "governance.impact_gate";
    "residual-risk-consulted", register::residual_risk_consulted, "Where much risk remains, was the authority asked?", "register: assessment.consultation";
    "access-in-time", cases::access_in_time, "Is everybody answered in time who asks what is known of them?", "requests: access";
    "correction-in-time", cases::correction_in_time, "Is everybody answered in time who asks for a correction?", "requests: correction";
    "export-in-time", cases::export_in_time, "Is everybody answered in time who asks for an export?", "requests: export";
    "erasure-in-time", cases::erasure_in_time, "Is everybody answered in time who asks for erasure?", "requests: erasure";
    "restriction-in-time", cases::restriction_in_time, "Is everybody answered in time who asks for restriction?", "requests: restriction";
    "objection-in-time", cases::objection_in_time, "Is everybody answered in time who objects?", "requests: objection";
    "breaches-notified", cases::breaches_notified, "Is the authority told of every breach in time?", "breaches: /governance/breaches";
    "people-told-of-breaches", cases::people_told_of_breaches, "Are people told of a breach that puts them at high risk?", "breaches: told_people";
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

fn without(found: &[String], fine: &str, what: &str, remedy: &str) -> Verdict {
    if found.is_empty() {
        return holds(fine);
    }
    let more = found.len().saturating_sub(20);
    let mut shown = found.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(shown, " and {more} more");
    }
    violated(format!("{shown} {what}"), remedy)
}

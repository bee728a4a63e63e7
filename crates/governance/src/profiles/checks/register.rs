//! The register of processing activities, and what is here without being in it.

use std::sync::Arc;

use super::{Verdict, holds, violated, without};
use crate::desk::{Activity, Description, LegalBasis, Level, Role};
use crate::profiles::facts::{Facts, Held};
use crate::profiles::profile::Clocks;

pub(super) fn processing_registered(facts: &Facts, _: &Clocks) -> Verdict {
    let named = |held: &&Held| {
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

const AT_REGISTER: &str = "complete the activity at /governance/processing";

pub(super) fn register_complete(facts: &Facts, _: &Clocks) -> Verdict {
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

pub(super) fn purposes_registered(facts: &Facts, _: &Clocks) -> Verdict {
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

pub(super) fn legal_basis_named(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.legal_basis.is_none(),
        "name no legal basis",
        AT_REGISTER,
    )
}

pub(super) fn consent_evidenced(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.legal_basis == Some(LegalBasis::Consent) && it.consent_record.trim().is_empty(),
        "rest on consent and do not say where it is kept and withdrawn",
        "say it in `consent_record`, or name another basis",
    )
}

pub(super) fn special_data_justified(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.classes.iter().any(|class| class == "special") && it.special_condition.trim().is_empty(),
        "process special data and do not say why they may",
        "name the provision in `special_condition`, or leave the class `special` out",
    )
}

pub(super) fn notice_given(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.notice.trim().is_empty(),
        "do not say where people read about it",
        "publish a notice, and name its address in `notice`",
    )
}

pub(super) fn retention_set(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.retention_days.is_none(),
        "do not say how long data are kept",
        AT_REGISTER,
    )
}

pub(super) fn security_described(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.security.is_empty(),
        "do not say what protects the data",
        AT_REGISTER,
    )
}

pub(super) fn processors_bound(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.processors.iter().any(|one| one.contract.trim().is_empty()),
        "have a processor without a contract",
        "make the contract, and name it in `processors`",
    )
}

pub(super) fn joint_controllers_named(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| {
            (it.role == Role::JointController && it.joint_controllers.is_empty())
                || it
                    .joint_controllers
                    .iter()
                    .any(|one| one.contact.trim().is_empty())
        },
        "do not say who decides with the city and how they are reached",
        "name them with a contact in `joint_controllers`",
    )
}

pub(super) fn transfers_safeguarded(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.transfers.iter().any(|one| one.safeguard.trim().is_empty()),
        "send data abroad and do not say what protects them there",
        "name the safeguard in `transfers`, or stop the transfer",
    )
}

pub(super) fn automated_decisions_reviewed(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.automated_decisions && it.human_review.trim().is_empty(),
        "let a program decide and do not say how somebody gets a human being to look",
        "arrange for it, and say how in `human_review`",
    )
}

pub(super) fn children_protected(facts: &Facts, _: &Clocks) -> Verdict {
    of_activities(
        facts,
        |it| it.children && it.guardian_consent.trim().is_empty(),
        "process data of children and do not say how those who care for them agree",
        "arrange for it, and say how in `guardian_consent`",
    )
}

pub(super) fn impact_assessed(facts: &Facts, _: &Clocks) -> Verdict {
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

pub(super) fn residual_risk_consulted(facts: &Facts, _: &Clocks) -> Verdict {
    let found: Vec<String> = (facts.activities.iter())
        .filter(|activity| {
            activity.assessment.as_ref().is_some_and(|written| {
                written.findings.residual == Level::High && written.findings.consultation.trim().is_empty()
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

//! The register, to be taken away: as a document, and as a table.

use serde_json::{Value as Json, json};

use super::activity::Activity;
use super::{Role, Settings};

/// The register as the authority may ask for it: who answers, and every activity.
pub fn document(
    settings: &Settings,
    activities: &[std::sync::Arc<Activity>],
    at: ngsi_ld::Timestamp,
) -> Json {
    json!({
        "controller": settings.controller,
        "officer": settings.officer,
        "registration": settings.registration,
        "data_location": settings.data_location,
        "profile": settings.profile,
        "at": at.to_string(),
        "activities": activities,
    })
}

/// The columns of the table.
const COLUMNS: [&str; 20] = [
    "id",
    "name",
    "about",
    "role",
    "controller",
    "controller_contact",
    "joint_controllers",
    "processors",
    "officer",
    "purposes",
    "legal_basis",
    "subjects",
    "types",
    "classes",
    "recipients",
    "transfers",
    "retention_days",
    "security",
    "assessment",
    "changed_at",
];

/// The register as a table (RFC 4180), an activity a row. A cell that a spreadsheet would take for a formula begins
/// with `'`.
pub fn csv(settings: &Settings, activities: &[std::sync::Arc<Activity>]) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    let of_city = settings.controller.clone().unwrap_or_default();
    let officer = settings.officer.clone().unwrap_or_default();
    for activity in activities {
        let it = &activity.description;
        let (controller, contact) = match &it.controller {
            Some(party) => (party.name.clone(), party.contact.clone()),
            None if it.role == Role::Processor => (String::new(), String::new()),
            None => (of_city.clone(), String::new()),
        };
        let joint: Vec<_> = it
            .joint_controllers
            .iter()
            .map(|one| with(&one.name, &one.contact))
            .collect();
        let processors: Vec<_> = (it.processors.iter())
            .map(|one| with(&with(&one.name, &one.contact), &one.contract))
            .collect();
        let transfers: Vec<_> = (it.transfers.iter())
            .map(|one| with(&with(&one.country, &one.recipient), &one.safeguard))
            .collect();
        let assessment = match &activity.assessment {
            None => "none",
            Some(assessment) if assessment.approval.is_some() => "approved",
            Some(_) => "written",
        };
        let cells: [&str; 20] = [
            &activity.id,
            &it.name,
            &it.about,
            it.role.name(),
            &controller,
            &contact,
            &joint.join("; "),
            &processors.join("; "),
            &officer,
            &it.purposes.join("; "),
            it.legal_basis.map_or("", super::LegalBasis::name),
            &it.subjects.join("; "),
            &it.types.join("; "),
            &it.classes.join("; "),
            &it.recipients.join("; "),
            &transfers.join("; "),
            &it.retention_days.map(|days| days.to_string()).unwrap_or_default(),
            &it.security.join("; "),
            assessment,
            &activity.changed_at.to_string(),
        ];
        text += &cells.map(cell).join(",");
        text += "\r\n";
    }
    text
}

fn with(name: &str, more: &str) -> String {
    if more.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({more})")
    }
}

fn cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains(['"', ',', '\n', '\r', ';']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_to_every_spreadsheet() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"so\"", "\"say \"\"so\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1), x", "\"'@SUM(A1), x\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}

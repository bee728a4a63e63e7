//! What indicators and groups of people are called: one table, for the command line, the files and the pages alike.
//!
//! The names are English. The pages translate the same keys, and a test of theirs holds their English to this table.

use crate::file::Objective;
use crate::model::{Area, Group};

/// The indicators of reach: identifier and name.
pub const INDICATORS: [(&str, &str); 10] = [
    ("stop-walk", "Public transport within reach, on foot"),
    ("stop-wheelchair", "Public transport within reach, by wheelchair"),
    ("park-walk", "A park within reach, on foot"),
    ("park-wheelchair", "A park within reach, by wheelchair"),
    ("clinic-walk", "A clinic within reach, on foot"),
    ("clinic-wheelchair", "A clinic within reach, by wheelchair"),
    ("school-walk", "A school within reach, on foot"),
    ("school-wheelchair", "A school within reach, by wheelchair"),
    (
        "clinic-transit",
        "A clinic in time, on foot or by public transport",
    ),
    (
        "clinic-transit-wheelchair",
        "A clinic in time, by wheelchair and public transport",
    ),
];

/// The groups beside those by age: identifier and name. Income is that of the area: nobody's own is known.
pub const GROUPS: [(&str, &str); 4] = [
    ("disability", "Persons with disabilities"),
    ("income:low", "Lower third by income of the area"),
    ("income:middle", "Middle third by income of the area"),
    ("income:high", "Upper third by income of the area"),
];

fn find(table: &[(&str, &'static str)], id: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, name)| *name)
}

/// The name of an indicator of reach; `None`: it is none.
#[must_use]
pub fn indicator(id: &str) -> Option<&'static str> {
    find(&INDICATORS, id)
}

/// The name of a group: `age:65+` is `Aged 65+`. `None`: there is no such group.
#[must_use]
pub fn group(id: &str) -> Option<String> {
    match id.strip_prefix("age:") {
        Some(ages) => Some(format!("Aged {}", span(ages))),
        None => find(&GROUPS, id).map(str::to_owned),
    }
}

/// `0-4` as one prints it, with an en dash.
#[must_use]
pub fn span(ages: &str) -> String {
    ages.replace('-', "–")
}

/// An objective: `A clinic within reach, by wheelchair (Persons with disabilities)`. `groups`, `areas`: those of the
/// run, for names that the table does not have.
#[must_use]
pub fn objective(objective: &Objective, groups: &[Group], areas: &[Area]) -> String {
    let name = indicator(&objective.indicator).unwrap_or(&objective.indicator);
    let Some(id) = objective.group.as_deref() else {
        return name.to_owned();
    };
    let whom = group(id)
        .or_else(|| Some(groups.iter().find(|group| group.id == id)?.name.clone()))
        .or_else(|| Some(areas.iter().find(|area| area.id.as_str() == id)?.name.clone()))
        .unwrap_or_else(|| id.to_owned());
    format!("{name} ({whom})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_can_be_named_is_named() {
        let of = |group: Option<&str>| Objective {
            indicator: "clinic-wheelchair".to_owned(),
            group: group.map(str::to_owned),
        };
        let area = Area {
            id: ngsi_ld::Uri::ngsi_ld("AdministrativeArea", "7"),
            name: "Harbour".to_owned(),
        };
        let told = |group| objective(&of(group), &[], std::slice::from_ref(&area));
        assert_eq!(told(None), "A clinic within reach, by wheelchair");
        assert_eq!(
            told(Some("age:0-4")),
            "A clinic within reach, by wheelchair (Aged 0–4)"
        );
        assert_eq!(
            told(Some("urn:ngsi-ld:AdministrativeArea:7")),
            "A clinic within reach, by wheelchair (Harbour)"
        );
        assert_eq!(
            told(Some("tenure:rent")),
            "A clinic within reach, by wheelchair (tenure:rent)"
        );
        assert_eq!(indicator("clinic-drive"), None);
    }
}

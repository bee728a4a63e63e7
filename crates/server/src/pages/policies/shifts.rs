//! What a change of the policies would change, as a table.

use access::policies::Action;
use access::{Preview, PreviewShift};
use ngsi_ld::Name;

use super::language::Argument::{Count, Text};
use super::language::Language;

/// The most rows of the table.
const MOST_ROWS: usize = 300;
/// The most names in a row.
const MOST_NAMES: usize = 5;

/// A preview, in the reader's language.
pub(super) struct Shifts {
    /// Of how many it was found out.
    pub(super) summary: String,
    /// What is not in the table.
    pub(super) more: Option<String>,
    pub(super) rows: Vec<Row>,
}

/// What some gain or lose.
pub(super) struct Row {
    pub(super) gained: bool,
    pub(super) who: String,
    pub(super) action: String,
    pub(super) entity_type: String,
    pub(super) entities: String,
    pub(super) class: String,
    pub(super) attributes: String,
    pub(super) because: String,
}

/// What somebody may do, in a word.
pub(super) fn action(l: Language, action: Action) -> String {
    l.text(&format!("policy-action-{}", action.name().to_lowercase()))
}

impl Shifts {
    pub(super) fn of(l: Language, preview: &Preview) -> Self {
        let comma = l.text("list-comma");
        let rows: Vec<Row> = preview
            .shifts
            .iter()
            .take(MOST_ROWS)
            .map(|shift| Row::of(l, &comma, shift))
            .collect();
        let left = preview.shifts.len().saturating_sub(rows.len()) + preview.unlisted;
        let number = |count: usize| l.count(count);
        Self {
            summary: l.text_with(
                "policy-compared",
                &[
                    ("people", Text(&number(preview.asked.0))),
                    ("people-all", Text(&number(preview.asked.1))),
                    ("entities", Text(&number(preview.entities.0))),
                    ("entities-all", Text(&number(preview.entities.1))),
                ],
            ),
            more: (left > 0).then(|| l.text_with("policy-more", &[("count", Count(left))])),
            rows,
        }
    }
}

impl Row {
    fn of(l: Language, comma: &str, of: &PreviewShift) -> Self {
        let shift = &of.shift;
        let mut who: Vec<String> = of
            .who
            .iter()
            .take(MOST_NAMES)
            .map(|whom| match &*whom.id {
                "anonymous" => l.text("policy-anonymous"),
                _ => whom.name.to_string(),
            })
            .collect();
        let more = of.who.len() - who.len();
        if more > 0 {
            who.push(l.text_with("policy-who-more", &[("count", Count(more))]));
        }
        let attributes: Vec<&str> = shift.attributes.iter().map(Name::short).collect();
        Self {
            gained: shift.gained,
            who: who.join(comma),
            action: action(l, of.action),
            entity_type: shift
                .entity_type
                .as_ref()
                .map_or_else(String::new, |name| name.short().to_owned()),
            entities: l.count(shift.entities),
            class: shift.class.clone(),
            attributes: attributes.join(comma),
            because: shift.because.join(comma),
        }
    }
}

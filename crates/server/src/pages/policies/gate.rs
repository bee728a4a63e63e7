//! What the gate of impact assessments says to a change, as a list that leads to where each assessment is made.

use governance::desk::Refusal;

use super::language::Argument::Count;
use super::language::Language;

/// The most lines.
const MOST_LINES: usize = 20;

/// What the gate says.
pub(super) struct Gate {
    /// Whether it refused; else it would.
    pub(super) refused: bool,
    pub(super) lines: Vec<Line>,
    /// What is not in the list.
    pub(super) more: Option<String>,
}

/// One type and class that no assessment covers.
pub(super) struct Line {
    pub(super) address: String,
    pub(super) text: String,
}

impl Gate {
    /// It refused.
    pub(super) fn refused(l: Language, refusal: &Refusal) -> Self {
        let more = refusal.0.len().saturating_sub(MOST_LINES);
        let lines = refusal.0.iter().take(MOST_LINES).map(|one| Line {
            address: one.address(),
            text: one.to_string(),
        });
        Self {
            refused: true,
            lines: lines.collect(),
            more: (more > 0).then(|| l.text_with("policy-gate-more", &[("count", Count(more))])),
        }
    }

    /// It would refuse.
    pub(super) fn would_refuse(l: Language, refusal: &Refusal) -> Self {
        Self {
            refused: false,
            ..Self::refused(l, refusal)
        }
    }
}

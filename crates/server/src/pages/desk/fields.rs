//! Fields of forms, made from a list.

use super::Sent;
use crate::pages::language::Language;

/// A field.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) value: String,
    /// `text`, `area`, `number`, `date`, `choice` or `tick`.
    pub(super) kind: &'static str,
    pub(super) options: Vec<Choice>,
    pub(super) required: bool,
}

/// One of a field's choices.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl Field {
    /// A field of a kind with a value.
    pub(super) fn new(l: Language, kind: &'static str, name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            label: label(l, name),
            hint: l.known(&format!("desk-hint-{}", name.replace('_', "-"))),
            value: value.into(),
            kind,
            options: Vec::new(),
            required: false,
        }
    }

    /// One of several.
    pub(super) fn choice(l: Language, name: &'static str, value: &str, options: &[&'static str]) -> Self {
        let mut field = Self::new(l, "choice", name, value);
        field.options = (options.iter())
            .map(|option| Choice {
                value: option,
                label: word(l, option),
                chosen: *option == value,
            })
            .collect();
        field
    }

    /// It cannot be left empty.
    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With another hint.
    pub(super) fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    /// With what was typed.
    pub(super) fn typed(mut self, sent: Option<&Sent>) -> Self {
        if let Some(sent) = sent {
            sent.field(self.name).clone_into(&mut self.value);
            for option in &mut self.options {
                option.chosen = option.value == self.value;
            }
        }
        self
    }
}

/// What a field is called.
pub(super) fn label(l: Language, name: &str) -> String {
    l.text(&format!("desk-field-{}", name.replace('_', "-")))
}

/// A word of the records: a state, a step, a kind, a level. What no language has is written as it is.
pub(super) fn word(l: Language, name: &str) -> String {
    if name.is_empty() {
        return "–".to_owned();
    }
    l.known(&format!("desk-word-{name}"))
        .unwrap_or_else(|| name.to_owned())
}

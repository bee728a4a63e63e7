//! One policy of a rule book, with what is known of it beside Cedar.

use std::collections::BTreeMap;

use super::cedar;

/// What a policy does with what it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It permits it.
    Permit,
    /// It forbids it, whatever others permit.
    Forbid,
}

/// What people see of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInfo {
    /// Its `@id`, unique in the rule book.
    pub id: String,
    /// Its `@title`, where it has one.
    pub title: Option<String>,
    /// All its annotations, by name.
    pub annotations: BTreeMap<String, String>,
    /// What it does.
    pub effect: Effect,
    /// The document that it stands in.
    pub document: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// A policy that was read and checked.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) info: PolicyInfo,
    pub(super) policy: cedar::Policy,
    pub(super) scope: cedar::Scope,
    pub(super) asks_time: bool,
    /// Where it begins in its document, in bytes.
    pub(super) start: usize,
}

impl Rule {
    pub(super) fn new(policy: cedar::Policy, document: &str, line: usize, start: usize, text: &str) -> Self {
        let annotations: BTreeMap<String, String> = policy
            .annotations()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            info: PolicyInfo {
                id: policy.id().to_owned(),
                title: annotations.get("title").cloned(),
                annotations,
                effect: if policy.permits() {
                    Effect::Permit
                } else {
                    Effect::Forbid
                },
                document: document.to_owned(),
                line,
                text: text.to_owned(),
            },
            scope: cedar::Scope::of(&policy),
            asks_time: policy.asks_time(),
            policy,
            start,
        }
    }
}

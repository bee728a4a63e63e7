//! What the provider's groups are here.

use std::collections::BTreeMap;

use crate::permissions::Role;

/// What a group of the provider gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// A role.
    Role(Role),
    /// Membership of a group of ours, written `group:NAME`.
    Group(String),
}

/// A text that names neither a role nor a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a role (viewer, editor, planner, operator, officer, administrator) nor `group:NAME`"
)]
pub struct BadGrant(String);

impl Grant {
    /// Reads `viewer`, or `group:NAME`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: &str) -> Result<Self, BadGrant> {
        let bad = || BadGrant(text.chars().take(100).collect());
        match text.strip_prefix("group:") {
            Some(name) => crate::people::account::check_name(name)
                .map(|()| Self::Group(name.to_owned()))
                .map_err(|_no_name| bad()),
            None => Role::parse(text).map(Self::Role).ok_or_else(bad),
        }
    }
}

/// From the provider's groups to what each gives here. A group that is not in it gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(BTreeMap<String, Vec<Grant>>);

impl Mapping {
    /// Of pairs: a group of the provider, and what it gives.
    pub fn new(groups: impl IntoIterator<Item = (String, Vec<Grant>)>) -> Self {
        Self(groups.into_iter().collect())
    }

    /// What some groups of the provider give together, each once, in order.
    pub(crate) fn of<'a>(&self, groups: impl Iterator<Item = &'a str>) -> Vec<Grant> {
        let mut grants: Vec<Grant> = groups
            .filter_map(|group| self.0.get(group))
            .flatten()
            .cloned()
            .collect();
        grants.sort_unstable();
        grants.dedup();
        grants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_mapped_gives_something() {
        let grants = |texts: &[&str]| texts.iter().map(|text| Grant::parse(text).unwrap()).collect();
        let mapping = Mapping::new([
            ("twin-readers".to_owned(), grants(&["viewer"])),
            ("works".to_owned(), grants(&["editor", "group:roads", "viewer"])),
        ]);
        assert_eq!(
            mapping.of(["works", "twin-readers", "unknown", "administrator", "viewer"].into_iter()),
            grants(&["viewer", "editor", "group:roads"])
        );
        assert!(mapping.of(["Works", "works ", ""].into_iter()).is_empty());
        for bad in ["", "root", "Viewer", "group:", "group:a b", "role:viewer"] {
            assert!(Grant::parse(bad).is_err(), "{bad}");
        }
    }
}

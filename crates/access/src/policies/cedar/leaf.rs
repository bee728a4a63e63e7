//! The single tests: what a policy asks of an entity, as [`Condition`]s.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::{Name, Uri};
use query::view::{Condition, Test};

use super::super::asked::is_scope;

/// What stands beside the entity.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    /// It will be known when somebody asks.
    Later,
    /// A text.
    Text(Arc<str>),
    /// A truth value.
    Flag(bool),
    /// An entity of Cedar: its type and its id.
    Entity(String, Arc<str>),
    /// Several.
    Set(Vec<Known>),
}

/// A set that is of the entity.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SetOf {
    /// Its types.
    Types,
    /// Its owners.
    Owner,
    /// The texts of an attribute.
    Texts(Known),
    /// The truth values of an attribute.
    Flags(Known),
}

impl SetOf {
    /// Where there is such a set.
    pub(super) fn defined(&self) -> Condition {
        match self {
            Self::Types | Self::Owner => Condition::Always,
            Self::Texts(key) | Self::Flags(key) => exists(key),
        }
    }
}

/// Whether the set has the value.
pub(super) fn has(set: &SetOf, value: &Known) -> Condition {
    match (set, value) {
        (_, Known::Later) => Condition::Always,
        (SetOf::Types, Known::Text(text)) => name(text).map_or(Condition::Never, Condition::Type),
        (SetOf::Owner, Known::Text(text)) => Condition::Attribute(owner(), Test::Is(Box::from(&**text))),
        (SetOf::Texts(key), Known::Text(text)) => attribute(key, Test::Is(Box::from(&**text))),
        (SetOf::Flags(key), Known::Flag(flag)) => attribute(key, Test::Flag(*flag)),
        // No such set has such a value.
        _ => Condition::Never,
    }
}

/// The name of the attribute that `resource.owner` is.
pub(super) fn owner() -> Name {
    Context::core().expand("owner")
}

/// Whether the entity has the attribute.
pub(super) fn exists(key: &Known) -> Condition {
    attribute(key, Test::Exists)
}

/// Whether the attribute has a number in this range.
pub(super) fn number(key: &Known, least: f64, most: f64) -> Condition {
    attribute(key, Test::Between(least, most))
}

/// Whether the entity is the one of this id.
pub(super) fn id(known: &Known) -> Condition {
    match known {
        Known::Later => Condition::Always,
        // What is no URI is no entity's id.
        Known::Text(text) => Uri::parse(text).map_or(Condition::Never, Condition::Id),
        Known::Entity(of, text) if of == "NgsiEntity" => {
            Uri::parse(text).map_or(Condition::Never, Condition::Id)
        }
        _ => Condition::Never,
    }
}

/// Whether the entity is in a scope or a tenant, or the entity itself. `None`: it is not written as a scope is.
pub(super) fn inside(known: &Known, tenant: Option<&str>) -> Option<Condition> {
    match known {
        Known::Later => Some(Condition::Always),
        Known::Entity(of, text) => match of.as_str() {
            "Scope" => is_scope(text).then(|| Condition::Scope(Box::from(&**text))),
            "Tenant" if tenant.is_none_or(|tenant| *tenant == **text) => Some(Condition::Always),
            "NgsiEntity" => Some(id(known)),
            _ => Some(Condition::Never),
        },
        _ => None,
    }
}

/// Whether a value is written so that it can be in the set: a type has one short form and one long one.
pub(super) fn is_written_well(set: &SetOf, value: &Known) -> bool {
    *set != SetOf::Types || is_name(value)
}

/// Whether a value is the name of a type or an attribute, or may become one.
pub(super) fn is_name(value: &Known) -> bool {
    match value {
        Known::Text(text) => name(text).is_some(),
        _ => true,
    }
}

fn attribute(key: &Known, test: Test) -> Condition {
    match key {
        Known::Text(text) => name(text).map_or(Condition::Never, |name| Condition::Attribute(name, test)),
        _ => Condition::Always,
    }
}

/// The name that a text stands for, where it is the short form of that name or the name itself. Another way to
/// write it (a prefix of the core @context) is none, because Cedar compares texts.
fn name(text: &str) -> Option<Name> {
    let name = Context::core().expand(text);
    (name.as_str() == text || Context::core().compact(&name) == text).then_some(name)
}

/// The texts that stand for a name.
pub(super) fn written(name: &Name) -> [String; 2] {
    [Context::core().compact(name), name.as_str().to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_short_or_in_full_and_in_no_third_way() {
        for term in ["Lamp", "location", "https://example.org/Lamp", "PM2.5", "urn:x:y"] {
            let found = name(term).unwrap();
            assert!(written(&found).contains(&term.to_owned()), "{term}");
        }
        assert_eq!(
            name("Lamp"),
            name("https://uri.etsi.org/ngsi-ld/default-context/Lamp")
        );
        assert_eq!(name("ngsi-ld:default-context/Lamp"), None);
    }
}

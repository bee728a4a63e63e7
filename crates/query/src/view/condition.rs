//! What a rule of access asks of an entity: a small predicate, decided on the whole entity, at the cost of some
//! comparisons. What a policy says beside it (who asks, what for, when) was decided when the rule was made.

use ngsi_ld::{Entity, Name, PropertyValue, Uri, Value};

/// A predicate on an entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Of every entity.
    Always,
    /// Of none.
    Never,
    /// All of them hold.
    All(Box<[Condition]>),
    /// One of them holds.
    Any(Box<[Condition]>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The entity has this type, among others perhaps.
    Type(Name),
    /// The entity is this one.
    Id(Uri),
    /// One of the entity's scopes is this one or below it. With a leading `/`, without one at the end; `/` is the
    /// root, below which every scope is, and an entity without a scope is not.
    Scope(Box<str>),
    /// An instance of this attribute passes the test.
    Attribute(Name, Test),
}

/// What is asked of an attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is there.
    Exists,
    /// It is this text, or a list that has it; for a relationship, a target is this URI.
    Is(Box<str>),
    /// It is this truth value.
    Flag(bool),
    /// It is a number in this range, both ends included.
    Between(f64, f64),
}

impl Condition {
    /// Whether it holds of an entity.
    pub fn holds(&self, entity: &Entity) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::All(of) => of.iter().all(|one| one.holds(entity)),
            Self::Any(of) => of.iter().any(|one| one.holds(entity)),
            Self::Not(of) => !of.holds(entity),
            Self::Type(name) => entity.has_type(name.as_str()),
            Self::Id(id) => entity.id == *id,
            Self::Scope(scope) => entity.scope.iter().any(|of| is_in(of, scope)),
            Self::Attribute(name, test) => entity.instances(name.as_str()).any(|of| test.passes(of)),
        }
    }

    /// Both; what is known of one of them is folded in.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, one) | (one, Self::Always) => one,
            (one, other) => Self::All([one, other].into()),
        }
    }

    /// One or the other; what is known of one of them is folded in.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Never, one) | (one, Self::Never) => one,
            (one, other) => Self::Any([one, other].into()),
        }
    }

    /// The attributes that it asks about, each perhaps several times.
    pub fn attributes(&self) -> Vec<&Name> {
        match self {
            Self::All(of) | Self::Any(of) => of.iter().flat_map(Self::attributes).collect(),
            Self::Not(of) => of.attributes(),
            Self::Attribute(name, _) => vec![name],
            Self::Always | Self::Never | Self::Type(_) | Self::Id(_) | Self::Scope(_) => Vec::new(),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Not(of) => *of,
            of => Self::Not(Box::new(of)),
        }
    }
}

impl Test {
    fn passes(&self, attribute: &ngsi_ld::Attribute) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(text) => match &attribute.value {
                Value::Property(PropertyValue::Text(of)) => of == text,
                Value::Property(PropertyValue::Structured(json)) => {
                    json.as_array().is_some_and(|list| has_text(list, text))
                }
                Value::List(list) => has_text(list, text),
                _ => attribute.targets().iter().any(|of| of.as_str() == &**text),
            },
            Self::Flag(flag) => attribute.as_bool() == Some(*flag),
            Self::Between(least, most) => attribute.as_f64().is_some_and(|of| *least <= of && of <= *most),
        }
    }
}

fn has_text(list: &[serde_json::Value], text: &str) -> bool {
    list.iter().any(|one| one.as_str() == Some(text))
}

/// Whether a scope is another one or below it. Scopes may be written without the leading `/` (4.18).
fn is_in(scope: &str, other: &str) -> bool {
    let other = other.trim_matches('/');
    let scope = scope.strip_prefix('/').unwrap_or(scope);
    if other.is_empty() {
        return true;
    }
    match scope.strip_prefix(other) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::Attribute;

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    fn lamp() -> Entity {
        let mut lamp = Entity::new(Uri::ngsi_ld("Lamp", "1"), name("Lamp"))
            .with(Attribute::property(name("power"), 60_i64))
            .with(Attribute::property(name("public"), true))
            .with(Attribute::relationship(
                name("owner"),
                Uri::ngsi_ld("Person", "Ada"),
            ));
        lamp.scope = ["/city/north".into()].into();
        lamp
    }

    #[test]
    fn each_is_what_it_says() {
        let lamp = lamp();
        let holds = |condition: Condition| condition.holds(&lamp);
        let attribute = |term: &str, test| Condition::Attribute(name(term), test);
        assert!(holds(Condition::Always) && !holds(Condition::Never));
        assert!(holds(Condition::Type(name("Lamp"))) && !holds(Condition::Type(name("Car"))));
        assert!(
            holds(Condition::Id(Uri::ngsi_ld("Lamp", "1")))
                && !holds(Condition::Id(Uri::ngsi_ld("Lamp", "2")))
        );
        for (scope, expected) in [
            ("/", true),
            ("/city", true),
            ("/city/", true),
            ("/city/north", true),
            ("/cit", false),
            ("/city/north/1", false),
            ("/city/nor", false),
        ] {
            assert_eq!(holds(Condition::Scope(scope.into())), expected, "{scope}");
        }
        assert!(holds(attribute("power", Test::Exists)) && !holds(attribute("colour", Test::Exists)));
        assert!(holds(attribute("power", Test::Between(60.0, 61.0))));
        assert!(!holds(attribute("power", Test::Between(61.0, 99.0))));
        assert!(
            holds(attribute("public", Test::Flag(true))) && !holds(attribute("public", Test::Flag(false)))
        );
        assert!(holds(attribute(
            "owner",
            Test::Is("urn:ngsi-ld:Person:Ada".into())
        )));
        assert!(!holds(attribute(
            "owner",
            Test::Is("urn:ngsi-ld:Person:Bob".into())
        )));
        let list = || serde_json::json!(["Ada", 7]);
        for value in [
            Value::Property(PropertyValue::from_json(list())),
            Value::List(vec![serde_json::json!("Ada"), serde_json::json!(7)].into()),
        ] {
            let lamp = lamp.clone().with(Attribute::new(name("keepers"), value));
            for (text, expected) in [("Ada", true), ("7", false), ("Bob", false)] {
                let kept = Condition::Attribute(name("keepers"), Test::Is(text.into()));
                assert_eq!(kept.holds(&lamp), expected, "{text}");
            }
        }
        let mut bare = lamp.clone();
        bare.scope = ["city/north".into()].into();
        for (scope, expected) in [
            ("/", true),
            ("/city", true),
            ("/city/north", true),
            ("/north", false),
        ] {
            assert_eq!(Condition::Scope(scope.into()).holds(&bare), expected, "{scope}");
        }
        let mut nowhere = lamp.clone();
        nowhere.scope = [].into();
        assert!(!Condition::Scope("/".into()).holds(&nowhere));
    }

    #[test]
    fn what_is_known_is_folded_in() {
        let one = || Condition::Type(name("Lamp"));
        assert_eq!(one().and(Condition::Always), one());
        assert_eq!(one().and(Condition::Never), Condition::Never);
        assert_eq!(one().or(Condition::Never), one());
        assert_eq!(one().or(Condition::Always), Condition::Always);
        assert_eq!(one().negated().negated(), one());
        assert_eq!(Condition::Always.negated(), Condition::Never);
    }
}

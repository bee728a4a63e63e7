//! What somebody may say of a type that nobody has classified: a suggestion by nothing but its name and those of its
//! attributes, and the rule that is added to the document when they have decided.

use std::fmt::Write as _;

use ngsi_ld::Name;
use ngsi_ld::context::Context;
use query::view::Class;

use super::classes::{Classes, DEFAULT_CLASSES};
use super::finding::Refused;

/// Names of attributes that mean the same in many of the Smart Data Models, and a class that is rather too restrictive
/// than too open.
const ATTRIBUTES: [(&str, &str); 34] = [
    ("additionalName", "personal"),
    ("address", "internal"),
    ("areaServed", "open"),
    ("batteryLevel", "internal"),
    ("biometrics", "special"),
    ("birthDate", "personal"),
    ("category", "open"),
    ("contactPoint", "internal"),
    ("controlledAsset", "internal"),
    ("dataProvider", "open"),
    ("dateCreated", "open"),
    ("dateModified", "open"),
    ("dateObserved", "open"),
    ("deviceState", "internal"),
    ("disability", "special"),
    ("email", "personal"),
    ("ethnicity", "special"),
    ("familyName", "personal"),
    ("firmwareVersion", "confidential"),
    ("gender", "personal"),
    ("givenName", "personal"),
    ("healthStatus", "special"),
    ("ipAddress", "confidential"),
    ("macAddress", "confidential"),
    ("nationality", "special"),
    ("observedAt", "open"),
    ("owner", "personal"),
    ("refDevice", "internal"),
    ("religion", "special"),
    ("reporter", "personal"),
    ("serialNumber", "confidential"),
    ("source", "open"),
    ("telephone", "personal"),
    ("vehiclePlateIdentifier", "personal"),
];

/// Suggestions by name. They are no more than that: who knows the data decides.
#[derive(Clone, Debug)]
pub struct Suggestions {
    known: Classes,
}

/// What is suggested for a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// The class of what is not named; none, where nothing is called like the type.
    pub others: Option<String>,
    /// The class of each attribute that was asked about, in the same order; none where nothing is suggested.
    pub attributes: Vec<Option<String>>,
}

impl Suggestions {
    /// Those of this program.
    ///
    /// # Errors
    /// When its own classification cannot be read: a defect.
    pub fn new() -> Result<Self, Refused> {
        let known = Classes::parse("classification", DEFAULT_CLASSES)?;
        Ok(Self { known })
    }

    /// For a type and some of its attributes, by the last part of their names.
    pub fn of(&self, entity_type: &Name, attributes: &[Name]) -> Suggested {
        let core = Context::core();
        let classification = self.known.classification();
        let alike = core.expand(entity_type.short());
        let is_known = classification.knows(&alike);
        let name = |class: Class| {
            let name = classification.classes().get(usize::from(class.0));
            name.map(ToString::to_string)
        };
        let of_attribute = |attribute: &Name| {
            if is_known {
                return name(classification.class_in(&alike, &core.expand(attribute.short())));
            }
            let same = ATTRIBUTES.iter().find(|(known, _)| *known == attribute.short());
            same.map(|(_, class)| (*class).to_owned())
        };
        // An attribute that no model has is in the class of the others.
        let nobodys = Name::default_term("thisAttributeIsInNoModel");
        Suggested {
            others: is_known
                .then(|| name(classification.class_in(&alike, &nobodys)))
                .flatten(),
            attributes: attributes.iter().map(of_attribute).collect(),
        }
    }
}

/// A rule for a type of which the classification says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// The type.
    pub entity_type: Name,
    /// The class of its attributes.
    pub others: String,
    /// The attributes that are of another.
    pub attributes: Vec<(Name, String)>,
}

impl NewRule {
    /// The document with the rule at its end; none where it is not TOML, so that nothing can be added at its end.
    pub fn added_to(&self, document: &str) -> Option<String> {
        if document.trim_start().starts_with('{') {
            return None;
        }
        let mut text = document.trim_end().to_owned();
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "\n\n[[rules]]\ntypes = [{}]\nothers = {}\n",
            quoted(&term(&self.entity_type)),
            quoted(&self.others)
        );
        if !self.attributes.is_empty() {
            text.push_str("\n[rules.attributes]\n");
            for (attribute, class) in &self.attributes {
                let _ = writeln!(text, "{} = {}", quoted(&term(attribute)), quoted(class));
            }
        }
        Some(text)
    }
}

/// A name as the document has it: short where that means the same.
fn term(name: &Name) -> String {
    let short = name.short();
    if Context::core().expand(short) == *name {
        short.to_owned()
    } else {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iri(text: &str) -> Name {
        Name::from_iri(text.to_owned())
    }

    #[test]
    fn names_that_models_share_are_suggested_and_nothing_else() {
        let suggestions = Suggestions::new().unwrap();
        // Another vocabulary's lamp, by its name.
        let lamp = iri("https://example.org/Streetlight");
        let attributes = [
            iri("https://example.org/powerState"),
            iri("https://example.org/refDevice"),
        ];
        let suggested = suggestions.of(&lamp, &attributes);
        assert_eq!(suggested.others.as_deref(), Some("open"));
        let classes: Vec<Option<&str>> = suggested.attributes.iter().map(Option::as_deref).collect();
        assert_eq!(classes, [Some("open"), Some("internal")]);
        let new = Name::default_term("Gizmo");
        let attributes = ["birthDate", "colour", "serialNumber", "religion"].map(Name::default_term);
        let suggested = suggestions.of(&new, &attributes);
        assert_eq!(suggested.others, None);
        let classes: Vec<Option<&str>> = suggested.attributes.iter().map(Option::as_deref).collect();
        assert_eq!(
            classes,
            [Some("personal"), None, Some("confidential"), Some("special")]
        );
    }

    #[test]
    fn the_list_is_in_order_and_of_classes_that_there_are() {
        let classes = Classes::parse("default", DEFAULT_CLASSES).unwrap();
        let names: Vec<&str> = classes.names().collect();
        assert!(ATTRIBUTES.is_sorted_by(|(one, _), (other, _)| one < other));
        for (attribute, class) in ATTRIBUTES {
            assert!(names.contains(&class), "{attribute}");
        }
    }

    #[test]
    fn a_rule_is_added_so_that_it_is_read_as_it_was_meant() {
        let rule = NewRule {
            entity_type: iri("https://example.org/Gizmo"),
            others: "internal".into(),
            attributes: vec![
                (Name::default_term("serialNumber"), "confidential".into()),
                (iri("https://example.org/\"odd"), "open".into()),
            ],
        };
        let text = rule.added_to(DEFAULT_CLASSES).unwrap();
        assert!(
            text.starts_with(DEFAULT_CLASSES.trim_end()),
            "what was there stays"
        );
        let classes = Classes::parse("classification", &text).unwrap();
        let classification = classes.classification();
        let class = |attribute: &Name| {
            let class = classification.class_in(&rule.entity_type, attribute);
            classification.classes()[usize::from(class.0)].to_string()
        };
        assert!(classification.knows(&rule.entity_type));
        assert_eq!(class(&rule.attributes[0].0), "confidential");
        assert_eq!(class(&rule.attributes[1].0), "open");
        assert_eq!(class(&Name::default_term("colour")), "internal");
        // Another after it, and one twice.
        let short = NewRule {
            entity_type: Name::default_term("Gadget"),
            others: "open".into(),
            attributes: Vec::new(),
        };
        let both = short.added_to(&text).unwrap();
        assert!(
            both.ends_with("[[rules]]\ntypes = [\"Gadget\"]\nothers = \"open\"\n"),
            "{both}"
        );
        assert!(Classes::parse("classification", &both).is_ok());
        let twice = short.added_to(&both).unwrap();
        assert!(Classes::parse("classification", &twice).is_err());
        assert_eq!(short.added_to("{\"version\": 1}"), None);
    }
}

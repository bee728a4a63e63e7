//! The classification as data: the classes of attributes with their meanings, and which attribute of which type is in
//! which. TOML, or JSON of the same shape.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ngsi_ld::Name;
use ngsi_ld::context::Context;
use query::view::{Class, Classification};
use serde::Deserialize;

use super::finding::{Finding, Refused, position};

/// The classification that a city starts with: the Smart Data Models and our own types.
pub const DEFAULT_CLASSES: &str = include_str!("data/classification.toml");

/// The most classes that there may be: a question is compiled for each.
const MAX_CLASSES: usize = 16;

/// The classes, what they mean, and what is in them.
#[derive(Clone, Debug)]
pub struct Classes {
    classification: Arc<Classification>,
    meanings: Vec<Box<str>>,
    named: Vec<(Name, Vec<Name>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    classes: Vec<ClassOf>,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassOf {
    name: String,
    meaning: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    types: Vec<String>,
    others: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    also: Vec<String>,
}

impl Classes {
    /// Reads a classification; `document` is its name in findings.
    pub fn parse(document: &str, text: &str) -> Result<Self, Refused> {
        let file: File = read(document, text)?;
        let mut findings = Vec::new();
        let mut wrong =
            |message: String, help: &str| findings.push(Finding::of_document(document, message, help));
        if file.version != 1 {
            wrong(
                format!(
                    "it has version {}, and this program reads version 1",
                    file.version
                ),
                "use the program that it was written for, or a newer one",
            );
        }
        if file.classes.is_empty() || file.classes.len() > MAX_CLASSES {
            wrong(
                format!("it has {} classes", file.classes.len()),
                "name 1 to 16 `classes`, from the least restrictive to the most",
            );
        }
        for (number, class) in file.classes.iter().enumerate() {
            if !is_word(&class.name) {
                wrong(
                    format!(
                        "`classes[{number}].name`: `{}` cannot be a name",
                        short(&class.name)
                    ),
                    "use letters, digits, `-`, `_` and `.`, at most 60",
                );
            }
            if file.classes[..number]
                .iter()
                .any(|other| other.name == class.name)
            {
                wrong(
                    format!(
                        "`classes[{number}].name`: `{}` is there twice",
                        short(&class.name)
                    ),
                    "keep one of them",
                );
            }
        }
        let mut classification =
            Classification::new(file.classes.iter().map(|class| class.name.as_str().into()));
        let known = file
            .classes
            .iter()
            .map(|class| class.name.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let mut named: Vec<(Name, Vec<Name>)> = Vec::new();
        let mut ruled: HashMap<&str, usize> = HashMap::new();
        for (number, rule) in file.rules.iter().enumerate() {
            let mut class = |key: &str, name: &str| -> Option<Class> {
                let found = classification.class(name);
                if found.is_none() {
                    wrong(
                        format!("`rules[{number}].{key}`: there is no class `{}`", short(name)),
                        &format!("the classes are {known}"),
                    );
                }
                found
            };
            let others = class("others", &rule.others);
            let attributes: Vec<(&str, Option<Class>)> = rule
                .attributes
                .iter()
                .map(|(attribute, name)| {
                    (
                        attribute.as_str(),
                        class(&format!("attributes.{}", short(attribute)), name),
                    )
                })
                .collect();
            for of in &rule.types {
                if let Some(before) = ruled.insert(of, number) {
                    wrong(
                        format!(
                            "`rules[{number}].types`: `{}` has a rule already, `rules[{before}]`",
                            short(of)
                        ),
                        "keep one of them",
                    );
                }
                let core = Context::core();
                let attributes_named = rule.attributes.keys().map(|name| core.expand(name));
                named.push((core.expand(of), attributes_named.collect()));
                for of in names(of, &rule.also) {
                    if let Some(class) = others {
                        classification.others(of.clone(), class);
                    }
                    for (attribute, class) in &attributes {
                        let Some(class) = class else { continue };
                        for attribute in names(attribute, &rule.also) {
                            classification.attribute(of.clone(), attribute, *class);
                        }
                    }
                }
            }
        }
        if !findings.is_empty() {
            return Err(Refused(findings));
        }
        Ok(Self {
            classification: Arc::new(classification),
            meanings: file
                .classes
                .into_iter()
                .map(|class| class.meaning.into())
                .collect(),
            named,
        })
    }

    /// What is in which class.
    pub fn classification(&self) -> &Arc<Classification> {
        &self.classification
    }

    /// The types that are named, each with the attributes that are named of it: as a request without @context writes
    /// them, and not under further prefixes.
    pub(super) fn named(&self) -> &[(Name, Vec<Name>)] {
        &self.named
    }

    /// What a class means, in a sentence for people.
    pub fn meaning(&self, class: Class) -> Option<&str> {
        self.meanings.get(usize::from(class.0)).map(|meaning| &**meaning)
    }

    /// From which class on something is about persons: the one that is called `personal`, else the last.
    pub fn personal(&self) -> Class {
        let named = self.classification.class("personal");
        named.unwrap_or_else(|| self.classification.most_restrictive())
    }

    /// The names, from the least restrictive to the most.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.classification.classes().iter().map(|name| &**name)
    }
}

/// Reads TOML, or JSON where the text begins with `{`.
pub(super) fn read<T: for<'de> Deserialize<'de>>(document: &str, text: &str) -> Result<T, Refused> {
    let refused = |place: Option<(usize, usize)>, message: String| {
        let (line, column) = place.unwrap_or((0, 0));
        Refused(vec![Finding {
            document: document.to_owned(),
            policy: None,
            line,
            column,
            message,
            help: None,
        }])
    };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| refused(Some((error.line(), error.column())), error.to_string()));
    }
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| position(text, span.start));
        refused(place, error.message().to_owned())
    })
}

/// What a term stands for: what a request without @context makes of it, and the same under each prefix.
fn names(term: &str, also: &[String]) -> Vec<Name> {
    let mut names = vec![Context::core().expand(term)];
    if !term.contains(':') {
        names.extend(
            also.iter()
                .map(|prefix| Name::from_iri(format!("{prefix}{term}"))),
        );
    }
    names
}

/// Whether a text can name a class or a purpose.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

/// As much of a text as a message can bear.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{Entity, Uri};

    fn refused(text: &str) -> String {
        Classes::parse("classes.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_default_knows_the_demo_city_and_its_importers_and_trusts_nothing_new() {
        let classes = Classes::parse("default", DEFAULT_CLASSES).unwrap();
        let names: Vec<_> = classes.names().collect();
        assert_eq!(names, ["open", "internal", "confidential", "personal", "special"]);
        let of = |of: &str, attribute: &str| {
            let core = Context::core();
            let entity = Entity::new(Uri::ngsi_ld("X", "1"), core.expand(of));
            let class = classes
                .classification()
                .class_of(&entity, &core.expand(attribute));
            classes.classification().classes()[usize::from(class.0)].to_string()
        };
        for (entity_type, attribute, class) in [
            ("GtfsStop", "location", "open"),
            ("RoadSegment", "surface", "open"),
            ("AirQualityObserved", "PM2.5", "open"),
            ("AirQualityObserved", "refDevice", "internal"),
            ("Streetlight", "powerState", "open"),
            ("PopulationGrid", "population", "open"),
            ("KeyPerformanceIndicator", "kpiValue", "open"),
            ("ScenarioRun", "status", "internal"),
            ("Building", "location", "open"),
            ("Building", "peopleOccupancy", "internal"),
            ("WaterConsumptionObserved", "waterConsumption", "personal"),
            ("Person", "name", "personal"),
            ("Person", "disability", "special"),
            ("Device", "serialNumber", "confidential"),
            ("SomethingNew", "name", "special"),
            (
                "https://smartdatamodels.org/dataModel.Environment/AirQualityObserved",
                "x",
                "open",
            ),
            (
                "https://smartdatamodels.org/dataModel.Device/Device",
                "https://smartdatamodels.org/owner",
                "personal",
            ),
        ] {
            assert_eq!(of(entity_type, attribute), class, "{attribute} of {entity_type}");
        }
        assert!(classes.meaning(Class(3)).unwrap().contains("person"));
        assert!(classes.meaning(Class(5)).is_none());
    }

    #[test]
    fn json_is_read_as_well() {
        let text = r#"{"version": 1, "classes": [{"name": "open", "meaning": "all"}, {"name": "closed", "meaning": "none"}],
            "rules": [{"types": ["Car"], "others": "closed", "attributes": {"speed": "open"}}]}"#;
        let classes = Classes::parse("classes.json", text).unwrap();
        let car = Entity::new(Uri::ngsi_ld("Car", "1"), Name::default_term("Car"));
        assert_eq!(
            classes
                .classification()
                .class_of(&car, &Name::default_term("speed")),
            Class(0)
        );
        assert!(refused("{\"version\": 1,\n}").starts_with("classes.toml:2:"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key_and_what_to_do() {
        let two = "version = 1\nclasses = [{name = \"open\", meaning = \"\"}, {name = \"closed\", meaning = \"\"}]\n";
        let rule = |rest: &str| format!("{two}[[rules]]\ntypes = [\"Car\"]\n{rest}");
        for (text, expected) in [
            ("", "missing field"),
            ("version = ", "classes.toml:1:"),
            (
                "version = 2\nclasses = [{name = \"open\", meaning = \"\"}]",
                "it has version 2",
            ),
            ("version = 1\nclasses = []", "name 1 to 16 `classes`"),
            (
                "version = 1\nclasses = [{name = \"\", meaning = \"\"}]",
                "`classes[0].name`: `` cannot be a name",
            ),
            (
                "version = 1\nclasses = [{name = \"a\", meaning = \"\"}, {name = \"a\", meaning = \"\"}]",
                "`classes[1].name`: `a` is there twice",
            ),
            (
                &rule("others = \"opn\""),
                "`rules[0].others`: there is no class `opn`; the classes are open, closed",
            ),
            (
                &rule("others = \"open\"\nattributes = {speed = \"fast\"}"),
                "`rules[0].attributes.speed`: there is no class `fast`",
            ),
            (
                &rule("others = \"open\"\n[[rules]]\ntypes = [\"Car\"]\nothers = \"open\""),
                "`rules[1].types`: `Car` has a rule already, `rules[0]`",
            ),
            (&rule("others = \"open\"\nother = 1"), "unknown field"),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{message}\nshould say: {expected}");
        }
    }
}

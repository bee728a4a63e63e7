//! Tests of policies as data: who asks what of which entity, and whether it should be allowed. A city keeps them beside its
//! policies, and runs them before it changes one.

use std::collections::BTreeMap;

use ngsi_ld::context::Context;
use ngsi_ld::representation::read_entity;
use ngsi_ld::{Entity, Name};
use query::Purpose;
use serde::Deserialize;

use super::asked::{Action, Asked, Kind, Subject, is_scope};
use super::classes::{read, short};
use super::finding::{Finding, Refused};
use super::rule_book::RuleBook;

/// Cases of a document.
#[derive(Clone, Debug)]
pub struct Trial {
    cases: Vec<Case>,
}

#[derive(Clone, Debug)]
struct Case {
    name: String,
    asked: Asked,
    entity: Entity,
    attribute: Name,
    allowed: bool,
}

/// How a case came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The case.
    pub name: String,
    /// What it should be.
    pub expected: bool,
    /// What it is.
    pub allowed: bool,
    /// Why: the policies that permit or forbid it.
    pub reason: String,
}

impl Outcome {
    /// Whether it is as it should be.
    pub fn passed(&self) -> bool {
        self.expected == self.allowed
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<CaseOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseOf {
    name: String,
    #[serde(default)]
    who: Who,
    what: String,
    purpose: Option<String>,
    #[serde(default = "one")]
    assurance: u8,
    #[serde(default = "noon")]
    hour: u8,
    #[serde(default = "one")]
    weekday: u8,
    entity: serde_json::Value,
    attribute: String,
    allowed: bool,
}

/// Nothing said: nobody.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    kind: Option<String>,
    id: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Vec<String>>,
}

fn one() -> u8 {
    1
}

fn noon() -> u8 {
    12
}

/// The tenant of all cases.
const TENANT: &str = "city";

impl Trial {
    /// Reads cases, TOML or JSON; `document` is its name in findings.
    pub fn parse(document: &str, text: &str) -> Result<Self, Refused> {
        let file: File = read(document, text)?;
        let mut cases = Vec::new();
        let mut findings = Vec::new();
        for (number, case) in file.case.into_iter().enumerate() {
            match of_case(case) {
                Ok(case) => cases.push(case),
                Err((message, help)) => {
                    findings.push(Finding::of_document(
                        document,
                        format!("`case[{number}].{message}"),
                        help,
                    ));
                }
            }
        }
        if findings.is_empty() {
            Ok(Self { cases })
        } else {
            Err(Refused(findings))
        }
    }

    /// How each case comes out with these policies.
    pub fn run(&self, rules: &RuleBook) -> Vec<Outcome> {
        let outcomes = self.cases.iter().map(|case| {
            let rights = rules.rights(&case.asked);
            let verdict = rules
                .explain(&case.asked, &case.entity, Some(&case.attribute))
                .verdicts
                .pop();
            Outcome {
                name: case.name.clone(),
                expected: case.allowed,
                allowed: rights.of(&case.entity).to_attribute(&case.attribute),
                reason: verdict.map_or_else(String::new, |verdict| {
                    format!("class `{}`: {}", verdict.class, verdict.reason())
                }),
            }
        });
        outcomes.collect()
    }
}

fn of_case(case: CaseOf) -> Result<Case, (String, &'static str)> {
    let named = |key: &str, text: &str| format!("{key}`: there is no `{}`", short(text));
    let action = Action::parse(&case.what).ok_or_else(|| {
        let help = "write Read, History, Subscribe, Aggregate, Export, Write, Delete, Actuate or Admin";
        (named("what", &case.what), help)
    })?;
    let subject = match &case.who.id {
        None => Subject::anonymous(TENANT),
        Some(id) => {
            let kind = case.who.kind.as_deref().unwrap_or("User");
            let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
            let kind = kind.ok_or_else(|| {
                let kind = case.who.kind.as_deref().unwrap_or_default();
                (named("who.kind", kind), "write User, Service or Device")
            })?;
            let mut subject = Subject::new(kind, id, TENANT, case.who.roles.iter().map(String::as_str));
            for group in &case.who.groups {
                subject = subject.in_group(group);
            }
            for scope in &case.who.scopes {
                if !is_scope(scope) {
                    return Err((
                        format!("who.scopes`: `{}` is no scope", short(scope)),
                        "write it as `/city/north`",
                    ));
                }
                subject = subject.in_scope(scope);
            }
            for (name, value) in case
                .who
                .attributes
                .iter()
                .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
            {
                subject = subject.with(name, value);
            }
            subject
        }
    };
    if case.hour > 23 || !(1..=7).contains(&case.weekday) {
        return Err((
            "hour` or its `weekday` is none".to_owned(),
            "hours are 0 to 23, and days 1 (Monday) to 7",
        ));
    }
    let entity = read_entity(&case.entity, Context::core()).map_err(|error| {
        (
            format!("entity`: {error}"),
            "write an NGSI-LD entity, as you would send it",
        )
    })?;
    let mut asked = Asked::new(subject, action);
    if let Some(purpose) = &case.purpose {
        asked.purpose = Purpose(purpose.as_str().into());
    }
    (asked.assurance, asked.hour, asked.weekday) = (case.assurance, case.hour, case.weekday);
    Ok(Case {
        name: case.name,
        asked,
        entity,
        attribute: Context::core().expand(&case.attribute),
        allowed: case.allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = r#"
[[case]]
name = "a viewer reads a lamp"
who = { id = "ada", roles = ["viewer"] }
what = "Read"
entity = { id = "urn:ngsi-ld:Streetlight:1", type = "Streetlight", powerState = "on", scope = "/city/north" }
attribute = "powerState"
allowed = true
"#;

    #[test]
    fn a_case_says_how_it_came_out_and_why() {
        let rules = RuleBook::defaults().unwrap();
        let text = format!("{CASE}{}", CASE.replace("Read", "Write"));
        let outcomes = Trial::parse("lamps.toml", &text).unwrap().run(&rules);
        assert!(outcomes[0].passed() && !outcomes[1].passed());
        assert!(
            outcomes[0]
                .reason
                .starts_with("class `open`: permitted by `role.anonymous`"),
            "{}",
            outcomes[0].reason
        );
        assert_eq!(outcomes[1].reason, "class `open`: no policy permits it");
        let nobody = CASE.replace("who = { id = \"ada\", roles = [\"viewer\"] }\n", "");
        assert!(Trial::parse("lamps.toml", &nobody).unwrap().run(&rules)[0].passed());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, expected) in [
            (
                "\"Read\"",
                "\"Reed\"",
                "lamps.toml: `case[0].what`: there is no `Reed`; write Read,",
            ),
            (
                "id = \"ada\"",
                "id = \"ada\", kind = \"King\"",
                "`case[0].who.kind`: there is no `King`; write User",
            ),
            (
                "id = \"ada\"",
                "id = \"ada\", scopes = [\"north\"]",
                "`case[0].who.scopes`: `north` is no scope",
            ),
            ("what =", "hour = 24\nwhat =", "`case[0].hour`"),
            ("urn:ngsi-ld:Streetlight:1", "one", "`case[0].entity`: "),
            ("allowed = true", "", "missing field"),
        ] {
            let message = Trial::parse("lamps.toml", &CASE.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(message.contains(expected), "{message}\nshould say: {expected}");
        }
    }
}

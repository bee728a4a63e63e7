//! A processing activity: what a city does with personal data, with everything that a register has to say of it
//! (GDPR, Article 30; the others ask for less or the same).

use std::collections::BTreeSet;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use super::assessment::Assessment;
use super::error::{Error, Result};
use super::shelf::Record;
use super::{instant, words};

/// In which role the city processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It decides what for and how.
    #[default]
    Controller,
    /// It decides together with others.
    JointController,
    /// It does it for somebody else.
    Processor,
}

/// Why it may be done (GDPR, Article 6 (1); the African acts have the same six, in other words).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// The person agreed.
    Consent,
    /// A contract with the person needs it.
    Contract,
    /// A law asks for it.
    LegalObligation,
    /// Somebody's life depends on it.
    VitalInterests,
    /// A task in the public interest needs it.
    PublicTask,
    /// An interest that the person's do not outweigh.
    LegitimateInterests,
}

impl LegalBasis {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Consent,
        Self::Contract,
        Self::LegalObligation,
        Self::VitalInterests,
        Self::PublicTask,
        Self::LegitimateInterests,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Contract => "contract",
            Self::LegalObligation => "legal-obligation",
            Self::VitalInterests => "vital-interests",
            Self::PublicTask => "public-task",
            Self::LegitimateInterests => "legitimate-interests",
        }
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Controller, Self::JointController, Self::Processor];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::JointController => "joint-controller",
            Self::Processor => "processor",
        }
    }
}

/// Somebody who answers for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Who.
    pub name: String,
    /// How to reach them.
    #[serde(default)]
    pub contact: String,
}

/// Somebody who does a part of it for the city.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processor {
    /// Who.
    pub name: String,
    /// How to reach them.
    #[serde(default)]
    pub contact: String,
    /// The contract that binds them.
    #[serde(default)]
    pub contract: String,
}

/// Data that leave the country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Where to.
    pub country: String,
    /// To whom.
    #[serde(default)]
    pub recipient: String,
    /// What protects them there: a decision on adequacy, clauses, consent …
    #[serde(default)]
    pub safeguard: String,
}

/// What is said of an activity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Description {
    /// What it is called.
    pub name: String,
    /// What is done, and why it is needed.
    pub about: String,
    /// What for: purposes as the policies of access know them.
    pub purposes: Vec<String>,
    /// In which role.
    pub role: Role,
    /// Who decides; empty: the city (`governance.controller`).
    pub controller: Option<Party>,
    /// Who decides with them.
    pub joint_controllers: Vec<Party>,
    /// Who does a part of it.
    pub processors: Vec<Processor>,
    /// Why it may be done.
    pub legal_basis: Option<LegalBasis>,
    /// The provision, or the interest.
    pub legal_basis_detail: String,
    /// Why special data may be processed, where there are any.
    pub special_condition: String,
    /// Whose data: inhabitants, drivers, pupils …
    pub subjects: Vec<String>,
    /// The types of entities: terms, or full IRIs; `*` is every type.
    pub types: Vec<String>,
    /// The classes of attributes, as the policies of access know them.
    pub classes: Vec<String>,
    /// Who gets the data.
    pub recipients: Vec<String>,
    /// What leaves the country.
    pub transfers: Vec<Transfer>,
    /// How long they are kept, in days.
    pub retention_days: Option<u32>,
    /// What protects them.
    pub security: Vec<String>,
    /// Where people read about it.
    pub notice: String,
    /// Where consents are kept, and how they are withdrawn.
    pub consent_record: String,
    /// Whether something is decided about people by a program alone.
    pub automated_decisions: bool,
    /// How somebody gets a human being to look at such a decision.
    pub human_review: String,
    /// Whether children are among the subjects.
    pub children: bool,
    /// How those who care for them agree.
    pub guardian_consent: String,
}

/// What a description may name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The purposes that are registered; `None`: no policies hold here, so every word is one.
    pub purposes: Option<BTreeSet<String>>,
    /// The classes that there are; `None` as above.
    pub classes: Option<BTreeSet<String>>,
}

/// A processing activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Its id, made from its first name.
    pub id: String,
    /// What is said of it.
    #[serde(flatten)]
    pub description: Description,
    /// Its impact assessment.
    pub assessment: Option<Assessment>,
    /// When it was entered.
    #[serde(with = "instant")]
    pub made_at: Timestamp,
    /// When it was changed last.
    #[serde(with = "instant")]
    pub changed_at: Timestamp,
    /// Who did.
    pub changed_by: String,
}

impl Record for Activity {
    const TABLE: &'static str = "governance-processing";
    const SORT: &'static str = "ProcessingActivity";
    const WHAT: &'static str = "processing activity";
    const MOST: usize = 2_000;
    fn id(&self) -> &str {
        &self.id
    }
}

/// The classes of which the law speaks.
pub(crate) const PERSONAL: [&str; 2] = ["personal", "special"];

impl Description {
    /// Refuses what a register cannot hold: without a name, a purpose and a class of data, with texts that are too
    /// long, or with words that the policies do not know.
    pub fn check(&self, known: &Known) -> Result<()> {
        words::some("name", &self.name, words::NAME, "say what the activity is called")?;
        for (place, given) in [
            ("about", &self.about),
            ("legal_basis_detail", &self.legal_basis_detail),
            ("special_condition", &self.special_condition),
            ("notice", &self.notice),
            ("consent_record", &self.consent_record),
            ("human_review", &self.human_review),
            ("guardian_consent", &self.guardian_consent),
        ] {
            words::text(place, given, words::TEXT)?;
        }
        for (place, given) in [
            ("purposes", &self.purposes),
            ("subjects", &self.subjects),
            ("types", &self.types),
            ("classes", &self.classes),
            ("recipients", &self.recipients),
            ("security", &self.security),
        ] {
            words::list(place, given.iter().map(String::as_str))?;
        }
        if let Some(controller) = &self.controller {
            words::some(
                "controller.name",
                &controller.name,
                words::NAME,
                "leave `controller` out where it is the city",
            )?;
            words::text("controller.contact", &controller.contact, words::TEXT)?;
        }
        words::list(
            "joint_controllers",
            self.joint_controllers.iter().map(|one| one.name.as_str()),
        )?;
        words::list("processors", self.processors.iter().map(|one| one.name.as_str()))?;
        words::list("transfers", self.transfers.iter().map(|one| one.country.as_str()))?;
        let details = (self.joint_controllers.iter().map(|one| &one.contact))
            .chain(
                self.processors
                    .iter()
                    .flat_map(|one| [&one.contact, &one.contract]),
            )
            .chain(
                self.transfers
                    .iter()
                    .flat_map(|one| [&one.recipient, &one.safeguard]),
            );
        for detail in details {
            words::text("contact, contract, recipient or safeguard", detail, words::TEXT)?;
        }
        among(
            "purposes",
            &self.purposes,
            known.purposes.as_ref(),
            "register it in /access/policies/purposes",
        )?;
        among(
            "classes",
            &self.classes,
            known.classes.as_ref(),
            "see /access/policies/classification",
        )?;
        if self.retention_days == Some(0) {
            return Err(Error::wrong(
                "retention_days",
                "0 days is no time; give 1 or more, or leave it out",
            ));
        }
        Ok(())
    }

    /// Whether its data are about people.
    pub fn is_personal(&self) -> bool {
        self.classes
            .iter()
            .any(|class| PERSONAL.contains(&class.as_str()))
    }

    /// Whether a type of entities, a full IRI or a term, is among its types.
    pub fn names_type(&self, of: &ngsi_ld::Name) -> bool {
        let core = ngsi_ld::context::Context::core();
        self.types
            .iter()
            .any(|named| named == "*" || core.expand(named) == *of)
    }

    /// What a complete entry of a register lacks here (GDPR, Article 30 (1)).
    pub fn lacks(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        let mut need = |there: bool, what: &'static str| {
            if !there {
                lacks.push(what);
            }
        };
        need(!self.about.trim().is_empty(), "about");
        need(self.legal_basis.is_some(), "legal_basis");
        need(!self.subjects.is_empty(), "subjects");
        need(!self.types.is_empty(), "types");
        need(!self.recipients.is_empty(), "recipients");
        need(self.retention_days.is_some(), "retention_days");
        need(!self.security.is_empty(), "security");
        need(
            self.role != Role::JointController || !self.joint_controllers.is_empty(),
            "joint_controllers",
        );
        need(
            self.role != Role::Processor || self.controller.is_some(),
            "controller",
        );
        lacks
    }
}

fn among(place: &str, named: &[String], known: Option<&BTreeSet<String>>, help: &str) -> Result<()> {
    if named.is_empty() {
        return Err(Error::wrong(place, "it is empty: name one at least"));
    }
    let Some(known) = known else { return Ok(()) };
    match named.iter().find(|name| !known.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(Error::wrong(
            place,
            format!(
                "there is no `{}`; there are {}: {help}",
                words::short(name),
                known.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

/// An id of a name that nothing else has.
pub(super) fn id_of(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "activity" } else { slug };
    if !taken(slug) {
        return slug.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let id = format!("{slug}-{number}");
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let set = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        Known {
            purposes: set(&["planning", "service-operation"]),
            classes: set(&["open", "personal", "special"]),
        }
    }

    type Wrong = fn(&mut Description);

    fn metering() -> Description {
        Description {
            name: "Water metering".into(),
            purposes: vec!["service-operation".into()],
            classes: vec!["personal".into()],
            types: vec!["WaterConsumptionObserved".into()],
            ..Description::default()
        }
    }

    #[test]
    fn what_a_register_cannot_hold_is_refused_with_its_place() {
        assert!(metering().check(&known()).is_ok());
        let cases: [(Wrong, &str); 9] = [
            (|it| it.name = " ".into(), "`name`: it is empty"),
            (|it| it.purposes.clear(), "`purposes`: it is empty"),
            (
                |it| it.purposes.push("fun".into()),
                "`purposes`: there is no `fun`; there are planning, service-operation",
            ),
            (
                |it| it.classes = vec!["secret".into()],
                "`classes`: there is no `secret`",
            ),
            (|it| it.about = "x".repeat(5_000), "`about`: it is longer"),
            (|it| it.subjects = vec![String::new()], "`subjects[0]`"),
            (|it| it.retention_days = Some(0), "`retention_days`: 0 days"),
            (|it| it.transfers = vec![Transfer::default()], "`transfers[0]`"),
            (|it| it.controller = Some(Party::default()), "`controller.name`"),
        ];
        for (change, expected) in cases {
            let mut wrong = metering();
            change(&mut wrong);
            let told = wrong.check(&known()).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}\nshould say {expected}");
        }
        let mut free = metering();
        free.purposes = vec!["anything".into()];
        assert!(free.check(&Known::default()).is_ok(), "no policies hold");
    }

    #[test]
    fn what_is_lacking_is_named() {
        let lacks = metering().lacks();
        assert_eq!(
            lacks,
            [
                "about",
                "legal_basis",
                "subjects",
                "recipients",
                "retention_days",
                "security"
            ]
        );
        let mut joint = metering();
        joint.role = Role::JointController;
        assert!(joint.lacks().contains(&"joint_controllers"));
        joint.role = Role::Processor;
        assert!(joint.lacks().contains(&"controller"));
    }

    #[test]
    fn ids_come_from_names_and_are_not_given_twice() {
        let taken = ["water-metering", "water-metering-2"];
        let id = |name: &str| id_of(name, |id| taken.contains(&id));
        assert_eq!(id("Parking & fines"), "parking-fines");
        assert_eq!(id("Water  metering!"), "water-metering-3");
        assert_eq!(id("水"), "activity");
        assert!(id(&"a".repeat(300)).len() <= 40);
    }

    #[test]
    fn types_are_meant_as_in_a_request() {
        let it = metering();
        assert!(it.names_type(&ngsi_ld::Name::default_term("WaterConsumptionObserved")));
        assert!(!it.names_type(&ngsi_ld::Name::default_term("Person")));
        let all = Description {
            types: vec!["*".into()],
            ..metering()
        };
        assert!(all.names_type(&ngsi_ld::Name::from_iri("https://example.org/Person")));
    }
}

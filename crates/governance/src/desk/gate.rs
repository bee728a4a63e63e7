//! The gate: nobody newly reads data about people before an impact assessment of it holds (GDPR, Article 35 (1): "prior
//! to the processing").

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use ngsi_ld::{Name, Timestamp};

use super::activity::Activity;

/// The most types that a message names.
const MOST_NAMED: usize = 10;

/// Data about people that a change of the policies newly lets somebody read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gained {
    /// The type of the entities.
    pub of: Name,
    /// The class of the attributes.
    pub class: String,
}

/// Why the change is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(
    /// What no assessment covers, at least one.
    pub Vec<Uncovered>,
);

/// Something that no assessment covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// What would be read.
    pub gained: Gained,
    /// The activities that name its type and class, and what each lacks; none: no activity does.
    pub lacking: Vec<(String, Lacking)>,
}

/// What an activity lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// There is no assessment.
    Assessment,
    /// Nobody else approved it.
    Approval,
    /// It was to be looked at again by then.
    Review(Timestamp),
}

/// Whether what is gained is covered: each by an activity that names its type and its class, and of which an impact
/// assessment is approved and not out of date. Answers with the ids of the activities that it rests on.
///
/// # Errors
/// What is not covered, with what is missing.
pub fn gate<'a>(
    gained: impl IntoIterator<Item = &'a Gained>,
    activities: &[Arc<Activity>],
    now: Timestamp,
) -> Result<BTreeSet<String>, Refusal> {
    let (mut rests_on, mut uncovered) = (BTreeSet::new(), Vec::new());
    for one in gained {
        let named: Vec<&Arc<Activity>> = (activities.iter())
            .filter(|activity| {
                let it = &activity.description;
                it.classes.contains(&one.class) && it.names_type(&one.of)
            })
            .collect();
        let lacks = |activity: &Activity| match &activity.assessment {
            None => Some(Lacking::Assessment),
            Some(written) if written.approval.is_none() => Some(Lacking::Approval),
            Some(written) if !written.holds(now) => Some(Lacking::Review(written.findings.review_at)),
            Some(_) => None,
        };
        match named.iter().find(|activity| lacks(activity).is_none()) {
            Some(activity) => {
                rests_on.insert(activity.id.clone());
            }
            None => uncovered.push(Uncovered {
                gained: one.clone(),
                lacking: (named.iter())
                    .filter_map(|activity| Some((activity.id.clone(), lacks(activity)?)))
                    .collect(),
            }),
        }
    }
    if uncovered.is_empty() {
        Ok(rests_on)
    } else {
        Err(Refusal(uncovered))
    }
}

impl Uncovered {
    /// Where the assessment is made.
    pub fn address(&self) -> String {
        match self.lacking.first() {
            Some((id, _)) => format!("/governance/processing/{id}"),
            None => "/governance/processing".to_owned(),
        }
    }
}

impl fmt::Display for Uncovered {
    /// The type, the class, what is missing, and where to make it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gained { of, class } = &self.gained;
        write!(f, "attributes of `{}` in class `{class}`: ", of.short())?;
        match self.lacking.first() {
            None => write!(
                f,
                "no processing activity names this type and this class; enter it and assess it"
            )?,
            Some((id, Lacking::Assessment)) => {
                write!(f, "activity `{id}` has no impact assessment; write one")?;
            }
            Some((id, Lacking::Approval)) => write!(
                f,
                "nobody approved the impact assessment of activity `{id}`; have another person do so"
            )?,
            Some((id, Lacking::Review(at))) => write!(
                f,
                "the impact assessment of activity `{id}` was to be looked at again by {at}; write it anew"
            )?,
        }
        write!(f, ", at {}", self.address())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it would newly let somebody read data about people of which no impact assessment holds \
             (governance.impact_gate): ",
        )?;
        for (number, uncovered) in self.0.iter().take(MOST_NAMED).enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            uncovered.fmt(f)?;
        }
        match self.0.len().saturating_sub(MOST_NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{Approval, Assessment, Description, Findings, Level};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// How an assessment stands.
    #[derive(Clone, Copy)]
    enum Is {
        Missing,
        Draft,
        Approved,
    }

    fn activity(types: &[&str], classes: &[&str], is: Is) -> Arc<Activity> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let approval = Approval {
            by: "ben".into(),
            at: at("2026-02-01T00:00:00Z"),
        };
        let written = |approval| Assessment {
            findings: Findings {
                necessity: "needed".into(),
                risks: Vec::new(),
                residual: Level::Low,
                consultation: String::new(),
                opinion: String::new(),
                review_at: at("2027-01-01T00:00:00Z"),
            },
            author: "ada".into(),
            written_at: at("2026-01-01T00:00:00Z"),
            approval,
        };
        Arc::new(Activity {
            id: "care".into(),
            description: Description {
                types: words(types),
                classes: words(classes),
                ..Description::default()
            },
            assessment: match is {
                Is::Missing => None,
                Is::Draft => Some(written(None)),
                Is::Approved => Some(written(Some(approval))),
            },
            made_at: at("2026-01-01T00:00:00Z"),
            changed_at: at("2026-01-01T00:00:00Z"),
            changed_by: "ada".into(),
        })
    }

    #[test]
    fn what_is_gained_needs_an_assessment_of_its_type_and_class_that_holds() {
        let (both, early, late) = (
            &["personal", "special"][..],
            "2026-12-31T23:59:59Z",
            "2027-01-01T00:00:00Z",
        );
        for (what, entry, now, missing) in [
            (
                "approved",
                Some((&["Patient"][..], both, Is::Approved)),
                early,
                None,
            ),
            (
                "by its whole name",
                Some((
                    &["https://uri.etsi.org/ngsi-ld/default-context/Patient"],
                    both,
                    Is::Approved,
                )),
                early,
                None,
            ),
            ("of every type", Some((&["*"], both, Is::Approved)), early, None),
            (
                "draft",
                Some((&["Patient"], both, Is::Draft)),
                early,
                Some("nobody approved the impact assessment of activity `care`"),
            ),
            (
                "out of date",
                Some((&["Patient"], both, Is::Approved)),
                late,
                Some("was to be looked at again by 2027-01-01T00:00:00Z"),
            ),
            (
                "not written",
                Some((&["Patient"], both, Is::Missing)),
                early,
                Some("activity `care` has no impact assessment"),
            ),
            (
                "another type",
                Some((&["Person"], both, Is::Approved)),
                early,
                Some("no processing activity names this type"),
            ),
            (
                "the other class",
                Some((&["Patient"], &["personal"], Is::Approved)),
                early,
                Some("no processing activity names this type"),
            ),
            (
                "nothing",
                None,
                early,
                Some("no processing activity names this type"),
            ),
        ] {
            let activities: Vec<_> = (entry.into_iter())
                .map(|(types, classes, is)| activity(types, classes, is))
                .collect();
            let gained = Gained {
                of: Name::default_term("Patient"),
                class: "special".into(),
            };
            let told = gate([&gained], &activities, at(now));
            match missing {
                None => assert_eq!(told, Ok(["care".to_owned()].into()), "{what}"),
                Some(missing) => {
                    let told = told.unwrap_err().to_string();
                    for part in [missing, "`Patient`", "`special`", "/governance/processing"] {
                        assert!(told.contains(part), "{what}: {told}\nshould say: {part}");
                    }
                }
            }
        }
        // Where nothing is gained nothing is asked; of several, those that are not covered are named.
        assert_eq!(gate([], &[], at(early)), Ok(BTreeSet::new()));
        let all = ["Patient", "Person"].map(|of| Gained {
            of: Name::default_term(of),
            class: "special".into(),
        });
        let refusal = gate(&all, &[activity(&["Patient"], both, Is::Approved)], at(early)).unwrap_err();
        let named: Vec<_> = refusal.0.iter().map(|one| one.gained.of.short()).collect();
        assert_eq!(named, ["Person"]);
    }
}

//! Why somebody can see something, or cannot: by full evaluation of every policy on that one entity.

use ngsi_ld::{Entity, Name};
use query::view::Class;

use super::asked::Asked;
use super::policy::PolicyInfo;
use super::rule_book::RuleBook;

/// Why a question about one entity is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// For the classes that were asked for.
    pub verdicts: Vec<Verdict>,
}

/// Why a question about the attributes of one class of an entity is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The class.
    pub class: String,
    /// The attributes of the entity that are in the class.
    pub attributes: Vec<Name>,
    /// Whether it may be done.
    pub allowed: bool,
    /// The policies that permit it.
    pub permits: Vec<PolicyInfo>,
    /// The policies that forbid it, whatever others permit.
    pub forbids: Vec<PolicyInfo>,
    /// Why it could not be evaluated; then it may not be done.
    pub failed: Option<String>,
}

impl Verdict {
    /// The reason, in a sentence.
    pub fn reason(&self) -> String {
        let listed = |policies: &[PolicyInfo]| {
            let names = policies.iter().map(|policy| match &policy.title {
                Some(title) => format!("`{}` ({title})", policy.id),
                None => format!("`{}`", policy.id),
            });
            names.collect::<Vec<_>>().join(", ")
        };
        if let Some(failed) = &self.failed {
            return format!("it could not be evaluated: {failed}");
        }
        match (self.permits.is_empty(), self.forbids.is_empty()) {
            (true, true) => "no policy permits it".to_owned(),
            (false, true) => format!("permitted by {}", listed(&self.permits)),
            (_, false) => format!("forbidden by {}", listed(&self.forbids)),
        }
    }
}

impl RuleBook {
    /// Why a question about an entity is answered as it is: for the class of one attribute, or for every class.
    pub fn explain(&self, asked: &Asked, entity: &Entity, attribute: Option<&Name>) -> Explanation {
        let classification = self.classes().classification();
        let of_attribute = attribute.map(|attribute| classification.class_of(entity, attribute));
        let verdicts = self.classes().names().enumerate().filter_map(|(at, name)| {
            let class = Class(u8::try_from(at).ok()?);
            let wanted = of_attribute.is_none_or(|of| of == class);
            wanted.then(|| self.verdict(asked, entity, class, name))
        });
        Explanation {
            verdicts: verdicts.collect(),
        }
    }

    fn verdict(&self, asked: &Asked, entity: &Entity, class: Class, name: &str) -> Verdict {
        let classification = self.classes().classification();
        let mut attributes: Vec<Name> = entity
            .attributes
            .iter()
            .map(|attribute| attribute.name.clone())
            .collect();
        attributes.dedup();
        attributes.retain(|attribute| classification.class_of(entity, attribute) == class);
        let infos = |ids: &[String]| {
            ids.iter()
                .filter_map(|id| self.policy(id).cloned())
                .collect::<Vec<_>>()
        };
        match self.satisfied(asked, name, entity) {
            Ok(found) => Verdict {
                class: name.to_owned(),
                attributes,
                allowed: found.allowed,
                permits: infos(&found.permits),
                forbids: infos(&found.forbids),
                failed: None,
            },
            Err(error) => Verdict {
                class: name.to_owned(),
                attributes,
                allowed: false,
                permits: Vec::new(),
                forbids: Vec::new(),
                failed: Some(error.to_string()),
            },
        }
    }
}

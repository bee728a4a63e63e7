//! Why somebody can see something of an entity or do something with it, or cannot: for those who answer for the policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::{Entity, Name, Uri};
use query::{Caller, Purpose, View};
use twin::Reader;

use crate::error::{Error, Result};
use crate::policies::{Action, Verdict};
use crate::state::shortened;
use crate::{Assurance, Permission, PolicyViews, Principal};

/// How somebody is called who did not say who they are.
const ANONYMOUS: &str = "anonymous";

/// What is to be explained.
#[derive(Clone, Debug)]
pub struct WhyAsked<'a> {
    /// The id or the name of an account, the id of a key or a device, or `anonymous`.
    pub who: &'a str,
    /// To do what.
    pub action: Action,
    /// What for.
    pub purpose: &'a Purpose,
    /// In which tenant.
    pub tenant: Option<&'a str>,
    /// By how many factors they would prove who they are; without it, by as many as they can.
    pub assurance: Option<Assurance>,
    /// With which entity.
    pub entity: &'a Uri,
    /// With which attribute of it, by its name or its full IRI; without it, with any.
    pub attribute: Option<&'a str>,
}

/// Why somebody can do something with an entity, or cannot.
#[derive(Clone, Debug)]
pub struct Why {
    /// Who; nobody, where it is about those who do not say who they are.
    pub who: Option<Principal>,
    /// The types of the entity.
    pub types: Vec<Name>,
    /// The permission that the doors ask for before any policy is asked, and whether they have it.
    pub permission: Option<(Permission, bool)>,
    /// For each class of attributes, what the policies say.
    pub verdicts: Vec<Verdict>,
    /// Whether only classes count that the entity has something of: to see nothing of it is not to see it.
    of_what_is_there: bool,
}

impl Why {
    /// Whether they can do it with any of the attributes that were asked about.
    pub fn allowed(&self) -> bool {
        let counts = |verdict: &&Verdict| !self.of_what_is_there || !verdict.attributes.is_empty();
        self.permission.is_none_or(|(_, given)| given)
            && self.verdicts.iter().filter(counts).any(|verdict| verdict.allowed)
    }
}

impl PolicyViews {
    /// Explains it to somebody who sees by `by`: of what they do not see, nothing is told. It takes milliseconds.
    ///
    /// # Errors
    /// When there is no such account, key, device or entity, the account may not log in, or the policies decide by what
    /// whoever asks does not see.
    pub fn why(&self, city: &dyn Reader, by: &View, asked: &WhyAsked<'_>) -> Result<Why, Error> {
        let who = self.meant(asked)?;
        let missing = || Error::NotFound {
            what: "entity",
            id: shortened(asked.entity.as_str()),
        };
        let entity = city.get(by, asked.entity).ok_or_else(missing)?;
        let attribute = asked.attribute.map(|text| named(&entity, text));
        let question = self.question(who.as_ref(), asked.tenant, asked.purpose, asked.action);
        let rules = self.policies().rules();
        let rights = rules.rights(&question);
        let deciding = rights.depend_on().into_iter().cloned().collect();
        if !sees_all(city, by, asked.entity, &deciding) {
            return Err(Error::Unseen);
        }
        // What the policies decide by, whoever asks sees: so what they see decides as the whole of it would.
        let verdicts = rules.explain(&question, &entity, attribute.as_ref()).verdicts;
        Ok(Why {
            permission: needed(asked.action)
                .map(|needed| (needed, who.as_ref().is_some_and(|who| who.may(needed)))),
            who,
            types: entity.types.clone(),
            of_what_is_there: asked.attribute.is_none()
                && !matches!(asked.action, Action::Write | Action::Actuate | Action::Admin)
                && !entity.attributes.is_empty(),
            verdicts,
        })
    }

    fn meant(&self, asked: &WhyAsked<'_>) -> Result<Option<Principal>> {
        if asked.who == ANONYMOUS {
            return Ok(None);
        }
        let access = self.access();
        let person = access.person(asked.who).ok();
        let id = person.as_ref().map_or(asked.who, |person| &person.id);
        let mut who = access.principal(id).ok_or_else(|| match &person {
            Some(_) => Error::State("nobody can log in with this account, so it sees and does nothing"),
            None => Error::NotFound {
                what: "account, key or device",
                id: shortened(asked.who),
            },
        })?;
        if let Some(person) = &person {
            let most = if person.second_factor {
                Assurance::Two
            } else {
                Assurance::One
            };
            who.assurance = asked.assurance.unwrap_or(most);
        }
        Ok(Some(who))
    }
}

/// Whether somebody sees, where they are there, all of these attributes of an entity. It is by their names: whether the
/// entity has them, the answer does not tell.
pub(crate) fn sees_all(city: &dyn Reader, by: &View, id: &Uri, attributes: &BTreeSet<Name>) -> bool {
    if attributes.is_empty() || by.read().is_all() {
        return true;
    }
    let whole = View::open(Caller::System("access"), &by.purpose().0);
    let Some(entity) = city.get(&whole, id) else {
        return false;
    };
    let mut sees = by.read().of(&entity);
    attributes.iter().all(|name| sees.to_attribute(name))
}

/// The permission that the doors ask for before any policy is asked.
fn needed(action: Action) -> Option<Permission> {
    match action {
        Action::Read | Action::History | Action::Aggregate | Action::Export => Some(Permission::TwinRead),
        Action::Subscribe => Some(Permission::SubscriptionsManage),
        Action::Write | Action::Delete => Some(Permission::TwinWrite),
        Action::Actuate | Action::Admin => None,
    }
}

/// The attribute that somebody means: one that the entity has, else what a request without @context would mean.
fn named(entity: &Arc<Entity>, text: &str) -> Name {
    let known = entity.attributes.iter().map(|attribute| &attribute.name);
    let mut known = known.filter(|name| name.as_str() == text || name.short() == text);
    known
        .next()
        .cloned()
        .unwrap_or_else(|| Context::core().expand(text))
}

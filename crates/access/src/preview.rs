//! A change of the policies before it is made: who of those there are gains or loses what of the entities there are.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use query::{Purpose, Selection, View};
use twin::Reader;

use crate::policies::{
    Action, Asked, ChangeError, Finding, Impact, Limits, RuleBook, Shift, Subject, UNSAID,
};
use crate::why::sees_all;
use crate::{Assurance, PolicyViews, Principal};

/// The actions that are compared: those that views are made of.
const COMPARED: [Action; 5] = [
    Action::Read,
    Action::History,
    Action::Subscribe,
    Action::Write,
    Action::Delete,
];
/// The most people and keys that are asked about.
const MAX_ASKED: usize = 200;
/// The most decisions (rights that differ, times entities): some seconds of work.
const MAX_WORK: usize = 20_000_000;

/// What documents are to be put, by name; none: taken away.
pub type Changes = BTreeMap<String, Option<String>>;

/// What a change of the policies would change.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What is odd about the policies, but not wrong.
    pub odd: Vec<Finding>,
    /// What some gain and lose, losses first.
    pub shifts: Vec<PreviewShift>,
    /// How often something was gained or lost beside those that are listed.
    pub unlisted: usize,
    /// How many people, keys, devices and strangers were asked about, of how many. Of devices that differ in nothing but
    /// the id, one is.
    pub asked: (usize, usize),
    /// How many entities were looked at, of how many that whoever asks can see.
    pub entities: (usize, usize),
}

/// What some gain or lose.
#[derive(Clone, Debug)]
pub struct PreviewShift {
    /// Who.
    pub who: Vec<Whom>,
    /// To do what.
    pub action: Action,
    /// Of what, and how much.
    pub shift: Shift,
}

/// Somebody, or whoever does not say who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// The account's id, the key's or the device's.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its groups.
    pub groups: Vec<String>,
}

impl PolicyViews {
    /// What a change of the policies would change in a tenant, for a request of the usual purpose and at this time of
    /// the day; told to somebody who sees by `by`, of what they see: where the policies decide by attributes that they do
    /// not see, the entity is not looked at. It takes seconds where there is much.
    ///
    /// # Errors
    /// When the documents would not hold together, or the twin cannot be read.
    pub fn preview(
        &self,
        city: &dyn Reader,
        by: &View,
        tenant: Option<&str>,
        changes: &Changes,
    ) -> Result<Preview, ChangeError> {
        let mut documents = self.policies().documents().as_ref().clone();
        for (name, text) in changes {
            documents = documents.with(name, text.clone())?;
        }
        let after = RuleBook::read(&documents, Limits::default())?;
        let before = self.policies().rules();
        let (whom, all) = self.everybody(tenant, &[], MAX_ASKED);
        let purpose = Purpose(UNSAID.into());
        let mut asked: Vec<Asked> = Vec::new();
        for action in COMPARED {
            let each = whom
                .iter()
                .map(|(_, who)| self.question(who.as_ref(), tenant, &purpose, action));
            asked.extend(each);
        }
        let mut impact = Impact::new(&before, &after, &asked);
        let most = MAX_WORK / impact.work().max(1);
        let deciding = impact.depends_on();
        let (mut looked, mut there) = (0, 0);
        let scanned = city.scan(by, &Selection::default(), &mut |shown| {
            there += 1;
            if looked < most && sees_all(city, by, &shown.id, &deciding) {
                looked += 1;
                impact.look(shown, shown);
            }
            true
        });
        scanned.map_err(|error| crate::policies::StoreError::Failed(error.to_string()))?;
        let (shifts, unlisted) = impact.shifts();
        let people = whom.len().max(1);
        let shifts = shifts.into_iter().flat_map(|shift| {
            // A shift is of one question, and the questions of an action stand together.
            COMPARED.into_iter().enumerate().filter_map({
                let whom = &whom;
                move |(at, action)| {
                    let of_action = shift.asked.iter().filter(|number| **number / people == at);
                    let who: Vec<Whom> = of_action
                        .filter_map(|number| whom.get(number % people))
                        .map(|(whom, _)| whom.clone())
                        .collect();
                    (!who.is_empty()).then(|| PreviewShift {
                        who,
                        action,
                        shift: shift.clone(),
                    })
                }
            })
        });
        Ok(Preview {
            odd: after.odd().to_vec(),
            shifts: shifts.collect(),
            unlisted,
            asked: (whom.len(), all),
            entities: (looked, there),
        })
    }

    /// Everybody who can be let in, at most so many: those with other rights first, then those whom texts name; and how
    /// many there are.
    pub(crate) fn everybody(
        &self,
        tenant: Option<&str>,
        texts: &[&str],
        most: usize,
    ) -> (Vec<(Whom, Option<Principal>)>, usize) {
        let access = self.access();
        let people = access.people().into_iter().filter_map(|person| {
            let mut who = access.principal(&person.id)?;
            if person.second_factor {
                who.assurance = Assurance::Two;
            }
            Some(who)
        });
        let keys = access.keys(None).into_iter();
        let keys = keys.filter_map(|key| access.principal(&key.id));
        let mut everybody: Vec<Principal> = people.chain(keys).collect();
        let (devices, active) = access.unlike_devices();
        let all = everybody.len() + active + 1;
        everybody.extend(devices);
        let mut known: HashSet<Subject> = HashSet::new();
        let purpose = Purpose(UNSAID.into());
        // Who differs in nothing but the name comes after those who differ.
        let (mut others, mut named, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for who in everybody {
            let mut subject = self.question(Some(&who), tenant, &purpose, Action::Read).subject;
            subject.id = "".into();
            let list = if known.insert(subject) {
                &mut others
            } else if texts.iter().any(|text| text.contains(&*who.id)) {
                &mut named
            } else {
                &mut same
            };
            list.push(who);
        }
        let stranger = Whom {
            id: "anonymous".into(),
            name: "anonymous".into(),
            groups: Vec::new(),
        };
        let everybody = others.into_iter().chain(named).chain(same).map(|who| {
            let whom = Whom {
                id: Arc::clone(&who.id),
                name: Arc::clone(&who.name),
                groups: who.groups.clone(),
            };
            (whom, Some(who))
        });
        let asked = std::iter::once((stranger, None)).chain(everybody);
        (asked.take(most).collect(), all)
    }
}

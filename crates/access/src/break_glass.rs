//! Wider rights for a while, in an emergency: taken with a reason, seen by others, over by themselves, and reviewed by
//! somebody else.
//!
//! Who breaks the glass has the role `break-glass` besides their own; what that gives is for the policies to say. It
//! holds for what they do themselves in their sessions: neither their keys nor their subscriptions get any wider.

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::later;
use crate::permissions::Permission;
use crate::principal::{Kind, Principal};
use crate::secret;
use crate::state::{Change, State, shortened};

/// The role that policies know it by.
pub const BREAK_GLASS_ROLE: &str = "break-glass";
/// How long it lasts where nobody says.
pub const USUAL_TIME: Duration = Duration::from_hours(1);
/// How long it lasts at most.
pub const LONGEST_TIME: Duration = Duration::from_hours(4);
/// A reason has at least so many characters, and at most.
const REASON: std::ops::RangeInclusive<usize> = 10..=1000;
/// What is said to a key.
const PEOPLE_ONLY: &str = "this is for a person who logged in and may do it, not for a key";
/// How many there may be. They are kept: they are evidence.
const MOST: usize = 10_000;

/// One time that somebody took wider rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Names it.
    pub id: Arc<str>,
    /// The id of whose account.
    pub person: Arc<str>,
    /// What the account was called.
    pub name: String,
    /// Why, in their own words.
    pub reason: String,
    /// Since when.
    pub begun_at: Timestamp,
    /// It ends then at the latest.
    pub until: Timestamp,
    /// When it ended, once that is noted.
    pub ended_at: Option<Timestamp>,
    /// What somebody else found.
    pub review: Option<Review>,
}

/// What somebody found who looked at it afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The id of whose account.
    pub by: Arc<str>,
    /// What the account was called.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Whether there was good reason.
    pub justified: bool,
    /// What there is to say.
    pub note: String,
}

impl BreakGlass {
    /// Whether it holds at an instant.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }
}

impl Access {
    /// All of them, the latest first.
    pub fn break_glasses(&self) -> Vec<BreakGlass> {
        let mut all: Vec<BreakGlass> =
            self.read(|state| state.glasses.values().map(|one| (**one).clone()).collect());
        all.sort_by(|a, b| b.begun_at.cmp(&a.begun_at).then_with(|| a.id.cmp(&b.id)));
        all
    }

    /// Those that hold now.
    pub fn open_break_glasses(&self) -> Vec<BreakGlass> {
        let now = self.now();
        self.read(|state| {
            let open = state.broken.values().filter_map(|id| state.glasses.get(id));
            open.filter(|one| one.is_open(now))
                .map(|one| (**one).clone())
                .collect()
        })
    }

    /// Takes wider rights for somebody who may, from now on.
    pub fn break_glass(&self, who: &Principal, reason: &str, time: Duration) -> Result<BreakGlass, Error> {
        if who.kind != Kind::Person || !who.may(Permission::BreakGlass) {
            return Err(Error::Wrong(PEOPLE_ONLY));
        }
        let reason = reason.trim();
        if !REASON.contains(&reason.chars().count()) {
            return Err(Error::Wrong("say why in 10 to 1000 characters"));
        }
        if time.is_zero() || time > LONGEST_TIME {
            return Err(Error::Wrong("it lasts four hours at most, and a minute at least"));
        }
        let id: Arc<str> = secret::token::<8>(&*self.inner().random)?.into();
        let now = self.now();
        let begun = self.change(|state| {
            if state.broken_by(&who.id, now).is_some() {
                return Err(Error::State(
                    "you have broken the glass already, and it still holds",
                ));
            }
            if state.glasses.len() >= MOST {
                return Err(Error::Many("10000 times that somebody broke the glass"));
            }
            let one = BreakGlass {
                id,
                person: Arc::clone(&who.id),
                name: who.name.to_string(),
                reason: reason.to_owned(),
                begun_at: now,
                until: later(now, time),
                ended_at: None,
                review: None,
            };
            // One that ended by itself a moment ago is noted at last.
            let mut changes: Vec<Change> = over(state, now)
                .into_iter()
                .filter(|change| matches!(change, Change::BreakGlass(one) if one.person == who.id))
                .collect();
            changes.push(Change::BreakGlass(one.clone()));
            Ok((changes, one))
        })?;
        tracing::warn!(person = &*begun.person, id = &*begun.id, until = %begun.until, "somebody broke the glass");
        Ok(begun)
    }

    /// Ends it before its time: whoever broke the glass, and whoever answers for the policies.
    pub fn end_break_glass(&self, id: &str, by: &Principal) -> Result<BreakGlass, Error> {
        let now = self.now();
        self.change(|state| {
            let one = known(state, id)?;
            if one.person != by.id && !by.may(Permission::PoliciesManage) {
                return Err(missing(id));
            }
            if !one.is_open(now) {
                return Err(Error::State("it has ended already"));
            }
            let mut ended = (**one).clone();
            ended.ended_at = Some(now);
            Ok((vec![Change::BreakGlass(ended.clone())], ended))
        })
    }

    /// Writes down what somebody found who is somebody else, and answers for the policies.
    pub fn review_break_glass(
        &self,
        id: &str,
        by: &Principal,
        justified: bool,
        note: &str,
    ) -> Result<BreakGlass, Error> {
        if by.kind != Kind::Person || !by.may(Permission::PoliciesManage) {
            return Err(Error::Wrong(PEOPLE_ONLY));
        }
        let note = note.trim();
        if note.chars().count() > *REASON.end() {
            return Err(Error::Wrong("a note has at most 1000 characters"));
        }
        let now = self.now();
        self.change(|state| {
            let one = known(state, id)?;
            if one.person == by.id {
                return Err(Error::State(
                    "nobody reviews what they did themselves; ask somebody else",
                ));
            }
            if one.is_open(now) {
                return Err(Error::State(
                    "it still holds; end it first, or wait until it has ended",
                ));
            }
            if one.review.is_some() {
                return Err(Error::State("somebody has reviewed it already"));
            }
            let mut reviewed = (**one).clone();
            reviewed.ended_at.get_or_insert(one.until);
            reviewed.review = Some(Review {
                by: Arc::clone(&by.id),
                name: by.name.to_string(),
                at: now,
                justified,
                note: note.to_owned(),
            });
            Ok((vec![Change::BreakGlass(reviewed.clone())], reviewed))
        })
    }
}

impl State {
    /// The one by which somebody has wider rights now.
    pub(crate) fn broken_by(&self, person: &str, now: Timestamp) -> Option<&Arc<BreakGlass>> {
        let one = self.glasses.get(self.broken.get(person)?)?;
        one.is_open(now).then_some(one)
    }

    /// Takes one that is stored.
    pub(crate) fn apply_glass(&mut self, one: BreakGlass) {
        if one.ended_at.is_none() {
            self.broken.insert(Arc::clone(&one.person), Arc::clone(&one.id));
        } else if self.broken.get(&one.person) == Some(&one.id) {
            self.broken.remove(&one.person);
        }
        self.glasses.insert(Arc::clone(&one.id), Arc::new(one));
    }
}

/// Those that ended by themselves, which is not noted yet.
pub(crate) fn over(state: &State, now: Timestamp) -> Vec<Change> {
    let open = state.broken.values().filter_map(|id| state.glasses.get(id));
    open.filter(|one| one.ended_at.is_none() && one.until <= now)
        .map(|one| {
            let mut ended = (**one).clone();
            ended.ended_at = Some(one.until);
            Change::BreakGlass(ended)
        })
        .collect()
}

/// What a change of one is called in the audit log.
pub(crate) fn action(before: Option<&BreakGlass>, after: &BreakGlass) -> &'static str {
    match before {
        None => "break-glass.begin",
        Some(before) if before.review.is_none() && after.review.is_some() => "break-glass.review",
        Some(_) => "break-glass.end",
    }
}

fn known<'a>(state: &'a State, id: &str) -> Result<&'a Arc<BreakGlass>> {
    state.glasses.get(id).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Error {
    Error::NotFound {
        what: "break-glass",
        id: shortened(id),
    }
}

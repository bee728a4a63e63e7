//! Legal holds: what may not be destroyed while somebody has to keep it, as for a court.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::{Entity, Name, Timestamp, Uri};
use parking_lot::RwLock;
use query::{Prepared, Selection};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::shelf::Record;
use super::{instant, words};

/// What a hold is made of. What is held fits everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewHold {
    /// Why: the case, its number, who asked.
    pub reason: String,
    /// In whose data; without it, the default tenant's.
    pub tenant: Option<String>,
    /// These entities.
    pub entities: Vec<String>,
    /// Entities of these types: terms, or full IRIs.
    pub types: Vec<String>,
    /// Entities of these Scopes (4.19).
    pub scope: String,
    /// Entities of which this query holds (4.9).
    pub q: String,
    /// From when on; without it, from now.
    #[serde(with = "instant::optional")]
    pub from: Option<Timestamp>,
    /// Until when; without it, until it is released.
    #[serde(with = "instant::optional")]
    pub until: Option<Timestamp>,
}

/// That a hold was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// By whom: another person than who placed it.
    pub by: String,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// Why.
    pub note: String,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id: `h-2026-0001`.
    pub id: String,
    /// Why.
    pub reason: String,
    /// In whose data.
    pub tenant: Option<String>,
    /// These entities.
    pub entities: Vec<String>,
    /// Entities of these types.
    pub types: Vec<String>,
    /// Entities of these Scopes.
    pub scope: String,
    /// Entities of which this query holds.
    pub q: String,
    /// From when on.
    #[serde(with = "instant")]
    pub from: Timestamp,
    /// Until when.
    #[serde(with = "instant::optional")]
    pub until: Option<Timestamp>,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    #[serde(with = "instant")]
    pub placed_at: Timestamp,
    /// That it was released.
    pub released: Option<Release>,
}

impl Record for Hold {
    const TABLE: &'static str = "governance-holds";
    const SORT: &'static str = "LegalHold";
    const WHAT: &'static str = "legal hold";
    const MOST: usize = 2_000;
    fn id(&self) -> &str {
        &self.id
    }
}

impl Hold {
    pub(super) fn new(id: String, new: NewHold, by: String, now: Timestamp) -> Result<Self> {
        words::some(
            "reason",
            &new.reason,
            words::TEXT,
            "say why it is held: the case, and who asked",
        )?;
        words::text("scope", &new.scope, words::NAME)?;
        words::text("q", &new.q, words::TEXT)?;
        words::list("types", new.types.iter().map(String::as_str))?;
        let entities = super::request::entities(&new.entities)?;
        let from = new.from.unwrap_or(now);
        let hold = Self {
            id,
            reason: new.reason,
            tenant: new.tenant.filter(|name| !name.is_empty()),
            entities,
            types: new.types,
            scope: new.scope.trim().to_owned(),
            q: new.q.trim().to_owned(),
            from,
            until: new.until,
            placed_by: by,
            placed_at: now,
            released: None,
        };
        if hold.until.is_some_and(|until| until <= from || until <= now) {
            return Err(Error::wrong(
                "until",
                "it is past, or before `from`: leave it out, or give a later day",
            ));
        }
        Standing::of(&hold)?;
        Ok(hold)
    }

    /// Whether it stands at an instant.
    pub fn stands(&self, at: Timestamp) -> bool {
        self.released.is_none() && self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Whether it still may stand, now or later.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.released.is_none() && self.until.is_none_or(|until| at < until)
    }
}

/// A hold, ready for many questions.
struct Standing {
    id: String,
    tenant: Option<String>,
    from: Timestamp,
    until: Option<Timestamp>,
    ids: Vec<Uri>,
    types: Vec<Name>,
    scope: Option<ScopeQuery>,
    q: Option<Prepared>,
}

impl Standing {
    fn of(hold: &Hold) -> Result<Self> {
        let core = Context::core();
        let ids: Vec<Uri> = (hold.entities.iter())
            .filter_map(|id| Uri::parse(id).ok())
            .collect();
        let types: Vec<Name> = hold.types.iter().map(|of| core.expand(of)).collect();
        let scope = if hold.scope.is_empty() {
            None
        } else {
            Some(ScopeQuery::parse(&hold.scope).map_err(|error| Error::wrong("scope", error.to_string()))?)
        };
        let q = if hold.q.is_empty() {
            None
        } else {
            let q = Q::parse(&hold.q, core).map_err(|error| Error::wrong("q", error.to_string()))?;
            if q.linked_depth() > 0 {
                return Err(Error::wrong(
                    "q",
                    "it asks of entities that others point to; a hold can ask of the held entity only",
                ));
            }
            let selection = Selection {
                q: Some(q),
                ..Selection::default()
            };
            Some(
                selection
                    .prepare()
                    .map_err(|error| Error::wrong("q", error.to_string()))?,
            )
        };
        if ids.is_empty() && types.is_empty() && scope.is_none() && q.is_none() {
            return Err(Error::wrong(
                "entities",
                "nothing says what is held: give `entities`, `types`, `scope` or `q`",
            ));
        }
        Ok(Self {
            id: hold.id.clone(),
            tenant: hold.tenant.clone(),
            from: hold.from,
            until: hold.until,
            ids,
            types,
            scope,
            q,
        })
    }

    fn holds(&self, tenant: Option<&str>, entity: &Entity, whole: bool, now: Timestamp) -> bool {
        self.tenant.as_deref() == tenant
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
            && (self.ids.is_empty() || self.ids.contains(&entity.id))
            && (self.types.is_empty() || self.types.iter().any(|of| entity.types.contains(of)))
            && (self.scope.as_ref()).is_none_or(|scope| scope.matches(&entity.scope))
            // Of what is gone not all values are known: what the query could hold of is held.
            && (!whole || self.q.as_ref().is_none_or(|q| q.matches(entity)))
    }
}

/// The holds that stand or will: what the twins ask before they destroy anything.
#[derive(Default)]
pub(super) struct Book(RwLock<Vec<Standing>>);

impl Book {
    /// Makes it what these say.
    pub(super) fn write(&self, holds: impl FnOnce() -> Vec<Arc<Hold>>) {
        let mut book = self.0.write();
        let holds = holds();
        let standing = (holds.iter()).filter(|hold| hold.released.is_none()).filter_map(|hold| {
            Standing::of(hold)
                .inspect_err(|error| tracing::error!(hold = hold.id, %error, "a legal hold cannot be read any more"))
                .ok()
        });
        *book = standing.collect();
    }

    /// Adds one, before it is durable: nothing slips through meanwhile.
    pub(super) fn add(&self, hold: &Hold) -> Result<()> {
        self.0.write().push(Standing::of(hold)?);
        Ok(())
    }
}

impl twin::Holds for Book {
    fn on(&self, tenant: Option<&str>, entity: &Entity, whole: bool, now: Timestamp) -> Option<String> {
        let standing = self.0.read();
        let hold = standing
            .iter()
            .find(|hold| hold.holds(tenant, entity, whole, now))?;
        Some(hold.id.clone())
    }
}

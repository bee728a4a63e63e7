//! Who writes down what is done: told of every group before it is committed, and heard in the same commit.
//!
//! So that nothing is acknowledged whose record is not durable with it, and nothing is recorded that did not happen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ngsi_ld::{Entity, Name, Timestamp, Uri};
use query::{Caller, View};
use storage::{Change, StorageReader};

use crate::error::Error;
use crate::rows::Row;
use crate::stage::{Did, Finished};

/// Writes down what is done in one twin. Called on the thread of its writer, so briefly.
pub trait Witness: Send {
    /// What a group did that is about to be committed. Answers with rows for the same commit.
    ///
    /// # Errors
    /// Why it cannot be written down: then nothing of the group is done.
    fn saw(&mut self, deeds: &[Deed<'_>], now: Timestamp) -> Result<Vec<Row>, Error>;

    /// Nothing is done at the moment; asked about once a second, and at the end with `last`. Answers with rows for a
    /// commit of their own, none as a rule.
    fn rest(&mut self, now: Timestamp, last: bool) -> Vec<Row>;

    /// Whether [`Self::rest`] has nothing to write until something is done.
    fn is_at_rest(&self) -> bool;

    /// The rows that were answered last are durable, or were not written.
    fn settled(&mut self, durable: bool);
}

/// Gives each tenant its witness.
pub trait Witnesses: Send + Sync {
    /// The witness of a tenant's twin (the default one has no name), asked when its store is opened. `reader` reads
    /// that store.
    ///
    /// # Errors
    /// Why what it wrote before cannot be read: then the twin is not opened.
    fn of(
        &self,
        tenant: Option<&str>,
        reader: &Arc<dyn StorageReader>,
    ) -> Result<Option<Box<dyn Witness>>, Error>;
}

/// Something that was done.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// An operation changed an entity, or its past.
    Entity {
        /// Who asked, and what for.
        view: &'a View,
        /// [`crate::Operation::action`].
        action: &'static str,
        /// The entity.
        id: &'a Uri,
        /// Its first type.
        entity_type: Option<&'a Name>,
        /// What it was; `None`: it was not there.
        before: Option<&'a Entity>,
        /// What is written of it, and nothing that stays.
        written: &'a [Change],
        /// The instant that the operation left on what it changed.
        at: Timestamp,
    },
    /// Something beside entities.
    Event(&'a Event),
}

/// Something done beside entities, or refused: of subscriptions, identities, policies …
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who did it.
    pub caller: Caller,
    /// For whom, where that is somebody else.
    pub on_behalf_of: Option<Arc<str>>,
    /// What for.
    pub purpose: Arc<str>,
    /// The request it came with.
    pub request: Option<Arc<str>>,
    /// What was done, as in `subscription.create`.
    pub action: Arc<str>,
    /// To what: the sort of thing, and its name.
    pub target: Option<(Arc<str>, Arc<str>)>,
    /// Whether it was allowed.
    pub allowed: bool,
    /// What the thing was, as bytes of which a hash is noted.
    pub before: Option<Vec<u8>>,
    /// What it is now.
    pub after: Option<Vec<u8>>,
}

impl Event {
    /// Something that the caller of a view was allowed to do.
    pub fn by(view: &View, action: &str) -> Self {
        Self {
            request: view.request().cloned(),
            ..Self::of(view.caller().clone(), &view.purpose().0, action)
        }
    }

    /// Something that a caller was allowed to do for a purpose.
    pub fn of(caller: Caller, purpose: &str, action: &str) -> Self {
        Self {
            caller,
            on_behalf_of: None,
            purpose: purpose.into(),
            request: None,
            action: action.into(),
            target: None,
            allowed: true,
            before: None,
            after: None,
        }
    }

    /// The same, done to this.
    #[must_use]
    pub fn to(mut self, sort: &str, name: &str) -> Self {
        self.target = Some((sort.into(), name.into()));
        self
    }

    /// The same, with what the thing was and is: the bytes of the rows that hold it.
    #[must_use]
    pub fn with(mut self, before: Option<Vec<u8>>, after: Option<Vec<u8>>) -> Self {
        (self.before, self.after) = (before, after);
        self
    }
}

/// Rows, and what they tell of.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) rows: Vec<Row>,
    pub(crate) events: Vec<Event>,
}

impl Noted {
    /// As how many operations it counts.
    pub(crate) fn weight(&self) -> usize {
        self.rows.len() + self.events.len()
    }
}

impl From<Vec<Row>> for Noted {
    fn from(rows: Vec<Row>) -> Self {
        Self {
            rows,
            events: Vec::new(),
        }
    }
}

/// The witness of a writer, if it has one.
pub(crate) struct Watch {
    witness: Option<Box<dyn Witness>>,
    /// The view of what the twin does by itself.
    own: View,
}

impl Watch {
    pub(crate) fn new(witness: Option<Box<dyn Witness>>) -> Self {
        Self {
            witness,
            own: View::open(Caller::System("twin"), "service-operation"),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.witness.is_some()
    }

    /// What the witness adds to the commit of a group. `views`: of its requests, in order.
    pub(crate) fn saw(
        &mut self,
        finished: &Finished,
        views: &[View],
        events: &[Event],
        now: Timestamp,
    ) -> Result<Vec<Change>, Error> {
        let Some(witness) = &mut self.witness else {
            return Ok(Vec::new());
        };
        let own = &self.own;
        let done = finished.deeds.iter().map(|did| deed(did, finished, views, own));
        ask(
            &mut **witness,
            &done.chain(events.iter().map(Deed::Event)).collect::<Vec<_>>(),
            now,
        )
    }

    /// The same of events alone.
    pub(crate) fn saw_events(&mut self, events: &[Event], now: Timestamp) -> Result<Vec<Change>, Error> {
        match &mut self.witness {
            Some(witness) => ask(
                &mut **witness,
                &events.iter().map(Deed::Event).collect::<Vec<_>>(),
                now,
            ),
            None => Ok(Vec::new()),
        }
    }

    /// What it wants written while nothing else is.
    pub(crate) fn rest(&mut self, now: Timestamp, last: bool) -> Vec<Change> {
        let Some(witness) = &mut self.witness else {
            return Vec::new();
        };
        let rows = catch_unwind(AssertUnwindSafe(|| witness.rest(now, last))).unwrap_or_else(|_| {
            tracing::error!("the audit log met a defect of this program; no checkpoint was made");
            Vec::new()
        });
        rows.into_iter().map(Change::from).collect()
    }

    /// Whether it wants nothing written until something is done.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.witness.as_ref().is_none_or(|witness| witness.is_at_rest())
    }

    pub(crate) fn settled(&mut self, durable: bool) {
        if let Some(witness) = &mut self.witness {
            witness.settled(durable);
        }
    }
}

fn ask(witness: &mut dyn Witness, deeds: &[Deed<'_>], now: Timestamp) -> Result<Vec<Change>, Error> {
    if deeds.is_empty() {
        return Ok(Vec::new());
    }
    let rows = catch_unwind(AssertUnwindSafe(|| witness.saw(deeds, now))).unwrap_or_else(|_| {
        Err(Error::Storage(
            "writing the audit log met a defect of this program, and nothing was done; please report it with the log"
                .to_owned(),
        ))
    })?;
    Ok(rows.into_iter().map(Change::from).collect())
}

fn deed<'a>(did: &'a Did, finished: &'a Finished, views: &'a [View], own: &'a View) -> Deed<'a> {
    // What has had its time goes by itself, whoever's request it was that found it so.
    let asked = did.request.and_then(|request| views.get(request));
    Deed::Entity {
        view: asked.unwrap_or(own),
        action: did.action,
        id: &did.id,
        entity_type: did.entity_type.as_ref(),
        before: did.before.as_deref(),
        written: finished.changes.get(did.written.clone()).unwrap_or_default(),
        at: did.at,
    }
}

//! Everything that can be read, of the live twin and of a snapshot alike.

use std::sync::Arc;

use ngsi_ld::query::temporal::TemporalQuery;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{EntityQuery, OrderPlan, Plan, Selection, Sorter, View};

use crate::error::Error;
use crate::ordered::Ordered;

/// Everything that can be read, of the live twin and of a snapshot alike. Every read takes a [`View`]: what it
/// hides does not exist.
pub trait Reader: Send + Sync {
    /// One entity.
    fn get(&self, view: &View, id: &Uri) -> Option<Arc<Entity>>;
    /// One page of the entities that a query selects, in order of creation.
    fn query(&self, view: &View, query: &EntityQuery) -> Result<Page, Error>;
    /// The path by which [`Self::query`] finds a page, for people and for tests.
    fn plan(&self, query: &EntityQuery) -> Plan {
        Plan::of(&query.selection)
    }
    /// One page of the entities that a query selects, in the order of `sorter`; those that it finds equal in order
    /// of creation. Holds no more than the page and what is before it, at most [`crate::MAX_ORDERED`].
    fn ordered(&self, view: &View, query: &EntityQuery, sorter: &Sorter) -> Result<Page, Error> {
        let mut ordered = Ordered::new(sorter, query.offset, query.limit)?;
        self.scan(view, &query.selection, &mut |entity| {
            ordered.push(entity);
            true
        })?;
        Ok(ordered.page(query.count))
    }
    /// The way by which [`Self::ordered`] finds a page, for people and for tests.
    fn order_plan(&self, view: &View, query: &EntityQuery, sorter: &Sorter) -> OrderPlan {
        let _ = (view, sorter);
        OrderPlan::Sorted(self.plan(query))
    }
    /// Visits every entity of a selection, in order of creation and without holding all of them. Stops when
    /// `visit` gives `false`.
    fn scan(
        &self,
        view: &View,
        selection: &Selection,
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<(), Error>;
    /// How many entities there are of each type.
    fn types(&self, view: &View) -> Vec<(Name, usize)>;
    /// The temporal evolution of one entity: its attributes are the instances of the past that match and the
    /// current ones that do, each with `instance_id`, those of one attribute oldest first. `None`: there is no
    /// such entity, now or in the past.
    fn history(&self, view: &View, id: &Uri, query: &HistoryQuery) -> Result<Option<Entity>, Error>;
    /// As much of it as is of the earliest instants, at most `most` instances, and no instant by half; with `last_n`
    /// of the latest. That an attribute was deleted is an instance too (4.5.7), where no time is asked for or that
    /// of a deletion. `None`: there is no such entity, now or in the past.
    ///
    /// # Errors
    /// [`Error::TooManyOfOneInstant`].
    fn evolution(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        most: usize,
    ) -> Result<Option<Part>, Error>;
    /// Visits the same in pieces: the instances of one attribute and data set after those of another, in any order,
    /// and without `instance_id`. Answers with the entity without its attributes. `last_n` plays no part, and
    /// deletions are left out. `each` asks the twin nothing.
    fn pieces(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        each: &mut dyn FnMut(&Name, Option<&Uri>, Piece<'_>),
    ) -> Result<Option<Entity>, Error>;
    /// The numbers that one attribute's default instance ever had, by `observedAt` (instances without are left
    /// out) in the half-open range, oldest first.
    fn series(
        &self,
        view: &View,
        id: &Uri,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Sample>, Error>;
    /// Reads `buffer.len()` bytes of a blob from `offset`. A blob is visible when the entity that names it in
    /// its `blob` attribute is.
    fn read_blob(&self, view: &View, blob: &BlobId, offset: u64, buffer: &mut [u8]) -> Result<(), Error>;
    /// The length of a blob in bytes; `None` where there is none, or none that this view shows.
    fn blob_length(&self, view: &View, blob: &BlobId) -> Result<Option<u64>, Error>;
    /// Visits everything that has a temporal evolution: entities that are there now, that were deleted,
    /// and that never had more than a history; in order of creation. What it visits has no attributes but those
    /// that are current. `types`: with one of these types only; empty: all. Stops when `visit` gives `false`.
    fn evolutions(
        &self,
        view: &View,
        types: &[Name],
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<(), Error>;
    /// What [`Self::evolutions`] would visit under this id.
    fn evolution_of(&self, view: &View, id: &Uri) -> Option<Arc<Entity>>;
}

/// A part of an evolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The entity; its attributes are the instances.
    pub entity: Entity,
    /// The last instant that is in it, where later ones had to be left out; with `last_n` the first, where earlier
    /// ones had to be. `None`: all are in it.
    pub reached: Option<Timestamp>,
    /// The attributes that have instances of which none is in it.
    pub left_out: Vec<Name>,
}

/// Some instances of an evolution.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// Properties that are numbers, with the instants that are asked for in microseconds and in order.
    Integers(&'a [i64], &'a [i64]),
    /// The same of numbers that are no integers, or not all.
    Floats(&'a [i64], &'a [f64]),
    /// One instance of any kind, with the instant that is asked for.
    One(Timestamp, &'a Attribute),
}

/// One number of a series, with its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was observed.
    pub observed_at: Timestamp,
    /// The number.
    pub value: f64,
    /// `unitCode` of the instance.
    pub unit_code: Option<Arc<str>>,
}

/// The name of a blob: the SHA-256 of its content, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobId(pub String);

/// A page of a query's answer.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entities.
    pub entities: Vec<Arc<Entity>>,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
    /// Whether there are more after these.
    pub more: bool,
    /// How many entities were looked at to find them.
    pub examined: usize,
}

/// Which instances of an entity's history.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The time range.
    pub temporal: TemporalQuery,
    /// Only these attributes; empty: all.
    pub attributes: Vec<Name>,
    /// Only these data sets, `None` being the default one (4.5.5); empty: all. The Scope has none, and is in any.
    pub datasets: Vec<Option<Uri>>,
    /// At most so many instances of each attribute, the latest.
    pub last_n: Option<usize>,
}

impl HistoryQuery {
    /// Whether it asks for a data set.
    pub fn asks(&self, dataset: Option<&Uri>) -> bool {
        self.datasets.is_empty() || self.datasets.iter().any(|asked| asked.as_ref() == dataset)
    }
}

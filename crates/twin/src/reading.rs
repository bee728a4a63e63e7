//! Reading: the same questions answered from the live state and from a picture of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{EntityQuery, Links, Plan, Selection, View};
use storage::StorageReader;

use crate::choice::{self, Chosen};
use crate::error::Error;
use crate::expiry::left_at;
use crate::history::{Evolution, identify};
use crate::reader::{BlobId, HistoryQuery, Page, Part, Piece, Sample};
use crate::remembered::{Remembered, last_state, remembered, with};
use crate::shard::{Lane, Record, Status, blobs};
use crate::state::{SHARDS, Shards};
use crate::walk::{Path, Walk};

/// One who reads.
pub(crate) struct Reading<'a, S> {
    pub(crate) state: &'a S,
    pub(crate) storage: &'a dyn StorageReader,
    /// Nothing written later is there.
    pub(crate) until: Option<Timestamp>,
    /// What is transient and has ended by then is not there (4.22); `None`: nothing has.
    pub(crate) over_by: Option<Timestamp>,
}

/// What a view shows of an entity, shared where it shows all.
pub(crate) fn seen(view: &View, entity: &Arc<Entity>) -> Option<Arc<Entity>> {
    if view.read().is_all() {
        return Some(Arc::clone(entity));
    }
    match view.of(entity)? {
        Cow::Borrowed(_) => Some(Arc::clone(entity)),
        Cow::Owned(entity) => Some(Arc::new(entity)),
    }
}

impl<S: Shards> Reading<'_, S> {
    pub(crate) fn get(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        self.current(view, self.state.record(id)?.live()?)
    }

    /// What is there now of an entity, as the view shows it.
    pub(crate) fn current(&self, view: &View, entity: &Arc<Entity>) -> Option<Arc<Entity>> {
        match self.over_by {
            None => seen(view, entity),
            Some(now) => seen(view, &left_at(entity, now)?),
        }
    }

    /// What is seen of the state of an entity, or of the last one that it had, by the rights to its past.
    pub(crate) fn last_state(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        last_state(view, &self.state.record(id)?)
    }

    /// The same without what has ended: the past stays when nothing else does.
    fn with_history(&self, view: &View, record: &Record) -> Option<Arc<Entity>> {
        let left = match (self.over_by, record.live()) {
            (Some(now), Some(entity)) => left_at(entity, now),
            _ => Some(Arc::clone(&record.entity)),
        };
        let (entity, over) = match left {
            Some(left) => (left, false),
            None => (Arc::clone(&record.entity), true),
        };
        let now = Record {
            entity,
            ..record.clone()
        };
        let mut seen = remembered(view, &now)?.seen;
        if over {
            Arc::make_mut(&mut seen).attributes.clear();
        }
        Some(seen)
    }

    pub(crate) fn query(&self, view: &View, query: &EntityQuery) -> Result<Page, Error> {
        let mut page = Page::default();
        let known_total = self.known_total(view, query);
        let counting = query.count && known_total.is_none();
        let mut matches = 0_usize;
        let needed = choice::needed(query, counting);
        let way = choice::choose(self.state, &query.selection, needed);
        page.examined = self.visit_by(&way, view, &query.selection, &mut |entity| {
            matches += 1;
            if matches > query.offset {
                if page.entities.len() < query.limit {
                    page.entities.push(Arc::clone(entity));
                } else {
                    page.more = true;
                }
            }
            counting || !page.more
        })?;
        page.total = if counting { Some(matches) } else { known_total };
        Ok(page)
    }

    /// How many there are in all, where that is asked and the index knows: of one type.
    pub(crate) fn known_total(&self, view: &View, query: &EntityQuery) -> Option<usize> {
        if query.count && view.read().is_all() {
            self.count_by_type(&query.selection)
        } else {
            None
        }
    }

    /// Whether something transient has ended of more than so many, and is not deleted yet (4.22).
    pub(crate) fn has_ended_more_than(&self, most: usize) -> bool {
        let Some(now) = self.over_by else {
            return false;
        };
        let mut count = 0;
        (0..SHARDS).any(|index| {
            let left = most + 1 - count;
            count += self
                .state
                .with(index, |shard| shard.ended(now).take(left).count());
            count > most
        })
    }

    /// The live ones of which something transient has ended, and is not deleted yet (4.22).
    pub(crate) fn ended(&self) -> impl Iterator<Item = Record> {
        let of = |index, now| -> Vec<Record> {
            self.state
                .with(index, |shard| shard.ended(now).cloned().collect())
        };
        let shards = self
            .over_by
            .map(|now| (0..SHARDS).flat_map(move |index| of(index, now)));
        shards.into_iter().flatten()
    }

    /// The number of entities of a selection that asks for one type and nothing else.
    fn count_by_type(&self, selection: &Selection) -> Option<usize> {
        let plan = Plan::of(selection);
        match &plan {
            Plan::ByType(names) if names.len() == 1 && plan.is_exact(selection) => Some(
                (0..SHARDS)
                    .map(|index| {
                        self.state
                            .with(index, |shard| shard.count_left(&names[0], self.over_by))
                    })
                    .sum(),
            ),
            _ => None,
        }
    }

    /// The path by which a page is found.
    pub(crate) fn plan(&self, query: &EntityQuery) -> Plan {
        choice::choose(self.state, &query.selection, choice::needed(query, query.count)).plan
    }

    /// Visits what a selection takes, as the view shows it, in order of creation; gives how many it examined.
    pub(crate) fn visit(
        &self,
        view: &View,
        selection: &Selection,
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<usize, Error> {
        let way = choice::choose(self.state, selection, None);
        self.visit_by(&way, view, selection, visit)
    }

    pub(crate) fn visit_by(
        &self,
        way: &Chosen,
        view: &View,
        selection: &Selection,
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<usize, Error> {
        let filter = selection.prepare()?;
        let looks_at = selection.looks_at().filter(|_| !view.read().is_all());
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut examined = 0;
        for record in way.walk(self.state) {
            let Some(entity) = record.live() else { continue };
            examined += 1;
            let left;
            let whole = match self.over_by {
                None => entity,
                Some(now) => match left_at(entity, now) {
                    None => continue,
                    Some(some) => {
                        left = some;
                        &left
                    }
                },
            };
            // Where the caller sees all that decides, what is not selected need not be made as they see it.
            let decides = looks_at.as_ref().is_some_and(|names| {
                let mut rights = view.read().of(whole);
                names.iter().all(|name| rights.to_attribute(name))
            });
            if !decides || filter.matches_linked(whole, &links) {
                // Else the filter looks at what the caller sees, or it would tell what they do not.
                let found = seen(view, whole)
                    .filter(|entity| decides || filter.matches_linked(entity, &links))
                    .is_some_and(|entity| !visit(&entity));
                if found {
                    break;
                }
            }
            links.check()?;
        }
        Ok(examined)
    }

    /// Calls once for every entity that has a current state or a history.
    pub(crate) fn each(&self, visit: &mut dyn FnMut()) {
        Walk::new(self.state, &Path::Lanes(vec![Lane::Everything])).for_each(|_| visit());
    }

    pub(crate) fn evolutions(
        &self,
        view: &View,
        types: &[Name],
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) {
        let lanes = if types.is_empty() {
            vec![Lane::Everything]
        } else {
            let both = |name: &Name| [Lane::OfType(name.clone()), Lane::PastOfType(name.clone())];
            types.iter().flat_map(both).collect()
        };
        for record in Walk::new(self.state, &Path::Lanes(lanes)) {
            if self
                .with_history(view, &record)
                .is_some_and(|entity| !visit(&entity))
            {
                break;
            }
        }
    }

    pub(crate) fn evolution_of(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        self.with_history(view, &self.state.record(id)?)
    }

    pub(crate) fn types(&self, view: &View) -> Vec<(Name, usize)> {
        let mut counts: BTreeMap<Name, usize> = BTreeMap::new();
        if view.read().is_all() {
            for index in 0..SHARDS {
                self.state.with(index, |shard| {
                    for name in shard.types() {
                        *counts.entry(name.clone()).or_default() += shard.count_left(name, self.over_by);
                    }
                });
            }
            counts.retain(|_, count| *count > 0);
        } else {
            for record in Walk::new(self.state, &Path::Lanes(vec![Lane::Live])) {
                let visible = record.live().and_then(|entity| self.current(view, entity));
                for name in visible.iter().flat_map(|entity| &entity.types) {
                    *counts.entry(name.clone()).or_default() += 1;
                }
            }
        }
        counts.into_iter().collect()
    }

    pub(crate) fn history(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
    ) -> Result<Option<Entity>, Error> {
        let Some(record) = self.state.record(id) else {
            return Ok(None);
        };
        let Some(mut evolution) = self.whole_evolution(view, &record, query)? else {
            return Ok(None);
        };
        identify(id, &mut evolution.attributes);
        Ok(Some(evolution))
    }

    pub(crate) fn evolution(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        most: usize,
    ) -> Result<Option<Part>, Error> {
        let Some(record) = self.state.record(id) else {
            return Ok(None);
        };
        let Some(now) = remembered(view, &record) else {
            return Ok(None);
        };
        let found = self.source(view, &record, &now).part(id, query, most)?;
        let mut attributes = found.instances;
        identify(id, &mut attributes);
        Ok(Some(Part {
            entity: gone_since(&record, with(&now.seen, attributes)),
            reached: found.reached,
            left_out: found.left_out,
        }))
    }

    pub(crate) fn pieces(
        &self,
        view: &View,
        id: &Uri,
        query: &HistoryQuery,
        each: &mut dyn FnMut(&Name, Option<&Uri>, Piece<'_>),
    ) -> Result<Option<Entity>, Error> {
        let Some(record) = self.state.record(id) else {
            return Ok(None);
        };
        let Some(now) = remembered(view, &record) else {
            return Ok(None);
        };
        self.source(view, &record, &now).pieces(query, each)?;
        Ok(Some(gone_since(&record, with(&now.seen, Vec::new()))))
    }

    fn source<'b>(&'b self, view: &'b View, record: &Record, now: &'b Remembered) -> Evolution<'b> {
        Evolution {
            rights: view.history(),
            whole: &now.whole,
            storage: self.storage,
            key: record.key,
            current: &now.seen.attributes,
            until: self.until,
        }
    }

    /// The entity, with the instances that the view shows and the query asks for as its attributes.
    fn whole_evolution(
        &self,
        view: &View,
        record: &Record,
        query: &HistoryQuery,
    ) -> Result<Option<Entity>, Error> {
        let Some(now) = remembered(view, record) else {
            return Ok(None);
        };
        let instances = self.source(view, record, &now).instances(query)?;
        Ok(Some(with(&now.seen, instances)))
    }

    pub(crate) fn series(
        &self,
        view: &View,
        id: &Uri,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Sample>, Error> {
        let Some(record) = self.state.record(id) else {
            return Ok(Vec::new());
        };
        let relation = TimeRelation::Between(range.0, range.1);
        let query = HistoryQuery {
            temporal: TemporalQuery {
                relation,
                property: TimeProperty::ObservedAt,
            },
            attributes: vec![attribute.clone()],
            datasets: Vec::new(),
            last_n: None,
        };
        let evolution = self.whole_evolution(view, &record, &query)?;
        let mut samples: Vec<Sample> = evolution
            .iter()
            .flat_map(|entity| &entity.attributes)
            .filter_map(sample)
            .collect();
        // A reading that was written twice, because something beside it changed, was still taken once.
        samples.dedup_by(|a, b| a.observed_at == b.observed_at && a.value.to_bits() == b.value.to_bits());
        Ok(samples)
    }

    pub(crate) fn read_blob(
        &self,
        view: &View,
        blob: &BlobId,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        if !self.names(view, blob) {
            return Err(Error::Storage(format!("there is no blob `{}`", blob.0)));
        }
        Ok(self.storage.read_blob(&blob.0, offset, buffer)?)
    }

    pub(crate) fn blob_length(&self, view: &View, blob: &BlobId) -> Result<Option<u64>, Error> {
        if self.names(view, blob) {
            Ok(self.storage.blob_length(&blob.0)?)
        } else {
            Ok(None)
        }
    }

    /// Whether the view shows an entity that names the blob.
    fn names(&self, view: &View, blob: &BlobId) -> bool {
        let shows = |entity: &Arc<Entity>| {
            self.current(view, entity)
                .is_some_and(|seen| blobs(&seen).any(|named| named == blob.0))
        };
        (0..SHARDS).any(|index| {
            self.state
                .with(index, |shard| shard.naming_blob(&blob.0).any(shows))
        })
    }
}

/// The same with its `deletedAt`, if it was deleted.
fn gone_since(record: &Record, mut entity: Entity) -> Entity {
    if let Status::Deleted(at) = record.status {
        entity.deleted_at = Some(at);
    }
    entity
}

fn sample(attribute: &Attribute) -> Option<Sample> {
    if attribute.dataset_id.is_some() {
        return None;
    }
    Some(Sample {
        observed_at: attribute.observed_at?,
        value: attribute.as_f64()?,
        unit_code: attribute.unit_code.as_deref().map(Arc::from),
    })
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operation, Twin};
    use query::Caller;
    use storage::Memory;
    use storage::environment::SystemClock;

    #[test]
    fn a_page_costs_its_size_and_not_that_of_the_city() {
        let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).unwrap();
        let view = View::open(Caller::System("test"), "test");
        let entity = |n: i32| Entity::new(Uri::ngsi_ld("Stop", &n.to_string()), Name::default_term("Stop"));
        let operations = (0..10_000).map(|n| Operation::Create(entity(n))).collect();
        assert!(twin.load_blocking(&view, operations).iter().all(Result::is_ok));
        let reading = twin.reading();
        for selection in [
            Selection::of_type(Name::default_term("Stop")),
            Selection::default(),
        ] {
            let mut left = 30;
            let examined = reading.visit(&view, &selection, &mut |_| {
                left -= 1;
                left > 0
            });
            assert_eq!(examined.unwrap(), 30);
            // What was fetched from the shards to find them: the heads of all, then a few of each.
            let mut walk = Walk::new(reading.state, &Plan::of(&selection).into());
            walk.by_ref().take(30).for_each(drop);
            assert!(walk.fetched() <= SHARDS + 30 * 5, "{}", walk.fetched());
        }
        let near =
            ngsi_ld::query::geo::GeoQuery::parse("near;maxDistance==10", "Point", "[0,0]", None).unwrap();
        let selection = Selection {
            geo: Some(near),
            ..Selection::default()
        };
        assert_eq!(
            reading.visit(&view, &selection, &mut |_| true).unwrap(),
            0,
            "nothing is near, nothing is looked at"
        );
    }
}

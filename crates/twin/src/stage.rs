//! A group of operations on its way to the store: what each did, seen by those after it, and by nobody else
//! until all is durable.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Kind, Name, Timestamp, Uri};
use query::View;
use storage::{Change, EntityKey, Head, Past, StorageReader, Take};

use crate::error::Error;
use crate::evaluate::{After, Effect, Forget, PastOf, Situation};
use crate::events::EntityChange;
use crate::operation::{Operation, Outcome};
use crate::remembered::{bring_up, with};
use crate::rows::Row;
use crate::shard::{Record, Status};
use crate::state::{Shards as _, State};

/// The system table in which the twin notes what it needs besides the entities.
const SYSTEM_TABLE: &str = "twin";
/// Its row with the number for the next new entity, kept because the highest number may have been erased.
const NEXT_KEY: &[u8] = b"next_key";

/// Its row with the latest instant that was given to an instance of the past, which no entity shows.
const LATEST: &[u8] = b"latest";

/// Where the numbers and instants of new things come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    /// The number for the next new entity.
    pub(crate) next_key: u64,
    /// The latest instant that was given to anything.
    pub(crate) latest: Timestamp,
}

impl Counters {
    /// As the system table has them; what the entities show is to be [`Self::learn`]ed besides.
    pub(crate) fn noted(reader: &dyn StorageReader) -> Result<Self, Error> {
        let noted = |row: &[u8]| -> Result<Option<[u8; 8]>, Error> {
            let rows = reader.system(SYSTEM_TABLE, row, 1)?;
            let Some((_, value)) = rows.iter().find(|(key, _)| key == row) else {
                return Ok(None);
            };
            let damaged = |_| {
                let row = String::from_utf8_lossy(row);
                Error::Storage(format!(
                    "the row `{row}` of the system table `{SYSTEM_TABLE}` is damaged"
                ))
            };
            value.as_slice().try_into().map(Some).map_err(damaged)
        };
        Ok(Self {
            next_key: noted(NEXT_KEY)?.map_or(1, u64::from_le_bytes),
            latest: noted(LATEST)?.map_or(Timestamp::MIN, |micros| {
                Timestamp::from_micros(i64::from_le_bytes(micros))
            }),
        })
    }

    /// What is given from now on is later than this.
    pub(crate) fn learn(&mut self, record: &Record) {
        self.next_key = self.next_key.max(record.key.0 + 1);
        self.latest = self.latest.max(last_instant(record));
    }
}

/// A group.
pub(crate) struct Stage<'a> {
    state: &'a State,
    reader: &'a dyn StorageReader,
    counters: &'a mut Counters,
    now: Timestamp,
    staged: HashMap<Uri, Staged>,
    changes: Vec<Change>,
    events: Vec<EntityChange>,
    /// What was done, where somebody writes it down.
    deeds: Option<Vec<Did>>,
    /// The request whose operations are run; none: the twin's own.
    request: Option<usize>,
    erased: bool,
    /// The past that operations to come will ask for, by entity: worth one question to the store for all.
    expected: HashMap<Uri, Series>,
}

/// An entity as the group leaves it.
#[derive(Default)]
struct Staged {
    record: Option<Record>,
    /// Instances of the past by the instant that orders them: those of the group, which the store does not know
    /// yet, and those of the store as far as `covered` says.
    past: BTreeMap<Timestamp, Vec<Attribute>>,
    covered: Option<Series>,
    /// What the group destroys of the past, which the store still has.
    forgotten: Vec<Forget>,
    /// The instant of the last operation of the group that changed it.
    touched: Option<Timestamp>,
}

/// Attributes, and a half-open range of time.
#[derive(Clone, Debug)]
struct Series {
    names: Vec<Name>,
    range: (Timestamp, Timestamp),
}

impl Series {
    fn covers(&self, names: &[Name], range: (Timestamp, Timestamp)) -> bool {
        self.range.0 <= range.0
            && range.1 <= self.range.1
            && names.iter().all(|name| self.names.contains(name))
    }
}

impl Staged {
    fn note(&mut self, past: &Attribute) {
        self.past.entry(past.instant()).or_default().push(past.clone());
    }

    fn forget(&mut self, forget: Forget) {
        for instances in self.past.values_mut() {
            instances.retain(|instance| !forget.covers(instance));
        }
        self.forgotten.push(forget);
    }

    /// Whether the store has it only until the group is written.
    fn forgot(&self, past: &Attribute) -> bool {
        self.forgotten.iter().any(|forget| forget.covers(past))
    }
}

/// What one operation does, and to what, and when.
struct Decided {
    before: Option<Record>,
    effect: Effect,
    now: Timestamp,
}

/// What one operation of a group did.
pub(crate) struct Did {
    /// The number of its request in the group; none: the twin's own.
    pub(crate) request: Option<usize>,
    pub(crate) action: &'static str,
    pub(crate) id: Uri,
    pub(crate) entity_type: Option<Name>,
    /// What the entity was.
    pub(crate) before: Option<Arc<Entity>>,
    /// Which of the group's changes are its.
    pub(crate) written: Range<usize>,
    pub(crate) at: Timestamp,
}

/// What a group did.
pub(crate) struct Finished {
    /// For the store.
    pub(crate) changes: Vec<Change>,
    /// For memory.
    pub(crate) records: Vec<(Uri, Option<Record>)>,
    /// For those who follow.
    pub(crate) events: Vec<EntityChange>,
    /// For those who write it down.
    pub(crate) deeds: Vec<Did>,
    /// The latest instant in it.
    pub(crate) at: Timestamp,
}

impl<'a> Stage<'a> {
    /// An empty group. Its instants are later than all that were given before.
    pub(crate) fn new(
        state: &'a State,
        reader: &'a dyn StorageReader,
        counters: &'a mut Counters,
        clock_now: Timestamp,
    ) -> Self {
        let now = clock_now.max(counters.latest.plus_micros(1));
        Self {
            state,
            reader,
            counters,
            now,
            staged: HashMap::new(),
            changes: Vec::new(),
            events: Vec::new(),
            deeds: None,
            request: None,
            erased: false,
            expected: HashMap::new(),
        }
    }

    /// The same, which notes what is done.
    pub(crate) fn watched(mut self, is_watched: bool) -> Self {
        self.deeds = is_watched.then(Vec::new);
        self
    }

    /// Says whose operations come next: the number of their request.
    pub(crate) fn of_request(&mut self, request: Option<usize>) {
        self.request = request;
    }

    /// Says which operations come next, so that many appends to one history load its known instances once.
    pub(crate) fn expect(&mut self, operations: &[Operation]) {
        self.expected.clear();
        for operation in operations {
            let Operation::AppendHistory { entity, .. } = operation else {
                continue;
            };
            for attribute in &entity.attributes {
                let Some(at) = attribute.observed_at else { continue };
                let series = self.expected.entry_ref(&entity.id).or_insert_with(|| Series {
                    names: Vec::new(),
                    range: (at, at.plus_micros(1)),
                });
                series.range = (series.range.0.min(at), series.range.1.max(at.plus_micros(1)));
                if !series.names.contains(&attribute.name) {
                    series.names.push(attribute.name.clone());
                }
            }
        }
    }

    /// Loads the past that an entity's operations will ask for.
    fn prepare(&mut self, id: &Uri) -> Result<(), Error> {
        let Some(series) = self.expected.remove(id) else {
            return Ok(());
        };
        let record = match self.staged.get(id) {
            Some(staged) => staged.record.clone(),
            None => self.state.record(id),
        };
        let stored = match &record {
            Some(record) => self
                .reader
                .history(record.key, &series.names, series.range, Take::All)?,
            None => Vec::new(),
        };
        let staged = self.staged.entry_ref(id).or_default();
        for past in stored {
            if let Past::Instance(attribute) = past
                && !staged.forgot(&attribute)
            {
                staged.note(&attribute);
            }
        }
        staged.record = record;
        staged.covered = Some(series);
        Ok(())
    }

    /// Evaluates an operation after those before it in the group. One that fails, or panics, leaves nothing.
    pub(crate) fn run(&mut self, view: &View, operation: Operation) -> Result<Outcome, Error> {
        let (id, action) = (operation.entity_id().clone(), operation.action());
        let decided = catch_unwind(AssertUnwindSafe(|| self.decide(view, operation))).unwrap_or_else(|_| {
            tracing::error!(entity = %id, "an operation panicked; it was refused and nothing of it was stored");
            Err(Error::Storage(format!(
                "the operation on `{id}` met a defect of this program and was not executed; please report it \
                 with the log"
            )))
        })?;
        Ok(self.take(&id, action, decided))
    }

    /// What an operation does.
    fn decide(&mut self, view: &View, operation: Operation) -> Result<Decided, Error> {
        let id = operation.entity_id().clone();
        if let Operation::AppendHistory { .. } = operation {
            self.prepare(&id)?;
        }
        let staged = self.staged.get(&id);
        let record = staged.map_or_else(|| self.state.record(&id), |staged| staged.record.clone());
        // No two states of an entity have the same instant.
        let last = record
            .as_ref()
            .map(last_instant)
            .max(staged.and_then(|staged| staged.touched));
        let now = last.map_or(self.now, |last| self.now.max(last.plus_micros(1)));
        let known = |key: EntityKey, names: &[Name], range: (Timestamp, Timestamp)| {
            let mut known = Vec::new();
            if !staged
                .and_then(|staged| staged.covered.as_ref())
                .is_some_and(|s| s.covers(names, range))
            {
                for past in self.reader.history(key, names, range, Take::All)? {
                    if let Past::Instance(attribute) = past
                        && !staged.is_some_and(|staged| staged.forgot(&attribute))
                    {
                        known.push(attribute);
                    }
                }
            }
            let past = staged
                .into_iter()
                .flat_map(|staged| staged.past.range(range.0..range.1));
            known.extend(
                past.flat_map(|(_, instances)| instances)
                    .filter(|a| names.contains(&a.name))
                    .cloned(),
            );
            Ok(known)
        };
        let datasets = |key: EntityKey, name: &Name| {
            let stored = self.reader.list(key, std::slice::from_ref(name))?;
            let mut found: Vec<Option<Uri>> = stored.into_iter().map(|(_, dataset)| dataset).collect();
            if let Some(staged) = staged {
                found.retain(|dataset| {
                    let whole = |forget: &Forget| match forget {
                        Forget::Series(of, datasets) => of == name && datasets.contains(dataset.as_ref()),
                        Forget::Instance(_) => false,
                    };
                    !staged.forgotten.iter().any(whole)
                });
                let past = staged.past.values().flatten().filter(|past| past.name == *name);
                found.extend(past.map(|past| past.dataset_id.clone()));
            }
            Ok(found)
        };
        let new_key = EntityKey(self.counters.next_key);
        let situation = Situation {
            record: record.clone(),
            now,
            new_key,
            view,
            held: Some(&self.state.held),
            past: PastOf {
                known: &known,
                datasets: &datasets,
            },
        };
        let effect = situation.evaluate(operation)?;
        Ok(Decided {
            before: record,
            effect,
            now,
        })
    }

    /// Takes an effect into the group.
    fn take(&mut self, id: &Uri, action: &'static str, decided: Decided) -> Outcome {
        let Decided {
            before,
            effect:
                Effect {
                    outcome,
                    after,
                    forget,
                    history,
                },
            now,
        } = decided;
        if after == After::Same && history.is_empty() && forget.is_empty() {
            return outcome;
        }
        self.counters.latest = self.counters.latest.max(now);
        let first = self.changes.len();
        let (after, stays) = match after {
            After::Same => (before.clone(), true),
            After::Record(record) => (Some(record), false),
            After::Erased => (None, false),
        };
        let staged = self.staged.entry_ref(id).or_default();
        staged.touched = Some(now);
        if let Some(record) = &after {
            self.counters.next_key = self.counters.next_key.max(record.key.0 + 1);
            // What the store makes of the last state by itself, where there is no current one.
            let mut last = left_last(before.as_ref(), record);
            if !stays {
                lower(before.as_ref(), record, &mut self.changes);
                // Those that stay current are known from the entity as well; to be told twice does no harm.
                before
                    .iter()
                    .filter_map(Record::live)
                    .flat_map(|before| &before.attributes)
                    .for_each(|a| staged.note(a));
            }
            for forget in forget {
                self.changes.push(match forget.clone() {
                    Forget::Instance(attribute) => Change::Forget(record.key, attribute),
                    Forget::Series(name, datasets) => Change::ForgetSeries(record.key, name, datasets),
                });
                staged.forget(forget);
            }
            let scope = if history.iter().any(Attribute::is_scope) {
                None
            } else {
                scope_change(before.as_ref(), record, now)
            };
            if let (Some(last), Status::TemporalOnly) = (&mut last, record.status) {
                bring_up(last, &history);
            }
            for attribute in history.into_iter().chain(scope) {
                staged.note(&attribute);
                self.changes.push(Change::History(record.key, attribute));
            }
            if let Some(last) = last
                && record.last_known
                && last.attributes != record.entity.attributes
            {
                let attributes = record.entity.attributes.clone();
                self.changes.push(Change::Last(record.key, attributes));
            }
        }
        // Last, so that a blob that the entity goes on naming under its new key is not destroyed with the old.
        if let Some(old) = before
            .as_ref()
            .filter(|old| after.as_ref().map(|new| new.key) != Some(old.key))
        {
            self.changes.push(Change::Erase(old.key, now));
            staged.past.clear();
            staged.forgotten.clear();
            staged.covered = None;
            self.erased = true;
        }
        let live = |record: &Option<Record>| record.as_ref().and_then(Record::live).cloned();
        let (was, is) = (live(&before), live(&after));
        if was.as_ref().map(Arc::as_ptr) != is.as_ref().map(Arc::as_ptr) {
            self.events.push(EntityChange {
                before: was,
                after: is,
            });
        }
        if let Some(deeds) = &mut self.deeds {
            let known = after.as_ref().or(before.as_ref());
            deeds.push(Did {
                request: self.request,
                action,
                id: id.clone(),
                entity_type: known.and_then(|record| record.entity.types.first().cloned()),
                before: live(&before),
                written: first..self.changes.len(),
                at: now,
            });
        }
        staged.record = after;
        outcome
    }

    /// How many changes of entities the group has so far.
    pub(crate) fn changed(&self) -> usize {
        self.events.len()
    }

    /// Takes rows of system tables into the group.
    pub(crate) fn rows(&mut self, rows: Vec<Row>) {
        self.changes.extend(rows.into_iter().map(Change::from));
    }

    /// Closes the group.
    pub(crate) fn finish(mut self) -> Finished {
        if self.erased {
            let next = self.counters.next_key.to_le_bytes();
            self.changes.push(Change::System(
                SYSTEM_TABLE,
                NEXT_KEY.into(),
                Some(next.as_slice().into()),
            ));
        }
        if self
            .changes
            .iter()
            .any(|change| matches!(change, Change::History(..)))
        {
            let latest = self.counters.latest.as_micros().to_le_bytes();
            self.changes.push(Change::System(
                SYSTEM_TABLE,
                LATEST.into(),
                Some(latest.as_slice().into()),
            ));
        }
        Finished {
            changes: self.changes,
            records: self
                .staged
                .into_iter()
                .map(|(id, staged)| (id, staged.record))
                .collect(),
            events: self.events,
            deeds: self.deeds.unwrap_or_default(),
            at: self.counters.latest,
        }
    }
}

/// What a change of an entity's Scope adds to its evolution (4.5.6).
fn scope_change(before: Option<&Record>, after: &Record, now: Timestamp) -> Option<Attribute> {
    let scope = |record: &Record| match record.live() {
        Some(entity) => entity.scope.clone(),
        None => Vec::new(),
    };
    let was_live = before.is_some_and(|before| before.live().is_some());
    let (was, is) = (before.map(scope).unwrap_or_default(), scope(after));
    if was == is || !was_live && after.live().is_none() {
        return None;
    }
    if is.is_empty() {
        let name = ngsi_ld::representation::scope_name();
        return Some(Attribute::deletion_of(name, None, Kind::Property, now));
    }
    let mut instance = Attribute::of_scope(&is).observed_at(now);
    (instance.created_at, instance.modified_at) = (now, now);
    Some(instance)
}

/// The latest instant that the twin left on an entity.
fn last_instant(record: &Record) -> Timestamp {
    let modified_at = record.entity.modified_at;
    match record.status {
        Status::Deleted(at) => modified_at.max(at),
        Status::Live | Status::TemporalOnly => modified_at,
    }
}

/// The last state that the store has of an entity when it has no current one any more, before it is told more of the
/// past: what was current, or what was the last state already. `None`: it has a current one, or that is the last state as it is.
fn left_last(before: Option<&Record>, after: &Record) -> Option<Entity> {
    if after.live().is_some() {
        return None;
    }
    let before = before.filter(|before| before.key == after.key);
    if matches!(after.status, Status::Deleted(_))
        && before.is_some_and(|before| Arc::ptr_eq(&before.entity, &after.entity))
    {
        return None; // it is what it was
    }
    let attributes = before.map_or_else(Vec::new, |before| before.entity.attributes.clone());
    Some(with(&after.entity, attributes))
}

/// The changes that make `after` of `before` in the store, besides its last state: only what differs.
fn lower(before: Option<&Record>, after: &Record, changes: &mut Vec<Change>) {
    let key = after.key;
    let before = before.filter(|before| before.key == key);
    if let Status::Deleted(at) = after.status {
        if before.is_none_or(|before| before.live().is_some()) {
            changes.push(Change::Delete(key, at));
        }
        return;
    }
    let new_head = head(after);
    if before.is_none_or(|before| matches!(before.status, Status::Deleted(_)) || head(before) != new_head) {
        changes.push(Change::Head(key, new_head));
    }
    if after.status == Status::TemporalOnly {
        return;
    }
    let are = &after.entity.attributes;
    let before = before.and_then(Record::live);
    let were = before.map_or(&[][..], |before| &before.attributes);
    if before.is_some_and(|before| Arc::ptr_eq(before, &after.entity)) {
        return;
    }
    let same_instance = |a: &Attribute, b: &Attribute| a.name == b.name && a.dataset_id == b.dataset_id;
    for was in were
        .iter()
        .filter(|was| !are.iter().any(|is| same_instance(is, was)))
    {
        let at = after.entity.modified_at;
        changes.push(Change::RemoveAttribute(
            key,
            was.name.clone(),
            was.dataset_id.clone(),
            at,
        ));
    }
    for is in are.iter().filter(|is| !were.contains(is)) {
        changes.push(Change::Attribute(key, is.clone()));
    }
}

fn head(record: &Record) -> Head {
    let Entity {
        id,
        types,
        scope,
        created_at,
        modified_at,
        expires_at,
        deleted_at: _,
        attributes: _,
    } = &*record.entity;
    Head {
        id: id.clone(),
        types: types.clone(),
        scope: scope.clone(),
        created_at: *created_at,
        modified_at: *modified_at,
        expires_at: *expires_at,
        temporal_only: record.status == Status::TemporalOnly,
    }
}

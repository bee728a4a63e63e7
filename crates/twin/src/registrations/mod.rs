//! Context source registrations (5.9, 5.10): kept, found by what they are for, held to the rules of their modes.
//!
//! This is where distributed execution finds whom to ask: [`Twin::registrations_for`] gives the registrations that a
//! question or an operation is for, each with the elements of its `information` that are.

mod conflicts;
mod index;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::registration::{Draft, Registration};
use ngsi_ld::{Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use query::registrations::{PreparedRegistration, PreparedRegistrationQuery};
use storage::StorageReader;

use self::index::Index;
use crate::error::Error;
use crate::rows::Row;
use crate::twin::Twin;

/// What they are called in errors.
const WHAT: &str = "registration";
/// The most registrations of one twin: all are in memory.
const MOST: usize = 100_000;

/// A registration as the twin keeps it.
#[derive(Clone, Debug)]
pub struct StoredRegistration {
    prepared: PreparedRegistration,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub modified_at: Timestamp,
}

impl StoredRegistration {
    fn new(registration: Registration, created_at: Timestamp, modified_at: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            prepared: PreparedRegistration::new(registration, created_at, modified_at)?,
            created_at,
            modified_at,
        })
    }

    /// What its provider wrote.
    pub fn registration(&self) -> &Registration {
        self.prepared.registration()
    }

    /// It, ready to be matched.
    pub fn prepared(&self) -> &PreparedRegistration {
        &self.prepared
    }

    fn id(&self) -> &Uri {
        &self.registration().id
    }
}

/// A registration that a question is for.
#[derive(Clone, Debug)]
pub struct MatchedRegistration {
    /// The registration.
    pub stored: Arc<StoredRegistration>,
    /// Which elements of its `information` are concerned; never empty.
    pub elements: Vec<usize>,
}

/// All registrations of a twin.
pub(crate) struct Registrations {
    kept: RwLock<Kept>,
    /// Held from the check of a change to its end: one change at a time.
    edits: Mutex<()>,
}

#[derive(Default)]
struct Kept {
    by_id: BTreeMap<Uri, Arc<StoredRegistration>>,
    /// In order of creation.
    in_order: BTreeMap<(Timestamp, Uri), Arc<StoredRegistration>>,
    /// In order of their ends.
    ends: BTreeSet<(Timestamp, Uri)>,
    index: Index,
}

impl Kept {
    fn put(&mut self, stored: Arc<StoredRegistration>) {
        self.remove(stored.id());
        let id = stored.id().clone();
        if let Some(end) = stored.registration().expires_at {
            self.ends.insert((end, id.clone()));
        }
        self.index.insert(stored.registration());
        self.in_order
            .insert((stored.created_at, id.clone()), Arc::clone(&stored));
        self.by_id.insert(id, stored);
    }

    fn remove(&mut self, id: &Uri) {
        let Some(gone) = self.by_id.remove(id) else { return };
        if let Some(end) = gone.registration().expires_at {
            self.ends.remove(&(end, id.clone()));
        }
        self.index.remove(gone.registration());
        self.in_order.remove(&(gone.created_at, id.clone()));
    }
}

impl Registrations {
    /// Those that are stored.
    pub(crate) fn open(reader: &dyn StorageReader) -> Result<Self, Error> {
        let mut kept = Kept::default();
        for stored in stored::read(reader)? {
            kept.put(Arc::new(stored));
        }
        Ok(Self {
            kept: RwLock::new(kept),
            edits: Mutex::default(),
        })
    }

    fn get(&self, id: &Uri, now: Timestamp) -> Option<Arc<StoredRegistration>> {
        let found = self.kept.read().by_id.get(id).cloned();
        found.filter(|stored| !stored.registration().is_expired(now))
    }

    /// Those that a question is for, in order of creation.
    fn matching(&self, query: &PreparedRegistrationQuery, now: Timestamp) -> Vec<MatchedRegistration> {
        let kept = self.kept.read();
        let candidates: Vec<&Arc<StoredRegistration>> = match kept.index.candidates(query.query()) {
            None => kept.in_order.values().collect(),
            Some(ids) => {
                let mut found: Vec<_> = ids.iter().filter_map(|id| kept.by_id.get(id)).collect();
                found.sort_by(|a, b| (a.created_at, a.id()).cmp(&(b.created_at, b.id())));
                found
            }
        };
        let mut matched = Vec::new();
        for stored in candidates {
            if stored.registration().is_expired(now) {
                continue;
            }
            let elements = query.matching(&stored.prepared);
            if !elements.is_empty() {
                matched.push(MatchedRegistration {
                    stored: Arc::clone(stored),
                    elements,
                });
            }
        }
        matched
    }

    /// Whether some have ended and are still kept.
    pub(crate) fn some_ended(&self, now: Timestamp) -> bool {
        self.kept.read().ends.first().is_some_and(|(end, _)| *end <= now)
    }

    /// All that have not ended.
    fn all(&self, now: Timestamp) -> Vec<Arc<StoredRegistration>> {
        let kept = self.kept.read();
        let all = kept.in_order.values();
        all.filter(|stored| !stored.registration().is_expired(now))
            .cloned()
            .collect()
    }
}

impl Twin {
    /// Register Context Source (5.9.2). Answers with its id when it is durable. From a thread that may wait, as all
    /// changes of registrations.
    ///
    /// # Errors
    /// [`Error::Invalid`] where 5.2.9 or the rules of its mode do not hold, [`Error::Taken`] where its id is taken,
    /// [`Error::Conflict`] where 4.3.6.3 forbids it beside what is here.
    pub fn create_registration_blocking(&self, draft: Draft) -> Result<Uri, Error> {
        let _one_at_a_time = self.registrations().edits.lock();
        let now = self.now();
        let kept = self.registrations();
        if kept.kept.read().by_id.len() >= MOST {
            return Err(Error::ReadOnly(format!(
                "there are {MOST} registrations, which is the most; delete those that are not needed"
            )));
        }
        let registration = draft.create(|| self.new_registration_id(now), now)?;
        if kept.get(&registration.id, now).is_some() {
            return Err(Error::Taken(WHAT, registration.id));
        }
        let stored = StoredRegistration::new(registration, now, now)?;
        conflicts::check(self, &stored, now)?;
        let id = stored.id().clone();
        self.change_registration(None, Some(Arc::new(stored)))?;
        Ok(id)
    }

    /// Update Context Source Registration (5.9.3).
    ///
    /// # Errors
    /// As of creation; and [`Error::Missing`].
    pub fn update_registration_blocking(&self, id: &Uri, draft: Draft) -> Result<(), Error> {
        let _one_at_a_time = self.registrations().edits.lock();
        let now = self.now();
        let before = self
            .registration(id)
            .ok_or_else(|| Error::Missing(WHAT, id.clone()))?;
        let changed = draft.apply(before.registration().clone(), now)?;
        let after = StoredRegistration::new(changed, before.created_at, now)?;
        conflicts::check(self, &after, now)?;
        self.change_registration(Some(before), Some(Arc::new(after)))
    }

    /// Delete Context Source Registration (5.9.4).
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn delete_registration_blocking(&self, id: &Uri) -> Result<(), Error> {
        let _one_at_a_time = self.registrations().edits.lock();
        let before = self
            .registration(id)
            .ok_or_else(|| Error::Missing(WHAT, id.clone()))?;
        self.change_registration(Some(before), None)
    }

    /// Deletes registrations whose time is over (5.9.2.4); gives how many. Nobody sees them before either.
    ///
    /// # Errors
    /// Those of the store.
    pub fn expire_registrations_blocking(&self) -> Result<usize, Error> {
        let _one_at_a_time = self.registrations().edits.lock();
        let now = self.now();
        let over: Vec<Arc<StoredRegistration>> = {
            let kept = self.registrations().kept.read();
            let ends = kept.ends.iter().take_while(|(end, _)| *end <= now);
            ends.filter_map(|(_, id)| kept.by_id.get(id).cloned()).collect()
        };
        let count = over.len();
        for before in over {
            self.change_registration(Some(before), None)?;
        }
        Ok(count)
    }

    /// Retrieve Context Source Registration (5.10.1).
    pub fn registration(&self, id: &Uri) -> Option<Arc<StoredRegistration>> {
        self.registrations().get(id, self.now())
    }

    /// Query Context Source Registrations (5.10.2), and whom an operation is to be distributed to (4.3.6): those that a
    /// question is for (5.12), in order of creation.
    pub fn registrations_for(&self, query: &PreparedRegistrationQuery) -> Vec<MatchedRegistration> {
        self.registrations().matching(query, self.now())
    }

    /// Makes a change durable, then visible: the one place that those who subscribe to registrations (5.11) are to be
    /// told from, in the same commit.
    fn change_registration(
        &self,
        before: Option<Arc<StoredRegistration>>,
        after: Option<Arc<StoredRegistration>>,
    ) -> Result<(), Error> {
        let row: Row = match (&before, &after) {
            (_, Some(after)) => stored::encode(after),
            (Some(before), None) => stored::erase(before.id()),
            (None, None) => return Ok(()),
        };
        self.store_rows_blocking(vec![row])?;
        let mut kept = self.registrations().kept.write();
        match (before, after) {
            (_, Some(after)) => kept.put(after),
            (Some(before), None) => kept.remove(before.id()),
            (None, None) => {}
        }
        Ok(())
    }

    /// An id that no registration has: of the time.
    fn new_registration_id(&self, now: Timestamp) -> Uri {
        let kept = self.registrations().kept.read();
        let mut number = now.as_micros();
        loop {
            let id = Uri::ngsi_ld("ContextSourceRegistration", &format!("{number:x}"));
            if !kept.by_id.contains_key(&id) {
                return id;
            }
            number += 1;
        }
    }
}

//! Context source registrations (5.9, 5.10): kept, found by what they are for, held to the rules of their modes; and
//! subscriptions to them (5.11), told of a change in the commit that makes it.
//!
//! This is where distributed execution finds whom to ask: [`Twin::registrations_for`] gives the registrations that a
//! question or an operation is for, each with the elements of its `information` that are.

mod conflicts;
mod edit;
mod footprint;
mod index;
mod letters;
mod stored;
mod subscribe;
mod subscribers;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::registration::Registration;
use ngsi_ld::{Name, Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use query::View;
use query::registrations::{PreparedRegistration, PreparedRegistrationQuery};
use storage::StorageReader;

use self::footprint::Footprint;
use self::index::Index;
use self::subscribers::Subscribers;
use crate::delivery::Book;
use crate::error::Error;
use crate::subscriptions::Registry;
use crate::twin::Twin;

pub(crate) use edit::run_ends;
pub(crate) use subscribe::notify;

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

    /// Registrations are listed in this order: of creation.
    fn order(&self) -> (Timestamp, &Uri) {
        (self.created_at, self.id())
    }

    /// What a view shows of it; `None`: for its caller it does not exist. To a view it is an entity of the type
    /// `ContextSourceRegistration`, and its members are attributes.
    fn seen(self: &Arc<Self>, view: &View) -> Option<Arc<Self>> {
        let entity = self.prepared.entity();
        view.of(entity)?;
        let rights = RefCell::new(view.read().of(entity));
        if rights.borrow_mut().to_all() {
            return Some(Arc::clone(self));
        }
        let hidden = |name: &str| !rights.borrow_mut().to_attribute(&Name::from_iri(name));
        let without = self.registration().without(&hidden);
        if without == *self.registration() {
            return Some(Arc::clone(self));
        }
        let shown = Self::new(without, self.created_at, self.modified_at);
        shown.ok().map(Arc::new)
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
    /// Those who are told of changes. Held from the check of a change to its end: one change at a time.
    subscribers: Mutex<Subscribers>,
    /// Their subscriptions, for whoever asks for them.
    pub(crate) subscriptions: Arc<Registry>,
}

#[derive(Default)]
struct Kept {
    by_id: BTreeMap<Uri, Arc<StoredRegistration>>,
    /// In order of creation.
    in_order: BTreeMap<(Timestamp, Uri), Arc<StoredRegistration>>,
    /// In order of their ends.
    ends: BTreeSet<(Timestamp, Uri)>,
    /// Those whose rows cannot be read.
    unread: BTreeSet<Uri>,
    index: Index<Arc<StoredRegistration>>,
    /// Those alone of which this broker holds nothing (4.3.6.3).
    proxied: Index<Arc<StoredRegistration>>,
}

impl Kept {
    /// Now, or just after the last one was made: so that lists are in order of creation also where the clock stands.
    fn instant_of_creation(&self, now: Timestamp) -> Timestamp {
        match self.in_order.last_key_value() {
            Some(((last, _), _)) if *last >= now => Timestamp::from_micros(last.as_micros() + 1),
            _ => now,
        }
    }

    fn put(&mut self, stored: Arc<StoredRegistration>) {
        self.remove(stored.id());
        let id = stored.id().clone();
        if let Some(end) = stored.registration().expires_at {
            self.ends.insert((end, id.clone()));
        }
        let footprint = Footprint::of_registration(stored.registration());
        if stored.registration().mode().is_proxied() {
            self.proxied.put(&id, footprint.clone(), Arc::clone(&stored));
        }
        self.index.put(&id, footprint, Arc::clone(&stored));
        self.in_order
            .insert((stored.created_at, id.clone()), Arc::clone(&stored));
        self.by_id.insert(id, stored);
    }

    fn remove(&mut self, id: &Uri) {
        self.unread.remove(id);
        let Some(gone) = self.by_id.remove(id) else { return };
        if let Some(end) = gone.registration().expires_at {
            self.ends.remove(&(end, id.clone()));
        }
        self.index.remove(id);
        self.proxied.remove(id);
        self.in_order.remove(&(gone.created_at, id.clone()));
    }
}

impl Registrations {
    /// Those that are stored. Subscriptions are entered as owners into the book.
    pub(crate) fn open(reader: &dyn StorageReader, book: &Book) -> Result<Self, Error> {
        let subscriptions = Arc::new(Registry::default());
        let mut kept = Kept::default();
        let (found, unread) = stored::read(reader)?;
        kept.unread.extend(unread);
        for stored in found {
            kept.put(Arc::new(stored));
        }
        Ok(Self {
            kept: RwLock::new(kept),
            subscribers: Mutex::new(Subscribers::open(reader, &subscriptions, book)?),
            subscriptions,
        })
    }

    fn get(&self, id: &Uri, now: Timestamp) -> Option<Arc<StoredRegistration>> {
        let found = self.kept.read().by_id.get(id).cloned();
        found.filter(|stored| !stored.registration().is_expired(now))
    }

    /// Whether there is one with this id whose row cannot be read.
    fn is_unread(&self, id: &Uri) -> bool {
        self.kept.read().unread.contains(id)
    }

    /// Those that a question is for, in order of creation.
    fn matching(
        &self,
        view: &View,
        query: &PreparedRegistrationQuery,
        now: Timestamp,
    ) -> Vec<MatchedRegistration> {
        let kept = self.kept.read();
        let candidates = kept.index.candidates(&Footprint::of_query(query.query()));
        let mut matched: Vec<MatchedRegistration> = candidates
            .into_iter()
            .filter(|stored| !stored.registration().is_expired(now))
            .filter_map(|stored| matched_by(view, query, stored))
            .collect();
        drop(kept);
        matched.sort_by(|a, b| a.stored.order().cmp(&b.stored.order()));
        matched
    }

    /// Whether some have ended and are still kept.
    pub(crate) fn some_ended(&self, now: Timestamp) -> bool {
        self.kept.read().ends.first().is_some_and(|(end, _)| *end <= now)
    }

    /// Those that have ended and are still kept.
    fn ended(&self, now: Timestamp) -> Vec<Arc<StoredRegistration>> {
        let kept = self.kept.read();
        let ends = kept.ends.iter().take_while(|(end, _)| *end <= now);
        ends.filter_map(|(_, id)| kept.by_id.get(id).cloned()).collect()
    }

    /// Those of which this broker holds nothing and that may be about what a registration is about, in order of
    /// creation, without itself.
    fn proxied_beside(&self, registration: &Registration, now: Timestamp) -> Vec<Arc<StoredRegistration>> {
        let kept = self.kept.read();
        let footprint = Footprint::of_registration(registration);
        let mut found: Vec<_> = kept.proxied.candidates(&footprint).into_iter().cloned().collect();
        drop(kept);
        found.retain(|one| *one.id() != registration.id && !one.registration().is_expired(now));
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        found
    }
}

/// A registration as a question of somebody meets it.
fn matched_by(
    view: &View,
    query: &PreparedRegistrationQuery,
    stored: &Arc<StoredRegistration>,
) -> Option<MatchedRegistration> {
    let stored = stored.seen(view)?;
    let elements = query.matching(&stored.prepared);
    (!elements.is_empty()).then_some(MatchedRegistration { stored, elements })
}

impl Twin {
    /// Retrieve Context Source Registration (5.10.1), as a view shows it.
    pub fn registration(&self, view: &View, id: &Uri) -> Option<Arc<StoredRegistration>> {
        self.registrations().get(id, self.now())?.seen(view)
    }

    /// Query Context Source Registrations (5.10.2), and whom an operation is to be distributed to (4.3.6): those that a
    /// question is for (5.12), in order of creation, as a view shows them.
    pub fn registrations_for(
        &self,
        view: &View,
        query: &PreparedRegistrationQuery,
    ) -> Vec<MatchedRegistration> {
        self.registrations().matching(view, query, self.now())
    }
}

//! Those who subscribed to registrations, made ready to be matched with every change (5.11.2.4, 5.11.7).

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::registration::TriggerReason;
use ngsi_ld::subscription::{Status, Subject};
use ngsi_ld::{Timestamp, Uri};
use query::View;
use query::registrations::{PreparedRegistrationQuery, RegistrationQuery};
use storage::StorageReader;

use super::footprint::Footprint;
use super::index::Index;
use super::letters::{Told, letters};
use super::{MatchedRegistration, StoredRegistration, matched_by};
use crate::delivery::{Book, Letter};
use crate::error::Error;
use crate::rows::Row;
use crate::subscriptions::{self, Registry, SharedContexts, StoredSubscription, UnreadSubscription};
use crate::twin::Twin;

/// A subscription made ready.
pub(super) struct Subscriber {
    pub(super) stored: Arc<StoredSubscription>,
    query: PreparedRegistrationQuery,
    /// Microseconds between notifications.
    throttling: Option<i64>,
}

impl Subscriber {
    /// Makes a subscription ready.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a regular expression that cannot be used, and a reference geometry that crosses itself.
    pub(super) fn new(stored: Arc<StoredSubscription>) -> Result<Self, Error> {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, which is what is wanted"
        )]
        let throttling = stored
            .subscription
            .throttling_s
            .map(|seconds| (seconds * 1e6) as i64);
        Ok(Self {
            query: RegistrationQuery::subscribed(&stored.subscription)?.prepare()?,
            throttling,
            stored,
        })
    }

    /// Whether it is notified at this instant (5.8.6).
    pub(super) fn is_on(&self, now: Timestamp) -> bool {
        self.stored.subscription.status(now) == Status::Active
    }

    /// All registrations that match now.
    fn matching(&self, twin: &Twin, view: &View, now: Timestamp) -> Vec<MatchedRegistration> {
        twin.registrations().matching(view, &self.query, now)
    }

    /// What it is told when it was made or changed: of all registrations that match, if any does.
    pub(super) fn first(&self, twin: &Twin, now: Timestamp) -> (Vec<Letter>, HashSet<Uri>) {
        let Some(view) = twin.sight().of(&self.stored.view) else {
            return (Vec::new(), HashSet::new());
        };
        let found = self.matching(twin, &view, now);
        if found.is_empty() || !self.is_on(now) {
            return (Vec::new(), HashSet::new());
        }
        let letters = self.all(&view, TriggerReason::NewlyMatching, &found, now);
        (letters, ids(&found))
    }

    /// What it is told by the clock: of all registrations that match, whether they changed or not; that there are none
    /// any more is told once. `before` are those that it was told of before.
    pub(super) fn again(
        &self,
        twin: &Twin,
        before: &HashSet<Uri>,
        now: Timestamp,
    ) -> (Vec<Letter>, HashSet<Uri>) {
        let Some(view) = twin.sight().of(&self.stored.view) else {
            return (Vec::new(), HashSet::new());
        };
        let found = self.matching(twin, &view, now);
        let told = ids(&found);
        let reason = if told.is_empty() {
            TriggerReason::NoLongerMatching
        } else if told.is_subset(before) {
            TriggerReason::Updated
        } else {
            TriggerReason::NewlyMatching
        };
        if told.is_empty() && before.is_empty() {
            return (Vec::new(), told);
        }
        (self.all(&view, reason, &found, now), told)
    }

    fn all(
        &self,
        view: &View,
        reason: TriggerReason,
        found: &[MatchedRegistration],
        now: Timestamp,
    ) -> Vec<Letter> {
        let told: Vec<Told<'_>> = found.iter().map(Told::Matching).collect();
        letters(&self.stored, reason, &told, now, view.read().fingerprint())
    }

    /// What it is told of a change.
    fn change(
        &self,
        twin: &Twin,
        before: Option<&Arc<StoredRegistration>>,
        after: Option<&Arc<StoredRegistration>>,
        now: Timestamp,
    ) -> Vec<Letter> {
        let Some(view) = twin.sight().of(&self.stored.view) else {
            return Vec::new();
        };
        let matched = |one: Option<&Arc<StoredRegistration>>| matched_by(&view, &self.query, one?);
        let (was, is) = (matched(before), matched(after));
        let left = after.and_then(|after| after.seen(&view));
        let (reason, told) = match (&was, &is) {
            (None, None) => return Vec::new(),
            (None, Some(is)) => (TriggerReason::NewlyMatching, Told::Matching(is)),
            (Some(was), Some(is)) if was.stored.registration() == is.stored.registration() => {
                return Vec::new(); // nothing that it sees has changed
            }
            (Some(_), Some(is)) => (TriggerReason::Updated, Told::Matching(is)),
            (Some(was), None) => (
                TriggerReason::NoLongerMatching,
                left.as_deref().map_or(Told::Matching(was), Told::Whole),
            ),
        };
        letters(&self.stored, reason, &[told], now, view.read().fingerprint())
    }
}

fn ids(found: &[MatchedRegistration]) -> HashSet<Uri> {
    found.iter().map(|one| one.stored.id().clone()).collect()
}

/// All of them.
pub(super) struct Subscribers {
    all: HashMap<Uri, Subscriber>,
    /// Those who do not hear by the clock, by what they asked for.
    index: Index<Uri>,
    contexts: SharedContexts,
    registry: Arc<Registry>,
    /// When those that are throttled were notified last.
    notified: HashMap<Uri, Timestamp>,
    /// What those that notify by the clock were told of last.
    told: HashMap<Uri, HashSet<Uri>>,
}

/// What comes of a change: messages, and whose they are.
pub(super) struct Telling {
    pub(super) letters: Vec<Letter>,
    pub(super) subscriptions: Vec<Uri>,
}

impl Subscribers {
    /// Takes up what is stored, and enters it as owners into the book.
    pub(super) fn open(
        reader: &dyn StorageReader,
        registry: &Arc<Registry>,
        book: &Book,
    ) -> Result<Self, Error> {
        let found = subscriptions::read(reader, Subject::Registrations)?;
        subscriptions::hold(&found.unread, book);
        registry.put_unread(found.unread);
        let mut subscribers = Self {
            all: HashMap::new(),
            index: Index::default(),
            contexts: found.contexts,
            registry: Arc::clone(registry),
            notified: HashMap::new(),
            told: HashMap::new(),
        };
        for stored in found.subscriptions.into_iter().map(Arc::new) {
            subscriptions::enter(&stored, book);
            match Subscriber::new(Arc::clone(&stored)) {
                Ok(subscriber) => subscribers.put(subscriber, HashSet::new()),
                Err(error) => {
                    // It was accepted once: it is kept and shown, and cannot match.
                    tracing::error!(subscription = %stored.subscription.id, %error, "a stored subscription cannot be used");
                    subscribers.registry.put(subscriptions::unusable(&stored, &error));
                }
            }
        }
        Ok(subscribers)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, id: &Uri) -> Option<&Subscriber> {
        self.all.get(id)
    }

    /// Puts a subscription into use; it was told of these registrations.
    pub(super) fn put(&mut self, subscriber: Subscriber, told: HashSet<Uri>) {
        let stored = Arc::clone(&subscriber.stored);
        let id = stored.subscription.id.clone();
        self.note_all(&id, told);
        if stored.subscription.time_interval_s.is_some() {
            self.index.remove(&id);
        } else {
            let footprint = Footprint::of_query(subscriber.query.query());
            self.index.put(&id, footprint, id.clone());
        }
        self.all.insert(id, subscriber);
        self.registry.put(stored);
    }

    /// Takes one out of use.
    pub(super) fn remove(&mut self, id: &Uri) {
        self.all.remove(id);
        self.index.remove(id);
        self.notified.remove(id);
        self.told.remove(id);
        self.registry.remove(id);
    }

    /// The rows that put a subscription in the place of the one before, if any.
    pub(super) fn rows(
        &mut self,
        before: Option<&StoredSubscription>,
        after: Option<&StoredSubscription>,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(after) = after {
            self.contexts.take(&after.context, &mut rows);
        }
        if let Some(before) = before {
            self.contexts.leave(&before.context, &mut rows);
        }
        match (before, after) {
            (_, Some(after)) => rows.push(subscriptions::encode(after)),
            (Some(before), None) => {
                rows.push(subscriptions::erase(before.subject, &before.subscription.id));
            }
            (None, None) => {}
        }
        rows
    }

    /// The rows that take one away which cannot be read.
    pub(super) fn rows_without(&mut self, unread: &UnreadSubscription) -> Vec<Row> {
        let mut rows = vec![subscriptions::erase(unread.subject, &unread.id)];
        if let Some(context) = &unread.context {
            self.contexts.leave(context, &mut rows);
        }
        rows
    }

    /// What [`Self::rows`] gave could not be stored.
    pub(super) fn not_stored(&mut self) {
        self.contexts.recount(&self.registry);
    }

    /// What is to be told of a change of a registration, to those who do not hear by the clock.
    pub(super) fn changed(
        &self,
        twin: &Twin,
        before: Option<&Arc<StoredRegistration>>,
        after: Option<&Arc<StoredRegistration>>,
        now: Timestamp,
    ) -> Telling {
        let mut telling = Telling {
            letters: Vec::new(),
            subscriptions: Vec::new(),
        };
        // Each is asked itself, for what was and for what is.
        let mut concerned: Vec<&Uri> = Vec::new();
        for one in [before, after].into_iter().flatten() {
            concerned.extend(
                self.index
                    .candidates(&Footprint::of_registration(one.registration())),
            );
        }
        concerned.sort_unstable();
        concerned.dedup();
        for id in concerned {
            let Some(subscriber) = self.all.get(id) else {
                continue;
            };
            if !subscriber.is_on(now) || self.is_throttled(twin, subscriber, now) {
                continue;
            }
            let letters = subscriber.change(twin, before, after, now);
            if !letters.is_empty() {
                telling.letters.extend(letters);
                telling.subscriptions.push(id.clone());
            }
        }
        telling
    }

    /// Notes that these were notified.
    pub(super) fn note(&mut self, subscriptions: Vec<Uri>, now: Timestamp) {
        for id in subscriptions {
            if self.get(&id).is_some_and(|one| one.throttling.is_some()) {
                self.notified.insert(id, now);
            }
        }
    }

    /// What a subscription that notifies by the clock was told of last.
    pub(super) fn told(&self, id: &Uri) -> HashSet<Uri> {
        self.told.get(id).cloned().unwrap_or_default()
    }

    /// Notes of what it was told.
    pub(super) fn note_all(&mut self, id: &Uri, told: HashSet<Uri>) {
        if told.is_empty() {
            self.told.remove(id);
        } else {
            self.told.insert(id.clone(), told);
        }
    }

    /// Whether a notification would come too early (`throttling`).
    fn is_throttled(&self, twin: &Twin, subscriber: &Subscriber, now: Timestamp) -> bool {
        let Some(throttling) = subscriber.throttling else {
            return false;
        };
        let noted = self.notified.get(&subscriber.stored.subscription.id).copied();
        // What was sent before a restart is in the counters.
        let last = noted.or_else(|| twin.standing(&subscriber.stored.owner()).last_notification);
        // A clock that was set back does not silence anybody.
        last.is_some_and(|last| last <= now && last.plus_micros(throttling) > now)
    }
}

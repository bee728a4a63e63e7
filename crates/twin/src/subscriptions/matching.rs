//! The writer's side of subscriptions: what it keeps to match changes, and what comes of a match.

use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::subscription::Subject;
use ngsi_ld::{Entity, Timestamp, Uri};
use query::{Caller, Links, View};
use storage::StorageReader;

use super::StoredSubscription;
use super::change::Difference;
use super::compiled::Compiled;
use super::index::Index;
use super::letters::{self, Find, Shown, Wording};
use super::registry::Registry;
use super::stored::{self, SharedContexts};
use crate::delivery::{Book, Letter};
use crate::error::Error;
use crate::events::EntityChange;
use crate::reading;

/// What the writer keeps of subscriptions.
pub(crate) struct Matcher {
    pub(super) index: Index,
    pub(super) contexts: SharedContexts,
    pub(super) registry: Arc<Registry>,
    /// When those that are throttled were notified last.
    pub(super) notified: HashMap<Uri, Timestamp>,
    /// For the ids of notifications.
    made: u64,
}

impl Matcher {
    /// Takes up what is stored, and enters it as owners into the book.
    pub(crate) fn open(
        reader: &dyn StorageReader,
        registry: Arc<Registry>,
        book: &Book,
    ) -> Result<Self, Error> {
        let (found, contexts) = stored::read(reader, Subject::Entities)?;
        let mut matcher = Self {
            index: Index::default(),
            contexts,
            registry,
            notified: HashMap::new(),
            made: 0,
        };
        for one in found {
            let stored = Arc::new(one);
            // Until callers have names, whoever subscribed saw everything.
            let view = View::open(Caller::System("subscription"), "service-operation");
            match Compiled::new(Arc::clone(&stored), view) {
                Ok(compiled) => matcher.put(compiled, book),
                Err(error) => {
                    // It was accepted once: it is kept and shown, and cannot match.
                    tracing::error!(subscription = %stored.subscription.id, %error, "a stored subscription cannot be used");
                    matcher.registry.put(stored);
                }
            }
        }
        Ok(matcher)
    }

    /// When those that are throttled were notified last, from the counters: once these are read.
    pub(crate) fn learn_standings(&mut self, book: &Book) {
        let (all, _) = self.registry.page(0, usize::MAX);
        for stored in all
            .iter()
            .filter(|stored| stored.subscription.throttling_s.is_some())
        {
            if let Some(last) = book.standing(&stored.owner()).last_notification {
                self.notified.insert(stored.subscription.id.clone(), last);
            }
        }
    }

    /// Puts a subscription into use.
    pub(super) fn put(&mut self, compiled: Compiled, book: &Book) {
        let stored = Arc::clone(&compiled.stored);
        enter(&stored, book);
        if stored.subscription.time_interval_s.is_none() {
            self.index.put(compiled);
        } else {
            // Those that notify by the clock do not look at changes (5.8.6).
            self.index.remove(&stored.subscription.id);
        }
        self.registry.put(stored);
    }

    /// Takes one out of use.
    pub(super) fn remove(&mut self, id: &Uri, book: &Book) {
        self.index.remove(id);
        self.notified.remove(id);
        self.registry.remove(id);
        book.forget_owner(&super::owner(Subject::Entities, id));
    }

    /// The messages that come of a group of changes. `requests` are the changes of each request: of one request, each
    /// subscription is told together. `now` decides who is active and who is throttled; `find` gives
    /// linked entities, as the group leaves them.
    pub(crate) fn letters(
        &mut self,
        changes: &[EntityChange],
        requests: &[Range<usize>],
        at: Timestamp,
        now: Timestamp,
        find: &Find<'_>,
    ) -> Vec<Letter> {
        let mut made = Vec::new();
        if self.index.is_empty() {
            return made;
        }
        for request in requests {
            let changes = changes.get(request.clone()).unwrap_or_default();
            self.request(changes, at, now, find, &mut made);
        }
        made
    }

    fn request(
        &mut self,
        changes: &[EntityChange],
        at: Timestamp,
        now: Timestamp,
        find: &Find<'_>,
        into: &mut Vec<Letter>,
    ) {
        let Self {
            index,
            notified,
            made,
            ..
        } = self;
        // In the order of the first match.
        let mut told: Vec<(Arc<StoredSubscription>, Wording, Vec<Shown>)> = Vec::new();
        let mut place: HashMap<Uri, Option<usize>> = HashMap::new();
        for change in changes {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let Some(difference) = Difference::of(before, after) else {
                continue;
            };
            if difference.is_nothing() {
                continue;
            }
            let mut meet = |compiled: &Compiled| {
                if !compiled.is_on(now) {
                    return;
                }
                let (seen_before, seen_after) = (seen(compiled, before), seen(compiled, after));
                let (before, after) = (seen_before.as_deref(), seen_after.as_deref());
                let find = |id: &Uri| find(id).and_then(|entity| reading::seen(&compiled.view, &entity));
                let links = Links::new(&find);
                let takes = if compiled.view.is_open() {
                    compiled.takes(&difference, &links)
                } else {
                    Difference::of(before, after)
                        .is_some_and(|difference| compiled.takes(&difference, &links))
                };
                if !takes {
                    return;
                }
                let id = &compiled.stored.subscription.id;
                let slot = *place.entry_ref(id).or_insert_with(|| {
                    if is_throttled(compiled, notified, now) {
                        return None;
                    }
                    told.push((
                        Arc::clone(&compiled.stored),
                        Wording::of(&compiled.stored),
                        Vec::new(),
                    ));
                    Some(told.len() - 1)
                });
                if let Some((_, wording, shown)) = slot.and_then(|slot| told.get_mut(slot)) {
                    shown.extend(letters::change(compiled, wording, before, after, at, &find));
                }
            };
            index.concerned(&difference, &mut |compiled| {
                contained(&compiled.stored, || meet(compiled));
            });
        }
        for (stored, wording, shown) in told {
            let were = into.len();
            let written = contained(&stored, || {
                let mut id = |subscription: &Uri| {
                    *made += 1;
                    notification_id(subscription, at, *made)
                };
                letters::letters(&stored, &wording, shown, at, &mut id, into);
            });
            if !written {
                into.truncate(were);
            }
        }
    }
}

/// Does something for one subscription. Where that meets a defect, the others are told all the same; whether it did
/// not.
fn contained(stored: &StoredSubscription, work: impl FnOnce()) -> bool {
    let done = catch_unwind(AssertUnwindSafe(work)).is_ok();
    if !done {
        tracing::error!(subscription = %stored.subscription.id, "matching met a defect of this program; a change was not notified");
    }
    done
}

/// What a subscriber sees of an entity.
fn seen<'a>(compiled: &Compiled, entity: Option<&'a Entity>) -> Option<Cow<'a, Entity>> {
    compiled.view.of(entity?)
}

/// Whether a notification would come too early; if not, it is noted to come now.
fn is_throttled(compiled: &Compiled, notified: &mut HashMap<Uri, Timestamp>, now: Timestamp) -> bool {
    let Some(throttling) = compiled.throttling else {
        return false;
    };
    let id = &compiled.stored.subscription.id;
    // A clock that was set back does not silence anybody.
    let early = notified
        .get(id)
        .is_some_and(|last| *last <= now && last.plus_micros(throttling) > now);
    if !early {
        notified.insert(id.clone(), now);
    }
    early
}

/// An id that no other notification has.
pub(crate) fn notification_id(subscription: &Uri, at: Timestamp, number: u64) -> String {
    let hash = crate::delivery::fnv(subscription.as_str().as_bytes());
    format!(
        "urn:ngsi-ld:Notification:{:x}-{number:x}-{hash:016x}",
        at.as_micros()
    )
}

/// Enters a subscription as an owner.
pub(crate) fn enter(stored: &StoredSubscription, book: &Book) {
    let subscription = &stored.subscription;
    book.enter_owner(
        &stored.owner(),
        &subscription.notification.endpoint,
        subscription.is_active == Some(false),
        subscription.expires_at,
    );
}

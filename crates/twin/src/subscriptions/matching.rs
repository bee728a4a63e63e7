//! The writer's side of subscriptions: what it keeps to match changes, and what comes of a match.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::subscription::Subject;
use ngsi_ld::{Timestamp, Uri};
use query::Links;
use storage::StorageReader;

use super::change::Difference;
use super::compiled::Compiled;
use super::index::Index;
use super::letters::{self, Find, Shown, Wording};
use super::registry::Registry;
use super::stored::{self, SharedContexts};
use super::{StoredSubscription, UnreadSubscription};
use crate::delivery::{Book, Letter};
use crate::error::Error;
use crate::events::EntityChange;
use crate::reading;
use crate::sight::Sight;

/// What the writer keeps of subscriptions.
pub(crate) struct Matcher {
    pub(super) index: Index,
    pub(super) contexts: SharedContexts,
    pub(super) registry: Arc<Registry>,
    /// When those that are throttled were notified last.
    pub(super) notified: HashMap<Uri, Timestamp>,
    /// Those that are notified in the group that is not committed yet, and when.
    noted: HashMap<Uri, Timestamp>,
    /// For the ids of notifications: how many of this commit each subscription has.
    made: HashMap<Uri, u64>,
    /// Whom to ask what subscribers may see.
    pub(super) sight: Arc<Sight>,
    /// The version of the rules when that was asked.
    epoch: Option<u64>,
}

impl Matcher {
    /// Takes up what is stored, and enters it as owners into the book.
    pub(crate) fn open(
        reader: &dyn StorageReader,
        registry: Arc<Registry>,
        sight: Arc<Sight>,
        book: &Book,
    ) -> Result<Self, Error> {
        let found = stored::read(reader, Subject::Entities)?;
        hold(&found.unread, book);
        registry.put_unread(found.unread);
        let mut matcher = Self {
            index: Index::default(),
            contexts: found.contexts,
            registry,
            notified: HashMap::new(),
            noted: HashMap::new(),
            made: HashMap::new(),
            sight,
            epoch: None,
        };
        for one in found.subscriptions {
            let stored = Arc::new(one);
            // Also of one that cannot be used: what waits for it stays.
            enter(&stored, book);
            match Compiled::new(Arc::clone(&stored)) {
                Ok(compiled) => matcher.put(compiled, book),
                Err(error) => {
                    // It was accepted once: it is kept and shown, and cannot match.
                    tracing::error!(subscription = %stored.subscription.id, %error, "a stored subscription cannot be used");
                    matcher.registry.put(unusable(&stored, &error));
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
    pub(super) fn put(&mut self, mut compiled: Compiled, book: &Book) {
        let stored = Arc::clone(&compiled.stored);
        compiled.see(self.sight.of(&stored.view));
        enter(&stored, book);
        book.see(&stored.owner(), compiled.rights());
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
        self.noted.clear(); // of a group that could not be committed
        self.made.clear();
        if self.index.is_empty() {
            return made;
        }
        let epoch = self.sight.epoch();
        if epoch != self.epoch {
            self.epoch = epoch;
            let sight = &self.sight;
            self.index.look_again(&|given| sight.of(given));
        }
        for request in requests {
            let changes = changes.get(request.clone()).unwrap_or_default();
            self.request(changes, at, now, find, &mut made);
        }
        made
    }

    /// The group whose messages were asked for last is committed: its throttled subscribers are notified now.
    pub(crate) fn committed(&mut self) {
        self.notified.extend(self.noted.drain());
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
            noted,
            made,
            ..
        } = self;
        // In the order of the first match.
        let mut told: Vec<Telling> = Vec::new();
        let mut place: HashMap<Uri, Option<usize>> = HashMap::new();
        for change in changes {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let Some(difference) = Difference::of(before, after) else {
                continue;
            };
            // Who does not see all may see an entity come or go where nothing but its Scope changes.
            if difference.is_nothing() && !index.has_narrow() {
                continue;
            }
            let was = before;
            let mut meet = |compiled: &Compiled| {
                let Some(view) = compiled.view().filter(|_| compiled.is_on(now)) else {
                    return;
                };
                let seen_before = before.and_then(|before| view.of(before));
                let seen_after = after.and_then(|after| view.of(after));
                let (before, after) = (seen_before.as_deref(), seen_after.as_deref());
                let find = |id: &Uri| find(id).and_then(|entity| reading::seen(view, &entity));
                let links = Links::new(&find);
                let takes = if view.read().is_all() {
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
                    if is_throttled(compiled, [&*noted, &*notified], now) {
                        return None;
                    }
                    told.push(Telling {
                        stored: Arc::clone(&compiled.stored),
                        rights: view.read().fingerprint(),
                        wording: Wording::of(&compiled.stored),
                        shown: Vec::new(),
                    });
                    Some(told.len() - 1)
                });
                if let Some(Telling { wording, shown, .. }) = slot.and_then(|slot| told.get_mut(slot)) {
                    if compiled.throttling.is_some() && !shown.is_empty() {
                        return; // as if it had come in a request of its own, an instant later (5.5.11.0)
                    }
                    shown.extend(letters::change(compiled, wording, before, after, at, &find));
                }
            };
            index.concerned(&difference, was, &mut |compiled| {
                contained(&compiled.stored, || meet(compiled));
            });
        }
        for Telling {
            stored,
            rights,
            wording,
            shown,
        } in told
        {
            let were = into.len();
            let throttled = stored.subscription.throttling_s.is_some() && !shown.is_empty();
            let written = contained(&stored, || {
                let mut id = |subscription: &Uri| {
                    let number = made.entry_ref(subscription).or_default();
                    *number += 1;
                    notification_id(subscription, at, *number)
                };
                letters::letters(&stored, &wording, shown, (at, rights), &mut id, into);
            });
            if !written {
                into.truncate(were);
            } else if throttled {
                noted.insert(stored.subscription.id.clone(), now);
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

/// What a subscription is to be told.
struct Telling {
    stored: Arc<StoredSubscription>,
    /// By which rights its subscriber sees it.
    rights: u64,
    wording: Wording,
    shown: Vec<Shown>,
}

/// Whether a notification would come too early.
fn is_throttled(compiled: &Compiled, notified: [&HashMap<Uri, Timestamp>; 2], now: Timestamp) -> bool {
    let Some(throttling) = compiled.throttling else {
        return false;
    };
    let id = &compiled.stored.subscription.id;
    // A clock that was set back does not silence anybody.
    let early = |last: &Timestamp| *last <= now && last.plus_micros(throttling) > now;
    notified
        .iter()
        .any(|notified| notified.get(id).is_some_and(early))
}

/// An id that no other notification has.
pub(crate) fn notification_id(subscription: &Uri, at: Timestamp, number: u64) -> String {
    let hash = crate::delivery::fnv(subscription.as_str().as_bytes());
    format!(
        "urn:ngsi-ld:Notification:{:x}-{number:x}-{hash:016x}",
        at.as_micros()
    )
}

/// It, with why it cannot be used.
pub(crate) fn unusable(stored: &StoredSubscription, error: &Error) -> Arc<StoredSubscription> {
    Arc::new(StoredSubscription {
        unusable: Some(error.to_string()),
        ..stored.clone()
    })
}

/// Has what waits for subscriptions that cannot be read stay where it is.
pub(crate) fn hold(unread: &[UnreadSubscription], book: &Book) {
    for one in unread {
        book.hold_owner(super::owner(one.subject, &one.id));
    }
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

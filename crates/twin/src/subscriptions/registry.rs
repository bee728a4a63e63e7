//! All subscriptions, for whoever asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ngsi_ld::{Timestamp, Uri};
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::{StoredSubscription, UnreadSubscription};

/// All subscriptions. The writer changes it, everybody reads it.
#[derive(Default)]
pub(crate) struct Registry {
    kept: RwLock<Kept>,
    /// Rung when it changed.
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Kept {
    by_id: BTreeMap<Uri, Arc<StoredSubscription>>,
    /// In order of creation.
    in_order: BTreeMap<(Timestamp, Uri), Arc<StoredSubscription>>,
    /// Those whose rows cannot be read.
    unread: BTreeMap<Uri, Arc<UnreadSubscription>>,
    /// How often it changed.
    version: u64,
}

impl Registry {
    pub(crate) fn get(&self, id: &Uri) -> Option<Arc<StoredSubscription>> {
        self.kept.read().by_id.get(id).cloned()
    }

    /// A page in order of creation, and how many there are in all.
    pub(crate) fn page(&self, offset: usize, limit: usize) -> (Vec<Arc<StoredSubscription>>, usize) {
        let kept = self.kept.read();
        let page = kept.in_order.values().skip(offset).take(limit).cloned().collect();
        (page, kept.in_order.len())
    }

    /// A page of those that are `of` somebody, in order of creation, and how many there are in all.
    pub(crate) fn page_of(
        &self,
        of: &dyn Fn(&StoredSubscription) -> bool,
        offset: usize,
        limit: usize,
    ) -> (Vec<Arc<StoredSubscription>>, usize) {
        let kept = self.kept.read();
        let theirs: Vec<_> = kept.in_order.values().filter(|stored| of(stored)).collect();
        let page = theirs.iter().skip(offset).take(limit).copied().cloned().collect();
        (page, theirs.len())
    }

    /// Those that notify by the clock, if anything changed since `version`.
    pub(crate) fn periodic(&self, version: Option<u64>) -> Option<(u64, Vec<Arc<StoredSubscription>>)> {
        let kept = self.kept.read();
        if version == Some(kept.version) {
            return None;
        }
        let timed = kept
            .by_id
            .values()
            .filter(|one| one.unusable.is_none() && one.subscription.time_interval_s.is_some());
        Some((kept.version, timed.cloned().collect()))
    }

    /// One whose row cannot be read.
    pub(crate) fn unread(&self, id: &Uri) -> Option<Arc<UnreadSubscription>> {
        self.kept.read().unread.get(id).cloned()
    }

    /// All of them, by id.
    pub(crate) fn all_unread(&self) -> Vec<Arc<UnreadSubscription>> {
        self.kept.read().unread.values().cloned().collect()
    }

    /// Puts those in whose rows cannot be read.
    pub(crate) fn put_unread(&self, unread: Vec<UnreadSubscription>) {
        let mut kept = self.kept.write();
        kept.unread
            .extend(unread.into_iter().map(|one| (one.id.clone(), Arc::new(one))));
    }

    pub(crate) fn put(&self, stored: Arc<StoredSubscription>) {
        let mut kept = self.kept.write();
        kept.version += 1;
        let id = stored.subscription.id.clone();
        kept.in_order
            .insert((stored.created_at, id.clone()), Arc::clone(&stored));
        kept.by_id.insert(id, stored);
        drop(kept);
        self.changed.notify_one();
    }

    pub(crate) fn remove(&self, id: &Uri) {
        let mut kept = self.kept.write();
        kept.version += 1;
        if let Some(gone) = kept.by_id.remove(id) {
            kept.in_order.remove(&(gone.created_at, id.clone()));
        }
        kept.unread.remove(id);
        drop(kept);
        self.changed.notify_one();
    }
}

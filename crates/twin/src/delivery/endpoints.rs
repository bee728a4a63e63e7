//! How the endpoints stand: what waits for each, and why it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::Timestamp;

use super::book::{Book, OwnerEntry};
use super::queue::Queue;
use super::{Owner, without_secret};

/// How one endpoint stands, as far as somebody's owners send to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointState {
    /// Where it is.
    pub uri: String,
    /// Who sends to it.
    pub owners: BTreeSet<Owner>,
    /// How many messages of theirs wait.
    pub waiting: usize,
    /// How long these are together, in bytes.
    pub waiting_bytes: usize,
    /// When the oldest of them was made.
    pub oldest: Option<Timestamp>,
    /// How often that one was tried.
    pub attempts: u32,
    /// How many attempts failed since the last success, or the start; 0 where none of theirs did.
    pub failures: u32,
    /// Why the last of them failed.
    pub last_failure: Option<Arc<str>>,
    /// It is left alone until then.
    pub rests_until: Option<Timestamp>,
}

/// Who of those that send to an endpoint somebody may know of.
#[derive(Default)]
struct Senders<'a> {
    known: Vec<&'a Owner>,
    /// Whether there are others.
    others: bool,
    /// Whether the last attempt of one that is known failed.
    failing: bool,
}

impl Book {
    /// At most `limit` endpoints after a URI, in the order of their URIs: those of owners that `owns` lets through, and
    /// only failing ones where that is asked for. What others met there is not told.
    pub(crate) fn endpoints(
        &self,
        owns: &dyn Fn(&Owner) -> bool,
        failing: bool,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<EndpointState> {
        let entries = self.entries.lock();
        let fails = |entry: &OwnerEntry| !entry.paused && entry.standing.succeeded == Some(false);
        let mut uris: BTreeMap<&str, Senders<'_>> = BTreeMap::new();
        for (owner, entry) in &entries.owners {
            if after.is_some_and(|after| *entry.queue <= *after) {
                continue;
            }
            let senders = uris.entry(&entry.queue).or_default();
            if owns(owner) {
                senders.known.push(owner);
                senders.failing |= fails(entry);
            } else {
                senders.others = true;
            }
        }
        uris.retain(|_, senders| !senders.known.is_empty() && (senders.failing || !failing));
        uris.into_iter()
            .take(limit)
            .map(|(uri, senders)| state(uri, &senders, entries.queues.get(uri)))
            .collect()
    }

    /// Ends the rest of an endpoint, but not that which it asked for itself, or a subscription (`cooldown`); whether one of
    /// the owners that `owns` lets through sends there. The URI may be without the name and the password in it.
    pub(crate) fn wake(&self, owns: &dyn Fn(&Owner) -> bool, uri: &str, now: Timestamp) -> bool {
        let mut entries = self.entries.lock();
        let is_it = |entry: &OwnerEntry| *entry.queue == *uri || without_secret(&entry.queue) == uri;
        let theirs = entries.owners.iter();
        let theirs: BTreeSet<Arc<str>> = theirs
            .filter(|(owner, entry)| is_it(entry) && owns(owner))
            .map(|(_, entry)| Arc::clone(&entry.queue))
            .collect();
        for uri in &theirs {
            let left_until = entries.queues.get(uri).and_then(|queue| queue.left_until);
            match left_until.filter(|end| *end > now) {
                Some(end) => entries.rest(uri, end),
                None => entries.wake(uri),
            }
        }
        drop(entries);
        self.bell.notify_one();
        !theirs.is_empty()
    }
}

fn state(uri: &str, senders: &Senders<'_>, queue: Option<&Queue>) -> EndpointState {
    let mut state = EndpointState {
        uri: uri.to_owned(),
        owners: senders.known.iter().map(|owner| (*owner).clone()).collect(),
        ..EndpointState::default()
    };
    let Some(queue) = queue else {
        return state;
    };
    let is_theirs = |owner: &Owner| !senders.others || senders.known.contains(&owner);
    let mut theirs = queue
        .letters()
        .filter(|(_, waiting)| is_theirs(&waiting.letter.owner));
    if let Some((_, first)) = theirs.next() {
        (state.oldest, state.attempts) = (Some(first.letter.made_at), first.attempts);
        (state.waiting, state.waiting_bytes) = if senders.others {
            theirs.fold((1, first.letter.bytes()), |(waiting, bytes), (_, next)| {
                (waiting + 1, bytes + next.letter.bytes())
            })
        } else {
            (queue.len(), queue.bytes())
        };
    }
    if senders.failing {
        state.failures = queue.failures;
        state.last_failure.clone_from(&queue.last_failure);
        state.rests_until = queue.rests_until;
    }
    state
}

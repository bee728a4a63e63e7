//! How the endpoints stand: what waits for each, and why it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::Timestamp;

use super::Owner;
use super::book::Book;

/// How one endpoint stands, as far as somebody's owners send to it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// How often the message that waits longest was tried.
    pub attempts: u32,
    /// How many attempts failed since the last success, whoever's they were.
    pub failures: u32,
    /// Why the last of them failed; `None` where the last attempt succeeded, and before the first.
    pub last_failure: Option<Arc<str>>,
    /// It is left alone until then.
    pub rests_until: Option<Timestamp>,
}

impl Book {
    /// At most `limit` endpoints after a URI, in the order of their URIs: those of owners that `owns` lets through, and
    /// only failing ones where that is asked for.
    pub(crate) fn endpoints(
        &self,
        owns: &dyn Fn(&Owner) -> bool,
        failing: bool,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<EndpointState> {
        let entries = self.entries.lock();
        let mut uris: BTreeMap<&Arc<str>, BTreeSet<Owner>> = BTreeMap::new();
        for (owner, entry) in &entries.owners {
            let is_asked = after.is_none_or(|after| *entry.queue > *after)
                && (!failing || (entries.queues.get(&entry.queue)).is_some_and(|queue| queue.failures > 0));
            if is_asked && owns(owner) {
                uris.entry(&entry.queue).or_default().insert(owner.clone());
            }
        }
        let state = |(uri, owners): (&Arc<str>, BTreeSet<Owner>)| {
            let mut state = EndpointState {
                uri: uri.to_string(),
                owners,
                waiting: 0,
                waiting_bytes: 0,
                oldest: None,
                attempts: 0,
                failures: 0,
                last_failure: None,
                rests_until: None,
            };
            let Some(queue) = entries.queues.get(uri) else {
                return state;
            };
            for (_, waiting) in queue.letters() {
                if !state.owners.contains(&waiting.letter.owner) {
                    continue;
                }
                if state.waiting == 0 {
                    (state.oldest, state.attempts) = (Some(waiting.letter.made_at), waiting.attempts);
                }
                state.waiting += 1;
                state.waiting_bytes += waiting.letter.bytes();
            }
            state.failures = queue.failures;
            state.last_failure.clone_from(&queue.last_failure);
            state.rests_until = queue.rests_until;
            state
        };
        uris.into_iter().take(limit).map(state).collect()
    }
}

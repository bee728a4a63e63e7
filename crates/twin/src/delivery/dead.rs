//! Messages that were given up.

use std::collections::BTreeSet;
use std::sync::Arc;

use ngsi_ld::{Timestamp, Uri};
use serde_json::{Value as Json, json};

use super::book::{Book, DEAD_LETTERS, Entries, OUTBOX};
use super::queue::Queue;
use super::{DeliveryLimits, Letter, Owner, without_secret};
use crate::rows::Row;

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number, by which it can be asked for.
    pub number: u64,
    /// What was to be sent.
    pub letter: Arc<Letter>,
    /// Where to.
    pub uri: String,
    /// Why it was given up.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub given_up_at: Timestamp,
}

/// Which dead letters. Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// This one.
    pub number: Option<u64>,
    /// Of owners with this id.
    pub owner: Option<Uri>,
    /// To this endpoint.
    pub uri: Option<String>,
}

/// A dead letter in the book.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    pub(super) letter: Arc<Letter>,
    pub(super) uri: String,
    pub(super) reason: String,
    pub(super) attempts: u32,
    pub(super) at: Timestamp,
}

impl Dead {
    fn encode(&self) -> Vec<u8> {
        self.letter.encode(&json!({
            "uri": self.uri,
            "reason": self.reason,
            "attempts": self.attempts,
            "at": self.at.as_micros(),
        }))
    }

    pub(super) fn decode(row: &[u8]) -> Option<Self> {
        let (letter, more) = Letter::decode(row)?;
        let text = |member: &str| {
            more.get(member)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let number = |member: &str| more.get(member).and_then(Json::as_i64).unwrap_or_default();
        Some(Self {
            letter: Arc::new(letter),
            uri: text("uri"),
            reason: text("reason"),
            attempts: u32::try_from(number("attempts")).unwrap_or_default(),
            at: Timestamp::from_micros(number("at")),
        })
    }

    fn matches(&self, number: u64, filter: &DeadLetterFilter) -> bool {
        filter.number.is_none_or(|wanted| wanted == number)
            && filter
                .owner
                .as_ref()
                .is_none_or(|wanted| *wanted == self.letter.owner.id)
            && filter.uri.as_ref().is_none_or(|wanted| *wanted == self.uri)
    }
}

impl Book {
    /// At most `limit` dead letters after a number, oldest first: those that `may` be shown.
    pub(crate) fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        may: &dyn Fn(&Letter) -> bool,
        after: Option<u64>,
        limit: usize,
    ) -> Vec<DeadLetter> {
        let entries = self.entries.lock();
        let from = after.map_or(0, |after| after.saturating_add(1));
        entries
            .dead
            .range(from..)
            .filter(|(number, dead)| dead.matches(**number, filter) && may(&dead.letter))
            .take(limit)
            .map(|(number, dead)| DeadLetter {
                number: *number,
                letter: Arc::clone(&dead.letter),
                uri: dead.uri.clone(),
                reason: dead.reason.clone(),
                attempts: dead.attempts,
                given_up_at: dead.at,
            })
            .collect()
    }

    /// Puts dead letters at the end of the queues of their owners again, with the ids they had. Gives how many.
    pub(crate) fn replay(
        &self,
        filter: &DeadLetterFilter,
        owns: &dyn Fn(&Owner) -> bool,
        now: Timestamp,
    ) -> usize {
        let mut entries = self.entries.lock();
        let mut replayed = 0;
        let mut queues = BTreeSet::new();
        for number in entries.dead_that(filter, owns) {
            let Some(owner) = entries.dead.get(&number).map(|dead| dead.letter.owner.clone()) else {
                continue;
            };
            let Some(queue) = entries.owners.get(&owner).map(|owner| Arc::clone(&owner.queue)) else {
                continue;
            };
            let Some(dead) = entries.bury(number) else {
                continue;
            };
            let new_number = entries.next_number;
            entries.next_number += 1;
            // Its age counts anew, also after a restart: whoever replays it wants it tried.
            let mut letter = (*dead.letter).clone();
            letter.made_at = now;
            let row = Row::put(OUTBOX, new_number.to_be_bytes(), letter.encode(&Json::Null));
            entries.unwritten.push(row);
            entries.admit(new_number, Arc::new(letter), 0);
            entries.hold_to_bounds(&queue, &self.limits, now);
            entries.wake(&queue);
            queues.insert(queue);
            replayed += 1;
        }
        for uri in queues {
            entries.hold_to_bounds(&uri, &self.limits, now);
        }
        drop(entries);
        self.bell.notify_one();
        replayed
    }

    /// Destroys dead letters. Gives how many.
    pub(crate) fn purge(&self, filter: &DeadLetterFilter, owns: &dyn Fn(&Owner) -> bool) -> usize {
        let mut entries = self.entries.lock();
        let numbers = entries.dead_that(filter, owns);
        numbers
            .iter()
            .filter(|number| entries.bury(**number).is_some())
            .count()
    }
}

impl Entries {
    fn dead_that(&self, filter: &DeadLetterFilter, owns: &dyn Fn(&Owner) -> bool) -> Vec<u64> {
        let matching = self
            .dead
            .iter()
            .filter(|(number, dead)| dead.matches(**number, filter) && owns(&dead.letter.owner));
        matching.map(|(number, _)| *number).collect()
    }

    /// Ends the rest of an endpoint.
    pub(super) fn wake(&mut self, uri: &Arc<str>) {
        if let Some(end) = self
            .queues
            .get_mut(uri)
            .and_then(|queue| queue.rests_until.take())
        {
            self.resting.remove(&(end, Arc::clone(uri)));
        }
        self.make_ready(uri);
    }

    /// Destroys a dead letter.
    pub(super) fn bury(&mut self, number: u64) -> Option<Dead> {
        let dead = self.dead.remove(&number)?;
        self.dead_bytes -= dead.letter.bytes();
        self.unwritten
            .push(Row::delete(DEAD_LETTERS, number.to_be_bytes()));
        Some(dead)
    }

    /// Makes a waiting message a dead letter.
    pub(super) fn give_up(
        &mut self,
        uri: &Arc<str>,
        number: u64,
        reason: String,
        limits: &DeliveryLimits,
        now: Timestamp,
    ) {
        let Some(gone) = self.remove(uri, number) else {
            return;
        };
        self.statistics.given_up += 1;
        let owner: &Owner = &gone.letter.owner;
        tracing::warn!(endpoint = %without_secret(uri), owner = %owner.id, notification = gone.letter.id, reason, "a notification was given up; it is a dead letter now");
        let dead = Dead {
            letter: gone.letter,
            uri: uri.to_string(),
            reason,
            attempts: gone.attempts,
            at: now,
        };
        self.unwritten.push(Row::delete(OUTBOX, number.to_be_bytes()));
        self.unwritten
            .push(Row::put(DEAD_LETTERS, number.to_be_bytes(), dead.encode()));
        self.dead_bytes += dead.letter.bytes();
        self.dead.insert(number, dead);
        while self.dead.len() > limits.dead_letters || self.dead_bytes > limits.dead_bytes {
            let Some(oldest) = self.dead.keys().next().copied() else {
                break;
            };
            if let Some(dropped) = self.bury(oldest) {
                self.statistics.dropped += 1;
                tracing::error!(
                    endpoint = dropped.uri,
                    notification = dropped.letter.id,
                    "a dead letter had to make room and is lost"
                );
            }
        }
    }

    /// Holds an endpoint's queue, and all queues together, to their bounds: the oldest is given up.
    pub(super) fn hold_to_bounds(&mut self, uri: &Arc<str>, limits: &DeliveryLimits, now: Timestamp) {
        let over = |queue: &Queue| {
            queue.len() > limits.endpoint_letters
                || (queue.bytes() > limits.endpoint_bytes && queue.len() > 1)
        };
        while let Some(number) = self
            .queues
            .get(uri)
            .filter(|queue| over(queue))
            .and_then(Queue::oldest_resting)
        {
            self.give_up(
                uri,
                number,
                "too many notifications waited for this endpoint".to_owned(),
                limits,
                now,
            );
        }
        while self.waiting_bytes > limits.total_bytes {
            let longest = self.queues.iter().max_by_key(|(_, queue)| queue.bytes());
            let Some((uri, number)) =
                longest.and_then(|(uri, queue)| Some((Arc::clone(uri), queue.oldest_resting()?)))
            else {
                return;
            };
            self.give_up(
                &uri,
                number,
                "too many notifications waited for all endpoints together".to_owned(),
                limits,
                now,
            );
        }
    }
}

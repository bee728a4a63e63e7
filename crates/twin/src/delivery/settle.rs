//! Attempts: which comes next, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;

use super::book::{Book, Entries, OUTBOX, OwnerEntry};
use super::{DeliveryLimits, Failure, Parcel, without_secret};
use crate::rows::Row;

/// An attempt to make.
pub(super) struct Attempt {
    pub(super) parcel: Parcel,
    number: u64,
    queue: Arc<str>,
    /// 0: to a sound endpoint; 1: to another.
    lane: usize,
    attempts: u32,
}

/// What to do now.
pub(super) enum Next {
    /// This.
    Send(Box<Attempt>),
    /// Nothing before this instant, if any; the bell may ring before.
    Wait(Option<Timestamp>),
    /// Nothing any more.
    End,
}

impl Book {
    /// What to do now.
    pub(super) fn next(&self, now: Timestamp, tenant: Option<&Arc<str>>) -> Next {
        let mut entries = self.entries.lock();
        if entries.closed {
            return Next::End;
        }
        entries.end_rests(now);
        let most = [self.limits.sound_attempts, self.limits.doubtful_attempts];
        for (lane, most) in most.into_iter().enumerate() {
            while entries.under_way[lane] < most {
                let Some(uri) = entries.ready[lane].pop_front() else {
                    break;
                };
                entries.is_ready.remove(&uri);
                if let Some(attempt) = entries.begin(&uri, lane, &self.limits, now, tenant) {
                    entries.make_ready(&uri); // there may be more
                    return Next::Send(Box::new(attempt));
                }
            }
        }
        Next::Wait(entries.resting.first().map(|(end, _)| *end))
    }

    /// An attempt ended.
    pub(super) fn settle(&self, attempt: &Attempt, outcome: Result<(), Failure>, now: Timestamp) {
        let mut entries = self.entries.lock();
        entries.under_way[attempt.lane] -= 1;
        let uri = &attempt.queue;
        let owner = &attempt.parcel.letter.owner;
        let failed = outcome.is_err();
        if failed {
            entries.statistics.failed_attempts += 1;
        }
        if let Some(entry) = entries.owners.get_mut(owner) {
            let is_first = attempt.attempts == 1;
            entry.first_attempts = entry.first_attempts.saturating_sub(u64::from(is_first));
            let standing = &mut entry.standing;
            standing.succeeded = Some(!failed);
            if failed {
                standing.last_failure = Some(now);
                // Once for each notification, as `timesSent`, however often it is tried.
                standing.times_failed += u64::from(is_first);
            } else {
                standing.last_success = Some(now);
            }
            entries.dirty.insert(owner.clone());
            if failed {
                entries.failed.insert(attempt.number, owner.clone());
            }
        }
        let Some(queue) = entries.queues.get_mut(uri) else {
            return;
        };
        match outcome {
            Ok(()) => {
                if queue.told.take().is_some() {
                    tracing::info!(endpoint = %without_secret(uri), "notifications arrive there again");
                }
                (queue.failures, queue.sound, queue.last_failure) = (0, true, None);
                let rested = queue.rests_until.take();
                if entries.remove(uri, attempt.number).is_some() {
                    entries.statistics.delivered += 1;
                    entries
                        .unwritten
                        .push(Row::delete(OUTBOX, attempt.number.to_be_bytes()));
                }
                if let Some(end) = rested {
                    entries.resting.remove(&(end, Arc::clone(uri)));
                }
            }
            Err(failure) => {
                queue.sound = false;
                queue.failures = queue.failures.saturating_add(1);
                queue.last_failure = Some(Arc::from(failure.reason.as_str()));
                queue.rest(attempt.number);
                if queue.told.is_none() {
                    queue.told = Some(now);
                    tracing::warn!(endpoint = %without_secret(uri), owner = %owner.id, reason = failure.reason, "a notification did not arrive there; what waits is tried again");
                }
                tracing::debug!(endpoint = %without_secret(uri), owner = %owner.id, reason = failure.reason, attempts = attempt.attempts, "a notification did not arrive");
                let wait = queue.wait(uri, &self.limits);
                let cooldown = attempt
                    .parcel
                    .endpoint
                    .cooldown_ms
                    .map_or(Duration::ZERO, milliseconds);
                let asked = failure
                    .retry_after
                    .unwrap_or_default()
                    .min(self.limits.longest_wait);
                queue.left_until = Some(now.plus_micros(micros(cooldown.max(asked))));
                entries.rest(uri, now.plus_micros(micros(wait.max(cooldown).max(asked))));
                let age_micros = now.as_micros() - attempt.parcel.letter.made_at.as_micros();
                let most = if failure.refused {
                    self.limits.refusals
                } else {
                    self.limits.attempts
                };
                if attempt.attempts >= most || age_micros > micros(self.limits.max_age) {
                    entries.give_up(uri, attempt.number, failure.reason, &self.limits, now);
                }
            }
        }
        entries.make_ready(uri);
        if !entries.owners.contains_key(owner) {
            entries.tidy(uri);
        }
    }
}

impl Entries {
    /// Endpoints that have rested enough.
    fn end_rests(&mut self, now: Timestamp) {
        while let Some((end, uri)) = self.resting.first().cloned() {
            if end > now {
                return;
            }
            self.resting.pop_first();
            if let Some(queue) = self.queues.get_mut(&uri) {
                queue.rests_until = None;
            }
            self.make_ready(&uri);
        }
    }

    pub(super) fn rest(&mut self, uri: &Arc<str>, until: Timestamp) {
        let Some(queue) = self.queues.get_mut(uri) else {
            return;
        };
        // Of several attempts that fail together, the last decides.
        if let Some(before) = queue.rests_until.replace(until) {
            self.resting.remove(&(before, Arc::clone(uri)));
        }
        self.resting.insert((until, Arc::clone(uri)));
    }

    /// The next attempt to an endpoint, if one may be made.
    fn begin(
        &mut self,
        uri: &Arc<str>,
        lane: usize,
        limits: &DeliveryLimits,
        now: Timestamp,
        tenant: Option<&Arc<str>>,
    ) -> Option<Attempt> {
        loop {
            let queue = self.queues.get_mut(uri)?;
            if queue.rests_until.is_some() {
                return None;
            }
            let (number, waiting) = queue.begin(limits)?;
            let letter = waiting.letter;
            let takes = |owner: &&mut OwnerEntry| owner.takes(&letter, now);
            let Some(owner) = self.owners.get_mut(&letter.owner).filter(takes) else {
                self.remove(uri, number);
                self.unwritten.push(Row::delete(OUTBOX, number.to_be_bytes()));
                continue;
            };
            let is_first = u64::from(waiting.attempts == 1);
            owner.standing.times_sent += is_first;
            owner.first_attempts += is_first;
            owner.standing.last_notification = Some(now);
            let endpoint = Arc::clone(&owner.endpoint);
            self.dirty.insert(letter.owner.clone());
            self.under_way[lane] += 1;
            let timeout = endpoint.timeout_ms.map_or(limits.timeout, milliseconds);
            return Some(Attempt {
                parcel: Parcel {
                    letter,
                    endpoint,
                    tenant: tenant.cloned(),
                    snapshot: None,
                    timeout: timeout.min(limits.longest_timeout),
                },
                number,
                queue: Arc::clone(uri),
                lane,
                attempts: waiting.attempts,
            });
        }
    }
}

fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

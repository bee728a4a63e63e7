//! The book of delivery: every queue, every owner, every dead letter, and what of it the disk does not know yet.
//!
//! The writer enters what it committed, the runner takes attempts out and enters their ends. Both hold the lock for
//! moments only, and neither waits for anything while it does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::{HashMap, HashSet};
use ngsi_ld::subscription::{Endpoint, Standing};
use ngsi_ld::{Timestamp, Uri};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use storage::StorageReader;
use tokio::sync::Notify;

use super::dead::Dead;
use super::queue::{Queue, Waiting};
use super::{DeliveryLimits, DeliveryStatistics, Letter, Owner, OwnerKind};
use crate::damage::Damages;
use crate::error::Error;
use crate::rows::Row;

/// Messages that wait, by number.
pub(crate) const OUTBOX: &str = "outbox";
/// Dead letters, by number.
pub(crate) const DEAD_LETTERS: &str = "dead-letter";
/// Counters, by owner.
const STANDINGS: &str = "standing";

/// See the module.
pub(crate) struct Book {
    pub(super) limits: DeliveryLimits,
    pub(super) entries: Mutex<Entries>,
    /// Rung when there may be something to send.
    pub(super) bell: Notify,
    /// Whether the writer was asked to tell the disk, and did not begin to.
    flush_asked: AtomicBool,
}

#[derive(Default)]
pub(super) struct Entries {
    pub(super) next_number: u64,
    pub(super) owners: HashMap<Owner, OwnerEntry>,
    /// Those that cannot be read, with the numbers of what waits for them: all stays on disk.
    held: HashMap<Owner, Vec<u64>>,
    pub(super) queues: HashMap<Arc<str>, Queue>,
    /// Bytes that wait in all queues.
    pub(super) waiting_bytes: usize,
    /// Endpoints that may have something to send, sound ones and the others; each is in one at most.
    pub(super) ready: [VecDeque<Arc<str>>; 2],
    pub(super) is_ready: HashSet<Arc<str>>,
    /// Endpoints that rest, by the end of it.
    pub(super) resting: BTreeSet<(Timestamp, Arc<str>)>,
    /// Attempts under way, to sound endpoints and to others.
    pub(super) under_way: [usize; 2],
    pub(super) dead: BTreeMap<u64, Dead>,
    pub(super) dead_bytes: usize,
    /// What the disk does not know yet.
    pub(super) unwritten: Vec<Row>,
    pub(super) dirty: BTreeSet<Owner>,
    /// Messages of which an attempt failed that the disk does not know of, and whose they are.
    pub(super) failed: BTreeMap<u64, Owner>,
    pub(super) statistics: DeliveryStatistics,
    pub(super) closed: bool,
}

pub(super) struct OwnerEntry {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) queue: Arc<str>,
    pub(super) standing: Standing,
    /// Of how many messages the first attempt is under way. They are counted as sent, but not on disk: there a message
    /// is counted with the first failure, or when it has arrived, so that a crash makes none count twice.
    pub(super) first_attempts: u64,
    /// Whether it sends nothing at the moment: messages whose turn comes meanwhile are dropped for good.
    pub(super) paused: bool,
    /// After this instant what waits is dropped.
    pub(super) expires_at: Option<Timestamp>,
    /// By which rights it sees what it is told ([`Letter::rights`]); `None`: it may see nothing any more.
    pub(super) rights: Option<u64>,
}

impl OwnerEntry {
    /// Whether a message is for it now: what waits when its rights change is not sent, unless it may see everything.
    pub(super) fn takes(&self, letter: &Letter, now: Timestamp) -> bool {
        let sees = self
            .rights
            .is_some_and(|rights| rights == 0 || rights == letter.rights);
        // 5.8.6: only an active subscription is notified, also of what happened before.
        sees && !self.paused && self.expires_at.is_none_or(|end| end > now)
    }
}

/// Messages that got their numbers and rows, and are not yet committed.
pub(crate) struct Planned {
    letters: Vec<(u64, Letter)>,
}

impl Book {
    /// What the disk has. Owners are to be [`Self::enter_owner`]ed, then [`Self::open_queues`].
    pub(crate) fn read(
        reader: &dyn StorageReader,
        limits: DeliveryLimits,
        damages: &mut Damages,
    ) -> Result<Self, Error> {
        let mut entries = Entries::default();
        let decode = |key: &[u8], row: &[u8]| Some((number_of(key)?, Dead::decode(row)?));
        let dead_letters = damages.read(reader, DEAD_LETTERS, decode)?;
        entries.pass_over(&dead_letters.aside);
        for (_, (number, dead)) in dead_letters.rows {
            entries.next_number = entries.next_number.max(number + 1);
            entries.dead_bytes += dead.letter.bytes();
            entries.dead.insert(number, dead);
        }
        Ok(Self {
            limits,
            entries: Mutex::new(entries),
            bell: Notify::new(),
            flush_asked: AtomicBool::new(false),
        })
    }

    /// Takes up what waited when the program ended, as much as the bounds of today let wait. Messages whose owner is
    /// gone go too.
    pub(crate) fn open_queues(
        &self,
        reader: &dyn StorageReader,
        now: Timestamp,
        damages: &mut Damages,
    ) -> Result<(), Error> {
        let standings = damages.read(reader, STANDINGS, |_, row| decode_standing(row))?;
        let decode = |key: &[u8], row: &[u8]| Some((number_of(key)?, Letter::decode(row)?));
        let outbox = damages.read(reader, OUTBOX, decode)?;
        let mut entries = self.entries.lock();
        // An owner whose counters are damaged begins to count anew.
        for (key, standing) in standings.rows {
            let owner = decode_owner(&key);
            if owner
                .as_ref()
                .is_some_and(|owner| entries.held.contains_key(owner))
            {
                continue;
            }
            match owner.and_then(|owner| entries.owners.get_mut(&owner)) {
                Some(entry) => entry.standing = standing,
                None => entries.unwritten.push(Row::delete(STANDINGS, key)),
            }
        }
        entries.pass_over(&outbox.aside);
        for (key, (number, (letter, beside))) in outbox.rows {
            entries.next_number = entries.next_number.max(number + 1);
            if let Some(numbers) = entries.held.get_mut(&letter.owner) {
                numbers.push(number);
                continue;
            }
            if !entries.admit(number, Arc::new(letter), read_attempts(&beside)) {
                entries.unwritten.push(Row::delete(OUTBOX, key));
            }
        }
        let queues: Vec<Arc<str>> = entries.queues.keys().cloned().collect();
        for uri in queues {
            entries.hold_to_bounds(&uri, &self.limits, now);
        }
        Ok(())
    }

    /// Gives messages their numbers and their rows, for the commit that makes them.
    pub(crate) fn plan(&self, letters: Vec<Letter>, into: &mut Vec<storage::Change>) -> Planned {
        if letters.is_empty() {
            return Planned { letters: Vec::new() };
        }
        let first = {
            let mut entries = self.entries.lock();
            let first = entries.next_number;
            entries.next_number += letters.len() as u64;
            first
        };
        let letters: Vec<(u64, Letter)> = (first..).zip(letters).collect();
        into.extend(letters.iter().map(|(number, letter)| {
            Row::put(OUTBOX, number.to_be_bytes(), letter.encode(&Json::Null)).into()
        }));
        Planned { letters }
    }

    /// Enters what was committed.
    pub(crate) fn enter(&self, planned: Planned, now: Timestamp) {
        if planned.letters.is_empty() {
            return;
        }
        let mut entries = self.entries.lock();
        let mut full = BTreeSet::new();
        for (number, letter) in planned.letters {
            let queue = entries
                .owners
                .get(&letter.owner)
                .map(|owner| Arc::clone(&owner.queue));
            if entries.admit(number, Arc::new(letter), 0) {
                full.extend(queue);
            } else {
                // Its owner went while it was on its way.
                entries.unwritten.push(Row::delete(OUTBOX, number.to_be_bytes()));
            }
        }
        for uri in full {
            entries.hold_to_bounds(&uri, &self.limits, now);
        }
        drop(entries);
        self.bell.notify_one();
    }

    /// Enters an owner, or what became of it.
    pub(crate) fn enter_owner(
        &self,
        owner: &Owner,
        endpoint: &Endpoint,
        paused: bool,
        expires_at: Option<Timestamp>,
    ) {
        let mut entries = self.entries.lock();
        let queue: Arc<str> = endpoint.uri.as_str().into();
        let before = entries.owners.get(owner).map(|entry| Arc::clone(&entry.queue));
        let known = entries.owners.get(owner);
        let standing = known.map(|entry| entry.standing.clone());
        let first_attempts = known.map_or(0, |entry| entry.first_attempts);
        let rights = known.map_or(Some(0), |entry| entry.rights);
        let entry = OwnerEntry {
            endpoint: Arc::new(endpoint.clone()),
            queue: Arc::clone(&queue),
            standing: standing.unwrap_or_default(),
            first_attempts,
            paused,
            expires_at,
            rights,
        };
        entries.owners.insert(owner.clone(), entry);
        if let Some(before) = before.filter(|before| *before != queue) {
            // What waits goes where the owner is now.
            for (number, waiting) in entries.take_out(&before, owner) {
                entries.admit(number, waiting.letter, waiting.attempts);
            }
            // All together are as many as before; the next message holds the queue to its own bounds.
        }
        // Whoever makes or changes a subscription wants to see it work now.
        if let Some(known) = entries.queues.get_mut(&queue) {
            let rested = known.rests_until.take();
            if let Some(end) = rested {
                entries.resting.remove(&(end, Arc::clone(&queue)));
            }
            entries.make_ready(&queue);
        }
        drop(entries);
        self.bell.notify_one();
    }

    /// Says by which rights an owner sees what it is told; `None`: it may see nothing.
    pub(crate) fn see(&self, owner: &Owner, rights: Option<u64>) {
        if let Some(entry) = self.entries.lock().owners.get_mut(owner) {
            entry.rights = rights;
        }
    }

    /// Notes an owner that cannot be read: what waits for it stays on disk, until it is forgotten.
    pub(crate) fn hold_owner(&self, owner: Owner) {
        self.entries.lock().held.insert(owner, Vec::new());
    }

    /// Whether there is such an owner.
    pub(crate) fn knows(&self, owner: &Owner) -> bool {
        self.entries.lock().owners.contains_key(owner)
    }

    /// Forgets an owner, with all that waits for it and all its dead letters.
    pub(crate) fn forget_owner(&self, owner: &Owner) {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.owners.remove(owner) {
            for (number, _) in entries.take_out(&entry.queue, owner) {
                entries.unwritten.push(Row::delete(OUTBOX, number.to_be_bytes()));
            }
        }
        for number in entries.held.remove(owner).unwrap_or_default() {
            entries.unwritten.push(Row::delete(OUTBOX, number.to_be_bytes()));
        }
        let dead: Vec<u64> = entries
            .dead
            .iter()
            .filter(|(_, dead)| dead.letter.owner == *owner)
            .map(|(number, _)| *number)
            .collect();
        for number in dead {
            entries.bury(number);
        }
        entries.dirty.remove(owner);
        let key = encode_owner(owner);
        entries.unwritten.push(Row::delete(STANDINGS, key));
    }

    /// The counters of an owner.
    pub(crate) fn standing(&self, owner: &Owner) -> Standing {
        let entries = self.entries.lock();
        entries
            .owners
            .get(owner)
            .map(|entry| entry.standing.clone())
            .unwrap_or_default()
    }

    /// What the disk does not know yet, to go with the next commit.
    pub(crate) fn take_rows(&self) -> Vec<Row> {
        let mut entries = self.entries.lock();
        let mut rows = std::mem::take(&mut entries.unwritten);
        for (number, owner) in std::mem::take(&mut entries.failed) {
            let queue = entries.owners.get(&owner).map(|owner| &owner.queue);
            let waiting = queue.and_then(|uri| entries.queues.get(uri)?.get(number));
            if let Some(waiting) = waiting {
                let row = waiting.letter.encode(&attempts(waiting.failed()));
                rows.push(Row::put(OUTBOX, number.to_be_bytes(), row));
            }
        }
        for owner in std::mem::take(&mut entries.dirty) {
            if let Some(entry) = entries.owners.get(&owner) {
                rows.push(Row::put(
                    STANDINGS,
                    encode_owner(&owner),
                    encode_standing(&entry.standing, entry.first_attempts),
                ));
            }
        }
        rows
    }

    /// Whether there is something that the disk does not know.
    pub(crate) fn has_rows(&self) -> bool {
        let entries = self.entries.lock();
        !entries.unwritten.is_empty() || !entries.dirty.is_empty()
    }

    /// Whether nobody has asked the writer to tell the disk yet; from now on somebody has.
    pub(crate) fn ask_flush(&self) -> bool {
        !self.flush_asked.swap(true, Ordering::AcqRel)
    }

    /// The writer begins to tell the disk, or could not be asked.
    pub(crate) fn flushing(&self) {
        self.flush_asked.store(false, Ordering::Release);
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.entries.lock().closed
    }

    /// What was taken and could not be committed.
    pub(crate) fn give_back(&self, mut rows: Vec<Row>) {
        let mut entries = self.entries.lock();
        rows.append(&mut entries.unwritten);
        entries.unwritten = rows;
    }

    /// How it stands.
    pub(crate) fn statistics(&self) -> DeliveryStatistics {
        let entries = self.entries.lock();
        let queues = entries.queues.values().filter(|queue| !queue.is_empty());
        let (mut waiting, mut waiting_bytes, mut endpoints, mut failing_endpoints) = (0, 0, 0, 0);
        for queue in queues {
            waiting += queue.len();
            waiting_bytes += queue.bytes();
            endpoints += 1;
            failing_endpoints += usize::from(queue.failures > 0);
        }
        DeliveryStatistics {
            waiting,
            waiting_bytes,
            endpoints,
            failing_endpoints,
            dead_letters: entries.dead.len(),
            ..entries.statistics
        }
    }

    /// Ends the runner.
    pub(crate) fn close(&self) {
        self.entries.lock().closed = true;
        self.bell.notify_one();
    }
}

impl Entries {
    /// Leaves the numbers of damaged rows to them, as far as they can be believed.
    fn pass_over(&mut self, keys: &[Vec<u8>]) {
        for number in keys.iter().filter_map(|key| number_of(key)) {
            if number < u64::MAX / 2 {
                self.next_number = self.next_number.max(number + 1);
            }
        }
    }

    /// Puts a message into the queue of its owner; `false` where there is no such owner.
    pub(super) fn admit(&mut self, number: u64, letter: Arc<Letter>, attempts: u32) -> bool {
        let Some(owner) = self.owners.get(&letter.owner) else {
            return false;
        };
        let uri = Arc::clone(&owner.queue);
        self.waiting_bytes += letter.bytes();
        self.queues
            .entry(Arc::clone(&uri))
            .or_default()
            .push(number, letter, attempts);
        self.make_ready(&uri);
        true
    }

    /// Takes a message out of a queue.
    pub(super) fn remove(&mut self, uri: &Arc<str>, number: u64) -> Option<Waiting> {
        let gone = self.queues.get_mut(uri)?.remove(number)?;
        self.waiting_bytes -= gone.letter.bytes();
        Some(gone)
    }

    /// Notes that an endpoint may have something to send, unless it rests.
    pub(super) fn make_ready(&mut self, uri: &Arc<str>) {
        let Some(queue) = self.queues.get(uri) else { return };
        if queue.is_empty() || queue.rests_until.is_some() || self.is_ready.contains(uri) {
            return;
        }
        self.ready[usize::from(!queue.sound)].push_back(Arc::clone(uri));
        self.is_ready.insert(Arc::clone(uri));
    }

    /// Takes every message of an owner out of a queue.
    fn take_out(&mut self, uri: &Arc<str>, owner: &Owner) -> Vec<(u64, Waiting)> {
        let Some(queue) = self.queues.get(uri) else {
            return Vec::new();
        };
        let numbers: Vec<u64> = queue
            .letters()
            .filter(|(_, waiting)| waiting.letter.owner == *owner)
            .map(|(number, _)| number)
            .collect();
        let mut taken = Vec::with_capacity(numbers.len());
        for number in numbers {
            if let Some(gone) = self.remove(uri, number) {
                taken.push((number, gone));
            }
        }
        self.tidy(uri);
        taken
    }

    /// Forgets an endpoint that nothing waits for and nobody names.
    pub(super) fn tidy(&mut self, uri: &Arc<str>) {
        let empty = self.queues.get(uri).is_some_and(Queue::is_empty);
        if !empty || self.owners.values().any(|owner| owner.queue == *uri) {
            return;
        }
        if let Some(end) = self.queues.remove(uri).and_then(|queue| queue.rests_until) {
            self.resting.remove(&(end, Arc::clone(uri)));
        }
    }
}

/// The number that a key of the outbox or of the dead letters is; the last one is never given.
fn number_of(key: &[u8]) -> Option<u64> {
    let number = u64::from_be_bytes(key.try_into().ok()?);
    (number < u64::MAX).then_some(number)
}

fn encode_owner(owner: &Owner) -> Vec<u8> {
    format!("{} {}", owner.kind.as_str(), owner.id).into_bytes()
}

fn decode_owner(key: &[u8]) -> Option<Owner> {
    let (kind, id) = std::str::from_utf8(key).ok()?.split_once(' ')?;
    Some(Owner {
        kind: OwnerKind::parse(kind)?,
        id: Uri::parse(id).ok()?,
    })
}

/// What is told beside a message that waits: how often it was tried in vain. Where that is not said, never.
fn attempts(failed: u32) -> Json {
    json!({"attempts": failed})
}

fn read_attempts(beside: &Json) -> u32 {
    let attempts = beside.get("attempts").and_then(Json::as_u64);
    attempts.map_or(0, |attempts| u32::try_from(attempts).unwrap_or(u32::MAX - 1))
}

fn encode_standing(standing: &Standing, first_attempts: u64) -> Vec<u8> {
    let micros = |instant: Option<Timestamp>| instant.map(Timestamp::as_micros);
    let json = json!({
        "timesSent": standing.times_sent.saturating_sub(first_attempts),
        "timesFailed": standing.times_failed,
        "lastNotification": micros(standing.last_notification),
        "lastSuccess": micros(standing.last_success),
        "lastFailure": micros(standing.last_failure),
        "succeeded": standing.succeeded,
    });
    let mut bytes = vec![1];
    bytes.extend(json.to_string().into_bytes());
    bytes
}

fn decode_standing(row: &[u8]) -> Option<Standing> {
    let json: Json = serde_json::from_slice(row.strip_prefix(&[1])?).ok()?;
    let instant = |member: &str| json.get(member)?.as_i64().map(Timestamp::from_micros);
    Some(Standing {
        times_sent: json.get("timesSent")?.as_u64()?,
        times_failed: json.get("timesFailed")?.as_u64()?,
        last_notification: instant("lastNotification"),
        last_success: instant("lastSuccess"),
        last_failure: instant("lastFailure"),
        succeeded: json.get("succeeded").and_then(Json::as_bool),
        ..Standing::default()
    })
}

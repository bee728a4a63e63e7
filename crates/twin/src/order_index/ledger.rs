//! When an index of an order is worth making: when as much has been sorted for the want of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ngsi_ld::Name;
use parking_lot::{Condvar, Mutex};
use query::Sorter;

use super::Basis;

/// The most orders that are remembered without an index.
const MAX_REMEMBERED: usize = 64;

/// What was sorted for the want of indexes. The live twin shares it with its pictures, as they share the indexes.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The one that was asked for last is the last.
    owed: Mutex<Vec<Owed>>,
    uses: AtomicU64,
    /// What is being made.
    making: Mutex<Vec<Arc<Basis>>>,
    made: Condvar,
}

/// The right to make an index, until it is dropped.
pub(crate) struct Turn<'a> {
    ledger: &'a Ledger,
    basis: &'a Arc<Basis>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut making = self.ledger.making.lock();
        making.retain(|basis| !Arc::ptr_eq(basis, self.basis));
        self.ledger.made.notify_all();
    }
}

struct Owed {
    basis: Arc<Basis>,
    entities: usize,
}

impl Ledger {
    /// Another use of an index: a greater number than all before.
    pub(crate) fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many entities were looked at in vain for the want of this index.
    pub(crate) fn owed(&self, of_type: Option<&Name>, sorter: &Sorter) -> usize {
        let owed = self.owed.lock();
        let known = owed.iter().find(|owed| owed.basis.is(of_type, sorter));
        known.map_or(0, |known| known.entities)
    }

    /// Notes that so many more were.
    pub(crate) fn owe(&self, basis: &Arc<Basis>, entities: usize) {
        let mut owed = self.owed.lock();
        let known = owed.iter().position(|owed| owed.basis.is_same(basis));
        let before = known.map_or(0, |at| owed.remove(at).entities);
        if owed.len() >= MAX_REMEMBERED {
            owed.remove(0);
        }
        owed.push(Owed {
            basis: Arc::clone(basis),
            entities: before.saturating_add(entities),
        });
    }

    /// Notes that it is there.
    pub(crate) fn settle(&self, basis: &Basis) {
        self.owed.lock().retain(|owed| !owed.basis.is_same(basis));
    }

    /// The right to make an index, when nobody else makes it any more: to wait for it is shorter than to sort the same
    /// beside.
    pub(crate) fn turn_to_make<'a>(&'a self, basis: &'a Arc<Basis>) -> Turn<'a> {
        let mut making = self.making.lock();
        while making.iter().any(|other| other.is_same(basis)) {
            self.made.wait(&mut making);
        }
        making.push(Arc::clone(basis));
        Turn { ledger: self, basis }
    }
}

//! The side of a log that reads: tiles, entries, proofs. Reads the store: not for an executor's thread.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::Error;
use super::keys::Pseudonyms;
use super::ledger::Shared;
use super::note::{Checkpoint, VerifierKey};
use super::proof::{consistency_proof, inclusion_proof};
use super::rows::{self, Kind, TABLE};
use super::tree::{Nodes, WIDTH};
use super::{Hash, root};

/// Hashes in a tile, entries in a bundle.
pub const TILE: u64 = WIDTH;
/// The most entries that are given at once.
pub const MOST_ENTRIES: u64 = 1_000;

/// The log of one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Log(pub(crate) Arc<Shared>);

impl Log {
    /// Whose it is; the default tenant has no name.
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.0.published.read().size
    }

    /// What was signed last; `None` before the first leaf.
    pub fn checkpoint(&self) -> Option<Arc<Checkpoint>> {
        self.0.published.read().checkpoint.clone()
    }

    /// Who signs its checkpoints.
    pub fn verifier(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// The names in its leaves.
    pub fn pseudonyms(&self) -> &Pseudonyms {
        &self.0.pseudonyms
    }

    /// The root of the tree of its first `size` leaves.
    pub fn root(&self, size: u64) -> Result<Hash, Error> {
        root(&self.tiles(size)?, size)
    }

    /// The entries `from..to`, at most [`MOST_ENTRIES`]: the canonical form of each leaf.
    pub fn entries(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Error> {
        let to = to.min(self.size()).min(from.saturating_add(MOST_ENTRIES));
        let tiles = StoredTiles::new(&self.0, self.size());
        let mut entries = Vec::new();
        let mut next = from;
        while next < to {
            let bundle = next / WIDTH;
            let leaves = tiles.bundle(bundle)?;
            let (first, end) = (
                next - bundle * WIDTH,
                to.min((bundle + 1) * WIDTH) - bundle * WIDTH,
            );
            let some = leaves
                .get(within(first)..within(end))
                .ok_or_else(|| missing(&self.0, next))?;
            entries.extend_from_slice(some);
            next = (bundle + 1) * WIDTH;
        }
        Ok(entries)
    }

    /// A bundle of entries as C2SP `tlog-tiles` has it: its first `width`, each after its length in two bytes.
    pub fn bundle(&self, number: u64, width: u64) -> Result<Vec<u8>, Error> {
        let first = self.check_tile(0, number, width)?;
        let mut bundle = Vec::new();
        for entry in self.entries(first, first + width)? {
            let too_long =
                || Error::damaged(&self.0.tenant, format!("a leaf of bundle {number} is too long"));
            let length = u16::try_from(entry.len()).ok().ok_or_else(too_long)?;
            bundle.extend_from_slice(&length.to_be_bytes());
            bundle.extend_from_slice(&entry);
        }
        Ok(bundle)
    }

    /// A tile as C2SP `tlog-tiles` has it: its first `width` hashes.
    pub fn tile(&self, level: u8, number: u64, width: u64) -> Result<Vec<u8>, Error> {
        self.check_tile(level, number, width)?;
        let hashes = StoredTiles::new(&self.0, self.size()).tile(level, number)?;
        let some = hashes
            .get(..within(width))
            .ok_or_else(|| missing(&self.0, number))?;
        Ok(some.iter().flat_map(|hash| hash.0).collect())
    }

    /// Proves that a leaf is in the tree of the first `size` leaves.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        inclusion_proof(&self.tiles(size)?, index, size)
    }

    /// Proves that the tree of the first `old` leaves is the beginning of that of the first `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        consistency_proof(&self.tiles(new)?, old, new)
    }

    /// Reads the tree of the first `size` leaves, if there are so many.
    fn tiles(&self, size: u64) -> Result<StoredTiles, Error> {
        let there = self.size();
        if size > there {
            return Err(Error::OutOfRange(format!(
                "the log has {there} leaves, not {size}"
            )));
        }
        Ok(StoredTiles::new(&self.0, size))
    }

    /// Whether there is a tile with so many hashes; the number of its first node.
    fn check_tile(&self, level: u8, number: u64, width: u64) -> Result<u64, Error> {
        let nodes = self.size().checked_shr(8 * u32::from(level)).unwrap_or(0);
        let first = number
            .checked_mul(WIDTH)
            .filter(|first| first.checked_add(width).is_some_and(|end| end <= nodes));
        match first {
            Some(first) if (1..=WIDTH).contains(&width) => Ok(first),
            _ => Err(Error::OutOfRange(format!(
                "there is no tile {number} of level {level} with {width} hashes: the level has {nodes}"
            ))),
        }
    }
}

fn within(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn missing(shared: &Shared, leaf: u64) -> Error {
    Error::damaged(&shared.tenant, format!("leaf {leaf} is missing"))
}

/// Tiles by level and number.
type Known = HashMap<(u8, u64), Arc<Vec<Hash>>>;

/// The nodes of a log, read from its rows. Remembers the tiles that it read.
pub(crate) struct StoredTiles {
    shared: Arc<Shared>,
    size: u64,
    known: Mutex<Known>,
}

impl StoredTiles {
    /// Of the first `size` leaves.
    pub(crate) fn new(shared: &Arc<Shared>, size: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            size,
            known: Mutex::default(),
        }
    }

    /// The leaves of a bundle.
    pub(crate) fn bundle(&self, number: u64) -> Result<Vec<Vec<u8>>, Error> {
        let mut leaves = Vec::new();
        self.read_bundle(number, &mut |leaf, _| leaves.push(leaf.to_vec()))?;
        Ok(leaves)
    }

    /// The last leaf, if the next is written after it.
    pub(crate) fn last_leaf(&self) -> Result<Vec<u8>, Error> {
        if self.size.is_multiple_of(WIDTH) {
            return Ok(Vec::new());
        }
        Ok(self.bundle(self.size / WIDTH)?.pop().unwrap_or_default())
    }

    fn read_bundle(&self, number: u64, each: &mut dyn FnMut(&[u8], Hash)) -> Result<(), Error> {
        let first = number * WIDTH;
        let end = self.size.min(first + WIDTH);
        let damaged = |what: String| Error::damaged(&self.shared.tenant, what);
        let rows = self
            .shared
            .reader
            .system(TABLE, &rows::leaves_key(first), within(WIDTH))?;
        let (mut next, mut previous) = (first, Vec::new());
        for (key, value) in rows {
            match Kind::of(&key) {
                Some(Kind::Leaves(at)) if at == next && at < end => {}
                Some(Kind::Leaves(at)) if at < end => {
                    return Err(damaged(format!("leaf {next} is missing: a row begins with {at}")));
                }
                _ => break,
            }
            let at = next;
            let mut changed = None;
            let read = rows::read_leaves(&value, &mut previous, &mut |leaf, hash, good| {
                if !good {
                    changed.get_or_insert(next);
                }
                // What was written since is not asked for.
                if next < end {
                    each(leaf, hash);
                }
                next += 1;
            });
            read.map_err(|why| damaged(format!("the row of leaves from {at} on: {why}")))?;
            if let Some(leaf) = changed {
                return Err(damaged(format!("leaf {leaf} is not what was written")));
            }
        }
        if next < end {
            return Err(damaged(format!("leaf {next} is missing")));
        }
        Ok(())
    }
}

impl Nodes for StoredTiles {
    fn tile(&self, level: u8, number: u64) -> Result<Arc<Vec<Hash>>, Error> {
        if let Some(known) = self.known.lock().get(&(level, number)) {
            return Ok(Arc::clone(known));
        }
        let mut hashes = Vec::new();
        if level == 0 {
            self.read_bundle(number, &mut |_, hash| hashes.push(hash))?;
        } else {
            let key = rows::tile_key(level, number);
            let rows = self.shared.reader.system(TABLE, &key, 1)?;
            let damaged = |what: &str| {
                Error::damaged(
                    &self.shared.tenant,
                    format!("the row of tile {level}/{number}: {what}"),
                )
            };
            let row = rows.into_iter().find(|(found, _)| *found == key);
            let (_, value) = row.ok_or_else(|| damaged("it is missing"))?;
            hashes = rows::read_tile(&value).map_err(damaged)?;
        }
        let hashes = Arc::new(hashes);
        self.known.lock().insert((level, number), Arc::clone(&hashes));
        Ok(hashes)
    }
}

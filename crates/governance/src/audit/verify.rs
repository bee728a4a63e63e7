//! Whether a stored log is what was written: every leaf, the tree over all, the checkpoint and its signature.
//!
//! It trusts nothing that stands beside a leaf. Those hashes only serve to say *which* leaf was changed; that none was
//! is shown by the root, recomputed from the leaves, being the one that was signed.

use std::collections::HashSet;

use twin::StorageReader;

use super::Hash;
use super::error::Error;
use super::keys::Keys;
use super::leaf::Leaf;
use super::note::{Checkpoint, VerifierKey};
use super::rows::{self, Kind, TABLE};
use super::tree::{Tree, WIDTH};

/// Rows that are read at a time.
const PAGE: usize = 512;
/// The most findings that are listed of one log.
const MOST_FINDINGS: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whose log; the default tenant has no name.
    pub tenant: String,
    /// Leaves that were read.
    pub leaves: u64,
    /// Leaves that the checkpoint speaks of; those after it were written since.
    pub signed: u64,
    /// The root that was recomputed for the checkpoint.
    pub root: Option<Hash>,
    /// What is wrong, each with the row or leaf. Empty: everything is sound.
    pub findings: Vec<String>,
}

impl Report {
    fn find(&mut self, what: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(what.into());
        } else if self.findings.len() == MOST_FINDINGS {
            self.findings.push("and more".to_owned());
        }
    }
}

/// Reads the keys of an instance from its default tenant's store.
///
/// # Errors
/// What is wrong with them.
pub fn keys(default: &dyn StorageReader) -> Result<Option<Keys>, Error> {
    Keys::read(default)
}

/// Checks the log in a store. `key`: who signs it, where that is known; without it nobody can say whether the
/// checkpoint is genuine.
///
/// # Errors
/// Only where the store cannot be read at all; what is wrong in it is in the report.
pub fn store(reader: &dyn StorageReader, tenant: &str, key: Option<&VerifierKey>) -> Result<Report, Error> {
    let mut reading = Reading {
        report: Report {
            tenant: tenant.to_owned(),
            ..Report::default()
        },
        tree: Tree::default(),
        above: vec![Vec::new(); 7],
        previous: Vec::new(),
        checkpoint: None,
        root_then: None,
        broken: false,
        seen: HashSet::new(),
    };
    let mut from = Vec::new();
    loop {
        let page = reader.system(TABLE, &from, PAGE)?;
        for (row, value) in &page {
            reading.row(row, value, key);
        }
        match page.last() {
            // The least key after it.
            Some((last, _)) if page.len() == PAGE => from = [last.as_slice(), &[0]].concat(),
            _ => break,
        }
    }
    Ok(reading.end())
}

/// A log as far as it was read: the checkpoint, then the leaves, then the tiles (their keys' order).
struct Reading {
    report: Report,
    tree: Tree,
    /// The nodes of each tile level above the leaves.
    above: Vec<Vec<Hash>>,
    previous: Vec<u8>,
    checkpoint: Option<Checkpoint>,
    /// The root when as many leaves were read as the checkpoint has.
    root_then: Option<Hash>,
    /// Whether a leaf could not be read, so that no root can be told.
    broken: bool,
    /// The tiles that have a row.
    seen: HashSet<(u8, u64)>,
}

impl Reading {
    fn row(&mut self, key: &[u8], value: &[u8], verifier: Option<&VerifierKey>) {
        match Kind::of(key) {
            Some(Kind::Checkpoint) => self.checkpoint(value, verifier),
            Some(Kind::Leaves(first)) => self.leaves(first, value),
            Some(Kind::Tile(level, number)) => self.tile(level, number, value),
            None => {
                let shown = key.escape_ascii();
                self.report
                    .find(format!("a row with the key {shown} has no place in the log"));
            }
        }
    }

    fn checkpoint(&mut self, value: &[u8], verifier: Option<&VerifierKey>) {
        let note = match rows::read_checkpoint(value) {
            Ok(note) => note,
            Err(why) => return self.report.find(format!("the row of the checkpoint: {why}")),
        };
        let Some(verifier) = verifier else {
            return self
                .report
                .find("the key that signs the log's checkpoints is missing");
        };
        match Checkpoint::open(note, verifier) {
            Ok(checkpoint) => {
                self.report.signed = checkpoint.size;
                if checkpoint.size == 0 {
                    self.root_then = Some(Hash::of_nothing());
                }
                self.checkpoint = Some(checkpoint);
            }
            Err(why) => self.report.find(format!("the checkpoint: {why}")),
        }
    }

    fn leaves(&mut self, first: u64, value: &[u8]) {
        let expected = self.tree.size();
        if first != expected {
            self.report.find(format!(
                "the row of leaves from {first} on: leaf {expected} should come next"
            ));
            self.broken = true;
            return;
        }
        if first.is_multiple_of(WIDTH) {
            self.previous.clear();
        }
        let Self {
            report,
            tree,
            above,
            previous,
            checkpoint,
            root_then,
            ..
        } = self;
        let signed = checkpoint.as_ref().map(|checkpoint| checkpoint.size);
        let read = rows::read_leaves(value, previous, &mut |entry, hash, good| {
            let number = tree.size();
            if number / WIDTH != first / WIDTH {
                report.find(format!(
                    "the row of leaves from {first} on: it goes on into the next bundle"
                ));
            }
            if !good {
                report.find(format!(
                    "leaf {number} (in the row of leaves from {first} on) is not what was written"
                ));
            }
            check_leaf(report, entry, number);
            tree.append(hash, &mut |level, _, node| {
                if let Some(nodes) = above.get_mut(usize::from(level) - 1) {
                    nodes.push(node);
                }
            });
            if Some(tree.size()) == signed {
                *root_then = Some(tree.root());
            }
        });
        if let Err(why) = read {
            self.report.find(format!(
                "the row of leaves from {first} on, at leaf {}: {why}",
                self.tree.size()
            ));
            self.broken = true;
        }
    }

    /// Tiles come after the leaves that they stand over.
    fn tile(&mut self, level: u8, number: u64, value: &[u8]) {
        if self.broken {
            return; // nothing can be said of them
        }
        self.seen.insert((level, number));
        let stored = match rows::read_tile(value) {
            Ok(hashes) => hashes,
            Err(why) => {
                return self
                    .report
                    .find(format!("the row of tile {level}/{number}: {why}"));
            }
        };
        let nodes = self
            .above
            .get(usize::from(level) - 1)
            .map_or(&[][..], Vec::as_slice);
        let first = usize::try_from(number.saturating_mul(WIDTH)).unwrap_or(usize::MAX);
        let there = nodes.get(first..).unwrap_or_default();
        let there = &there[..there.len().min(256)];
        if there.len() != stored.len() {
            let (has, should) = (stored.len(), there.len());
            return self.report.find(format!(
                "the row of tile {level}/{number}: it has {has} hashes, and the leaves make {should}"
            ));
        }
        let span = 1_u64 << (8 * u32::from(level)).min(63);
        for (place, (is, should)) in (first as u64..).zip(stored.iter().zip(there)) {
            if is != should {
                let (from, to) = (place.saturating_mul(span), (place + 1).saturating_mul(span) - 1);
                self.report.find(format!(
                    "the row of tile {level}/{number}: its hash of the leaves {from} to {to} is not theirs"
                ));
            }
        }
    }

    fn end(mut self) -> Report {
        self.report.leaves = self.tree.size();
        self.report.root = self.root_then;
        let leaves = self.tree.size();
        if !self.broken {
            self.check_tiles_are_there();
        }
        // The first leaf comes with one.
        if leaves > 0 && self.checkpoint.is_none() && self.report.findings.is_empty() {
            self.report.find("the row of the checkpoint is missing");
        }
        if let Some(checkpoint) = &self.checkpoint
            && !self.broken
        {
            match self.root_then {
                Some(root) if root == checkpoint.root => {}
                Some(root) => self.report.find(format!(
                    "the root of the first {} leaves is {root}, and {} was signed: a leaf was changed, with all that \
                     stands beside it",
                    checkpoint.size, checkpoint.root
                )),
                None => self.report.find(format!(
                    "{} leaves were signed, and {leaves} are there",
                    checkpoint.size
                )),
            }
        }
        self.report
    }

    /// A row that was taken away leaves no trace but that it is not there.
    fn check_tiles_are_there(&mut self) {
        for (level, nodes) in (1_u8..).zip(&self.above) {
            let tiles = (nodes.len() as u64).div_ceil(WIDTH);
            for number in (0..tiles).filter(|number| !self.seen.contains(&(level, *number))) {
                self.report
                    .find(format!("the row of tile {level}/{number} is missing"));
            }
        }
    }
}

fn check_leaf(report: &mut Report, entry: &[u8], number: u64) {
    match Leaf::parse(entry) {
        Ok(leaf) if leaf.seq != number => {
            report.find(format!("leaf {number} says that it is number {}", leaf.seq));
        }
        Ok(leaf) if leaf.tenant != report.tenant => {
            report.find(format!("leaf {number} is of the tenant `{}`", leaf.tenant));
        }
        Ok(_) => {}
        Err(why) => report.find(format!("leaf {number}: {why}")),
    }
}

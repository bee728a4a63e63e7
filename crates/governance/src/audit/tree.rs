//! The Merkle tree (RFC 9162, 2.1), read from tiles and grown at its right edge.
//!
//! A *node* is a complete subtree: number `index` of those with 2^`level` leaves. Tile number `n` of tile level `l`
//! holds the 256 nodes of level `8·l` from `256·n` on; fewer at the right edge.

use std::sync::Arc;

use super::{Error, Hash};

/// Hashes in a tile.
pub(crate) const WIDTH: u64 = 256;

/// Where nodes are read from.
pub trait Nodes {
    /// As many hashes of a tile as there are.
    fn tile(&self, level: u8, number: u64) -> Result<Arc<Vec<Hash>>, Error>;

    /// A node.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Error> {
        let (tile, within) = (level / 8, u32::from(level % 8));
        let first = index << within;
        let hashes = self.tile(tile, first / WIDTH)?;
        let from = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let nodes = hashes.get(from..from + (1 << within)).ok_or_else(|| {
            Error::OutOfRange(format!(
                "the tree has no node {index} of level {level}: tile {tile}/{} ends before it",
                first / WIDTH
            ))
        })?;
        Ok(fold(nodes))
    }
}

/// The root of a complete subtree whose leaves, a power of two, are these.
fn fold(nodes: &[Hash]) -> Hash {
    match nodes {
        [] => Hash::of_nothing(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            Hash::of_node(&fold(left), &fold(right))
        }
    }
}

/// The root of the tree of the first `size` leaves.
pub fn root(nodes: &(impl Nodes + ?Sized), size: u64) -> Result<Hash, Error> {
    if size == 0 {
        return Ok(Hash::of_nothing());
    }
    subtree(nodes, 0, size)
}

/// The hash of the leaves `from..to`, of which there is one at least.
pub(crate) fn subtree(nodes: &(impl Nodes + ?Sized), from: u64, to: u64) -> Result<Hash, Error> {
    let leaves = to - from;
    if leaves.is_power_of_two() && from.is_multiple_of(leaves) {
        let level = leaves.trailing_zeros();
        return nodes.node(u8::try_from(level).unwrap_or(u8::MAX), from >> level);
    }
    let left = split(leaves);
    Ok(Hash::of_node(
        &subtree(nodes, from, from + left)?,
        &subtree(nodes, from + left, to)?,
    ))
}

/// The greatest power of two below the number of leaves, of which there are two at least.
pub(crate) fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The right edge of a tree that grows: all that it takes to append, and to tell the root.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The roots of its complete subtrees, the largest first: one for each bit of `size`.
    edge: Vec<Hash>,
}

impl Tree {
    /// The edge of the tree of the first `size` leaves.
    pub fn read(nodes: &(impl Nodes + ?Sized), size: u64) -> Result<Self, Error> {
        let mut edge = Vec::new();
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            edge.push(nodes.node(level, (size >> level) - 1)?);
        }
        Ok(Self { size, edge })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. `node` is told of every complete node of a tile level above the leaves that comes to be: the
    /// tile level, the node's number, its hash.
    pub fn append(&mut self, leaf: Hash, node: &mut dyn FnMut(u8, u64, Hash)) {
        let mut hash = leaf;
        let merges = self.size.trailing_ones();
        for level in 1..=merges {
            if let Some(left) = self.edge.pop() {
                hash = Hash::of_node(&left, &hash);
            }
            if level.is_multiple_of(8) {
                let index = ((self.size + 1) >> level) - 1;
                node(u8::try_from(level / 8).unwrap_or(u8::MAX), index, hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.edge.iter().rev();
        let Some(last) = from_the_right.next() else {
            return Hash::of_nothing();
        };
        from_the_right.fold(*last, |right, left| Hash::of_node(left, &right))
    }
}

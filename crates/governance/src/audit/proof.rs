//! Proofs (RFC 9162, 2.1.3 and 2.1.4): made from nodes, checked with nothing but hashes.

use super::tree::{Nodes, split, subtree};
use super::{Error, Hash};

/// Proves that the leaf `index` is in the tree of the first `size` leaves (2.1.3.1).
pub fn inclusion_proof(nodes: &(impl Nodes + ?Sized), index: u64, size: u64) -> Result<Vec<Hash>, Error> {
    if index >= size {
        return Err(Error::OutOfRange(format!(
            "a tree of {size} leaves has no leaf {index}: they are numbered from 0"
        )));
    }
    // From the root down; a proof names the nearest first.
    let (mut from, mut to, mut proof) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(subtree(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(subtree(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of the first `old` leaves is the beginning of that of the first `new` (2.1.4.1). Nothing needs
/// to be proved of a tree without leaves, or of one tree.
pub fn consistency_proof(nodes: &(impl Nodes + ?Sized), old: u64, new: u64) -> Result<Vec<Hash>, Error> {
    if old > new {
        return Err(Error::OutOfRange(format!(
            "a tree of {old} leaves cannot be the beginning of one of {new}"
        )));
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut from, mut to, mut proof) = (0, new, Vec::new());
    // As long as it is the first subtree, whoever checks has its hash: it is that of the old tree.
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(subtree(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(subtree(nodes, from, middle)?);
            from = middle;
        }
    }
    if from > 0 {
        proof.push(subtree(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether a proof shows that a leaf with this hash has this number in the tree of `size` leaves with this root
/// (2.1.3.2).
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut number, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if number & 1 == 1 || number == last {
            hash = Hash::of_node(sibling, &hash);
            while number & 1 == 0 && number != 0 {
                (number, last) = (number >> 1, last >> 1);
            }
        } else {
            hash = Hash::of_node(&hash, sibling);
        }
        (number, last) = (number >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether a proof shows that the tree of `old` leaves with its root is the beginning of that of `new` leaves with its
/// (2.1.4.2).
pub fn verify_consistency(old: u64, old_root: Hash, new: u64, new_root: Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && old_root == Hash::of_nothing();
    }
    // A complete old tree is a node itself.
    let given;
    let (first, rest) = if old.is_power_of_two() {
        (&old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else {
            return false;
        };
        given = *first;
        (&given, rest)
    };
    let (mut number, mut last) = (old - 1, new - 1);
    let shift = number.trailing_ones();
    (number, last) = (number >> shift, last >> shift);
    let (mut was, mut is) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if number & 1 == 1 || number == last {
            was = Hash::of_node(hash, &was);
            is = Hash::of_node(hash, &is);
            while number & 1 == 0 && number != 0 {
                (number, last) = (number >> 1, last >> 1);
            }
        } else {
            is = Hash::of_node(&is, hash);
        }
        (number, last) = (number >> 1, last >> 1);
    }
    last == 0 && was == old_root && is == new_root
}

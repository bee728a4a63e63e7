//! The tree and its proofs: the vectors of Certificate Transparency (RFC 6962), and the recursive definition.

use std::sync::Arc;

use governance::audit::{
    Error, Hash, Nodes, Tree, consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

/// The definition (RFC 9162, 2.1.1), on the hashes of leaves.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(half(many.len()));
            Hash::of_node(&mth(left), &mth(right))
        }
    }
}

fn half(leaves: usize) -> usize {
    let mut half = 1;
    while half * 2 < leaves {
        half *= 2;
    }
    half
}

/// PATH (2.1.3.1).
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = half(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, other) = if m < k {
        (path(m, left), mth(right))
    } else {
        (path(m - k, right), mth(left))
    };
    found.push(other);
    found
}

/// SUBPROOF (2.1.4.1).
fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = half(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, other) = if m <= k {
        (subproof(m, left, known), mth(right))
    } else {
        (subproof(m - k, right, false), mth(left))
    };
    found.push(other);
    found
}

/// Tiles by the definition.
pub(crate) struct Defined(pub Vec<Hash>);

impl Nodes for Defined {
    fn tile(&self, level: u8, number: u64) -> Result<Arc<Vec<Hash>>, Error> {
        let leaves = 1_usize << (8 * usize::from(level));
        let complete = self.0.chunks_exact(leaves).map(mth);
        let first = usize::try_from(number).unwrap() * 256;
        Ok(Arc::new(complete.skip(first).take(256).collect()))
    }
}

pub(crate) fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
        .collect()
}

fn hash(text: &str) -> Hash {
    Hash(hex(text).try_into().unwrap())
}

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

#[test]
fn the_vectors_of_certificate_transparency() {
    let hashes: Vec<Hash> = LEAVES.iter().map(|leaf| Hash::of_leaf(&hex(leaf))).collect();
    let mut tree = Tree::default();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(tree.root(), hash(expected), "{size}");
        assert_eq!(
            root(&Defined(hashes.clone()), size as u64).unwrap(),
            hash(expected)
        );
        if let Some(leaf) = hashes.get(size) {
            tree.append(*leaf, &mut |_, _, _| {});
        }
    }
    let nodes = Defined(hashes.clone());
    for (index, size, expected) in [
        (0, 1, vec![]),
        (0, 8, vec![A, B, C]),
        (5, 8, vec![D, E, ROOTS[4]]),
        (2, 3, vec![ROOTS[2]]),
        (1, 5, vec![ROOTS[1], B, D]),
    ] {
        let expected: Vec<Hash> = expected.into_iter().map(hash).collect();
        let proof = inclusion_proof(&nodes, index, size).unwrap();
        assert_eq!(proof, expected, "{index} of {size}");
        let leaf = hashes[usize::try_from(index).unwrap()];
        assert!(verify_inclusion(
            leaf,
            index,
            size,
            hash(ROOTS[usize::try_from(size).unwrap()]),
            &proof
        ));
    }
    for (old, new, expected) in [
        (1, 1, vec![]),
        (1, 8, vec![A, B, C]),
        (6, 8, vec![F, E, ROOTS[4]]),
        (2, 5, vec![B, D]),
    ] {
        let expected: Vec<Hash> = expected.into_iter().map(hash).collect();
        let proof = consistency_proof(&nodes, old, new).unwrap();
        assert_eq!(proof, expected, "{old} to {new}");
        let at = |size: u64| hash(ROOTS[usize::try_from(size).unwrap()]);
        assert!(verify_consistency(old, at(old), new, at(new), &proof));
    }
}

/// Changes of a proof that must not be taken.
fn spoiled(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[Hash::of(b"more")]].concat()];
    for place in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[place].0[place % 32] ^= 1;
        all.push(changed);
        let mut shorter = proof.to_vec();
        shorter.remove(place);
        all.push(shorter);
    }
    all
}

#[test]
fn all_pairs_of_sizes_up_to_seventy() {
    let hashes = leaves(70);
    let nodes = Defined(hashes.clone());
    let roots: Vec<Hash> = (0..=70).map(|size| mth(&hashes[..size])).collect();
    let mut spoilt = 0;
    for new in 0..=70_usize {
        for old in 0..=new {
            let proof = consistency_proof(&nodes, old as u64, new as u64).unwrap();
            if old > 0 {
                assert_eq!(proof, subproof(old, &hashes[..new], true), "{old} to {new}");
            }
            let good = |old_root, new_root, proof: &[Hash]| {
                verify_consistency(old as u64, old_root, new as u64, new_root, proof)
            };
            assert!(good(roots[old], roots[new], &proof), "{old} to {new}");
            for bad in spoiled(&proof) {
                spoilt += 1;
                assert!(!good(roots[old], roots[new], &bad), "{old} to {new}");
            }
            if old > 0 {
                assert!(!good(Hash::of(b"other"), roots[new], &proof));
                assert!(!good(roots[old], Hash::of(b"other"), &proof));
            }
        }
        for index in 0..new {
            let proof = inclusion_proof(&nodes, index as u64, new as u64).unwrap();
            assert_eq!(proof, path(index, &hashes[..new]), "{index} of {new}");
            let good = |index: usize, proof: &[Hash]| {
                verify_inclusion(hashes[index], index as u64, new as u64, roots[new], proof)
            };
            assert!(good(index, &proof));
            for bad in spoiled(&proof) {
                spoilt += 1;
                assert!(!good(index, &bad), "{index} of {new}");
            }
            let other = (index + 1) % new;
            assert!(other == index || !good(other, &proof), "{index} of {new}");
        }
    }
    assert!(spoilt > 20_000, "{spoilt}");
}

#[test]
fn what_is_not_there_is_not_proved() {
    let nodes = Defined(leaves(5));
    assert!(inclusion_proof(&nodes, 5, 5).is_err());
    assert!(inclusion_proof(&nodes, 0, 0).is_err());
    assert!(inclusion_proof(&nodes, 4, 6).is_err());
    assert!(consistency_proof(&nodes, 6, 5).is_err());
    assert!(consistency_proof(&nodes, 3, 9).is_err());
    assert!(!verify_inclusion(Hash::of(b""), 3, 3, Hash::of(b""), &[]));
    assert!(!verify_consistency(3, Hash::of(b""), 2, Hash::of(b""), &[]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Trees of several levels of tiles: root, edge read back, and the nodes that are told.
    #[test]
    fn grown_is_as_defined(size in 1_usize..1200, more in 0_usize..600) {
        let hashes = leaves(size + more);
        let mut tree = Tree::default();
        let mut told = Vec::new();
        for leaf in &hashes[..size] {
            tree.append(*leaf, &mut |level, number, hash| told.push((level, number, hash)));
        }
        prop_assert_eq!(tree.root(), mth(&hashes[..size]));
        for (level, number, hash) in &told {
            let span = 1_usize << (8 * usize::from(*level));
            let first = usize::try_from(*number).unwrap() * span;
            prop_assert_eq!(*hash, mth(&hashes[first..first + span]));
        }
        prop_assert_eq!(told.len(), size / 256);
        // As it is found again at the next start.
        let mut again = Tree::read(&Defined(hashes[..size].to_vec()), size as u64).unwrap();
        for leaf in &hashes[size..] {
            again.append(*leaf, &mut |_, _, _| {});
        }
        prop_assert_eq!(again.root(), mth(&hashes));
    }

    #[test]
    fn proofs_of_longer_logs(new in 257_usize..900, old in 1_usize..900, index in 0_usize..900) {
        let (old, index) = (old % new + 1, index % new);
        let hashes = leaves(new);
        let nodes = Defined(hashes.clone());
        let proof = consistency_proof(&nodes, old as u64, new as u64).unwrap();
        prop_assert_eq!(&proof, &subproof(old, &hashes, true));
        prop_assert!(verify_consistency(old as u64, mth(&hashes[..old]), new as u64, mth(&hashes), &proof));
        let proof = inclusion_proof(&nodes, index as u64, new as u64).unwrap();
        prop_assert_eq!(&proof, &path(index, &hashes));
        prop_assert!(verify_inclusion(hashes[index], index as u64, new as u64, mth(&hashes), &proof));
    }
}

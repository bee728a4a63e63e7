//! Two implementations by others read our logs and check our proofs, and ours theirs.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use governance::audit::{Hash, Log, verify_consistency, verify_inclusion};
use sha2::Sha256;
use storage::Memory;
use tlog_tiles::{Checkpoint, HashReader, Tile, TileHashReader, TileReader};

use crate::city::{City, fill};

fn entries(log: &Log) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while (entries.len() as u64) < log.size() {
        entries.extend(log.entries(entries.len() as u64, log.size()).unwrap());
    }
    entries
}

#[test]
fn ct_merkle_makes_the_same_tree_and_proofs() {
    let city = City::in_memory(&Memory::new());
    fill(&city, 300, 7);
    let log = city.log();
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots = vec![tree.root()];
    for entry in entries(&log) {
        tree.push(entry);
        roots.push(tree.root());
    }
    let hashes =
        |bytes: &[u8]| -> Vec<Hash> { bytes.as_chunks::<32>().0.iter().copied().map(Hash).collect() };
    let root = Hash((*tree.root().as_bytes()).into());
    assert_eq!(log.root(log.size()).unwrap(), root);
    for index in (0..300).step_by(7) {
        let theirs = tree.prove_inclusion(index);
        let ours = log.inclusion(index as u64, 300).unwrap();
        assert_eq!(hashes(theirs.as_bytes()), ours, "{index}");
        let leaf = Hash::of_leaf(&tree.items()[index]);
        assert!(verify_inclusion(
            leaf,
            index as u64,
            300,
            root,
            &hashes(theirs.as_bytes())
        ));
        let bytes = ours.iter().flat_map(|hash| hash.0).collect();
        let ours = InclusionProof::<Sha256>::try_from_bytes(bytes).unwrap();
        tree.root()
            .verify_inclusion(&tree.items()[index], index as u64, &ours)
            .unwrap();
    }
    for old in (1..300_usize).step_by(5) {
        let theirs = tree.prove_consistency(300 - old);
        let ours = log.consistency(old as u64, 300).unwrap();
        assert_eq!(hashes(theirs.as_bytes()), ours, "{old}");
        let old_root = Hash((*roots[old].as_bytes()).into());
        assert!(verify_consistency(old as u64, old_root, 300, root, &ours));
        let bytes = ours.iter().flat_map(|hash| hash.0).collect();
        let ours = ConsistencyProof::<Sha256>::try_from_bytes(bytes).unwrap();
        tree.root().verify_consistency(&roots[old], &ours).unwrap();
    }
}

/// Our tiles, as theirs are read.
struct Served(Log);

impl TileReader for Served {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            self.0
                .tile(tile.level(), tile.level_index(), tile.width().into())
                .map_err(|error| tlog_tiles::Error::InvalidInput(error.to_string()))
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

#[test]
fn tlog_tiles_reads_our_checkpoint_and_tiles() {
    let city = City::in_memory(&Memory::new());
    // More than one tile, so that there is one above them.
    fill(&city, 700, 300);
    fill(&city, 701, 1);
    let log = city.log();
    city.tenants.close();
    let signed = log.checkpoint().unwrap();
    assert_eq!(signed.size, 701);
    let text = &signed.note[..=signed.note.find("\n\n").unwrap()];
    let checkpoint = Checkpoint::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(checkpoint.origin(), log.verifier().name());
    assert_eq!(checkpoint.size(), 701);
    assert_eq!(checkpoint.hash().0, log.root(701).unwrap().0);
    let served = Served(log.clone());
    let reader = TileHashReader::new(701, *checkpoint.hash(), &served);
    for index in [0, 1, 255, 256, 300, 511, 512, 700] {
        // It authenticates every tile that it reads against the root.
        let theirs = tlog_tiles::prove_record(701, index, &reader).unwrap();
        let ours = log.inclusion(index, 701).unwrap();
        let bytes: Vec<[u8; 32]> = theirs.iter().map(|hash| hash.0).collect();
        assert_eq!(
            bytes,
            ours.iter().map(|hash| hash.0).collect::<Vec<_>>(),
            "{index}"
        );
        let leaf = tlog_tiles::record_hash(&log.entries(index, index + 1).unwrap()[0]);
        tlog_tiles::check_record(&theirs, 701, *checkpoint.hash(), index, leaf).unwrap();
    }
    for old in [1, 255, 256, 257, 512, 700] {
        let theirs = tlog_tiles::prove_tree(701, old, &reader).unwrap();
        let ours = log.consistency(old, 701).unwrap();
        let bytes: Vec<[u8; 32]> = theirs.iter().map(|hash| hash.0).collect();
        assert_eq!(bytes, ours.iter().map(|hash| hash.0).collect::<Vec<_>>(), "{old}");
    }
    let leaf = reader
        .read_hashes(&[tlog_tiles::stored_hash_index(0, 600)])
        .unwrap();
    assert_eq!(leaf[0].0, Hash::of_leaf(&log.entries(600, 601).unwrap()[0]).0);
}

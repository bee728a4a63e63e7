//! Whoever can write to the store can change every row, its checksum too. `verify` names what they changed.

use governance::audit::VerifierKey;
use governance::audit::verify::{self, Report};
use storage::{Memory, Storage as _};
use twin::{Change, Operation};

use crate::city::{City, bus, fill, keys};

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// A log that was written and closed.
fn written(leaves: u64, group: usize) -> Memory {
    let memory = Memory::new();
    let city = City::in_memory(&memory);
    fill(&city, leaves, group);
    city.tenants.close();
    memory
}

fn rows(memory: &Memory, table: &str) -> Rows {
    memory.reader().system(table, b"", 100_000).unwrap()
}

fn put(memory: &mut Memory, table: &'static str, key: &[u8], value: Option<&[u8]>) {
    let change = Change::System(table, key.into(), value.map(Into::into));
    memory.commit(&[change]).unwrap();
}

/// As `mapacha verify` does: the keys are read from the store too.
fn verified(memory: &Memory) -> Report {
    let reader = memory.reader();
    let key: Result<Option<VerifierKey>, _> =
        verify::keys(&*reader).map(|keys| keys.map(|keys| keys.verifier("")));
    match key {
        Ok(key) => verify::store(&*reader, "", key.as_ref()).unwrap(),
        Err(error) => Report {
            findings: vec![error.to_string()],
            ..Report::default()
        },
    }
}

#[test]
fn any_bit_of_any_row() {
    let mut memory = written(4, 2);
    let sound = verified(&memory);
    assert_eq!((sound.leaves, sound.signed), (4, 4));
    assert!(sound.findings.is_empty(), "{sound:?}");
    let mut flipped = 0;
    for table in ["audit", "audit-key"] {
        let all = rows(&memory, table);
        assert!(all.len() > 1, "{table}");
        for (key, value) in all {
            for bit in 0..value.len() * 8 {
                let mut changed = value.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                put(&mut memory, table, &key, Some(&changed));
                let found = verified(&memory).findings;
                assert!(!found.is_empty(), "{table}, row {key:?}, bit {bit}");
                flipped += 1;
            }
            put(&mut memory, table, &key, None);
            let found = verified(&memory).findings;
            assert!(
                !found.is_empty() || table == "audit-key" && key == b"pseudonym",
                "{table}: {key:?} gone"
            );
            put(&mut memory, table, &key, Some(&value));
        }
    }
    assert!(flipped > 8_000, "{flipped}");
    assert!(verified(&memory).findings.is_empty(), "all was put back");
}

#[test]
fn the_row_and_the_leaf_are_named() {
    let mut memory = written(600, 100);
    let all = rows(&memory, "audit");
    // Leaves 512 to 600 are not under a full tile; each row is one commit or what a bundle cut off.
    for (which, (key, value)) in all.iter().enumerate().filter(|(_, (key, _))| key[0] == b'e') {
        let first = u64::from_be_bytes(key[1..].try_into().unwrap());
        // Somewhere in the last leaf of the row: in its hash that stands beside it.
        let mut changed = value.clone();
        let last = changed.len() - 1;
        changed[last] ^= 4;
        put(&mut memory, "audit", key, Some(&changed));
        let found = verified(&memory).findings;
        let end = all
            .get(which + 1)
            .filter(|(key, _)| key[0] == b'e')
            .map_or(600, |(key, _)| u64::from_be_bytes(key[1..].try_into().unwrap()));
        let leaf = format!("leaf {} (in the row of leaves from {first} on)", end - 1);
        assert!(
            found.iter().any(|one| one.starts_with(&leaf)),
            "{leaf}: {found:?}"
        );
        put(&mut memory, "audit", key, Some(value));
    }
    let (key, value) = all.iter().find(|(key, _)| key[0] == b'h').unwrap();
    let mut changed = value.clone();
    changed[40] ^= 1; // the second hash
    put(&mut memory, "audit", key, Some(&changed));
    let found = verified(&memory).findings;
    assert!(
        found[0].contains("tile 1/0") && found[0].contains("256 to 511"),
        "{found:?}"
    );
}

/// A whole other past, with everything beside it in order but the signature.
#[test]
fn a_past_that_was_made_up_is_not_what_was_signed() {
    let genuine = written(20, 3);
    let other = Memory::new();
    let city = City::in_memory(&other);
    city.run(vec![Operation::Create(bus(1000, 1))])[0]
        .as_ref()
        .unwrap();
    fill(&city, 20, 3);
    city.tenants.close();
    let mut forged = genuine.clone();
    let checkpoint = rows(&genuine, "audit")
        .into_iter()
        .find(|(key, _)| key == b"c")
        .unwrap();
    for (key, _) in rows(&genuine, "audit") {
        put(&mut forged, "audit", &key, None);
    }
    for (key, value) in rows(&other, "audit")
        .iter()
        .filter(|(key, _)| key != b"c")
        .chain([&checkpoint])
    {
        put(&mut forged, "audit", key, Some(value));
    }
    let found = verified(&forged).findings;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("was signed"), "{found:?}");
    // Signed anew with another key, it is found by who knows the city's.
    let city_key = keys().verifier("");
    let made_up = Memory::new();
    let audit = governance::audit::Audit::with_keys(governance::audit::Keys::of_seeds([1; 32], [9; 32]));
    let at = made_up.clone();
    let folder = tempfile::tempdir().unwrap();
    let city = City::over(folder.path(), audit, Box::new(move |_| Ok(Box::new(at.clone())))).unwrap();
    fill(&city, 20, 3);
    city.tenants.close();
    assert!(verified(&made_up).findings.is_empty(), "by its own word");
    let report = verify::store(&*made_up.reader(), "", Some(&city_key)).unwrap();
    assert!(report.findings[0].contains("checkpoint"), "{report:?}");
}

/// What cannot be read is not written on, and said.
#[test]
fn a_damaged_log_is_not_written_on() {
    for (which, what) in [(b'e', "leaf"), (b'c', "checkpoint")] {
        let mut memory = written(6, 2);
        let (key, mut value) = rows(&memory, "audit")
            .into_iter()
            .find(|(key, _)| key[0] == which)
            .unwrap();
        let last = value.len() - 1;
        value[last] ^= 1;
        put(&mut memory, "audit", &key, Some(&value));
        let at = memory.clone();
        let folder = tempfile::tempdir().unwrap();
        let audit = governance::audit::Audit::new();
        let opened = City::over(folder.path(), audit, Box::new(move |_| Ok(Box::new(at.clone()))));
        let error = opened.err().expect("it is refused").to_string();
        assert!(
            error.contains("audit.enabled") && error.contains("mapacha verify"),
            "{what}: {error}"
        );
    }
}

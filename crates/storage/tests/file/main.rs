//! The file itself: its lock, its versions, what damage and erasure do to it, and a full disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod formats;

use std::path::{Path, PathBuf};
use std::process::Command;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use storage::Options;
use storage::{Change, Embedded, EntityKey, Environment, Head, Past, Storage, StorageError, Take};

const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

fn open(folder: &Path) -> Result<Embedded, StorageError> {
    Embedded::open(folder, "mapacha", Environment::real(1))
}

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + second)
}

fn head(key: u64) -> Change {
    let head = Head {
        id: Uri::ngsi_ld("Sensor", &key.to_string()),
        types: vec![name("Sensor")],
        scope: vec!["/Nairobi".into()],
        created_at: at(0),
        modified_at: at(0),
        expires_at: None,
        temporal_only: false,
    };
    Change::Head(EntityKey(key), head)
}

fn number(key: u64, value: f64, second: i64) -> Change {
    let mut attribute = Attribute::property(name("t"), value)
        .observed_at(at(second))
        .unit_code("CEL");
    attribute.created_at = at(0);
    attribute.modified_at = at(second);
    Change::Attribute(EntityKey(key), attribute)
}

fn text(key: u64, text: &str) -> Change {
    Change::Attribute(EntityKey(key), Attribute::property(name("note"), text))
}

type Everything = (
    Vec<(EntityKey, Entity)>,
    Vec<Past>,
    Vec<(Vec<u8>, Vec<u8>)>,
    Vec<u8>,
);

/// The content of the fixture: some of everything, part of it folded, part of it only in the log.
fn fill(engine: &mut Embedded) {
    for key in 1..=3 {
        engine
            .commit(&[head(key), number(key, 0.5, 0), text(key, "habari")])
            .unwrap();
    }
    let readings: Vec<Change> = (1..600)
        .map(|i| number(1, f64::from(i) / 4.0, i64::from(i) * 60))
        .collect();
    engine.bulk(&readings).unwrap();
    engine.put_blob(&mut [7; 100].as_slice()).unwrap();
    engine
        .commit(&[
            number(2, 1.5, 1),
            Change::System("users", (*b"ada").into(), Some((*b"x").into())),
        ])
        .unwrap();
    engine
        .commit(&[Change::RemoveAttribute(EntityKey(3), name("note"), None, at(9))])
        .unwrap();
    engine.fold().unwrap();
    engine
        .commit(&[
            number(2, 2.5, 2),
            text(2, "asubuhi"),
            Change::Delete(EntityKey(3), at(10)),
        ])
        .unwrap();
}

fn everything(engine: &mut Embedded) -> Result<Everything, StorageError> {
    let mut entities = Vec::new();
    engine.load(&mut |stored| entities.push((stored.key, stored.entity)))?;
    let reader = engine.reader();
    let mut past = Vec::new();
    for key in 1..=3 {
        past.extend(reader.history(EntityKey(key), &[], ALWAYS, Take::All)?);
    }
    let mut blob = vec![0; 100];
    let id = blob_id();
    reader.read_blob(&id, 0, &mut blob)?;
    Ok((entities, past, reader.system("users", b"", 9)?, blob))
}

/// What an engine in memory names this content.
fn blob_id() -> String {
    storage::Memory::new().put_blob(&mut [7; 100].as_slice()).unwrap()
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder.path().join("data")).unwrap();
    match open(&folder.path().join("data")) {
        Err(StorageError::Locked { path }) => {
            assert_eq!(path, folder.path().join("data").display().to_string());
        }
        other => panic!("{:?}", other.err()),
    }
    Embedded::open(&folder.path().join("data"), "other-tenant", Environment::real(1)).unwrap();
    drop(first);
    open(&folder.path().join("data")).unwrap();
}

#[test]
fn a_foreign_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mapacha.sqlite");
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute("CREATE TABLE t (x)", [])
        .unwrap();
    assert!(matches!(open(folder.path()), Err(StorageError::Io { .. })));
    std::fs::write(
        &file,
        "not a database at all, but long enough to be taken for one".repeat(100),
    )
    .unwrap();
    assert!(matches!(open(folder.path()), Err(StorageError::Corrupt { .. })));
}

#[test]
fn what_is_forgotten_is_nowhere_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path()).unwrap();
    let secret = |n: i64| {
        let mut attribute = Attribute::property(name("note"), format!("siri-{n}-ya-mtu").as_str());
        attribute.observed_at = Some(at(n));
        attribute
    };
    for n in 0..3_000 {
        engine
            .commit(&[head(1), Change::History(EntityKey(1), secret(n))])
            .unwrap();
        if n == 1_500 {
            engine.fold().unwrap();
        }
    }
    let found = |text: &str| {
        std::fs::read_dir(folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(found("siri-2000-ya-mtu"), "the test can see it");
    for n in [700, 2_000] {
        engine.commit(&[Change::Forget(EntityKey(1), secret(n))]).unwrap();
    }
    while engine.maintain().unwrap() {}
    for n in [700, 2_000] {
        assert!(!found(&format!("siri-{n}-ya-mtu")));
    }
    let past = engine
        .reader()
        .history(EntityKey(1), &[], ALWAYS, Take::All)
        .unwrap();
    assert_eq!(past.len(), 2_998);
}

/// Every place of the file is damaged in turn: the answer is right or an error, never wrong.
#[test]
fn a_flipped_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path()).unwrap();
    fill(&mut engine);
    let expected = everything(&mut engine).unwrap();
    drop(engine);
    let sound = std::fs::read(folder.path().join("mapacha.sqlite")).unwrap();
    let step: usize = std::env::var("MAPACHA_FLIP_STEP")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(97);
    let (mut noticed, mut missed, mut silent, mut wrong) = (0, 0, 0, Vec::new());
    for place in (0..sound.len()).step_by(step) {
        let mut damaged = sound.clone();
        damaged[place] ^= 1 << (place % 8);
        let case = folder.path().join("case");
        std::fs::create_dir(&case).unwrap();
        std::fs::write(case.join("mapacha.sqlite"), damaged).unwrap();
        let opened = open(&case);
        let sound = opened
            .as_ref()
            .is_ok_and(|engine| engine.verify().is_ok_and(|found| found.damages.is_empty()));
        match opened.and_then(|mut engine| everything(&mut engine)) {
            Err(
                StorageError::Corrupt { .. } | StorageError::Io { .. } | StorageError::NewerFormat { .. },
            ) => noticed += 1,
            Err(other) => panic!("byte {place}: {other}"),
            Ok(found) if found == expected => silent += 1, // unused space, or something that does not matter
            // A key is damaged: the row is looked for where it no longer is. Only `verify` reads all rows.
            Ok(_) if !sound => missed += 1,
            Ok(found) => wrong.push((
                place,
                found.0 == expected.0,
                found.1 == expected.1,
                found.2 == expected.2,
            )),
        }
        std::fs::remove_dir_all(case).unwrap();
    }
    assert!(noticed > 0 && silent > 0, "{noticed} {silent}");
    assert!(
        missed * 500 <= noticed + silent,
        "{missed} rows could not be found, against {noticed} damages noticed"
    );
    assert_eq!(
        wrong,
        Vec::new(),
        "of {} bytes, at these the answer was wrong",
        sound.len()
    );
}

#[test]
fn damage_is_named_by_table_and_row() {
    let cases = [
        ("UPDATE entity SET payload = zeroblob(9) WHERE key = 2", "entity"),
        (
            "UPDATE entity SET last_seq = last_seq + 1 WHERE key = 1",
            "entity",
        ),
        ("UPDATE chunk SET n = n + 1", "chunk"),
        ("UPDATE chunk SET min = 7 WHERE min IS NOT NULL", "chunk"),
        ("UPDATE log SET payload = zeroblob(5)", "log"),
        ("UPDATE log SET crc = crc + 1", "log"),
        ("UPDATE blob_piece SET content = zeroblob(100)", "blob_piece"),
        ("UPDATE blob SET length = 99", "blob"),
        ("UPDATE system SET value = x'01'", "system"),
        ("UPDATE name SET text = text || 'x' WHERE id = 1", "name"),
        ("DELETE FROM name WHERE id = 1", "name"),
    ];
    for (damage, table) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path()).unwrap();
        fill(&mut engine);
        drop(engine);
        let connection = rusqlite::Connection::open(folder.path().join("mapacha.sqlite")).unwrap();
        assert!(connection.execute(damage, []).unwrap() > 0, "{damage}");
        drop(connection);
        match open(folder.path()).and_then(|mut engine| everything(&mut engine)) {
            Err(StorageError::Corrupt { detail, .. }) => {
                assert!(detail.contains(&format!("table `{table}`")), "{damage}: {detail}");
            }
            other => panic!("{damage}: {other:?}"),
        }
        if let Ok(engine) = open(folder.path()) {
            assert_ne!(engine.verify().unwrap().damages, Vec::<String>::new(), "{damage}");
        }
    }
}

/// A chunk that is read is checked: what is damaged and does not show was not read.
#[test]
fn a_time_of_one_series_is_read_without_any_other_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path()).unwrap();
    engine.commit(&[head(1), head(2)]).unwrap();
    let readings = (0..20_000_i64).flat_map(|second| {
        let other = Attribute::property(name("u"), second).observed_at(at(second));
        let value = second as f64;
        [
            number(1, value, second),
            number(2, value, second),
            Change::Attribute(EntityKey(1), other),
        ]
    });
    engine.bulk(&readings.collect::<Vec<_>>()).unwrap();
    while engine.maintain().unwrap() {}
    drop(engine);
    let (from, to) = (at(5_000), at(9_000));
    let connection = rusqlite::Connection::open(folder.path().join("mapacha.sqlite")).unwrap();
    let others = "entity <> 1 OR attribute <> (SELECT id FROM name WHERE text = ?) OR t1 < ? OR t0 >= ?";
    let attribute = name("t");
    let wanted = rusqlite::params![attribute.as_str(), from.as_micros(), to.as_micros()];
    let count = |what: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM chunk WHERE {what}");
        connection.query_row(&sql, wanted, |row| row.get(0)).unwrap()
    };
    let (left_out, read) = (count(others), count(&format!("NOT ({others})")));
    assert!(left_out > 40 && (2..10).contains(&read), "{left_out} {read}");
    let damage = format!("UPDATE chunk SET n = n + 1 WHERE {others}");
    connection.execute(&damage, wanted).unwrap();
    drop(connection);
    let engine = open(folder.path()).unwrap();
    let reader = engine.reader();
    let mut found = 0;
    let mut pieces = |range| {
        reader.pieces(EntityKey(1), &name("t"), None, range, &mut |piece| {
            found += match piece {
                storage::Piece::Any(past) => past.len(),
                storage::Piece::Numbers { instants, .. } => instants.len(),
            };
        })
    };
    pieces((from, to)).unwrap();
    assert!(pieces((from, at(19_000))).is_err(), "the others are damaged");
    assert!(found >= 4_000);
}

#[test]
fn what_is_erased_is_nowhere_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        fold_changes: 500,
        slice_entities: 50,
        ..Options::default()
    };
    let mut engine = Embedded::open_with(folder.path(), "mapacha", Environment::real(1), options).unwrap();
    let secret = |n: u64| format!("siri-{n:06}-ya-mtu-{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // Enough to move cells about, split pages and fold the log several times.
    for round in 0..12_u64 {
        for key in 1..=120 {
            let note = if key == 60 {
                secret(round)
            } else {
                "x".repeat(usize::try_from(key * 7 % 300).unwrap())
            };
            engine
                .commit(&[
                    head(key),
                    number(key, 1.0, i64::try_from(round).unwrap()),
                    text(key, &note),
                ])
                .unwrap();
            engine.maintain().unwrap();
        }
    }
    let photo = b"picha ya mtu".repeat(20_000);
    let blob = engine.put_blob(&mut photo.as_slice()).unwrap();
    engine
        .commit(&[Change::Attribute(
            EntityKey(60),
            Attribute::property(name("blob"), blob.as_str()),
        )])
        .unwrap();
    let marks: Vec<Vec<u8>> = (0..12)
        .map(|round| secret(round).into_bytes())
        .chain([
            b"picha ya mtu".to_vec(),
            blob.clone().into_bytes(),
            b"urn:ngsi-ld:Sensor:60".to_vec(),
        ])
        .collect();
    let found = |marks: &[Vec<u8>]| {
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for mark in marks {
                if bytes.windows(mark.len()).any(|window| window == mark) {
                    found.push(String::from_utf8_lossy(mark).into_owned());
                }
            }
        }
        found
    };
    assert!(found(&marks).len() > 3, "the test can see it");
    engine.commit(&[Change::Erase(EntityKey(60), at(99))]).unwrap();
    engine.commit(&[text(61, "after")]).unwrap();
    while engine.maintain().unwrap() {}
    assert_eq!(found(&marks), Vec::<String>::new());
    drop(engine);
    let mut engine = open(folder.path()).unwrap();
    let mut keys = Vec::new();
    engine.load(&mut |stored| keys.push(stored.key.0)).unwrap();
    assert_eq!(keys.len(), 119);
    assert!(!keys.contains(&60));
}

/// A small file system in memory, taken away in the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?.keep();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=14m", "tmpfs"])
            .arg(&folder)
            .output()
            .ok()?;
        mount.status.success().then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let Some(disk) = SmallDisk::new() else {
        test_data::skipped("a small disk can only be mounted by root");
        return;
    };
    let ballast = |round: u8| disk.0.join(format!("ballast{round}"));
    for round in 0..3 {
        std::fs::write(ballast(round), vec![0; 4 << 20]).unwrap();
    }
    let mut engine = open(&disk.0).unwrap();
    engine.commit(&[head(1)]).unwrap();
    let mut acknowledged = 0;
    for round in 0..3_u8 {
        let full = loop {
            let noise = |i: u64| {
                format!(
                    "{:x}",
                    (acknowledged as u64 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                )
            };
            let note = (0..40).map(noise).collect::<Vec<_>>().join(" ");
            match engine.commit(&[text(1, &note)]) {
                Ok(_) => acknowledged += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(full, StorageError::Full { .. }), "{full}");
        let blob = engine.put_blob(&mut std::io::Read::take(std::io::repeat(round), 15 << 20));
        assert!(matches!(blob, Err(StorageError::Full { .. })), "{blob:?}");
        let past = engine
            .reader()
            .history(EntityKey(1), &[], ALWAYS, Take::All)
            .unwrap();
        assert_eq!(past.len(), acknowledged - 1, "what was stored can be read");
        std::fs::remove_file(ballast(round)).unwrap();
        engine.commit(&[text(1, "there is room again")]).unwrap();
        acknowledged += 1;
        if round < 2 {
            engine.fold().unwrap();
        }
    }
    drop(engine);
    let engine = open(&disk.0).unwrap();
    assert_eq!(
        engine
            .reader()
            .history(EntityKey(1), &[], ALWAYS, Take::All)
            .unwrap()
            .len(),
        acknowledged - 1
    );
    assert_eq!(engine.verify().unwrap().damages, Vec::<String>::new());
}

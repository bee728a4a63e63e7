//! The versions of the file: each that there was is read for ever, and an older one is raised when it has to.

use std::path::{Path, PathBuf};

use ngsi_ld::Attribute;
use storage::{Change, Datasets, Embedded, EntityKey, Past, Storage as _, StorageError, Take};

use crate::{ALWAYS, Everything, at, everything, fill, head, name, number, open, text};

fn fixture_of(version: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join(version).join("mapacha.sqlite")
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let file = folder.path().join("mapacha.sqlite");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute("UPDATE meta SET value = 4 WHERE name = 'format'", [])
        .unwrap();
    drop(connection);
    let before = std::fs::read(&file).unwrap();
    match open(folder.path()) {
        Err(StorageError::NewerFormat {
            found: 4, known: 3, ..
        }) => {}
        other => panic!("{:?}", other.err()),
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// Holds the file in `fixtures`, which was written once by the version that brought it, by this test with
/// `MAPACHA_WRITE_FIXTURE` as that version's name, to what is made now. It is never written again: every later version
/// must read it. `finish` does what that version brought. Gives what is in the file, and its engine.
fn is_read_for_ever(version: &str, finish: fn(&mut Embedded)) -> (Everything, Embedded, tempfile::TempDir) {
    let fixture = fixture_of(version);
    let folder = tempfile::tempdir().unwrap();
    if std::env::var_os("MAPACHA_WRITE_FIXTURE").is_some_and(|name| name == version) {
        let mut engine = open(folder.path()).unwrap();
        fill(&mut engine);
        finish(&mut engine);
        drop(engine); // brings everything into the file
        std::fs::create_dir_all(fixture.parent().unwrap()).unwrap();
        std::fs::copy(folder.path().join("mapacha.sqlite"), &fixture).unwrap();
    }
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    std::fs::create_dir(&old).unwrap();
    std::fs::copy(&fixture, old.join("mapacha.sqlite")).unwrap();
    let mut from_fixture = open(&old).unwrap();
    assert_eq!(from_fixture.verify().unwrap().damages, Vec::<String>::new());
    assert!(
        from_fixture.statistics().unwrap().log_changes > 0,
        "part of it is only in the log"
    );
    let mut made_now = open(&new).unwrap();
    fill(&mut made_now);
    finish(&mut made_now);
    let expected = everything(&mut made_now).unwrap();
    assert_eq!(everything(&mut from_fixture).unwrap(), expected);
    from_fixture.fold().unwrap();
    assert_eq!(everything(&mut from_fixture).unwrap(), expected);
    (expected, from_fixture, folder)
}

#[test]
fn the_first_versions_file_is_read_for_ever() {
    let (all, ..) = is_read_for_ever("v1", |_| ());
    assert_eq!(all.0.len(), 3);
}

/// What version 2 brought: instances of the past that were destroyed, some of it only in the log.
fn forget(engine: &mut Embedded) {
    let past = engine
        .reader()
        .history(EntityKey(1), &[name("t")], ALWAYS, Take::All)
        .unwrap();
    let forgotten = past.iter().step_by(50).filter_map(|one| match one {
        Past::Instance(attribute) => Some(Change::Forget(EntityKey(1), attribute.clone())),
        Past::Removed { .. } => None,
    });
    engine.commit(&forgotten.collect::<Vec<_>>()).unwrap();
    engine
        .commit(&[Change::ForgetSeries(EntityKey(2), name("note"), Datasets::All)])
        .unwrap();
    engine
        .commit(&[Change::ForgetSeries(
            EntityKey(3),
            name("t"),
            Datasets::Only(None),
        )])
        .unwrap();
}

#[test]
fn the_second_versions_file_is_read_for_ever() {
    let (forgotten, ..) = is_read_for_ever("v2", forget);
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path()).unwrap();
    fill(&mut engine);
    let whole = everything(&mut engine).unwrap().1.len();
    assert_eq!(whole - forgotten.1.len(), 12 + 1 + 2);
}

/// What version 3 brought: last states, corrected and told of, some of it only in the log.
fn leave(engine: &mut Embedded) {
    let temporal = |key: u64| {
        let Change::Head(key, mut head) = head(key) else {
            unreachable!()
        };
        head.temporal_only = true;
        Change::Head(key, head)
    };
    let told = |key: u64, value: f64, second: i64| {
        let Change::Attribute(key, attribute) = number(key, value, second) else {
            unreachable!()
        };
        Change::History(key, attribute)
    };
    engine
        .commit(&[
            Change::Delete(EntityKey(2), at(20)),
            temporal(4),
            told(4, 4.0, 40),
            temporal(5),
            told(5, 5.0, 50),
        ])
        .unwrap();
    engine.fold().unwrap();
    engine
        .commit(&[
            told(4, 4.5, 45),
            told(5, 5.5, 40),
            Change::Last(EntityKey(3), vec![Attribute::property(name("note"), "usiku")]),
            Change::Delete(EntityKey(1), at(30)),
        ])
        .unwrap();
}

#[test]
fn the_third_versions_file_is_read_for_ever() {
    let (all, mut engine, _folder) = is_read_for_ever("v3", leave);
    let last: Vec<f64> = (all.0.iter())
        .filter_map(|(_, one)| one.attributes.first()?.as_f64())
        .collect();
    assert_eq!(last, [149.75, 2.5, 4.5, 5.0]);
    engine
        .load(&mut |stored| assert!(stored.last_known, "{stored:?}"))
        .unwrap();
}

/// A file of version 1 becomes one of version 2 or 3 when it has to, and not before.
#[test]
fn an_older_file_is_raised_when_it_has_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path()).unwrap();
    engine
        .commit(&[head(1), number(1, 0.5, 0), text(1, "habari")])
        .unwrap();
    drop(engine);
    let file = rusqlite::Connection::open(folder.path().join("mapacha.sqlite")).unwrap();
    file.execute("UPDATE meta SET value = 1 WHERE name = 'format'", [])
        .unwrap();
    drop(file);
    let version = || -> i64 {
        let connection = rusqlite::Connection::open(folder.path().join("mapacha.sqlite")).unwrap();
        connection
            .query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    let mut engine = open(folder.path()).unwrap();
    engine.load(&mut |_| ()).unwrap();
    engine.commit(&[number(1, 7.0, 100_000)]).unwrap();
    engine.fold().unwrap();
    assert_eq!(version(), 1);
    forget(&mut engine);
    assert_eq!(version(), 2);
    engine.load(&mut |_| ()).unwrap();
    assert_eq!(version(), 2);
    for (key, change) in [
        (1, Change::Delete(EntityKey(1), at(9))),
        (2, Change::Last(EntityKey(1), Vec::new())),
    ] {
        engine.commit(&[change]).unwrap();
        assert_eq!(version(), 3, "{key}");
    }
    forget(&mut engine);
    assert_eq!(version(), 3);
}

/// In the older fixtures an entity is gone: its last state is filled in, and the file is one of today.
#[test]
fn the_last_states_of_older_files_are_filled_in() {
    for version in ["v1", "v2"] {
        let fixture = fixture_of(version);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mapacha.sqlite");
        std::fs::copy(&fixture, &file).unwrap();
        let mut engine = open(folder.path()).unwrap();
        let before = everything(&mut engine).unwrap();
        engine.fold().unwrap();
        drop(engine);
        let format: i64 = rusqlite::Connection::open(&file)
            .unwrap()
            .query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(format, 3, "{version}");
        let mut engine = open(folder.path()).unwrap();
        assert_eq!(everything(&mut engine).unwrap(), before);
        let mut gone = Vec::new();
        engine
            .load(&mut |stored| gone.extend(stored.deleted_at.map(|_| (stored.last_known, stored.entity))))
            .unwrap();
        assert_eq!(gone.len(), 1);
        assert!(gone[0].0);
        assert_eq!(gone[0].1.attributes.len(), 1);
    }
}

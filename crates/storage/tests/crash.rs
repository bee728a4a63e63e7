//! A process that writes is killed at random instants: what it acknowledged is there, and nothing is there by
//! half. (Killing does not test a power cut; the number of fsyncs was counted for that, see the design.)
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ngsi_ld::{Name, Timestamp};
use storage::{Embedded, EntityKey, Environment, Past, Storage, Take};

/// Cargo builds examples with the tests, beside them.
fn writer() -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    let program = tests.parent()?.parent()?.join("examples").join("writer");
    program.exists().then_some(program)
}

/// Runs the writer for a while, kills it, and answers with the last number that it acknowledged.
fn run_and_kill(program: &Path, folder: &Path, first: i64, millis: u64) -> i64 {
    let mut child = Command::new(program)
        .arg(folder)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let listener = std::thread::spawn(move || {
        let mut last = first - 1;
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            last = line.parse().unwrap_or(last); // the last line may be cut
        }
        last
    });
    std::thread::sleep(Duration::from_millis(millis));
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    listener.join().unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_torn() {
    let Some(program) = writer() else {
        test_data::skipped("the example `writer` was not built");
        return;
    };
    let cycles: u64 = std::env::var("MAPACHA_CRASH_CYCLES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6);
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::real(0x6d61_7061);
    let mut next = 1;
    for cycle in 0..cycles {
        let millis = 20 + environment.rng.next_u64() % 300;
        let acknowledged = run_and_kill(&program, folder.path(), next, millis);
        let mut engine = Embedded::open(folder.path(), "mapacha", environment.clone()).unwrap();
        let reader = engine.reader();
        let rows = reader.system("commits", b"", usize::MAX).unwrap();
        let written = i64::try_from(rows.len()).unwrap();
        assert!(
            written >= acknowledged,
            "cycle {cycle}: {acknowledged} was acknowledged, {written} are there"
        );
        assert!(
            written <= acknowledged + 1,
            "cycle {cycle}: only the one under way can be there unacknowledged"
        );
        let mut entities = 0;
        engine
            .load(&mut |stored| {
                entities += 1;
                let key = i64::try_from(stored.key.0).unwrap() - 1;
                let latest = (1..=written).rev().find(|n| n % 50 == key).unwrap();
                for term in ["a", "b"] {
                    let name = Name::default_term(term);
                    let attribute = stored.entity.get(name.as_str()).unwrap();
                    assert_eq!(
                        attribute.as_f64(),
                        Some(latest as f64),
                        "cycle {cycle}, entity {key}, {term}"
                    );
                }
            })
            .unwrap();
        assert_eq!(entities, written.min(50));
        for key in 0..50 {
            let past = reader
                .history(
                    EntityKey(key + 1),
                    &[],
                    (Timestamp::MIN, Timestamp::MAX),
                    Take::All,
                )
                .unwrap();
            let mut all: Vec<i64> = (1..=written)
                .filter(|n| n % 50 == i64::try_from(key).unwrap())
                .collect();
            all.pop(); // the current one
            for term in ["a", "b"] {
                let name = Name::default_term(term);
                let found: Vec<i64> = past
                    .iter()
                    .filter(|one| *one.name() == name)
                    .filter_map(|one| {
                        if let Past::Instance(a) = one {
                            a.observed_at
                        } else {
                            None
                        }
                    })
                    .map(|at| at.as_micros() / 1_000_000 - 1_700_000_000)
                    .collect();
                assert_eq!(
                    found, all,
                    "cycle {cycle}, entity {key}, {term}: none missing, none double"
                );
            }
        }
        assert_eq!(engine.verify().unwrap().damages, Vec::<String>::new());
        next = written + 1;
    }
    assert!(next > 1, "it wrote something at all");
}

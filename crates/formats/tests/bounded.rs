//! A feed is never held whole: batches stay small whatever the table's length.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use std::fmt::Write as _;

use common::{feed, import_into, zip};
use formats::{Fate, HistoryFate, ImportOptions, InputFile, Kind, MemorySink, Sink, SinkError};
use ngsi_ld::Entity;

/// Counts and forgets.
#[derive(Default)]
struct Counter {
    entities: usize,
    largest: usize,
    /// Fails after so many entities.
    full_after: Option<usize>,
}

impl Sink for Counter {
    fn put(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        self.entities += entities.len();
        self.largest = self.largest.max(entities.len());
        if self.full_after.is_some_and(|limit| self.entities > limit) {
            return Err(SinkError("the disk is full".to_owned()));
        }
        Ok(vec![Fate::Created; entities.len()])
    }

    fn amend(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
        self.put(entities)
    }

    fn append(&mut self, entities: Vec<Entity>) -> Result<Vec<HistoryFate>, SinkError> {
        let appended = |entity: &Entity| HistoryFate::Appended {
            added: entity.attributes.len(),
            known: 0,
            created: false,
        };
        self.largest = self
            .largest
            .max(entities.iter().map(|entity| entity.attributes.len()).sum());
        Ok(entities.iter().map(appended).collect())
    }

    fn blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, SinkError> {
        std::io::copy(content, &mut std::io::sink()).map_err(|error| SinkError(error.to_string()))?;
        Ok(String::new())
    }
}

/// 3 000 trips of 100 stops.
fn large() -> Vec<u8> {
    let mut tables = feed();
    for (name, text) in &mut tables {
        match *name {
            "trips.txt" => (0..3_000).for_each(|trip| writeln!(text, "R,D,trip{trip},,0,L").unwrap()),
            "stop_times.txt" => {
                for trip in 0..3_000 {
                    for stop in 0..100 {
                        writeln!(
                            text,
                            "trip{trip},{}:{:02}:00,{0}:{1:02}:00,{2},{stop}",
                            6 + stop / 60,
                            stop % 60,
                            1 + stop % 2
                        )
                        .unwrap();
                    }
                }
            }
            _ => {}
        }
    }
    zip(&tables)
}

#[test]
fn three_hundred_thousand_stop_times_go_by_in_small_batches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.zip");
    std::fs::write(&path, large()).unwrap();
    let mut sink = Counter::default();
    let mut told = 0;
    let report = formats::import(
        Kind::Gtfs,
        &[InputFile::new(&path)],
        &ImportOptions::default(),
        &mut sink,
        &mut |_| told += 1,
    )
    .unwrap();
    assert_eq!(
        (report.refused_count, report.rows["stop_times.txt"]),
        (0, 300_002)
    );
    assert_eq!(sink.entities as u64, report.made);
    assert!(sink.largest <= 1_000, "{}", sink.largest);
    assert!(told > 30, "{told}");

    // A full disk ends the import with what to do.
    let mut sink = Counter {
        full_after: Some(5_000),
        ..Counter::default()
    };
    let error = formats::import(
        Kind::Gtfs,
        &[InputFile::new(&path)],
        &ImportOptions::default(),
        &mut sink,
        &mut |_| {},
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("the disk is full")
            && error.remedy().contains("import the same file again")
    );
}

#[test]
fn an_interrupted_import_done_again_is_one_clean_import() {
    struct Torn<'a>(&'a mut MemorySink, usize);
    impl Sink for Torn<'_> {
        fn put(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
            self.1 = self
                .1
                .checked_sub(1)
                .ok_or_else(|| SinkError("torn".to_owned()))?;
            self.0.put(entities)
        }
        fn amend(&mut self, entities: Vec<Entity>) -> Result<Vec<Fate>, SinkError> {
            self.0.amend(entities)
        }
        fn append(&mut self, entities: Vec<Entity>) -> Result<Vec<HistoryFate>, SinkError> {
            self.0.append(entities)
        }
        fn blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, SinkError> {
            self.0.blob(content)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.zip");
    let mut tables = feed();
    for (name, text) in &mut tables {
        if *name == "stops.txt" {
            (0..5_000).for_each(|stop| writeln!(text, "s{stop},Stop,-1.2,36.8,0,").unwrap());
        }
    }
    std::fs::write(&path, zip(&tables)).unwrap();
    let mut clean = MemorySink::default();
    import_into(&mut clean, Kind::Gtfs, &path, &ImportOptions::default()).unwrap();
    for batches in 0..5 {
        let mut sink = MemorySink::default();
        let files = [InputFile::new(&path)];
        formats::import(
            Kind::Gtfs,
            &files,
            &ImportOptions::default(),
            &mut Torn(&mut sink, batches),
            &mut |_| {},
        )
        .unwrap_err();
        import_into(&mut sink, Kind::Gtfs, &path, &ImportOptions::default()).unwrap();
        assert!(sink == clean, "after {batches} batches");
    }
}

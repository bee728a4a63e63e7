//! Cities in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, Sink as _, TwinSink};
use ngsi_ld::{Entity, Timestamp};
use query::{Caller, View};
use scenarios::file::ScenarioFile;
use storage::Memory;
use storage::environment::ManualClock;
use twin::Twin;

pub(crate) fn view() -> View {
    View::open(Caller::System("test"), "test")
}

pub(crate) fn twin() -> Twin {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_777_593_600)));
    Twin::open(Box::new(Memory::new()), clock).unwrap()
}

pub(crate) fn import(twin: &Twin, kind: Kind, path: &Path) {
    let view = view();
    let mut sink = TwinSink::new(twin, &view);
    let files = [InputFile::new(path)];
    let report = formats::import(kind, &files, &ImportOptions::default(), &mut sink, &mut |_| {}).unwrap();
    assert!(!report.has_refusals(), "{}", report.to_text(5));
}

pub(crate) fn put(twin: &Twin, entities: impl IntoIterator<Item = Entity>) {
    let view = view();
    let mut sink = TwinSink::new(twin, &view);
    let entities: Vec<Entity> = entities.into_iter().collect();
    for batch in entities.chunks(1000) {
        for fate in sink.put(batch.to_vec()).unwrap() {
            assert!(!matches!(fate, formats::Fate::Refused(_)), "refused");
        }
    }
}

/// The demo city with its timetable and its people, and its ready scenario files.
pub(crate) fn demo(seed: u64, inhabitants: u32) -> (Twin, Vec<(String, ScenarioFile)>) {
    let city = City::generate(seed, inhabitants);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let twin = twin();
    put(&twin, city.entities());
    import(&twin, Kind::Gtfs, &write("feed.zip", &city.gtfs_zip()));
    import(
        &twin,
        Kind::Population,
        &write("people.tif", &city.population_geotiff()),
    );
    let files = city
        .scenarios()
        .into_iter()
        .map(|(name, text)| {
            let file = ScenarioFile::parse(&text);
            (
                name.clone(),
                file.unwrap_or_else(|findings| panic!("{name}: {findings:?}")),
            )
        })
        .collect();
    (twin, files)
}

/// A file of the Nairobi pack; `None`: it is not on this machine.
pub(crate) fn nairobi(name: &str) -> Option<PathBuf> {
    test_data::test_data(&format!("nairobi/{name}"))
}

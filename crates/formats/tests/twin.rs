//! Nairobi into a real twin on a real store: twice the same, and read back.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{options, test_data};
use formats::raster::{Grid, TwinBlob};
use formats::{InputFile, Kind, Report, TwinSink};
use ngsi_ld::{Timestamp, Uri};
use query::{Caller, View};
use storage::environment::{Environment, ManualClock};
use twin::{Reader as _, Twin};

const SENSOR: &str = "urn:ngsi-ld:AirQualityObserved:nairobi";

fn open(folder: &Path) -> Twin {
    let store = storage::Embedded::open(folder, "twin", Environment::real(7)).unwrap();
    let clock = ManualClock::new(Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    Twin::open(Box::new(store), Arc::new(clock)).unwrap()
}

fn view() -> View {
    View::open(Caller::System("test"), "service-operation")
}

fn import(twin: &Twin, pack: &Path) -> Vec<Report> {
    let readings = options(&[
        ("entity", SENSOR),
        ("attribute", "pm25"),
        ("time-column", "timestamp"),
        ("value-column", "P2"),
        ("time-format", "%m/%d/%Y %H:%M:%S"),
        ("time-format", "%m/%d/%Y %H:%M"),
        ("time-zone", "Africa/Nairobi"),
        ("unit", "GQ"),
        ("longitude", "36.8"),
        ("latitude", "-1.3"),
    ]);
    [
        (Kind::Gtfs, "gtfs-2019.zip"),
        (Kind::Population, "population-2025-100m.tif"),
        (Kind::Boundaries, "wards.geojson"),
        (Kind::Places, "health-facilities.geojson"),
        (Kind::Observations, "air-quality-pm25-2018.csv"),
    ]
    .into_iter()
    .map(|(kind, file)| {
        let view = view();
        let files = [InputFile::new(pack.join(file))];
        formats::import(
            kind,
            &files,
            &readings,
            &mut TwinSink::new(twin, &view),
            &mut |_| {},
        )
        .unwrap()
    })
    .collect()
}

#[test]
fn nairobi_in_a_real_twin() {
    let Some(pack) = test_data("nairobi") else { return };
    let folder = tempfile::tempdir().unwrap();
    let twin = open(folder.path());
    let first = import(&twin, &pack);
    assert_eq!(
        first
            .iter()
            .map(|report| report.refused_count)
            .collect::<Vec<_>>(),
        [0, 0, 0, 47, 0]
    );
    let count = |report: &Report, name: &str| report.by_type.get(name).map_or(0, |counts| counts.made);
    assert_eq!(count(&first[0], "GtfsStop"), 4_284);
    assert_eq!(count(&first[4], "AirQualityObserved.pm25"), 32_907);
    for report in import(&twin, &pack) {
        assert_eq!((report.made, report.updated), (0, 0), "{}", report.to_text(5));
    }
    twin.close();
    drop(twin);

    let twin = open(folder.path());
    for report in import(&twin, &pack) {
        assert_eq!(
            (report.made, report.updated),
            (0, 0),
            "after a restart: {}",
            report.to_text(5)
        );
    }
    let view = view();
    let sensor = Uri::parse(SENSOR).unwrap();
    let name = ngsi_ld::Name::default_term("pm25");
    let series = twin
        .series(&view, &sensor, &name, (Timestamp::MIN, Timestamp::MAX))
        .unwrap();
    assert_eq!(series.len(), 32_907);
    let mean = series.iter().map(|sample| sample.value).sum::<f64>() / 32_907.0;
    assert!((mean - 9.144_861_883_489_753).abs() < 1e-9, "{mean}");
    let grid = twin
        .get(&view, &Uri::ngsi_ld("PopulationGrid", "population-2025-100m"))
        .unwrap();
    let blob = grid
        .get(ngsi_ld::Name::default_term("blob").as_str())
        .and_then(|a| a.as_str())
        .unwrap();
    let grid = Grid::open(TwinBlob::new(&twin, &view, blob)).unwrap();
    let mut populated = 0;
    grid.cells(None, &mut |cell| populated += u32::from(cell.value > 0.0))
        .unwrap();
    assert_eq!(populated, 64_666);
    twin.close();
}

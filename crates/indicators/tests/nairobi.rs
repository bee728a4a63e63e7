//! The three KPIs of a real city, held against numbers made elsewhere.
//!
//! The reference numbers were made once from the same files in Python: cells and wards with rasterio 1.4.4, NumPy
//! and shapely 2.2.0 (`contains_xy` on the union of the wards and on each ward), distances with pyproj 3.7.2
//! (`Geod(ellps="WGS84").inv`, GeographicLib in C), corridors with shapely (`LineString.buffer(r,
//! cap_style="flat", join_style="round")` and `unary_union`) in `+proj=tmerc` on the centroid of the city, the mean
//! with `math.fsum`. No cell lies nearer than 6 mm to the limit of 500 m.
#![allow(clippy::expect_used, clippy::panic, reason = "a test program")]

mod support;

use std::path::PathBuf;

use formats::{ImportOptions, InputFile, Kind, MemorySink, import};
use indicators::{AssessOptions, Assessment, KpiValue, assess};
use support::{MemoryReader, view};

fn nairobi() -> Option<PathBuf> {
    test_data::test_data("nairobi")
}

fn imported(folder: &std::path::Path) -> MemorySink {
    let mut sink = MemorySink::default();
    let air = [
        ("entity", "urn:ngsi-ld:AirQualityObserved:kibera"),
        ("attribute", "pm25"),
        ("value-column", "P2"),
        ("time-format", "%m/%d/%Y %H:%M:%S"),
        ("time-format", "%m/%d/%Y %H:%M"),
        ("time-zone", "Africa/Nairobi"),
        ("unit", "GQ"),
    ];
    for (kind, file, options) in [
        (Kind::Boundaries, "wards.geojson", [].as_slice()),
        (Kind::Population, "population-2025-100m.tif", &[]),
        (Kind::Gtfs, "gtfs-2019.zip", &[]),
        (Kind::Observations, "air-quality-pm25-2018.csv", &air),
    ] {
        let options = ImportOptions::from_pairs(options.iter().copied()).expect("options");
        let file = InputFile::new(folder.join(file));
        let report = import(kind, &[file], &options, &mut sink, &mut |_| {}).expect("an import");
        assert_eq!(report.refused_count, 0, "{:?}", report.refused.first());
    }
    sink
}

fn value(assessment: &Assessment, kpi: &str, data_point: Option<&str>) -> f64 {
    let row = assessment.data_point(kpi, data_point).expect("a row");
    row.value
        .as_ref()
        .and_then(KpiValue::as_f64)
        .unwrap_or_else(|| panic!("{kpi}: {:?}", row.needed))
}

fn close(got: f64, expected: f64, relative: f64, what: &str) {
    assert!(
        (got - expected).abs() <= relative * expected.abs(),
        "{what}: {got}, expected {expected}"
    );
}

#[test]
fn nairobi_is_what_other_tools_say() {
    let Some(folder) = nairobi() else { return };
    let reader = MemoryReader(imported(&folder));
    let assessment = assess(&reader, &view(), &AssessOptions::default()).expect("an assessment");
    assert_eq!(
        (assessment.city.as_str(), assessment.time_zone.as_str()),
        ("Nairobi", "Africa/Nairobi")
    );
    assert_eq!(
        (assessment.coverage.reported, assessment.coverage.total),
        (3, 112)
    );
    assert_eq!(assessment.warnings, [""; 0]);

    let row = assessment.data_point("EC: I: T: 2A", None).expect("a row");
    close(
        value(&assessment, "EC: I: T: 2A", None),
        70.438_573_999,
        1e-9,
        "share",
    );
    close(
        row.numerator.expect("a number"),
        3_889_840.782_722,
        1e-9,
        "inhabitants near a stop",
    );
    close(
        row.denominator.expect("a number"),
        5_522_316.199_649,
        1e-9,
        "inhabitants",
    );
    assert_eq!(
        (
            row.details["stops"],
            row.details["served_stops"],
            row.details["populated_cells"]
        ),
        (4284.0, 4273.0, 59494.0)
    );
    assert_eq!(row.vintages, ["2019", "2025"]);
    let wards: Vec<_> = assessment.areas_of("EC: I: T: 2A", None).collect();
    assert_eq!(wards.len(), 84);
    let sum =
        |of: fn(&indicators::AreaValue) -> Option<f64>| wards.iter().filter_map(|ward| of(ward)).sum::<f64>();
    close(
        sum(|ward| ward.value),
        6_618.262_593_194,
        1e-9,
        "the shares of all wards",
    );
    close(
        sum(|ward| ward.denominator),
        5_526_159.770_192,
        1e-9,
        "the inhabitants of all wards",
    );
    for (code, name, people, share) in [
        ("1366", "KITISURU", 52_537.178_366_255, 60.683_593_969_234),
        (
            "1367",
            "PARKLANDS/HIGHRIDGE",
            50_725.681_931_317,
            96.694_769_646_793,
        ),
        ("1368", "KARURA", 80_721.008_480_657, 64.636_993_463_215),
        ("1369", "KANGEMI", 10_123.970_920_563, 84.665_503_648_894),
        ("1370", "MOUNTAIN VIEW", 21_005.834_766_656, 67.620_327_031_942),
    ] {
        let ward = wards
            .iter()
            .find(|ward| ward.code.as_deref() == Some(code))
            .expect("a ward");
        assert_eq!(ward.name, name);
        close(ward.denominator.expect("a number"), people, 1e-9, name);
        close(ward.value.expect("a value"), share, 1e-9, name);
    }

    let row = assessment.data_point("EC: I: T: 1C", None).expect("a row");
    close(
        value(&assessment, "EC: I: T: 1C", None),
        17.469_338,
        1e-4,
        "corridors",
    );
    close(
        row.details["corridor_inside_km"],
        649.286_875,
        1e-4,
        "corridors inside",
    );
    close(
        row.details["traced_km"],
        3555.788,
        1e-4,
        "lines as traced, geodesic",
    );
    for (assumption, expected) in [("5 m", 21.340_183), ("15 m", 15.907_427)] {
        let other = row
            .sensitivity
            .iter()
            .find(|other| other.assumption.contains(assumption))
            .expect(assumption);
        close(other.value, expected, 1e-4, assumption);
    }
    let inside: f64 = assessment
        .areas_of("EC: I: T: 1C", None)
        .filter_map(|ward| ward.numerator)
        .sum();
    close(
        inside,
        row.details["corridor_inside_km"],
        5e-3,
        "the wards together (they overlap a little)",
    );

    let row = assessment
        .data_point("EN: EN: AQ: 1C", Some("PM2.5"))
        .expect("a row");
    close(
        value(&assessment, "EN: EN: AQ: 1C", Some("PM2.5")),
        9.144_861_883,
        1e-9,
        "mean",
    );
    close(row.index.expect("an index"), 182.897_237_66, 1e-9, "index");
    close(
        row.coverage.temporal_pct.expect("coverage"),
        100.0 * 32_907.0 * 5.0 / 525_600.0,
        1e-9,
        "of the year",
    );
    close(
        row.coverage.area_pct.expect("coverage"),
        100.0 / 84.0,
        1e-9,
        "of the area",
    );
    assert_eq!(
        (row.details["readings"], row.vintages.as_slice()),
        (32_907.0, ["2018".to_owned()].as_slice())
    );
    assert_eq!((row.period.as_deref(), row.points), (Some("2018"), Some(2)));
}

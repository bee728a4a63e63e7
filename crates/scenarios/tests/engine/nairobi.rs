//! Ten new stops for Nairobi.

use formats::Kind;
use scenarios::file::ScenarioFile;
use scenarios::run::{Unwatched, run};
use scenarios::siting::{SitingOptions, site};

use crate::city::{import, nairobi, twin, view};

#[test]
fn ten_new_stops_reach_more_people_and_the_answer_runs() {
    let files = [
        (Kind::Gtfs, "gtfs-2019.zip"),
        (Kind::Population, "population-2025-100m.tif"),
        (Kind::Boundaries, "wards.geojson"),
    ];
    let twin = twin();
    for (kind, name) in files {
        let Some(path) = nairobi(name) else { return };
        import(&twin, kind, &path);
    }
    let options = SitingOptions {
        resamples: 10,
        ..SitingOptions::default()
    };
    let snapshot = twin.snapshot();
    let answer = site(&snapshot, &view(), &options, &Unwatched).unwrap();
    eprintln!("{}", answer.table());
    assert_eq!(answer.sites.len(), 10);
    assert!(answer.reached_before > 2e6 && answer.people > answer.reached_before);
    let gain = answer.reached_after - answer.reached_before;
    assert!(gain > 10_000.0, "{gain}");
    assert!(
        answer.reached_after <= answer.upper_bound
            && answer.reached_before + gain / 0.63 >= answer.upper_bound * 0.99
    );
    assert_eq!(answer.variants.len(), 9);
    // The same again.
    assert_eq!(site(&snapshot, &view(), &options, &Unwatched).unwrap(), answer);
    let file = ScenarioFile::parse(&answer.scenario_file()).unwrap();
    let result = run(&snapshot, &view(), &file, &Unwatched).unwrap();
    let by = |indicator: &str| {
        let differences = &result.scenarios[0].differences;
        differences
            .iter()
            .find(|difference| difference.indicator == indicator)
            .unwrap()
    };
    // The KPI of U4SSC has the same rule as the siting: 500 m in a straight line.
    let kpi = by("EC: I: T: 2A").difference.unwrap();
    eprintln!(
        "stop-walk +{:?}, 2A +{kpi}, sited +{}",
        by("stop-walk").difference,
        100.0 * gain / answer.people
    );
    assert!((kpi - 100.0 * gain / answer.people).abs() < 0.05);
    assert!(by("stop-walk").difference.unwrap() > 0.0);
}

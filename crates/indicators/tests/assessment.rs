//! The whole way from entities to an assessment, on a city small enough to check by hand.
#![allow(clippy::expect_used, clippy::panic, reason = "a test program")]
#![allow(clippy::float_cmp, reason = "the same inputs give the same bits")]

mod support;

use formats::MemorySink;
use geo::{Distance, Geodesic, Point};
use indicators::{AssessOptions, Assessment, Quality, Status};
use ngsi_ld::Name;
use support::{
    Make, id, name, number, of_period, population, put, readings, run, run_with, small_cells, small_city,
    with_air,
};

#[test]
fn an_empty_twin_says_what_it_needs() {
    let assessment = run(MemorySink::default());
    assert_eq!(assessment.data_points.len(), 112);
    assert_eq!(
        (assessment.coverage.reported, assessment.coverage.total),
        (0, 112)
    );
    assert_eq!(assessment.score.overall().pct, None);
    assert!(
        assessment
            .data_points
            .iter()
            .all(|row| row.status == Status::NotReported && row.needed.is_some())
    );
    let needed = assessment
        .data_point("EC: I: T: 2A", None)
        .and_then(|row| row.needed.clone())
        .expect("what is needed");
    for kind in ["boundaries", "population", "gtfs", "kpi"] {
        assert!(needed.contains(&format!("mapacha import {kind}")), "{needed}");
    }
    assert!(assessment.entities().is_empty());
    for text in [
        indicators::report::csv(&assessment),
        indicators::report::html(&assessment),
        indicators::report::svg(&assessment),
    ] {
        assert!(text.len() > 1000);
    }
}

#[test]
fn the_json_keeps_its_contract() {
    let json = serde_json::to_value(run(small_city())).expect("JSON");
    for key in [
        "city",
        "period",
        "catalogue_version",
        "benchmark_set",
        "coverage",
        "score",
        "data_points",
        "areas",
        "extra",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["coverage"], serde_json::json!({"reported": 2, "total": 112}));
    for row in json["data_points"].as_array().expect("rows") {
        for key in [
            "kpi",
            "data_point",
            "name",
            "value",
            "unit",
            "status",
            "quality",
            "coverage",
            "vintages",
            "points",
            "attainment_pct",
            "period",
            "computed_from",
            "formula",
            "verified",
            "origin",
        ] {
            assert!(row.get(key).is_some(), "{key} in {row}");
        }
        assert!(row["coverage"].get("temporal_pct").is_some() && row["coverage"].get("area_pct").is_some());
        assert!(row["vintages"].is_array() && row["computed_from"].is_array());
    }
    let back: Assessment = serde_json::from_value(json.clone()).expect("it reads what it writes");
    assert_eq!(serde_json::to_value(back).expect("JSON"), json);
}

#[test]
fn convenience_is_what_brute_force_says() {
    let assessment = run(small_city());
    assert_eq!(assessment.city, "Smallville");
    assert_eq!(assessment.time_zone, "Africa/Nairobi");
    let stops = [Point::new(10.005, 1.01), Point::new(10.015, 1.01)];
    let near: Vec<bool> = small_cells()
        .iter()
        .map(|&cell| stops.iter().any(|&s| Geodesic.distance(s, Point(cell)) <= 500.0))
        .collect();
    let share =
        |cells: &[bool]| 100.0 * cells.iter().filter(|near| **near).count() as f64 / cells.len() as f64;
    assert!(
        share(&near) > 10.0 && share(&near) < 90.0,
        "the test tells something apart"
    );
    assert!((number(&assessment, "EC: I: T: 2A", None) - share(&near)).abs() < 1e-9);
    let row = assessment.data_point("EC: I: T: 2A", None).expect("a row");
    assert_eq!(
        (row.numerator, row.denominator),
        (
            Some(10.0 * near.iter().filter(|n| **n).count() as f64),
            Some(2000.0)
        )
    );
    assert_eq!(row.vintages, ["2019", "2025"]);
    assert_eq!(row.period.as_deref(), Some("2019"));
    assert_eq!(row.quality, Some(Quality::HigherLevelExtrapolation));
    assert_eq!(
        (row.coverage.temporal_pct, row.coverage.area_pct),
        (Some(100.0), Some(100.0))
    );
    assert_eq!((row.details["stops"], row.details["served_stops"]), (3.0, 2.0));
    assert!(
        row.formula
            .as_ref()
            .is_some_and(|f| f.contains("2000.0 inhabitants inside")),
        "{:?}",
        row.formula
    );
    let wards: Vec<_> = assessment.areas_of("EC: I: T: 2A", None).collect();
    // By name: EAST, then WEST.
    assert_eq!(
        wards.iter().map(|ward| ward.name.as_str()).collect::<Vec<_>>(),
        ["EAST", "WEST"]
    );
    assert_eq!(wards[0].value, Some(share(&near[100..])));
    assert_eq!(wards[1].value, Some(share(&near[..100])));
}

#[test]
fn the_network_is_measured_against_the_inhabitants() {
    let assessment = run(small_city());
    let length_km = Geodesic.distance(Point::new(10.005, 1.01), Point::new(10.015, 1.01)) / 1000.0;
    let expected = length_km / (2000.0 / 100_000.0);
    assert!((number(&assessment, "EC: I: T: 1C", None) - expected).abs() < 1e-4 * expected);
    let row = assessment.data_point("EC: I: T: 1C", None).expect("a row");
    assert_eq!(row.sensitivity.len(), 5);
    // One straight street: the width of the corridor makes no difference.
    for width in &row.sensitivity {
        assert!((width.value - expected).abs() < 1e-3 * expected, "{width:?}");
    }
    let wards: Vec<_> = assessment.areas_of("EC: I: T: 1C", None).collect();
    assert!(
        (wards[1].value.expect("a value") - 2.0 * expected).abs() < 1e-3 * expected,
        "all of it, half the people"
    );
    assert_eq!(wards[0].value, Some(0.0));
}

#[test]
fn only_what_runs_counts() {
    let mut city = small_city();
    put(
        &mut city,
        [
            Make::new("GtfsCalendarRule", "never")
                .to("hasService", id("GtfsService", "never"))
                .property("monday", false),
            Make::new("GtfsTrip", "never")
                .to("hasService", id("GtfsService", "never"))
                .to("hasShape", id("GtfsShape", "far")),
            Make::new("GtfsShape", "far").line(&[(10.025, 1.01), (10.035, 1.01)]),
            Make::new("GtfsStopTime", "n")
                .to("hasTrip", id("GtfsTrip", "never"))
                .to("hasStop", id("GtfsStop", "unserved")),
        ],
    );
    let before = number(&run(small_city()), "EC: I: T: 2A", None);
    let network = number(&run(small_city()), "EC: I: T: 1C", None);
    assert_eq!(number(&run(city.clone()), "EC: I: T: 2A", None), before);
    assert_eq!(number(&run(city.clone()), "EC: I: T: 1C", None), network);
    let notes = run(city.clone())
        .data_point("EC: I: T: 2A", None)
        .map(|row| row.notes.join(" "))
        .unwrap_or_default();
    assert!(notes.contains("1 of 2 trips run on no day"), "{notes}");
    // A day that is added makes it run; a day that is taken away does not.
    let rule = |kind: &str| {
        Make::new("GtfsCalendarDateRule", "one")
            .to("hasService", id("GtfsService", "never"))
            .property("appliesOn", "2019-05-01")
            .property("exceptionType", kind)
    };
    put(&mut city, [rule("2")]);
    assert_eq!(number(&run(city.clone()), "EC: I: T: 2A", None), before);
    put(&mut city, [rule("1")]);
    assert!(number(&run(city.clone()), "EC: I: T: 2A", None) > before);
    assert!(number(&run(city), "EC: I: T: 1C", None) > network);
}

#[test]
fn without_shapes_lines_run_straight_from_stop_to_stop() {
    let mut city = small_city();
    put(
        &mut city,
        [Make::new("GtfsTrip", "t").to("hasService", id("GtfsService", "daily"))],
    );
    let with_shape = number(&run(small_city()), "EC: I: T: 1C", None);
    let assessment = run(city);
    assert!((number(&assessment, "EC: I: T: 1C", None) - with_shape).abs() < 1e-6 * with_shape);
    let row = assessment.data_point("EC: I: T: 1C", None).expect("a row");
    assert_eq!(row.quality, Some(Quality::EstimateOnAssumptions));
    assert!(row.notes.join(" ").contains("no shape"), "{:?}", row.notes);
}

#[test]
fn without_a_calendar_every_trip_runs_and_it_is_said() {
    let mut city = small_city();
    city.entities
        .retain(|id, _| !id.as_str().contains("CalendarRule"));
    let assessment = run(city);
    assert_eq!(
        number(&assessment, "EC: I: T: 2A", None),
        number(&run(small_city()), "EC: I: T: 2A", None)
    );
    let notes = assessment
        .data_point("EC: I: T: 2A", None)
        .map(|row| row.notes.join(" "))
        .unwrap_or_default();
    assert!(notes.contains("no calendar"), "{notes}");
}

#[test]
fn smart_data_models_names_are_understood() {
    let mut renamed = small_city();
    for entity in renamed.entities.values_mut() {
        let model = |name: &Name| {
            Name::from_iri(format!(
                "https://smartdatamodels.org/dataModel.UrbanMobility/{}",
                name.short()
            ))
        };
        entity.types = entity.types.iter().map(model).collect();
        for attribute in &mut entity.attributes {
            if attribute.name.short() != "location" {
                attribute.name =
                    Name::from_iri(format!("https://smartdatamodels.org/{}", attribute.name.short()));
            }
        }
    }
    let (ours, theirs) = (run(small_city()), run(renamed));
    for kpi in ["EC: I: T: 2A", "EC: I: T: 1C"] {
        assert_eq!(number(&ours, kpi, None), number(&theirs, kpi, None));
    }
    assert_eq!(ours.city, theirs.city);
}

#[test]
fn a_city_level_area_is_the_boundary() {
    let mut city = small_city();
    put(
        &mut city,
        [Make::new("AdministrativeArea", "city:1")
            .property("name", "Half a Town")
            .property("administrativeLevel", "city")
            .square(10.0, 1.0, 0.02, 0.02)],
    );
    let assessment = run(city);
    assert_eq!(assessment.city, "Half a Town");
    let row = assessment.data_point("EC: I: T: 2A", None).expect("a row");
    assert_eq!(row.denominator, Some(1000.0));
    assert_eq!(
        assessment.areas_of("EC: I: T: 2A", None).count(),
        2,
        "its wards are still told apart"
    );
}

#[test]
fn the_population_of_the_period_is_taken() {
    let mut city = small_city();
    population(&mut city, 2015);
    let vintages = |options: &AssessOptions| {
        run_with(city.clone(), options)
            .data_point("EC: I: T: 2A", None)
            .map(|row| row.vintages.clone())
            .expect("a row")
    };
    assert_eq!(
        vintages(&AssessOptions::default()),
        ["2019", "2025"],
        "the latest"
    );
    assert_eq!(vintages(&of_period("2016")), ["2015", "2019"], "the nearest");
    let row = run_with(city.clone(), &of_period("2016"));
    let row = row.data_point("EC: I: T: 2A", None).expect("a row");
    assert_eq!(
        row.period.as_deref(),
        Some("2019"),
        "the timetable is of another year"
    );
    assert!(
        row.notes.join(" ").contains("of 2019, not of 2016"),
        "{:?}",
        row.notes
    );
    assert_eq!(row.coverage.temporal_pct, Some(0.0));
    assert_eq!(row.quality, Some(indicators::Quality::EstimateOnAssumptions));
    assert_eq!(row.points, None, "another year's timetable is shown, not scored");
    let row = run_with(city.clone(), &of_period("2020-03"));
    assert_eq!(row.period, "2020-03");
    assert_eq!(
        row.data_point("EC: I: T: 2A", None)
            .and_then(|row| row.period.clone())
            .as_deref(),
        Some("2020-03")
    );
}

#[test]
fn air_is_the_mean_of_the_latest_year_in_the_citys_time_zone() {
    let assessment = run(with_air());
    assert_eq!(number(&assessment, "EN: EN: AQ: 1C", Some("PM2.5")), 6.0);
    let row = assessment
        .data_point("EN: EN: AQ: 1C", Some("PM2.5"))
        .expect("a row");
    assert_eq!((row.index, row.period.as_deref()), (Some(120.0), Some("2018")));
    assert_eq!(
        (row.points, row.vintages.as_slice()),
        (Some(3), ["2018".to_owned()].as_slice())
    );
    assert!((row.attainment_pct.expect("attainment") - 100.0 * 5.0 / 6.0).abs() < 1e-9);
    assert!((row.coverage.temporal_pct.expect("coverage") - 100.0 * 4.0 / 8760.0).abs() < 1e-9);
    assert_eq!(
        row.coverage.area_pct,
        Some(50.0),
        "one unlocated sensor, two wards"
    );
    assert_eq!(row.quality, Some(Quality::EstimateOnAssumptions));
    assert_eq!(
        (row.computed_from[0].count, row.computed_from[0].readings),
        (1, Some(4))
    );
    let missing = assessment
        .data_point("EN: EN: AQ: 1C", Some("SO2"))
        .expect("a row");
    assert_eq!((missing.status, missing.index), (Status::NotReported, None));
    assert_eq!(
        number(
            &run_with(with_air(), &of_period("2018-06")),
            "EN: EN: AQ: 1C",
            Some("PM2.5")
        ),
        20.0 / 3.0
    );
    assert_eq!(
        number(
            &run_with(with_air(), &of_period("2017")),
            "EN: EN: AQ: 1C",
            Some("PM2.5")
        ),
        1000.0
    );
    let none = run_with(with_air(), &of_period("2016"));
    let row = none.data_point("EN: EN: AQ: 1C", Some("PM2.5")).expect("a row");
    assert!(
        row.needed.as_ref().is_some_and(|needed| needed.contains("2016")),
        "{:?}",
        row.needed
    );
}

#[test]
fn units_places_and_forecasts_are_looked_at() {
    let mut city = with_air();
    // In mg/m³, in the eastern ward.
    let east = id("AirQualityObserved", "east");
    readings(
        &mut city,
        &east,
        "pm25",
        Some("GP"),
        &[("2018-06-01T00:00:00Z", 0.012), ("2018-06-01T01:00:00Z", 0.012)],
    );
    let place = Make::new("AirQualityObserved", "east")
        .at(10.03, 1.01)
        .0
        .attributes
        .remove(0);
    city.entities.get_mut(&east).expect("the sensor").put(place);
    // Outside the city, in another unit, and not measured at all.
    let outside = id("AirQualityObserved", "outside");
    readings(
        &mut city,
        &outside,
        "pm25",
        Some("GQ"),
        &[("2018-06-01T00:00:00Z", 999.0)],
    );
    let place = Make::new("AirQualityObserved", "outside")
        .at(11.0, 1.01)
        .0
        .attributes
        .remove(0);
    city.entities.get_mut(&outside).expect("the sensor").put(place);
    readings(
        &mut city,
        &id("AirQualityObserved", "ppb"),
        "pm25",
        Some("61"),
        &[("2018-06-01T00:00:00Z", 999.0)],
    );
    let forecast = id("AirQualityForecast", "f");
    readings(
        &mut city,
        &forecast,
        "pm25",
        Some("GQ"),
        &[("2018-06-01T00:00:00Z", 999.0)],
    );
    city.entities.get_mut(&forecast).expect("the forecast").types = vec![name("AirQualityForecast")];
    let assessment = run(city);
    assert!((number(&assessment, "EN: EN: AQ: 1C", Some("PM2.5")) - 48.0 / 6.0).abs() < 1e-9);
    let row = assessment
        .data_point("EN: EN: AQ: 1C", Some("PM2.5"))
        .expect("a row");
    assert_eq!(row.details["sensors"], 2.0);
    assert_eq!(
        row.coverage.area_pct,
        Some(100.0),
        "one in the east, one that may be in the west"
    );
    assert!(
        row.notes
            .iter()
            .any(|note| note.contains("`61`") && note.contains("left out")),
        "{:?}",
        row.notes
    );
    let wards: Vec<_> = assessment.areas_of("EN: EN: AQ: 1C", Some("PM2.5")).collect();
    assert_eq!(wards.len(), 1);
    assert_eq!((wards[0].name.as_str(), wards[0].value), ("EAST", Some(12.0)));
}

//! The whole way from entities to an assessment, on a city small enough to check by hand.

mod support;

use formats::{HistoryFate, MemorySink, Sink};
use geo::{Distance, Geodesic, Point};
use indicators::{AssessOptions, Assessment, KpiValue, PeriodRequest, Quality, Status, assess};
use ngsi_ld::{Attribute, Entity, Name, Timestamp};
use query::{Caller, View};
use support::{Make, MemoryReader, id, name, population, put, readings, small_cells, small_city, view};

fn run(sink: MemorySink) -> Assessment {
    run_with(sink, &AssessOptions::default())
}

fn run_with(sink: MemorySink, options: &AssessOptions) -> Assessment {
    assess(&MemoryReader(sink), &view(), options).expect("an assessment")
}

fn of_period(period: &str) -> AssessOptions {
    AssessOptions {
        period: Some(PeriodRequest::parse(period).expect("a period")),
        ..AssessOptions::default()
    }
}

fn number(assessment: &Assessment, kpi: &str, data_point: Option<&str>) -> f64 {
    let row = assessment.data_point(kpi, data_point).expect("a row");
    row.value
        .as_ref()
        .and_then(KpiValue::as_f64)
        .unwrap_or_else(|| panic!("{kpi}: {:?}", row.needed))
}

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
    let row = run_with(city.clone(), &of_period("2020-03"));
    assert_eq!(row.period, "2020-03");
    assert_eq!(
        row.data_point("EC: I: T: 2A", None)
            .and_then(|row| row.period.clone())
            .as_deref(),
        Some("2020-03")
    );
}

fn with_air() -> MemorySink {
    let mut city = small_city();
    let sensor = id("AirQualityObserved", "one");
    readings(
        &mut city,
        &sensor,
        "pm25",
        Some("GQ"),
        &[
            ("2017-12-31T20:59:59Z", 1000.0),
            ("2017-12-31T21:00:00Z", 4.0),
            ("2018-06-01T00:00:00Z", 8.0),
            ("2018-06-01T01:00:00Z", 9.0),
            ("2018-06-01T02:00:00Z", 3.0),
        ],
    );
    city
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

fn reported(
    kpi: &str,
    data_point: Option<&str>,
    value: impl Into<ngsi_ld::PropertyValue>,
    period: &str,
    at: &str,
) -> Entity {
    let mut entity = Entity::new(
        formats::kpi::entity_id(kpi, data_point),
        name("KeyPerformanceIndicator"),
    );
    entity.put(Attribute::property(name("kpi"), kpi));
    if let Some(part) = data_point {
        entity.put(Attribute::property(name("dataPoint"), part));
    }
    entity.put(Attribute::property(name("name"), "as reported"));
    entity.put(
        Attribute::property(name("kpiValue"), value)
            .dataset(id("Dataset", "reported"))
            .observed_at(Timestamp::parse(at).expect("an instant"))
            .with(Attribute::property(name("period"), period))
            .with(Attribute::property(name("quality"), "survey_extrapolation"))
            .with(Attribute::property(name("origin"), "statistics office"))
            .with(Attribute::property(name("source"), "census")),
    );
    entity
}

#[test]
fn reported_values_fill_what_cannot_be_calculated() {
    let mut city = small_city();
    let internet = "EC: ICT: ICT: 1C";
    city.append(vec![
        reported(internet, None, 50.0, "2019", "2019-12-31T21:00:00Z"),
        reported(internet, None, 62.5, "2021", "2021-12-31T21:00:00Z"),
        reported(
            "EC: I: UP: 2A",
            Some("compact"),
            true,
            "2021",
            "2021-12-31T21:00:00Z",
        ),
        reported("EC: I: T: 2A", None, 99.0, "2021", "2021-12-31T21:00:00Z"),
        reported(
            "EC: I: T: 6A",
            None,
            "not applicable",
            "2021",
            "2021-12-31T21:00:00Z",
        ),
        reported("OWN: 1", None, 7_i64, "2021", "2021-12-31T21:00:00Z"),
    ])
    .expect("memory takes everything");
    let assessment = run(city.clone());
    assert_eq!(
        (assessment.coverage.reported, assessment.coverage.total),
        (4, 111)
    );
    let row = assessment.data_point(internet, None).expect("a row");
    assert_eq!(
        (row.status, row.value.clone()),
        (Status::Reported, Some(KpiValue::Number(62.5)))
    );
    assert_eq!((row.points, row.attainment_pct), (Some(2), Some(62.5)));
    assert_eq!(row.quality, Some(Quality::SurveyExtrapolation));
    assert_eq!(
        (row.origin.as_deref(), row.period.as_deref()),
        (Some("statistics office"), Some("2021"))
    );
    assert_eq!(row.computed_from[0].source.as_deref(), Some("census"));
    let row = assessment
        .data_point("EC: I: UP: 2A", Some("compact"))
        .expect("a row");
    assert_eq!(
        (row.value.clone(), row.points),
        (Some(KpiValue::Boolean(true)), None)
    );
    let row = assessment.data_point("EC: I: T: 2A", None).expect("a row");
    assert_eq!(row.status, Status::Calculated, "what is calculated stands");
    assert_eq!(
        row.reported.as_ref().map(|r| r.value.clone()),
        Some(KpiValue::Number(99.0)),
        "what is reported beside it"
    );
    assert_eq!(
        assessment.data_point("EC: I: T: 6A", None).map(|row| row.status),
        Some(Status::NotApplicable)
    );
    assert_eq!(
        (assessment.extra.len(), assessment.extra[0].kpi.as_str()),
        (1, "OWN: 1")
    );
    // Of the period that is asked for, from history.
    let past = run_with(city.clone(), &of_period("2019"));
    assert_eq!(
        past.data_point(internet, None).and_then(|row| row.value.clone()),
        Some(KpiValue::Number(50.0))
    );
    let none = run_with(city, &of_period("2005"));
    assert_eq!(
        none.data_point(internet, None).map(|row| row.status),
        Some(Status::NotReported)
    );
}

#[test]
fn results_are_entities_and_to_store_them_twice_changes_nothing() {
    let mut city = with_air();
    city.append(vec![reported(
        "EC: I: T: 2A",
        None,
        99.0,
        "2021",
        "2021-12-31T21:00:00Z",
    )])
    .expect("stored");
    let assessment = run(city.clone());
    let entities = assessment.entities();
    let areas = assessment
        .areas
        .iter()
        .filter(|area| area.value.is_some())
        .count();
    assert_eq!(entities.len(), 3 + areas);
    let ids: std::collections::HashSet<_> = entities.iter().map(|entity| entity.id.clone()).collect();
    assert_eq!(ids.len(), entities.len(), "one entity for each value");
    for entity in &entities {
        assert!(entity.has_type(name("KeyPerformanceIndicator").as_str()));
        let value = entity.get(name("kpiValue").as_str()).expect("a value");
        assert!(value.as_f64().is_some() && value.observed_at.is_some() && value.dataset_id.is_none());
        for term in ["kpi", "name", "calculationMethod", "calculationPeriod", "quality"] {
            assert!(
                entity.get(name(term).as_str()).is_some(),
                "{term} of {}",
                entity.id
            );
        }
    }
    let fates = city.append(entities.clone()).expect("stored");
    assert!(
        fates
            .iter()
            .all(|fate| matches!(fate, HistoryFate::Appended { added, .. } if *added > 0))
    );
    // With its own results in the twin, the city assesses to the same, and stores nothing new.
    let again = run(city.clone());
    assert_eq!(again, assessment);
    assert_eq!(again.entities(), entities);
    let fates = city.append(again.entities()).expect("stored");
    assert!(
        fates
            .iter()
            .all(|fate| matches!(fate, HistoryFate::Appended { added: 0, .. })),
        "{fates:?}"
    );
    // Reported and calculated stand in one entity.
    let both = &city.entities[&formats::kpi::entity_id("EC: I: T: 2A", None)];
    assert_eq!(both.instances(name("kpiValue").as_str()).count(), 2);
}

#[test]
fn what_a_view_hides_does_not_exist() {
    let nobody = View::open(Caller::Anonymous, "assessment").rows(query::view::Rows::None);
    let assessment =
        assess(&MemoryReader(with_air()), &nobody, &AssessOptions::default()).expect("an assessment");
    assert_eq!((assessment.coverage.reported, assessment.city.as_str()), (0, ""));
    let without_readings = view().hiding(vec![name("pm25")]);
    let assessment = assess(
        &MemoryReader(with_air()),
        &without_readings,
        &AssessOptions::default(),
    )
    .expect("an assessment");
    assert_eq!(
        assessment
            .data_point("EN: EN: AQ: 1C", Some("PM2.5"))
            .map(|row| row.status),
        Some(Status::NotReported)
    );
    assert_eq!(assessment.coverage.reported, 2);
}

#[test]
fn what_people_wrote_stays_text_in_every_report() {
    let mut city = small_city();
    let evil = "</title><script>alert(1)</script>";
    for entity in city
        .entities
        .values_mut()
        .filter(|entity| entity.id.as_str().contains("AdministrativeArea"))
    {
        entity.put(Attribute::property(name("name"), evil));
    }
    let mut formula = reported("EC: ICT: ICT: 1C", None, 1.0, "2021", "2021-12-31T21:00:00Z");
    let value = formula
        .attributes
        .iter_mut()
        .find(|a| a.name == name("kpiValue"))
        .expect("a value");
    *value = value.clone().with(Attribute::property(
        name("note"),
        "=HYPERLINK(\"http://a.example\")",
    ));
    city.append(vec![formula]).expect("stored");
    let options = AssessOptions {
        city: Some(evil.to_owned()),
        ..AssessOptions::default()
    };
    let assessment = run_with(city, &options);
    for text in [
        indicators::report::html(&assessment),
        indicators::report::svg(&assessment),
    ] {
        assert!(!text.contains("<script"), "{text}");
    }
    let text = indicators::report::csv(&assessment);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let notes = csv
        .headers()
        .expect("a header")
        .iter()
        .position(|column| column == "notes")
        .expect("notes");
    let rows: Vec<_> = csv.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 112);
    assert!(rows.iter().any(|row| row[notes].starts_with("'=HYPERLINK")));
}

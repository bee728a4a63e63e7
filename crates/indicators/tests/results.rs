//! What becomes of an assessment beside calculated numbers: reported values, entities, reports, views.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test program"
)]

mod support;

use formats::{HistoryFate, Sink};
use indicators::{AssessOptions, KpiValue, Quality, Status, assess};
use ngsi_ld::{Attribute, Entity, Timestamp};
use query::view::{Condition, Rights};
use query::{Caller, View};
use support::{MemoryReader, id, name, of_period, run, run_with, small_city, view, with_air};

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
    let nobody = View::open(Caller::Anonymous, "assessment").with(&Rights::none());
    let assessment =
        assess(&MemoryReader(with_air()), &nobody, &AssessOptions::default()).expect("an assessment");
    assert_eq!((assessment.coverage.reported, assessment.city.as_str()), (0, ""));
    let without_readings = view().with(&Rights::except(Condition::Always, [name("pm25")]));
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

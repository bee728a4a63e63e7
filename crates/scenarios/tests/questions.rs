//! Questions of reach on the demo city: what two ways of asking must agree on, and what must never be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test program"
)]

use std::sync::Arc;

use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, Sink as _, TwinSink};
use query::{Caller, View};
use scenarios::access::{
    City as Asked, Limit, Metric, Mode, Place, Position, Profile, isochrone, matrix, profile, reach, route,
    survey,
};
use scenarios::indicator::measure;
use scenarios::model::TravelOptions;
use serde_json::Value as Json;
use storage::Memory;
use storage::environment::SystemClock;
use twin::{Snapshot, Twin};

fn view() -> View {
    View::open(Caller::System("test"), "test")
}

fn demo() -> Snapshot {
    let city = City::generate(42, 20_000);
    let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).unwrap();
    let view = view();
    let mut sink = TwinSink::new(&twin, &view);
    let folder = tempfile::tempdir().unwrap();
    for (kind, name, content) in [
        (Kind::Gtfs, "demo-gtfs.zip", city.gtfs_zip()),
        (Kind::Population, "demo-population.tif", city.population_geotiff()),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let options = ImportOptions {
            year: Some(city.year()),
            ..ImportOptions::default()
        };
        formats::import(kind, &[InputFile::new(&path)], &options, &mut sink, &mut |_| {}).unwrap();
    }
    let entities: Vec<_> = city.entities().collect();
    for batch in entities.chunks(1000) {
        sink.put(batch.to_vec()).unwrap();
    }
    twin.snapshot()
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("{json} is no number"))
}

/// `reach` sums up cell by cell on its own; the indicators of scenarios go another way through the same simulator.
#[test]
fn shares_agree_with_the_indicators() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    for category in ["stop", "clinic", "school", "park"] {
        for (who, profile) in [
            ("walk", Profile::walking()),
            ("wheelchair", Profile::manual_wheelchair()),
        ] {
            let measured = measure(city.model(), &format!("{category}-{who}"))
                .unwrap()
                .expect("measured")
                .all;
            let question = reach::Question {
                category: category.into(),
                limit: None,
                profile,
            };
            let answer = reach::ask(&city, &question).unwrap().to_json();
            let share = &answer["share"];
            for (state, people) in [
                ("passable", measured.passable),
                ("unknown", measured.unknown),
                ("blocked", measured.blocked),
            ] {
                let asked = number(&share[state]);
                assert!(
                    (asked - people).abs() < 0.01,
                    "{category}-{who} {state}: {asked} and {people}"
                );
            }
        }
    }
    let all = reach::all(&city).unwrap();
    assert!(all.solved && all.table.rows.len() > 20);
    let csv = all.to_csv();
    assert!(csv.starts_with("indicator,part,name,people,"), "{csv}");
}

fn middles(city: &Asked<'_>) -> Vec<Place> {
    city.areas().unwrap()
}

#[test]
fn riding_is_never_slower_than_walking_and_knowing_never_slower_than_hoping() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let ask = |mode, profile: &Profile, threads| {
        let question = matrix::Question {
            origins: middles(&city),
            destinations: city.places("clinic").unwrap(),
            profile: profile.clone(),
            mode,
            metric: Metric::Time,
            limit: None,
            threads,
        };
        matrix::ask(&city, &question).unwrap().to_json()
    };
    let cells = |answer: &Json, key: &str| -> Vec<f64> {
        let rows = answer[key]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap());
        rows.map(|cell| cell.as_f64().unwrap_or(f64::INFINITY)).collect()
    };
    let mut ridden_quicker = 0;
    for profile in [Profile::walking(), Profile::manual_wheelchair()] {
        let (walked, ridden) = (ask(Mode::Walk, &profile, 1), ask(Mode::Transit, &profile, 1));
        assert_eq!(
            ridden,
            ask(Mode::Transit, &profile, 4),
            "the same on any number of threads"
        );
        for key in ["value", "at_best"] {
            for (walk, ride) in cells(&walked, key).into_iter().zip(cells(&ridden, key)) {
                // A journey counts begun seconds.
                assert!(
                    ride <= walk + 0.02,
                    "{} {key}: {ride} by bus, {walk} on foot",
                    profile.name
                );
                ridden_quicker += usize::from(ride < walk - 0.02);
            }
        }
        for answer in [&walked, &ridden] {
            let pairs = cells(answer, "value").into_iter().zip(cells(answer, "at_best"));
            assert!(pairs.into_iter().all(|(sure, best)| best <= sure));
        }
    }
    assert!(ridden_quicker > 50, "buses are of use: {ridden_quicker}");
}

#[test]
fn an_isochrone_grows_with_time_buses_and_abilities() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let from = middles(&city)[0].at;
    let reached = |mode, minutes, name: &str| {
        let question = isochrone::Question {
            from,
            limit: Limit::Minutes(minutes),
            profile: profile(name).unwrap(),
            mode,
            outline: None,
        };
        let answer = isochrone::ask(&city, &question).unwrap();
        assert_eq!(answer.features.len(), 3);
        let parts = answer.document["reached"].clone();
        let of = |state: &str| [number(&parts[state]["length_m"]), number(&parts[state]["people"])];
        let (sure, maybe) = (of("passable"), of("unknown"));
        // What is reached for sure, and at best.
        [sure, [sure[0] + maybe[0], sure[1] + maybe[1]]]
    };
    let within = |less: [[f64; 2]; 2], more: [[f64; 2]; 2]| {
        less.iter()
            .flatten()
            .zip(more.iter().flatten())
            .all(|(less, more)| *less <= more + 0.01)
    };
    let walked = reached(Mode::Walk, 20.0, "walking");
    assert!(walked[0][0] > 1000.0 && walked[0][1] > 100.0, "{walked:?}");
    assert!(within(reached(Mode::Walk, 10.0, "walking"), walked));
    let ridden = reached(Mode::Transit, 20.0, "walking");
    assert!(
        within(walked, ridden) && ridden[0][0] > walked[0][0],
        "{walked:?} {ridden:?}"
    );
    assert!(within(reached(Mode::Walk, 20.0, "manual_wheelchair"), walked));
    assert!(within(reached(Mode::Transit, 20.0, "manual_wheelchair"), ridden));
}

#[test]
fn the_tags_that_a_survey_asks_for_are_those_that_a_route_lacks() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let question = survey::Question {
        profile: Profile::manual_wheelchair(),
        category: "clinic".into(),
        limit: Limit::Metres(1000.0),
        most: None,
    };
    let survey = survey::ask(&city, &question).unwrap();
    let lacking: std::collections::HashMap<String, String> = survey
        .table
        .rows
        .iter()
        .map(|row| {
            (
                row[1].as_str().unwrap().to_owned(),
                row[2].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert!(!lacking.is_empty());
    let people: Vec<f64> = survey.table.rows.iter().map(|row| number(&row[3])).collect();
    assert!(
        people.windows(2).all(|pair| pair[0] >= pair[1]) && people[0] > 0.0,
        "worthiest first"
    );
    let (places, mut undecided) = (middles(&city), 0);
    for pair in places.windows(2) {
        let question = route::Question {
            from: pair[0].at,
            to: pair[1].at,
            limit: None,
            profile: Profile::manual_wheelchair(),
        };
        let answer = route::ask(&city, &question).unwrap();
        assert_eq!(answer.solved, answer.document["state"] != "blocked");
        for decisive in answer.document["decisive"].as_array().unwrap() {
            if let Some(missing) = decisive["missing"].as_array() {
                undecided += 1;
                let segment = decisive["segment"].as_str().unwrap();
                assert!(lacking.contains_key(segment), "{segment}: {missing:?}");
                assert!(!missing.is_empty() && !decisive["reasons"].as_array().unwrap().is_empty());
            }
        }
    }
    println!("{undecided} undecided pieces of way");
}

/// The indicators ask for clinics, schools and parks; a question may be about any place.
#[test]
fn places_of_any_category_have_doors() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let category = city
        .model()
        .places("pharmacy")
        .first()
        .map_or("marketplace", |_| "pharmacy");
    assert!(!city.places(category).unwrap().is_empty());
    let question = reach::Question {
        category: category.into(),
        limit: Some(Limit::Metres(1000.0)),
        profile: Profile::walking(),
    };
    let answer = reach::ask(&city, &question).unwrap().to_json();
    assert!(number(&answer["share"]["passable"]) > 0.0, "{answer}");
}

#[test]
fn a_survey_ranks_only_what_can_be_ranked() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let ask = |category: &str, most| {
        let question = survey::Question {
            profile: Profile::manual_wheelchair(),
            category: category.into(),
            limit: Limit::Metres(1000.0),
            most,
        };
        survey::ask(&city, &question)
    };
    let told = ask("clinics", None).unwrap_err();
    assert!(told.is_usage(), "{told}");
    let told = told.to_string();
    assert!(told.contains("did you mean `clinic`?"), "{told}");
    assert!(
        told.contains("`park`") && told.contains("`school`") && told.contains("`stop`"),
        "{told}"
    );
    let few = ask("clinic", Some(3)).unwrap();
    assert_eq!(
        (few.table.rows.len(), few.document["shown"].clone()),
        (3, 3.into())
    );
    assert_eq!(few.document["ranked"], true);
    assert!(
        few.warnings.iter().any(|it| it.contains("--most 0")),
        "{:?}",
        few.warnings
    );
    assert_eq!(few.table.rows[2][0], 3);

    // The same streets without anybody: no rank, the longest first.
    let mut people = snapshot.fork();
    let grids: Vec<_> = {
        let mut ids = Vec::new();
        let of = query::Selection::of_type(ngsi_ld::Name::default_term("PopulationGrid"));
        twin::Reader::scan(&snapshot, &view, &of, &mut |grid| {
            ids.push(grid.id.clone());
            true
        })
        .unwrap();
        ids
    };
    assert!(!grids.is_empty());
    for id in grids {
        people.execute(&view, twin::Operation::Delete(id)).unwrap();
    }
    let deserted = people.snapshot();
    let city = Asked::read(&deserted, &view, &TravelOptions::default()).unwrap();
    let question = survey::Question {
        profile: Profile::manual_wheelchair(),
        category: "clinic".into(),
        limit: Limit::Metres(1000.0),
        most: None,
    };
    let answer = survey::ask(&city, &question).unwrap();
    assert_eq!(answer.document["ranked"], false);
    assert!(
        answer.warnings.iter().any(|it| it.contains("not ranked")),
        "{:?}",
        answer.warnings
    );
    assert!(
        answer
            .table
            .rows
            .iter()
            .all(|row| row[0].is_null() && row[3].is_null())
    );
    let metres: Vec<f64> = answer.table.rows.iter().map(|row| number(&row[4])).collect();
    assert!(
        metres.windows(2).all(|pair| pair[0] >= pair[1] - 0.001),
        "longest first"
    );
}

#[test]
fn places_off_the_map_are_told() {
    let (snapshot, view) = (demo(), view());
    let city = Asked::read(&snapshot, &view, &TravelOptions::default()).unwrap();
    let far = Position::new(-120.0, 60.0);
    let question = route::Question {
        from: far,
        to: middles(&city)[0].at,
        limit: None,
        profile: Profile::walking(),
    };
    let answer = route::ask(&city, &question).unwrap();
    assert!(!answer.solved);
    assert_eq!(answer.document["state"], "unknown");
    assert!(
        answer
            .warnings
            .iter()
            .any(|warning| warning.contains("no street within 500 m"))
    );
    assert!(
        city.places("observatory")
            .unwrap_err()
            .to_string()
            .contains("observatory")
    );
}

//! Scenarios that are ready to try: files for `mapacha scenario run`, made for the city that was generated.
//!
//! Which streets, stops and lines they change follows from the city, so that they are worth trying in any of them;
//! what they cost is made up, and of the right size next to one another.

mod buses;
mod kerbs;
mod rides;
mod scout;
mod text;

use std::collections::BTreeSet;

use geo_types::Coord;

use crate::entities::CURRENCY;
use crate::streets::Segment;
use crate::transit::Line;
use crate::{City, YEAR};
use rides::Rides;
use scout::Scout;
use text::{Choose, File, Given, Measure, Scenario};

/// A clinic is near within so many metres along the streets.
const CLINIC_WITHIN_M: f64 = 1_000.0;
/// A stop serves those who live so near (SDG 11.2.1), in metres along the streets.
const STOP_WITHIN_M: f64 = 500.0;
/// What may be spent in the choice of all measures: about half of what all of them cost.
const BUDGET_SHARE: f64 = 0.5;
/// Years of running costs that count (the file format's own default).
const YEARS: f64 = 10.0;

/// How long a journey to a clinic may take, in minutes.
const MINUTES: f64 = 30.0;

/// What every file measures.
const INDICATORS: [&str; 5] = [
    "clinic-wheelchair",
    "clinic-transit-wheelchair",
    "clinic-walk",
    "stop-walk",
    "stop-wheelchair",
];

fn road_node(node: usize) -> String {
    format!("urn:ngsi-ld:RoadNode:{node}")
}

fn street_id(segment: &Segment) -> String {
    format!("urn:ngsi-ld:RoadSegment:{}-{}", segment.from, segment.to)
}

fn position(at: Coord<f64>) -> Given {
    Given::Position([at.x, at.y])
}

/// A name as part of an identifier.
fn slug(name: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    letters.collect()
}

/// Every measure, by programme.
struct Programmes {
    kerbs: Vec<Measure>,
    step_free: Vec<Measure>,
    more: Vec<Measure>,
    clinic: Vec<Measure>,
    side_effects: Vec<Measure>,
}

impl Programmes {
    fn of(city: &City) -> Self {
        let scout = Scout::new(city);
        let rides = Rides::new(&scout);
        let opened = rides::worth_opening(&scout, &rides, 2);
        let busiest = rides::busiest(&scout, &rides);
        // One line that takes wheelchairs, and one that only helps once it does.
        let more: Vec<&Line> = busiest
            .iter()
            .take(1)
            .chain(opened.iter().take(1))
            .copied()
            .collect();
        let mut more = buses::more(&more);
        more.extend(buses::new_stops(&scout));
        let works = kerbs::works(&scout);
        let closed: BTreeSet<String> = works
            .iter()
            .flat_map(|works| &works.with)
            .flat_map(|(_, given)| match given {
                Given::Ids(ids) => ids.clone(),
                _ => Vec::new(),
            })
            .collect();
        let lane = busiest
            .first()
            .and_then(|line| buses::lane(&scout, line, &closed));
        Self {
            kerbs: kerbs::ramps(&scout, 3),
            step_free: buses::step_free(&opened),
            more,
            clinic: kerbs::new_clinic(&scout),
            side_effects: works.into_iter().chain(lane).collect(),
        }
    }
}

/// The names of measures.
fn names(measures: &[Measure]) -> Vec<String> {
    measures.iter().map(|measure| measure.name.clone()).collect()
}

fn scenario(name: &'static str, title: &str, measures: Vec<String>) -> Option<Scenario> {
    (!measures.is_empty()).then(|| Scenario {
        name,
        title: title.to_owned(),
        measures,
    })
}

fn cost(measure: &Measure) -> f64 {
    measure.cost + YEARS * measure.yearly_cost
}

const KERBS: &str = "Kerb ramps on the ways to clinics";
const STEP_FREE: &str = "Step-free bus stops";
const MORE: &str = "More buses";
const CLINIC: &str = "A new clinic where people have none";
const EVERYTHING: &str = "Everything affordable";

/// All files, by name.
pub(crate) fn all(city: &City) -> Vec<(String, String)> {
    let programmes = Programmes::of(city);
    let single = [
        (
            "kerb-ramps.toml",
            KERBS,
            "Kerbs that are too high, or of which nobody knows, are lowered on the ways to a clinic in three districts.",
            "kerb-ramps",
            &programmes.kerbs,
        ),
        (
            "step-free-buses.toml",
            STEP_FREE,
            "Two lines that pass clinics get step-free stops and buses with ramps. Either is of little use without the other.",
            "step-free-buses",
            &programmes.step_free,
        ),
        (
            "more-buses.toml",
            MORE,
            "Twice as many buses on two lines, and two new stops where people have none. The two serve some of the same people.",
            "more-buses",
            &programmes.more,
        ),
        (
            "new-clinic.toml",
            CLINIC,
            "A clinic in the district that has the worst way to one, with the footway and the kerbs that lead to it.",
            "new-clinic",
            &programmes.clinic,
        ),
    ];
    let mut files: Vec<(String, String)> = single
        .into_iter()
        .filter(|(.., measures)| !measures.is_empty())
        .map(|(file, title, description, name, measures)| {
            let content = File {
                title,
                description,
                indicators: &INDICATORS,
                measures: measures.iter().collect(),
                scenarios: scenario(name, title, names(measures)).into_iter().collect(),
                choose: None,
            };
            (file.to_owned(), content.toml(CURRENCY, YEAR, MINUTES))
        })
        .collect();
    files.extend(everything(&programmes));
    files.extend(kerbs_or_buses(&programmes));
    files
}

/// All of them side by side, a mix, and the choice of the best within a budget.
fn everything(programmes: &Programmes) -> Option<(String, String)> {
    let Programmes {
        kerbs,
        step_free,
        more,
        clinic,
        side_effects,
    } = programmes;
    let measures: Vec<&Measure> = [kerbs, step_free, more, clinic, side_effects]
        .into_iter()
        .flatten()
        .collect();
    // The best of each, and what else the year brings.
    let mix = [
        &kerbs[..],
        &step_free[..],
        &more[..1.min(more.len())],
        &clinic[..],
        &side_effects[..],
    ];
    let mix = mix
        .into_iter()
        .flatten()
        .map(|measure| measure.name.clone())
        .collect();
    let scenarios: Vec<Scenario> = [
        scenario("kerb-ramps", KERBS, names(kerbs)),
        scenario("step-free-buses", STEP_FREE, names(step_free)),
        scenario("more-buses", MORE, names(more)),
        scenario("new-clinic", CLINIC, names(clinic)),
        scenario("everything", EVERYTHING, mix),
    ]
    .into_iter()
    .flatten()
    .collect();
    // Of the clinic's measures the building alone: the rest only goes with it.
    let choosable: Vec<&Measure> = [
        &kerbs[..],
        &step_free[..],
        &more[..],
        &clinic[..1.min(clinic.len())],
    ]
    .into_iter()
    .flatten()
    .collect();
    if choosable.is_empty() {
        return None;
    }
    let all: f64 = choosable.iter().map(|measure| cost(measure)).sum();
    let content = File {
        title: EVERYTHING,
        description: "The programmes side by side; a mix of them in a year in which a street is closed for works, which leaves some people worse off; and the choice of the best within a budget.",
        indicators: &INDICATORS,
        measures,
        scenarios,
        choose: Some(Choose {
            measures: choosable.iter().map(|measure| measure.name.as_str()).collect(),
            objectives: &[
                ("clinic-wheelchair", Some("disability")),
                ("clinic-transit-wheelchair", Some("disability")),
                ("stop-walk", None),
            ],
            budget: (BUDGET_SHARE * all / 100_000.0).ceil() * 100_000.0,
        }),
    };
    Some((
        "everything.toml".to_owned(),
        content.toml(CURRENCY, YEAR, MINUTES),
    ))
}

/// Which of three programmes brings most persons with disabilities within reach of a clinic for the money?
fn kerbs_or_buses(programmes: &Programmes) -> Option<(String, String)> {
    let Programmes { kerbs, step_free, .. } = programmes;
    if kerbs.is_empty() || step_free.is_empty() {
        return None;
    }
    // Half of either: the best kerbs, and one line with its stops.
    let half_kerbs = &kerbs[..kerbs.len().div_ceil(2)];
    let half_buses = &step_free[..step_free.len().div_ceil(2)];
    let content = File {
        title: "Kerbs or buses?",
        description: "Three programmes: lowered kerbs around clinics, step-free bus lines, or half of either. Which brings most persons with disabilities within reach of a clinic for the money?",
        indicators: &INDICATORS[..2],
        measures: kerbs.iter().chain(step_free).collect(),
        scenarios: [
            scenario("kerbs", "A: kerbs", names(kerbs)),
            scenario("buses", "B: buses", names(step_free)),
            scenario(
                "both",
                "C: half of either",
                half_kerbs
                    .iter()
                    .chain(half_buses)
                    .map(|measure| measure.name.clone())
                    .collect(),
            ),
        ]
        .into_iter()
        .flatten()
        .collect(),
        choose: None,
    };
    Some((
        "kerbs-or-buses.toml".to_owned(),
        content.toml(CURRENCY, YEAR, MINUTES),
    ))
}

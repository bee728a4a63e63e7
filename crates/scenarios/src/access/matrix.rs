//! What it costs from all of these to all of those.

use serde_json::{Value as Json, json};
use sim_access::reach::{Matrix, matrix};
use sim_access::{Metric, Passability, Profile, Snap};

use super::answer::{Answer, Table, coordinates, milli};
use super::city::City;
use super::journeys::Journeys;
use super::places::Place;
use super::{Limit, Mode, QuestionError};

/// From where, to where, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// The rows.
    pub origins: Vec<Place>,
    /// The columns.
    pub destinations: Vec<Place>,
    /// Who goes.
    pub profile: Profile,
    /// How.
    pub mode: Mode,
    /// What is counted on foot; journeys by public transport are counted in time.
    pub metric: Metric,
    /// What is farther is not told; `None`: everything is.
    pub limit: Option<Limit>,
    /// Threads to work on.
    pub threads: usize,
}

/// Answers it: for every pair the cost by ways known to be good (`value`), and the cost if all that nobody knows is
/// good (`at_best`); where both are the same, what nobody knows does not matter. No value: not reached.
///
/// # Errors
/// The city has no streets (no timetable), the limit or the profile makes no sense.
pub fn ask(city: &City<'_>, question: &Question) -> Result<Answer, QuestionError> {
    let metric = match (question.mode, question.limit) {
        (Mode::Transit, Some(Limit::Metres(_))) => {
            return Err(QuestionError::option(
                "--metres",
                "journeys by public transport are counted in minutes",
                "give --minutes",
            ));
        }
        (Mode::Transit, _) => Metric::Time,
        (Mode::Walk, limit) => limit.map_or(question.metric, Limit::metric),
    };
    if let Some(limit) = question.limit {
        limit.check()?;
    }
    for (option, places) in [
        ("--origins", &question.origins),
        ("--destinations", &question.destinations),
    ] {
        if places.is_empty() {
            return Err(QuestionError::missing(
                format!("there are no {} to measure", option.trim_start_matches('-')),
                format!("give {option} FILE, or a city that has them"),
            ));
        }
    }
    let mut document = city.head("matrix", &question.profile, question.mode);
    let mut warnings = city.warnings();
    let [value, at_best] = match question.mode {
        Mode::Walk => walked(city, question, metric, &mut warnings)?,
        Mode::Transit => {
            let journeys = Journeys::of(city, &question.profile)?;
            warnings.extend(journeys.notes());
            document.insert("departure".into(), journeys.departure().into());
            journeys.matrix(city, question)?
        }
    };
    let (unit, per) = match metric {
        Metric::Distance => ("metres", 1.0),
        Metric::Time => ("minutes", 60.0),
    };
    // A walk is counted in thousandths, a journey in seconds.
    let parts = match question.mode {
        Mode::Walk => 1000.0 * per,
        Mode::Transit => per,
    };
    let of = |matrix: &Matrix, from: usize, to: usize| {
        matrix
            .get(from, to)
            .map_or(Json::Null, |cost| milli(f64::from(cost) / parts))
    };
    let rows = |matrix: &Matrix| -> Vec<Vec<Json>> {
        (0..question.origins.len())
            .map(|from| {
                (0..question.destinations.len())
                    .map(|to| of(matrix, from, to))
                    .collect()
            })
            .collect()
    };
    let mut table = Table {
        head: match metric {
            Metric::Distance => vec!["from", "to", "metres", "metres_at_best"],
            Metric::Time => vec!["from", "to", "minutes", "minutes_at_best"],
        },
        rows: Vec::with_capacity(question.origins.len() * question.destinations.len()),
    };
    let (sure, best) = (rows(&value), rows(&at_best));
    let mut reached = 0_usize;
    for (from, origin) in question.origins.iter().enumerate() {
        for (to, destination) in question.destinations.iter().enumerate() {
            reached += usize::from(!best[from][to].is_null());
            table.rows.push(vec![
                origin.id.clone().into(),
                destination.id.clone().into(),
                sure[from][to].clone(),
                best[from][to].clone(),
            ]);
        }
    }
    let list = |places: &[Place]| -> Vec<Json> {
        places
            .iter()
            .map(|place| json!({ "id": place.id, "name": place.name, "at": coordinates(place.at) }))
            .collect()
    };
    document.insert("unit".into(), unit.into());
    document.insert("origins".into(), list(&question.origins).into());
    document.insert("destinations".into(), list(&question.destinations).into());
    document.insert("value".into(), json!(sure));
    document.insert("at_best".into(), json!(best));
    document.insert("pairs".into(), table.rows.len().into());
    document.insert("reached".into(), reached.into());
    let mut answer = Answer::new(document);
    answer.features = question
        .origins
        .iter()
        .zip(&best)
        .map(|(origin, row)| {
            let nearest = row.iter().filter_map(Json::as_f64).reduce(f64::min);
            super::answer::feature(
                super::answer::point(origin.at),
                json!({ "id": origin.id, "name": origin.name, "unit": unit, "nearest_at_best": nearest }),
            )
        })
        .collect();
    answer.solved = reached > 0;
    answer.table = table;
    answer.warnings = warnings;
    Ok(answer)
}

/// On foot or by wheelchair, along the streets.
fn walked(
    city: &City<'_>,
    question: &Question,
    metric: Metric,
    warnings: &mut Vec<String>,
) -> Result<[Matrix; 2], QuestionError> {
    let travel = city.travel(&question.profile, metric)?;
    let snaps = |places: &[Place]| -> Vec<Option<Snap>> {
        places.iter().map(|place| city.snap(&travel, place.at)).collect()
    };
    let (origins, destinations) = (snaps(&question.origins), snaps(&question.destinations));
    for (what, snaps) in [("origins", &origins), ("destinations", &destinations)] {
        let off = snaps.iter().filter(|snap| snap.is_none()).count();
        if off > 0 {
            warnings.push(format!("{off} of {} {what} have no street near", snaps.len()));
        }
    }
    let limit = question.limit.map_or(sim_access::units::MAX_COST, Limit::cost);
    Ok([Passability::Passable, Passability::Unknown]
        .map(|state| matrix(&travel, state, &origins, &destinations, limit, question.threads)))
}

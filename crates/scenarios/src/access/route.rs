//! From one place to another: yes, nobody knows, no, and what it hangs on.

use serde_json::{Value as Json, json};
use sim_access::reach::{Answer as Way, Decisive, Path, answer};
use sim_access::units::MAX_COST;
use sim_access::{Metric, Passability, Position, Profile, Start, Travel, Workspace};

use super::answer::{Answer, Table, coordinates, feature, line, milli};
use super::city::City;
use super::{Limit, Mode, QuestionError, word};

/// From where to where, and who.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where one starts.
    pub from: Position,
    /// Where one wants to go.
    pub to: Position,
    /// How far one goes at most; `None`: as far as it takes, the shortest way.
    pub limit: Option<Limit>,
    /// Who goes.
    pub profile: Profile,
}

/// Answers it. Blocked is no solution: [`Answer::solved`] is false; unknown is one that somebody has to look at.
///
/// # Errors
/// The city has no streets, the limit or the profile makes no sense.
pub fn ask(city: &City<'_>, question: &Question) -> Result<Answer, QuestionError> {
    if let Some(limit) = question.limit {
        limit.check()?;
    }
    let metric = question.limit.map_or(Metric::Distance, Limit::metric);
    let limit = question.limit.map_or(MAX_COST, Limit::cost);
    let travel = city.travel(&question.profile, metric)?;
    let by_time = city.travel(&question.profile, Metric::Time)?;
    let mut answered = Answer::new(city.head("route", &question.profile, Mode::Walk));
    answered.warnings = city.warnings();
    let document = &mut answered.document;
    document.insert("from".into(), coordinates(question.from));
    document.insert("to".into(), coordinates(question.to));
    document.insert("limit".into(), question.limit.map_or(Json::Null, Limit::to_json));
    let ends = [question.from, question.to].map(|place| (place, city.snap(&travel, place)));
    let (Some(from), Some(to)) = (ends[0].1, ends[1].1) else {
        // The way from the door to the street is not mapped: nobody knows.
        document.insert("state".into(), word(Passability::Unknown).into());
        document.insert("decisive".into(), json!([]));
        answered.solved = false;
        let off = ends.iter().filter(|(_, snap)| snap.is_none());
        answered
            .warnings
            .extend(off.map(|(place, _)| super::city::off_network(*place)));
        return Ok(answered);
    };

    let mut workspace = Workspace::new();
    let way = answer(&travel, &[Start::from(from)], &to, limit, &mut workspace);
    let (decisive, mut features) = told(city, &travel, &way);
    let document = &mut answered.document;
    document.insert("state".into(), word(way.state).into());
    document.insert("why".into(), why(&way, question, &decisive).into());
    if let Some(path) = &way.path {
        let length: f64 = path.steps.iter().map(|step| metres(&travel, step)).sum();
        let walked = length + from.offset_m + to.offset_m;
        let seconds = seconds(&by_time, path) + (from.offset_m + to.offset_m) / question.profile.speed_m_s;
        document.insert("metres".into(), milli(walked));
        document.insert("seconds".into(), milli(seconds));
        let (steps, rows) = steps(city, &travel, path);
        document.insert("steps".into(), steps);
        answered.table = Table {
            head: vec!["segment", "state", "metres", "missing", "blocking"],
            rows,
        };
        let course = course(&travel, path);
        features.insert(
            0,
            feature(
                line(course.into_iter()),
                json!({ "kind": "way", "state": word(way.state), "metres": milli(walked), "seconds": milli(seconds) }),
            ),
        );
    }
    document.insert("decisive".into(), Json::Array(decisive));
    answered.features = features;
    match way.state {
        Passability::Passable => {}
        Passability::Unknown => answered.warnings.push(format!(
            "nobody knows whether {} can pass: {} pieces of way lack tags that would decide",
            question.profile.name,
            way.undecided.len()
        )),
        Passability::Blocked => answered.solved = false,
    }
    Ok(answered)
}

/// The answer in a sentence.
fn why(way: &Way, question: &Question, decisive: &[Json]) -> String {
    let who = &question.profile.name;
    match (way.state, &way.path) {
        (Passability::Passable, _) => format!("every piece of the way is known to be good for {who}"),
        (Passability::Unknown, _) => format!(
            "no way is known to be good for {who}; on the best that may be, tags are missing on {} pieces",
            decisive.len()
        ),
        (Passability::Blocked, Some(_)) => format!(
            "no way that is or may be good for {who}{}; the shortest way is cut in {} places",
            if question.limit.is_some() {
                " within the limit"
            } else {
                ""
            },
            decisive.len()
        ),
        (Passability::Blocked, None) => {
            let limit = if question.limit.is_some() {
                " within the limit"
            } else {
                ""
            };
            format!("no street leads there{limit}, for anybody")
        }
    }
}

/// Pieces of one segment walked one after the other are one step.
fn steps(city: &City<'_>, travel: &Travel, path: &Path) -> (Json, Vec<Vec<Json>>) {
    struct Step {
        segment: String,
        state: Passability,
        metres: f64,
        missing: Vec<&'static str>,
        blocking: Vec<&'static str>,
    }
    let mut steps: Vec<Step> = Vec::new();
    for piece in &path.steps {
        let verdict = travel.verdict(piece.edge, piece.forward).unwrap_or_default();
        let segment = city.segment(piece.edge);
        let step = Step {
            segment,
            state: verdict.state,
            metres: metres(travel, piece),
            missing: verdict.undecided.tags().collect(),
            blocking: verdict.blocking.tags().collect(),
        };
        match steps.last_mut() {
            Some(last)
                if last.segment == step.segment
                    && last.state == step.state
                    && last.missing == step.missing
                    && last.blocking == step.blocking =>
            {
                last.metres += step.metres;
            }
            _ => steps.push(step),
        }
    }
    let rows = steps
        .iter()
        .map(|step| {
            vec![
                step.segment.clone().into(),
                word(step.state).into(),
                milli(step.metres),
                step.missing.join(" ").into(),
                step.blocking.join(" ").into(),
            ]
        })
        .collect();
    let told = steps
        .iter()
        .map(|step| {
            json!({ "segment": step.segment, "state": word(step.state), "metres": milli(step.metres) })
        })
        .collect();
    (Json::Array(told), rows)
}

/// The pieces that the answer hangs on, as JSON and as features.
fn told(city: &City<'_>, travel: &Travel, way: &Way) -> (Vec<Json>, Vec<Json>) {
    let mut told = Vec::new();
    let mut features = Vec::new();
    for (decisive, blocks) in way
        .undecided
        .iter()
        .map(|decisive| (decisive, false))
        .chain(way.blocking.iter().map(|decisive| (decisive, true)))
    {
        let properties = decisive_json(city, travel, *decisive, blocks);
        features.push(feature(
            line(travel.network().course(decisive.edge)),
            properties.clone(),
        ));
        told.push(properties);
    }
    (told, features)
}

fn decisive_json(city: &City<'_>, travel: &Travel, decisive: Decisive, blocks: bool) -> Json {
    let state = if blocks {
        Passability::Blocked
    } else {
        Passability::Unknown
    };
    let reasons: Vec<Json> = travel
        .explain(decisive.edge, decisive.forward)
        .into_iter()
        .filter(|finding| finding.state == state)
        .map(|finding| {
            json!({ "tag": finding.criterion.tag(), "found": finding.found, "needed": finding.needed })
        })
        .collect();
    let mut ends: Vec<Json> = travel.network().course(decisive.edge).map(coordinates).collect();
    if !decisive.forward {
        ends.reverse();
    }
    let mut told = json!({
        "kind": "decisive",
        "segment": city.segment(decisive.edge),
        "state": word(state),
        "metres": milli(travel.network().length_m(decisive.edge).unwrap_or(0.0)),
        "from": ends.first(),
        "to": ends.last(),
        "reasons": reasons,
    });
    let tags: Vec<&str> = decisive.criteria.tags().collect();
    told[if blocks { "blocking" } else { "missing" }] = json!(tags);
    told
}

fn metres(travel: &Travel, step: &sim_access::reach::Step) -> f64 {
    travel.network().length_m(step.edge).unwrap_or(0.0) * (step.ends - step.begins).abs()
}

fn seconds(by_time: &Travel, path: &Path) -> f64 {
    let of = |step: &sim_access::reach::Step| {
        let whole = by_time.cost(step.edge, step.forward).unwrap_or(0);
        Metric::Time.value(whole) * (step.ends - step.begins).abs()
    };
    path.steps.iter().map(of).sum()
}

/// The path's line.
fn course(travel: &Travel, path: &Path) -> Vec<Position> {
    let network = travel.network();
    let mut course: Vec<Position> = Vec::new();
    for step in &path.steps {
        let (low, high) = (step.begins.min(step.ends), step.begins.max(step.ends));
        let mut piece = network.stretch(step.edge, low, high);
        if step.begins > step.ends {
            piece.reverse();
        }
        for place in piece {
            if course.last() != Some(&place) {
                course.push(place);
            }
        }
    }
    // A way of no length is still a line (RFC 7946: two positions or more).
    if let [only] = course.as_slice() {
        course.push(*only);
    }
    course
}

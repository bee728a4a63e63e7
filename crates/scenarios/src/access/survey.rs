//! The map of missing tags, and where a look would tell most people most.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};
use sim_access::survey::{knowledge, unknown_edges, worth_a_look};
use sim_access::{EdgeIndex, Passability, Profile, Start, Workspace};

use super::answer::{Answer, feature, line, milli};
use super::city::City;
use super::{Limit, Mode, QuestionError};

/// For whom, on the way to what.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who goes.
    pub profile: Profile,
    /// What people want to reach; `stop` are stops of public transport.
    pub category: String,
    /// Within this.
    pub limit: Limit,
    /// So many pieces of way at most, the worthiest first; `None`: all.
    pub most: Option<usize>,
}

/// So many pieces are shown where nobody says how many: what a few people look at in a few days.
pub const USUAL_MOST: usize = 100;

/// Answers it: pieces of way that nobody knows whether the profile can pass, with the tags that would decide, those
/// on most people's way to a place of the category first. Where nobody lives or there is no such place, nothing can be
/// ranked: the longest come first, without a rank and without people.
///
/// # Errors
/// The city has no streets, nothing is known of the category, the limit or the profile makes no sense.
pub fn ask(city: &City<'_>, question: &Question) -> Result<Answer, QuestionError> {
    question.limit.check()?;
    city.known_category("--category", &question.category)?;
    let travel = city.travel(&question.profile, question.limit.metric())?;
    let network = travel.network();
    let known = knowledge(&travel);
    let mut warnings = city.warnings();
    // A place that one cannot enter is nobody's aim.
    let facilities: Vec<Start> = city
        .gates(&question.category, &question.profile)
        .into_iter()
        .filter(|gate| gate.facility.state > Passability::Blocked)
        .filter_map(|gate| gate.facility.place.map(Start::from))
        .collect();
    let homes = city.homes();
    let why_not = if facilities.is_empty() {
        Some(format!(
            "no place of the category `{}` is on the network",
            question.category
        ))
    } else if homes.cells.is_empty() {
        Some("nobody is known to live here (`mapacha import population`, or --population)".to_owned())
    } else {
        None
    };
    let ranked = why_not.is_none();
    warnings.extend(why_not.map(|why| format!("{why}: the pieces are not ranked, the longest come first")));
    let weights: Vec<f64> = homes.cells.iter().map(|cell| cell.people).collect();
    let worth: HashMap<EdgeIndex, f64> = worth_a_look(
        &travel.towards(),
        &facilities,
        homes.snaps,
        &weights,
        question.limit.cost(),
        &mut Workspace::new(),
    )
    .into_iter()
    .map(|look| (look.edge, look.weight))
    .collect();
    let mut unknown: Vec<_> = unknown_edges(&travel)
        .map(|(edge, missing)| (edge, missing, worth.get(&edge).copied().unwrap_or(0.0)))
        .collect();
    let length = |edge: EdgeIndex| network.length_m(edge).unwrap_or(0.0);
    unknown.sort_by(|a, b| {
        let by_people = b.2.total_cmp(&a.2);
        let by_length = || length(b.0).total_cmp(&length(a.0));
        let worth = if ranked { by_people } else { by_length() };
        worth.then(a.0.cmp(&b.0))
    });
    let pieces = unknown.len();
    unknown.truncate(question.most.unwrap_or(usize::MAX));
    if unknown.len() < pieces {
        warnings.push(format!(
            "{} of {pieces} pieces are shown: `--most 0` shows all",
            unknown.len()
        ));
    }

    let mut document = city.head("survey", &question.profile, Mode::Walk);
    document.insert("category".into(), question.category.clone().into());
    document.insert("limit".into(), question.limit.to_json());
    let by_tag: Map<String, Json> = known
        .undecided_m
        .iter()
        .map(|(criterion, metres)| (criterion.tag().to_owned(), milli(*metres)))
        .collect();
    document.insert(
        "metres".into(),
        json!({ "passable": milli(known.passable_m), "unknown": milli(known.unknown_m), "blocked": milli(known.blocked_m) }),
    );
    document.insert("metres_lacking".into(), Json::Object(by_tag));
    document.insert("pieces".into(), pieces.into());
    document.insert("shown".into(), unknown.len().into());
    document.insert("ranked".into(), ranked.into());
    let mut answer = Answer::new(document);
    answer.table.head = vec!["rank", "segment", "missing", "people", "metres", "lon", "lat"];
    for (rank, (edge, missing, people)) in unknown.into_iter().enumerate() {
        let tags: Vec<&str> = missing.tags().collect();
        let (metres, segment) = (milli(length(edge)), city.segment(edge));
        let (rank, people) = if ranked {
            (Json::from(rank + 1), milli(people))
        } else {
            (Json::Null, Json::Null)
        };
        let middle = network.place_of(&sim_access::Snap::on(edge, 0.5));
        answer.features.push(feature(
            line(network.course(edge)),
            json!({
                "rank": rank, "segment": segment, "missing": tags, "people": people, "metres": metres
            }),
        ));
        let at = |degrees: Option<f64>| {
            degrees.map_or(Json::Null, |degrees| super::answer::round(degrees, 1e7).into())
        };
        answer.table.rows.push(vec![
            rank,
            segment.into(),
            tags.join(" ").into(),
            people,
            metres,
            at(middle.map(|place| place.lon)),
            at(middle.map(|place| place.lat)),
        ]);
    }
    let shown: Vec<Json> = answer
        .features
        .iter()
        .take(100)
        .map(|feature| feature["properties"].clone())
        .collect();
    answer.document.insert("worth_a_look".into(), Json::Array(shown));
    answer.warnings = warnings;
    Ok(answer)
}

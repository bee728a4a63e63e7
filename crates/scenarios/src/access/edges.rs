//! The network itself, piece by piece, for those who check it with another engine.

use serde_json::{Value as Json, json};
use sim_access::{Metric, Profile};

use super::answer::{Answer, Table, feature, line, milli, round};
use super::city::City;
use super::{Mode, QuestionError, word};

/// Every edge with its ends, its length, and for the profile the time and the state of each direction.
///
/// # Errors
/// The city has no streets, or the profile makes no sense.
pub fn ask(city: &City<'_>, profile: &Profile) -> Result<Answer, QuestionError> {
    let travel = city.travel(profile, Metric::Time)?;
    let network = travel.network();
    let mut table = Table {
        head: vec![
            "segment",
            "from",
            "to",
            "from_lon",
            "from_lat",
            "to_lon",
            "to_lat",
            "metres",
            "forward",
            "backward",
            "forward_s",
            "backward_s",
        ],
        rows: Vec::with_capacity(network.edge_count()),
    };
    let mut features = Vec::new();
    for edge in network.edges() {
        let Some(ends) = network.ends(edge) else { continue };
        let [from, to] = ends.map(|node| {
            network.position(node).map_or([Json::Null, Json::Null], |place| {
                [round(place.lon, 1e7).into(), round(place.lat, 1e7).into()]
            })
        });
        let ids = ends.map(|node| network.node_id(node).map_or(Json::Null, Json::from));
        let state = |forward| word(travel.verdict(edge, forward).unwrap_or_default().state);
        let time = |forward| milli(Metric::Time.value(travel.cost(edge, forward).unwrap_or(0)));
        let metres = milli(network.length_m(edge).unwrap_or(0.0));
        let segment = city.segment(edge);
        if city.has_map() {
            features.push(feature(
            line(network.course(edge)),
            json!({ "segment": segment, "metres": metres, "forward": state(true), "backward": state(false) }),
        ));
        }
        let [from_id, to_id] = ids;
        let ([from_lon, from_lat], [to_lon, to_lat]) = (from, to);
        table.rows.push(vec![
            segment.into(),
            from_id,
            to_id,
            from_lon,
            from_lat,
            to_lon,
            to_lat,
            metres,
            state(true).into(),
            state(false).into(),
            time(true),
            time(false),
        ]);
    }
    let mut document = city.head("edges", profile, Mode::Walk);
    document.insert("edges".into(), network.edge_count().into());
    document.insert("nodes".into(), network.node_count().into());
    let parts = network.parts();
    document.insert("parts".into(), parts.count().into());
    document.insert(
        "largest_part".into(),
        parts
            .largest_share()
            .map_or(Json::Null, |share| round(share, 1e4).into()),
    );
    let mut answer = Answer::new(document);
    answer.solved = network.edge_count() > 0;
    answer.features = features;
    answer.table = table;
    answer.warnings = city.warnings();
    Ok(answer)
}

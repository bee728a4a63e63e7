//! What is reached from a place: areas, metres of street and people, by the three values.

use serde_json::{Map, Value as Json, json};
use sim_access::reach::{Isochrone, OutlineOptions, ReachedPiece, isochrone, outline, search};
use sim_access::{Metric, Passability, Position, Profile, Start, Travel, Workspace};

use super::answer::{Answer, Table, coordinates, feature, milli, multi_polygon};
use super::city::City;
use super::journeys::Journeys;
use super::{Limit, Mode, QuestionError, word};

/// From where, how far, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where one starts.
    pub from: Position,
    /// How far one goes.
    pub limit: Limit,
    /// Who goes.
    pub profile: Profile,
    /// How. By public transport the limit is one of minutes.
    pub mode: Mode,
    /// How the areas are drawn; `None`: 30 m beside the streets on a grid of 15 m, and where one goes farther than
    /// 2.5 km, 40 m on a grid of 30 m.
    pub outline: Option<OutlineOptions>,
}

/// What is reached, best state first: each state holds what only it reaches.
const STATES: [Passability; 3] = [Passability::Passable, Passability::Unknown, Passability::Blocked];

/// Answers it. `passable` is what is reached by ways known to be good; `unknown` what is reached besides if all that
/// nobody knows is good; `blocked` what barriers keep from this traveller and an unhindered one would reach.
///
/// # Errors
/// The city has no streets, the limit or the profile makes no sense.
pub fn ask(city: &City<'_>, question: &Question) -> Result<Answer, QuestionError> {
    question.limit.check()?;
    let metric = question.limit.metric();
    if question.mode == Mode::Transit && metric == Metric::Distance {
        return Err(QuestionError::option(
            "--metres",
            "journeys by public transport are counted in minutes",
            "give --minutes",
        ));
    }
    let network = city.network()?;
    let travel = city.travel(&question.profile, metric)?;
    let limit = question.limit.cost();
    let place = city.snap(&travel, question.from);
    let journeys = match question.mode {
        Mode::Walk => None,
        Mode::Transit => Some(Journeys::of(city, &question.profile)?),
    };

    let drawn = question.outline.unwrap_or_else(|| usual_outline(question));
    let mut workspace = Workspace::new();
    let homes = city.homes();
    let mut reached_at_all = vec![false; homes.cells.len()];
    let mut features = Vec::new();
    let mut parts = Map::new();
    let mut before: Vec<ReachedPiece> = Vec::new();
    let mut table = Table {
        head: vec!["state", "length_m", "people"],
        rows: Vec::new(),
    };
    for state in STATES {
        let mut starts: Vec<Start> = place.into_iter().map(Start::from).collect();
        if let (Some(journeys), Some(place)) = (&journeys, &place) {
            starts.extend(journeys.alight(&travel, place, limit, state, &mut workspace)?);
        }
        let mut found = Isochrone::default();
        let reached = search(&travel, state, &starts, limit, &mut workspace);
        isochrone(&reached, limit, &mut found);
        let mut people = 0.0;
        for (home, snap) in homes.snaps.iter().enumerate() {
            if !reached_at_all[home] && snap.as_ref().is_some_and(|snap| reached.arrival(snap).is_some()) {
                reached_at_all[home] = true;
                people += homes.cells[home].people;
            }
        }
        let only = without(&found.pieces, &before);
        let length_m = length(&travel, &only);
        before = found.pieces;
        parts.insert(
            word(state).to_owned(),
            json!({ "length_m": milli(length_m), "people": milli(people) }),
        );
        table
            .rows
            .push(vec![word(state).into(), milli(length_m), milli(people)]);
        if city.has_map() {
            let shapes = outline(network, &only, &drawn);
            features.push(feature(
                multi_polygon(&shapes),
                json!({ "state": word(state), "length_m": milli(length_m), "people": milli(people) }),
            ));
        }
    }
    // The best state on top of what is drawn later.
    features.reverse();

    let mut document = city.head("isochrone", &question.profile, question.mode);
    document.insert("from".into(), coordinates(question.from));
    document.insert("limit".into(), question.limit.to_json());
    document.insert("reached".into(), Json::Object(parts));
    let mut answer = Answer::new(document);
    answer.features = features;
    answer.table = table;
    answer.warnings = city.warnings();
    match place {
        None => {
            answer.solved = false;
            answer.warnings.push(super::city::off_network(question.from));
        }
        Some(_) => answer.solved = !before.is_empty(),
    }
    if let Some(journeys) = &journeys {
        answer.warnings.extend(journeys.notes());
    }
    Ok(answer)
}

fn usual_outline(question: &Question) -> OutlineOptions {
    let reach_m = match question.limit {
        Limit::Metres(metres) => metres,
        Limit::Minutes(minutes) => minutes * 60.0 * question.profile.speed_m_s,
    };
    if reach_m <= 2500.0 && question.mode == Mode::Walk {
        OutlineOptions::default()
    } else {
        OutlineOptions {
            width_m: 40.0,
            spacing_m: 30.0,
        }
    }
}

fn length(travel: &Travel, pieces: &[ReachedPiece]) -> f64 {
    let metres =
        |piece: &ReachedPiece| (piece.to - piece.from) * travel.network().length_m(piece.edge).unwrap_or(0.0);
    pieces.iter().map(metres).sum()
}

/// The parts of pieces that lie in none of the others; both by edge and place.
fn without(pieces: &[ReachedPiece], others: &[ReachedPiece]) -> Vec<ReachedPiece> {
    let mut left = Vec::new();
    for piece in pieces {
        let first = others.partition_point(|other| (other.edge, other.to) < (piece.edge, piece.from));
        let mut from = piece.from;
        for other in others[first..]
            .iter()
            .take_while(|other| other.edge == piece.edge && other.from < piece.to)
        {
            if other.from > from {
                left.push(ReachedPiece {
                    to: other.from,
                    from,
                    ..*piece
                });
            }
            from = from.max(other.to);
        }
        if from < piece.to {
            left.push(ReachedPiece { from, ..*piece });
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use sim_access::EdgeIndex;

    use super::*;

    #[test]
    fn what_was_reached_before_is_taken_away() {
        let piece = |edge, from, to| ReachedPiece {
            edge: EdgeIndex(edge),
            from,
            to,
        };
        let all = [piece(0, 0.0, 1.0), piece(1, 0.0, 0.5), piece(3, 0.2, 0.4)];
        let before = [piece(0, 0.0, 0.25), piece(0, 0.75, 1.0), piece(1, 0.0, 0.5)];
        assert_eq!(without(&all, &before), [piece(0, 0.25, 0.75), piece(3, 0.2, 0.4)]);
        assert_eq!(without(&all, &[]), all);
        assert_eq!(without(&all, &all), []);
        assert_eq!(without(&[piece(0, 0.1, 0.9)], &[piece(0, 0.4, 0.4)]).len(), 2);
    }
}

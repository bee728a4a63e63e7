//! Measures on bus lines: step-free stops, low-floor buses, more buses, new stops, lanes.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::Coord;

use super::scout::{By, Scout};
use super::text::{Given, Measure};
use super::{STOP_WITHIN_M, position, street_id};
use crate::ground::{degrees, metres};
use crate::gtfs::{SPEED_M_S, STOP_S};
use crate::streets::Class;
use crate::transit::Line;

/// A platform at kerb height with its way to the street.
const STEP_FREE_STOP: f64 = 7_000.0;
/// A ramp in a bus that is there.
const RAMP_IN_A_BUS: f64 = 9_000.0;
const BUS_A_YEAR: f64 = 34_000.0;
const NEW_STOP: f64 = 16_000.0;
/// A lane for buses, for each metre of it.
const LANE_M: f64 = 85.0;
const LANE_PIECES: usize = 14;
/// A stop lies no farther from the line that is to call there, in metres.
const MOST_DETOUR_M: f64 = 450.0;

fn route(line: &Line) -> Given {
    Given::Ids(vec![format!("urn:ngsi-ld:GtfsRoute:L{}", line.number)])
}

/// Buses that a line needs, minutes apart.
fn fleet(line: &Line, headway_min: f64) -> f64 {
    let length_m = line.shape.last().map_or(0.0, |(_, along_m)| *along_m);
    let round_s = 2.0 * (length_m / SPEED_M_S + STOP_S * line.stops.len() as f64);
    (round_s / 60.0 / headway_min).ceil()
}

/// Step-free stops and ramps in the buses of these lines: for each line a measure of either kind.
pub(super) fn step_free(lines: &[&Line]) -> Vec<Measure> {
    let mut taken = BTreeSet::new();
    let mut measures = Vec::new();
    for line in lines {
        let number = line.number;
        let stops: Vec<String> = line
            .stops
            .iter()
            .filter(|stop| stop.wheelchair != 1 && taken.insert(stop.id.clone()))
            .map(|stop| format!("urn:ngsi-ld:GtfsStop:{}", stop.id))
            .collect();
        if !stops.is_empty() {
            measures.push(Measure {
                name: format!("step-free-stops-{number}"),
                title: format!("Step-free stops on line {number}, {}", line.name),
                kind: "step-free-stop",
                cost: STEP_FREE_STOP * stops.len() as f64,
                yearly_cost: 0.0,
                owner: "Transport authority",
                start: "04-01",
                with: vec![("stops", Given::Ids(stops))],
            });
        }
        measures.push(Measure {
            name: format!("low-floor-{number}"),
            title: format!("Ramps in the buses of line {number}, {}", line.name),
            kind: "low-floor-vehicles",
            cost: RAMP_IN_A_BUS * fleet(line, f64::from(line.headway_min)),
            yearly_cost: 0.0,
            owner: "Bus company",
            start: "07-01",
            with: vec![("routes", route(line))],
        });
    }
    measures
}

/// Twice as many buses on these lines.
pub(super) fn more(lines: &[&Line]) -> Vec<Measure> {
    lines
        .iter()
        .map(|line| {
            let number = line.number;
            let headway = f64::from(line.headway_min) / 2.0;
            let more = fleet(line, headway) - fleet(line, f64::from(line.headway_min));
            Measure {
                name: format!("often-{number}"),
                title: format!("A bus every {headway} minutes on line {number}, {}", line.name),
                kind: "frequency",
                cost: 0.0,
                yearly_cost: BUS_A_YEAR * more,
                owner: "Bus company",
                start: "01-11",
                with: vec![
                    ("routes", route(line)),
                    ("headway_min", Given::Number(headway)),
                    ("from", Given::Text("06:30".to_owned())),
                    ("until", Given::Text("19:00".to_owned())),
                ],
            }
        })
        .collect()
}

/// Two stops where people have none, near enough to one another that some would have both.
pub(super) fn new_stops(scout: &Scout) -> Vec<Measure> {
    let ground = &scout.city.ground;
    let stops = || scout.city.lines.iter().flat_map(|line| &line.stops);
    let served = scout.around_any(stops().map(|stop| stop.at), STOP_WITHIN_M, By::Foot);
    let open = BTreeSet::new();
    // The line that passes nearest, in metres.
    let nearest_line = |at: Coord<f64>| {
        let away = |line: &Line| {
            let points = line.shape.iter().map(|(point, _)| metres(*point) - at);
            points.map(|off| off.x.hypot(off.y)).fold(f64::INFINITY, f64::min)
        };
        let lines = scout.city.lines.iter().map(|line| (away(line), line));
        lines.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    let mut sites: Vec<(f64, usize, f64, &Line)> = scout
        .people
        .keys()
        .filter(|node| !served.contains(node) && scout.city.streets.at_node.contains_key(node))
        .filter_map(|&node| {
            let (away, line) = nearest_line(ground.nodes[node])?;
            let around = scout.within(&[(node, 0.0)], STOP_WITHIN_M, By::Foot, &open);
            let gain = scout.count(around.keys().filter(|other| !served.contains(other)));
            (away < MOST_DETOUR_M && gain > 0.0).then_some((gain, node, away, line))
        })
        .collect();
    sites.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let Some(&first) = sites.first() else {
        return Vec::new();
    };
    let beside = sites.iter().skip(1).find(|site| {
        let off = ground.nodes[site.1] - ground.nodes[first.1];
        (300.0..700.0).contains(&off.x.hypot(off.y))
    });
    [Some(&first), beside]
        .into_iter()
        .flatten()
        .zip(["stop-a", "stop-b"])
        .map(|(&(_, node, away, line), name)| {
            let at = degrees(ground.nodes[node]);
            let district = scout.city.streets.at_node[&node].first().map_or("", |&index| {
                let district = scout.city.streets.segments[index].district;
                scout.city.districts[district].name.as_str()
            });
            Measure {
                name: name.to_owned(),
                title: format!("A stop in {district} for line {}", line.number),
                kind: "new-stop",
                cost: NEW_STOP,
                yearly_cost: BUS_A_YEAR,
                owner: "Transport authority",
                start: "10-01",
                with: vec![
                    ("at", position(at)),
                    ("routes", route(line)),
                    // There and back, along streets.
                    (
                        "most_detour_m",
                        Given::Number((away * 3.0 / 100.0).ceil() * 100.0 + 300.0),
                    ),
                ],
            }
        })
        .collect()
}

/// A lane for buses on the main streets of a line, `not` on streets that are closed.
pub(super) fn lane(scout: &Scout, line: &Line, not: &BTreeSet<String>) -> Option<Measure> {
    let mut between: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (index, segment) in scout.city.streets.segments.iter().enumerate() {
        between.insert((segment.from, segment.to), index);
        between.insert((segment.to, segment.from), index);
    }
    let pieces: Vec<_> = line
        .nodes
        .windows(2)
        .filter_map(|pair| between.get(&(pair[0], pair[1])))
        .map(|&index| &scout.city.streets.segments[index])
        .filter(|segment| segment.class == Class::Primary && !not.contains(&street_id(segment)))
        .take(LANE_PIECES)
        .collect();
    if pieces.is_empty() {
        return None;
    }
    Some(Measure {
        name: "bus-lane".to_owned(),
        title: format!("Lanes for buses along line {}", line.number),
        kind: "bus-lanes",
        cost: LANE_M * pieces.iter().map(|it| it.length_m).sum::<f64>().round(),
        yearly_cost: 0.0,
        owner: "Roads department",
        start: "06-01",
        with: vec![("streets", Given::Ids(pieces.into_iter().map(street_id).collect()))],
    })
}

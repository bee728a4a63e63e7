//! Bus lines along the streets.

use std::collections::BTreeSet;
use std::f64::consts::TAU;

use geo_types::Coord;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::districts::District;
use crate::ground::{Ground, degrees};
use crate::noise::{stream, unit};
use crate::streets::{Class, Streets};

/// Stops are at least so far apart, in metres along the line.
pub(crate) const STOP_EVERY_M: f64 = 340.0;

/// A bus line, in one direction; it comes back the same way.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: u32,
    pub(crate) name: String,
    /// Six hexadecimal digits.
    pub(crate) colour: &'static str,
    /// Minutes between buses in the busiest hours.
    pub(crate) headway_min: u32,
    /// Whether its buses take wheelchairs, as GTFS's `wheelchair_accessible`: 0 unknown, 1 yes, 2 no.
    pub(crate) wheelchair: u8,
    pub(crate) stops: Vec<Stop>,
    /// The corners that it passes.
    pub(crate) nodes: Vec<usize>,
    /// Places in degrees, with the metres from the start.
    pub(crate) shape: Vec<(Coord<f64>, f64)>,
}

/// A stop of a line. Lines that meet share stops.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stop {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In degrees.
    pub(crate) at: Coord<f64>,
    /// As GTFS's `wheelchair_boarding`: 0 unknown, 1 possible, 2 not possible.
    pub(crate) wheelchair: u8,
    /// Metres along the line.
    pub(crate) along_m: f64,
}

/// Told apart by everybody who sees colour, and dark enough for white text.
const COLOURS: [&str; 7] = [
    "0072B2", "D55E00", "007A5E", "9C3E78", "7A5C00", "3D3D8F", "A32D2D",
];

/// What buses the lines have, in turn: some low-floor, some not, and some that nobody has asked about.
const FLEET: [u8; 12] = [2, 1, 0, 2, 2, 0, 1, 2, 2, 0, 1, 2];

/// Where the turn of [`FLEET`] begins.
fn rotation(seed: u64) -> usize {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below the number of lines"
    )]
    let first = (unit(seed, 32, 0) * FLEET.len() as f64) as usize;
    first
}

pub(crate) fn generate(
    seed: u64,
    ground: &Ground,
    streets: &Streets,
    districts: &[District],
    inhabitants: u32,
) -> Vec<Line> {
    let mut rng = stream(seed, "transit");
    let count = (8 + inhabitants / 12_000).min(14);
    let main: Vec<usize> = streets
        .at_node
        .iter()
        .filter(|(_, segments)| {
            segments
                .iter()
                .any(|&index| streets.segments[index].class <= Class::Secondary)
        })
        .map(|(&node, _)| node)
        .collect();
    let turn = rng.random_range(0.0..TAU);
    (0..count)
        .filter_map(|index| {
            let angle = turn + TAU / 2.0 * f64::from(index) / f64::from(count);
            let way = waypoints(index, angle, &mut rng).map(|(out, angle)| {
                let at = Coord {
                    x: out * ground.radius_m * angle.cos(),
                    y: out * ground.radius_m * angle.sin(),
                };
                nearest(ground, &main, at)
            });
            let mut nodes: Vec<usize> = Vec::new();
            for pair in way.windows(2) {
                let part = streets.way(pair[0]?, pair[1]?)?;
                nodes.extend(part.iter().skip(usize::from(!nodes.is_empty())));
            }
            nodes.dedup();
            line(seed, index + 1, &nodes, ground, streets, districts, &mut rng)
        })
        .collect()
}

/// Most lines cross the city through its middle; every fourth goes around.
fn waypoints(index: u32, angle: f64, rng: &mut ChaCha8Rng) -> [(f64, f64); 3] {
    if index % 4 == 3 {
        let out = rng.random_range(0.45..0.6);
        [(out, angle), (out, angle + 1.3), (out, angle + 2.6)]
    } else {
        let there = angle + TAU / 2.0 + rng.random_range(-0.4..0.4);
        [
            (0.92, angle),
            (rng.random_range(0.0..0.12), rng.random_range(0.0..TAU)),
            (0.92, there),
        ]
    }
}

fn nearest(ground: &Ground, nodes: &[usize], at: Coord<f64>) -> Option<usize> {
    let away = |node: usize| {
        let between = ground.nodes[node] - at;
        between.x * between.x + between.y * between.y
    };
    nodes.iter().copied().min_by(|&a, &b| away(a).total_cmp(&away(b)))
}

fn line(
    seed: u64,
    number: u32,
    nodes: &[usize],
    ground: &Ground,
    streets: &Streets,
    districts: &[District],
    rng: &mut ChaCha8Rng,
) -> Option<Line> {
    let mut shape: Vec<(Coord<f64>, f64)> = Vec::new();
    let mut stops: Vec<Stop> = Vec::new();
    let mut used = BTreeSet::new();
    let mut along_m = 0.0;
    for (index, &node) in nodes.iter().enumerate() {
        if index > 0 {
            let step = ground.nodes[node] - ground.nodes[nodes[index - 1]];
            along_m += step.x.hypot(step.y);
        }
        shape.push((degrees(ground.nodes[node]), along_m));
        let far = stops
            .last()
            .is_none_or(|last| along_m - last.along_m >= STOP_EVERY_M);
        if (far || index + 1 == nodes.len()) && used.insert(node) {
            stops.push(stop(seed, node, along_m, ground, streets)?);
        }
    }
    if stops.len() < 2 {
        return None;
    }
    let district = |node: &usize| {
        let segment = streets.at_node.get(node)?.first()?;
        Some(districts.get(streets.segments[*segment].district)?.name.as_str())
    };
    let (from, to) = (
        nodes.first().and_then(district)?,
        nodes.last().and_then(district)?,
    );
    Some(Line {
        number,
        name: format!("{from} – {to}"),
        colour: COLOURS[number as usize % COLOURS.len()],
        headway_min: rng.random_range(5..=10) * 2,
        wheelchair: FLEET[(number as usize + rotation(seed)) % FLEET.len()],
        stops,
        nodes: nodes.to_vec(),
        shape,
    })
}

fn stop(seed: u64, node: usize, along_m: f64, ground: &Ground, streets: &Streets) -> Option<Stop> {
    let segments = streets.at_node.get(&node)?;
    let mut names: Vec<&str> = segments
        .iter()
        .map(|&index| streets.segments[index].name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    // Beside the street, on the city's side.
    let corner = ground.nodes[node];
    let towards = ground.centroid(streets.segments[*segments.first()?].block) - corner;
    let at = corner + towards * (7.0 / towards.x.hypot(towards.y));
    let chance = unit(seed, 31, node as u64);
    Some(Stop {
        id: format!("S{node:05}"),
        name: names.into_iter().take(2).collect::<Vec<_>>().join(" / "),
        at: degrees(at),
        wheelchair: if chance < 0.4 {
            1
        } else if chance < 0.75 {
            2
        } else {
            0
        },
        along_m,
    })
}

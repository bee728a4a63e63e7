//! The street network: nodes where streets meet, segments between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use geo_types::Coord;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::districts::District;
use crate::footing::{self, Draw, Footing, Junction, decimal};
use crate::ground::{Ground, Use};
use crate::names::Names;
use crate::noise::{smooth, stream, unit};

/// A street's rank, as OpenStreetMap's `highway` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Primary,
    Secondary,
    Residential,
    Footway,
}

impl Class {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Residential => "residential",
            Self::Footway => "footway",
        }
    }
}

/// A piece of street between two nodes.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) class: Class,
    pub(crate) name: String,
    pub(crate) length_m: f64,
    /// The carriageway, or the footway.
    pub(crate) width_m: f64,
    /// Rise from `from` to `to`, per cent, whether or not anybody measured it.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "what is told of it stands in `footing`")
    )]
    pub(crate) incline_pct: f64,
    /// How good the streets are here, 0 to 1.
    pub(crate) good: f64,
    /// What is known of it for those who walk or roll.
    pub(crate) footing: Footing,
    /// A block of the city beside it.
    pub(crate) block: usize,
    pub(crate) district: usize,
}

impl Segment {
    /// As OpenStreetMap's `highway`.
    pub(crate) fn highway(&self) -> &'static str {
        if self.footing.steps.is_some() {
            "steps"
        } else {
            self.class.as_str()
        }
    }
}

/// The network.
#[derive(Debug)]
pub(crate) struct Streets {
    pub(crate) segments: Vec<Segment>,
    /// The segments at each node that has any.
    pub(crate) at_node: BTreeMap<usize, Vec<usize>>,
    /// Where one crosses from pavement to pavement, by node.
    pub(crate) junctions: Vec<Junction>,
}

impl Streets {
    pub(crate) fn generate(seed: u64, ground: &Ground, districts: &[District], names: &mut Names) -> Self {
        let mut rng = stream(seed, "streets");
        let mut district_of = BTreeMap::new();
        for (index, district) in districts.iter().enumerate() {
            district_of.extend(district.blocks.iter().map(|&block| (block, index)));
        }
        let mut candidates = Vec::new();
        // Rows first, then columns; the line's number tells its rank and its name.
        for (along_row, lines) in [(true, ground.side + 1), (false, ground.side + 1)] {
            for line in 0..lines {
                let class = rank(line, ground.side);
                let name = format!(
                    "{} {}",
                    names.place(),
                    ["Avenue", "Road", "Street", "Walk"][class as usize]
                );
                for step in 0..ground.side {
                    let (column, row) = if along_row { (step, line) } else { (line, step) };
                    let (side_a, side_b) = if along_row {
                        (
                            row.checked_sub(1).and_then(|row| ground.block_at(column, row)),
                            ground.block_at(column, row),
                        )
                    } else {
                        (
                            column.checked_sub(1).and_then(|c| ground.block_at(c, row)),
                            ground.block_at(column, row),
                        )
                    };
                    let inside = [side_a, side_b]
                        .into_iter()
                        .flatten()
                        .find(|&block| ground.is_inside(Some(block)));
                    let Some(block) = inside else { continue };
                    let from = row * (ground.side + 1) + column;
                    let to = if along_row {
                        from + 1
                    } else {
                        from + ground.side + 1
                    };
                    let class = class_of(class, ground, side_a, side_b, &mut rng);
                    let district = district_of.get(&block).copied().unwrap_or(0);
                    candidates.push(segment(
                        seed,
                        ground,
                        districts,
                        (from, to),
                        class,
                        name.clone(),
                        block,
                        district,
                    ));
                }
            }
        }
        let kept = thin_out(&candidates, ground.nodes.len(), &mut rng);
        let segments: Vec<Segment> = candidates
            .into_iter()
            .zip(kept)
            .filter(|(_, kept)| *kept)
            .map(|(s, _)| s)
            .collect();
        let mut at_node: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, segment) in segments.iter().enumerate() {
            at_node.entry(segment.from).or_default().push(index);
            at_node.entry(segment.to).or_default().push(index);
        }
        let mut streets = Self {
            segments,
            at_node,
            junctions: Vec::new(),
        };
        streets.junctions = footing::junctions(seed, &streets, |node| ground.nodes[node]);
        streets
    }

    /// The nodes of the quickest way by bus, both ends included; `None`: no way. Main streets are preferred.
    pub(crate) fn way(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut best: BTreeMap<usize, u64> = BTreeMap::from([(from, 0)]);
        let mut waiting = BinaryHeap::from([(Reverse(0_u64), from)]);
        while let Some((Reverse(cost), node)) = waiting.pop() {
            if node == to {
                let mut way = vec![to];
                while let Some(&before) = way.last().and_then(|last| came_from.get(last)) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if best.get(&node).is_some_and(|&least| least < cost) {
                continue;
            }
            for &index in self.at_node.get(&node).into_iter().flatten() {
                let segment = &self.segments[index];
                let factor = match segment.class {
                    Class::Primary => 1.0,
                    Class::Secondary => 1.2,
                    Class::Residential => 2.5,
                    Class::Footway => continue,
                };
                let next = if segment.from == node {
                    segment.to
                } else {
                    segment.from
                };
                // In centimetres: whole numbers compare the same everywhere.
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a street's length"
                )]
                let next_cost = cost + (segment.length_m * factor * 100.0) as u64;
                if best.get(&next).is_none_or(|&least| next_cost < least) {
                    best.insert(next, next_cost);
                    came_from.insert(next, node);
                    waiting.push((Reverse(next_cost), next));
                }
            }
        }
        None
    }
}

fn rank(line: usize, side: usize) -> Class {
    match line.abs_diff(side / 2) % 8 {
        0 => Class::Primary,
        4 => Class::Secondary,
        _ => Class::Residential,
    }
}

fn class_of(rank: Class, ground: &Ground, a: Option<usize>, b: Option<usize>, rng: &mut ChaCha8Rng) -> Class {
    let park = |block: Option<usize>| {
        block
            .map(|block| ground.uses[block])
            .filter(|u| matches!(u, Use::Park(_)))
    };
    let inside_park = park(a).is_some() && park(a) == park(b);
    let lane = rng.random_bool(0.04);
    if rank == Class::Residential && (inside_park || lane) {
        Class::Footway
    } else {
        rank
    }
}

#[allow(clippy::too_many_arguments, reason = "a plain record is made of them")]
fn segment(
    seed: u64,
    ground: &Ground,
    districts: &[District],
    (from, to): (usize, usize),
    class: Class,
    name: String,
    block: usize,
    district: usize,
) -> Segment {
    let (start, end) = (ground.nodes[from], ground.nodes[to]);
    let length_m = (end - start).x.hypot((end - start).y);
    let middle = (start + end) / 2.0;
    let means = districts.get(district).map_or(0.5, |district| district.means);
    let good = footing::goodness(seed, middle, means, ground.outness(middle));
    // Of the two segments that begin at a node going east and north, each has a number of its own.
    let key = 2 * from as u64 + u64::from(to == from + 1);
    let width = match class {
        Class::Primary => 14.0,
        Class::Secondary => 10.0,
        Class::Residential => 6.5,
        Class::Footway => 2.5,
    };
    let width_m = decimal(width * (0.85 + 0.3 * unit(seed, 40, key)));
    let incline_pct = decimal(100.0 * (height_m(seed, end) - height_m(seed, start)) / length_m);
    let footing = Draw {
        seed,
        key,
        at: middle,
        class,
        good,
        length_m,
        incline_pct,
        width_m,
    }
    .footing();
    Segment {
        from,
        to,
        class,
        name,
        length_m: decimal(length_m),
        width_m,
        incline_pct,
        good,
        footing,
        block,
        district,
    }
}

/// The height of the ground in metres: soft hills.
pub(crate) fn height_m(seed: u64, at: Coord<f64>) -> f64 {
    let hills = smooth(seed, 11, at.x / 700.0)
        + smooth(seed, 12, at.y / 700.0)
        + smooth(seed, 13, (at.x + at.y) / 1700.0);
    60.0 + 20.0 * hills
}

/// Some small streets go, but never the last way to a place.
fn thin_out(segments: &[Segment], nodes: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut group: Vec<usize> = (0..nodes).collect();
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.shuffle(rng);
    order.sort_by_key(|&index| segments[index].class);
    let mut kept = vec![false; segments.len()];
    for index in order {
        let segment = &segments[index];
        let (a, b) = (root(&mut group, segment.from), root(&mut group, segment.to));
        group[a] = b;
        kept[index] = a != b || segment.class <= Class::Secondary || rng.random_bool(0.8);
    }
    kept
}

/// The representative of a node's group, in a forest of parents.
fn root(group: &mut [usize], mut node: usize) -> usize {
    while group[node] != node {
        group[node] = group[group[node]];
        node = group[node];
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::districts;

    #[test]
    fn every_place_can_be_reached() {
        for seed in 0..8 {
            let ground = Ground::generate(seed, 10_000);
            let mut names = Names::new(seed);
            let districts = districts::generate(seed, &ground, &mut names);
            let streets = Streets::generate(seed, &ground, &districts, &mut names);
            let start = *streets.at_node.keys().next().unwrap();
            let mut seen = std::collections::BTreeSet::from([start]);
            let mut waiting = vec![start];
            while let Some(node) = waiting.pop() {
                for &index in &streets.at_node[&node] {
                    let segment = &streets.segments[index];
                    for next in [segment.from, segment.to] {
                        if seen.insert(next) {
                            waiting.push(next);
                        }
                    }
                }
            }
            assert_eq!(seen.len(), streets.at_node.len(), "seed {seed}");
            let corners: std::collections::BTreeSet<_> =
                ground.blocks().flat_map(|b| ground.corners(b)).collect();
            assert_eq!(corners.len(), seen.len(), "every block's corner is on a street");
            for class in [
                Class::Primary,
                Class::Secondary,
                Class::Residential,
                Class::Footway,
            ] {
                assert!(
                    streets.segments.iter().any(|segment| segment.class == class),
                    "{class:?}"
                );
            }
            assert!(
                streets
                    .segments
                    .iter()
                    .all(|s| s.length_m > 30.0 && s.incline_pct.abs() < 20.0)
            );
        }
    }
}

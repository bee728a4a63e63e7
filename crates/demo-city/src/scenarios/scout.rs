//! What a planner sees who looks at the map: who lives where, how far one gets on foot and on wheels, and which kerbs
//! are in the way. It is there to choose measures that are worth trying; what they do is for the simulators to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use geo_types::Coord;

use crate::City;
use crate::footing::Junction;
use crate::ground::metres;
use crate::places::Place;
use crate::streets::{Class, Segment};

/// How one gets along.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    Foot,
    /// On wheels, where all is known and good, and over the kerbs of these junctions once they are lowered.
    Wheels(&'a BTreeSet<usize>),
    /// On wheels, as if every kerb were lowered.
    WheelsWithoutKerbs,
}

/// The city, looked at.
pub(super) struct Scout<'a> {
    pub(super) city: &'a City,
    junctions: BTreeMap<usize, &'a Junction>,
    /// Inhabitants by the corners of their blocks.
    pub(super) people: BTreeMap<usize, f64>,
}

impl<'a> Scout<'a> {
    pub(super) fn new(city: &'a City) -> Self {
        let mut people = BTreeMap::new();
        for (&block, &count) in &city.by_block {
            for node in city.ground.corners(block) {
                *people.entry(node).or_default() += f64::from(count) / 4.0;
            }
        }
        Self {
            city,
            junctions: city.streets.junctions.iter().map(|it| (it.node, it)).collect(),
            people,
        }
    }

    /// Clinics and hospitals.
    pub(super) fn clinics(&self) -> impl Iterator<Item = &'a Place> {
        let care = |place: &&Place| matches!(place.category, "clinic" | "hospital");
        self.city.places.places.iter().filter(care)
    }

    /// How many people live at these nodes.
    pub(super) fn count<'n>(&self, nodes: impl IntoIterator<Item = &'n usize>) -> f64 {
        nodes.into_iter().filter_map(|node| self.people.get(node)).sum()
    }

    /// The street nearest to a place in degrees, and the metres from its two nodes to the place.
    pub(super) fn nearest_street(&self, at: Coord<f64>) -> Option<(usize, [(usize, f64); 2])> {
        let at = metres(at);
        let ground = &self.city.ground;
        let near = |segment: &Segment| {
            let (from, to) = (ground.nodes[segment.from], ground.nodes[segment.to]);
            let (way, off) = (to - from, at - from);
            let squared = (way.x * way.x + way.y * way.y).max(f64::MIN_POSITIVE);
            let along = ((off.x * way.x + off.y * way.y) / squared).clamp(0.0, 1.0);
            let left = off - way * along;
            (left.x.hypot(left.y), along)
        };
        let segments = self.city.streets.segments.iter().enumerate();
        let (index, (off, along)) = segments
            .map(|(index, segment)| (index, near(segment)))
            .min_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
        let segment = &self.city.streets.segments[index];
        let ends = [
            (segment.from, off + along * segment.length_m),
            (segment.to, off + (1.0 - along) * segment.length_m),
        ];
        Some((index, ends))
    }

    /// Whether one gets along a street.
    pub(super) fn passes(&self, segment: &Segment, by: By) -> bool {
        let lowered = match by {
            By::Foot => return true,
            By::Wheels(lowered) => Some(lowered),
            By::WheelsWithoutKerbs => None,
        };
        segment.rolls()
            && lowered.is_none_or(|lowered| {
                [segment.from, segment.to]
                    .iter()
                    .all(|node| lowered.contains(node) || !self.is_raised(*node))
            })
    }

    /// Whether the kerbs at a node are in the way, or nobody knows.
    pub(super) fn is_raised(&self, node: usize) -> bool {
        self.junctions.get(&node).is_some_and(|junction| {
            let high = junction.kerb_height_m.is_some_and(|height| height > 0.03);
            high || !matches!(junction.kerb, Some("lowered" | "flush" | "no"))
        })
    }

    /// Every node within so many metres of any start, with the metres.
    pub(super) fn within(
        &self,
        starts: &[(usize, f64)],
        limit_m: f64,
        by: By,
        closed: &BTreeSet<usize>,
    ) -> BTreeMap<usize, f64> {
        // In millimetres: whole numbers have an order.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few kilometres"
        )]
        let millimetres = |metres: f64| (metres.max(0.0) * 1000.0) as u64;
        let limit = millimetres(limit_m);
        let mut best: BTreeMap<usize, u64> = BTreeMap::new();
        let mut waiting: BinaryHeap<_> = starts
            .iter()
            .map(|(node, away)| (Reverse(millimetres(*away)), *node))
            .collect();
        let streets = &self.city.streets;
        while let Some((Reverse(cost), node)) = waiting.pop() {
            if cost > limit || best.contains_key(&node) {
                continue;
            }
            best.insert(node, cost);
            for &index in streets.at_node.get(&node).into_iter().flatten() {
                let segment = &streets.segments[index];
                let next = if segment.from == node {
                    segment.to
                } else {
                    segment.from
                };
                if !best.contains_key(&next) && !closed.contains(&index) && self.passes(segment, by) {
                    waiting.push((Reverse(cost + millimetres(segment.length_m)), next));
                }
            }
        }
        best.into_iter()
            .map(|(node, cost)| (node, cost as f64 / 1000.0))
            .collect()
    }

    /// The nodes from which one gets to a place in degrees.
    pub(super) fn around(
        &self,
        at: Coord<f64>,
        limit_m: f64,
        by: By,
        closed: &BTreeSet<usize>,
    ) -> BTreeMap<usize, f64> {
        match self.nearest_street(at) {
            Some((street, ends))
                if !closed.contains(&street) && self.passes(&self.city.streets.segments[street], by) =>
            {
                self.within(&ends, limit_m, by, closed)
            }
            _ => BTreeMap::new(),
        }
    }

    /// The nodes from which one gets to any of these places.
    pub(super) fn around_any(
        &self,
        places: impl IntoIterator<Item = Coord<f64>>,
        limit_m: f64,
        by: By,
    ) -> BTreeSet<usize> {
        let open = BTreeSet::new();
        places
            .into_iter()
            .flat_map(|at| self.around(at, limit_m, by, &open).into_keys())
            .collect()
    }
}

impl Segment {
    /// Whether wheels pass along it, kerbs apart: as far as anybody knows, and as most wheelchairs need it.
    fn rolls(&self) -> bool {
        let footing = &self.footing;
        let even = matches!(footing.smoothness, Some("excellent" | "good" | "intermediate"));
        let hard = matches!(
            footing.surface,
            Some("asphalt" | "concrete" | "paving_stones" | "compacted")
        );
        let gentle = footing.incline_pct.is_some_and(|incline| incline.abs() <= 6.0);
        let wide = match footing.sidewalk {
            Some("no") => self.class >= Class::Residential,
            Some(_) => footing.sidewalk_width_m.is_some_and(|width| width >= 0.9),
            None => self.class == Class::Footway && footing.width_m.is_some(),
        };
        footing.steps.is_none() && even && hard && gentle && wide
    }
}

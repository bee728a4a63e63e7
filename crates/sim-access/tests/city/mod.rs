//! A city small enough to count by hand: streets every 100 m, and a way to make random ones.
#![allow(dead_code, reason = "each suite uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers")]

use std::sync::Arc;

use proptest::prelude::*;
use sim_access::attributes::{Highway, Incline, Kerb, KerbKind, Smoothness, Surface};
use sim_access::place::Plane;
use sim_access::{
    EdgeAttributes, EdgeIndex, EdgeInput, Metric, Network, NodeInput, Passability, Position, Profile, Travel,
};

pub(crate) const BLOCK_M: f64 = 100.0;

/// A pavement of which everything is known, and good.
pub(crate) fn pavement() -> EdgeAttributes {
    EdgeAttributes {
        surface: Some(Surface::Asphalt),
        smoothness: Some(Smoothness::Good),
        width_m: Some(2.0),
        incline: Some(Incline::Percent(0.0)),
        ..EdgeAttributes::of(Highway::Footway)
    }
}

/// A pavement with a kerb at its `to`.
pub(crate) fn with_kerb(kind: KerbKind) -> EdgeAttributes {
    EdgeAttributes {
        kerb_to: Some(Kerb::of(kind)),
        ..pavement()
    }
}

pub(crate) fn plane() -> Plane {
    Plane::at(Position::new(36.8, 0.0))
}

/// A grid of nodes 100 m apart: node `row * side + column`; all streets eastwards row by row, then northwards.
pub(crate) struct Grid {
    pub(crate) side: i64,
    pub(crate) nodes: Vec<NodeInput>,
    pub(crate) edges: Vec<EdgeInput>,
}

impl Grid {
    pub(crate) fn new(side: i64) -> Self {
        let node = |id: i64| NodeInput {
            id,
            position: plane().position([(id % side) as f64 * BLOCK_M, (id / side) as f64 * BLOCK_M]),
        };
        let mut grid = Self {
            side,
            nodes: (0..side * side).map(node).collect(),
            edges: Vec::new(),
        };
        let edge = |from: i64, to: i64, id: usize| {
            EdgeInput::straight(i64::try_from(id).unwrap(), from, to, BLOCK_M, pavement())
        };
        for row in 0..side {
            for column in 0..side - 1 {
                let from = row * side + column;
                grid.edges.push(edge(from, from + 1, grid.edges.len()));
            }
        }
        for row in 0..side - 1 {
            for column in 0..side {
                let from = row * side + column;
                grid.edges.push(edge(from, from + side, grid.edges.len()));
            }
        }
        grid
    }

    /// The street between two neighbouring nodes.
    pub(crate) fn street(&self, a: i64, b: i64) -> EdgeIndex {
        let (from, to) = (a.min(b), a.max(b));
        let at = self
            .edges
            .iter()
            .position(|edge| (edge.from, edge.to) == (from, to))
            .expect("neighbours");
        EdgeIndex(u32::try_from(at).unwrap())
    }

    pub(crate) fn set(&mut self, a: i64, b: i64, attributes: EdgeAttributes) {
        let at = self.street(a, b).index();
        self.edges[at].attributes = attributes;
    }

    pub(crate) fn network(&self) -> Arc<Network> {
        Arc::new(Network::build(&self.nodes, &self.edges).unwrap())
    }

    pub(crate) fn travel(&self, profile: &Profile) -> Travel {
        Travel::new(self.network(), profile, Metric::Distance).unwrap()
    }
}

/// A random graph: nodes, and edges with a length in whole metres.
pub(crate) fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize, u32)>)> {
    (2..9_usize).prop_flat_map(|nodes| {
        let edge = (0..nodes, 0..nodes, prop_oneof![1 => Just(0_u32), 9 => 1..50_u32]);
        (Just(nodes), prop::collection::vec(edge, 1..18))
    })
}

pub(crate) fn network_of(nodes: usize, edges: &[(usize, usize, u32)]) -> Arc<Network> {
    let id = |node: usize| i64::try_from(node).unwrap();
    let nodes: Vec<_> = (0..nodes)
        .map(|node| NodeInput {
            id: id(node),
            position: plane().position([node as f64 * 50.0, (node * node) as f64]),
        })
        .collect();
    let edges: Vec<_> = edges
        .iter()
        .enumerate()
        .map(|(at, &(a, b, length))| EdgeInput::straight(id(at), id(a), id(b), f64::from(length), pavement()))
        .collect();
    Arc::new(Network::build(&nodes, &edges).unwrap())
}

/// The same with a state reported for every edge.
pub(crate) fn travel_of(nodes: usize, edges: &[(usize, usize, u32)], states: &[Passability]) -> Travel {
    let mut travel = Travel::new(network_of(nodes, edges), &Profile::walking(), Metric::Distance).unwrap();
    for (edge, state) in travel.network().edges().zip(states) {
        assert!(travel.report(edge, *state));
    }
    travel
}

pub(crate) fn states(count: usize) -> impl Strategy<Value = Vec<Passability>> {
    prop::collection::vec(prop::sample::select(&Passability::ALL[..]), count)
}

//! A network, built: checked, numbered, laid out as compressed rows (CSR) of arcs by node.

use std::collections::HashMap;

use rstar::RTree;

use super::input::{EdgeInput, End, NetworkError, NodeInput};
use super::parts::Parts;
use super::snap::Piece;
use super::{EdgeIndex, NodeIndex};
use crate::attributes::EdgeAttributes;
use crate::place::Position;
use crate::units::{Cost, small, thousandths};

/// Edges a network may have: an arc keeps its edge, its direction and its state in 32 bits.
const MOST_EDGES: usize = 1 << 28;
const MOST_NODES: usize = u32::MAX as usize - 1;

/// One direction of an edge, as seen from the node it leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    pub(crate) to: u32,
    pub(crate) edge: u32,
    pub(crate) forward: bool,
}

/// A pedestrian street network. Cheap to share between threads; never changes once built.
#[derive(Debug)]
pub struct Network {
    node_ids: Vec<i64>,
    positions: Vec<Position>,
    edge_ids: Vec<i64>,
    ends: Vec<[u32; 2]>,
    length: Vec<Cost>,
    attributes: Vec<EdgeAttributes>,
    bends_from: Vec<u32>,
    bends: Vec<Position>,
    arcs_from: Vec<u32>,
    arcs: Vec<Arc>,
    /// Where each edge's two directions stand among the arcs.
    arcs_of: Vec<[u32; 2]>,
    parts: Parts,
    pieces: RTree<Piece>,
}

impl Network {
    /// Builds a network, or says what is wrong with the first element that cannot be.
    pub fn build(nodes: &[NodeInput], edges: &[EdgeInput]) -> Result<Self, NetworkError> {
        let (network, mut refused) = Self::build_from_what_is_sound(nodes, edges)?;
        if refused.is_empty() {
            Ok(network)
        } else {
            Err(refused.swap_remove(0))
        }
    }

    /// Builds a network of the elements that can be, and says what is wrong with each that was left out. Node and
    /// edge indexes are then places among the elements that were taken. Fails only where there are too many.
    pub fn build_from_what_is_sound(
        nodes: &[NodeInput],
        edges: &[EdgeInput],
    ) -> Result<(Self, Vec<NetworkError>), NetworkError> {
        let bend_count = edges.iter().map(|edge| edge.bends.len()).sum();
        for (what, count, most) in [
            ("nodes", nodes.len(), MOST_NODES),
            ("edges", edges.len(), MOST_EDGES),
            ("bends", bend_count, MOST_NODES),
        ] {
            if count > most {
                return Err(NetworkError::TooLarge { what, count, most });
            }
        }
        let mut refused = Vec::new();
        let (number_of, node_ids, positions) = take_nodes(nodes, &mut refused);
        let mut network = Self {
            node_ids,
            positions,
            edge_ids: Vec::with_capacity(edges.len()),
            ends: Vec::with_capacity(edges.len()),
            length: Vec::with_capacity(edges.len()),
            attributes: Vec::with_capacity(edges.len()),
            bends_from: vec![0],
            bends: Vec::with_capacity(bend_count),
            arcs_from: Vec::new(),
            arcs: Vec::new(),
            arcs_of: Vec::new(),
            parts: Parts::default(),
            pieces: RTree::new(),
        };
        for (index, edge) in edges.iter().enumerate() {
            match check(index, edge, &number_of) {
                Ok(ends) => {
                    network.edge_ids.push(edge.id);
                    network.ends.push(ends);
                    network.length.push(thousandths(edge.length_m));
                    network.attributes.push(edge.attributes);
                    network.bends.extend(&edge.bends);
                    network.bends_from.push(small(network.bends.len()));
                }
                Err(error) => refused.push(error),
            }
        }
        network.lay_out_arcs();
        network.parts = Parts::of(network.positions.len(), network.ends.iter().copied());
        let mut pieces = Vec::with_capacity(network.ends.len() + network.bends.len());
        for edge in 0..network.edge_count() {
            Piece::of_edge(&network, EdgeIndex(small(edge)), &mut pieces);
        }
        network.pieces = RTree::bulk_load(pieces);
        Ok((network, refused))
    }

    fn lay_out_arcs(&mut self) {
        let mut count = vec![0_u32; self.positions.len() + 1];
        for ends in &self.ends {
            for &node in ends {
                count[node as usize + 1] += 1;
            }
        }
        for node in 1..count.len() {
            count[node] += count[node - 1];
        }
        self.arcs_from.clone_from(&count);
        self.arcs = vec![
            Arc {
                to: 0,
                edge: 0,
                forward: true
            };
            self.ends.len() * 2
        ];
        self.arcs_of = Vec::with_capacity(self.ends.len());
        for (edge, &[from, to]) in self.ends.iter().enumerate() {
            let mut places = [0; 2];
            for (side, (leaves, enters)) in [(from, to), (to, from)].into_iter().enumerate() {
                let place = &mut count[leaves as usize];
                self.arcs[*place as usize] = Arc {
                    to: enters,
                    edge: small(edge),
                    forward: side == 0,
                };
                places[side] = *place;
                *place += 1;
            }
            self.arcs_of.push(places);
        }
    }

    /// Number of nodes.
    #[must_use]
    pub const fn node_count(&self) -> usize {
        self.positions.len()
    }

    /// Number of edges.
    #[must_use]
    pub const fn edge_count(&self) -> usize {
        self.ends.len()
    }

    /// The caller's name of a node.
    #[must_use]
    pub fn node_id(&self, node: NodeIndex) -> Option<i64> {
        self.node_ids.get(node.index()).copied()
    }

    /// Where a node is.
    #[must_use]
    pub fn position(&self, node: NodeIndex) -> Option<Position> {
        self.positions.get(node.index()).copied()
    }

    /// The caller's name of an edge.
    #[must_use]
    pub fn edge_id(&self, edge: EdgeIndex) -> Option<i64> {
        self.edge_ids.get(edge.index()).copied()
    }

    /// The nodes an edge begins and ends at.
    #[must_use]
    pub fn ends(&self, edge: EdgeIndex) -> Option<[NodeIndex; 2]> {
        self.ends
            .get(edge.index())
            .map(|&[from, to]| [NodeIndex(from), NodeIndex(to)])
    }

    /// The edges that begin or end at a node; one that does both comes twice.
    pub fn edges_at(&self, node: NodeIndex) -> impl Iterator<Item = EdgeIndex> {
        let rows = self
            .arcs_from
            .get(node.index())
            .zip(self.arcs_from.get(node.index() + 1));
        let arcs = rows.map_or(&[][..], |(&from, &to)| &self.arcs[from as usize..to as usize]);
        arcs.iter().map(|arc| EdgeIndex(arc.edge))
    }

    /// Length of an edge in metres, to the millimetre.
    #[must_use]
    pub fn length_m(&self, edge: EdgeIndex) -> Option<f64> {
        self.length
            .get(edge.index())
            .map(|&length| f64::from(length) / 1000.0)
    }

    /// What is known of an edge.
    #[must_use]
    pub fn attributes(&self, edge: EdgeIndex) -> Option<&EdgeAttributes> {
        self.attributes.get(edge.index())
    }

    /// All edges.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = EdgeIndex> + use<> {
        (0..small(self.edge_count())).map(EdgeIndex)
    }

    /// The course of an edge, both ends and every bend; nothing for an edge that is not in the network.
    pub fn course(&self, edge: EdgeIndex) -> impl Iterator<Item = Position> {
        let ends = self.ends(edge);
        let bends = match (
            self.bends_from.get(edge.index()),
            self.bends_from.get(edge.index() + 1),
        ) {
            (Some(&from), Some(&to)) => &self.bends[from as usize..to as usize],
            _ => &[],
        };
        let end = move |which: usize| ends.and_then(|ends| self.position(ends[which])).into_iter();
        end(0).chain(bends.iter().copied()).chain(end(1))
    }

    /// The parts that no way connects, largest first.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn arcs_from(&self) -> &[u32] {
        &self.arcs_from
    }

    pub(crate) fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    pub(crate) fn arcs_of(&self) -> &[[u32; 2]] {
        &self.arcs_of
    }

    pub(crate) fn raw_ends(&self) -> &[[u32; 2]] {
        &self.ends
    }

    pub(crate) fn lengths(&self) -> &[Cost] {
        &self.length
    }

    pub(crate) const fn pieces(&self) -> &RTree<Piece> {
        &self.pieces
    }
}

/// A node's number and its place in the input, by its name.
type Numbers = HashMap<i64, (u32, usize)>;

fn take_nodes(nodes: &[NodeInput], refused: &mut Vec<NetworkError>) -> (Numbers, Vec<i64>, Vec<Position>) {
    let mut number_of: Numbers = HashMap::with_capacity(nodes.len());
    let (mut ids, mut positions) = (Vec::with_capacity(nodes.len()), Vec::with_capacity(nodes.len()));
    for (index, node) in nodes.iter().enumerate() {
        let Position { lon, lat } = node.position;
        if !node.position.is_valid() {
            refused.push(NetworkError::Position {
                id: node.id,
                lon,
                lat,
            });
        } else if let Some(&(_, first)) = number_of.get(&node.id) {
            refused.push(NetworkError::DuplicateNode {
                id: node.id,
                first,
                second: index,
            });
        } else {
            number_of.insert(node.id, (small(ids.len()), index));
            ids.push(node.id);
            positions.push(node.position);
        }
    }
    (number_of, ids, positions)
}

fn check(index: usize, edge: &EdgeInput, number_of: &Numbers) -> Result<[u32; 2], NetworkError> {
    let id = edge.id;
    let node = |node: i64, end: End| {
        number_of
            .get(&node)
            .map(|&(number, _)| number)
            .ok_or(NetworkError::UnknownNode { id, index, end, node })
    };
    let ends = [node(edge.from, End::From)?, node(edge.to, End::To)?];
    if !(0.0..=4_000_000.0).contains(&edge.length_m) {
        return Err(NetworkError::Length {
            id,
            index,
            length_m: edge.length_m,
        });
    }
    if let Some(bend) = edge.bends.iter().position(|bend| !bend.is_valid()) {
        let Position { lon, lat } = edge.bends[bend];
        return Err(NetworkError::Bend {
            id,
            index,
            bend,
            lon,
            lat,
        });
    }
    match edge.attributes.nonsense() {
        Some((tag, value)) => Err(NetworkError::Attribute {
            id,
            index,
            tag,
            value,
        }),
        None => Ok(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: i64, lon: f64) -> NodeInput {
        NodeInput {
            id,
            position: Position::new(lon, 0.0),
        }
    }

    fn edge(id: i64, from: i64, to: i64) -> EdgeInput {
        EdgeInput::straight(id, from, to, 100.0, EdgeAttributes::default())
    }

    #[test]
    fn errors_name_the_element() {
        let nodes = [node(1, 0.0), node(2, 0.001)];
        let message =
            |nodes: &[NodeInput], edges: &[EdgeInput]| Network::build(nodes, edges).unwrap_err().to_string();
        assert!(
            message(&nodes, &[edge(7, 1, 9)])
                .starts_with("edge 7 (input 0): ends at node 9, which is not given")
        );
        assert!(
            message(&[node(1, 0.0), node(1, 1.0)], &[]).starts_with("node 1: given twice (inputs 0 and 1)")
        );
        assert!(message(&[node(3, f64::NAN)], &[]).starts_with("node 3: NaN, 0 is no place"));
        let mut bad = edge(8, 1, 2);
        bad.length_m = f64::INFINITY;
        assert!(message(&nodes, &[edge(7, 1, 2), bad.clone()]).starts_with("edge 8 (input 1): length inf m"));
        bad.length_m = 1.0;
        bad.attributes.width_m = Some(-2.0);
        assert!(message(&nodes, &[bad.clone()]).starts_with("edge 8 (input 0): width is -2"));
        bad.attributes.width_m = None;
        bad.bends.push(Position::new(0.0, 91.0));
        assert!(message(&nodes, &[bad]).starts_with("edge 8 (input 0): bend 0 at 0, 91"));
    }

    #[test]
    fn what_is_sound_is_kept() {
        let nodes = [node(1, 0.0), node(2, 0.001), node(3, 500.0)];
        let (network, refused) =
            Network::build_from_what_is_sound(&nodes, &[edge(7, 1, 3), edge(8, 1, 2)]).unwrap();
        assert_eq!(
            (network.node_count(), network.edge_count(), refused.len()),
            (2, 1, 2)
        );
        assert_eq!(network.edge_id(EdgeIndex(0)), Some(8));
        assert_eq!(network.edge_id(EdgeIndex(1)), None);
        assert_eq!(network.course(EdgeIndex(9)).count(), 0);
    }

    #[test]
    fn nothing_is_a_network_too() {
        let network = Network::build(&[], &[]).unwrap();
        assert_eq!(
            network.node_count() + network.edge_count() + network.parts().count(),
            0
        );
    }
}

//! Ways cut where they meet, as a network; and back from edges to entities.
//!
//! A way is cut where another way (or itself) shares a vertex, and where a `RoadNode` stands: its kerb is then at the
//! ends of edges. Without `nodes` on a way, its vertices are joined by their places. Ways that cross without a vertex
//! in common do not meet: one may be a bridge.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ngsi_ld::Uri;
use sim_access::{EdgeAttributes, EdgeIndex, EdgeInput, Network, NodeIndex, NodeInput, Position};

use super::ModelError;
use super::table::Table;
use super::ways::{Joint, LEVEL, NodeKey, Way};

/// An end of an edge, as its way sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndOf {
    /// The way ends here, or other ways come in.
    Way,
    /// The way goes on and another comes in.
    Joined,
    /// The way goes on, alone.
    Alone,
}

/// A network, and which entities it is made of.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) network: Arc<Network>,
    /// Ways by id; an edge's name in the network is its way's place here.
    ways: Vec<Uri>,
    /// Where each way's edges begin; one more at the end.
    edges_from: Vec<u32>,
    /// Of each edge.
    pieces: Vec<Piece>,
    opens: Vec<bool>,
    /// The `RoadNode` entities at vertices.
    joints_at: HashMap<u32, Vec<Uri>>,
    /// The vertex that each stands at, and its node, where an edge ends there.
    node_of: BTreeMap<Uri, Option<NodeIndex>>,
}

/// A piece of a way.
#[derive(Clone, Copy, Debug)]
struct Piece {
    way: u32,
    vertices: [u32; 2],
    ends: [EndOf; 2],
}

/// Vertices by name and place.
#[derive(Default)]
struct Vertices {
    by_key: HashMap<NodeKey, u32>,
    places: Vec<Position>,
    /// How many times a way comes by.
    uses: Vec<u32>,
}

impl Vertices {
    fn number(&mut self, key: &NodeKey, place: Position) -> u32 {
        let next = small(self.places.len());
        let number = *self.by_key.entry(key.clone()).or_insert(next);
        if number == next {
            self.places.push(place);
            self.uses.push(0);
            // Whoever comes by place alone finds it too; the first of several at one place.
            self.by_key.entry(NodeKey::of_place(place)).or_insert(next);
        }
        number
    }

    /// The vertex of a `RoadNode`: by its id, else by its place.
    fn of_joint(&self, joint: &Joint) -> Option<u32> {
        let by_id = joint.key.as_ref().and_then(|key| self.by_key.get(key));
        by_id
            .or_else(|| self.by_key.get(&NodeKey::of_place(joint.place)))
            .copied()
    }
}

impl Layout {
    /// Lays out ways in the order of their ids.
    pub(crate) fn of<'a>(
        ways: impl Iterator<Item = (&'a Uri, &'a Way)>,
        joints: &Table<Joint>,
    ) -> Result<Self, ModelError> {
        let ways: Vec<(&Uri, &Way)> = ways.collect();
        let mut vertices = Vertices::default();
        let mut courses: Vec<Vec<u32>> = vec![Vec::new(); ways.len()];
        // Those that say what their vertices are first: the others join them by place.
        for named in [true, false] {
            for (course, (_, way)) in courses.iter_mut().zip(&ways) {
                if way.keys.is_some() == named {
                    *course = course_of(way, &mut vertices);
                }
            }
        }
        for number in courses.iter().flatten() {
            vertices.uses[*number as usize] += 1;
        }
        let mut layout = Self {
            network: Arc::new(Network::build(&[], &[]).map_err(refused)?),
            ways: ways.iter().map(|(id, _)| (*id).clone()).collect(),
            edges_from: vec![0],
            pieces: Vec::new(),
            opens: ways.iter().map(|(_, way)| way.opens).collect(),
            joints_at: HashMap::new(),
            node_of: BTreeMap::new(),
        };
        for (id, joint) in joints.iter() {
            if let Some(vertex) = vertices.of_joint(joint) {
                layout.joints_at.entry(vertex).or_default().push(id.clone());
            }
        }
        let mut edges = Vec::new();
        for (number, (course, (_, way))) in courses.iter().zip(&ways).enumerate() {
            layout.cut(small(number), course, way, &vertices, &mut edges);
            layout.edges_from.push(small(edges.len()));
        }
        for (number, edge) in edges.iter_mut().enumerate() {
            let way = ways[layout.pieces[number].way as usize].1;
            edge.attributes = layout.attributes(EdgeIndex(small(number)), way, joints);
        }
        layout.build(&edges, &vertices)?;
        Ok(layout)
    }

    /// Cuts a way into edges.
    fn cut(
        &mut self,
        number: u32,
        course: &[u32],
        way: &Way,
        vertices: &Vertices,
        edges: &mut Vec<EdgeInput>,
    ) {
        let last = course.len().saturating_sub(1);
        let places: Vec<Position> = course.iter().map(|&v| vertices.places[v as usize]).collect();
        let end_of = |at: usize| {
            if at == 0 || at == last {
                EndOf::Way
            } else if vertices.uses[course[at] as usize] > 1 {
                EndOf::Joined
            } else {
                EndOf::Alone
            }
        };
        let mut from = 0;
        for at in 1..course.len() {
            if end_of(at) == EndOf::Alone && !self.joints_at.contains_key(&course[at]) {
                continue;
            }
            edges.push(EdgeInput {
                id: i64::from(number),
                from: i64::from(course[from]),
                to: i64::from(course[at]),
                length_m: places[from..=at]
                    .windows(2)
                    .map(|ab| ab[0].distance_m(ab[1]))
                    .sum(),
                bends: places[from + 1..at].to_vec(),
                attributes: EdgeAttributes::default(),
            });
            self.pieces.push(Piece {
                way: number,
                vertices: [course[from], course[at]],
                ends: [end_of(from), end_of(at)],
            });
            from = at;
        }
        debug_assert!(way.line.len() >= 2);
    }

    /// Builds the network of these edges; vertices that are nobody's end need no node.
    fn build(&mut self, edges: &[EdgeInput], vertices: &Vertices) -> Result<(), ModelError> {
        let mut nodes = Vec::new();
        let mut numbers: HashMap<u32, NodeIndex> = HashMap::new();
        for vertex in self.pieces.iter().flat_map(|piece| piece.vertices) {
            numbers.entry(vertex).or_insert_with(|| {
                nodes.push(NodeInput {
                    id: i64::from(vertex),
                    position: vertices.places[vertex as usize],
                });
                NodeIndex(small(nodes.len() - 1))
            });
        }
        for (vertex, joints) in &self.joints_at {
            for joint in joints {
                self.node_of.insert(joint.clone(), numbers.get(vertex).copied());
            }
        }
        self.network = Arc::new(Network::build(&nodes, edges).map_err(refused)?);
        Ok(())
    }

    /// What is known of an edge: what is known of its way, with the kerbs and obstacles at its ends.
    pub(crate) fn attributes(&self, edge: EdgeIndex, way: &Way, joints: &Table<Joint>) -> EdgeAttributes {
        let mut known = way.attributes;
        let Some(piece) = self.pieces.get(edge.index()) else {
            return known;
        };
        let mut kerbs = [known.kerb_from, known.kerb_to];
        for ((kerb, vertex), end) in kerbs.iter_mut().zip(piece.vertices).zip(piece.ends) {
            let here = || {
                let ids = self.joints_at.get(&vertex).into_iter().flatten();
                ids.filter_map(|id| joints.get(id))
            };
            // In the middle of a crossing one is on the carriageway already, and beside a bollard still on the
            // pavement.
            let level = end != EndOf::Way && known.crossing.is_some()
                || end == EndOf::Alone && here().all(|joint| joint.no_crossing);
            *kerb = here()
                .find_map(|joint| joint.kerb)
                .or(*kerb)
                .or_else(|| level.then_some(LEVEL));
            for joint in here() {
                joint.obstacle.onto(&mut known);
            }
        }
        [known.kerb_from, known.kerb_to] = kerbs;
        known
    }

    /// The way that an edge is a piece of.
    pub(crate) fn way(&self, edge: EdgeIndex) -> Option<&Uri> {
        self.ways.get(self.pieces.get(edge.index())?.way as usize)
    }

    /// The edges of a way, in its direction.
    pub(crate) fn edges_of(&self, way: &Uri) -> impl Iterator<Item = EdgeIndex> + use<> {
        let range = self.ways.binary_search(way).map_or(0..0, |number| {
            self.edges_from[number]..self.edges_from[number + 1]
        });
        range.map(EdgeIndex)
    }

    /// Every edge of the ways that one of these edges is a piece of, or that meet one of them.
    pub(crate) fn around(&self, edges: impl Iterator<Item = EdgeIndex>) -> Vec<EdgeIndex> {
        let mut ways: Vec<u32> = edges
            .filter_map(|edge| self.network.ends(edge))
            .flatten()
            .flat_map(|node| self.network.edges_at(node))
            .filter_map(|edge| Some(self.pieces.get(edge.index())?.way))
            .collect();
        ways.sort_unstable();
        ways.dedup();
        let pieces = |way: u32| self.edges_from[way as usize]..self.edges_from[way as usize + 1];
        ways.into_iter().flat_map(pieces).map(EdgeIndex).collect()
    }

    /// Every edge of the ways that edges are pieces of.
    pub(crate) fn whole_ways(&self, edges: impl Iterator<Item = EdgeIndex>) -> Vec<EdgeIndex> {
        let mut ways: Vec<&Uri> = edges.filter_map(|edge| self.way(edge)).collect();
        ways.sort_unstable();
        ways.dedup();
        ways.into_iter().flat_map(|way| self.edges_of(way)).collect()
    }

    /// The edges at a `RoadNode`.
    pub(crate) fn edges_at(&self, joint: &Uri) -> impl Iterator<Item = EdgeIndex> {
        let node = self.node_of.get(joint).copied().flatten();
        node.into_iter().flat_map(|node| self.network.edges_at(node))
    }

    /// The first `RoadNode` at each end of an edge.
    pub(crate) fn joints_of(&self, edge: EdgeIndex) -> [Option<&Uri>; 2] {
        let Some(piece) = self.pieces.get(edge.index()) else {
            return [None; 2];
        };
        piece.vertices.map(|vertex| self.joints_at.get(&vertex)?.first())
    }

    /// Whether houses open on an edge.
    pub(crate) fn opens(&self, edge: EdgeIndex) -> bool {
        let piece = self.pieces.get(edge.index());
        piece.is_some_and(|piece| self.opens[piece.way as usize])
    }
}

/// The vertices of a way, those that follow upon themselves once.
fn course_of(way: &Way, vertices: &mut Vertices) -> Vec<u32> {
    let mut course = Vec::with_capacity(way.line.len());
    for (at, &place) in way.line.iter().enumerate() {
        let by_place = NodeKey::of_place(place);
        let key = way
            .keys
            .as_ref()
            .and_then(|keys| keys.get(at))
            .unwrap_or(&by_place);
        let number = vertices.number(key, place);
        if course.last() != Some(&number) {
            course.push(number);
        }
    }
    if course.len() == 1 {
        // A way without extent stays, as a loop of no length.
        course.push(course[0]);
    }
    course
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a network holds fewer than 2^28 edges; more are refused"
)]
fn small(count: usize) -> u32 {
    count as u32
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: sim_access::NetworkError) -> ModelError {
    ModelError::Data(format!("the streets: {error}"))
}

/// The ways that either of two cities has.
pub(crate) struct UnionOfWays {
    pub(crate) layout: Layout,
    /// The entities that are not in both, or not of the same shape, by id: for each shape its edges in the layout.
    pub(crate) reshaped: Vec<(Uri, Vec<EdgeIndex>)>,
}

impl UnionOfWays {
    /// Lays out the ways of both; of one that is of another shape in each, both shapes.
    pub(crate) fn of(
        base: &Table<Way>,
        after: &Table<Way>,
        joints: &Table<Joint>,
    ) -> Result<Self, ModelError> {
        let mut reshaped: Vec<(Uri, Uri)> = Vec::new();
        let mut before: Vec<(Uri, Arc<Way>)> = Vec::new();
        for (id, way) in base.iter() {
            if after.get(id).is_none_or(|now| !now.same_shape(way)) {
                let name = Uri::parse(&format!("{id}:before")).unwrap_or_else(|_| id.clone());
                reshaped.push((id.clone(), name.clone()));
                before.push((name, Arc::clone(way)));
            }
        }
        for (id, way) in after.iter() {
            if base.get(id).is_none_or(|was| !was.same_shape(way)) {
                reshaped.push((id.clone(), id.clone()));
            }
        }
        let all = after.iter().chain(before.iter().map(|(id, way)| (id, way)));
        let mut ways: Vec<(&Uri, &Way)> = all.map(|(id, way)| (id, way.as_ref())).collect();
        ways.sort_by(|a, b| a.0.cmp(b.0));
        let layout = Layout::of(ways.into_iter(), joints)?;
        reshaped.sort();
        let shapes = reshaped
            .into_iter()
            .map(|(id, name)| (id, layout.edges_of(&name).collect()));
        let reshaped = shapes.collect();
        Ok(Self { layout, reshaped })
    }
}

//! What a network is made of, and what can be wrong with it.

use thiserror::Error;

use crate::attributes::EdgeAttributes;
use crate::place::Position;

/// A place where edges meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeInput {
    /// The caller's name of it (an OpenStreetMap node's number, say); no two nodes share one.
    pub id: i64,
    /// Where it is.
    pub position: Position,
}

/// A piece of way between two nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeInput {
    /// The caller's name of it, for messages and results; pieces of one way may share it.
    pub id: i64,
    /// The node it begins at.
    pub from: i64,
    /// The node it ends at.
    pub to: i64,
    /// Length along the way in metres, 0 to 4 000 km.
    pub length_m: f64,
    /// Where it bends between its ends.
    pub bends: Vec<Position>,
    /// What is known of it.
    pub attributes: EdgeAttributes,
}

impl EdgeInput {
    /// A straight edge.
    #[must_use]
    pub const fn straight(id: i64, from: i64, to: i64, length_m: f64, attributes: EdgeAttributes) -> Self {
        Self {
            id,
            from,
            to,
            length_m,
            bends: Vec::new(),
            attributes,
        }
    }
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where it begins.
    From,
    /// Where it ends.
    To,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::From => "begins",
            Self::To => "ends",
        })
    }
}

/// An element that a network cannot take, and why.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NetworkError {
    /// Two nodes of one name.
    #[error("node {id}: given twice (inputs {first} and {second}); give each node once")]
    DuplicateNode {
        /// The node.
        id: i64,
        /// Place of the first in the input.
        first: usize,
        /// Place of the second.
        second: usize,
    },
    /// A node that is nowhere.
    #[error(
        "node {id}: {lon}, {lat} is no place in WGS 84; give degrees, longitude -180..180, latitude -90..90"
    )]
    Position {
        /// The node.
        id: i64,
        /// Its longitude.
        lon: f64,
        /// Its latitude.
        lat: f64,
    },
    /// An edge at a node that is not given.
    #[error(
        "edge {id} (input {index}): {end} at node {node}, which is not given; add the node or leave the edge out"
    )]
    UnknownNode {
        /// The edge.
        id: i64,
        /// Its place in the input.
        index: usize,
        /// Which end.
        end: End,
        /// The node that is missing.
        node: i64,
    },
    /// An edge whose length cannot be.
    #[error("edge {id} (input {index}): length {length_m} m; give metres from 0 to 4 000 000")]
    Length {
        /// The edge.
        id: i64,
        /// Its place in the input.
        index: usize,
        /// Its length.
        length_m: f64,
    },
    /// An edge that bends nowhere on earth.
    #[error("edge {id} (input {index}): bend {bend} at {lon}, {lat} is no place in WGS 84")]
    Bend {
        /// The edge.
        id: i64,
        /// Its place in the input.
        index: usize,
        /// Which bend, from 0.
        bend: usize,
        /// Its longitude.
        lon: f64,
        /// Its latitude.
        lat: f64,
    },
    /// An edge with an attribute that cannot be.
    #[error("edge {id} (input {index}): {tag} is {value}, which cannot be; correct it or leave it unknown")]
    Attribute {
        /// The edge.
        id: i64,
        /// Its place in the input.
        index: usize,
        /// The tag.
        tag: &'static str,
        /// Its value.
        value: f32,
    },
    /// More than the indexes can number.
    #[error("{count} {what} are more than the {most} that one network can hold; cut the area into pieces")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many may be.
        most: usize,
    },
}

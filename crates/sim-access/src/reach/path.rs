//! The way itself.

use serde::{Deserialize, Serialize};

use super::search::{Arrival, Reached};
use crate::network::{EdgeIndex, Snap};
use crate::units::Cost;

/// How a place on an edge was entered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    /// From a start on the same edge.
    Direct,
    /// From a node, along the edge or against it.
    Node {
        /// The node.
        node: u32,
        /// Along the edge.
        forward: bool,
    },
}

/// A piece of a path: part of an edge, or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The edge.
    pub edge: EdgeIndex,
    /// Whether it is walked from its `from` to its `to`.
    pub forward: bool,
    /// Where on the edge the step begins, 0 at `from` to 1 at `to`.
    pub begins: f64,
    /// Where it ends.
    pub ends: f64,
}

/// A cheapest way from a start to a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// What it costs, with both ways off the network.
    pub cost: Cost,
    /// The start, by its place among the starts.
    pub start: usize,
    /// Its pieces, in the order they are walked; one of no length where nothing is walked.
    pub steps: Vec<Step>,
}

impl Path {
    pub(super) fn trace(reached: &Reached<'_>, place: &Snap, arrival: Arrival, via: Via) -> Self {
        let mut steps = Vec::new();
        let begins = reached
            .start(arrival.start)
            .map_or(0.0, |start| start.place.fraction);
        match via {
            Via::Direct => {
                let ends = place.fraction;
                // No way at all may be walked either way: take the one that can be passed.
                let out = reached.travel().leg(place.edge.0, true).state() >= reached.at_least;
                let forward = begins < ends || (begins <= ends && out);
                steps.push(Step {
                    edge: place.edge,
                    forward,
                    begins,
                    ends,
                });
            }
            Via::Node { node, forward } => {
                let enters = if forward { 0.0 } else { 1.0 };
                steps.push(Step {
                    edge: place.edge,
                    forward,
                    begins: enters,
                    ends: place.fraction,
                });
                let mut at = Some(node);
                while let Some((edge, forward, before)) = at.and_then(|node| reached.came_by(node)) {
                    let (enters, leaves) = if forward { (0.0, 1.0) } else { (1.0, 0.0) };
                    steps.push(Step {
                        edge,
                        forward,
                        begins: if before.is_some() { enters } else { begins },
                        ends: leaves,
                    });
                    at = before;
                }
                // Who starts or arrives at a node passes nothing of the edge that it was put onto.
                let passes = |step: &Step| (step.begins - step.ends).abs() > 0.0;
                if steps.iter().any(passes) {
                    steps.retain(passes);
                } else {
                    steps.truncate(1);
                }
                steps.reverse();
            }
        }
        if reached.turned {
            // The search went from the facility; people walk to it.
            steps.reverse();
            for step in &mut steps {
                step.forward = !step.forward;
                std::mem::swap(&mut step.begins, &mut step.ends);
            }
        }
        Self {
            cost: arrival.cost,
            start: arrival.start,
            steps,
        }
    }
}

//! What lies within a cost: the edges reached, whole or in part.

use serde::{Deserialize, Serialize};

use super::search::Reached;
use crate::network::EdgeIndex;
use crate::units::{Cost, part};

/// A piece of an edge that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReachedPiece {
    /// The edge.
    pub edge: EdgeIndex,
    /// Where the piece begins, 0 at the edge's `from` to 1 at its `to`.
    pub from: f64,
    /// Where it ends; not before it begins.
    pub to: f64,
}

/// The pieces of edges within a cost, by edge and place; pieces of one edge do not touch. Used again, it keeps its
/// memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Isochrone {
    /// The pieces.
    pub pieces: Vec<ReachedPiece>,
    /// Their length together, metres.
    pub length_m: f64,
}

/// Fills in the pieces of edges within a cost (at most the limit of the search) of what was reached.
pub fn isochrone(reached: &Reached<'_>, limit: Cost, isochrone: &mut Isochrone) {
    let limit = limit.min(reached.limit);
    let (travel, network) = (reached.travel, reached.travel.network());
    let pieces = &mut isochrone.pieces;
    pieces.clear();
    // From each node along each edge, as far as the rest of the cost goes.
    let (rows, legs) = (network.arcs_from(), travel.legs());
    for (node, cost) in reached.nodes().take_while(|&(_, cost)| cost <= limit) {
        for leg in &legs[rows[node.index()] as usize..rows[node.index() + 1] as usize] {
            if leg.state() >= reached.at_least {
                let share = share(limit - cost, leg.cost);
                let (from, to) = if leg.is_forward() {
                    (0.0, share)
                } else {
                    (1.0 - share, 1.0)
                };
                pieces.push(ReachedPiece {
                    edge: EdgeIndex(leg.edge()),
                    from,
                    to,
                });
            }
        }
    }
    // From each start along its own edge, both ways.
    for start in reached.starts() {
        let spent = start.spent.saturating_add(travel.offset(start.place.offset_m));
        let (Some(left), Some(_)) = (limit.checked_sub(spent), network.ends(start.place.edge)) else {
            continue;
        };
        let at = start.place.fraction.clamp(0.0, 1.0);
        let [out, back] = [true, false].map(|forward| travel.leg(start.place.edge.0, forward));
        if out.state().or(back.state()) < reached.at_least {
            continue;
        }
        let along = |leg: crate::travel::Leg, room: f64| {
            let whole = part(leg.cost, room);
            if leg.state() >= reached.at_least {
                room * share(left, whole)
            } else {
                0.0
            }
        };
        pieces.push(ReachedPiece {
            edge: start.place.edge,
            from: at - along(back, at),
            to: at + along(out, 1.0 - at),
        });
    }
    merge(pieces);
    isochrone.length_m = pieces
        .iter()
        .map(|piece| (piece.to - piece.from) * network.length_m(piece.edge).unwrap_or(0.0))
        .sum();
}

/// How much of a way a cost is enough for.
fn share(left: Cost, whole: Cost) -> f64 {
    if left >= whole {
        1.0
    } else {
        f64::from(left) / f64::from(whole)
    }
}

/// Sorts the pieces and joins those that touch.
fn merge(pieces: &mut Vec<ReachedPiece>) {
    pieces.sort_unstable_by(|a, b| {
        a.edge
            .cmp(&b.edge)
            .then(a.from.total_cmp(&b.from))
            .then(a.to.total_cmp(&b.to))
    });
    pieces.dedup_by(|next, last| {
        let touches = next.edge == last.edge && next.from <= last.to;
        if touches {
            last.to = last.to.max(next.to);
        }
        touches
    });
    // A place without extent is a place, unless it is nowhere (a fraction that is no number).
    pieces.retain(|piece| piece.to >= piece.from);
}

//! From many places to many.

use super::search::{Start, Workspace, search};
use crate::network::Snap;
use crate::parallel::in_order;
use crate::passability::Passability;
use crate::travel::Travel;
use crate::units::Cost;

/// Costs from every origin (row) to every destination (column).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    columns: usize,
    costs: Vec<Cost>,
}

impl Matrix {
    const UNREACHED: Cost = Cost::MAX;

    pub(crate) fn of_rows(columns: usize, rows: Vec<Vec<Cost>>) -> Self {
        Self {
            columns,
            costs: rows.into_iter().flatten().collect(),
        }
    }

    /// Number of destinations.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Number of origins; 0 where there are no destinations.
    #[must_use]
    pub const fn rows(&self) -> usize {
        match self.costs.len().checked_div(self.columns) {
            Some(rows) => rows,
            None => 0,
        }
    }

    /// The cost from an origin to a destination; `None`: not within the limit, or no such pair.
    #[must_use]
    pub fn get(&self, origin: usize, destination: usize) -> Option<Cost> {
        if destination >= self.columns {
            return None;
        }
        let at = origin.checked_mul(self.columns)?.checked_add(destination)?;
        self.costs
            .get(at)
            .copied()
            .filter(|&cost| cost != Self::UNREACHED)
    }
}

/// Costs from every origin to every destination within a limit, one search for each origin, on so many threads.
/// Places that are not on the network (`None`) are not reached.
#[must_use]
pub fn matrix(
    travel: &Travel,
    at_least: Passability,
    origins: &[Option<Snap>],
    destinations: &[Option<Snap>],
    limit: Cost,
    threads: usize,
) -> Matrix {
    let rows = in_order(origins.len(), threads, Workspace::new, |workspace, origin| {
        let start: Option<Start> = origins[origin].map(Start::from);
        let reached = search(travel, at_least, start.as_slice(), limit, workspace);
        let cost = |place: &Option<Snap>| Some(reached.arrival(place.as_ref()?)?.cost);
        destinations
            .iter()
            .map(|place| cost(place).unwrap_or(Matrix::UNREACHED))
            .collect()
    });
    Matrix::of_rows(destinations.len(), rows)
}

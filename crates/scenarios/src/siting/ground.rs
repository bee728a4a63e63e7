//! The city as siting sees it: people and places in metres on a plane.

use geo_types::Coord;
use indicators::geometry::{Bounds, LocalProjection};
use sim_access::Position;

use super::Wanted;
use super::cover::People;
use crate::file::Finding;
use crate::model::Model;
use crate::run::RunError;

/// People and where they are.
pub(super) struct Ground {
    projection: LocalProjection,
    pub(super) people: People,
}

impl Ground {
    pub(super) fn of(model: &Model) -> Result<Self, RunError> {
        let cells = model.cells();
        let Some(centre) = Bounds::of(cells.iter().map(|cell| cell.centre)).centre() else {
            return Err(missing(
                "the twin has no inhabited cells",
                "import a population grid and the city's boundary",
            ));
        };
        let projection = LocalProjection::centred(centre);
        let points = cells.iter().map(|cell| projection.forward(cell.centre)).collect();
        let weights = cells.iter().map(|cell| thousandths(cell.people)).collect();
        Ok(Self {
            projection,
            people: People::new(points, weights),
        })
    }

    pub(super) fn forward(&self, position: Coord<f64>) -> Coord<f64> {
        self.projection.forward(position)
    }

    pub(super) fn place(&self, position: Position) -> Coord<f64> {
        self.forward(Coord {
            x: position.lon,
            y: position.lat,
        })
    }

    /// What is there already.
    pub(super) fn existing(&self, model: &Model, wanted: Wanted) -> Vec<Coord<f64>> {
        match wanted {
            Wanted::Stop => model
                .stops()
                .iter()
                .filter(|stop| stop.served)
                .map(|stop| self.place(stop.position))
                .collect(),
            Wanted::Clinic => model
                .places("clinic")
                .iter()
                .map(|clinic| self.place(clinic.position))
                .collect(),
        }
    }

    /// The area of the inhabited cell nearest to a place, by name.
    pub(super) fn area(&self, model: &Model, place: Coord<f64>) -> Option<String> {
        let mut nearest: Option<(f64, usize)> = None;
        for radius in [150.0, 1000.0, 5000.0] {
            self.people.near(place, radius, &mut |cell| {
                let at = self.people.points()[cell];
                let away = (at.x - place.x).powi(2) + (at.y - place.y).powi(2);
                if nearest.is_none_or(|(before, other)| (away, cell) < (before, other)) {
                    nearest = Some((away, cell));
                }
            });
            if nearest.is_some() {
                break;
            }
        }
        let area = model.cell_areas().get(nearest?.1).copied().flatten()?;
        Some(model.areas().get(area as usize)?.name.clone())
    }
}

/// People in whole thousandths.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held at 0 from below; a cell has no more people than the Earth"
)]
pub(super) fn thousandths(people: f64) -> u64 {
    (people * 1000.0).round().clamp(0.0, 1e16) as u64
}

pub(super) fn missing(what: &str, remedy: &str) -> RunError {
    RunError::Findings(vec![Finding {
        place: "the city".to_owned(),
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    }])
}

//! `EC: I: T: 1C`, Public Transport Network: kilometres of street corridor with public transport per 100 000
//! inhabitants.
//!
//! A street counts once, however many lines run along it and however differently they were traced: the
//! corridor's length is the area of the union of all lines widened by 10 m to each side, over 20 m.

use geo_types::{Coord, MultiPolygon};

use crate::geometry::areas::mapped;
use crate::geometry::{CorridorNetwork, LocalProjection};

/// Half the width of a corridor, in metres.
pub const RADIUS_M: f64 = 10.0;
/// The other half widths for which the value is published.
pub const OTHER_RADII_M: [f64; 2] = [5.0, 15.0];

/// Lengths of the network, in kilometres.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Corridors of the whole network.
    pub corridor_km: f64,
    /// Those inside the city.
    pub inside_km: f64,
    /// Those inside each area.
    pub areas_km: Vec<f64>,
    /// Corridors of the whole network with the other half widths: metres, kilometres.
    pub other_radii: Vec<(f64, f64)>,
    /// The plain sum of the lines' lengths, a street counted as often as it is traced.
    pub traced_km: f64,
    /// How many lines have a length.
    pub lines: usize,
}

/// Calculates the corridors of lines (degrees), and their parts inside the city and inside each area.
pub fn calculate<L: AsRef<[Coord<f64>]>>(
    lines: impl IntoIterator<Item = L>,
    centre: Coord<f64>,
    city: &[MultiPolygon<f64>],
    areas: &[MultiPolygon<f64>],
) -> Network {
    let projection = LocalProjection::centred(centre);
    let forward = |c: Coord<f64>| projection.forward(c);
    let network = CorridorNetwork::new(
        lines
            .into_iter()
            .map(|line| line.as_ref().iter().copied().map(forward).collect::<Vec<_>>()),
    );
    let project = |areas: &[MultiPolygon<f64>]| areas.iter().map(|a| mapped(a, forward)).collect::<Vec<_>>();
    let km = |area_m2: f64, radius_m: f64| area_m2 / (2.0 * radius_m) / 1000.0;
    let whole = network.measure(RADIUS_M, &project(areas));
    // As a rule the city is what its areas are together, and one scan tells both.
    let inside = if city == areas {
        whole.inside
    } else {
        network.measure(RADIUS_M, &project(city)).inside
    };
    Network {
        corridor_km: km(whole.total, RADIUS_M),
        inside_km: km(inside, RADIUS_M),
        areas_km: whole.by_area.iter().map(|&area| km(area, RADIUS_M)).collect(),
        other_radii: OTHER_RADII_M
            .into_iter()
            .map(|radius| (radius, km(network.measure(radius, &[]).total, radius)))
            .collect(),
        traced_km: network.length_m() / 1000.0,
        lines: network.lines(),
    }
}

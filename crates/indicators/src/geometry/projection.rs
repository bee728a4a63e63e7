//! A local metric projection: ellipsoidal transverse Mercator on WGS 84, centred on the city.
//!
//! Krüger's series to the fourth order in the third flattening (Karney 2011, "Transverse Mercator with an
//! accuracy of a few nanometers", equations 7 to 14 and 35), scale 1 on the central meridian. The scale error at
//! x metres from that meridian is x²/2R²: 2.5e-5 at 45 km.

use geo_types::Coord;

/// Equatorial radius of WGS 84 in metres.
pub const WGS84_A: f64 = 6_378_137.0;
/// Flattening of WGS 84.
pub const WGS84_F: f64 = 1.0 / 298.257_223_563;

/// Degrees of longitude and latitude to metres east and north of a centre.
#[derive(Clone, Debug)]
pub struct LocalProjection {
    centre: Coord<f64>,
    /// Northing of the centre before it is made the origin.
    northing_0: f64,
    radius: f64,
    alpha: [f64; 4],
}

impl LocalProjection {
    /// Centred on a longitude and a latitude in degrees.
    pub fn centred(centre: Coord<f64>) -> Self {
        let n = WGS84_F / (2.0 - WGS84_F);
        let (n2, n3, n4) = (n * n, n * n * n, n * n * n * n);
        let mut projection = Self {
            centre,
            northing_0: 0.0,
            radius: WGS84_A / (1.0 + n) * (1.0 + n2 / 4.0 + n4 / 64.0),
            alpha: [
                n / 2.0 - 2.0 * n2 / 3.0 + 5.0 * n3 / 16.0 + 41.0 * n4 / 180.0,
                13.0 * n2 / 48.0 - 3.0 * n3 / 5.0 + 557.0 * n4 / 1440.0,
                61.0 * n3 / 240.0 - 103.0 * n4 / 140.0,
                49_561.0 * n4 / 161_280.0,
            ],
        };
        projection.northing_0 = projection.forward(centre).y;
        projection
    }

    /// Metres east (x) and north (y) of the centre.
    pub fn forward(&self, position: Coord<f64>) -> Coord<f64> {
        let eccentricity = (WGS84_F * (2.0 - WGS84_F)).sqrt();
        let lambda = degrees_between(self.centre.x, position.x).to_radians();
        let tau = position.y.to_radians().tan();
        let sigma = (eccentricity * (eccentricity * tau / tau.hypot(1.0)).atanh()).sinh();
        let tau_conformal = tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0);
        let xi_0 = tau_conformal.atan2(lambda.cos());
        let eta_0 = (lambda.sin() / tau_conformal.hypot(lambda.cos())).asinh();
        let (mut xi, mut eta) = (xi_0, eta_0);
        for (factor, alpha) in [2.0, 4.0, 6.0, 8.0].into_iter().zip(self.alpha) {
            xi += alpha * (factor * xi_0).sin() * (factor * eta_0).cosh();
            eta += alpha * (factor * xi_0).cos() * (factor * eta_0).sinh();
        }
        Coord {
            x: self.radius * eta,
            y: self.radius * xi - self.northing_0,
        }
    }
}

/// From one longitude to another in degrees, the short way round, so that a city may lie on the antimeridian.
pub fn degrees_between(from: f64, to: f64) -> f64 {
    let difference = to - from;
    if difference.abs() <= 180.0 {
        difference
    } else {
        (difference + 180.0).rem_euclid(360.0) - 180.0
    }
}

#[cfg(test)]
mod tests {
    use geo::{Distance, Geodesic, Point};
    use proptest::prelude::*;

    use super::*;

    /// Made with PROJ 9 by pyproj: `+proj=tmerc +lat_0 +lon_0 +k=1 +ellps=WGS84`.
    #[test]
    #[allow(clippy::unreadable_literal, reason = "as the other program wrote them")]
    fn agrees_with_proj() {
        for (centre, position, expected) in [
            (
                (36.8675, -1.2909),
                (36.65, -1.16),
                (-24207.1189421, 14473.3090874),
            ),
            ((36.8675, -1.2909), (37.1, -1.44), (25873.7339544, -16488.0378700)),
            ((8.54, 47.37), (8.7, 47.2), (12123.4745363, -18887.5675323)),
            ((10.75, 59.91), (11.2, 60.1), (25034.0528033, 21253.5746372)),
            ((-70.65, -33.45), (-70.9, -33.2), (-23310.4796639, 27699.7169699)),
            ((179.95, -16.5), (-179.9, -16.6), (16006.3859391, -11072.4289327)),
            ((18.95, 69.65), (19.5, 69.8), (21203.4860477, 16829.2900284)),
        ] {
            let got = LocalProjection::centred(Coord::from(centre)).forward(Coord::from(position));
            let off = (got.x - expected.0).hypot(got.y - expected.1);
            assert!(off < 1e-6, "{centre:?} {position:?}: {got:?} is {off} m off");
        }
    }

    proptest! {
        #[test]
        fn short_distances_are_those_on_the_ellipsoid(
            lon in -180.0..180.0, lat in -75.0..75.0_f64, dx in -0.2..0.2_f64, dy in -0.2..0.2_f64,
            ex in -0.01..0.01_f64, ey in -0.01..0.01_f64,
        ) {
            let a = Coord { x: lon + dx, y: lat + dy };
            let b = Coord { x: a.x + ex, y: a.y + ey };
            let projection = LocalProjection::centred(Coord { x: lon, y: lat });
            let (p, q) = (projection.forward(a), projection.forward(b));
            let wrap = |c: Coord<f64>| Point::new((c.x + 180.0).rem_euclid(360.0) - 180.0, c.y);
            let geodesic = Geodesic.distance(wrap(a), wrap(b));
            prop_assert!(((p.x - q.x).hypot(p.y - q.y) - geodesic).abs() <= 1e-4 * geodesic + 1e-6);
        }
    }
}

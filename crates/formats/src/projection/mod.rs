//! Coordinate reference systems of files, and the way from them to WGS 84 degrees.
//!
//! A system is told by a code (`EPSG:32737`, `ESRI:54009`), by well-known text (a `.prj`, a GeoPackage) or by the
//! keys of a GeoTIFF, and calculated by `proj4rs`. Datums that PROJ's strings say to be WGS 84 without a shift (ETRS89,
//! SIRGAS 2000, NAD83, GDA94 …: ellipsoids GRS 80 or WGS 84) are taken as WGS 84, which holds to within one or two
//! metres. Other datums are shifted with the three or seven parameters that are known for them, good to some
//! metres; where none are known, or only a grid of shifts would do, the system is refused.
//!
//! Coordinates come east before north, as GeoPackage (OGC 12-128r18, 1.1.1.1.3 note), Shapefile, GeoTIFF and GeoJSON
//! have them, whatever order the authority of the system gives its axes.

mod choice;
mod codes;
mod definition;
mod geokeys;
mod wkt;

use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;

pub(crate) use choice::choose;
pub(crate) use geokeys::GeoKeys;

/// A result further than this from where it came from, projected back, is not one.
const BACK: f64 = 1.0;

/// A coordinate system that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its coordinate system {name} is not understood: {why}")]
pub struct UnknownCrs {
    /// The system, as the file or the user names it.
    pub name: String,
    /// What is missing.
    pub why: String,
}

impl UnknownCrs {
    fn new(name: impl Into<String>, why: impl Into<String>) -> Self {
        let name: String = name.into();
        Self {
            name: name.chars().take(80).filter(|c| !c.is_control()).collect(),
            why: why.into(),
        }
    }
}

/// A coordinate reference system.
#[derive(Clone)]
pub struct Crs(Arc<System>);

struct System {
    name: String,
    definition: String,
    /// `None`: degrees of WGS 84 themselves.
    projection: Option<Projection>,
}

struct Projection {
    system: Proj,
    wgs84: Proj,
}

impl Crs {
    /// WGS 84, longitude before latitude, in degrees.
    pub fn wgs84() -> Self {
        Self(Arc::new(System {
            name: "EPSG:4326".to_owned(),
            definition: "+proj=longlat +datum=WGS84".to_owned(),
            projection: None,
        }))
    }

    /// By a name: `EPSG:32737`, `ESRI:54009`, `urn:ogc:def:crs:EPSG::32737`,
    /// `http://www.opengis.net/def/crs/EPSG/0/32737`, `CRS84`, a plain EPSG code, or a string of PROJ
    /// (`+proj=utm +zone=37 +south +datum=WGS84`).
    ///
    /// # Errors
    /// The name is no such, or what it names is not understood.
    pub fn from_name(name: &str) -> Result<Self, UnknownCrs> {
        let name = name.trim();
        if name.starts_with('+') {
            return definition::build(name, name);
        }
        if matches!(name, "CRS84" | "OGC:CRS84" | "WGS84" | "WGS 84") {
            return Ok(Self::wgs84());
        }
        let parts: Vec<&str> = name.split([':', '/']).filter(|part| !part.is_empty()).collect();
        let (Some(code), rest) = (parts.last(), parts.split_last().map_or(&[][..], |(_, rest)| rest)) else {
            return Err(UnknownCrs::new("of no name", "give a code, as in EPSG:32737"));
        };
        if *code == "CRS84" {
            return Ok(Self::wgs84());
        }
        let authority = rest
            .iter()
            .rev()
            .find(|part| part.eq_ignore_ascii_case("EPSG") || part.eq_ignore_ascii_case("ESRI"));
        match (code.parse::<u32>(), authority, rest.is_empty()) {
            (Ok(code), Some(authority), _) => Self::from_code(authority, code),
            (Ok(code), None, true) => Self::from_code("EPSG", code),
            _ => Err(UnknownCrs::new(name, "it is not a code as in EPSG:32737")),
        }
    }

    /// By an authority (`EPSG`, `ESRI`) and its code.
    ///
    /// # Errors
    /// The code is not known, or what it names is not understood.
    pub fn from_code(authority: &str, code: u32) -> Result<Self, UnknownCrs> {
        if authority.eq_ignore_ascii_case("EPSG") && code == 4326 {
            return Ok(Self::wgs84());
        }
        let authority = authority.to_ascii_uppercase();
        let name = format!("{authority}:{code}");
        match codes::find(&authority, code) {
            Ok(definition) => definition::build(&name, definition),
            Err(why) => Err(UnknownCrs::new(name, why)),
        }
    }

    /// By well-known text, of OGC 01-009 (also as ESRI writes it) or of ISO 19162.
    ///
    /// # Errors
    /// The text is damaged, or what it describes is not understood.
    pub fn from_wkt(text: &str) -> Result<Self, UnknownCrs> {
        wkt::read(text)
    }

    /// From what a grid keeps of it.
    pub(crate) fn restore(name: &str, definition: &str) -> Result<Self, UnknownCrs> {
        definition::build(name, definition)
    }

    /// Its name: an authority and a code, or what the file calls it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its definition, as PROJ writes it.
    pub fn definition(&self) -> &str {
        &self.0.definition
    }

    /// Whether coordinates in it are WGS 84 degrees as they are.
    pub fn is_wgs84(&self) -> bool {
        self.0.projection.is_none()
    }

    /// Whether coordinates in it are degrees.
    pub fn is_degrees(&self) -> bool {
        self.0
            .projection
            .as_ref()
            .is_none_or(|projection| projection.system.is_latlong())
    }

    /// Longitude and latitude of a position. `None`: the position lies beyond what the system can describe.
    pub fn to_wgs84(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let Some(projection) = &self.0.projection else {
            return on_earth(x, y);
        };
        let (lon, lat) = projection.inverse(x, y)?;
        let (lon, lat) = on_earth(lon, lat)?;
        // Far out of their area some projections give a place that is another one's: a northing beyond the pole, an
        // easting more than once round the earth.
        let (back_x, back_y) = projection.forward(lon, lat)?;
        let metre = projection.metre();
        if (back_x - x).hypot(back_y - y) <= BACK * metre {
            return Some((lon, lat));
        }
        // The two sides of the antimeridian are one line.
        if 180.0 - lon.abs() < 1e-9 {
            let (back_x, back_y) = projection.forward(-lon, lat)?;
            if (back_x - x).hypot(back_y - y) <= BACK * metre {
                return Some((-lon, lat));
            }
        }
        None
    }

    /// The position of a longitude and latitude. `None`: the system has none for it.
    pub fn from_wgs84(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (lon, lat) = on_earth(lon, lat)?;
        match &self.0.projection {
            None => Some((lon, lat)),
            Some(projection) => projection.forward(lon, lat),
        }
    }
}

/// The same place, if it is one. Calculated degrees may overshoot the edge of the world by rounding.
fn on_earth(lon: f64, lat: f64) -> Option<(f64, f64)> {
    const SLACK: f64 = 1e-9;
    let inside = lon.abs() <= 180.0 + SLACK && lat.abs() <= 90.0 + SLACK;
    inside.then(|| (lon.clamp(-180.0, 180.0), lat.clamp(-90.0, 90.0)))
}

impl Projection {
    fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (x, y) = if self.system.is_latlong() {
            (x.to_radians(), y.to_radians())
        } else {
            (x, y)
        };
        let (lon, lat) = proj4rs::adaptors::transform_xy(&self.system, &self.wgs84, x, y).ok()?;
        let (mut lon, lat) = (lon.to_degrees(), lat.to_degrees());
        // Beyond the antimeridian by a shift of the datum or of the prime meridian.
        if lon.abs() > 180.0 && lon.abs() < 360.0 {
            lon -= 360.0_f64.copysign(lon);
        }
        (lon.is_finite() && lat.is_finite()).then_some((lon, lat))
    }

    fn forward(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (lon, lat) = (lon.to_radians(), lat.to_radians());
        let (x, y) = proj4rs::adaptors::transform_xy(&self.wgs84, &self.system, lon, lat).ok()?;
        let (x, y) = if self.system.is_latlong() {
            (x.to_degrees(), y.to_degrees())
        } else {
            (x, y)
        };
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }

    /// A metre in the unit of the coordinates, about.
    fn metre(&self) -> f64 {
        if self.system.is_latlong() {
            1.0 / 111_000.0
        } else {
            1.0 / self.system.to_meter()
        }
    }
}

impl Default for Crs {
    fn default() -> Self {
        Self::wgs84()
    }
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        self.0.definition == other.0.definition
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crs({} = {})", self.0.name, self.0.definition)
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

#[cfg(test)]
mod tests;

//! How entity types are drawn: the same symbol in the legend, in the picture and in the interactive map.

use geo_types::Geometry;
use ngsi_ld::{Entity, Name};
use serde::Serialize;

use super::describe::type_label;
use super::language::Language;

/// What a geometry is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Area,
    Line,
    Building,
    Point,
}

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Hexagon,
    Drop,
}

/// One layer: the entities of one type that are drawn alike.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Layer {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) count: usize,
    pub(crate) kind: Kind,
    /// 1 to 8.
    pub(crate) colour: u8,
    /// How much of its colour an area is filled with, 0 to 1.
    pub(crate) fill: f64,
    /// Whether it is drawn before anybody asks for it.
    pub(crate) shown: bool,
    pub(crate) shape: Shape,
    /// In pixels.
    pub(crate) width: f64,
    /// In widths; empty: drawn through.
    pub(crate) dash: &'static [f64],
    #[serde(skip)]
    pub(crate) type_name: Name,
}

impl Kind {
    /// Of a geometry of an entity of this type.
    pub(crate) fn of(type_name: &Name, geometry: &Geometry<f64>) -> Option<Self> {
        match geometry {
            Geometry::Point(_) | Geometry::MultiPoint(_) => Some(Self::Point),
            Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => Some(Self::Line),
            Geometry::GeometryCollection(parts) => parts.0.first().and_then(|part| Self::of(type_name, part)),
            _ if type_name.short() == "Building" => Some(Self::Building),
            _ => Some(Self::Area),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Line => "line",
            Self::Building => "building",
            Self::Point => "point",
        }
    }
}

impl Shape {
    const ALL: [Self; 7] = [
        Self::Circle,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::Cross,
        Self::Hexagon,
        Self::Drop,
    ];

    /// The path in a square of 16 by 16. The same stand in `web/src/symbols.ts`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Circle => "M8 2a6 6 0 1 0 0 12 6 6 0 1 0 0-12z",
            Self::Square => "M2.7 2.7h10.6v10.6H2.7z",
            Self::Triangle => "M8 1.6 14.7 13.6H1.3z",
            Self::Diamond => "M8 .9 15.1 8 8 15.1 .9 8z",
            Self::Cross => "M5.6 1.5h4.8v4.1h4.1v4.8h-4.1v4.1H5.6v-4.1H1.5V5.6h4.1z",
            Self::Hexagon => "M8 1.2 14 4.6v6.8L8 14.8 2 11.4V4.6z",
            Self::Drop => "M8 .8C11 5 13 7.2 13 10a5 5 0 0 1-10 0C3 7.2 5 5 8 .8z",
        }
    }
}

/// The key of the layer that draws entities of a type in a way; also `t` of their features.
pub(crate) fn key(type_name: &Name, kind: Kind) -> String {
    let short: String = type_name
        .short()
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .take(80)
        .collect();
    format!("{short}-{}", kind.word())
}

impl Layer {
    /// The layer of a type.
    pub(crate) fn new(type_name: &Name, kind: Kind, count: usize, language: Language) -> Self {
        let short = type_name.short();
        let (colour, shape, width, dash) = symbol(short, kind);
        Self {
            key: key(type_name, kind),
            label: type_label(language, type_name),
            count,
            kind,
            colour,
            fill: match short {
                "AdministrativeArea" | "District" | "Ward" | "Boundary" => 0.03,
                "Park" | "Garden" => 0.3,
                _ => 0.1,
            },
            // The frame of a grid says nothing about the city.
            shown: short != "PopulationGrid",
            shape,
            width,
            dash,
            type_name: type_name.clone(),
        }
    }

    /// The class that gives the colour in the style sheet.
    pub(crate) fn class(&self) -> String {
        if self.kind == Kind::Building {
            "g-building".to_owned()
        } else {
            format!("g-{}", self.colour)
        }
    }

    /// `stroke-dasharray` for a line drawn this many times as wide as on the map; empty: none.
    pub(crate) fn dashes(&self, factor: f64) -> String {
        let lengths = self
            .dash
            .iter()
            .map(|dash| format!("{:.1}", dash * self.width * factor));
        lengths.collect::<Vec<_>>().join(" ")
    }
}

/// How wide a line is drawn against the others of its layer: a street by its place in the network.
pub(crate) fn weight(entity: &Entity) -> f64 {
    let class = entity
        .attributes
        .iter()
        .find(|a| matches!(a.name.short(), "roadClass" | "highway"));
    match class.and_then(ngsi_ld::Attribute::as_str) {
        Some("motorway" | "trunk" | "primary") => 2.6,
        Some("secondary") => 1.8,
        Some("tertiary") => 1.4,
        Some("footway" | "path" | "pedestrian" | "steps" | "track") => 0.6,
        _ => 1.0,
    }
}

/// Types that every city has keep their symbol; any other gets one by its name, always the same.
fn symbol(short: &str, kind: Kind) -> (u8, Shape, f64, &'static [f64]) {
    const THROUGH: &[f64] = &[];
    const DASHED: &[f64] = &[4.0, 2.0];
    const DOTTED: &[f64] = &[1.0, 1.5];
    match (short, kind) {
        ("AdministrativeArea" | "District" | "Ward" | "Boundary", _) => {
            return (5, Shape::Square, 1.5, DASHED);
        }
        ("Road" | "RoadSegment" | "Street", Kind::Line) => return (8, Shape::Square, 1.2, THROUGH),
        ("GtfsShape", _) => return (1, Shape::Circle, 2.4, THROUGH),
        ("GtfsStop", _) => return (1, Shape::Circle, 2.0, THROUGH),
        ("Park" | "Garden" | "GreenspaceRecord", _) => return (3, Shape::Circle, 1.5, THROUGH),
        ("School" | "EducationalInstitution", _) => return (2, Shape::Square, 2.0, THROUGH),
        ("Clinic" | "Hospital" | "HealthFacility" | "PointOfInterest", _) => {
            return (7, Shape::Cross, 2.0, THROUGH);
        }
        ("AirQualityObserved" | "AirQualityMonitoring", _) => return (4, Shape::Hexagon, 2.0, THROUGH),
        ("NoiseLevelObserved", _) => return (2, Shape::Triangle, 2.0, THROUGH),
        ("WaterConsumptionObserved" | "WaterMeter" | "WaterMeterObserved", _) => {
            return (1, Shape::Drop, 2.0, THROUGH);
        }
        ("Streetlight", _) => return (6, Shape::Diamond, 2.0, THROUGH),
        ("ParkingSpot" | "OffStreetParking" | "OnStreetParking", _) => {
            return (5, Shape::Square, 2.0, THROUGH);
        }
        ("WeatherObserved", _) => return (3, Shape::Triangle, 2.0, THROUGH),
        _ => {}
    }
    let hash = short.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    }) as usize;
    let dash = [THROUGH, DASHED, DOTTED][hash / 7 % 3];
    (
        u8::try_from(hash % 7 + 1).unwrap_or(1),
        Shape::ALL[hash / 21 % 7],
        1.8,
        dash,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interactive_map_draws_the_same_shapes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src/symbols.ts");
        let source = std::fs::read_to_string(path).unwrap();
        for shape in Shape::ALL {
            let word = serde_json::to_value(shape).unwrap();
            let line = format!("  {}: \"{}\",", word.as_str().unwrap(), shape.path());
            assert!(source.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_key_holds_nothing_that_needs_escaping() {
        let name = Name::from_iri("https://a.example/<script>\"x");
        assert_eq!(key(&name, Kind::Point), "scriptx-point");
    }
}

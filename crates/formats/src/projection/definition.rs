//! From a string of PROJ to a system whose every part is understood.

use std::sync::Arc;

use proj4rs::Proj;

use super::{Crs, Projection, System, UnknownCrs};

/// The longest definition.
const MAX_LENGTH: usize = 2_000;
const WGS84_AXIS: f64 = 6_378_137.0;

/// A system from its definition. What would be ignored in silence, and so give wrong places, is refused.
pub(super) fn build(name: &str, definition: &str) -> Result<Crs, UnknownCrs> {
    let unknown = |why: String| UnknownCrs::new(name, why);
    if definition.len() > MAX_LENGTH {
        return Err(unknown("its definition is too long".to_owned()));
    }
    let mut parameters = Parameters::parse(definition);
    parameters.settle().map_err(unknown)?;
    let name: String = name.chars().take(120).filter(|c| !c.is_control()).collect();
    let definition = parameters.to_string();
    let projection = if parameters.is_wgs84() {
        None
    } else {
        let system = Proj::from_proj_string(&definition)
            .map_err(|error| unknown(format!("{error} (`{definition}`)")))?;
        if system.is_geocent() {
            return Err(unknown("it is geocentric, not of a map".to_owned()));
        }
        if !system.has_inverse() || !system.has_forward() {
            return Err(unknown("its projection cannot be turned round".to_owned()));
        }
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84")
            .map_err(|error| unknown(error.to_string()))?;
        Some(Projection { system, wgs84 })
    };
    Ok(Crs(Arc::new(System {
        name,
        definition,
        projection,
    })))
}

/// The parameters of a definition, `+key=value`, in their order.
struct Parameters(Vec<(String, Option<String>)>);

impl Parameters {
    fn parse(definition: &str) -> Self {
        Self(
            definition
                .split_whitespace()
                .filter_map(|word| word.strip_prefix('+'))
                .map(|word| match word.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                    None => (word.to_owned(), None),
                })
                .collect(),
        )
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.as_deref())
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    fn drop(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key);
    }

    /// Leaves out what says nothing of a map, and makes sure that the datum's place is known.
    fn settle(&mut self) -> Result<(), String> {
        // The web's Mercator says so that degrees on its sphere are those of WGS 84. A file of shifts is never
        // opened: a definition comes with a file from anywhere.
        match self.get("nadgrids") {
            None => {}
            Some("@null" | "null") => self.drop("nadgrids"),
            Some(_) => return Err("its datum needs a grid of shifts, which is not read".to_owned()),
        }
        for idle in [
            "no_defs",
            "wktext",
            "type",
            "vunits",
            "vto_meter",
            "geoidgrids",
            "over",
            "title",
        ] {
            self.drop(idle);
        }
        // East before north, whatever the authority says; but west and south are directions, not an order.
        if self.get("axis").is_some_and(|axis| !axis.contains(['w', 's'])) {
            self.drop("axis");
        }
        let Some(projection) = self.get("proj") else {
            return Err("it has no definition that can be used".to_owned());
        };
        if matches!(projection, "geocent" | "cart") {
            return Err("it is geocentric, not of a map".to_owned());
        }
        match self.get("datum") {
            Some("NAD27") => {
                return Err("its datum (NAD27) needs a grid of shifts, which is not read".to_owned());
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let unshifted = |shift: &str| shift.split(',').all(|n| n.trim().parse() == Ok(0.0));
        // Degrees on a sphere are taken for those of WGS 84, as PROJ takes them.
        if self.is_sphere() && self.get("towgs84").is_none_or(unshifted) {
            self.drop("towgs84");
            return Ok(());
        }
        if self.get("towgs84").is_some() {
            return Ok(());
        }
        if self.is_like_wgs84() {
            self.0.push(("towgs84".to_owned(), Some("0,0,0".to_owned())));
            return Ok(());
        }
        Err("how its datum lies to WGS 84 is not known".to_owned())
    }

    fn is_sphere(&self) -> bool {
        self.get("R").is_some()
            || self.get("ellps") == Some("sphere")
            || (self.get("ellps").is_none()
                && self
                    .number("a")
                    .is_some_and(|a| self.number("b").is_some_and(|b| (a - b).abs() < 1e-6)))
    }

    /// Whether the ellipsoid is that of WGS 84 or, half a millimetre apart, GRS 80.
    fn is_like_wgs84(&self) -> bool {
        if let Some(name) = self.get("ellps") {
            return matches!(name, "WGS84" | "GRS80");
        }
        let Some(a) = self.number("a") else {
            return false;
        };
        let flattening = self
            .number("rf")
            .map(|rf| 1.0 / rf)
            .or_else(|| self.number("b").map(|b| (a - b) / a))
            .or_else(|| self.number("f"));
        (a - WGS84_AXIS).abs() < 1e-3 && flattening.is_some_and(|f| (1.0 / f - 298.257_22).abs() < 1e-4)
    }

    /// Whether coordinates are degrees of WGS 84 as they are.
    fn is_wgs84(&self) -> bool {
        let unshifted = match (self.get("datum"), self.get("towgs84")) {
            (Some("WGS84" | "NAD83"), None) => true,
            (None, Some(shift)) => {
                self.is_like_wgs84() && shift.split(',').all(|n| n.trim().parse() == Ok(0.0))
            }
            (None, None) => self.is_sphere(),
            _ => false,
        };
        let known = [
            "proj", "datum", "towgs84", "ellps", "a", "b", "rf", "f", "R", "units",
        ];
        matches!(self.get("proj"), Some("longlat" | "latlong"))
            && unshifted
            && self.0.iter().all(|(key, _)| known.contains(&key.as_str()))
    }
}

impl std::fmt::Display for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            match value {
                Some(value) => write!(f, "{gap}+{key}={value}")?,
                None => write!(f, "{gap}+{key}")?,
            }
        }
        Ok(())
    }
}

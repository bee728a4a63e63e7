//! Systems from the keys of a GeoTIFF (OGC 19-008r4, clause 7 and annex B).

use std::fmt::Write as _;

use super::{Crs, UnknownCrs, definition};

/// Code of a thing that the file defines itself.
const USER_DEFINED: u16 = 32767;

const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const GEODETIC_CRS: u16 = 2048;
const DATUM: u16 = 2050;
const ANGULAR_UNIT: u16 = 2054;
const ELLIPSOID_A: u16 = 2057;
const ELLIPSOID_B: u16 = 2058;
const ELLIPSOID_RF: u16 = 2059;
const PRIME_MERIDIAN: u16 = 2061;
const TO_WGS84: u16 = 2062;
const PROJECTED_CRS: u16 = 3072;
const PROJECTED_CITATION: u16 = 3073;
const CITATION: u16 = 1026;
const METHOD: u16 = 3075;
const LINEAR_UNIT: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;

/// The keys of a GeoTIFF.
pub(crate) struct GeoKeys {
    /// Key, where its value is (a tag, or 0: here), count, value or index.
    entries: Vec<[u16; 4]>,
    numbers: Vec<f64>,
    text: String,
}

/// The methods of a projection by their codes (annex B, table of ProjMethodGeoKey) with PROJ's names and
/// parameters: the keys of each, the first that is there.
struct Method {
    code: u16,
    projection: &'static str,
    parameters: &'static [(&'static str, &'static [u16])],
}

const LAT_1: (&str, &[u16]) = ("lat_1", &[3078]);
const LAT_2: (&str, &[u16]) = ("lat_2", &[3079]);
const LAT_0: (&str, &[u16]) = ("lat_0", &[3081, 3089, 3085]);
const LON_0: (&str, &[u16]) = ("lon_0", &[3080, 3088, 3084, 3095]);
const SCALE: (&str, &[u16]) = ("k", &[3092, 3093]);

const METHODS: [Method; 14] = [
    Method {
        code: 1,
        projection: "tmerc",
        parameters: &[LAT_0, LON_0, SCALE],
    },
    Method {
        code: 7,
        projection: "merc",
        parameters: &[("lat_ts", &[3078]), LON_0, SCALE],
    },
    Method {
        code: 8,
        projection: "lcc",
        parameters: &[LAT_1, LAT_2, ("lat_0", &[3085, 3081]), ("lon_0", &[3084, 3080])],
    },
    Method {
        code: 9,
        projection: "lcc",
        parameters: &[("lat_1", &[3081]), LAT_0, LON_0, SCALE],
    },
    Method {
        code: 10,
        projection: "laea",
        parameters: &[("lat_0", &[3089, 3081]), ("lon_0", &[3088, 3080])],
    },
    Method {
        code: 11,
        projection: "aea",
        parameters: &[LAT_1, LAT_2, LAT_0, LON_0],
    },
    Method {
        code: 12,
        projection: "aeqd",
        parameters: &[("lat_0", &[3089, 3081]), ("lon_0", &[3088, 3080])],
    },
    Method {
        code: 13,
        projection: "eqdc",
        parameters: &[LAT_1, LAT_2, ("lat_0", &[3089, 3081]), ("lon_0", &[3088, 3080])],
    },
    Method {
        code: 16,
        projection: "sterea",
        parameters: &[LAT_0, LON_0, SCALE],
    },
    Method {
        code: 17,
        projection: "eqc",
        parameters: &[
            ("lat_ts", &[3078]),
            ("lat_0", &[3089, 3081]),
            ("lon_0", &[3088, 3080]),
        ],
    },
    Method {
        code: 18,
        projection: "cass",
        parameters: &[LAT_0, LON_0],
    },
    Method {
        code: 22,
        projection: "poly",
        parameters: &[LAT_0, LON_0],
    },
    Method {
        code: 24,
        projection: "sinu",
        parameters: &[LON_0],
    },
    Method {
        code: 28,
        projection: "cea",
        parameters: &[("lat_ts", &[3078]), LON_0],
    },
];

impl GeoKeys {
    /// From the GeoKeyDirectory and the tags with its numbers and its text.
    pub(crate) fn new(directory: &[u16], numbers: Vec<f64>, text: String) -> Self {
        let entries = directory
            .get(4..)
            .unwrap_or_default()
            .chunks_exact(4)
            .filter_map(|entry| entry.try_into().ok())
            .collect();
        Self {
            entries,
            numbers,
            text,
        }
    }

    fn entry(&self, key: u16) -> Option<[u16; 4]> {
        self.entries.iter().copied().find(|entry| entry[0] == key)
    }

    fn code(&self, key: u16) -> Option<u16> {
        match self.entry(key)? {
            [_, 0, _, value] => Some(value),
            _ => None,
        }
    }

    /// The numbers of a key; a key of one number may hold it itself.
    fn numbers(&self, key: u16) -> Option<Vec<f64>> {
        match self.entry(key)? {
            [_, 0, _, value] => Some(vec![f64::from(value)]),
            [_, 34736, count, at] => {
                let (at, count) = (usize::from(at), usize::from(count));
                self.numbers.get(at..at + count).map(<[f64]>::to_vec)
            }
            _ => None,
        }
    }

    fn number(&self, key: u16) -> Option<f64> {
        self.numbers(key)?
            .first()
            .copied()
            .filter(|number| number.is_finite())
    }

    fn text(&self, key: u16) -> Option<&str> {
        match self.entry(key)? {
            [_, 34737, count, at] => {
                let (at, count) = (usize::from(at), usize::from(count));
                self.text
                    .get(at..at + count)
                    .map(|text| text.trim_end_matches(['|', '\0']))
            }
            _ => None,
        }
    }

    /// Whether the coordinates of a cell are those of its centre (GTRasterTypeGeoKey = 2), not of its corner.
    pub(crate) fn is_point(&self) -> bool {
        self.code(RASTER_TYPE) == Some(2)
    }

    /// The system of the file; `None` where it says nothing of it.
    pub(crate) fn crs(&self) -> Result<Option<Crs>, UnknownCrs> {
        let (model, geodetic, projected) = (
            self.code(MODEL_TYPE),
            self.code(GEODETIC_CRS),
            self.code(PROJECTED_CRS),
        );
        if model == Some(3) {
            return Err(UnknownCrs::new("of its keys", "it is geocentric, not of a map"));
        }
        match (model, geodetic, projected) {
            (Some(2), Some(code), _) | (None | Some(0), Some(code), None) if code != USER_DEFINED => {
                self.in_degrees(&format!("EPSG:{code}"))?;
                Crs::from_code("EPSG", u32::from(code)).map(Some)
            }
            (Some(2), ..) | (None | Some(0), Some(_), None) => self.geodetic().map(Some),
            (_, _, Some(code)) if code != USER_DEFINED => {
                let crs = Crs::from_code("EPSG", u32::from(code))?;
                self.same_unit(&crs)?;
                Ok(Some(crs))
            }
            _ if self.escaped().is_some() => Crs::from_wkt(self.escaped().unwrap_or_default()).map(Some),
            (_, _, Some(_)) | (Some(1), ..) => self.projected().map(Some),
            _ => Ok(None),
        }
    }

    /// The text of a system that GeoTIFF has no keys for, as ESRI and GDAL put it in a citation.
    fn escaped(&self) -> Option<&str> {
        [PROJECTED_CITATION, CITATION].into_iter().find_map(|key| {
            let text = self.text(key)?;
            let at = text.find("ESRI PE String = ")?;
            text.get(at + "ESRI PE String = ".len()..)
        })
    }

    fn name(&self) -> String {
        let text = self.text(PROJECTED_CITATION).or_else(|| self.text(CITATION));
        let first = text.and_then(|text| text.split('|').find(|part| !part.is_empty()));
        match first {
            Some(name) if !name.eq_ignore_ascii_case("unknown") => name.chars().take(80).collect(),
            _ => "of its own".to_owned(),
        }
    }

    fn in_degrees(&self, name: &str) -> Result<(), UnknownCrs> {
        match self.code(ANGULAR_UNIT) {
            None | Some(0 | 9102 | 9122) => Ok(()),
            Some(_) => Err(UnknownCrs::new(
                name,
                "its coordinates are angles other than degrees",
            )),
        }
    }

    /// Metres in the unit of the coordinates, where the file says it.
    fn unit(&self) -> Result<Option<f64>, UnknownCrs> {
        match self.code(LINEAR_UNIT) {
            None | Some(0) => Ok(None),
            Some(9001) => Ok(Some(1.0)),
            Some(9002) => Ok(Some(0.3048)),
            Some(9003) => Ok(Some(1200.0 / 3937.0)),
            Some(9036) => Ok(Some(1000.0)),
            Some(USER_DEFINED) if self.number(LINEAR_UNIT_SIZE).is_some_and(|size| size > 0.0) => {
                Ok(self.number(LINEAR_UNIT_SIZE))
            }
            Some(code) => Err(UnknownCrs::new(
                self.name(),
                format!("its unit of length (code {code}) is not known"),
            )),
        }
    }

    /// A file in feet is not in a system in metres, whatever its code says.
    fn same_unit(&self, crs: &Crs) -> Result<(), UnknownCrs> {
        let own = crs
            .0
            .projection
            .as_ref()
            .map(|projection| projection.system.to_meter());
        match (self.unit()?, own) {
            (Some(stated), Some(own)) if (stated / own - 1.0).abs() > 1e-9 => Err(UnknownCrs::new(
                crs.name(),
                format!("it has {own} m to the unit, and the file says that its own unit is {stated} m"),
            )),
            _ => Ok(()),
        }
    }

    /// The datum as PROJ writes it.
    fn datum(&self) -> Result<String, UnknownCrs> {
        let shift = match self.numbers(TO_WGS84) {
            Some(numbers) if matches!(numbers.len(), 3 | 7) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!(" +towgs84={}", numbers.join(","))
            }
            _ => String::new(),
        };
        // Codes of datums are those of their geographic systems and 2000 more.
        let code = [
            self.code(GEODETIC_CRS),
            self.code(DATUM).and_then(|code| code.checked_sub(2000)),
        ]
        .into_iter()
        .flatten()
        .find(|code| *code < 30_000);
        if let Some(code) = code {
            let base = Crs::from_code("EPSG", u32::from(code))?;
            let words = base.definition().split_whitespace().filter(|word| {
                ["+datum=", "+ellps=", "+a=", "+b=", "+rf=", "+R=", "+pm="]
                    .iter()
                    .any(|key| word.starts_with(key))
                    || (shift.is_empty() && word.starts_with("+towgs84="))
            });
            return Ok(format!("{}{shift}", words.collect::<Vec<_>>().join(" ")));
        }
        let Some(a) = self.number(ELLIPSOID_A) else {
            return Err(UnknownCrs::new(self.name(), "its ellipsoid is not given"));
        };
        let mut datum = match (self.number(ELLIPSOID_RF), self.number(ELLIPSOID_B)) {
            (Some(rf), _) if rf > 0.0 => format!("+a={a} +rf={rf}"),
            (_, Some(b)) if (a - b).abs() > 1e-6 => format!("+a={a} +b={b}"),
            _ => format!("+R={a}"),
        };
        if let Some(meridian) = self.number(PRIME_MERIDIAN).filter(|degrees| *degrees != 0.0) {
            let _ = write!(datum, " +pm={meridian}");
        }
        Ok(datum + &shift)
    }

    fn geodetic(&self) -> Result<Crs, UnknownCrs> {
        self.in_degrees(&self.name())?;
        definition::build(&self.name(), &format!("+proj=longlat {}", self.datum()?))
    }

    fn projected(&self) -> Result<Crs, UnknownCrs> {
        let name = self.name();
        self.in_degrees(&name)?;
        let Some(method) = self
            .code(METHOD)
            .and_then(|code| METHODS.iter().find(|method| method.code == code))
        else {
            let why = match self.code(METHOD) {
                Some(code) => format!("its projection (method {code} of GeoTIFF) is not read"),
                None => "it has a projection of its own that the file does not describe".to_owned(),
            };
            return Err(UnknownCrs::new(name, why));
        };
        let unit = self.unit()?.unwrap_or(1.0);
        let mut text = format!("+proj={}", method.projection);
        for (parameter, keys) in method.parameters {
            if let Some(value) = keys.iter().find_map(|key| self.number(*key)) {
                let _ = write!(text, " +{parameter}={value}");
            }
        }
        for (parameter, keys) in [("x_0", [3082, 3086, 3090]), ("y_0", [3083, 3087, 3091])] {
            if let Some(value) = keys.iter().find_map(|key| self.number(*key)) {
                let _ = write!(text, " +{parameter}={}", value * unit);
            }
        }
        #[allow(clippy::float_cmp, reason = "a metre is written as it is")]
        if unit != 1.0 {
            let _ = write!(text, " +to_meter={unit}");
        }
        definition::build(&name, &format!("{text} {}", self.datum()?))
    }
}

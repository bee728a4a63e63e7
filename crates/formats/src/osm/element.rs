//! Nodes, ways and relations, as both kinds of files hold them.

use crate::import::ImportError;

/// The most nodes that a way is followed over. OpenStreetMap allows 2 000, and allowed 50 000 once.
pub(super) const MAX_WAY_NODES: usize = 100_000;
/// The most members that a relation is read with. OpenStreetMap allows 32 000.
pub(super) const MAX_MEMBERS: usize = 200_000;
/// The most tags that an element is read with.
pub(super) const MAX_TAGS: usize = 10_000;

/// A place in ten-millionths of a degree, the precision of OpenStreetMap itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) lon: i32,
    pub(super) lat: i32,
}

impl Position {
    /// From billionths of a degree; `None` where that is no place on Earth.
    pub(super) fn from_nanodegrees(lon: i64, lat: i64) -> Option<Self> {
        let round = |nano: i64, most: i64| {
            (-most..=most)
                .contains(&nano)
                .then(|| (nano + 50).div_euclid(100))
                .and_then(|tenth_millionth| i32::try_from(tenth_millionth).ok())
        };
        Some(Self {
            lon: round(lon, 180_000_000_000)?,
            lat: round(lat, 90_000_000_000)?,
        })
    }

    /// From degrees; `None` where that is no place on Earth.
    pub(super) fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        let round = |degrees: f64, most: f64| {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the range was checked: at most 1.8e9"
            )]
            (degrees.abs() <= most).then(|| (degrees * 1e7).round() as i32)
        };
        Some(Self {
            lon: round(lon, 180.0)?,
            lat: round(lat, 90.0)?,
        })
    }

    /// In degrees: the number nearest to the seven decimals.
    pub(super) fn coord(self) -> geo_types::Coord<f64> {
        geo_types::Coord {
            x: f64::from(self.lon) / 1e7,
            y: f64::from(self.lat) / 1e7,
        }
    }
}

/// Where a node says it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spot {
    /// There.
    At(Position),
    /// Nowhere on Earth: longitude, latitude in degrees.
    Outside(f64, f64),
    /// It does not say.
    Missing,
}

/// Tags in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags<'a>(pub(super) Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// The value of a key; of a key that stands twice the last, as all readers of ours do.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .rev()
            .find(|(k, _)| *k == key)
            .map(|(_, value)| *value)
    }

    /// Whether a key has one of these values.
    pub(super) fn is(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|value| values.contains(&value))
    }
}

/// What a relation's member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Node,
    Way,
    Relation,
}

/// A member of a relation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) kind: MemberKind,
    pub(super) id: i64,
    pub(super) role: &'a str,
}

/// One element of a file.
#[derive(Clone, Debug)]
pub(super) enum Element<'a> {
    Node {
        id: i64,
        spot: Spot,
        tags: Tags<'a>,
    },
    Way {
        id: i64,
        nodes: Vec<i64>,
        tags: Tags<'a>,
    },
    Relation {
        id: i64,
        members: Vec<Member<'a>>,
        tags: Tags<'a>,
    },
    /// An element that cannot be read, and why.
    Bad {
        what: String,
        why: String,
    },
}

/// Where an element stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// On this line of an XML file.
    Line(u64),
    /// In the blob that begins at this byte of a PBF file.
    Blob(u64),
}

/// Which elements a reading is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) nodes: bool,
    pub(super) ways: bool,
    pub(super) relations: bool,
}

impl Wanted {
    pub(super) const ALL: Self = Self {
        nodes: true,
        ways: true,
        relations: true,
    };
    pub(super) const NODES: Self = Self {
        nodes: true,
        ways: false,
        relations: false,
    };
    pub(super) const WAYS: Self = Self {
        nodes: false,
        ways: true,
        relations: false,
    };
    pub(super) const NODES_AND_WAYS: Self = Self {
        nodes: true,
        ways: true,
        relations: false,
    };

    /// Whether one of these is wanted there.
    pub(super) fn meets(self, other: Self) -> bool {
        (self.nodes && other.nodes) || (self.ways && other.ways) || (self.relations && other.relations)
    }
}

/// What is done with each element.
pub(super) type Visit<'v> = dyn FnMut(Element<'_>, Stands) -> Result<(), ImportError> + 'v;

/// A file that can be read again and again.
pub(super) trait Source {
    /// Gives every wanted element to `visit`, in the order of the file; [`Element::Bad`] only where everything is
    /// wanted, so that each is told once.
    fn scan(&mut self, wanted: Wanted, visit: &mut Visit<'_>) -> Result<(), ImportError>;

    /// The day of which the data are, `YYYY-MM-DD…`, as far as the file says. Known after the first reading.
    fn as_of(&self) -> Option<&str>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_to_seven_decimals() {
        let at = Position::from_nanodegrees(9_512_345_649, -47_166_666_650).unwrap();
        assert_eq!((at.lon, at.lat), (95_123_456, -471_666_666));
        assert_eq!(at.coord().x.to_string(), "9.5123456");
        assert_eq!(Position::from_degrees(9.512_345_6, -47.166_666_6), Some(at));
        assert_eq!(
            Position::from_degrees(180.0, -90.0).map(Position::coord),
            Some((180.0, -90.0).into())
        );
        for (lon, lat) in [
            (180.000_001, 0.0),
            (0.0, 90.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert_eq!(Position::from_degrees(lon, lat), None);
        }
        assert_eq!(Position::from_nanodegrees(i64::MAX, 0), None);
    }
}

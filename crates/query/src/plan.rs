//! The access path of a selection: which entities must be looked at, at most.

use std::fmt;

use geo::BoundingRect;
use geo_types::Geometry;
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::q::{Operand, Operator, Q};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Name, Uri};

use crate::Selection;

/// Where to look. Every entity that the selection takes is among those that the path leads to; visited in order
/// of creation, each once.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// These identifiers.
    ByIds(Vec<Uri>),
    /// Entities with an instance of this GeoProperty whose bounding box meets `bbox`.
    ByGeo {
        /// With one of these types; empty: any.
        types: Vec<Name>,
        /// The GeoProperty, as a rule `location`.
        property: Name,
        /// The box.
        bbox: Bbox,
    },
    /// Entities with one of these types.
    ByType(Vec<Name>),
    /// Entities with one of these attributes.
    ByAttribute(Vec<Name>),
    /// Entities with a number in this range in an attribute, and those with several numbers in it, in whatever range:
    /// in several data sets, or in an array. Whether that is a shorter path than another only those
    /// know who can count.
    ByNumber {
        /// The attribute.
        attribute: Name,
        /// The least number.
        low: f64,
        /// The greatest; both belong to the range.
        high: f64,
    },
    /// Every entity.
    Scan,
}

impl Plan {
    /// The narrowest path that the selection allows.
    pub fn of(selection: &Selection) -> Self {
        if !selection.ids.is_empty() {
            return Self::ByIds(selection.ids.clone());
        }
        let types = selection.types.as_ref().and_then(needed_types);
        if let Some(query) = &selection.geo
            && let Some(bbox) = Bbox::of_query(query)
        {
            return Self::ByGeo {
                types: types.unwrap_or_default(),
                property: query.property.clone(),
                bbox,
            };
        }
        if let Some(types) = types {
            return Self::ByType(types);
        }
        if !selection.attributes.is_empty() {
            return Self::ByAttribute(selection.attributes.clone());
        }
        match selection.q.as_ref().and_then(needed_attributes) {
            Some(attributes) => Self::ByAttribute(attributes),
            None => Self::Scan,
        }
    }

    /// Other paths that may be shorter, for those who can count how many entities each leads to. All of them hold what
    /// the selection takes.
    pub fn alternatives(selection: &Selection) -> Vec<Self> {
        let mut paths = Vec::new();
        if !selection.ids.is_empty() {
            return paths;
        }
        if let Some(q) = &selection.q {
            paths.extend(numbers(q));
            for needed in conjuncts(q)
                .iter()
                .filter_map(needed_attributes)
                .map(Self::ByAttribute)
            {
                if !paths.contains(&needed) {
                    paths.push(needed);
                }
            }
        }
        if !selection.attributes.is_empty() {
            paths.push(Self::ByAttribute(selection.attributes.clone()));
        }
        paths.extend(selection.types.as_ref().and_then(needed_types).map(Self::ByType));
        paths
    }

    /// Whether the path alone decides: every entity it leads to is selected.
    pub fn is_exact(&self, selection: &Selection) -> bool {
        let mut rest = selection.clone();
        match self {
            Self::ByIds(_) => rest.ids = Vec::new(),
            Self::ByType(_) if selection.types.as_ref().is_some_and(is_plain) => rest.types = None,
            Self::ByAttribute(_) if !selection.attributes.is_empty() => rest.attributes = Vec::new(),
            Self::Scan => {}
            Self::ByType(_) | Self::ByAttribute(_) | Self::ByGeo { .. } | Self::ByNumber { .. } => {
                return false;
            }
        }
        rest.is_everything()
    }
}

/// Types of which every selected entity has at least one; `None`: no such list.
fn needed_types(selection: &TypeSelection) -> Option<Vec<Name>> {
    match selection {
        TypeSelection::Type(name) => Some(vec![name.clone()]),
        TypeSelection::Or(parts) => union(parts.iter().map(needed_types)),
        TypeSelection::And(parts) => parts.iter().filter_map(needed_types).min_by_key(Vec::len),
    }
}

/// Attributes of which every selected entity has at least one.
fn needed_attributes(q: &Q) -> Option<Vec<Name>> {
    match q {
        Q::Exists(path)
        | Q::Compare(path, ..)
        | Q::Linked {
            relationship: path, ..
        } => {
            // An entity has these without an attribute.
            let own = |name: &&Name| {
                matches!(
                    name.as_str().strip_prefix(NGSI_LD),
                    Some("createdAt" | "modifiedAt" | "expiresAt")
                )
            };
            path.attributes
                .first()
                .filter(|name| !own(name))
                .map(|name| vec![name.clone()])
        }
        Q::Or(parts) => union(parts.iter().map(needed_attributes)),
        Q::And(parts) => parts.iter().filter_map(needed_attributes).min_by_key(Vec::len),
    }
}

/// What must all hold.
fn conjuncts(q: &Q) -> &[Q] {
    match q {
        Q::And(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// The ranges that a number of every selected entity lies in, one for each attribute. One number lies in all ranges
/// that are asked for at once; of several, each may lie in another.
fn numbers(q: &Q) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for (attribute, from, to) in conjuncts(q).iter().filter_map(range_of) {
        let known = plans.iter_mut().find_map(|plan| match plan {
            Plan::ByNumber {
                attribute: known,
                low,
                high,
            } if known == attribute => Some((low, high)),
            _ => None,
        });
        match known {
            Some((low, high)) => (*low, *high) = (low.max(from), high.min(to)),
            None => plans.push(Plan::ByNumber {
                attribute: attribute.clone(),
                low: from,
                high: to,
            }),
        }
    }
    plans
}

/// The range that one comparison with numbers asks for.
fn range_of(term: &Q) -> Option<(&Name, f64, f64)> {
    let Q::Compare(path, operator, operands) = term else {
        return None;
    };
    let ([attribute], []) = (&*path.attributes, &*path.members) else {
        return None;
    };
    let number = |operand: &Operand| match operand {
        Operand::Number(number) => Some((*number, *number)),
        Operand::Range(from, to) => match (&**from, &**to) {
            (Operand::Number(from), Operand::Number(to)) => Some((*from, *to)),
            _ => None,
        },
        _ => None,
    };
    let ends = operands.iter().map(number).collect::<Option<Vec<_>>>()?;
    let low = ends.iter().map(|(low, _)| *low).fold(f64::INFINITY, f64::min);
    let high = ends
        .iter()
        .map(|(_, high)| *high)
        .fold(f64::NEG_INFINITY, f64::max);
    match operator {
        Operator::Equal => Some((attribute, low, high)),
        Operator::Greater | Operator::GreaterOrEqual => Some((attribute, low, f64::INFINITY)),
        Operator::Less | Operator::LessOrEqual => Some((attribute, f64::NEG_INFINITY, high)),
        Operator::NotEqual | Operator::Matches | Operator::NotMatches => None,
    }
}

fn union(lists: impl Iterator<Item = Option<Vec<Name>>>) -> Option<Vec<Name>> {
    let mut all: Vec<Name> = Vec::new();
    for list in lists {
        for name in list? {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    Some(all)
}

fn is_plain(selection: &TypeSelection) -> bool {
    match selection {
        TypeSelection::Type(_) => true,
        TypeSelection::Or(parts) => parts.iter().all(|part| matches!(part, TypeSelection::Type(_))),
        TypeSelection::And(_) => false,
    }
}

/// A box in degrees of longitude and latitude; never across the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Bbox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Bbox {
    /// The bounding box of a geometry; `None` of an empty one.
    pub fn of(geometry: &Geometry<f64>) -> Option<Self> {
        let rect = geometry.bounding_rect()?;
        Some(Self {
            west: rect.min().x,
            south: rect.min().y,
            east: rect.max().x,
            north: rect.max().y,
        })
    }

    /// A box that every geometry which satisfies the query meets; `None` where there is no bound.
    pub fn of_query(query: &GeoQuery) -> Option<Self> {
        let reference = Self::of(&query.geometry)?;
        match query.relation {
            GeoRelation::Near {
                max_distance_m: Some(distance_m),
                ..
            } => Some(reference.widened_m(distance_m)),
            GeoRelation::Near {
                max_distance_m: None, ..
            }
            | GeoRelation::Disjoint => None,
            GeoRelation::Within
            | GeoRelation::Contains
            | GeoRelation::Intersects
            | GeoRelation::Equals
            | GeoRelation::Overlaps => Some(reference),
        }
    }

    /// Whether two boxes have a point in common.
    pub fn intersects(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }

    /// A box that holds everything within so many metres of this one, never too small: all longitudes where a pole
    /// or the antimeridian is reached.
    #[must_use]
    pub fn widened_m(&self, distance_m: f64) -> Self {
        // WGS 84: a degree of latitude has at least 110 574 m, the least radius of curvature is 6 335 439 m. The
        // angle that a distance spans is greatest there, and a circle at latitude φ reaches asin(sin δ / cos φ) of
        // longitude to either side. 1 % more covers the difference between sphere and ellipsoid.
        let degrees = distance_m / 110_500.0 * 1.01 + 1e-9;
        let (south, north) = (self.south - degrees, self.north + degrees);
        let angle = distance_m / 6_335_000.0;
        let sine = angle.sin() / self.south.abs().max(self.north.abs()).to_radians().cos();
        let aside = if angle < std::f64::consts::FRAC_PI_2 && (0.0..1.0).contains(&sine) {
            sine.asin().to_degrees() * 1.01 + 1e-9
        } else {
            360.0
        };
        let (west, east) = (self.west - aside, self.east + aside);
        let everywhere = south <= -90.0 || north >= 90.0 || west <= -180.0 || east >= 180.0;
        let (west, east) = if everywhere { (-180.0, 180.0) } else { (west, east) };
        Self {
            west,
            south: south.max(-90.0),
            east,
            north: north.min(90.0),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[Name]| names.iter().map(Name::short).collect::<Vec<_>>().join(", ");
        match self {
            Self::ByIds(ids) => write!(f, "by id, {} given", ids.len()),
            Self::ByGeo {
                types,
                property,
                bbox,
            } if types.is_empty() => write!(f, "by {} in {bbox}", property.short()),
            Self::ByGeo {
                types,
                property,
                bbox,
            } => {
                write!(f, "by {} in {bbox} of type {}", property.short(), names(types))
            }
            Self::ByType(types) => write!(f, "by type {}", names(types)),
            Self::ByAttribute(attributes) => write!(f, "by attribute {}", names(attributes)),
            Self::ByNumber { attribute, low, high } => {
                write!(f, "by number {} in [{low}, {high}]", attribute.short())
            }
            Self::Scan => f.write_str("every entity"),
        }
    }
}

impl fmt::Display for Bbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{:.6}, {:.6}, {:.6}, {:.6}]",
            self.west, self.south, self.east, self.north
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::line_measures::{Destination, Geodesic};
    use geo_types::Point;
    use ngsi_ld::query::q::Path;
    use proptest::prelude::*;

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    #[test]
    fn paths() {
        let a = TypeSelection::Type(name("A"));
        let b = TypeSelection::Type(name("B"));
        let or = TypeSelection::Or(vec![a.clone(), b.clone()]);
        let exists = |term: &str| {
            Q::Exists(Path {
                attributes: vec![name(term)],
                members: vec![],
            })
        };
        let created = Q::Exists(Path {
            attributes: vec![Name::from_iri(format!("{NGSI_LD}createdAt"))],
            members: vec![],
        });
        let geo = GeoQuery::parse("near;maxDistance==1000", "Point", "[0,0]", None).unwrap();
        let far = GeoQuery::parse("near;minDistance==1000", "Point", "[0,0]", None).unwrap();
        let any = Selection::default;
        let check = |selection: Selection, printed: &str, exact: bool| {
            let plan = Plan::of(&selection);
            assert_eq!(
                (plan.to_string(), plan.is_exact(&selection)),
                (printed.to_owned(), exact)
            );
        };
        check(any(), "every entity", true);
        check(
            Selection {
                ids: vec![Uri::ngsi_ld("A", "1")],
                ..any()
            },
            "by id, 1 given",
            true,
        );
        check(
            Selection {
                ids: vec![Uri::ngsi_ld("A", "1")],
                types: Some(a.clone()),
                ..any()
            },
            "by id, 1 given",
            false,
        );
        check(Selection::of_type(name("A")), "by type A", true);
        check(
            Selection {
                types: Some(or.clone()),
                ..any()
            },
            "by type A, B",
            true,
        );
        let and = TypeSelection::And(vec![or, b]);
        check(
            Selection {
                types: Some(and),
                ..any()
            },
            "by type B",
            false,
        );
        check(
            Selection {
                types: Some(TypeSelection::And(vec![])),
                ..any()
            },
            "every entity",
            false,
        );
        check(
            Selection {
                attributes: vec![name("x")],
                ..any()
            },
            "by attribute x",
            true,
        );
        check(
            Selection {
                q: Some(exists("x")),
                ..any()
            },
            "by attribute x",
            false,
        );
        check(
            Selection {
                q: Some(Q::Or(vec![exists("x"), exists("y")])),
                ..any()
            },
            "by attribute x, y",
            false,
        );
        check(
            Selection {
                q: Some(Q::Or(vec![exists("x"), created.clone()])),
                ..any()
            },
            "every entity",
            false,
        );
        check(
            Selection {
                q: Some(Q::And(vec![exists("x"), created])),
                ..any()
            },
            "by attribute x",
            false,
        );
        check(
            Selection {
                geo: Some(far),
                ..any()
            },
            "every entity",
            false,
        );
        check(
            Selection {
                geo: Some(geo),
                types: Some(a),
                ..any()
            },
            "by location in [-0.009135, -0.009140, 0.009135, 0.009140] of type A",
            false,
        );
    }

    #[test]
    fn paths_by_number() {
        use ngsi_ld::context::Context;
        for (q, expected) in [
            ("a>5", "by number a in [5, inf]; by attribute a"),
            ("a<=5", "by number a in [-inf, 5]; by attribute a"),
            ("a==1..5", "by number a in [1, 5]; by attribute a"),
            ("a==7,3,5", "by number a in [3, 7]; by attribute a"),
            ("a>=1;a<5", "by number a in [1, 5]; by attribute a"),
            (
                "a>=1;b==2",
                "by number a in [1, inf]; by number b in [2, 2]; by attribute a; by attribute b",
            ),
            ("a!=5", "by attribute a"),
            ("a==5,\"x\"", "by attribute a"),
            ("a.b>5", "by attribute a"),
            ("a[b]>5", "by attribute a"),
            ("a>\"x\"", "by attribute a"),
            ("a>5|a<1", "by attribute a"),
            ("a{b}>5", "by attribute a"),
        ] {
            let selection = Selection {
                q: Some(Q::parse(q, Context::core()).unwrap()),
                ..Selection::default()
            };
            let paths = Plan::alternatives(&selection);
            let printed: Vec<_> = paths.iter().map(ToString::to_string).collect();
            assert_eq!(printed.join("; "), expected, "{q}");
            assert!(paths.iter().all(|path| !path.is_exact(&selection)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_widened_box_holds_everything_within_reach(
            lon in -180.0..=180.0, lat in prop_oneof![-90.0..=90.0, 89.0..=90.0, -90.0..=-89.0],
            distance in prop_oneof![0.001..100.0, 100.0..100_000.0, 1e5..2.2e7],
            share in 0.0..=1.0, bearing in 0.0..360.0,
        ) {
            let start = Point::new(lon, lat);
            let bbox = Bbox::of(&start.into()).unwrap().widened_m(distance);
            let end = Geodesic.destination(start, bearing, distance * share);
            let x = (end.x() + 540.0).rem_euclid(360.0) - 180.0;
            let end = Bbox { west: x, east: x, south: end.y(), north: end.y() };
            prop_assert!(bbox.intersects(&end), "{bbox} {end}");
        }
    }
}

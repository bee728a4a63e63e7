//! Entity ordering (4.23).

use std::fmt;

use geo_types::Geometry;
use serde_json::Value as Json;

use super::cursor::Cursor;
use super::geo::{MAX_COORDINATES_LENGTH, reference_geometry};
use super::q::Path;
use super::q_parser;
use crate::context::Context;
use crate::error::Error;
use crate::name::NGSI_LD;

/// The most members that one ordering has.
pub const MAX_ORDER_TERMS: usize = 16;

/// An ordering: the first term decides, the next where it leaves two entities equal.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// At least one.
    pub terms: Vec<OrderTerm>,
    /// The collation of strings, a language tag of RFC 6067 as it was sent; `None`: the root collation.
    pub collation: Option<String>,
    /// Where distances are measured from; always there when a term asks for distances.
    pub from: Option<Geometry<f64>>,
}

/// One member to order by.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTerm {
    /// Which.
    pub key: OrderKey,
    /// Which way.
    pub direction: Direction,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OrderKey {
    Id,
    Type,
    Scope,
    /// An attribute, a sub-attribute, a member inside its value, or a time of the entity (`createdAt`).
    Attribute(Path),
}

/// `asc`, `desc`, `dist-asc`, `dist-desc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Direction {
    Ascending,
    Descending,
    NearestFirst,
    FarthestFirst,
}

impl Direction {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
            Self::NearestFirst => "dist-asc",
            Self::FarthestFirst => "dist-desc",
        }
    }

    /// Whether distances are asked for.
    pub fn is_distance(self) -> bool {
        matches!(self, Self::NearestFirst | Self::FarthestFirst)
    }
}

impl OrderBy {
    /// From the parameters `orderBy`, `collation`, `orderFrom` (coordinates as JSON) and `orderGeometry` (a Point
    /// unless given). Names are expanded by `context`. What the collation says is not looked at here.
    pub fn parse(
        order_by: &str,
        collation: Option<&str>,
        order_from: Option<&str>,
        order_geometry: Option<&str>,
        context: &Context,
    ) -> Result<Self, Error> {
        let coordinates = match order_from {
            None => None,
            Some(text) if text.len() > MAX_COORDINATES_LENGTH => {
                return Err(Error::bad_data(format!(
                    "`orderFrom` has {} bytes, at most {MAX_COORDINATES_LENGTH} are accepted: simplify the geometry",
                    text.len()
                )));
            }
            Some(text) => Some(serde_json::from_str::<Json>(text).map_err(|error| {
                Error::bad_data(format!(
                    "`orderFrom` is not JSON ({error}); an example: `[36.82,-1.29]`"
                ))
            })?),
        };
        Self::new(
            terms(order_by, context)?,
            collation,
            coordinates.as_ref(),
            order_geometry,
        )
    }

    /// From the OrderingParams (5.2.43) of a query by POST.
    pub fn from_json(ordering: &Json, context: &Context) -> Result<Self, Error> {
        let Some(object) = ordering.as_object() else {
            return Err(Error::bad_data("`ordering` is an object with `orderBy` (5.2.43)"));
        };
        let text = |name: &str| match object.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Error::bad_data(format!("`ordering/{name}` is a string"))),
        };
        let members = match object.get("orderBy") {
            Some(Json::Array(items)) if !items.is_empty() => items,
            _ => {
                return Err(Error::bad_data(
                    "`ordering/orderBy` is an array of at least one member to order by",
                ));
            }
        };
        let mut all = Vec::new();
        for member in members {
            let Json::String(member) = member else {
                return Err(Error::bad_data("`ordering/orderBy` is an array of strings"));
            };
            all.extend(terms(member, context)?);
        }
        let coordinates = match object.get("coordinates") {
            None => None,
            Some(coordinates @ Json::Array(_)) => Some(coordinates),
            Some(_) => {
                return Err(Error::bad_data(
                    "`ordering/coordinates` is an array, such as [36.82, -1.29]",
                ));
            }
        };
        Self::new(all, text("collation")?, coordinates, text("geometry")?)
    }

    fn new(
        terms: Vec<OrderTerm>,
        collation: Option<&str>,
        coordinates: Option<&Json>,
        geometry: Option<&str>,
    ) -> Result<Self, Error> {
        if terms.len() > MAX_ORDER_TERMS {
            return Err(Error::too_complex(format!(
                "an ordering has at most {MAX_ORDER_TERMS} members, this one has {}",
                terms.len()
            )));
        }
        let from = match (coordinates, geometry) {
            (Some(coordinates), geometry) => {
                let geometry = reference_geometry(geometry.unwrap_or("Point"), coordinates);
                Some(geometry.map_err(|error| Error {
                    detail: format!("the geometry that distances are measured from: {}", error.detail),
                    ..error
                })?)
            }
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Error::bad_data(
                    "`orderGeometry` is the kind of `orderFrom`, which is missing",
                ));
            }
        };
        if from.is_none() && terms.iter().any(|term| term.direction.is_distance()) {
            return Err(Error::bad_data(
                "ordering by distance needs `orderFrom`, the coordinates to measure from, such as `[36.82,-1.29]`",
            ));
        }
        Ok(Self {
            terms,
            collation: collation.map(str::to_owned),
            from,
        })
    }

    /// Whether it looks at ids alone: all that a temporal query may order by (5.7.4.4).
    pub fn is_by_id(&self) -> bool {
        self.terms.iter().all(|term| term.key == OrderKey::Id)
    }
}

fn terms(text: &str, context: &Context) -> Result<Vec<OrderTerm>, Error> {
    let mut cursor = Cursor::new("orderBy", "name,temperature.observedAt;desc", text)?;
    let mut terms = Vec::new();
    loop {
        cursor.skip_spaces();
        cursor.count_term()?;
        terms.push(term(&mut cursor, context)?);
        cursor.skip_spaces();
        if cursor.at_end() {
            return Ok(terms);
        }
        if !cursor.eat(",") {
            return Err(cursor.expected("`,`, or `;` and a direction, or the end"));
        }
    }
}

fn term(cursor: &mut Cursor<'_>, context: &Context) -> Result<OrderTerm, Error> {
    let start = cursor.mark();
    let path = q_parser::path(cursor, context)?;
    let key = match &*path.attributes {
        [own] if own.as_str() == "@id" => OrderKey::Id,
        [own] if own.as_str() == "@type" => OrderKey::Type,
        [own] if own.as_str().strip_prefix(NGSI_LD) == Some("scope") => OrderKey::Scope,
        _ => OrderKey::Attribute(path.clone()),
    };
    let own = !matches!(key, OrderKey::Attribute(_));
    if own && !path.members.is_empty() {
        return Err(cursor.expected_at(start, "a member of the entity without brackets"));
    }
    cursor.skip_spaces();
    let mut direction = Direction::Ascending;
    if cursor.eat(";") {
        cursor.skip_spaces();
        let at = cursor.mark();
        direction = match cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '-') {
            "asc" => Direction::Ascending,
            "desc" => Direction::Descending,
            "dist-asc" => Direction::NearestFirst,
            "dist-desc" => Direction::FarthestFirst,
            _ => return Err(cursor.expected_at(at, "asc, desc, dist-asc or dist-desc")),
        };
        if direction.is_distance() && (own || !path.members.is_empty()) {
            return Err(cursor.expected_at(start, "the name of a GeoProperty, for a distance"));
        }
    }
    Ok(OrderTerm { key, direction })
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            match &term.key {
                OrderKey::Id => f.write_str("id")?,
                OrderKey::Type => f.write_str("type")?,
                OrderKey::Scope => f.write_str("scope")?,
                OrderKey::Attribute(path) => write!(f, "{path}")?,
            }
            write!(f, ";{}", term.direction.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use geo_types::point;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<OrderBy, Error> {
        OrderBy::parse(text, None, Some("[8,40]"), None, Context::core())
    }

    fn attribute(attributes: &[&str], members: &[&str]) -> OrderKey {
        OrderKey::Attribute(Path {
            attributes: attributes
                .iter()
                .map(|term| Context::core().expand(term))
                .collect(),
            members: members.iter().map(|&member| member.to_owned()).collect(),
        })
    }

    #[test]
    fn clause_4_23_3_examples() {
        use Direction::{Ascending, Descending, FarthestFirst, NearestFirst};
        for (text, expected) in [
            ("name", vec![(attribute(&["name"], &[]), Ascending)]),
            (
                "name,age",
                vec![
                    (attribute(&["name"], &[]), Ascending),
                    (attribute(&["age"], &[]), Ascending),
                ],
            ),
            (
                "name, age;desc",
                vec![
                    (attribute(&["name"], &[]), Ascending),
                    (attribute(&["age"], &[]), Descending),
                ],
            ),
            (
                "address[city]",
                vec![(attribute(&["address"], &["city"]), Ascending)],
            ),
            (
                "name.observedAt;asc",
                vec![(attribute(&["name", "observedAt"], &[]), Ascending)],
            ),
            (
                "location;dist-asc",
                vec![(attribute(&["location"], &[]), NearestFirst)],
            ),
            (
                "location;dist-desc",
                vec![(attribute(&["location"], &[]), FarthestFirst)],
            ),
            (
                "type;desc,scope,id,modifiedAt;desc",
                vec![
                    (OrderKey::Type, Descending),
                    (OrderKey::Scope, Ascending),
                    (OrderKey::Id, Ascending),
                    (attribute(&["modifiedAt"], &[]), Descending),
                ],
            ),
        ] {
            let order = parse(text).unwrap();
            let found: Vec<_> = order
                .terms
                .iter()
                .map(|term| (term.key.clone(), term.direction))
                .collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(order.from, Some(point! { x: 8.0, y: 40.0 }.into()));
            assert_eq!(parse(&order.to_string()).unwrap(), order, "{order}");
        }
        let line = OrderBy::parse(
            "location;dist-asc",
            None,
            Some("[[8,40],[9,42],[9,45],[8,40]]"),
            Some("LineString"),
            Context::core(),
        );
        assert!(matches!(line.unwrap().from, Some(Geometry::LineString(_))));
        assert!(parse("id,id;desc").unwrap().is_by_id());
        assert!(!parse("id,name").unwrap().is_by_id());
    }

    #[test]
    fn clause_5_2_43_ordering_params() {
        let ordering = json!({
            "orderBy": ["name;desc", "location;dist-asc"], "collation": "de",
            "coordinates": [[8, 40], [9, 42]], "geometry": "LineString",
        });
        let order = OrderBy::from_json(&ordering, Context::core()).unwrap();
        assert_eq!(order.terms.len(), 2);
        assert_eq!(order.collation.as_deref(), Some("de"));
        for bad in [
            json!([]),
            json!({}),
            json!({"orderBy": []}),
            json!({"orderBy": "name"}),
            json!({"orderBy": [1]}),
            json!({"orderBy": ["location;dist-asc"]}),
            json!({"orderBy": ["id"], "geometry": 5}),
            json!({"orderBy": ["id"], "geometry": "Point"}),
            json!({"orderBy": ["id"], "coordinates": "8,40"}),
            json!({"orderBy": ["id"], "coordinates": [8, 140]}),
            json!({"orderBy": ["id"], "coordinates": [], "geometry": "GeometryCollection"}),
            json!({"orderBy": ["id"], "collation": 1}),
        ] {
            let error = OrderBy::from_json(&bad, Context::core()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadRequestData, "{bad}");
        }
    }

    #[test]
    fn what_is_not_an_ordering_is_refused() {
        for (bad, says) in [
            ("", "expected a term"),
            (",", "character 1"),
            ("a,", "character 3"),
            ("a;", "asc, desc"),
            ("a;up", "asc, desc"),
            ("a;asc;desc", "`,`"),
            ("a b", "character 3"),
            ("id;dist-asc", "GeoProperty"),
            ("a[x];dist-asc", "GeoProperty"),
            ("id[x]", "without brackets"),
            ("a{b}", "character 2"),
            ("a==1", "character 2"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.detail.contains(says), "{bad}: {error}");
            assert_eq!(error.kind, ErrorKind::BadRequestData, "{bad}");
        }
        let many = vec!["a"; MAX_ORDER_TERMS + 1].join(",");
        assert_eq!(parse(&many).unwrap_err().kind, ErrorKind::TooComplexQuery);
        let without = |from, geometry| OrderBy::parse("a;dist-asc", None, from, geometry, Context::core());
        assert!(without(None, None).is_err());
        assert!(without(Some("8,40"), None).is_err());
        assert!(without(Some("[8,40]"), Some("LineString")).is_err());
        assert!(without(Some("[8,40]"), Some("Blob")).is_err());
        assert!(without(None, Some("Point")).is_err());
        assert!(without(Some("[8,40]"), Some("Point")).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z,;.\\[\\]{}<>\"é -]{0,30}") {
            if let Ok(order) = parse(&text) {
                prop_assert_eq!(parse(&order.to_string()).unwrap(), order);
            }
        }
    }
}

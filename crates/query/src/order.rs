//! What an ordering means (4.23): how two entities stand to each other.

use std::cmp::Ordering;
use std::sync::Arc;

use geo_types::Geometry;
use jiff::civil::{Date, Time};
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::order::{Direction, OrderBy, OrderKey};
use ngsi_ld::query::q::{Path, is_system};
use ngsi_ld::{Attribute, Entity, Error, Name, PropertyValue, Timestamp, Value};
use serde_json::Value as Json;

use crate::collation::Collation;
use crate::distance::haversine_m;
use crate::target::{self, Scalar, Target};

/// An ordering made ready for many entities.
#[derive(Clone, Debug)]
pub struct Sorter {
    pub(crate) terms: Vec<(OrderKey, Direction)>,
    from: Option<Geometry<f64>>,
    pub(crate) collation: Arc<Collation>,
    /// The name of the collation, as it was asked for.
    pub(crate) tag: Option<String>,
}

/// What an ordering looks at in one entity; compared by [`Sorter::compare`].
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey(pub(crate) Box<[Rank]>);

/// A value among values of all types. The order of the variants is that of 4.23.2.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rank {
    /// Metres to a GeoProperty; before anything else where distances are asked for.
    Distance(f64),
    Number(f64),
    Text(Box<str>),
    Object(Box<str>),
    Array(Box<[Rank]>),
    Boolean(bool),
    Time(Time),
    Date(Date),
    DateTime(Timestamp),
    Null,
    Absent,
}

impl Sorter {
    /// Fails on a collation that does not exist.
    pub fn new(order: &OrderBy) -> Result<Self, Error> {
        Ok(Self {
            terms: order
                .terms
                .iter()
                .map(|term| (term.key.clone(), term.direction))
                .collect(),
            from: order.from.clone(),
            collation: Arc::new(Collation::new(order.collation.as_deref())?),
            tag: order.collation.clone(),
        })
    }

    /// What is looked at in an entity. What the caller may not see must have been taken away before
    /// ([`crate::View::of`]).
    pub fn key(&self, entity: &Entity) -> SortKey {
        SortKey(
            self.terms
                .iter()
                .map(|(key, direction)| self.rank(entity, key, *direction))
                .collect(),
        )
    }

    /// Which of two comes first. Where nothing tells them apart they are equal, and keep the order in which they
    /// were made. A descending order turns round the values of one type; the types keep theirs, with null and what
    /// does not exist last (4.23.2).
    pub fn compare(&self, a: &SortKey, b: &SortKey) -> Ordering {
        for (((_, direction), a), b) in self.terms.iter().zip(&a.0).zip(&b.0) {
            let turned = match direction {
                Direction::Ascending | Direction::NearestFirst => false,
                Direction::Descending => true,
                // What has no distance is sorted by value "as shown above".
                Direction::FarthestFirst => matches!((a, b), (Rank::Distance(_), Rank::Distance(_))),
            };
            let order = match a.type_order().cmp(&b.type_order()) {
                Ordering::Equal if turned => self.values(b, a),
                Ordering::Equal => self.values(a, b),
                types => types,
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    /// The attribute whose value decides first, and whether the greatest comes first; `None` where something else
    /// decides.
    pub fn leading_attribute(&self) -> Option<(&Name, bool)> {
        let (OrderKey::Attribute(path), direction) = self.terms.first()? else {
            return None;
        };
        match (&*path.attributes, &*path.members, direction) {
            ([name], [], Direction::Ascending) => Some((name, false)),
            ([name], [], Direction::Descending) => Some((name, true)),
            _ => None,
        }
    }

    /// The GeoProperty of which the nearest comes first, and what distances are measured from; `None` where something else
    /// decides first.
    pub fn nearest(&self) -> Option<(&Name, &Geometry<f64>)> {
        self.by_distance(Direction::NearestFirst)
    }

    /// The same where the farthest comes first.
    pub fn farthest(&self) -> Option<(&Name, &Geometry<f64>)> {
        self.by_distance(Direction::FarthestFirst)
    }

    fn by_distance(&self, wanted: Direction) -> Option<(&Name, &Geometry<f64>)> {
        let (OrderKey::Attribute(path), direction) = self.terms.first()? else {
            return None;
        };
        if *direction != wanted {
            return None;
        }
        match (&*path.attributes, &*path.members) {
            // What every entity has of itself is nowhere.
            ([name], []) if !is_system(name) => Some((name, self.from.as_ref()?)),
            _ => None,
        }
    }

    /// The distance that decides first, in metres; `None` of what has none.
    pub fn distance(&self, key: &SortKey) -> Option<f64> {
        match key.0.first() {
            Some(Rank::Distance(metres)) => Some(*metres),
            _ => None,
        }
    }

    /// Whether texts are in the order of [`crate::compare_texts`], which tells more of them apart.
    pub fn has_root_collation(&self) -> bool {
        self.collation.is_root()
    }

    /// Whether the first value decides alone.
    pub fn has_one_term(&self) -> bool {
        self.terms.len() == 1
    }

    /// Whether an entity with this number in its leading attribute, or with one further on, comes after another.
    pub fn is_before_number(&self, key: &SortKey, number: f64) -> bool {
        self.is_before(key, &Rank::Number(number))
    }

    /// The same of a text.
    pub fn is_before_text(&self, key: &SortKey, text: &str) -> bool {
        self.is_before(key, &Rank::text(text))
    }

    /// Whether every entity with this number in its leading attribute is equal to another.
    pub fn is_at_number(&self, key: &SortKey, number: f64) -> bool {
        // An index makes no difference between the two zeros, of which one is before the other.
        self.has_one_term()
            && number != 0.0
            && matches!(key.0.first(), Some(Rank::Number(first)) if first.total_cmp(&number).is_eq())
    }

    /// The same of a text.
    pub fn is_at_text(&self, key: &SortKey, text: &str) -> bool {
        self.has_one_term()
            && matches!(key.0.first(), Some(Rank::Text(first)) if self.collation.compare(first, text).is_eq())
    }

    fn is_before(&self, key: &SortKey, value: &Rank) -> bool {
        let Some(first) = key.0.first() else {
            return false;
        };
        let descending = self.leading_attribute().is_some_and(|(_, descending)| descending);
        match (first, value) {
            // An index makes no difference between the two zeros.
            (Rank::Number(first), Rank::Number(number)) if descending => first > number,
            (Rank::Number(first), Rank::Number(number)) => first < number,
            (Rank::Text(_), Rank::Text(_)) if descending => self.values(value, first).is_lt(),
            (Rank::Text(_), Rank::Text(_)) => self.values(first, value).is_lt(),
            _ => first.type_order() < value.type_order(),
        }
    }

    /// Whether the leading attribute of an entity holds a number.
    pub fn leads_with_number(&self, key: &SortKey) -> bool {
        matches!(key.0.first(), Some(Rank::Number(_)))
    }

    /// Whether it holds a number or a text.
    pub fn leads_with_number_or_text(&self, key: &SortKey) -> bool {
        matches!(key.0.first(), Some(Rank::Number(_) | Rank::Text(_)))
    }

    /// Whether there is one.
    pub fn leads_with_something(&self, key: &SortKey) -> bool {
        !matches!(key.0.first(), None | Some(Rank::Absent))
    }

    fn values(&self, a: &Rank, b: &Rank) -> Ordering {
        match (a, b) {
            (Rank::Distance(a), Rank::Distance(b)) | (Rank::Number(a), Rank::Number(b)) => a.total_cmp(b),
            (Rank::Text(a), Rank::Text(b)) => self.collation.compare(a, b),
            (Rank::Object(a), Rank::Object(b)) => a.cmp(b),
            (Rank::Array(a), Rank::Array(b)) => {
                let pairs = a.iter().zip(b);
                pairs
                    .map(|(a, b)| {
                        a.type_order()
                            .cmp(&b.type_order())
                            .then_with(|| self.values(a, b))
                    })
                    .find(|order| order.is_ne())
                    .unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Rank::Boolean(a), Rank::Boolean(b)) => a.cmp(b),
            (Rank::Time(a), Rank::Time(b)) => a.cmp(b),
            (Rank::Date(a), Rank::Date(b)) => a.cmp(b),
            (Rank::DateTime(a), Rank::DateTime(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }

    fn rank(&self, entity: &Entity, key: &OrderKey, direction: Direction) -> Rank {
        let path = match key {
            OrderKey::Id => return Rank::text(entity.id.as_str()),
            OrderKey::Type => return Rank::texts(entity.types.iter().map(Name::as_str)),
            OrderKey::Scope => return Rank::texts(entity.scope.iter().map(|scope| &**scope)),
            OrderKey::Attribute(path) => path,
        };
        let Some((name, below)) = path.attributes.split_first() else {
            return Rank::Absent;
        };
        let Some(mut attribute) = entity.get(name.as_str()) else {
            return own_time(entity, path).map_or(Rank::Absent, Rank::DateTime);
        };
        for (index, name) in below.iter().enumerate() {
            if index + 1 == below.len()
                && path.members.is_empty()
                && let Some(member) = name.as_str().strip_prefix(NGSI_LD)
                && let Some(Target::One(scalar)) = target::core_target(attribute, member)
            {
                return Rank::of_scalar(scalar);
            }
            match attribute.get(name.as_str()) {
                Some(sub_attribute) => attribute = sub_attribute,
                None => return Rank::Absent,
            }
        }
        if let (true, Some(from), Value::Geo(geo)) = (direction.is_distance(), &self.from, &attribute.value) {
            return Rank::Distance(haversine_m(&geo.geometry, from));
        }
        Rank::of_value(attribute, &path.members)
    }
}

/// `createdAt`, `modifiedAt` and `expiresAt` of the entity itself.
pub(crate) fn own_time(entity: &Entity, path: &Path) -> Option<Timestamp> {
    match (&*path.attributes, &*path.members) {
        ([name], []) => target::entity_time(entity, name.as_str()),
        _ => None,
    }
}

impl Rank {
    pub(crate) fn type_order(&self) -> u8 {
        match self {
            Self::Distance(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Object(_) => 3,
            Self::Array(_) => 4,
            Self::Boolean(_) => 5,
            Self::Time(_) => 6,
            Self::Date(_) => 7,
            Self::DateTime(_) => 8,
            Self::Null => 9,
            Self::Absent => 10,
        }
    }

    fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// One as a string, several as an array, none as nothing.
    fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Vec<Self> = texts.map(Self::text).collect();
        match (texts.pop(), texts.is_empty()) {
            (None, _) => Self::Absent,
            (Some(only), true) => only,
            (Some(last), false) => {
                texts.push(last);
                Self::Array(texts.into())
            }
        }
    }

    fn of_scalar(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Number(number) => Self::Number(number),
            Scalar::Text(text) | Scalar::Iri(text) => Self::text(text),
            Scalar::Boolean(value) => Self::Boolean(value),
            Scalar::DateTime(instant) => Self::DateTime(instant),
            Scalar::Date(date) => Self::Date(date),
            Scalar::Time(time) => Self::Time(time),
        }
    }

    fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Array(items) => Self::Array(items.iter().map(Self::of_json).collect()),
            Json::Object(object) if object.get("@value").is_some_and(Json::is_null) => Self::Null,
            json => match (target::json_scalar(json), json) {
                (Some(scalar), _) => Self::of_scalar(scalar),
                (None, Json::Number(number)) => Self::text(&number.to_string()),
                (None, _) => Self::Object(json.to_string().into()),
            },
        }
    }

    /// The value of an attribute instance, or what its members lead to.
    fn of_value(attribute: &Attribute, members: &[String]) -> Self {
        let inside = |json: &Json| target::member_of(json, members).map_or(Self::Absent, Self::of_json);
        match (&attribute.value, members) {
            (Value::Property(PropertyValue::Text(text)), []) => {
                Self::of_scalar(target::typed(text, target::value_type(attribute)))
            }
            (Value::Property(PropertyValue::Structured(json)) | Value::Json(json), _) => inside(json),
            (Value::Language(texts), []) => texts
                .get("@none")
                .or_else(|| texts.values().next())
                .map_or(Self::Null, Self::of_json),
            (Value::Language(texts), [language]) if language != "*" => texts
                .iter()
                .find(|(tag, _)| tag.eq_ignore_ascii_case(language))
                .map_or(Self::Absent, |(_, json)| Self::of_json(json)),
            (Value::Geo(geo), _) => {
                let json = ngsi_ld::geojson::to_json(geo);
                inside(&json)
            }
            (_, [_, ..]) => Self::Absent,
            (Value::Property(value), []) => Self::of_json(&value.to_json()),
            (Value::Relationship(relationship), []) => match &relationship.object {
                ngsi_ld::value::OneOrMany::One(one) => Self::text(one.as_str()),
                ngsi_ld::value::OneOrMany::Many(many) => {
                    Self::Array(many.iter().map(|uri| Self::text(uri.as_str())).collect())
                }
            },
            (Value::ListRelationship(targets), []) => {
                Self::Array(targets.iter().map(|uri| Self::text(uri.as_str())).collect())
            }
            (Value::Vocab(terms), []) => match terms {
                ngsi_ld::value::OneOrMany::One(one) => Self::text(one.as_str()),
                ngsi_ld::value::OneOrMany::Many(many) => {
                    Self::Array(many.iter().map(|name| Self::text(name.as_str())).collect())
                }
            },
            (Value::List(list), []) => Self::Array(list.iter().map(Self::of_json).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{line_string, point};
    use ngsi_ld::context::Context;
    use ngsi_ld::representation::read_entity;
    use serde_json::json;

    fn entity(number: usize, mut json: Json) -> Entity {
        json["id"] = format!("urn:e:{number}").into();
        json["type"] = "T".into();
        read_entity(&json, Context::core()).unwrap()
    }

    fn sorted(order: &str, from: Option<&str>, entities: &[Entity]) -> String {
        let order = OrderBy::parse(order, None, from, None, Context::core()).unwrap();
        let sorter = Sorter::new(&order).unwrap();
        let mut keys: Vec<_> = entities.iter().map(|e| (sorter.key(e), e.id.local())).collect();
        keys.sort_by(|a, b| sorter.compare(&a.0, &b.0));
        keys.iter().map(|(_, id)| &id[6..]).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn clause_4_23_2_datatypes() {
        let typed = |datatype: &str, text: &str| json!({"a": {"value": {"@type": datatype, "@value": text}}});
        // In the order of the clause, two of each type.
        let rows = [
            json!({"a": -1.5}),
            json!({"a": 10}),
            json!({"a": "a"}),
            json!({"a": "B"}),
            json!({"a": {"value": {"x": 1}}}),
            json!({"a": {"value": {"x": 2}}}),
            json!({"a": {"value": [1, 2]}}),
            json!({"a": {"value": [1, "a"]}}),
            json!({"a": false}),
            json!({"a": true}),
            typed("Time", "11:00:00Z"),
            typed("Time", "12:00:00Z"),
            typed("Date", "2025-12-31"),
            typed("Date", "2026-01-01"),
            typed("DateTime", "2026-01-01T01:00:00+03:00"),
            typed("DateTime", "2026-01-01T00:00:00Z"),
            json!({"a": {"type": "JsonProperty", "json": []}}), // null, which is not read but may be stored
            json!({"b": 1}),
        ];
        let mut entities: Vec<_> = rows
            .into_iter()
            .enumerate()
            .map(|(n, json)| entity(n, json))
            .collect();
        entities[16].attributes[0].value = Value::Json(Box::new(Json::Null));
        entities.reverse();
        assert_eq!(
            sorted("a", None, &entities),
            "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"
        );
        assert_eq!(
            sorted("a;desc", None, &entities),
            "1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 14 16 17"
        );
    }

    #[test]
    fn one_after_the_other() {
        let entities = [
            entity(0, json!({"name": "b", "age": 1})),
            entity(1, json!({"name": "a", "age": 1})),
            entity(2, json!({"name": "a", "age": 3})),
            entity(3, json!({"name": "a", "age": 2})),
            entity(4, json!({"name": "a", "age": 2})),
        ];
        assert_eq!(sorted("name,age;desc", None, &entities), "2 3 4 1 0");
        assert_eq!(sorted("age,name", None, &entities), "1 0 3 4 2");
        assert_eq!(sorted("id;desc", None, &entities), "4 3 2 1 0");
        assert_eq!(sorted("type", None, &entities), "0 1 2 3 4", "equal ones stay");
    }

    #[test]
    fn paths() {
        let entities = [
            entity(
                0,
                json!({"address": {"value": {"city": "Zurich"}}, "x": {"value": 1, "observedAt": "2026-01-02T00:00:00Z", "accuracy": 2}}),
            ),
            entity(
                1,
                json!({"address": {"value": {"city": "Bern"}}, "x": {"value": 1, "observedAt": "2026-01-01T00:00:00Z", "accuracy": 1}}),
            ),
            entity(
                2,
                json!({"address": {"value": {"street": "A"}}, "x": {"value": 1, "accuracy": 0}}),
            ),
        ];
        assert_eq!(sorted("address[city]", None, &entities), "1 0 2");
        assert_eq!(sorted("address[city];desc", None, &entities), "0 1 2");
        assert_eq!(sorted("x.observedAt", None, &entities), "1 0 2");
        assert_eq!(sorted("x.accuracy", None, &entities), "2 1 0");
        assert_eq!(sorted("x.nothing,x.accuracy;desc", None, &entities), "0 1 2");
    }

    #[test]
    fn languages_scopes_and_value_types() {
        let entities = [
            entity(
                0,
                json!({"n": {"type": "LanguageProperty", "languageMap": {"en": "b", "fr": "a"}}, "scope": "/B"}),
            ),
            entity(
                1,
                json!({"n": {"type": "LanguageProperty", "languageMap": {"en": "a", "fr": "b"}}, "scope": ["/A", "/C"]}),
            ),
            entity(2, json!({"n": {"value": "c"}})),
        ];
        assert_eq!(sorted("n[en]", None, &entities), "1 0 2");
        assert_eq!(sorted("n[fr]", None, &entities), "0 1 2");
        assert_eq!(sorted("n", None, &entities), "1 0 2");
        assert_eq!(sorted("scope", None, &entities), "0 1 2");
        let times = [
            entity(
                0,
                json!({"t": {"value": "2026-01-01T00:00:00+05:00", "valueType": "DateTime"}}),
            ),
            entity(
                1,
                json!({"t": {"value": "2025-12-31T18:00:00Z", "valueType": "DateTime"}}),
            ),
            entity(2, json!({"t": {"value": "zzz"}})),
        ];
        assert_eq!(
            sorted("t", None, &times),
            "2 1 0",
            "instants after strings, and by instant"
        );
    }

    #[test]
    fn clause_4_23_1_distance() {
        let at = |n, lon: f64, lat: f64| {
            Entity::new(
                ngsi_ld::Uri::parse(&format!("urn:e:{n}")).unwrap(),
                ngsi_ld::Name::default_term("T"),
            )
            .with(Attribute::geo(
                Context::core().expand("location"),
                point! { x: lon, y: lat },
            ))
        };
        let odd = |n, value: ngsi_ld::PropertyValue| {
            let location = Context::core().expand("location");
            entity(n, json!({})).with(Attribute::property(location, value))
        };
        let line = line_string![(x: 0.0, y: 3.0), (x: 10.0, y: 3.0)];
        let street = Entity::new(
            ngsi_ld::Uri::parse("urn:e:3").unwrap(),
            ngsi_ld::Name::default_term("T"),
        )
        .with(Attribute::geo(Context::core().expand("location"), line));
        let entities = [
            odd(0, "nowhere".into()),
            at(1, 9.0, 0.0),
            at(2, 8.0, 2.0),
            street,
            at(4, -175.0, 0.0),
            entity(5, json!({})),
            odd(6, 7_i64.into()),
        ];
        let order = |direction: &str, from| sorted(&format!("location;{direction}"), Some(from), &entities);
        assert_eq!(order("dist-asc", "[8,0]"), "1 2 3 4 6 0 5");
        assert_eq!(order("dist-desc", "[8,0]"), "4 3 2 1 6 0 5");
        // Across the antimeridian the last one is the nearest.
        assert_eq!(order("dist-asc", "[179,0]"), "4 3 1 2 6 0 5");
    }
}

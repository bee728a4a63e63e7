//! What an attribute can hold: the eight kinds of NGSI-LD (4.5).

use std::sync::{Arc, OnceLock};

use geo_types::Geometry;
use serde_json::Value as Json;

use crate::name::{Name, Uri};

/// The value of an attribute instance, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A Property (4.5.2): any JSON value but null.
    Property(PropertyValue),
    /// A Relationship (4.5.3) to one entity, or to several at once.
    Relationship(Relationship),
    /// A GeoProperty (4.7).
    Geo(Arc<GeoValue>),
    /// A LanguageProperty (4.5.18): text or texts by language tag, in the order given.
    Language(Box<serde_json::Map<String, Json>>),
    /// A JsonProperty (4.5.24): opaque JSON, whose keys are never expanded.
    Json(Box<Json>),
    /// A VocabProperty (4.5.20): terms of a vocabulary, expanded.
    Vocab(Terms),
    /// A ListProperty (4.5.21): an ordered list.
    List(Box<[Json]>),
    /// A ListRelationship (4.5.22): ordered targets.
    ListRelationship(Box<[Uri]>),
}

/// The kind of an attribute, as its `type` member says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Kind {
    Property,
    Relationship,
    GeoProperty,
    LanguageProperty,
    JsonProperty,
    VocabProperty,
    ListProperty,
    ListRelationship,
}

impl Kind {
    /// Every kind, in the standard's order.
    pub const ALL: [Self; 8] = [
        Self::Property,
        Self::Relationship,
        Self::GeoProperty,
        Self::LanguageProperty,
        Self::JsonProperty,
        Self::VocabProperty,
        Self::ListProperty,
        Self::ListRelationship,
    ];

    /// The `type` member's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Property => "Property",
            Self::Relationship => "Relationship",
            Self::GeoProperty => "GeoProperty",
            Self::LanguageProperty => "LanguageProperty",
            Self::JsonProperty => "JsonProperty",
            Self::VocabProperty => "VocabProperty",
            Self::ListProperty => "ListProperty",
            Self::ListRelationship => "ListRelationship",
        }
    }

    /// The member that holds the value in the normalized representation: `value`, `object`, `languageMap` …
    pub fn value_member(self) -> &'static str {
        match self {
            Self::Property | Self::GeoProperty => "value",
            Self::Relationship => "object",
            Self::LanguageProperty => "languageMap",
            Self::JsonProperty => "json",
            Self::VocabProperty => "vocab",
            Self::ListProperty => "valueList",
            Self::ListRelationship => "objectList",
        }
    }
}

impl Value {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Property(_) => Kind::Property,
            Self::Relationship(_) => Kind::Relationship,
            Self::Geo(_) => Kind::GeoProperty,
            Self::Language(_) => Kind::LanguageProperty,
            Self::Json(_) => Kind::JsonProperty,
            Self::Vocab(_) => Kind::VocabProperty,
            Self::List(_) => Kind::ListProperty,
            Self::ListRelationship(_) => Kind::ListRelationship,
        }
    }
}

/// The value of a Property. Scalars are typed, because queries and history live on them; everything else
/// (arrays, objects, `{"@type": "DateTime", "@value": …}`) stays JSON as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A JSON number without fraction or exponent that fits 64 bits.
    Integer(i64),
    /// Any other JSON number.
    Number(f64),
    /// A string.
    Text(Box<str>),
    /// An array or an object, or a number beyond 64 bits. Never one of the above.
    Structured(Box<Json>),
}

impl PropertyValue {
    /// From JSON. Null has no place in a Property and becomes an empty `Structured`; parsers refuse it before.
    pub fn from_json(json: Json) -> Self {
        match json {
            Json::Bool(value) => Self::Boolean(value),
            Json::String(text) => Self::Text(text.into()),
            Json::Number(number) => match (number.as_i64(), number.is_f64(), number.as_f64()) {
                (Some(integer), ..) => Self::Integer(integer),
                (None, true, Some(float)) => Self::Number(float),
                _ => Self::Structured(Box::new(Json::Number(number))),
            },
            other => Self::Structured(Box::new(other)),
        }
    }

    /// As JSON, exactly as it was read.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Boolean(value) => Json::Bool(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Number(value) => Json::from(*value),
            Self::Text(text) => Json::from(&**text),
            Self::Structured(json) => (**json).clone(),
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Number(value) => Some(*value),
            Self::Structured(json) => json.as_f64(),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<&str> for PropertyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
impl From<String> for PropertyValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
impl From<f64> for PropertyValue {
    /// A number that JSON cannot hold (infinite, not a number) becomes its text.
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Text(number.to_string().into())
        }
    }
}
impl From<i64> for PropertyValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<bool> for PropertyValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}
impl From<Json> for PropertyValue {
    fn from(json: Json) -> Self {
        Self::from_json(json)
    }
}

/// One or several values of the same sort, with the difference between `"a"` and `["a"]` kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneOrMany<T> {
    /// A bare value.
    One(T),
    /// An array.
    Many(Box<[T]>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// The terms of a VocabProperty.
pub type Terms = OneOrMany<Name>;

/// The target or targets of a Relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// The `object` member.
    pub object: OneOrMany<Uri>,
    /// The `objectType` member: the types of the target entities, expanded.
    pub object_type: Option<Box<OneOrMany<Name>>>,
}

impl Relationship {
    /// A relationship to one entity.
    pub fn to(target: Uri) -> Self {
        Self {
            object: OneOrMany::One(target),
            object_type: None,
        }
    }

    /// A relationship to several entities at once.
    pub fn to_many(targets: impl Into<Box<[Uri]>>) -> Self {
        Self {
            object: OneOrMany::Many(targets.into()),
            object_type: None,
        }
    }

    /// The targets.
    pub fn targets(&self) -> &[Uri] {
        self.object.as_slice()
    }
}

/// The value of a GeoProperty: a GeoJSON geometry (RFC 7946), longitude before latitude, WGS 84 degrees.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoValue {
    /// For calculation: two dimensions.
    pub geometry: Geometry<f64>,
    /// The GeoJSON as it was sent, kept only where `geometry` cannot give it back (altitudes, other members).
    pub source: Option<Box<Json>>,
    shape: Remembered,
}

impl GeoValue {
    /// From its parts.
    pub fn new(geometry: Geometry<f64>, source: Option<Box<Json>>) -> Self {
        Self {
            geometry,
            source,
            shape: Remembered::default(),
        }
    }

    /// What its shape is: looked at once, then remembered.
    pub fn shape(&self, look: impl FnOnce(&Geometry<f64>) -> Shape) -> &Shape {
        self.shape.0.get_or_init(|| Box::new(look(&self.geometry)))
    }
}

impl From<Geometry<f64>> for GeoValue {
    fn from(geometry: Geometry<f64>) -> Self {
        Self::new(geometry, None)
    }
}

/// What a geometry is to those who compare it with others (OGC Simple Features).
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A valid geometry.
    Sound {
        /// How many pairs of its segments have boxes that meet: what a comparison takes grows with it.
        met: usize,
        /// How many of them have a point in common without following each other.
        touched: usize,
    },
    /// Polygons that cross themselves.
    Mended {
        /// The area that they enclose, each part of it once.
        area: Box<Geometry<f64>>,
        /// As above, of the area.
        met: usize,
        /// As above, of the area.
        touched: usize,
    },
    /// Nothing that can be compared: it encloses nothing, or finding out takes too long.
    Unsound,
}

/// What was found out about a value; no part of it.
#[derive(Clone, Default)]
struct Remembered(OnceLock<Box<Shape>>);

impl PartialEq for Remembered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("..")
    }
}

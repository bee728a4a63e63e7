//! What a measure of a kind needs to know, and whether a value can be that.

use serde::{Deserialize, Serialize};

/// A parameter of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its key under `with`.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub value: ParameterType,
    /// For people.
    pub description: String,
    /// Used where nothing is given; a parameter without one must be given unless it is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// Whether it may be left out though it has no default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The types of entities that are meant; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// The texts that it may be; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Types of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ParameterType {
    Text,
    Number,
    Integer,
    Boolean,
    /// `HH:MM`, past 24:00 where the service day is.
    Time,
    /// `[longitude, latitude]` in degrees of WGS 84.
    Position,
    /// A list of positions, one or more.
    Line,
    /// A list of three or more positions: the ring of a polygon, closed or not.
    Area,
    /// An entity's id.
    Entity,
    /// A list of entities' ids, or a selection: `{type, q, area}`, or `{type, q, within_m, of}`.
    Entities,
    /// A place of the street network: the id of a RoadNode or of a vertex in `nodes`, or a position.
    Joint,
    /// A list of stops: ids or positions, two or more.
    Calls,
    /// OpenStreetMap keys and their values.
    Tags,
}

impl Parameter {
    /// Whether it must be given.
    pub fn is_needed(&self) -> bool {
        self.default.is_none() && !self.optional
    }
}

impl ParameterType {
    /// What is given for it, for people.
    pub fn example(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "`true` or `false`",
            Self::Time => "a time `HH:MM` up to 48:00",
            Self::Position => "a position `[longitude, latitude]`",
            Self::Line => "a list of positions `[[longitude, latitude], …]`",
            Self::Area => "a list of three or more positions around an area",
            Self::Entity => "the id of an entity",
            Self::Entities => "a list of ids, or a selection `{type, q, area}` or `{type, q, within_m, of}`",
            Self::Joint => "a RoadNode's id, the id of a vertex, or a position `[longitude, latitude]`",
            Self::Calls => "a list of stops' ids and positions, two or more",
            Self::Tags => "a table of OpenStreetMap keys and values",
        }
    }

    /// Its name in the data file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Position => "position",
            Self::Line => "line",
            Self::Area => "area",
            Self::Entity => "entity",
            Self::Entities => "entities",
            Self::Joint => "joint",
            Self::Calls => "calls",
            Self::Tags => "tags",
        }
    }
}

//! Entities to JSON.

use serde_json::{Map, Value as Json};

use super::options::{TemporalFormat, WriteOptions};
use crate::context::Context;
use crate::entity::Entity;
use crate::name::{Name, Uri};
use crate::time::Timestamp;

/// Writes an entity, without an `@context` member.
pub fn write_entity(_entity: &Entity, _context: &Context, _options: &WriteOptions) -> Map<String, Json> {
    todo!()
}

/// Writes the evolution of an entity whose attributes are instances (4.5.6 to 4.5.9).
pub fn write_temporal(
    _entity: &Entity,
    _context: &Context,
    _format: TemporalFormat,
    _options: &WriteOptions,
) -> Map<String, Json> {
    todo!()
}

/// One aggregated value of an attribute (4.5.19): `[value, start, end]`.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregatedRow {
    /// The value.
    pub value: Json,
    /// Where its period starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

/// Writes aggregated values (4.5.19). Of `entity` only `id`, `type` and `scope` are written; `rows` gives, for each
/// attribute and data set, the method (`avg`, `max`, `totalCount` …) and its rows.
pub fn write_aggregated(
    _entity: &Entity,
    _rows: &[(Name, Option<Uri>, Vec<(&'static str, Vec<AggregatedRow>)>)],
    _context: &Context,
    _options: &WriteOptions,
) -> Map<String, Json> {
    todo!()
}

/// Writes an entity as a GeoJSON Feature (4.5.16.1, 4.5.17.1), its geometry that of the GeoProperty `geometry`
/// (`location` when `None`), `null` where the entity has none.
pub fn write_feature(
    _entity: &Entity,
    _geometry: Option<&Name>,
    _context: &Context,
    _options: &WriteOptions,
) -> Map<String, Json> {
    todo!()
}

/// Writes entities as a GeoJSON FeatureCollection (4.5.16.2, 4.5.17.2).
pub fn write_feature_collection<'a>(
    _entities: impl IntoIterator<Item = &'a Entity>,
    _geometry: Option<&Name>,
    _context: &Context,
    _options: &WriteOptions,
) -> Map<String, Json> {
    todo!()
}

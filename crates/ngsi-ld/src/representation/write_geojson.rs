//! Entities to GeoJSON features (4.5.16, 4.5.17).

use serde_json::{Map, Value as Json};

use super::options::WriteOptions;
use super::write::write_entity;
use crate::context::Context;
use crate::entity::Entity;
use crate::geojson;
use crate::name::Name;
use crate::value::Value;

/// Writes an entity as a GeoJSON Feature, its geometry that of the GeoProperty `geometry` (`location` when `None`),
/// `null` where the entity has none. `options.format` is that of the properties.
pub fn write_feature(
    entity: &Entity,
    geometry: Option<&Name>,
    context: &Context,
    options: &WriteOptions,
) -> Map<String, Json> {
    feature_of(entity, geometry, options, write_entity(entity, context, options))
}

/// The Feature of an entity that is written already: what was written become its properties.
pub fn feature_of(
    entity: &Entity,
    geometry: Option<&Name>,
    options: &WriteOptions,
    mut properties: Map<String, Json>,
) -> Map<String, Json> {
    let mut feature = Map::with_capacity(4);
    if let Some(id) = properties.shift_remove("id") {
        feature.insert("id".into(), id);
    }
    feature.insert("type".into(), "Feature".into());
    feature.insert(
        "geometry".into(),
        select(entity, geometry, options).unwrap_or(Json::Null),
    );
    feature.insert("properties".into(), Json::Object(properties));
    feature
}

/// The geometry of the instance that the request's data set names; else of the default instance; else of the only one.
fn select(entity: &Entity, geometry: Option<&Name>, options: &WriteOptions) -> Option<Json> {
    let location = Context::core().expand("location");
    let name = geometry.unwrap_or(&location);
    let shown: Vec<_> = entity
        .instances(name.as_str())
        .filter(|one| options.shows_dataset(one.dataset_id.as_ref()))
        .collect();
    let chosen = shown.iter().find(|one| one.dataset_id.is_none());
    let chosen = chosen.or(if let [only] = &*shown { Some(only) } else { None })?;
    match &chosen.value {
        Value::Geo(geo) => Some(geojson::to_json(geo)),
        _ => None,
    }
}

/// Writes entities as a GeoJSON FeatureCollection.
pub fn write_feature_collection<'a>(
    entities: impl IntoIterator<Item = &'a Entity>,
    geometry: Option<&Name>,
    context: &Context,
    options: &WriteOptions,
) -> Map<String, Json> {
    let features = entities
        .into_iter()
        .map(|entity| Json::Object(write_feature(entity, geometry, context, options)));
    let mut collection = Map::with_capacity(2);
    collection.insert("type".into(), "FeatureCollection".into());
    collection.insert("features".into(), features.collect());
    collection
}

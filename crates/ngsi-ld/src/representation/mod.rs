//! Representations of entities in JSON: normalized, concise, simplified, temporal and GeoJSON (4.5), both ways.

mod date_time;
mod instance;
mod language;
mod look;
mod names;
mod options;
mod path;
mod plain;
mod read;
mod read_series;
mod read_value;
mod reader;
mod scope_evolution;
mod write;
mod write_geojson;
mod write_temporal;

pub use options::{Format, TemporalFormat, WriteOptions};
pub use plain::plain_member;
pub use read::{
    FragmentOptions, read_attribute, read_attribute_fragment, read_entity, read_entity_simplified,
    read_fragment, read_fragment_with, read_temporal, read_temporal_attributes,
};
pub use scope_evolution::scope_name;
pub use write::{LinkedEntities, write_attribute, write_entity, write_entity_inline};
pub use write_geojson::{feature_of, write_feature, write_feature_collection};
pub use write_temporal::{AggregatedAttribute, AggregatedRow, write_aggregated, write_temporal};

pub(crate) use names::is_scope;

/// What a client sent, cut so that an error stays readable.
fn short(text: &str) -> &str {
    let end = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests;

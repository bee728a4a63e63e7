//! Representations of entities in JSON: normalized, concise, simplified, temporal and GeoJSON (4.5), both ways.

pub mod options;
pub mod read;
pub mod write;

pub use options::{Format, TemporalFormat, WriteOptions};
pub use read::{
    FragmentOptions, read_attribute, read_attribute_fragment, read_entity, read_entity_simplified, read_fragment,
    read_fragment_with, read_temporal,
};
pub use write::{
    AggregatedRow, write_aggregated, write_entity, write_feature, write_feature_collection, write_temporal,
};

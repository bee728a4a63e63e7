//! The evolution of entities to JSON (4.5.6 to 4.5.9, 4.5.19).

use serde_json::{Map, Value as Json};

use super::options::{Format, TemporalFormat, WriteOptions};
use super::read_series::{is_wrapped, points_member};
use super::write::{groups, head, members, time};
use crate::context::Context;
use crate::entity::{Attribute, Entity, UNSET};
use crate::name::{Name, Uri};
use crate::query::temporal::TimeProperty;
use crate::time::Timestamp;
use crate::value::Kind;

/// Writes the evolution of an entity whose attributes are instances (4.5.6 to 4.5.9). `options.format` plays no part.
pub fn write_temporal(
    entity: &Entity,
    context: &Context,
    format: TemporalFormat,
    options: &WriteOptions,
) -> Map<String, Json> {
    let options = &WriteOptions {
        format: Format::Normalized,
        ..options.clone()
    };
    let mut object = head(entity, context, options);
    if entity.attributes.iter().any(Attribute::is_scope) {
        object.shift_remove("scope");
    } else if let Some(scope) = object.get_mut("scope") {
        // Nothing is known of its evolution: it holds since the entity was modified, at the latest.
        *scope = reified(scope.take(), entity.modified_at, format);
    }
    for instances in groups(&entity.attributes) {
        if !options.shows(&instances[0].name) {
            continue;
        }
        let shown = instances
            .iter()
            .filter(|one| one.is_scope() || options.shows_dataset(one.dataset_id.as_ref()));
        let json = match format {
            TemporalFormat::Normalized => {
                let all: Vec<_> = shown
                    .map(|one| Json::Object(members(one, context, options, true)))
                    .collect();
                if all.is_empty() {
                    None
                } else {
                    Some(Json::Array(all))
                }
            }
            TemporalFormat::TemporalValues => one_or_array(values(shown, context, options)),
        };
        if let Some(json) = json {
            object.insert(context.compact_name(&instances[0].name), json);
        }
    }
    object
}

/// The scope as a Property; it holds since the entity was modified (4.5.6).
fn reified(scope: Json, since: Timestamp, format: TemporalFormat) -> Json {
    let mut object = Map::new();
    object.insert("type".into(), Kind::Property.as_str().into());
    match format {
        TemporalFormat::Normalized => {
            object.insert("value".into(), scope);
            if since != UNSET {
                object.insert("observedAt".into(), time(since));
            }
            Json::Array(vec![Json::Object(object)])
        }
        TemporalFormat::TemporalValues => {
            object.insert(
                "values".into(),
                Json::Array(vec![Json::Array(vec![scope, time(since)])]),
            );
            Json::Object(object)
        }
    }
}

fn one_or_array(mut objects: Vec<Json>) -> Option<Json> {
    match objects.len() {
        0 => None,
        1 => objects.pop(),
        _ => Some(Json::Array(objects)),
    }
}

/// One object for each data set and kind: `{"type": "Property", "values": [[value, instant], …]}`.
fn values<'a>(
    instances: impl Iterator<Item = &'a Attribute>,
    context: &Context,
    options: &WriteOptions,
) -> Vec<Json> {
    let mut series: Vec<(Option<&Uri>, Kind, Vec<Json>)> = Vec::new();
    for instance in instances {
        let mut members = members(instance, context, options, false);
        // With a language filter a LanguageProperty has become a Property.
        let kind = if members.contains_key("lang") {
            Kind::Property
        } else {
            instance.value.kind()
        };
        let member = kind.value_member();
        let Some(value) = members.shift_remove(member) else {
            continue;
        };
        let value = match kind {
            kind if is_wrapped(kind) => Json::Object(Map::from_iter([(member.to_owned(), value)])),
            Kind::ListRelationship => flat(value),
            _ => value,
        };
        let pair = Json::Array(vec![value, time(instant(instance, options.time_property))]);
        let dataset = instance.dataset_id.as_ref();
        match series
            .iter_mut()
            .find(|(id, of, _)| *id == dataset && *of == kind)
        {
            Some((.., pairs)) => pairs.push(pair),
            None => series.push((dataset, kind, vec![pair])),
        }
    }
    let series = series.into_iter().map(|(dataset, kind, pairs)| {
        let mut object = Map::new();
        object.insert("type".into(), kind.as_str().into());
        if let Some(dataset) = dataset {
            object.insert("datasetId".into(), dataset.as_str().into());
        }
        object.insert(points_member(kind).into(), Json::Array(pairs));
        Json::Object(object)
    });
    series.collect()
}

/// `[{"object": a}, …]` → `[a, …]` (4.5.9, example 7).
fn flat(list: Json) -> Json {
    match list {
        Json::Array(list) => {
            let targets = list.into_iter().map(|mut one| match one.get_mut("object") {
                Some(target) => target.take(),
                None => one,
            });
            targets.collect()
        }
        other => other,
    }
}

fn instant(instance: &Attribute, property: TimeProperty) -> Timestamp {
    let set = |instant: Timestamp| (instant != UNSET).then_some(instant);
    let asked = match property {
        TimeProperty::ObservedAt => instance.observed_at,
        TimeProperty::CreatedAt => set(instance.created_at),
        TimeProperty::ModifiedAt => set(instance.modified_at),
        TimeProperty::DeletedAt => instance.deletion(),
    };
    asked
        .or(instance.observed_at)
        .or_else(|| instance.deletion())
        .unwrap_or(instance.modified_at)
}

/// One aggregated value of an attribute: `[value, start, end]`.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregatedRow {
    /// The value.
    pub value: Json,
    /// Where its period starts.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

/// The aggregated values of one attribute and data set.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregatedAttribute {
    /// Its name.
    pub name: Name,
    /// Its kind.
    pub kind: Kind,
    /// Its data set; the default instances have none.
    pub dataset_id: Option<Uri>,
    /// For each method (`avg`, `max`, `totalCount` …) its rows, in order of time.
    pub methods: Vec<(&'static str, Vec<AggregatedRow>)>,
}

/// Writes aggregated values (4.5.19). Of `entity` only `id`, `type` and `scope` are written; those of `attributes`
/// that have one name stand together.
pub fn write_aggregated(
    entity: &Entity,
    attributes: &[AggregatedAttribute],
    context: &Context,
    options: &WriteOptions,
) -> Map<String, Json> {
    let mut object = head(entity, context, options);
    for group in attributes.chunk_by(|a, b| a.name == b.name) {
        if !options.shows(&group[0].name) {
            continue;
        }
        let shown = group
            .iter()
            .filter(|one| options.shows_dataset(one.dataset_id.as_ref()));
        if let Some(json) = one_or_array(shown.map(aggregated).collect()) {
            object.insert(context.compact_name(&group[0].name), json);
        }
    }
    object
}

fn aggregated(attribute: &AggregatedAttribute) -> Json {
    let mut object = Map::new();
    object.insert("type".into(), attribute.kind.as_str().into());
    if let Some(dataset) = &attribute.dataset_id {
        object.insert("datasetId".into(), dataset.as_str().into());
    }
    for (method, rows) in &attribute.methods {
        let rows = rows
            .iter()
            .map(|row| Json::Array(vec![row.value.clone(), time(row.start), time(row.end)]));
        object.insert((*method).to_owned(), rows.collect());
    }
    Json::Object(object)
}

//! Attributes in the simplified temporal representation (4.5.9), read into the instances that they stand for:
//! `{"type": "Property", "values": [[value, instant], …]}`.

use serde_json::{Map, Value as Json};

use super::instance::Instance;
use super::look::{kind_of_type, type_of};
use super::path::Path;
use super::reader::Reader;
use crate::error::Error;
use crate::name::Name;
use crate::value::Kind;

/// The member that holds the data points of attributes of a kind.
pub(super) fn points_member(kind: Kind) -> &'static str {
    match kind {
        Kind::Property | Kind::GeoProperty => "values",
        Kind::Relationship => "objects",
        Kind::LanguageProperty => "languageMaps",
        Kind::JsonProperty => "jsons",
        Kind::VocabProperty => "vocabs",
        Kind::ListProperty => "valueLists",
        Kind::ListRelationship => "objectLists",
    }
}

/// Whether the value of a data point stands in an object, under the name that it has in an instance.
pub(super) fn is_wrapped(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LanguageProperty | Kind::JsonProperty | Kind::VocabProperty
    )
}

/// Whether an attribute is in the simplified temporal representation: one series, or one for each data set.
pub(super) fn is_series(json: &Json) -> bool {
    match json {
        Json::Object(object) => kind_of_series(object).is_some(),
        Json::Array(list) => {
            !list.is_empty()
                && list
                    .iter()
                    .all(|one| one.as_object().is_some_and(|one| kind_of_series(one).is_some()))
        }
        _ => false,
    }
}

fn kind_of_series(object: &Map<String, Json>) -> Option<Kind> {
    let kind = type_of(object)?.as_str().and_then(kind_of_type)?;
    let is_one = object.contains_key(points_member(kind)) && !object.contains_key(kind.value_member());
    is_one.then_some(kind)
}

impl Reader<'_> {
    /// Reads what [`is_series`] found: an instance for each data point, observed at its instant.
    pub(super) fn series(
        &self,
        name: &Name,
        json: &Json,
        path: &Path<'_>,
        out: &mut Vec<Instance>,
    ) -> Result<(), Error> {
        match json {
            Json::Array(list) => {
                for (index, one) in list.iter().enumerate() {
                    self.series(name, one, &Path::Index(path, index), out)?;
                }
            }
            one => {
                for (instance, at) in instances(one, path)? {
                    out.push(self.instance(name, &instance, &Path::Index(path, at))?);
                }
            }
        }
        Ok(())
    }
}

/// The instances that a series stands for, each with the index of its data point.
pub(super) fn instances(json: &Json, path: &Path<'_>) -> Result<Vec<(Map<String, Json>, usize)>, Error> {
    let Some((object, kind)) = json
        .as_object()
        .and_then(|object| Some((object, kind_of_series(object)?)))
    else {
        return path.refuse("it is no series in the simplified temporal representation (4.5.9)");
    };
    let member = points_member(kind);
    let mut head = Map::from_iter([("type".to_owned(), Json::from(kind.as_str()))]);
    for (key, json) in object {
        match key.as_str() {
            "type" | "@type" => {}
            "datasetId" => drop(head.insert(key.clone(), json.clone())),
            key if key == member => {}
            other => {
                return Path::Key(path, other).refuse(format_args!(
                    "a series has only `type`, `datasetId` and `{member}` (4.5.9); give instances in full to say more"
                ));
            }
        }
    }
    let path = Path::Key(path, member);
    let Some(Json::Array(points)) = object.get(member) else {
        return path.refuse("it takes an array of data points: `[[value, instant], …]` (4.5.9)");
    };
    let mut found = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        let path = Path::Index(&path, index);
        let Some([value, instant]) = point.as_array().map(Vec::as_slice) else {
            return path.refuse("a data point is an array of two: a value, and its instant (4.5.9)");
        };
        let mut instance = head.clone();
        let value = match value {
            Json::Object(wrapped) if is_wrapped(kind) => match wrapped.get(kind.value_member()) {
                Some(value) if wrapped.len() == 1 => value,
                _ => return path.refuse(unwrapped(kind)),
            },
            Json::String(_) => value, // an NGSI-LD Null, or refused with the rest
            _ if is_wrapped(kind) => return path.refuse(unwrapped(kind)),
            value => value,
        };
        instance.insert(kind.value_member().to_owned(), value.clone());
        instance.insert("observedAt".to_owned(), instant.clone());
        found.push((instance, index));
    }
    Ok(found)
}

fn unwrapped(kind: Kind) -> String {
    let member = kind.value_member();
    format!(
        "the value of a data point of a {} is an object with `{member}` alone (4.5.9)",
        kind.as_str()
    )
}

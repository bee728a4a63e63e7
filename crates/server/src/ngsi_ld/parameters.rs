//! The query parameters of the NGSI-LD API, in the groups in which the operations share them.
//!
//! Each group is both what a handler extracts and what the OpenAPI document says. What no group of an operation has
//! is refused before it comes here, and so is what is given twice ([`super::refuse_undefined`]).

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use ngsi_ld::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::call::Call;
use crate::problem::Problem;

/// How many names or ids a list may have.
pub(crate) const MAX_NAMES: usize = 1000;

/// Extracts a group.
pub(crate) struct Known<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Known<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(group) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| {
                Problem::from(Error::invalid(format!(
                    "the query parameters cannot be read: {}",
                    rejection.body_text()
                )))
            })?;
        Ok(Self(group))
    }
}

/// Which entities (5.7.2, 5.7.4).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct SelectionParameters {
    /// Entity ids, separated by commas.
    #[param(example = "urn:ngsi-ld:GtfsStop:0001RLW")]
    pub id: Option<String>,
    /// A selection of entity types (4.17): `A`, `A|B` or `A,B` (any), `(A;B)` (all). `*` means every type.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "GtfsStop")]
    pub types: Option<String>,
    /// A regular expression that the id matches.
    #[param(example = "^urn:ngsi-ld:GtfsStop:.*")]
    pub id_pattern: Option<String>,
    /// A query over attributes (4.9): `;` and, `|` or, `==` `!=` `>` `>=` `<` `<=` `~=` `!~=`, `1..5`, `1,2,3`.
    #[param(example = "pm25>=35")]
    pub q: Option<String>,
    /// A geo-relationship (4.10): `near;maxDistance==500`, `within`, `intersects` …
    #[param(example = "near;maxDistance==500")]
    pub georel: Option<String>,
    /// The kind of the reference geometry.
    #[param(example = "Point")]
    pub geometry: Option<String>,
    /// The coordinates of the reference geometry, as JSON; longitude first.
    #[param(example = "[36.8219,-1.2921]")]
    pub coordinates: Option<String>,
    /// The GeoProperty that is asked; `location` unless given.
    pub geoproperty: Option<String>,
    /// A query over scopes (4.19): `/A/B`, `/A/+/B`, `/A/#`.
    #[param(example = "/Nairobi/#")]
    #[serde(rename = "scopeQ")]
    #[param(rename = "scopeQ")]
    pub scope_q: Option<String>,
    /// Attributes whose values in `q` are expanded to URIs by the @context (4.9).
    pub expand_values: Option<String>,
    /// Attributes whose values in `q` are JSON, and never expanded (4.9).
    pub json_keys: Option<String>,
    /// A query over context sources (4.9).
    pub csf: Option<String>,
    /// `true`: parts of one entity may be held by several context sources. What is held here is whole.
    #[param(value_type = Option<bool>)]
    pub split_entities: Option<String>,
    /// `true`: only what is stored here; then no other restriction has to be given (5.5.13).
    pub local: Option<String>,
    /// What to order by (4.23), the first first: `id`, `type`, `scope`, attributes (`name`, `temperature.observedAt`,
    /// `address[city]`), each with `;asc`, `;desc`, `;dist-asc` or `;dist-desc`.
    #[param(example = "name,population;desc")]
    pub order_by: Option<String>,
    /// The collation of strings (RFC 6067), of the root unless given.
    #[param(example = "de-u-co-phonebk")]
    pub collation: Option<String>,
    /// The coordinates that distances are measured from, as JSON.
    #[param(example = "[36.8219,-1.2921]")]
    pub order_from: Option<String>,
    /// The kind of geometry that they are; a Point unless given.
    pub order_geometry: Option<String>,
}

impl SelectionParameters {
    /// As they are meant: what is asked of a snapshot is of local scope, said or not (6.3.18).
    pub(crate) fn asked_of(mut self, call: &Call) -> Self {
        if call.snapshot.is_some() {
            self.local = Some("true".to_owned());
        }
        self
    }
}

/// How entities are written (4.5, 4.21).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct RepresentationParameters {
    /// Deprecated: only entities with at least one of these attributes, and only these attributes of them.
    pub attrs: Option<String>,
    /// Only these members: `id`, `type`, `scope` or attribute names, separated by commas; those of linked entities in
    /// braces, `locatedAt{name}`.
    #[param(example = "id,name,location")]
    pub pick: Option<String>,
    /// Not these members.
    pub omit: Option<String>,
    /// The language of LanguageProperties, as in `Accept-Language`.
    #[param(example = "sw,en;q=0.5")]
    pub lang: Option<String>,
    /// Only attribute instances of these data sets, separated by commas; `@none` is the default instance.
    pub dataset_id: Option<String>,
    /// `normalized`, `concise` or `simplified` (`keyValues`).
    #[param(example = "simplified")]
    pub format: Option<String>,
    /// A list of keywords: `sysAttrs`, and the formats (deprecated here).
    #[param(example = "sysAttrs")]
    pub options: Option<String>,
    /// Linked entities too (4.5.23): `inline`, in the relationships that lead to them, or `flat`, after the others.
    #[param(example = "inline")]
    pub join: Option<String>,
    /// How many relationships are followed, one after the other; 1 unless given.
    #[param(value_type = Option<usize>, example = 1)]
    pub join_level: Option<String>,
    /// Ids of linked entities that were met already and are not wanted again, separated by commas.
    pub contained_by: Option<String>,
    /// GeoJSON only: the GeoProperty that becomes the geometry; `location` unless given.
    pub geometry_property: Option<String>,
}

/// How histories are written (6.18.3.2, 6.19.3.1): without linked entities, and never as GeoJSON.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct HistoryParameters {
    /// Deprecated: only entities with at least one of these attributes, and only these attributes of them.
    pub attrs: Option<String>,
    /// Only these members: `id`, `type`, `scope` or attribute names, separated by commas.
    #[param(example = "id,pm25")]
    pub pick: Option<String>,
    /// Not these members.
    pub omit: Option<String>,
    /// The language of LanguageProperties, as in `Accept-Language`.
    #[param(example = "sw,en;q=0.5")]
    pub lang: Option<String>,
    /// Only attribute instances of these data sets, separated by commas; `@none` is the default instance.
    pub dataset_id: Option<String>,
    /// `temporalValues` or `aggregatedValues`; every instance in full unless given.
    #[param(example = "temporalValues")]
    pub format: Option<String>,
    /// A list of keywords: `sysAttrs`, and the formats (deprecated here).
    #[param(example = "sysAttrs")]
    pub options: Option<String>,
}

impl From<HistoryParameters> for RepresentationParameters {
    fn from(history: HistoryParameters) -> Self {
        Self {
            attrs: history.attrs,
            pick: history.pick,
            omit: history.omit,
            lang: history.lang,
            dataset_id: history.dataset_id,
            format: history.format,
            options: history.options,
            ..Self::default()
        }
    }
}

/// Which part of a long answer (4.12, 4.13).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct PageParameters {
    /// At most so many; 0 with `count=true` only.
    #[param(value_type = Option<usize>, example = 20)]
    pub limit: Option<String>,
    /// After so many.
    #[param(value_type = Option<usize>, example = 0)]
    pub offset: Option<String>,
    /// `true`: `NGSILD-Results-Count` tells how many there are in all.
    #[param(value_type = Option<bool>)]
    pub count: Option<String>,
}

/// Which part of a history (4.11, 4.5.19).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct TemporalParameters {
    /// `before` (excludes `timeAt`), `after` (includes it) or `between` (excludes `endTimeAt`).
    #[param(example = "after")]
    pub timerel: Option<String>,
    /// An instant.
    #[param(example = "2025-01-01T00:00:00Z")]
    pub time_at: Option<String>,
    /// The end, of `between`.
    pub end_time_at: Option<String>,
    /// Which instant of an instance is meant: `observedAt` (unless given), `createdAt`, `modifiedAt`, `deletedAt`.
    pub timeproperty: Option<String>,
    /// Only the latest so many instances of each attribute.
    #[param(value_type = Option<usize>, example = 100)]
    pub last_n: Option<String>,
    /// Of `aggregatedValues`: `avg`, `distinctCount`, `max`, `min`, `stddev`, `sum`, `sumsq`, `totalCount`.
    #[param(example = "avg,max")]
    pub aggr_methods: Option<String>,
    /// Of `aggregatedValues`: the length of each period, in ISO 8601; `PT0S`, or nothing, is the whole range.
    #[param(example = "P1D")]
    pub aggr_period_duration: Option<String>,
}

/// The `type` that the entity must have (4.17).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TypeParameter {
    /// The operation applies only when the entity satisfies this selection of types.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub types: Option<String>,
}

/// `options` of writing operations.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct WriteParameters {
    /// A list of keywords: `noOverwrite` (append, batch update), `replace` or `update` (batch upsert).
    pub options: Option<String>,
}

/// Merge Entity (Table 6.5.3.4-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct MergeParameters {
    /// `simplified` (`keyValues`): the body is in simplified representation.
    pub format: Option<String>,
    /// The same, as a keyword (deprecated).
    pub options: Option<String>,
    /// The language of texts for LanguageProperties.
    pub lang: Option<String>,
    /// `observedAt` of attributes that had one and get none from the body.
    pub observed_at: Option<String>,
}

/// Delete Attribute (Table 6.7.3.2-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct DeleteParameters {
    /// `true`: every instance.
    #[param(value_type = Option<bool>)]
    pub delete_all: Option<String>,
    /// The instance of this data set.
    pub dataset_id: Option<String>,
}

/// Types and attributes (6.25, 6.27).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DetailsParameter {
    /// `true`: more than the names.
    #[param(value_type = Option<bool>)]
    pub details: Option<String>,
}

/// `true` or `false`; nothing is `false`.
pub(crate) fn flag(name: &str, text: Option<&str>) -> Result<bool, Error> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Error::invalid(format!(
            "`{name}` is `true` or `false`, not `{}`",
            shortened(other)
        ))),
    }
}

/// A whole number that is not negative.
pub(crate) fn number(name: &str, text: Option<&str>) -> Result<Option<usize>, Error> {
    text.map(|text| {
        text.parse::<usize>().map_err(|_not_a_number| {
            Error::invalid(format!(
                "`{name}` is a whole number from 0 on, not `{}`",
                shortened(text)
            ))
        })
    })
    .transpose()
}

/// A whole number that is at least 1.
pub(crate) fn positive(name: &str, text: Option<&str>) -> Result<Option<usize>, Error> {
    let wrong = |text: &str| format!("`{name}` is a whole number from 1 on, not `{}`", shortened(text));
    text.map(|text| match text.parse::<usize>() {
        Ok(0) => Err(Error::bad_data(wrong(text))),
        Ok(number) => Ok(number),
        Err(_not_a_number) => Err(Error::invalid(wrong(text))),
    })
    .transpose()
}

/// The items of a comma-separated list, trimmed. An empty item is an error; nothing is the empty list.
pub(crate) fn list<'a>(name: &str, text: Option<&'a str>) -> Result<Vec<&'a str>, Error> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let items: Vec<_> = text.split(',').map(str::trim).take(MAX_NAMES + 1).collect();
    if items.len() > MAX_NAMES {
        return Err(too_many_names(name));
    }
    if items.iter().any(|item| item.is_empty()) {
        return Err(Error::bad_data(format!(
            "`{name}` is a list of names separated by commas; one of them is empty"
        )));
    }
    Ok(items)
}

/// Names, and ids, are compared with those of each entity, one after the other.
pub(crate) fn too_many_names(parameter: &str) -> Error {
    Error::too_complex(format!(
        "`{parameter}` has more than {MAX_NAMES} names: ask several queries"
    ))
}

/// What a client wrote, cut so that it fits an error.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused() {
        assert_eq!(flag("count", Some("true")), Ok(true));
        assert!(flag("count", Some("yes")).is_err());
        assert_eq!(number("limit", Some("20")), Ok(Some(20)));
        for bad in ["-1", "1.5", "", "1e3", "99999999999999999999999"] {
            assert!(number("limit", Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(positive("lastN", Some("1")), Ok(Some(1)));
        for bad in ["0", "x", "-1"] {
            let error = positive("lastN", Some(bad)).unwrap_err();
            assert!(error.detail.contains("from 1 on"), "{}", error.detail);
        }
        assert_eq!(list("attrs", Some("a, b")).unwrap(), ["a", "b"]);
        assert!(list("attrs", Some("a,,b")).is_err());
        assert!(list("attrs", Some("")).is_err());
    }
}

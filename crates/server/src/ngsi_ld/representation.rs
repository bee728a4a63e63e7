//! How the answer is to be written: from `format`, `options`, `attrs`, `pick`, `omit`, `lang`, `datasetId`.

use ngsi_ld::context::Context;
use ngsi_ld::representation::{Format, WriteOptions};
use ngsi_ld::{Entity, Error, Name, Uri};
use serde_json::{Map, Value};

use super::negotiation::MediaType;
use super::parameters::{RepresentationParameters, list, shortened};
use super::selection::{attribute, names, text, text_list};

/// How the answer is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Representation {
    /// Of entities.
    pub write: WriteOptions,
    /// Of histories.
    pub evolution: Evolution,
    /// Of GeoJSON: the GeoProperty that is the geometry.
    pub geometry: Option<Name>,
}

/// A temporal representation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Evolution {
    /// Every instance in full.
    #[default]
    Normalized,
    /// `temporalValues` (4.5.8).
    Values,
    /// `aggregatedValues` (4.5.19).
    Aggregated,
}

/// What the keywords of `format` and `options` say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keywords {
    /// Of entities.
    pub format: Format,
    /// Of histories.
    pub evolution: Evolution,
    /// Whether system attributes are wanted.
    pub sys_attrs: bool,
}

impl Keywords {
    /// Reads both; `format` wins (6.3.7, 6.3.12).
    pub(crate) fn parse(format: Option<&str>, options: Option<&str>) -> Result<Self, Error> {
        let mut keywords = Self::default();
        let mut representation = None;
        for option in list("options", options.filter(|text| !text.is_empty()))? {
            match option {
                "sysAttrs" => keywords.sys_attrs = true,
                "splitEntities" | "entityMap" | "noOverwrite" | "update" | "replace" => {}
                _ => {
                    let named = representation_of("options", option)?;
                    // The first wins where several are given.
                    representation.get_or_insert(named);
                }
            }
        }
        if let Some(format) = format {
            representation = Some(representation_of("format", format)?);
        }
        (keywords.format, keywords.evolution) = representation.unwrap_or_default();
        Ok(keywords)
    }
}

fn representation_of(parameter: &str, keyword: &str) -> Result<(Format, Evolution), Error> {
    Ok(match keyword {
        "normalized" => (Format::Normalized, Evolution::Normalized),
        "concise" => (Format::Concise, Evolution::Normalized),
        "simplified" | "keyValues" => (Format::Simplified, Evolution::Normalized),
        "temporalValues" => (Format::Normalized, Evolution::Values),
        "aggregatedValues" => (Format::Normalized, Evolution::Aggregated),
        other => {
            return Err(Error::invalid(format!(
                "`{parameter}` has `{}`; it must be one of normalized, concise, simplified, keyValues, \
                 temporalValues, aggregatedValues (and in `options` also sysAttrs)",
                shortened(other)
            )));
        }
    })
}

impl Representation {
    /// The attributes of which an entity must have one to have anything to show; empty where it has in any case.
    pub(crate) fn picked(&self) -> &[Name] {
        let members = |name: &Name| matches!(name.as_str(), "@id" | "@type") || name.short() == "scope";
        if self.write.pick.iter().any(members) {
            return &[];
        }
        &self.write.pick
    }

    /// Whether nothing of an entity is left to show.
    pub(crate) fn hides(&self, entity: &Entity) -> bool {
        let WriteOptions { pick, omit, .. } = &self.write;
        let picked = self.picked();
        if !pick.is_empty() {
            return !picked.is_empty() && !picked.iter().any(|name| entity.get(name.as_str()).is_some());
        }
        let gone = |member: &str| omit.iter().any(|name| name.as_str() == member);
        gone("@id")
            && gone("@type")
            && entity.scope.is_empty()
            && entity
                .attributes
                .iter()
                .all(|attribute| omit.contains(&attribute.name))
    }

    /// From the query parameters of GET.
    pub(crate) fn from_parameters(
        parameters: &RepresentationParameters,
        context: &Context,
        media_type: MediaType,
    ) -> Result<Self, Error> {
        let keywords = Keywords::parse(parameters.format.as_deref(), parameters.options.as_deref())?;
        let members = |name: &str, text: Option<&str>| {
            // `|` may stand for `,` (4.21).
            let text = text.map(|text| text.replace('|', ","));
            let items = list(name, text.as_deref())?;
            items
                .into_iter()
                .map(|item| member(name, item, context))
                .collect::<Result<Vec<_>, _>>()
        };
        if parameters.geometry_property.is_some() && media_type != MediaType::GeoJson {
            return Err(Error::bad_data(
                "`geometryProperty` goes with `Accept: application/geo+json` only",
            ));
        }
        let write = WriteOptions {
            format: keywords.format,
            sys_attrs: keywords.sys_attrs,
            lang: parameters.lang.clone().filter(|lang| !lang.is_empty()),
            pick: members("pick", parameters.pick.as_deref())?,
            omit: members("omit", parameters.omit.as_deref())?,
            attrs: names("attrs", parameters.attrs.as_deref(), context)?,
            dataset_ids: datasets(&list("datasetId", parameters.dataset_id.as_deref())?)?,
            ..WriteOptions::default()
        };
        not_contradictory(&write)?;
        let geometry = parameters.geometry_property.as_deref();
        let geometry = geometry
            .map(|name| attribute("geometryProperty", name, context))
            .transpose()?;
        Ok(Self {
            write,
            evolution: keywords.evolution,
            geometry,
        })
    }

    /// Takes over what the body of a query by POST says (5.2.23).
    pub(crate) fn amend(&mut self, query: &Map<String, Value>, context: &Context) -> Result<(), Error> {
        let members = |name: &str| {
            let items = text_list(query, name)?;
            items
                .into_iter()
                .map(|item| member(name, item, context))
                .collect::<Result<Vec<_>, Error>>()
        };
        if query.contains_key("attrs") {
            let attrs = text_list(query, "attrs")?;
            self.write.attrs = attrs
                .iter()
                .map(|name| attribute("attrs", name, context))
                .collect::<Result<_, _>>()?;
        }
        if query.contains_key("pick") {
            self.write.pick = members("pick")?;
        }
        if query.contains_key("omit") {
            self.write.omit = members("omit")?;
        }
        if let Some(lang) = text(query, "lang")? {
            self.write.lang = Some(lang.to_owned());
        }
        if query.contains_key("datasetId") {
            self.write.dataset_ids = datasets(&text_list(query, "datasetId")?)?;
        }
        not_contradictory(&self.write)
    }
}

/// Members cannot be asked for and refused at once, and `attrs` is the old way to say `pick` (6.4.3.2).
fn not_contradictory(write: &WriteOptions) -> Result<(), Error> {
    if let Some(both) = write.pick.iter().find(|name| write.omit.contains(name)) {
        return Err(Error::bad_data(format!(
            "`{both}` stands in `pick` and in `omit`"
        )));
    }
    if !write.attrs.is_empty() && !(write.pick.is_empty() && write.omit.is_empty()) {
        return Err(Error::bad_data(
            "`attrs` goes with neither `pick` nor `omit`; use these alone",
        ));
    }
    Ok(())
}

/// A member's name, expanded. What reaches into linked entities needs `join`, which is not there yet.
fn member(parameter: &str, name: &str, context: &Context) -> Result<Name, Error> {
    if name.contains(['{', '}']) {
        return Err(Error::bad_data(format!(
            "`{parameter}`: `{}` reaches into linked entities, and no `join` is given",
            shortened(name)
        )));
    }
    match name {
        "id" | "type" => Ok(context.expand(name)),
        _ => attribute(parameter, name, context),
    }
}

fn datasets(texts: &[&str]) -> Result<Vec<Option<Uri>>, Error> {
    texts
        .iter()
        .map(|text| match *text {
            "@none" => Ok(None),
            text => Uri::parse(text)
                .map(Some)
                .map_err(|error| Error::bad_data(format!("`datasetId`: {error}"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_6_3_7_and_6_3_12_format_and_options() {
        use Evolution::{Aggregated, Normalized as Whole, Values};
        use Format::{Concise, Normalized, Simplified};
        let parse =
            |format, options| Keywords::parse(format, options).map(|k| (k.format, k.evolution, k.sys_attrs));
        assert_eq!(parse(None, None), Ok((Normalized, Whole, false)));
        assert_eq!(
            parse(None, Some("keyValues,sysAttrs")),
            Ok((Simplified, Whole, true))
        );
        assert_eq!(
            parse(Some("concise"), Some("keyValues")),
            Ok((Concise, Whole, false))
        );
        assert_eq!(
            parse(None, Some("concise,keyValues")),
            Ok((Concise, Whole, false))
        );
        assert_eq!(
            parse(Some("temporalValues"), Some("sysAttrs")),
            Ok((Normalized, Values, true))
        );
        assert_eq!(
            parse(None, Some("aggregatedValues")),
            Ok((Normalized, Aggregated, false))
        );
        assert!(parse(Some("xml"), None).is_err());
        assert!(parse(None, Some("sysattrs")).is_err());
        assert!(parse(Some("sysAttrs"), None).is_err());
    }
}

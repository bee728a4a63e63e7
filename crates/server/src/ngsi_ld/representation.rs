//! How the answer is to be written: from `format`, `options`, `attrs`, `pick`, `omit`, `lang`, `datasetId`.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::query::q::Q;
use ngsi_ld::representation::{Format, WriteOptions};
use ngsi_ld::{Entity, Error, Name, Uri};
use query::View;
use serde_json::{Map, Value};
use twin::{Join, JoinForm, JoinedWriting, MAX_JOIN_LEVEL, Reader, write_joined};

use super::negotiation::MediaType;
use super::parameters::{RepresentationParameters, list, number, shortened};
use super::selection::{attribute, names, text, text_list};
use crate::problem::Answer;

/// How the answer is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Representation {
    /// Of entities.
    pub write: WriteOptions,
    /// Of histories.
    pub evolution: Evolution,
    /// Of GeoJSON: the GeoProperty that is the geometry.
    pub geometry: Option<Name>,
    /// Only these members, of linked entities too; those of the entities themselves stand in `write` as well.
    pub pick: Projection,
    /// Not these.
    pub omit: Projection,
    /// Which linked entities.
    pub join: Option<Join>,
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
                "splitEntities" | "entityMap" | "count" => {}
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
        let projection = |name: &'static str, text: Option<&str>| match text {
            None => Ok(Projection::default()),
            Some(text) => Projection::parse(name, text, context),
        };
        let pick = projection("pick", parameters.pick.as_deref())?;
        let omit = projection("omit", parameters.omit.as_deref())?;
        if parameters.geometry_property.is_some() && media_type != MediaType::GeoJson {
            return Err(Error::bad_data(
                "`geometryProperty` goes with `Accept: application/geo+json` only",
            ));
        }
        let write = WriteOptions {
            format: keywords.format,
            sys_attrs: keywords.sys_attrs,
            lang: parameters.lang.clone().filter(|lang| !lang.is_empty()),
            pick: pick.picked(),
            omit: omit.omitted(),
            attrs: names("attrs", parameters.attrs.as_deref(), context)?,
            dataset_ids: datasets(&list("datasetId", parameters.dataset_id.as_deref())?)?,
            ..WriteOptions::default()
        };
        let geometry = parameters.geometry_property.as_deref();
        let geometry = geometry
            .map(|name| attribute("geometryProperty", name, context))
            .transpose()?;
        Ok(Self {
            write,
            evolution: keywords.evolution,
            geometry,
            pick,
            omit,
            join: join(
                parameters.join.as_deref(),
                number("joinLevel", parameters.join_level.as_deref())?,
                &list("containedBy", parameters.contained_by.as_deref())?,
            )?,
        })
    }

    /// Takes away what is not asked for: what is left is what an answer would say.
    pub(crate) fn keep(&self, entity: &mut ngsi_ld::Entity) {
        let write = &self.write;
        let named = |names: &[Name], name: &Name| names.is_empty() || names.contains(name);
        entity.attributes.retain(|attribute| {
            named(&write.attrs, &attribute.name)
                && named(&write.pick, &attribute.name)
                && !write.omit.contains(&attribute.name)
                && (write.dataset_ids.is_empty() || write.dataset_ids.contains(&attribute.dataset_id))
        });
    }

    /// Refuses what contradicts itself (4.21), and what reaches further into linked entities than they are retrieved
    /// (5.7.1.4, 5.7.2.4).
    pub(crate) fn check(&self, q: Option<&Q>) -> Result<(), Error> {
        let keyword = match self.evolution {
            Evolution::Normalized => return self.check_together(q),
            Evolution::Values => "temporalValues",
            Evolution::Aggregated => "aggregatedValues",
        };
        Err(Error::invalid(format!(
            "`{keyword}` is a representation of histories: ask for it at /ngsi-ld/v1/temporal/entities (6.3.7)"
        )))
    }

    fn check_together(&self, q: Option<&Q>) -> Result<(), Error> {
        let WriteOptions {
            pick, omit, attrs, ..
        } = &self.write;
        let chosen = !pick.is_empty() || !omit.is_empty();
        if chosen && !attrs.is_empty() {
            return Err(Error::bad_data(
                "`attrs` does not go with `pick` and `omit`: use these alone (4.21)",
            ));
        }
        if let Some(both) = pick.iter().find(|name| omit.contains(name)) {
            return Err(Error::bad_data(format!(
                "`{}` is in `pick` and in `omit`",
                both.short()
            )));
        }
        let level = self.join.as_ref().map_or(0, |join| join.level);
        let asked = [
            ("pick", self.pick.depth()),
            ("omit", self.omit.depth()),
            ("q", q.map_or(0, Q::linked_depth)),
        ];
        match asked.into_iter().find(|(_, depth)| *depth > level) {
            None => Ok(()),
            Some((parameter, _)) if level == 0 => Err(Error::bad_data(format!(
                "`{parameter}` reaches into linked entities: add `join=inline` or `join=flat`"
            ))),
            Some((parameter, depth)) => Err(Error::bad_data(format!(
                "`{parameter}` reaches through {depth} relationships one after the other, more than `joinLevel`, {level}"
            ))),
        }
    }

    /// The same for histories, which are not retrieved with linked entities (5.7.3.4, 5.7.4.4), and have formats of
    /// their own (6.3.12).
    pub(crate) fn check_of_history(&mut self, q: Option<&Q>) -> Result<(), Error> {
        self.join = None;
        if self.write.format != Format::Normalized {
            return Err(Error::invalid(
                "a history is written as `temporalValues` or `aggregatedValues`, or in full without a format (6.3.12)",
            ));
        }
        let reaches = [
            ("pick", self.pick.depth()),
            ("omit", self.omit.depth()),
            ("q", q.map_or(0, Q::linked_depth)),
        ];
        if let Some((parameter, _)) = reaches.into_iter().find(|(_, depth)| *depth > 0) {
            return Err(Error::bad_data(format!(
                "`{parameter}` reaches into linked entities, which histories are not retrieved with: name members of the \
                 entity itself (5.7.4.4)"
            )));
        }
        self.check_together(q)
    }

    /// Writes entities, with those that they are linked with; as GeoJSON Features where `media_type` is that.
    pub(crate) fn objects(
        &self,
        reader: &dyn Reader,
        view: &View,
        entities: &[Arc<Entity>],
        context: &Context,
        media_type: MediaType,
    ) -> Answer<Vec<Map<String, Value>>> {
        let how = JoinedWriting {
            context,
            options: &self.write,
            pick: &self.pick,
            omit: &self.omit,
            join: self.join.as_ref(),
            feature: (media_type == MediaType::GeoJson).then_some(self.geometry.as_ref()),
        };
        Ok(write_joined(reader, view, entities, &how)?)
    }

    /// Takes over what the body of a query by POST says (5.2.23).
    pub(crate) fn amend(&mut self, query: &Map<String, Value>, context: &Context) -> Result<(), Error> {
        if query.contains_key("attrs") {
            let attrs = text_list(query, "attrs")?;
            self.write.attrs = attrs
                .iter()
                .map(|name| attribute("attrs", name, context))
                .collect::<Result<_, _>>()?;
        }
        if query.contains_key("pick") {
            self.pick = Projection::parse_all("pick", &text_list(query, "pick")?, context)?;
            self.write.pick = self.pick.picked();
        }
        if query.contains_key("omit") {
            self.omit = Projection::parse_all("omit", &text_list(query, "omit")?, context)?;
            self.write.omit = self.omit.omitted();
        }
        if let Some(lang) = text(query, "lang")? {
            self.write.lang = Some(lang.to_owned());
        }
        if ["join", "joinLevel", "containedBy"]
            .iter()
            .any(|name| query.contains_key(*name))
        {
            let level = match query.get("joinLevel") {
                None => None,
                Some(level) => Some(
                    level
                        .as_u64()
                        .and_then(|level| usize::try_from(level).ok())
                        .ok_or_else(|| Error::bad_data("`joinLevel` is a whole number above 0"))?,
                ),
            };
            self.join = join(text(query, "join")?, level, &text_list(query, "containedBy")?)?;
        }
        if query.contains_key("datasetId") {
            self.write.dataset_ids = datasets(&text_list(query, "datasetId")?)?;
        }
        Ok(())
    }
}

/// From `join`, `joinLevel` and `containedBy` (4.5.23).
fn join(form: Option<&str>, level: Option<usize>, contained_by: &[&str]) -> Result<Option<Join>, Error> {
    let contained_by = contained_by
        .iter()
        .map(|id| Uri::parse(id).map_err(|error| Error::bad_data(format!("`containedBy`: {error}"))))
        .collect::<Result<_, _>>()?;
    if level.is_some_and(|level| level == 0) {
        return Err(Error::bad_data("`joinLevel` is at least 1"));
    }
    let form = match form {
        None | Some("@none") => return Ok(None),
        Some("inline") => JoinForm::Inline,
        Some("flat") => JoinForm::Flat,
        Some(other) => {
            return Err(Error::bad_data(format!(
                "`join` is inline, flat or @none, not `{}`",
                shortened(other)
            )));
        }
    };
    let level = level.unwrap_or(1);
    if level > MAX_JOIN_LEVEL {
        return Err(Error::too_complex(format!(
            "`joinLevel` is at most {MAX_JOIN_LEVEL}"
        )));
    }
    Ok(Some(Join {
        form,
        level,
        contained_by,
    }))
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

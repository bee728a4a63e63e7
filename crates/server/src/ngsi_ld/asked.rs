//! What a query for entities, or for their evolutions, asks: in the URL of a GET, or in the body of a POST (5.2.23).

use ngsi_ld::Error;
use ngsi_ld::context::Context;
use serde_json::{Map, Value};
use twin::Mapped;

use super::answer::Wording;
use super::call::{Call, Payload};
use super::evolution::Question;
use super::mapped::{MapParameters, MapWish};
use super::negotiation::MediaType;
use super::parameters::{RepresentationParameters, SelectionParameters, TemporalParameters, flag};
use super::representation::{Evolution, Representation};
use super::selection::{Wanted, from_parameters, read_query};
use crate::problem::Answer;

/// A query, read and checked.
pub(super) struct Asked {
    /// Which entities.
    pub wanted: Wanted,
    /// What of them, in which form.
    pub how: Representation,
    /// In which words and which media type.
    pub wording: Wording,
    /// With or without an entity map.
    pub maps: MapWish,
}

/// Which entities, what of them, and with or without an entity map.
type Parameters<'a> = (
    SelectionParameters,
    &'a RepresentationParameters,
    &'a MapParameters,
);

impl Asked {
    /// By the parameters of a URL.
    pub(super) async fn by_url(
        call: &Call,
        of: Mapped,
        media_type: MediaType,
        (selection, representation, maps): Parameters<'_>,
    ) -> Answer<Self> {
        let context = call.context().await?;
        let attrs = representation.attrs.as_deref();
        let wanted = from_parameters(&selection.asked_of(call), attrs, &context)?;
        let how = Representation::from_parameters(representation, &context, media_type)?;
        Self::checked(call, of, (wanted, how), maps, None, (context, media_type))
    }

    /// By a Query in a body, which is given back; of the parameters only those that say how to answer count.
    pub(super) async fn by_body(
        call: &Call,
        of: Mapped,
        media_type: MediaType,
        payload: Payload,
        (selection, representation, maps): Parameters<'_>,
    ) -> Answer<(Self, Map<String, Value>)> {
        let (json, context) = payload.object(call).await?;
        let Value::Object(query) = json else {
            return Err(Error::invalid("the body is a JSON object").into());
        };
        let local = flag("local", selection.asked_of(call).local.as_deref())?;
        let wanted = read_query(&query, local, &context).await?;
        let mut how = Representation::from_parameters(representation, &context, media_type)?;
        how.amend(&query, &context)?;
        let words = (context, media_type);
        let asked = Self::checked(call, of, (wanted, how), maps, Some(&query), words)?;
        Ok((asked, query))
    }

    fn checked(
        call: &Call,
        of: Mapped,
        (wanted, mut how): (Wanted, Representation),
        maps: &MapParameters,
        query: Option<&Map<String, Value>>,
        (context, media_type): (Context, MediaType),
    ) -> Answer<Self> {
        let q = wanted.selection.q.as_ref();
        match of {
            Mapped::Entities => how.check(q)?,
            Mapped::Evolutions => how.check_of_history(q)?,
        }
        Ok(Self {
            maps: MapWish::parse(&call.headers, maps, query, call.app.clock.now())?,
            wording: Wording::new(context, media_type, &call.headers),
            wanted,
            how,
        })
    }

    /// An entity of which nothing would be shown is not in the answer.
    pub(super) fn only_picked(&mut self) {
        if self.wanted.selection.attributes.is_empty() {
            self.wanted.selection.attributes = self.how.picked().to_vec();
        }
    }

    /// The question about the past that goes with it.
    pub(super) fn question(&self, temporal: &TemporalParameters) -> Result<Question, Error> {
        Question::new(temporal, self.how.evolution)
    }

    /// The same of a Query with `temporalQ` and `aggrParams`: who names methods of aggregation asks for aggregates
    /// (5.2.21, 5.2.44).
    pub(super) fn question_in(&self, query: &Map<String, Value>) -> Result<Question, Error> {
        let temporal = temporal_parameters(query)?;
        let evolution = match self.how.evolution {
            Evolution::Normalized if temporal.aggr_methods.is_some() => Evolution::Aggregated,
            other => other,
        };
        Question::new(&temporal, evolution)
    }
}

/// The members of `temporalQ` (5.2.21) and `aggrParams` (5.2.44), as the parameters that they are for GET.
pub(super) fn temporal_parameters(query: &Map<String, Value>) -> Result<TemporalParameters, Error> {
    let none = Map::new();
    let part = |name: &str| match query.get(name) {
        None => Ok(&none),
        Some(Value::Object(part)) => Ok(part),
        Some(_) => Err(Error::bad_data(format!("`{name}` is an object"))),
    };
    let (temporal, aggregation) = (part("temporalQ")?, part("aggrParams")?);
    if query.contains_key("aggrParams") && !aggregation.contains_key("aggrMethods") {
        return Err(Error::bad_data("`aggrParams` names its `aggrMethods` (5.2.44)"));
    }
    let text = |name: &str| match temporal.get(name).or_else(|| aggregation.get(name)) {
        None => Ok(None),
        Some(Value::String(text)) if name != "lastN" => Ok(Some(text.clone())),
        Some(Value::Number(number)) if name == "lastN" && number.is_u64() => Ok(Some(number.to_string())),
        Some(_) if name == "lastN" => Err(Error::bad_data("`temporalQ.lastN` is a positive whole number")),
        Some(Value::Array(items)) if name == "aggrMethods" && items.iter().all(Value::is_string) => Ok(Some(
            items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
        )),
        Some(_) => Err(Error::bad_data(format!("`temporalQ.{name}` is a string"))),
    };
    Ok(TemporalParameters {
        timerel: text("timerel")?,
        time_at: text("timeAt")?,
        end_time_at: text("endTimeAt")?,
        timeproperty: text("timeproperty")?,
        last_n: text("lastN")?,
        aggr_methods: text("aggrMethods")?,
        aggr_period_duration: text("aggrPeriodDuration")?,
    })
}

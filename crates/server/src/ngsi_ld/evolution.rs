//! Histories read from the twin and written: which instances, how many at once, aggregated or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use ngsi_ld::query::temporal::{Aggregation, TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::{
    AggregatedAttribute, AggregatedRow, TemporalFormat, WriteOptions, write_aggregated, write_temporal,
};
use ngsi_ld::{Entity, Error, Kind, Name, Timestamp, Uri, Value};
use query::View;
use query::temporal::{aggregate, instant_of};
use serde_json::{Map, Value as Json};
use twin::{HistoryQuery, Reader, Twin};

use super::answer::{PageRequest, Wording, bytes};
use super::parameters::{TemporalParameters, number};
use super::representation::{Evolution, Representation};
use super::selection::Wanted;
use crate::problem::{Answer, NgsiError, Problem};

/// How many instances one answer holds at most; what is more comes with the next page or the next range.
pub(crate) const MAX_INSTANCES: usize = 100_000;

/// How many histories one query looks through at most.
const MAX_HISTORIES: usize = 50_000;

/// What is asked of a history.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    temporal: TemporalQuery,
    last_n: Option<usize>,
    aggregation: Option<Aggregation>,
    format: TemporalFormat,
}

impl Question {
    /// Reads the parameters.
    pub(crate) fn new(parameters: &TemporalParameters, evolution: Evolution) -> Result<Self, Error> {
        let temporal = TemporalQuery::parse(
            parameters.timerel.as_deref(),
            parameters.time_at.as_deref(),
            parameters.end_time_at.as_deref(),
            parameters.timeproperty.as_deref(),
        )?;
        let last_n = number("lastN", parameters.last_n.as_deref())?;
        if last_n == Some(0) {
            return Err(Error::bad_data("`lastN` is at least 1"));
        }
        let aggregation = match (evolution, parameters.aggr_methods.as_deref()) {
            (Evolution::Aggregated, Some(methods)) => Some(Aggregation::parse(
                methods,
                parameters.aggr_period_duration.as_deref(),
            )?),
            (Evolution::Aggregated, None) => {
                return Err(Error::bad_data(
                    "`aggregatedValues` needs `aggrMethods`, such as `avg,max`",
                ));
            }
            _ => None,
        };
        let format = if evolution == Evolution::Values {
            TemporalFormat::TemporalValues
        } else {
            TemporalFormat::Normalized
        };
        Ok(Self {
            temporal,
            last_n,
            aggregation,
            format,
        })
    }

    /// 5.7.4.4: a query of many histories says which time it means.
    pub(crate) fn must_have_time(&self) -> Result<(), Error> {
        if self.temporal.relation == TimeRelation::Always {
            return Err(Error::bad_data(
                "a temporal query is missing: give `timerel` with `timeAt`, as in timerel=after&timeAt=2025-01-01T00:00:00Z",
            ));
        }
        Ok(())
    }

    fn history(&self, attributes: Vec<Name>) -> HistoryQuery {
        HistoryQuery {
            temporal: self.temporal.clone(),
            attributes,
            last_n: self.last_n,
        }
    }
}

/// Histories as they are written, and what belongs beside them.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    /// The histories, by entity.
    pub objects: Vec<(Uri, Json)>,
    /// Whether it is one history, and no array.
    alone: bool,
    /// How many instances there are in them.
    pub instances: usize,
    /// Whether there are more.
    pub more: bool,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
    partial: Option<String>,
}

impl Histories {
    /// As a response: 200, or 206 where the time range was cut (6.3.10).
    pub(crate) fn respond(self, wording: &Wording) -> Answer {
        let status = if self.partial.is_some() {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let objects: Vec<&Json> = self.objects.iter().map(|(_, object)| object).collect();
        let body = match objects.as_slice() {
            [one] if self.alone => bytes(one)?,
            all => bytes(&all)?,
        };
        let mut response = wording.respond(status, body);
        if let Some(value) = self.partial.and_then(|range| HeaderValue::from_str(&range).ok()) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        Ok(response)
    }

    /// Takes in what belongs beside others.
    pub(crate) fn note(&mut self, other: &mut Self) {
        self.partial = self.partial.take().or_else(|| other.partial.take());
    }
}

/// Retrieve Temporal Evolution (5.7.3).
pub(crate) fn retrieve(
    twin: &Twin,
    view: &View,
    id: &Uri,
    question: &Question,
    how: &Representation,
    wording: &Wording,
) -> Answer<Histories> {
    let found = twin.history(view, id, &question.history(only(how)))?;
    let mut entity = found.ok_or_else(|| twin::Error::NotFound(id.clone()))?;
    keep_datasets(&mut entity, how);
    let partial = question
        .aggregation
        .is_none()
        .then(|| cut(&mut entity, question, MAX_INSTANCES))
        .flatten();
    let object = wording.finish(write(&entity, question, how, wording)?);
    Ok(Histories {
        objects: vec![(entity.id, object)],
        alone: true,
        partial,
        ..Histories::default()
    })
}

/// The attributes that are to be read at all; empty: all.
fn only(how: &Representation) -> Vec<Name> {
    let write = &how.write;
    if write.attrs.is_empty() {
        write.pick.clone()
    } else {
        write.attrs.clone()
    }
}

/// Query Temporal Evolution (5.7.4).
///
/// An entity is in the answer when it has an instance in the time range and the conditions hold for its instances
/// there. What has no time of its own (a location that never moves) is looked at as it is now.
pub(crate) fn query(
    twin: &dyn Reader,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    page: PageRequest,
    wording: &Wording,
) -> Answer<Histories> {
    let mut answer = Histories::default();
    let mut matched = 0_usize;
    visit(twin, view, wanted, question, how, &mut |mut entity| {
        matched += 1;
        if matched <= page.offset {
            return Ok(true);
        }
        if answer.objects.len() >= page.limit || answer.instances >= MAX_INSTANCES {
            answer.more = true;
            return Ok(page.count);
        }
        if question.aggregation.is_none() {
            if let Some(range) = cut(&mut entity, question, MAX_INSTANCES) {
                answer.partial.get_or_insert(range);
            }
            answer.instances += entity.attributes.len();
        }
        let object = wording.finish(write(&entity, question, how, wording)?);
        answer.objects.push((entity.id, object));
        Ok(true)
    })?;
    answer.total = page.count.then_some(matched);
    Ok(answer)
}

/// Visits the histories that a query finds, in its order. Stops when `visit` gives `false`.
pub(crate) fn visit(
    twin: &dyn Reader,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    visit: &mut dyn FnMut(Entity) -> Answer<bool>,
) -> Answer<()> {
    if wanted.order.as_ref().is_some_and(|order| !order.is_by_id()) {
        return Err(Error::bad_data("`orderBy`: histories can be ordered by `id` only (5.7.4.4)").into());
    }
    let conditions = &wanted.selection;
    let conditional = conditions.q.is_some() || conditions.geo.is_some() || !conditions.attributes.is_empty();
    let whole = conditions.prepare()?;
    let head = wanted.head();
    let head_selection = head.selection.prepare()?;
    let any = head
        .any
        .iter()
        .map(query::Selection::prepare)
        .collect::<Result<Vec<_>, _>>()?;
    let mut candidates: Vec<Arc<Entity>> = Vec::new();
    let mut consider = |entity: &Arc<Entity>| {
        if head_selection.matches(entity) && (any.is_empty() || any.iter().any(|one| one.matches(entity))) {
            candidates.push(Arc::clone(entity));
        }
        candidates.len() <= MAX_HISTORIES
    };
    if conditions.ids.is_empty() {
        twin.evolutions(view, &mut consider)?;
    } else {
        let named = conditions.ids.iter();
        named.filter_map(|id| twin.evolution_of(view, id)).all(|entity| consider(&entity));
        candidates.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        candidates.dedup_by(|a, b| a.id == b.id);
    }
    if candidates.len() > MAX_HISTORIES {
        return Err(Problem::ngsi(
            NgsiError::TooComplexQuery,
            format!(
                "the query looks through more than {MAX_HISTORIES} histories; narrow `type`, `id` or `idPattern`"
            ),
        ));
    }
    if let Some(sorter) = wanted.sorter()? {
        let mut keyed: Vec<_> = candidates
            .into_iter()
            .map(|entity| (sorter.key(&entity), entity))
            .collect();
        keyed.sort_by(|(a, _), (b, _)| sorter.compare(a, b));
        candidates = keyed.into_iter().map(|(_, entity)| entity).collect();
    }
    let attributes = if conditional { Vec::new() } else { only(how) };
    for now in candidates {
        let found = twin.history(view, &now.id, &question.history(attributes.clone()))?;
        let Some(mut entity) = found.filter(|entity| !entity.attributes.is_empty()) else {
            continue;
        };
        if conditional && !whole.matches(&entity) && !whole.matches(&with_current(&entity, &now)) {
            continue;
        }
        keep_only(&mut entity, &only(how));
        keep_datasets(&mut entity, how);
        if !entity.attributes.is_empty() && !visit(entity)? {
            break;
        }
    }
    Ok(())
}

/// The history with what is current now of the attributes that have no instance in it.
fn with_current(history: &Entity, now: &Entity) -> Entity {
    let mut both = history.clone();
    for attribute in &now.attributes {
        if history.get(attribute.name.as_str()).is_none() {
            both.attributes.push(attribute.clone());
        }
    }
    both
}

fn keep_only(entity: &mut Entity, names: &[Name]) {
    if !names.is_empty() {
        entity
            .attributes
            .retain(|attribute| names.contains(&attribute.name));
    }
}

fn keep_datasets(entity: &mut Entity, how: &Representation) {
    let wanted = &how.write.dataset_ids;
    if !wanted.is_empty() {
        entity
            .attributes
            .retain(|attribute| wanted.contains(&attribute.dataset_id));
    }
}

/// Cuts the time range of a history so that at most `most` instances stay: the earliest, or with `lastN` the
/// latest. Answers with the `Content-Range` that says so (6.3.10).
fn cut(entity: &mut Entity, question: &Question, most: usize) -> Option<String> {
    if entity.attributes.len() <= most {
        return None;
    }
    let property = question.temporal.property;
    let instant = |attribute: &ngsi_ld::Attribute| {
        instant_of(attribute, property).unwrap_or_else(|| attribute.instant())
    };
    let mut instants: Vec<Timestamp> = entity.attributes.iter().map(instant).collect();
    instants.sort_unstable();
    let (first, last) = (*instants.first()?, *instants.last()?);
    let (asked_from, asked_to) = question.temporal.relation.range();
    match question.last_n {
        None => {
            // Whole instants only: all of the last one may not fit, and then it waits for the next range.
            let beyond = instants.get(most).copied()?;
            let kept = instants
                .iter()
                .rev()
                .find(|at| **at < beyond)
                .copied()
                .unwrap_or(beyond);
            entity.attributes.retain(|attribute| instant(attribute) <= kept);
            let start = if asked_from == Timestamp::MIN {
                first
            } else {
                asked_from
            };
            Some(format!("DateTime {start}-{kept}/*"))
        }
        Some(size) => {
            let beyond = instants.get(instants.len() - most - 1).copied()?;
            let kept = instants
                .iter()
                .find(|at| **at > beyond)
                .copied()
                .unwrap_or(beyond);
            entity.attributes.retain(|attribute| instant(attribute) >= kept);
            let start = if asked_to == Timestamp::MAX {
                last
            } else {
                asked_to
            };
            Some(format!("DateTime {start}-{kept}/{size}"))
        }
    }
}

/// Values with their instants.
type Series<'a> = Vec<(Timestamp, &'a Value)>;

fn write(
    entity: &Entity,
    question: &Question,
    how: &Representation,
    wording: &Wording,
) -> Answer<Map<String, Json>> {
    let Some(aggregation) = &question.aggregation else {
        let entity = &*wording.conform(entity, true);
        let options = WriteOptions {
            time_property: question.temporal.property,
            ..how.write.clone()
        };
        return Ok(write_temporal(
            entity,
            &wording.context,
            question.format,
            &options,
        ));
    };
    let range = question.temporal.relation.range();
    let mut series: BTreeMap<(usize, Option<Uri>), Series<'_>> = BTreeMap::new();
    let mut names: Vec<&Name> = Vec::new();
    for attribute in &entity.attributes {
        let rank = names
            .iter()
            .position(|name| **name == attribute.name)
            .unwrap_or_else(|| {
                names.push(&attribute.name);
                names.len() - 1
            });
        let at = instant_of(attribute, question.temporal.property);
        let at = at.or_else(|| {
            (question.temporal.property != TimeProperty::ObservedAt).then(|| attribute.instant())
        });
        if let Some(at) = at {
            series
                .entry((rank, attribute.dataset_id.clone()))
                .or_default()
                .push((at, &attribute.value));
        }
    }
    let named = !how.write.attrs.is_empty() || !how.write.pick.is_empty();
    let mut rows = Vec::new();
    for ((rank, dataset), values) in series {
        let Some(name) = names.get(rank) else { continue };
        let mut methods = Vec::new();
        for &method in &aggregation.methods {
            let one = Aggregation {
                methods: vec![method],
                period: aggregation.period.clone(),
            };
            match aggregate(&values, &one, range) {
                Ok(found) => methods.extend(found.into_iter().map(|(method, buckets)| {
                    let row = |b: query::temporal::Bucket| AggregatedRow {
                        value: b.value,
                        start: b.start,
                        end: b.end,
                    };
                    (method.as_str(), buckets.into_iter().map(row).collect::<Vec<_>>())
                })),
                // Who asks for everything does not mean the mean of a name; who asks for the name is told.
                Err(error) if named => return Err(error.into()),
                Err(_) => {}
            }
        }
        if !methods.is_empty() {
            let kind = values.first().map_or(Kind::Property, |(_, value)| value.kind());
            rows.push(AggregatedAttribute {
                name: (*name).clone(),
                kind,
                dataset_id: dataset,
                methods,
            });
        }
    }
    Ok(write_aggregated(entity, &rows, &wording.context, &how.write))
}

#[cfg(test)]
mod tests {
    use ngsi_ld::Attribute;

    use super::*;

    #[test]
    fn clause_6_3_10_a_long_history_is_cut() {
        let name = Name::default_term("a");
        let at = |n: i64| Timestamp::from_seconds(n);
        let mut history = Entity::new(Uri::ngsi_ld("A", "1"), Name::default_term("A"));
        for n in 0..10 {
            history
                .attributes
                .push(Attribute::property(name.clone(), n).observed_at(at(n / 2)));
        }
        let question = |last_n: Option<&str>| {
            let parameters = TemporalParameters {
                last_n: last_n.map(str::to_owned),
                ..Default::default()
            };
            Question::new(&parameters, Evolution::Normalized).unwrap()
        };
        let instants = |entity: &Entity| {
            entity
                .attributes
                .iter()
                .map(Attribute::instant)
                .collect::<Vec<_>>()
        };

        let mut whole = history.clone();
        assert_eq!(cut(&mut whole, &question(None), 10), None);
        let mut early = history.clone();
        let range = cut(&mut early, &question(None), 5).unwrap();
        assert_eq!(range, "DateTime 1970-01-01T00:00:00Z-1970-01-01T00:00:01Z/*");
        assert_eq!(instants(&early), [at(0), at(0), at(1), at(1)]);
        let mut late = history;
        let range = cut(&mut late, &question(Some("100")), 5).unwrap();
        assert_eq!(range, "DateTime 1970-01-01T00:00:04Z-1970-01-01T00:00:03Z/100");
        assert_eq!(instants(&late), [at(3), at(3), at(4), at(4)]);
    }
}

//! Histories read from the twin and written: which instances, how many at once, aggregated or not.

mod aggregated;
mod cut;
mod scopes;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::{Aggregation, TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::{TemporalFormat, WriteOptions, scope_name, write_temporal};
use ngsi_ld::{Entity, Error, Name, Uri};
use query::View;
use serde_json::{Map, Value as Json};
use twin::{HistoryQuery, Part, Reader, Twin};

use self::cut::Room;
use self::scopes::Validity;
use super::answer::{PageRequest, Wording, bytes};
use super::parameters::{TemporalParameters, number};
use super::representation::{Evolution, Representation};
use super::selection::Wanted;
use crate::problem::{Answer, NgsiError, Problem};

/// How many histories one query looks through at most.
const MAX_HISTORIES: usize = 50_000;

/// How many instances of one history a condition is looked for in at most, and how many `lastN` aggregates.
const MAX_EXAMINED: usize = 500_000;

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

/// A body, and what belongs beside it.
#[derive(Debug)]
pub(crate) struct Histories {
    body: Vec<u8>,
    /// How many entities it holds.
    pub shown: usize,
    /// Whether there are more.
    pub more: bool,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
    partial: Option<String>,
}

impl Histories {
    fn one(body: &Json, partial: Option<String>) -> Answer<Self> {
        Ok(Self {
            body: bytes(body)?,
            shown: 1,
            more: false,
            total: None,
            partial,
        })
    }

    /// As a response: 200, or 206 where the time range was cut (6.3.10).
    pub(crate) fn respond(self, wording: &Wording) -> Response {
        let status = if self.partial.is_some() {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let mut response = wording.respond(status, self.body);
        if let Some(value) = self.partial.and_then(|range| HeaderValue::from_str(&range).ok()) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        response
    }
}

/// Retrieve Temporal Evolution (5.7.3).
///
/// Attributes that are named and that it never had are not found. A time in which nothing happened is empty.
pub(crate) fn retrieve(
    twin: &Twin,
    view: &View,
    id: &Uri,
    question: &Question,
    how: &Representation,
    wording: &Wording,
    most: usize,
) -> Answer<Histories> {
    let not_found = || twin::Error::NotFound(id.clone());
    let names = names_to_read(how);
    if let Some(aggregation) = &question.aggregation {
        let found = aggregate_one(twin, view, id, question, aggregation, names, how)?;
        let (entity, rows) = found.ok_or_else(not_found)?;
        if rows.is_empty() && !has_named(twin, view, id, how)? {
            return Err(nothing_there(id));
        }
        let object = aggregated::write(&entity, &rows, how, wording);
        return Histories::one(&wording.finish(object), None);
    }
    let found = twin.evolution(view, id, &question.history(names), most)?;
    let mut part = found.ok_or_else(not_found)?;
    keep_datasets(&mut part, how);
    let is_empty = part.left_out.is_empty() && !part.entity.attributes.iter().any(|a| !a.is_scope());
    if is_empty && !has_named(twin, view, id, how)? {
        return Err(nothing_there(id));
    }
    let mut room = Room::new(question, most);
    room.take(part)?;
    let range = room.content_range(question);
    let Some((entity, left_out)) = room.histories.pop() else {
        return Err(not_found().into());
    };
    let object = write(&entity, &left_out, question, how, wording);
    if object.is_empty() {
        return Err(nothing_there(id));
    }
    Histories::one(&wording.finish(object), range)
}

fn nothing_there(id: &Uri) -> Problem {
    Problem::ngsi(
        NgsiError::ResourceNotFound,
        format!("`{id}` has nothing of what is asked for, or not in that time"),
    )
}

/// The attributes that are to be read at all; empty: all. Where only `id`, `type` or `scope` are to be shown, all
/// are looked at, because an entity without instances in the time that is asked for is not in an answer.
fn names_to_read(how: &Representation) -> Vec<Name> {
    let write = &how.write;
    if !write.attrs.is_empty() {
        let mut names = write.attrs.clone();
        names.push(scope_name());
        return names;
    }
    let is_member = |name: &Name| matches!(name.as_str(), "@id" | "@type") || *name == scope_name();
    if write.pick.iter().all(is_member) {
        return Vec::new();
    }
    write.pick.clone()
}

/// Query Temporal Evolution (5.7.4).
///
/// An entity is in the answer when it has an instance in the time range and the conditions hold for its instances
/// there. What has no time of its own (a location that never moves) is looked at as it is now.
#[allow(clippy::too_many_arguments, reason = "the parts of a request")]
pub(crate) fn query(
    twin: &Twin,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    page: PageRequest,
    wording: &Wording,
    most: usize,
) -> Answer<Histories> {
    let conditions = Conditions::new(wanted)?;
    let names = names_to_read(how);
    let mut room = Room::new(question, most);
    let mut objects = Vec::new();
    let (mut matched, mut shown, mut more) = (0_usize, 0_usize, false);
    for now in candidates(twin, view, wanted)? {
        let full = shown >= page.limit;
        if full && more && !page.count {
            break;
        }
        let Some(validity) = conditions.scope_holds(twin, view, &now, question)? else {
            continue;
        };
        let simple = !conditions.asks_attributes && validity.is_always();
        if let (Some(aggregation), true) = (&question.aggregation, simple) {
            let found = aggregate_one(twin, view, &now.id, question, aggregation, names.clone(), how)?;
            let Some((entity, rows)) = found.filter(|(_, rows)| !rows.is_empty()) else {
                continue;
            };
            matched += 1;
            if matched > page.offset && !full {
                shown += 1;
                objects.push(wording.finish(aggregated::write(&entity, &rows, how, wording)));
            }
            more |= full && matched > page.offset;
            continue;
        }
        let Some(mut part) = conditions.part(twin, view, &now, question, &names, most, &validity)? else {
            continue;
        };
        keep_datasets(&mut part, how);
        if part.left_out.is_empty() && !part.entity.attributes.iter().any(|a| !a.is_scope()) {
            continue;
        }
        matched += 1;
        if matched <= page.offset {
            continue;
        }
        if full {
            more = true;
            continue;
        }
        shown += 1;
        match &question.aggregation {
            Some(aggregation) => {
                let rows =
                    aggregated::from_instances(&part.entity, question, aggregation, Some(&validity), how)?;
                objects.push(wording.finish(aggregated::write(&part.entity, &rows, how, wording)));
            }
            None => room.take(part)?,
        }
    }
    let partial = room.content_range(question);
    for (entity, left_out) in &room.histories {
        objects.push(wording.finish(write(entity, left_out, question, how, wording)));
    }
    Ok(Histories {
        body: bytes(&objects)?,
        shown: objects.len(),
        more,
        total: page.count.then_some(matched),
        partial,
    })
}

/// What has a history and may be wanted, by id, type and the like.
fn candidates(twin: &Twin, view: &View, wanted: &Wanted) -> Answer<Vec<Arc<Entity>>> {
    if wanted.order.as_ref().is_some_and(|order| !order.is_by_id()) {
        return Err(Error::bad_data("`orderBy`: histories can be ordered by `id` only (5.7.4.4)").into());
    }
    // Scopes change over time, and are looked at there.
    let mut head = wanted.head();
    head.selection.scope = None;
    let selection = head.selection.prepare()?;
    let any = head
        .any
        .iter()
        .map(query::Selection::prepare)
        .collect::<Result<Vec<_>, _>>()?;
    let mut candidates: Vec<Arc<Entity>> = Vec::new();
    twin.evolutions(view, &mut |entity| {
        if selection.matches(entity) && (any.is_empty() || any.iter().any(|one| one.matches(entity))) {
            candidates.push(Arc::clone(entity));
        }
        candidates.len() <= MAX_HISTORIES
    })?;
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
    Ok(candidates)
}

/// The conditions of a query on what an entity had in the time that is asked for.
struct Conditions {
    whole: query::Prepared,
    asks_attributes: bool,
    scope: Option<ScopeQuery>,
}

impl Conditions {
    fn new(wanted: &Wanted) -> Answer<Self> {
        let mut selection = wanted.selection.clone();
        let scope = selection.scope.take();
        Ok(Self {
            asks_attributes: selection.q.is_some()
                || selection.geo.is_some()
                || !selection.attributes.is_empty(),
            whole: selection.prepare()?,
            scope,
        })
    }

    /// When the Scope was one of those that are asked for; `None`: never in the time that is.
    fn scope_holds(
        &self,
        twin: &Twin,
        view: &View,
        now: &Entity,
        question: &Question,
    ) -> Answer<Option<Validity>> {
        let Some(scope) = &self.scope else {
            return Ok(Some(Validity::always()));
        };
        let validity = Validity::of(twin, view, now, scope)?;
        let range = question.temporal.relation.range();
        Ok(validity.touches(range).then_some(validity))
    }

    /// The part of a history that is in the answer, if the conditions hold.
    #[allow(clippy::too_many_arguments, reason = "what a part depends on")]
    fn part(
        &self,
        twin: &Twin,
        view: &View,
        now: &Arc<Entity>,
        question: &Question,
        names: &[Name],
        most: usize,
        validity: &Validity,
    ) -> Answer<Option<Part>> {
        let whole = self.asks_attributes || !validity.is_always() || question.aggregation.is_some();
        if !whole {
            return Ok(twin.evolution(view, &now.id, &question.history(names.to_vec()), most)?);
        }
        // Conditions are on every instance in the time range, also of attributes that are not shown.
        let all = HistoryQuery {
            last_n: None,
            ..question.history(if self.asks_attributes {
                Vec::new()
            } else {
                names.to_vec()
            })
        };
        let Some(mut part) = twin.evolution(view, &now.id, &all, MAX_EXAMINED)? else {
            return Ok(None);
        };
        if part.reached.is_some() {
            return Err(Problem::ngsi(
                NgsiError::TooComplexQuery,
                format!(
                    "the conditions would be looked for in more than {MAX_EXAMINED} instances of `{}`; ask for a \
                     shorter time",
                    now.id
                ),
            ));
        }
        let property = question.temporal.property;
        validity.keep(&mut part.entity.attributes, property);
        let holds = !self.asks_attributes
            || self.whole.matches(&part.entity)
            || self.whole.matches(&with_current(&part.entity, now));
        if !holds || part.entity.attributes.is_empty() {
            return Ok(None);
        }
        if !names.is_empty() {
            part.entity.attributes.retain(|a| names.contains(&a.name));
        }
        if let Some(last_n) = question.last_n {
            query::temporal::select(&mut part.entity.attributes, &question.temporal, Some(last_n));
        }
        Ok(Some(part))
    }
}

/// A whole history, aggregated.
fn aggregate_one(
    twin: &Twin,
    view: &View,
    id: &Uri,
    question: &Question,
    aggregation: &Aggregation,
    names: Vec<Name>,
    how: &Representation,
) -> Answer<Option<(Entity, Vec<ngsi_ld::representation::AggregatedAttribute>)>> {
    if question.last_n.is_none() {
        return aggregated::from_store(twin, view, id, question, aggregation, names, how);
    }
    let Some(part) = twin.evolution(view, id, &question.history(names), MAX_EXAMINED)? else {
        return Ok(None);
    };
    let rows = aggregated::from_instances(&part.entity, question, aggregation, None, how)?;
    Ok(Some((part.entity, rows)))
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

fn keep_datasets(part: &mut Part, how: &Representation) {
    let wanted = &how.write.dataset_ids;
    if !wanted.is_empty() {
        part.entity
            .attributes
            .retain(|attribute| attribute.is_scope() || wanted.contains(&attribute.dataset_id));
    }
}

/// Whether a history has one of the attributes that are named at any time; `true` where none is named.
fn has_named(twin: &Twin, view: &View, id: &Uri, how: &Representation) -> Answer<bool> {
    let mut names = names_to_read(how);
    names.retain(|name| *name != scope_name());
    if names.is_empty() {
        return Ok(true);
    }
    let any = HistoryQuery {
        temporal: TemporalQuery {
            relation: TimeRelation::Always,
            property: TimeProperty::ObservedAt,
        },
        attributes: names,
        last_n: None,
    };
    match twin.evolution(view, id, &any, 1) {
        Ok(part) => Ok(part.is_some_and(|part| !part.entity.attributes.is_empty())),
        Err(twin::Error::TooManyOfOneInstant { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn write(
    entity: &Entity,
    left_out: &[Name],
    question: &Question,
    how: &Representation,
    wording: &Wording,
) -> Map<String, Json> {
    let options = WriteOptions {
        time_property: question.temporal.property,
        ..how.write.clone()
    };
    let mut object = write_temporal(entity, &wording.context, question.format, &options);
    // An attribute of which this part of the time has nothing is there all the same (6.3.10).
    for name in left_out.iter().filter(|name| options.shows(name)) {
        object
            .entry(wording.context.compact(name))
            .or_insert_with(|| Json::Array(Vec::new()));
    }
    object
}

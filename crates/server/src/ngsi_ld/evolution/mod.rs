//! Histories read from the twin and written: which instances, how many at once, aggregated or not.

mod aggregated;
mod cut;
mod scopes;
mod sheet;

use std::sync::Arc;

use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::{Aggregation, TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::representation::{TemporalFormat, WriteOptions, scope_name, write_temporal};
use ngsi_ld::{Entity, Error, Name, Uri};
use query::View;
use serde_json::{Map, Value as Json};
use twin::{HistoryQuery, Part, Reader};

use self::cut::Room;
use self::scopes::Validity;
pub(crate) use self::sheet::{Found, Histories, Sheet};
use super::answer::{PageRequest, Wording};
use super::parameters::{TemporalParameters, positive};
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
        let last_n = positive("lastN", parameters.last_n.as_deref())?;
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

    /// What, besides the conditions of a query, decides which histories fit.
    pub(crate) fn besides(&self, how: &Representation) -> String {
        let datasets = &how.write.dataset_ids;
        format!("{:?} {:?} {datasets:?}", self.temporal, names_to_read(how))
    }

    /// The same about the instances, not what they sum up to.
    pub(crate) fn of_instances(self) -> Self {
        Self {
            aggregation: None,
            ..self
        }
    }

    fn history(&self, attributes: Vec<Name>, how: &Representation) -> HistoryQuery {
        HistoryQuery {
            temporal: self.temporal.clone(),
            attributes,
            datasets: how.write.dataset_ids.clone(),
            last_n: self.last_n,
        }
    }
}

/// Retrieve Temporal Evolution (5.7.3).
///
/// Attributes that are named and that it never had are not found. A time in which nothing happened is empty.
pub(crate) fn retrieve(
    twin: &dyn Reader,
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
        return Ok(Histories::one(wording.finish(object), None));
    }
    let found = twin.evolution(view, id, &question.history(names, how), most)?;
    let mut part = found.ok_or_else(not_found)?;
    let is_empty = part.left_out.is_empty() && !part.entity.attributes.iter().any(|a| !a.is_scope());
    if is_empty && !has_named(twin, view, id, how)? {
        return Err(nothing_there(id));
    }
    if how.write.shows(&scope_name()) {
        scopes::complete(twin, view, &mut part.entity, question)?;
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
    Ok(Histories::one(wording.finish(object), range))
}

fn nothing_there(id: &Uri) -> Problem {
    Problem::ngsi(
        NgsiError::ResourceNotFound,
        format!("`{id}` has nothing of what is asked for, or not in that time"),
    )
}

/// The attributes that are to be read at all; empty: all. Where only `id`, `type`, `scope` or times of the entity are
/// to be shown, all are looked at, because an entity without instances in the time that is asked for is not in an answer.
fn names_to_read(how: &Representation) -> Vec<Name> {
    let write = &how.write;
    if !write.attrs.is_empty() {
        let mut names = write.attrs.clone();
        names.push(scope_name());
        return names;
    }
    let is_member = |name: &Name| {
        let own = name.as_str().strip_prefix(NGSI_LD);
        matches!(name.as_str(), "@id" | "@type")
            || matches!(
                own,
                Some("scope" | "createdAt" | "modifiedAt" | "deletedAt" | "expiresAt")
            )
    };
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
    twin: &dyn Reader,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    page: PageRequest,
    wording: &Wording,
    most: usize,
) -> Answer<Histories> {
    let mut sheet = Sheet::new(question, how, wording, most);
    let (mut matched, mut shown, mut more) = (0_usize, 0_usize, false);
    let end = page.offset.saturating_add(page.limit);
    let reads = |place| page.offset <= place && place < end;
    visit(twin, view, wanted, question, how, most, &reads, &mut |found| {
        matched += 1;
        if matched <= page.offset {
            return Ok(true);
        }
        if shown >= page.limit {
            more = true;
            return Ok(page.count);
        }
        shown += 1;
        sheet.take(found)?;
        Ok(true)
    })?;
    let mut found = sheet.finish();
    // After the end everything was counted, to say where the last page is.
    found.total = (page.count || page.is_beyond(shown)).then_some(matched);
    found.more = more;
    Ok(found)
}

/// Visits the histories that a query finds, in its order, each with at most `most` instances. Of those whose place,
/// counted from 0, is none that `reads` no more is read than tells that they are found. Stops when `visit` gives `false`.
#[allow(clippy::too_many_arguments, reason = "the parts of a request")]
pub(crate) fn visit(
    twin: &dyn Reader,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    most: usize,
    reads: &dyn Fn(usize) -> bool,
    visit: &mut dyn FnMut(Found) -> Answer<bool>,
) -> Answer<()> {
    let conditions = Conditions::new(wanted)?;
    let names = names_to_read(how);
    let mut place = 0_usize;
    for now in candidates(twin, view, wanted)? {
        let Some(validity) = conditions.scope_holds(twin, view, &now, question)? else {
            continue;
        };
        let simple = !conditions.asks_attributes && validity.is_always();
        let short = simple && question.aggregation.is_none() && !reads(place);
        let there = if short {
            is_there(twin, view, &now.id, &question.history(names.clone(), how))?
        } else {
            None
        };
        let found = if let Some(there) = there {
            if !there {
                continue;
            }
            Found::Unread(Arc::clone(&now))
        } else if let (Some(aggregation), true) = (&question.aggregation, simple) {
            let found = aggregate_one(twin, view, &now.id, question, aggregation, names.clone(), how)?;
            match found.filter(|(_, rows)| !rows.is_empty()) {
                Some((entity, rows)) => Found::Aggregates(entity, rows),
                None => continue,
            }
        } else {
            let part = conditions.part(twin, view, &now, question, &names, how, most, &validity)?;
            let Some(mut part) = part else { continue };
            if part.left_out.is_empty() && !part.entity.attributes.iter().any(|a| !a.is_scope()) {
                continue;
            }
            if question.aggregation.is_none() && how.write.shows(&scope_name()) {
                scopes::complete(twin, view, &mut part.entity, question)?;
            }
            Found::Instances(part, validity)
        };
        place += 1;
        if !visit(found)? {
            break;
        }
    }
    Ok(())
}

/// Whether a history has anything in a time, from the first few instances; `None`: they do not tell.
fn is_there(twin: &dyn Reader, view: &View, id: &Uri, query: &HistoryQuery) -> Answer<Option<bool>> {
    const FEW: usize = 64;
    match twin.evolution(view, id, query, FEW) {
        Ok(None) => Ok(Some(false)),
        Ok(Some(part)) => {
            let scope = scope_name();
            let is_in = part.entity.attributes.iter().any(|a| !a.is_scope());
            Ok(Some(is_in || part.left_out.iter().any(|name| *name != scope)))
        }
        Err(twin::Error::TooManyOfOneInstant { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What has a history and may be wanted, by id, type and the like.
fn candidates(twin: &dyn Reader, view: &View, wanted: &Wanted) -> Answer<Vec<Arc<Entity>>> {
    if wanted.order.as_ref().is_some_and(|order| !order.is_by_id()) {
        return Err(Error::bad_data("`orderBy`: histories can be ordered by `id` only (5.7.4.4)").into());
    }
    // Scopes change over time, and are looked at there.
    let mut head = wanted.head();
    head.selection.scope = None;
    let selection = head.selection.prepare()?;
    let mut candidates: Vec<Arc<Entity>> = Vec::new();
    let mut consider = |entity: &Arc<Entity>| {
        if selection.matches(entity) {
            candidates.push(Arc::clone(entity));
        }
        candidates.len() <= MAX_HISTORIES
    };
    if wanted.selection.ids.is_empty() {
        let types = head.selection.needed_types().unwrap_or_default();
        twin.evolutions(view, &types, &mut consider)?;
    } else {
        let named = wanted.selection.ids.iter();
        named
            .filter_map(|id| twin.evolution_of(view, id))
            .all(|entity| consider(&entity));
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
        twin: &dyn Reader,
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
        twin: &dyn Reader,
        view: &View,
        now: &Arc<Entity>,
        question: &Question,
        names: &[Name],
        how: &Representation,
        most: usize,
        validity: &Validity,
    ) -> Answer<Option<Part>> {
        let whole = self.asks_attributes || !validity.is_always() || question.aggregation.is_some();
        if !whole {
            return Ok(twin.evolution(view, &now.id, &question.history(names.to_vec(), how), most)?);
        }
        // Conditions are on every instance in the time range, also of what is not shown.
        let mut all = question.history(names.to_vec(), how);
        all.last_n = None;
        if self.asks_attributes {
            (all.attributes, all.datasets) = (Vec::new(), Vec::new());
        }
        let Some(mut part) = twin.evolution(view, &now.id, &all, MAX_EXAMINED)? else {
            return Ok(None);
        };
        if part.reached.is_some() {
            return Err(too_many(&now.id, "the conditions would be looked for in"));
        }
        let property = question.temporal.property;
        validity.keep(&mut part.entity.attributes, property);
        let holds = !self.asks_attributes
            || self.whole.matches(&part.entity)
            || self.whole.matches(&with_current(&part.entity, now));
        if !holds || part.entity.attributes.is_empty() {
            return Ok(None);
        }
        let asked = question.history(names.to_vec(), how);
        part.entity.attributes.retain(|a| {
            (a.is_scope() || asked.asks(a.dataset_id.as_ref()))
                && (names.is_empty() || names.contains(&a.name))
        });
        if let Some(last_n) = question.last_n {
            query::temporal::select(&mut part.entity.attributes, &question.temporal, Some(last_n));
        }
        Ok(Some(part))
    }
}

/// There is more of a history than is looked through for one answer.
fn too_many(id: &Uri, what: &str) -> Problem {
    Problem::ngsi(
        NgsiError::TooComplexQuery,
        format!("{what} more than {MAX_EXAMINED} instances of `{id}`; ask for a shorter time"),
    )
}

/// A whole history, aggregated.
fn aggregate_one(
    twin: &dyn Reader,
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
    let Some(part) = twin.evolution(view, id, &question.history(names, how), MAX_EXAMINED)? else {
        return Ok(None);
    };
    if part.reached.is_some() {
        return Err(too_many(id, "`lastN` would aggregate"));
    }
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

/// Whether a history has one of the attributes that are named at any time; `true` where none is named.
fn has_named(twin: &dyn Reader, view: &View, id: &Uri, how: &Representation) -> Answer<bool> {
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
        datasets: Vec::new(),
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
    let entity = wording.conform(entity, true);
    let mut object = write_temporal(&entity, &wording.context, question.format, &options);
    // An attribute of which this part of the time has nothing is there all the same (6.3.10).
    for name in left_out.iter().filter(|name| options.shows(name)) {
        object
            .entry(wording.context.compact_name(name))
            .or_insert_with(|| Json::Array(Vec::new()));
    }
    object
}

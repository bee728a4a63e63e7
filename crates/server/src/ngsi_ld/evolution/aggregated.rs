//! Aggregated histories (4.5.19): numbers are summed up as the store holds them, without making instances of them.

use std::collections::HashMap;

use ngsi_ld::query::temporal::Aggregation;
use ngsi_ld::representation::{AggregatedAttribute, AggregatedRow, write_aggregated};
use ngsi_ld::{Entity, Error, Kind, Name, Timestamp, Uri};
use query::View;
use query::aggregate::{Aggregator, Bucket, Numbers};
use query::temporal::instant_of;
use serde_json::{Map, Value as Json};
use twin::{Piece, Reader};

use super::super::answer::Wording;
use super::super::representation::Representation;
use super::Question;
use super::scopes::Validity;
use crate::problem::Answer;

type Series = (Name, Option<Uri>);

/// The aggregates of one history, in the order in which its attributes came.
struct Aggregates<'a> {
    aggregation: &'a Aggregation,
    range: (Timestamp, Timestamp),
    order: Vec<(Series, Kind, Aggregator<'a>)>,
    index: HashMap<Series, usize>,
    /// Where periods are counted from, by series, where the range does not say.
    first: HashMap<Series, Timestamp>,
}

impl<'a> Aggregates<'a> {
    fn new(question: &'a Question, aggregation: &'a Aggregation) -> Self {
        Self {
            aggregation,
            range: question.temporal.relation.range(),
            order: Vec::new(),
            index: HashMap::new(),
            first: HashMap::new(),
        }
    }

    fn of(&mut self, name: &Name, dataset: Option<&Uri>, kind: Kind) -> Option<&mut Aggregator<'a>> {
        let series = (name.clone(), dataset.cloned());
        let next = self.order.len();
        let index = if let Some(index) = self.index.get(&series) {
            *index
        } else {
            let first = self.first.get(&series).copied();
            let aggregator = Aggregator::new(self.aggregation, self.range, first);
            self.index.insert(series.clone(), next);
            self.order.push((series, kind, aggregator));
            next
        };
        self.order.get_mut(index).map(|(.., aggregator)| aggregator)
    }

    /// Who asks for everything does not mean the mean of a name; who asks for the name is told (`named`).
    fn finish(self, named: bool) -> Result<Vec<AggregatedAttribute>, Error> {
        let mut rows: Vec<AggregatedAttribute> = Vec::new();
        for ((name, dataset_id), kind, aggregator) in self.order {
            if aggregator.is_empty() {
                continue;
            }
            let mut methods = Vec::new();
            for (method, buckets) in aggregator.finish() {
                let row = |bucket: Bucket| AggregatedRow {
                    value: bucket.value,
                    start: bucket.start,
                    end: bucket.end,
                };
                match buckets {
                    Ok(buckets) => {
                        methods.push((method.as_str(), buckets.into_iter().map(row).collect::<Vec<_>>()));
                    }
                    Err(error) if named => return Err(error),
                    Err(_) => {}
                }
            }
            if !methods.is_empty() {
                rows.push(AggregatedAttribute {
                    name,
                    kind,
                    dataset_id,
                    methods,
                });
            }
        }
        // Those of one name stand together.
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }
}

/// Aggregates a whole history. `None`: there is no such entity. Nothing is aggregated: an object without attributes.
pub(super) fn from_store(
    twin: &dyn Reader,
    view: &View,
    id: &Uri,
    question: &Question,
    aggregation: &Aggregation,
    names: Vec<Name>,
    how: &Representation,
) -> Answer<Option<(Entity, Vec<AggregatedAttribute>)>> {
    let history = question.history(names, how);
    let mut aggregates = Aggregates::new(question, aggregation);
    let scope = ngsi_ld::representation::scope_name();
    if aggregates.range.0 == Timestamp::MIN && aggregation.period.is_some() {
        let first = &mut aggregates.first;
        let mut each = |name: &Name, dataset: Option<&Uri>, piece: Piece<'_>| {
            let at = match piece {
                Piece::One(at, _) => Some(at),
                Piece::Integers(instants, _) | Piece::Floats(instants, _) => {
                    instants.first().map(|at| Timestamp::from_micros(*at))
                }
            };
            if let (Some(at), true) = (at, *name != scope) {
                let known = first.entry((name.clone(), dataset.cloned())).or_insert(at);
                *known = at.min(*known);
            }
        };
        twin.pieces(view, id, &history, &mut each)?;
    }
    let mut failed = None;
    let mut each = |name: &Name, dataset: Option<&Uri>, piece: Piece<'_>| {
        if failed.is_some() || *name == scope {
            return;
        }
        let kind = match piece {
            Piece::One(_, instance) => instance.value.kind(),
            Piece::Integers(..) | Piece::Floats(..) => Kind::Property,
        };
        let Some(aggregator) = aggregates.of(name, dataset, kind) else {
            return;
        };
        let added = match piece {
            Piece::One(at, instance) => aggregator.add(at, &instance.value),
            Piece::Integers(instants, values) => aggregator.add_numbers(instants, Numbers::Integers(values)),
            Piece::Floats(instants, values) => aggregator.add_numbers(instants, Numbers::Floats(values)),
        };
        failed = added.err();
    };
    let entity = twin.pieces(view, id, &history, &mut each)?;
    match (failed, entity) {
        (Some(error), _) => Err(error.into()),
        (None, None) => Ok(None),
        (None, Some(entity)) => Ok(Some((entity, aggregates.finish(is_named(how))?))),
    }
}

/// Aggregates instances.
pub(super) fn from_instances(
    entity: &Entity,
    question: &Question,
    aggregation: &Aggregation,
    validity: Option<&Validity>,
    how: &Representation,
) -> Answer<Vec<AggregatedAttribute>> {
    let mut aggregates = Aggregates::new(question, aggregation);
    let property = question.temporal.property;
    let mut counted = Vec::with_capacity(entity.attributes.len());
    for instance in &entity.attributes {
        let Some(at) = instant_of(instance, property) else {
            continue;
        };
        let holds = validity.is_none_or(|validity| validity.holds(at));
        if holds && !instance.is_scope() && instance.deletion().is_none() {
            let series = (instance.name.clone(), instance.dataset_id.clone());
            let known = aggregates.first.entry(series).or_insert(at);
            *known = at.min(*known);
            counted.push((at, instance));
        }
    }
    for (at, instance) in counted {
        let dataset = instance.dataset_id.as_ref();
        if let Some(aggregator) = aggregates.of(&instance.name, dataset, instance.value.kind()) {
            aggregator.add(at, &instance.value)?;
        }
    }
    Ok(aggregates.finish(is_named(how))?)
}

pub(super) fn write(
    entity: &Entity,
    rows: &[AggregatedAttribute],
    how: &Representation,
    wording: &Wording,
) -> Map<String, Json> {
    write_aggregated(entity, rows, &wording.context, &how.write)
}

fn is_named(how: &Representation) -> bool {
    !how.write.attrs.is_empty() || !how.write.pick.is_empty()
}

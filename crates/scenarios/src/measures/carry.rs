//! From changes to operations on a fork that holds other measures already. What the fork has afterwards follows from
//! which measures it holds, not from their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::View;
use twin::{Instance, Operation, Reader as _, Snapshot};

use super::city::{made, name, name_in};
use super::headway::{clock, clock_of};
use super::plan::{Copy, Plan, TripChange, says, together};
use super::trip::{Call, Key, Piece, calls, hours};

/// Puts together what must be done.
pub(super) struct Carry<'a> {
    /// The fork before.
    snapshot: &'a Snapshot,
    view: &'a View,
    /// The measures that it holds afterwards; the last is new.
    plans: &'a [&'a Plan],
    operations: Vec<Operation>,
}

/// The operations that carry out the last of these measures on a fork that holds the others.
pub(super) fn operations(snapshot: &Snapshot, view: &View, plans: &[&Plan]) -> Vec<Operation> {
    let Some((new, _)) = plans.split_last() else {
        return Vec::new();
    };
    let mut carry = Carry {
        snapshot,
        view,
        plans,
        operations: Vec::new(),
    };
    carry
        .operations
        .extend(new.creates.values().cloned().map(Operation::Create));
    for id in new.written() {
        carry.write(id, new);
    }
    let mut trips: BTreeSet<&Uri> = new.trips.keys().collect();
    // A copy has what its trip has.
    trips.extend(new.written().filter(|id| {
        plans.iter().any(|plan| {
            plan.trips
                .get(*id)
                .is_some_and(|change| !change.copies.is_empty())
        })
    }));
    for id in trips {
        carry.trip(id);
    }
    carry
        .operations
        .extend(new.deletes.iter().cloned().map(Operation::Delete));
    carry.operations
}

impl Carry<'_> {
    /// What all measures make of an attribute.
    fn attribute(&self, id: &Uri, name: &Name) -> Option<Attribute> {
        let key = (id.clone(), name.clone());
        together(self.plans.iter().filter_map(|plan| plan.writes.get(&key)))
    }

    fn write(&mut self, id: &Uri, new: &Plan) {
        let Some(entity) = self.snapshot.get(self.view, id) else {
            return;
        };
        let mut set = Vec::new();
        for (name, _) in new.writes_of(id) {
            match self.attribute(id, name) {
                Some(attribute) => set.push(attribute),
                None if entity.instance(name.as_str(), None).is_some() => {
                    let remove = Operation::DeleteAttribute(id.clone(), name.clone(), Instance::Default);
                    self.operations.push(remove);
                }
                None => {}
            }
        }
        self.update(&entity, set);
    }

    /// Sets what is not so already.
    fn update(&mut self, entity: &Entity, mut attributes: Vec<Attribute>) {
        attributes.retain(|new| {
            !entity
                .instance(new.name.as_str(), None)
                .is_some_and(|now| says(now, new))
        });
        if !attributes.is_empty() {
            let mut change = bare(&entity.id);
            change.attributes = attributes;
            self.operations.push(Operation::UpsertUpdate(change));
        }
    }

    /// Makes an entity, or brings it to this.
    fn put(&mut self, entity: Entity) {
        match self.snapshot.get(self.view, &entity.id) {
            Some(now) => self.update(&now, entity.attributes),
            None => self.operations.push(Operation::Create(entity)),
        }
    }

    fn trip(&mut self, id: &Uri) {
        let plans = self.plans;
        let changes: Vec<&TripChange> = plans.iter().filter_map(|plan| plan.trips.get(id)).collect();
        let Some(base) = changes.first().map(|change| Arc::clone(&change.base)) else {
            return;
        };
        let calls = calls(&base, &changes);
        for call in &calls {
            match &call.key {
                Key::Base(index) => {
                    let Some(was) = base.calls.get(*index) else {
                        continue;
                    };
                    let attributes = placed(&was.entity, call, 0);
                    if let Some(now) = self.snapshot.get(self.view, &was.entity.id) {
                        self.update(&now, attributes);
                    }
                }
                Key::New(measure) => {
                    let local = made("GtfsStopTime", measure, &[id.local()]);
                    self.put(stop_time(local, id, call, 0));
                }
            }
        }
        for copy in changes.iter().flat_map(|change| &change.copies) {
            self.copy(id, copy, &calls, &changes);
        }
        if changes.iter().any(|change| change.hours.is_some()) {
            let before: Vec<&TripChange> = plans
                .split_last()
                .map(|(_, before)| before.iter().filter_map(|plan| plan.trips.get(id)).collect())
                .unwrap_or_default();
            let old: Vec<Piece> = hours(&base, &before)
                .into_iter()
                .filter(|it| it.of.is_none())
                .collect();
            let now = hours(&base, &changes);
            for gone in old
                .iter()
                .filter(|it| !now.iter().any(|new| new.of.is_none() && new.cut_s == it.cut_s))
            {
                self.operations.push(Operation::Delete(hours_id(id, gone)));
            }
            for piece in now {
                self.hours(id, &piece, &changes);
            }
        }
    }

    fn copy(&mut self, trip: &Uri, copy: &Copy, calls: &[Call], changes: &[&TripChange]) {
        let Some(like) = self.snapshot.get(self.view, trip) else {
            return;
        };
        let mut entity = (*like).clone();
        let written: BTreeSet<Name> = self
            .plans
            .iter()
            .flat_map(|plan| plan.writes_of(trip).map(|(name, _)| name.clone()))
            .collect();
        for name in written {
            match self.attribute(trip, &name) {
                Some(attribute) => entity.put(attribute),
                None => entity.attributes.retain(|it| it.name != name),
            }
        }
        entity.id = copy.id.clone();
        self.put(entity);
        let Some(base) = changes.first().map(|change| &change.base) else {
            return;
        };
        for call in calls {
            let (part, was) = match &call.key {
                Key::Base(index) => (index.to_string(), base.calls.get(*index)),
                Key::New(measure) => (format!("at-{measure}"), None),
            };
            let id = Uri::parse(&format!("urn:ngsi-ld:GtfsStopTime:{}:{part}", copy.id.local()));
            let Ok(id) = id else { continue };
            let mut entity = stop_time(id, &copy.id, call, copy.shift_s);
            if let Some(was) = was {
                // What else is said of the call: where the vehicle is headed, whether one may get on.
                let mut whole = (*was.entity).clone();
                whole.id = entity.id.clone();
                for attribute in placed(&was.entity, call, copy.shift_s) {
                    whole.put(attribute);
                }
                whole.put(Attribute::relationship(
                    name_in(&was.entity, "hasTrip"),
                    copy.id.clone(),
                ));
                entity = whole;
            }
            self.put(entity);
        }
    }

    fn hours(&mut self, trip: &Uri, piece: &Piece, changes: &[&TripChange]) {
        let Some(base) = changes.first().map(|change| &change.base) else {
            return;
        };
        let like = piece.like.and_then(|index| base.hours.get(index));
        let named = |term: &str| like.map_or_else(|| name(term), |like| name_in(&like.entity, term));
        let attributes = vec![
            Attribute::property(named("startTime"), clock(piece.start_s)),
            Attribute::property(named("endTime"), clock(piece.end_s)),
            Attribute::property(named("headwaySeconds"), i64::from(piece.headway_s)),
        ];
        match (piece.of, like) {
            (Some(_), Some(was)) => {
                let same = was.start_s == piece.start_s
                    && was.end_s == piece.end_s
                    && was.headway_s == piece.headway_s;
                if let Some(now) = self.snapshot.get(self.view, &was.entity.id) {
                    // What did not change keeps its spelling.
                    let attributes = if same { Vec::new() } else { attributes };
                    self.update(&now, attributes);
                }
            }
            (_, like) => {
                let id = hours_id(trip, piece);
                let mut entity = match like {
                    Some(like) => (*like.entity).clone(),
                    None => bare(&id)
                        .with(Attribute::relationship(name("hasTrip"), trip.clone()))
                        .with(Attribute::property(name("exactTimes"), false)),
                };
                if entity.types.is_empty() {
                    entity.types.push(name("GtfsFrequency"));
                }
                entity.id = id;
                for attribute in attributes {
                    entity.put(attribute);
                }
                self.put(entity);
            }
        }
    }
}

/// A part of a trip's hours that has no GtfsFrequency of the baseline.
fn hours_id(trip: &Uri, piece: &Piece) -> Uri {
    made("GtfsFrequency", trip.local(), &[&clock(piece.cut_s)])
}

/// An entity of which nothing is said.
fn bare(id: &Uri) -> Entity {
    let mut entity = Entity::new(id.clone(), Name::from_iri(""));
    entity.types.clear();
    entity
}

/// Number and times of a call, in the words of its entity; times only where it had them.
fn placed(was: &Entity, call: &Call, shift_s: i64) -> Vec<Attribute> {
    let mut attributes = vec![Attribute::property(name_in(was, "stopSequence"), call.sequence)];
    if let Some((arrival, departure)) = call.times {
        for (term, time) in [("arrivalTime", arrival), ("departureTime", departure)] {
            if indicators::binding::terms::attribute(was, term).is_some() {
                attributes.push(Attribute::property(name_in(was, term), clock_of(time + shift_s)));
            }
        }
    }
    attributes
}

fn stop_time(id: Uri, trip: &Uri, call: &Call, shift_s: i64) -> Entity {
    let mut entity = Entity::new(id, name("GtfsStopTime"))
        .with(Attribute::relationship(name("hasTrip"), trip.clone()))
        .with(Attribute::relationship(name("hasStop"), call.stop.clone()))
        .with(Attribute::property(name("stopSequence"), call.sequence));
    if let Some((arrival, departure)) = call.times {
        entity.put(Attribute::property(
            name("arrivalTime"),
            clock_of(arrival + shift_s),
        ));
        entity.put(Attribute::property(
            name("departureTime"),
            clock_of(departure + shift_s),
        ));
    }
    if let Some(far) = call.far {
        entity.put(Attribute::property(name("distanceTravelled"), far));
    }
    entity
}

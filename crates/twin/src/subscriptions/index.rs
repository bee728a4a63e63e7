//! Which subscriptions a change may concern: found by id, by type, and within a type by what they watch and by what must
//! hold of the entity.
//!
//! Each selector of a subscription stands in one place, the narrowest that what it asks for allows. What the index
//! gives is a superset of what matches: the subscription is asked itself.

use hashbrown::{HashMap, HashSet};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Name, Uri, Value};
use query::{Bbox, View};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::change::Difference;
use super::compiled::Compiled;
use super::conditions::{Condition, Conditions, Slot};

type Area = GeomWithData<Rectangle<[f64; 2]>, Slot>;

/// One that would stand in more corners, of all shelves of a bucket, stands on them plainly.
const MOST_CORNERS: usize = 64;

/// The index.
#[derive(Default)]
pub(super) struct Index {
    slots: Vec<Option<Entry>>,
    free: Vec<Slot>,
    by_subscription: HashMap<Uri, Slot>,
    by_id: HashMap<Uri, HashSet<Slot>>,
    by_type: HashMap<Name, Bucket>,
    any: Bucket,
    /// How many there are from whom something may be hidden: to them an entity may come and go, and its attributes with
    /// it, where to others something else of it changes.
    narrow: usize,
    /// The last change that each slot was looked at for.
    looked_at: Vec<u64>,
    changes: u64,
}

struct Entry {
    compiled: Compiled,
    places: Vec<Place>,
}

/// Where a selector stands.
#[derive(Clone)]
enum Place {
    Id(Uri),
    /// In the bucket of a type, or of all; there on the shelf of a watched attribute, or of any.
    In(Option<Name>, Option<Name>, Corner),
}

/// Where on a shelf.
#[derive(Clone)]
enum Corner {
    Condition(Condition),
    Area(Name, Bbox),
    Plain,
}

/// The subscriptions to one type, or to any.
#[derive(Default)]
struct Bucket {
    /// Those that watch any attribute.
    any: Shelf,
    /// By an attribute that they watch.
    watched: HashMap<Name, Shelf>,
}

/// Those of them that watch one attribute, or any.
#[derive(Default)]
struct Shelf {
    conditions: HashMap<Name, Conditions>,
    areas: HashMap<Name, RTree<Area>>,
    plain: HashSet<Slot>,
}

impl Index {
    /// Puts a subscription in, in the place of the one with its id.
    pub(super) fn put(&mut self, compiled: Compiled) {
        let id = compiled.stored.subscription.id.clone();
        self.remove(&id);
        let places = places(&compiled);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.looked_at.push(0);
            Slot::try_from(self.slots.len() - 1).unwrap_or(Slot::MAX)
        });
        for place in &places {
            match place {
                Place::Id(id) => {
                    self.by_id.entry_ref(id).or_default().insert(slot);
                }
                Place::In(None, watched, corner) => self.any.insert(watched.as_ref(), corner, slot),
                Place::In(Some(name), watched, corner) => {
                    let bucket = self.by_type.entry_ref(name).or_default();
                    bucket.insert(watched.as_ref(), corner, slot);
                }
            }
        }
        self.narrow += usize::from(compiled.is_narrow());
        self.slots[slot as usize] = Some(Entry { compiled, places });
        self.by_subscription.insert(id, slot);
    }

    /// Asks what each subscriber may see now, of what he saw when he subscribed.
    pub(super) fn look_again(&mut self, see: &dyn Fn(&View) -> Option<View>) {
        let ids: Vec<Uri> = self.by_subscription.keys().cloned().collect();
        for id in ids {
            // It may stand elsewhere from now on.
            if let Some(mut compiled) = self.remove(&id) {
                let view = see(&compiled.stored.view);
                compiled.see(view);
                self.put(compiled);
            }
        }
    }

    /// Whether something may be hidden from some.
    pub(super) fn has_narrow(&self) -> bool {
        self.narrow > 0
    }

    /// Takes a subscription out.
    pub(super) fn remove(&mut self, id: &Uri) -> Option<Compiled> {
        let slot = self.by_subscription.remove(id)?;
        let entry = self.slots[slot as usize].take()?;
        self.narrow -= usize::from(entry.compiled.is_narrow());
        for place in &entry.places {
            match place {
                Place::Id(id) => {
                    if let Some(slots) = self.by_id.get_mut(id) {
                        slots.remove(&slot);
                        if slots.is_empty() {
                            self.by_id.remove(id);
                        }
                    }
                }
                Place::In(None, watched, corner) => self.any.remove(watched.as_ref(), corner, slot),
                Place::In(Some(name), watched, corner) => {
                    if let Some(bucket) = self.by_type.get_mut(name) {
                        bucket.remove(watched.as_ref(), corner, slot);
                        if bucket.is_empty() {
                            self.by_type.remove(name);
                        }
                    }
                }
            }
        }
        self.free.push(slot);
        Some(entry.compiled)
    }

    /// Whether nothing is subscribed to.
    pub(super) fn is_empty(&self) -> bool {
        self.by_subscription.is_empty()
    }

    /// Visits each subscription that a change may concern, once. `before` is the entity as it was, if it was there.
    pub(super) fn concerned<'i>(
        &'i mut self,
        difference: &Difference<'_>,
        before: Option<&Entity>,
        visit: &mut dyn FnMut(&'i Compiled),
    ) {
        self.changes += 1;
        let (slots, looked_at, change) = (&self.slots, &mut self.looked_at, self.changes);
        let mut look = |slot: Slot| {
            let seen = &mut looked_at[slot as usize];
            if *seen != change {
                *seen = change;
                if let Some(entry) = &slots[slot as usize] {
                    visit(&entry.compiled);
                }
            }
        };
        let entity = difference.entity;
        for slot in self.by_id.get(&entity.id).into_iter().flatten() {
            look(*slot);
        }
        // Whoever does not see it any more is told of what it was.
        let before = before.filter(|before| self.narrow > 0 && !std::ptr::eq(*before, entity));
        for entity in [Some(entity), before].into_iter().flatten() {
            for name in &entity.types {
                if let Some(bucket) = self.by_type.get(name) {
                    bucket.concerned(entity, difference, &mut look);
                }
            }
            self.any.concerned(entity, difference, &mut look);
        }
    }
}

impl Bucket {
    fn insert(&mut self, watched: Option<&Name>, corner: &Corner, slot: Slot) {
        match watched {
            None => self.any.insert(corner, slot),
            Some(name) => self.watched.entry_ref(name).or_default().insert(corner, slot),
        }
    }

    fn remove(&mut self, watched: Option<&Name>, corner: &Corner, slot: Slot) {
        let Some(name) = watched else {
            self.any.remove(corner, slot);
            return;
        };
        if let Some(shelf) = self.watched.get_mut(name) {
            shelf.remove(corner, slot);
            if shelf.is_empty() {
                self.watched.remove(name);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.watched.is_empty()
    }

    fn concerned(&self, entity: &Entity, difference: &Difference<'_>, look: &mut dyn FnMut(Slot)) {
        self.any.concerned(entity, look);
        if !self.watched.is_empty() {
            let changed = difference.attributes.iter();
            for shelf in changed.filter_map(|(name, _)| self.watched.get(*name)) {
                shelf.concerned(entity, look);
            }
        }
    }
}

impl Shelf {
    fn insert(&mut self, corner: &Corner, slot: Slot) {
        match corner {
            Corner::Condition(condition) => {
                let conditions = self.conditions.entry_ref(&condition.attribute).or_default();
                conditions.insert(&condition.test, slot);
            }
            Corner::Area(name, bbox) => self.areas.entry_ref(name).or_default().insert(area(bbox, slot)),
            Corner::Plain => {
                self.plain.insert(slot);
            }
        }
    }

    fn remove(&mut self, corner: &Corner, slot: Slot) {
        match corner {
            Corner::Condition(condition) => {
                if let Some(conditions) = self.conditions.get_mut(&condition.attribute) {
                    conditions.remove(&condition.test, slot);
                    if conditions.is_empty() {
                        self.conditions.remove(&condition.attribute);
                    }
                }
            }
            Corner::Area(name, bbox) => {
                if let Some(areas) = self.areas.get_mut(name) {
                    areas.remove(&area(bbox, slot));
                    if areas.size() == 0 {
                        self.areas.remove(name);
                    }
                }
            }
            Corner::Plain => {
                self.plain.remove(&slot);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.areas.is_empty() && self.plain.is_empty()
    }

    fn concerned(&self, entity: &Entity, look: &mut dyn FnMut(Slot)) {
        self.plain.iter().for_each(|slot| look(*slot));
        if self.conditions.is_empty() && self.areas.is_empty() {
            return;
        }
        for attribute in &entity.attributes {
            if let Some(conditions) = self.conditions.get(&attribute.name) {
                conditions.met_by(attribute, entity, look);
            }
            if let (Value::Geo(geo), Some(areas)) = (&attribute.value, self.areas.get(&attribute.name))
                && let Some(Bbox {
                    west,
                    south,
                    east,
                    north,
                }) = Bbox::of(&geo.geometry)
            {
                let place = AABB::from_corners([west, south], [east, north]);
                areas
                    .locate_in_envelope_intersecting(&place)
                    .for_each(|found| look(found.data));
            }
        }
    }
}

fn area(bbox: &Bbox, slot: Slot) -> Area {
    let corners = ([bbox.west, bbox.south], [bbox.east, bbox.north]);
    Area::new(Rectangle::from_corners(corners.0, corners.1), slot)
}

/// Where a subscription stands.
fn places(compiled: &Compiled) -> Vec<Place> {
    let mut places = Vec::new();
    let corners = corners(compiled);
    // An attribute of an entity that comes or goes changes too, and to a narrow view it does so when another attribute
    // changes: it stands where every change leads. What must hold of the entity must hold of it whole, too.
    let watched: Vec<Option<Name>> = match &compiled.watched {
        Some(names) if !compiled.is_narrow() => names.iter().cloned().map(Some).collect(),
        _ => vec![None],
    };
    let mut stand_in = |name: Option<&Name>| {
        for watched in &watched {
            let each = corners.iter().cloned();
            places.extend(each.map(|corner| Place::In(name.cloned(), watched.clone(), corner)));
        }
    };
    if compiled.selectors.is_empty() {
        stand_in(None);
    }
    let mut by_id = Vec::new();
    for selector in &compiled.selectors {
        if !selector.ids().is_empty() {
            by_id.extend(selector.ids().iter().cloned().map(Place::Id));
            continue;
        }
        match one_of(&selector.types) {
            Some(names) => names.into_iter().for_each(|name| stand_in(Some(name))),
            None => stand_in(None),
        }
    }
    places.extend(by_id);
    places
}

/// The narrowest corners of a shelf.
fn corners(compiled: &Compiled) -> Vec<Corner> {
    let subscription = &compiled.stored.subscription;
    let conditions = subscription.q.as_ref().and_then(|q| Condition::any_of(&q.tree));
    let shelves = compiled
        .watched
        .as_ref()
        .filter(|_| !compiled.is_narrow())
        .map_or(1, |names| names.len());
    if let Some(conditions) = conditions.filter(|all| all.len() * shelves <= MOST_CORNERS) {
        return conditions.into_iter().map(Corner::Condition).collect();
    }
    let geo = subscription.geo.as_ref().map(|geo| &geo.query);
    if let Some((geo, bbox)) = geo.and_then(|geo| Some((geo, Bbox::of_query(geo)?)))
        && [bbox.west, bbox.south, bbox.east, bbox.north]
            .iter()
            .all(|side| side.is_finite())
    {
        return vec![Corner::Area(geo.property.clone(), bbox)];
    }
    vec![Corner::Plain]
}

/// Types of which every entity that is selected has one; `None` where there are none such.
fn one_of(types: &TypeSelection) -> Option<Vec<&Name>> {
    match types {
        TypeSelection::Type(name) => Some(vec![name]),
        TypeSelection::And(parts) => parts.iter().filter_map(one_of).min_by_key(Vec::len),
        TypeSelection::Or(parts) => {
            let all: Option<Vec<Vec<&Name>>> = parts.iter().map(one_of).collect();
            all.map(|all| all.into_iter().flatten().collect())
        }
    }
}

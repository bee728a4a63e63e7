//! What a measure does to entities: the result of expanding it, before anything is carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Uri, Value};

use super::timetable::BaseTrip;

/// What a measure does. All of it follows from the baseline and the measure, so that measures can be put together
/// in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The measure's name.
    pub(super) measure: String,
    pub(super) creates: BTreeMap<Uri, Entity>,
    pub(super) writes: BTreeMap<(Uri, Name), Change>,
    pub(super) deletes: BTreeSet<Uri>,
    /// Nobody else may change them: they serve no more.
    pub(super) closes: BTreeSet<Uri>,
    /// Entities that must stay though they are not changed.
    pub(super) uses: BTreeSet<Uri>,
    pub(super) trips: BTreeMap<Uri, TripChange>,
    pub(super) headways: Vec<Hours>,
    /// Places in the list of the measures that make what this one names.
    pub(super) needs: BTreeSet<usize>,
    pub(super) warnings: Vec<String>,
}

/// What becomes of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Set(Attribute),
    /// Set where nothing was there; yields to any other change.
    Fill(Attribute),
    Remove,
    /// A number is multiplied.
    Scale {
        was: Attribute,
        factor: f64,
    },
}

/// What becomes of a trip's calls and hours.
#[derive(Clone, Debug)]
pub(super) struct TripChange {
    /// The trip as it is.
    pub(super) base: Arc<BaseTrip>,
    pub(super) call: Option<Insertion>,
    /// The share of the run time that is saved, by leg (from call `i` to the next) and street.
    pub(super) savings: BTreeMap<(usize, Uri), f64>,
    pub(super) copies: Vec<Copy>,
    pub(super) hours: Option<Headway>,
}

/// One more call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Insertion {
    /// The measure.
    pub(super) measure: String,
    pub(super) stop: Uri,
    /// After which call of the baseline.
    pub(super) leg: usize,
    /// How far along the leg, 0 to 1.
    pub(super) fraction: f64,
    /// The longer way, in seconds, half before and half after the stop.
    pub(super) detour_s: f64,
    pub(super) dwell_s: f64,
}

/// The same trip at another time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Copy {
    pub(super) id: Uri,
    pub(super) shift_s: i64,
}

/// How often vehicles leave in a window of departures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Headway {
    pub(super) from_s: u32,
    pub(super) until_s: u32,
    /// Seconds from one departure to the next.
    pub(super) every_s: u32,
    /// Where they did not, rather than where they did.
    pub(super) extend: bool,
}

/// Hours of a line that a measure decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) route: Uri,
    pub(super) from_s: u32,
    pub(super) until_s: u32,
}

impl Plan {
    /// The changes of a trip, to be added to.
    pub(super) fn trip(&mut self, base: &Arc<BaseTrip>) -> &mut TripChange {
        self.trips.entry(base.id.clone()).or_insert_with(|| TripChange {
            base: Arc::clone(base),
            call: None,
            savings: BTreeMap::new(),
            copies: Vec::new(),
            hours: None,
        })
    }

    /// The changes of the attributes of one entity.
    pub(super) fn writes_of<'a>(&'a self, id: &'a Uri) -> impl Iterator<Item = (&'a Name, &'a Change)> {
        let first = (id.clone(), Name::from_iri(""));
        self.writes
            .range(first..)
            .take_while(move |((of, _), _)| of == id)
            .map(|((_, name), change)| (name, change))
    }

    /// Every entity whose attributes it changes, once.
    pub(super) fn written(&self) -> impl Iterator<Item = &Uri> {
        let mut last = None;
        self.writes.keys().map(|(id, _)| id).filter(move |id| {
            let new = last != Some(*id);
            last = Some(*id);
            new
        })
    }
}

/// What several changes of one attribute make of it together; the order does not matter. `None`: it goes.
pub(super) fn together<'a>(changes: impl Iterator<Item = &'a Change>) -> Option<Attribute> {
    let (mut fill, mut removed, mut scaled) = (None, false, None::<(&Attribute, Vec<f64>)>);
    for change in changes {
        match change {
            // Contradictions were refused: all of them set the same.
            Change::Set(attribute) => return Some(attribute.clone()),
            Change::Remove => removed = true,
            Change::Fill(attribute) => fill = Some(attribute),
            Change::Scale { was, factor } => scaled.get_or_insert((was, Vec::new())).1.push(*factor),
        }
    }
    match (removed, scaled) {
        (true, _) => None,
        (false, Some((was, mut factors))) => {
            factors.sort_by(f64::total_cmp);
            Some(multiplied(was, factors.into_iter().product()))
        }
        (false, None) => fill.cloned(),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a saturating cast of a rounded number"
)]
fn multiplied(was: &Attribute, factor: f64) -> Attribute {
    let number = was.as_f64().unwrap_or_default() * factor;
    let value = match &was.value {
        Value::Property(PropertyValue::Integer(_)) => PropertyValue::Integer(number.round() as i64),
        _ => PropertyValue::from(number),
    };
    let mut attribute = Attribute::property(was.name.clone(), value);
    attribute.unit_code.clone_from(&was.unit_code);
    attribute
}

/// Whether an attribute says already what another would make it say.
pub(super) fn says(attribute: &Attribute, new: &Attribute) -> bool {
    attribute.value == new.value && attribute.unit_code == new.unit_code
}

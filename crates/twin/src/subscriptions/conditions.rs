//! What an entity must have for a subscription's `q` to hold, where one comparison says it: the index is asked for the
//! subscriptions whose comparison may hold of a value, and not for the thousands whose does not.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::{Operand, Operator, Q};
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Value};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// A place in the index.
pub(super) type Slot = u32;

/// One comparison that must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) attribute: Name,
    pub(super) test: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Text(Box<str>),
    Number(Number),
    /// Greater than it, or equal.
    From(Number),
    /// Less than it, or equal.
    To(Number),
    /// From the one to the other, both inside and finite.
    Within(Number, Number),
}

/// A number that is one, in the order of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number(f64);

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Number {
    fn new(number: f64) -> Option<Self> {
        // -0 and 0 are one number.
        (!number.is_nan()).then_some(Self(number + 0.0))
    }
}

impl Condition {
    /// Comparisons of which one must hold for `q` to hold: of those that can be told, the narrowest.
    pub(super) fn any_of(q: &Q) -> Option<Vec<Self>> {
        match q {
            Q::And(parts) => {
                let mut choices: Vec<Vec<Self>> = parts.iter().filter_map(Self::any_of).collect();
                let single = choices.iter().filter(|choice| choice.len() == 1).flatten();
                let both = Self::from_to(&single.collect::<Vec<_>>());
                choices.extend(both.map(|both| vec![both]));
                let breadth = |choice: &Vec<Self>| choice.iter().map(|one| one.test.breadth()).max();
                choices
                    .into_iter()
                    .min_by_key(|choice| (breadth(choice), choice.len()))
            }
            Q::Or(parts) => {
                let all: Option<Vec<Vec<Self>>> = parts.iter().map(Self::any_of).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            Q::Compare(path, operator, operands) => {
                // What is not an attribute (`id`, `createdAt` …) is not found among the attributes.
                let is_attribute = |name: &Name| match name.as_str().strip_prefix(NGSI_LD) {
                    Some(rest) => rest.contains('/') || rest == "location",
                    None => !name.as_str().starts_with('@'),
                };
                let ([attribute], true, false) =
                    (&*path.attributes, path.members.is_empty(), operands.is_empty())
                else {
                    return None;
                };
                if !is_attribute(attribute) {
                    return None;
                }
                let condition = |operand: &Operand| {
                    let test = Test::of(*operator, operand)?;
                    let attribute = attribute.clone();
                    Some(Self { attribute, test })
                };
                operands.iter().map(condition).collect()
            }
            Q::Exists(_) | Q::Linked { .. } => None,
        }
    }

    /// One of them with both ends, where two that must hold are the ends of an interval.
    fn from_to(all: &[&Self]) -> Option<Self> {
        all.iter().find_map(|one| {
            let Test::From(from) = one.test else { return None };
            let ends = all.iter().filter(|other| other.attribute == one.attribute);
            let ends = ends.filter_map(|other| match other.test {
                Test::To(to) => Some(to),
                _ => None,
            });
            Some(Self {
                attribute: one.attribute.clone(),
                test: Test::within(from, ends.min()?)?,
            })
        })
    }
}

impl Test {
    fn of(operator: Operator, operand: &Operand) -> Option<Self> {
        match (operator, operand) {
            (Operator::Equal, Operand::Text(text)) => Some(Self::Text(text.as_str().into())),
            (Operator::Equal, Operand::Number(number)) => Number::new(*number).map(Self::Number),
            (Operator::Equal, Operand::Range(from, to)) => match (&**from, &**to) {
                (Operand::Number(from), Operand::Number(to)) => {
                    Self::within(Number::new(*from)?, Number::new(*to)?)
                }
                _ => None,
            },
            (Operator::Greater | Operator::GreaterOrEqual, Operand::Number(number)) => {
                Number::new(*number).map(Self::From)
            }
            (Operator::Less | Operator::LessOrEqual, Operand::Number(number)) => {
                Number::new(*number).map(Self::To)
            }
            _ => None,
        }
    }

    /// How much it lets through, by and large.
    fn breadth(&self) -> u8 {
        match self {
            Self::Text(_) | Self::Number(_) => 0,
            Self::Within(..) => 1,
            Self::From(_) | Self::To(_) => 2,
        }
    }

    /// `None` where nothing lies between: then two instances may hold one end each.
    fn within(from: Number, to: Number) -> Option<Self> {
        (from <= to && from.0.is_finite() && to.0.is_finite()).then_some(Self::Within(from, to))
    }
}

/// An interval of numbers, as a flat rectangle, and who has it.
type Interval = GeomWithData<Rectangle<[f64; 2]>, Slot>;

fn interval(from: Number, to: Number, slot: Slot) -> Interval {
    Interval::new(Rectangle::from_corners([from.0, 0.0], [to.0, 0.0]), slot)
}

/// The conditions on one attribute, each with who has it.
#[derive(Default)]
pub(super) struct Conditions {
    texts: HashMap<Box<str>, HashSet<Slot>>,
    numbers: BTreeMap<Number, HashSet<Slot>>,
    from: BTreeMap<Number, HashSet<Slot>>,
    to: BTreeMap<Number, HashSet<Slot>>,
    within: RTree<Interval>,
}

impl Conditions {
    pub(super) fn insert(&mut self, test: &Test, slot: Slot) {
        match test {
            Test::Text(text) => self.texts.entry(text.clone()).or_default().insert(slot),
            Test::Number(number) => self.numbers.entry(*number).or_default().insert(slot),
            Test::From(number) => self.from.entry(*number).or_default().insert(slot),
            Test::To(number) => self.to.entry(*number).or_default().insert(slot),
            Test::Within(from, to) => {
                self.within.insert(interval(*from, *to, slot));
                true
            }
        };
    }

    pub(super) fn remove(&mut self, test: &Test, slot: Slot) {
        fn from<K: Ord>(map: &mut BTreeMap<K, HashSet<Slot>>, key: &K, slot: Slot) {
            if let Some(slots) = map.get_mut(key) {
                slots.remove(&slot);
                if slots.is_empty() {
                    map.remove(key);
                }
            }
        }
        match test {
            Test::Text(text) => {
                if let Some(slots) = self.texts.get_mut(text) {
                    slots.remove(&slot);
                    if slots.is_empty() {
                        self.texts.remove(text);
                    }
                }
            }
            Test::Number(number) => from(&mut self.numbers, number, slot),
            Test::From(number) => from(&mut self.from, number, slot),
            Test::To(number) => from(&mut self.to, number, slot),
            Test::Within(from, to) => {
                self.within.remove(&interval(*from, *to, slot));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
            && self.numbers.is_empty()
            && self.from.is_empty()
            && self.to.is_empty()
            && self.within.size() == 0
    }

    /// Those whose condition may hold of an instance of an entity's attribute: all that do, and others where its value is
    /// neither a number nor a text.
    pub(super) fn met_by(&self, attribute: &Attribute, entity: &Entity, visit: &mut dyn FnMut(Slot)) {
        let mut all = |slots: &HashSet<Slot>| slots.iter().for_each(|slot| visit(*slot));
        if let Value::Property(PropertyValue::Text(text)) = &attribute.value {
            if let Some(slots) = self.texts.get(text) {
                all(slots);
            }
            return;
        }
        let Some(number) = number_of(attribute) else {
            self.texts.values().for_each(&mut all);
            self.numbers.values().for_each(&mut all);
            self.from.values().for_each(&mut all);
            self.to.values().for_each(&mut all);
            self.within.iter().for_each(|one| visit(one.data));
            return;
        };
        self.numbers.get(&number).into_iter().for_each(&mut all);
        self.from.range(..=number).for_each(|(_, slots)| all(slots));
        self.to.range(number..).for_each(|(_, slots)| all(slots));
        if self.within.size() > 0 {
            self.within_reach(attribute, entity, visit);
        }
    }

    /// Those whose interval meets the numbers of all instances: of two instances each may hold one end (4.9).
    fn within_reach(&self, attribute: &Attribute, entity: &Entity, visit: &mut dyn FnMut(Slot)) {
        let instances = || entity.attributes.iter().filter(|one| one.name == attribute.name);
        let first = instances().find(|one| number_of(one).is_some());
        if !first.is_some_and(|first| std::ptr::eq(first, attribute)) {
            return; // once for all of them
        }
        let numbers = || instances().filter_map(number_of);
        if let (Some(least), Some(most)) = (numbers().min(), numbers().max()) {
            let reach = AABB::from_corners([least.0, 0.0], [most.0, 0.0]);
            let met = self.within.locate_in_envelope_intersecting(&reach);
            met.for_each(|one| visit(one.data));
        }
    }
}

fn number_of(attribute: &Attribute) -> Option<Number> {
    match &attribute.value {
        Value::Property(PropertyValue::Integer(number)) => Number::new(*number as f64),
        Value::Property(PropertyValue::Number(number)) => Number::new(*number),
        _ => None,
    }
}

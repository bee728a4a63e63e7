//! What an entity must have for a subscription's `q` to hold, where one comparison says it: the index is asked for the
//! subscriptions whose comparison may hold of a value, and not for the thousands whose does not.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::{Operand, Operator, Q};
use ngsi_ld::{Attribute, Name, PropertyValue, Value};

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
    /// A comparison that must hold for `q` to hold, if one can be told.
    pub(super) fn of(q: &Q) -> Option<Self> {
        match q {
            Q::And(parts) => parts.iter().find_map(Self::of),
            Q::Compare(path, operator, operands) => {
                // What is not an attribute (`id`, `createdAt` …) is not found among the attributes.
                let is_attribute = |name: &Name| match name.as_str().strip_prefix(NGSI_LD) {
                    Some(rest) => rest.contains('/') || rest == "location",
                    None => !name.as_str().starts_with('@'),
                };
                let ([attribute], true, [operand]) =
                    (&*path.attributes, path.members.is_empty(), &**operands)
                else {
                    return None;
                };
                if !is_attribute(attribute) {
                    return None;
                }
                let test = match (operator, operand) {
                    (Operator::Equal, Operand::Text(text)) => Test::Text(text.as_str().into()),
                    (Operator::Equal, Operand::Number(number)) => Test::Number(Number::new(*number)?),
                    (Operator::Greater | Operator::GreaterOrEqual, Operand::Number(number)) => {
                        Test::From(Number::new(*number)?)
                    }
                    (Operator::Less | Operator::LessOrEqual, Operand::Number(number)) => {
                        Test::To(Number::new(*number)?)
                    }
                    _ => return None,
                };
                Some(Self {
                    attribute: attribute.clone(),
                    test,
                })
            }
            _ => None,
        }
    }
}

/// The conditions on one attribute, each with who has it.
#[derive(Default)]
pub(super) struct Conditions {
    texts: HashMap<Box<str>, HashSet<Slot>>,
    numbers: BTreeMap<Number, HashSet<Slot>>,
    from: BTreeMap<Number, HashSet<Slot>>,
    to: BTreeMap<Number, HashSet<Slot>>,
}

impl Conditions {
    pub(super) fn insert(&mut self, test: &Test, slot: Slot) {
        match test {
            Test::Text(text) => self.texts.entry(text.clone()).or_default().insert(slot),
            Test::Number(number) => self.numbers.entry(*number).or_default().insert(slot),
            Test::From(number) => self.from.entry(*number).or_default().insert(slot),
            Test::To(number) => self.to.entry(*number).or_default().insert(slot),
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
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.numbers.is_empty() && self.from.is_empty() && self.to.is_empty()
    }

    /// Those whose condition may hold of an instance: all that do, and others where its value is neither a number
    /// nor a text.
    pub(super) fn met_by(&self, attribute: &Attribute, visit: &mut dyn FnMut(Slot)) {
        let mut all = |slots: &HashSet<Slot>| slots.iter().for_each(|slot| visit(*slot));
        let number = match &attribute.value {
            Value::Property(PropertyValue::Integer(number)) => Number::new(*number as f64),
            Value::Property(PropertyValue::Number(number)) => Number::new(*number),
            Value::Property(PropertyValue::Text(text)) => {
                if let Some(slots) = self.texts.get(text) {
                    all(slots);
                }
                return;
            }
            _ => None,
        };
        let Some(number) = number else {
            self.texts.values().for_each(&mut all);
            self.numbers.values().for_each(&mut all);
            self.from.values().for_each(&mut all);
            self.to.values().for_each(&mut all);
            return;
        };
        self.numbers.get(&number).into_iter().for_each(&mut all);
        self.from.range(..=number).for_each(|(_, slots)| all(slots));
        self.to.range(number..).for_each(|(_, slots)| all(slots));
    }
}

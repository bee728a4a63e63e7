//! The meaning of `q` (4.9) over one entity.
//!
//! A term holds when any instance of its target element satisfies it. Values of different sorts are never
//! equal and never ordered; the one liberty is that a string which has exactly the form of a date or time counts
//! as one when it is compared with one, because most published data models write dates as plain strings.

use std::cmp::Ordering;

use jiff::civil::{Date, Time};
use ngsi_ld::query::q::{Operand, Operator, Path, Q};
use ngsi_ld::{Entity, Error, Name, Timestamp};
use regex::Regex;

use crate::entity_query::compile_pattern;
use crate::links::Links;
use crate::target::{self, Scalar, Target};

/// How many regular expressions a `q` may have: each may take 1 MiB compiled and as much again while it matches.
const MAX_PATTERNS: usize = 16;

/// A `q` made ready.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Term(Path, Test),
    Linked(Path, Vec<Name>, Box<Filter>),
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Exists,
    Equal(Vec<Wanted>),
    NotEqual(Vec<Wanted>),
    Order(Operator, Value),
    Matches(Regex),
    NotMatches(Regex),
}

#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Value(Value),
    Range(Value, Value),
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(f64),
    Text(String),
    Boolean(bool),
    DateTime(Timestamp),
    Date(Date),
    Time(Time),
    Iri(String),
}

impl Filter {
    pub(crate) fn new(q: &Q) -> Result<Self, Error> {
        if patterns(q) > MAX_PATTERNS {
            return Err(Error::too_complex(format!(
                "`q` has more than {MAX_PATTERNS} regular expressions: ask several queries, or join them with `|`"
            )));
        }
        Self::build(q)
    }

    fn build(q: &Q) -> Result<Self, Error> {
        let parts = |parts: &[Q]| parts.iter().map(Self::build).collect::<Result<Vec<_>, _>>();
        Ok(match q {
            Q::And(terms) => Self::And(parts(terms)?),
            Q::Or(terms) => Self::Or(parts(terms)?),
            Q::Exists(path) => Self::Term(path.clone(), Test::Exists),
            Q::Compare(path, operator, operands) => Self::Term(path.clone(), Test::new(*operator, operands)?),
            Q::Linked {
                relationship,
                types,
                then,
            } => Self::Linked(relationship.clone(), types.clone(), Box::new(Self::build(then)?)),
        })
    }

    pub(crate) fn matches(&self, entity: &Entity, links: &Links<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(entity, links)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(entity, links)),
            Self::Linked(path, types, then) => target::any_link(entity, path, &mut |id| {
                links.find(id).is_some_and(|linked| {
                    (types.is_empty() || types.iter().any(|name| linked.types.contains(name)))
                        && then.matches(&linked, links)
                })
            }),
            Self::Term(path, test) => target::any(entity, path, &mut |target| test.holds(&target)),
        }
    }
}

fn patterns(q: &Q) -> usize {
    match q {
        Q::And(parts) | Q::Or(parts) => parts.iter().map(patterns).sum(),
        Q::Compare(_, Operator::Matches | Operator::NotMatches, _) => 1,
        Q::Exists(_) | Q::Compare(..) => 0,
        Q::Linked { then, .. } => patterns(then),
    }
}

impl Test {
    pub(crate) fn new(operator: Operator, operands: &[Operand]) -> Result<Self, Error> {
        let wanted = || operands.iter().map(Wanted::new).collect::<Result<Vec<_>, _>>();
        Ok(match (operator, operands) {
            (Operator::Equal, _) => Self::Equal(wanted()?),
            (Operator::NotEqual, _) => Self::NotEqual(wanted()?),
            (Operator::Matches, [Operand::Text(pattern)]) => Self::Matches(compile_pattern("q", pattern)?),
            (Operator::NotMatches, [Operand::Text(pattern)]) => {
                Self::NotMatches(compile_pattern("q", pattern)?)
            }
            (operator, [operand]) => Self::Order(operator, Value::new(operand)?),
            _ => {
                return Err(Error::bad_data(format!(
                    "`q`: `{}` takes one value",
                    operator.as_str()
                )));
            }
        })
    }

    pub(crate) fn holds(&self, target: &Target<'_>) -> bool {
        let text_matches =
            |regex: &Regex, scalar: &Scalar<'_>| matches!(scalar, Scalar::Text(t) if regex.is_match(t));
        match (self, target) {
            (Self::Exists, _) => true,
            (Self::Equal(wanted), target) => equals(target, wanted),
            (Self::NotEqual(wanted), target) => !equals(target, wanted),
            (Self::Order(operator, value), Target::One(scalar)) => in_order(*operator, scalar, value),
            (Self::Order(operator, value), Target::Texts(texts)) => {
                texts.iter().any(|text| in_order(*operator, text, value))
            }
            (Self::Matches(regex), Target::One(scalar)) => text_matches(regex, scalar),
            (Self::Matches(regex), Target::Texts(texts)) => {
                texts.iter().any(|text| text_matches(regex, text))
            }
            (Self::NotMatches(regex), Target::One(Scalar::Text(text))) => !regex.is_match(text),
            (Self::NotMatches(regex), Target::Texts(texts)) => {
                !texts.is_empty() && !texts.iter().any(|text| text_matches(regex, text))
            }
            _ => false,
        }
    }
}

fn equals(target: &Target<'_>, wanted: &[Wanted]) -> bool {
    let one = |scalar: &Scalar<'_>| wanted.iter().any(|wanted| wanted.takes(scalar));
    match target {
        Target::One(scalar) => one(scalar),
        Target::Many(scalars) | Target::Texts(scalars) => scalars.iter().any(one),
        Target::Opaque => false,
    }
}

fn in_order(operator: Operator, scalar: &Scalar<'_>, value: &Value) -> bool {
    value.order(scalar).is_some_and(|order| match operator {
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Equal | Operator::NotEqual | Operator::Matches | Operator::NotMatches => false,
    })
}

impl Wanted {
    fn new(operand: &Operand) -> Result<Self, Error> {
        Ok(match operand {
            Operand::Range(from, to) => Self::Range(Value::new(from)?, Value::new(to)?),
            operand => Self::Value(Value::new(operand)?),
        })
    }

    fn takes(&self, scalar: &Scalar<'_>) -> bool {
        match self {
            Self::Value(value) => value.order(scalar) == Some(Ordering::Equal),
            Self::Range(from, to) => {
                from.order(scalar).is_some_and(Ordering::is_ge)
                    && to.order(scalar).is_some_and(Ordering::is_le)
            }
        }
    }
}

impl Value {
    fn new(operand: &Operand) -> Result<Self, Error> {
        let bad = |text: &str| Error::bad_data(format!("`q`: `{text}` cannot be compared with"));
        Ok(match operand {
            Operand::Number(number) => Self::Number(*number),
            Operand::Text(text) => Self::Text(text.clone()),
            Operand::Boolean(value) => Self::Boolean(*value),
            Operand::DateTime(instant) => Self::DateTime(*instant),
            Operand::Date(text) => Self::Date(target::date(text).ok_or_else(|| bad(text))?),
            Operand::Time(text) => Self::Time(target::time(text).ok_or_else(|| bad(text))?),
            Operand::Uri(text) | Operand::Word(text) => Self::Iri(text.clone()),
            Operand::Range(..) => return Err(bad("a range inside a range")),
        })
    }

    /// How `scalar` stands to this value; `None` where the two are of different sorts.
    fn order(&self, scalar: &Scalar<'_>) -> Option<Ordering> {
        let same = |equal: bool| equal.then_some(Ordering::Equal);
        match (scalar, self) {
            (Scalar::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Scalar::Text(a), Self::Text(b)) => Some((*a).cmp(b.as_str())),
            (Scalar::Boolean(a), Self::Boolean(b)) => same(a == b),
            (Scalar::DateTime(a), Self::DateTime(b)) => Some(a.cmp(b)),
            (Scalar::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Scalar::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Scalar::Text(a), Self::DateTime(b)) => Timestamp::parse(a).ok().map(|a| a.cmp(b)),
            (Scalar::Text(a), Self::Date(b)) => target::date(a).map(|a| a.cmp(b)),
            (Scalar::Text(a), Self::Time(b)) => target::time(a).map(|a| a.cmp(b)),
            (Scalar::Text(a), Self::Iri(b)) | (Scalar::Iri(a), Self::Text(b) | Self::Iri(b)) => same(a == b),
            _ => None,
        }
    }
}

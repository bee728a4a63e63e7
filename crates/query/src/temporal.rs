//! The meaning of temporal queries (4.11) and of aggregation (4.5.19) over an attribute's instances.

use std::collections::{HashMap, HashSet};

use jiff::civil::Time;
use ngsi_ld::entity::UNSET;
use ngsi_ld::query::temporal::{Aggregation, Method, Period, TemporalQuery, TimeProperty};
use ngsi_ld::{Attribute, Error, Name, PropertyValue, Timestamp, Value};
use serde_json::Value as Json;

use crate::target;

/// The instant of an instance that a `timeproperty` means. Instances know no `deletedAt`.
pub fn instant_of(instance: &Attribute, property: TimeProperty) -> Option<Timestamp> {
    match property {
        TimeProperty::ObservedAt => instance.observed_at,
        TimeProperty::CreatedAt => Some(instance.created_at).filter(|&at| at != UNSET),
        TimeProperty::ModifiedAt => Some(instance.modified_at).filter(|&at| at != UNSET),
        TimeProperty::DeletedAt => None,
    }
}

/// Whether a temporal query lets an instance through. One without the instant that is meant never passes, except
/// where no time is asked for at all.
pub fn matches(instance: &Attribute, query: &TemporalQuery) -> bool {
    use ngsi_ld::query::temporal::TimeRelation;
    match instant_of(instance, query.property) {
        Some(instant) => query.relation.contains(instant),
        None => query.relation == TimeRelation::Always,
    }
}

/// Keeps the instances that a temporal query lets through and of those the latest `last_n` of each attribute
/// (5.7.3); puts those of one attribute in order, oldest first. Attributes keep the order in which they came.
pub fn select(instances: &mut Vec<Attribute>, query: &TemporalQuery, last_n: Option<usize>) {
    let mut rank: HashMap<Name, usize> = HashMap::new();
    for instance in instances.iter() {
        let next = rank.len();
        rank.entry(instance.name.clone()).or_insert(next);
    }
    instances.retain(|instance| matches(instance, query));
    let order = |instance: &Attribute| instant_of(instance, query.property).unwrap_or(instance.modified_at);
    instances.sort_by_key(|instance| (rank.get(&instance.name).copied(), order(instance)));
    if let Some(last_n) = last_n {
        let mut left: HashMap<Name, usize> = HashMap::new();
        for instance in instances.iter() {
            *left.entry(instance.name.clone()).or_default() += 1;
        }
        instances.retain(|instance| match left.get_mut(&instance.name) {
            Some(left) => {
                *left -= 1;
                *left < last_n
            }
            None => false,
        });
    }
}

/// One element of an aggregated representation: `[value, start, end]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The aggregate.
    pub value: Json,
    /// Where the period begins.
    pub start: Timestamp,
    /// Where it ends; the period does not hold this instant.
    pub end: Timestamp,
}

/// Aggregates values, each with its instant, over the periods of a time range [start, end). Periods are counted
/// from the range's start, or from the first value where the range has none; those without values are left out.
/// For each method one list. An error where a method has no meaning for a value (Tables 4.5.19.1-1 to -3).
pub fn aggregate(
    values: &[(Timestamp, &Value)],
    aggregation: &Aggregation,
    range: (Timestamp, Timestamp),
) -> Result<Vec<(Method, Vec<Bucket>)>, Error> {
    let mut values: Vec<_> = values
        .iter()
        .filter(|(at, _)| range.0 <= *at && *at < range.1)
        .copied()
        .collect();
    values.sort_by_key(|(at, _)| *at);
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Ok(aggregation
            .methods
            .iter()
            .map(|&method| (method, Vec::new()))
            .collect());
    };
    // An open end is closed by the data.
    let start = if range.0 == Timestamp::MIN {
        first.0
    } else {
        range.0
    };
    let end = if range.1 == Timestamp::MAX {
        last.0
    } else {
        range.1
    };
    let mut periods = Vec::new();
    match &aggregation.period {
        None => periods.push((start, end, values.as_slice())),
        Some(period) => {
            let mut rest = values.as_slice();
            while let Some((at, _)) = rest.first() {
                let (from, to) = period_of(*at, start, period);
                let count = rest.partition_point(|(at, _)| *at < to).max(1);
                let (inside, after) = rest.split_at(count);
                periods.push((from, to, inside));
                rest = after;
            }
        }
    }
    aggregation
        .methods
        .iter()
        .map(|&method| {
            let buckets = periods.iter().map(|&(start, end, values)| {
                let values: Vec<&Value> = values.iter().map(|(_, value)| *value).collect();
                Ok(Bucket {
                    value: reduce(method, &values)?,
                    start,
                    end,
                })
            });
            Ok((method, buckets.collect::<Result<_, Error>>()?))
        })
        .collect()
}

/// The period, counted from `start`, that holds `at`.
fn period_of(at: Timestamp, start: Timestamp, period: &Period) -> (Timestamp, Timestamp) {
    // Doubling, then halving: the number of whole periods between start and `at`.
    let reached = |count: i64| period.after(start, count).is_some_and(|instant| instant <= at);
    let mut high = 1_i64;
    while reached(high) && high < i64::MAX / 4 {
        high *= 2;
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (
        period.after(start, low).unwrap_or(start),
        period.after(start, low + 1).unwrap_or(Timestamp::MAX),
    )
}

/// How a value takes part in an aggregation.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Sort {
    Number,
    Boolean,
    ArraySize,
    Text,
    Time,
    Other,
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Boolean => "truth values",
            Self::ArraySize => "arrays",
            Self::Text => "texts and dates",
            Self::Time => "times of day",
            Self::Other => "objects, geometries and relationships",
        }
    }
}

fn sort_of(value: &Value) -> (Sort, f64, Option<&str>) {
    let typed = |json: &'_ Json| -> Option<(String, String)> {
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        Some((text("@type")?, text("@value")?))
    };
    match value {
        Value::Property(PropertyValue::Boolean(value)) => (Sort::Boolean, f64::from(u8::from(*value)), None),
        Value::Property(PropertyValue::Text(text)) => (Sort::Text, 0.0, Some(text)),
        Value::Property(PropertyValue::Structured(json)) => match (&**json, typed(json)) {
            (Json::Array(array), _) => (Sort::ArraySize, array.len() as f64, None),
            (Json::Number(number), _) => (Sort::Number, number.as_f64().unwrap_or(f64::NAN), None),
            (json, Some((datatype, text))) => {
                let value = json.get("@value").and_then(Json::as_str);
                match (datatype.rsplit('/').next(), target::time(&text)) {
                    (Some("Time"), Some(time)) => (Sort::Time, seconds_of(time), value),
                    (Some("DateTime" | "Date"), _) => (Sort::Text, 0.0, value),
                    _ => (Sort::Other, 0.0, None),
                }
            }
            _ => (Sort::Other, 0.0, None),
        },
        Value::Property(value) => (Sort::Number, value.as_f64().unwrap_or(f64::NAN), None),
        Value::List(list) => (Sort::ArraySize, list.len() as f64, None),
        _ => (Sort::Other, 0.0, None),
    }
}

fn seconds_of(time: Time) -> f64 {
    let whole = f64::from(time.hour()) * 3600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second());
    whole + f64::from(time.subsec_nanosecond()) / 1e9
}

fn reduce(method: Method, values: &[&Value]) -> Result<Json, Error> {
    match method {
        Method::TotalCount => return Ok(Json::from(values.len())),
        Method::DistinctCount => {
            // The debug text tells values apart; equal values have the same.
            let distinct: HashSet<_> = values.iter().map(|value| format!("{value:?}")).collect();
            return Ok(Json::from(distinct.len()));
        }
        _ => {}
    }
    let sorted: Vec<_> = values.iter().map(|value| sort_of(value)).collect();
    let sort = sorted.first().map_or(Sort::Other, |(sort, ..)| *sort);
    let refuse = |what: &str| {
        Err(Error::invalid(format!(
            "`aggrMethods`: `{}` has no meaning for {what}; leave it out",
            method.as_str()
        )))
    };
    if sorted.iter().any(|(other, ..)| *other != sort) {
        return refuse("values of different sorts within one period");
    }
    let numbers = || sorted.iter().map(|(_, number, _)| *number);
    let allowed = match sort {
        Sort::Number | Sort::Boolean => true,
        Sort::ArraySize => !matches!(method, Method::Stddev | Method::Sumsq),
        Sort::Text => matches!(method, Method::Max | Method::Min),
        Sort::Time => matches!(method, Method::Avg | Method::Max | Method::Min),
        Sort::Other => false,
    };
    if !allowed {
        return refuse(sort.name());
    }
    if matches!(sort, Sort::Text | Sort::Time) && method != Method::Avg {
        let texts = sorted.iter().filter_map(|(_, _, text)| *text);
        let found = if method == Method::Max {
            texts.max()
        } else {
            texts.min()
        };
        return Ok(found.map_or(Json::Null, Json::from));
    }
    let count = values.len() as f64;
    let mean = mean(numbers());
    let result = match method {
        Method::Avg if sort == Sort::Time => return Ok(Json::from(time_text(mean))),
        Method::Avg => mean,
        Method::Sum => numbers().sum(),
        Method::Sumsq => numbers().map(|x| x * x).sum(),
        Method::Max => numbers().fold(f64::NEG_INFINITY, f64::max),
        Method::Min => numbers().fold(f64::INFINITY, f64::min),
        // Of the population, not of a sample: a period with one value has deviation 0.
        Method::Stddev => (numbers().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt(),
        Method::DistinctCount | Method::TotalCount => count,
    };
    Ok(as_json(result))
}

/// The mean, without a sum that could overflow.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.enumerate().fold(0.0, |mean, (index, number)| {
        mean + (number - mean) / (index as f64 + 1.0)
    })
}

/// Whole numbers without a fraction, as they were most likely sent.
fn as_json(number: f64) -> Json {
    #[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Json::from(number as i64)
    } else {
        Json::from(number)
    }
}

fn time_text(seconds: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of times of day, 0..86400 s"
    )]
    let whole = seconds.round().clamp(0.0, 86_399.0) as u32;
    format!("{:02}:{:02}:{:02}Z", whole / 3600, whole / 60 % 60, whole % 60)
}

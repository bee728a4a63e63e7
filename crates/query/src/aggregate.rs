//! Aggregation (4.5.19) of an attribute's instances: in one pass, in any order, in memory that grows with the
//! periods and not with the instances.

use hashbrown::{HashMap, HashSet};
use jiff::civil::Time;
use ngsi_ld::query::temporal::{Aggregation, Method, Period};
use ngsi_ld::{Error, PropertyValue, Timestamp, Value};
use serde_json::Value as Json;

use crate::target;

/// More periods than this are not answered.
const MOST_PERIODS: usize = 100_000;
/// More different values than this are not counted.
const MOST_DISTINCT: usize = 2_000_000;
/// Whole numbers up to here are exact in a float: 2^53.
const EXACT: u64 = 9_007_199_254_740_992;

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
    let inside = || values.iter().filter(|(at, _)| range.0 <= *at && *at < range.1);
    let first = inside().map(|(at, _)| *at).min();
    let mut aggregator = Aggregator::new(aggregation, range, first);
    for (at, value) in inside() {
        aggregator.add(*at, value)?;
    }
    let all = aggregator.finish().into_iter();
    all.map(|(method, buckets)| Ok((method, buckets?))).collect()
}

/// Aggregates the instances of one attribute and data set.
#[derive(Debug)]
pub struct Aggregator<'a> {
    aggregation: &'a Aggregation,
    range: (Timestamp, Timestamp),
    /// Where periods are counted from.
    start: Timestamp,
    periods: Vec<(i64, i64, Sums)>,
    /// By where it begins.
    index: HashMap<i64, usize>,
    /// The one that took the value before.
    current: usize,
    /// The first and the last instant of all.
    extent: Option<(i64, i64)>,
    /// Different values so far, over all periods.
    distinct: usize,
    wants: Wants,
}

/// What the methods need.
#[derive(Clone, Copy, Debug)]
struct Wants {
    moments: bool,
    distinct: bool,
    extremes: bool,
}

/// Numbers of one sort, for [`Aggregator::add_numbers`].
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// JSON integers.
    Integers(&'a [i64]),
    /// Other JSON numbers.
    Floats(&'a [f64]),
}

impl<'a> Aggregator<'a> {
    /// For instances of a time range. `first`: the earliest instant that will come, needed where the range has no
    /// start and there are periods.
    pub fn new(
        aggregation: &'a Aggregation,
        range: (Timestamp, Timestamp),
        first: Option<Timestamp>,
    ) -> Self {
        let any = |methods: &[Method]| aggregation.methods.iter().any(|method| methods.contains(method));
        Self {
            aggregation,
            range,
            start: if range.0 == Timestamp::MIN {
                first.unwrap_or(range.0)
            } else {
                range.0
            },
            periods: Vec::new(),
            index: HashMap::new(),
            current: 0,
            extent: None,
            distinct: 0,
            wants: Wants {
                moments: any(&[Method::Avg, Method::Sum, Method::Sumsq, Method::Stddev]),
                distinct: any(&[Method::DistinctCount]),
                extremes: any(&[Method::Max, Method::Min]),
            },
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.extent.is_none()
    }

    /// Adds one value. Its instant lies in the range.
    pub fn add(&mut self, at: Timestamp, value: &Value) -> Result<(), Error> {
        let at = at.as_micros();
        let period = self.period_of(at)?;
        self.extend(at, at);
        let wants = self.wants;
        let Some((.., sums)) = self.periods.get_mut(period) else {
            return Ok(());
        };
        let (sort, number, text) = sort_of(value);
        let before = sums.distinct.len();
        sums.count += 1;
        sums.take_sort(sort);
        if wants.distinct {
            sums.distinct.insert(match value {
                Value::Property(PropertyValue::Integer(integer)) => Distinct::integer(*integer),
                Value::Property(PropertyValue::Number(number)) => Distinct::number(*number),
                // The debug text tells values apart; equal values have the same.
                other => Distinct::Text(format!("{other:?}").into()),
            });
        }
        let new = sums.distinct.len() - before;
        sums.moments(&[number], wants);
        if let (Some(text), true) = (text, wants.extremes) {
            sums.take_text(text);
        }
        self.distinct += new;
        self.bounded()
    }

    /// Adds Properties that are numbers, with their instants in microseconds, in order and within the range.
    pub fn add_numbers(&mut self, instants: &[i64], values: Numbers<'_>) -> Result<(), Error> {
        let (Some(first), Some(last)) = (instants.first(), instants.last()) else {
            return Ok(());
        };
        self.extend(*first, *last);
        let mut begin = 0;
        while let Some(at) = instants.get(begin) {
            let period = self.period_of(*at)?;
            let wants = self.wants;
            let Some((_, end, sums)) = self.periods.get_mut(period) else {
                return Ok(());
            };
            let rest = instants.get(begin..).unwrap_or_default();
            let end = *end;
            let count = if rest.last() < Some(&end) {
                rest.len()
            } else {
                rest.partition_point(|at| *at < end).max(1)
            };
            let before = sums.distinct.len();
            sums.count += count as u64;
            sums.take_sort(Sort::Number);
            match values {
                Numbers::Integers(integers) => {
                    let integers = integers.get(begin..begin + count).unwrap_or_default();
                    if wants.distinct {
                        sums.distinct
                            .extend(integers.iter().map(|integer| Distinct::integer(*integer)));
                    }
                    if wants.moments || wants.extremes {
                        let floats: Vec<f64> = integers.iter().map(|integer| *integer as f64).collect();
                        sums.moments(&floats, wants);
                    }
                }
                Numbers::Floats(floats) => {
                    let floats = floats.get(begin..begin + count).unwrap_or_default();
                    if wants.distinct {
                        sums.distinct
                            .extend(floats.iter().map(|number| Distinct::number(*number)));
                    }
                    sums.moments(floats, wants);
                }
            }
            self.distinct += sums.distinct.len() - before;
            self.bounded()?;
            begin += count;
        }
        Ok(())
    }

    /// For each method its periods, in order of time; an error where it has no meaning for the values.
    pub fn finish(self) -> Vec<(Method, Result<Vec<Bucket>, Error>)> {
        let (first, last) = self.extent.unwrap_or_default();
        let mut periods = self.periods;
        periods.sort_unstable_by_key(|(begin, ..)| *begin);
        // An open end is closed by the data.
        let whole = (
            if self.range.0 == Timestamp::MIN {
                Timestamp::from_micros(first)
            } else {
                self.range.0
            },
            if self.range.1 == Timestamp::MAX {
                Timestamp::from_micros(last)
            } else {
                self.range.1
            },
        );
        let by_method = |method: Method| -> Result<Vec<Bucket>, Error> {
            let bucket = |(begin, end, sums): &(i64, i64, Sums)| -> Result<Bucket, Error> {
                let (start, end) = match &self.aggregation.period {
                    None => whole,
                    Some(_) => (Timestamp::from_micros(*begin), Timestamp::from_micros(*end)),
                };
                Ok(Bucket {
                    value: sums.reduce(method)?,
                    start,
                    end,
                })
            };
            periods.iter().map(bucket).collect()
        };
        self.aggregation
            .methods
            .iter()
            .map(|&method| (method, by_method(method)))
            .collect()
    }

    fn extend(&mut self, first: i64, last: i64) {
        self.extent = Some(match self.extent {
            None => (first, last),
            Some((earliest, latest)) => (earliest.min(first), latest.max(last)),
        });
    }

    /// The period that holds an instant.
    fn period_of(&mut self, at: i64) -> Result<usize, Error> {
        if let Some((begin, end, _)) = self.periods.get(self.current)
            && (*begin..*end).contains(&at)
        {
            return Ok(self.current);
        }
        let (begin, end) = match &self.aggregation.period {
            None => (i64::MIN, i64::MAX),
            Some(period) => self.held(period, at),
        };
        let next = self.periods.len();
        let index = *self.index.entry(begin).or_insert(next);
        if index == next {
            if next >= MOST_PERIODS {
                return Err(Error::invalid(format!(
                    "`aggrPeriodDuration` makes more than {MOST_PERIODS} periods; ask for longer ones, or for a \
                     shorter time"
                )));
            }
            self.periods.push((begin, end, Sums::default()));
        }
        self.current = index;
        Ok(index)
    }

    fn held(&self, period: &Period, at: i64) -> (i64, i64) {
        let (begin, end) = period.holding(self.start, Timestamp::from_micros(at));
        (begin.as_micros(), end.as_micros())
    }

    fn bounded(&self) -> Result<(), Error> {
        if self.distinct <= MOST_DISTINCT {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "`distinctCount` would count more than {MOST_DISTINCT} different values; ask for a shorter time"
        )))
    }
}

/// A value, to be told from others.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Distinct {
    /// The bits of a float; of an integer too where a float holds it, because `20` and `20.0` are one number.
    Number(u64),
    Integer(i64),
    Text(Box<str>),
}

impl Distinct {
    fn integer(integer: i64) -> Self {
        if integer.unsigned_abs() <= EXACT {
            Self::number(integer as f64)
        } else {
            Self::Integer(integer)
        }
    }

    fn number(number: f64) -> Self {
        Self::Number((number + 0.0).to_bits()) // no negative zero
    }
}

/// What is known of the values of one period.
#[derive(Debug, Default)]
struct Sums {
    count: u64,
    /// The sort of all of them, until another comes.
    sort: Option<Sort>,
    mixed: bool,
    sum: f64,
    squares: f64,
    mean: f64,
    /// The sum of the squared deviations from the mean.
    deviation: f64,
    /// So many numbers are in these.
    numbers: u64,
    extremes: Option<(f64, f64)>,
    texts: Option<(Box<str>, Box<str>)>,
    distinct: HashSet<Distinct>,
}

impl Sums {
    fn take_sort(&mut self, sort: Sort) {
        self.mixed |= self.sort.is_some_and(|before| before != sort);
        self.sort = Some(sort);
    }

    /// Takes numbers in.
    fn moments(&mut self, numbers: &[f64], wants: Wants) {
        if wants.extremes {
            let start = self.extremes.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
            let both = |(low, high): (f64, f64), number: &f64| {
                (
                    if *number < low { *number } else { low },
                    if *number > high { *number } else { high },
                )
            };
            self.extremes = Some(numbers.iter().fold(start, both));
        }
        if !wants.moments || numbers.is_empty() {
            return;
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        // A sum may overflow where a mean does not.
        let mean = if sum.is_finite() {
            sum / count
        } else {
            mean(numbers.iter().copied())
        };
        let (mut squares, mut deviation) = (0.0, 0.0);
        for number in numbers {
            squares += number * number;
            deviation += (number - mean) * (number - mean);
        }
        self.sum += sum;
        self.squares += squares;
        // Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
        let before = self.numbers as f64;
        let all = before + count;
        let apart = mean - self.mean;
        self.mean += apart * (count / all);
        self.deviation += deviation + apart * apart * (before * count / all);
        self.numbers += numbers.len() as u64;
    }

    fn take_text(&mut self, text: &str) {
        match &mut self.texts {
            None => self.texts = Some((text.into(), text.into())),
            Some((low, high)) => {
                if text < &**low {
                    *low = text.into();
                }
                if text > &**high {
                    *high = text.into();
                }
            }
        }
    }

    fn reduce(&self, method: Method) -> Result<Json, Error> {
        match method {
            Method::TotalCount => return Ok(Json::from(self.count)),
            Method::DistinctCount => return Ok(Json::from(self.distinct.len())),
            _ => {}
        }
        let refuse = |what: &str| {
            Err(Error::invalid(format!(
                "`aggrMethods`: `{}` has no meaning for {what}; leave it out",
                method.as_str()
            )))
        };
        if self.mixed {
            return refuse("values of different sorts within one period");
        }
        let sort = self.sort.unwrap_or(Sort::Other);
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
            let text = self
                .texts
                .as_ref()
                .map(|(low, high)| if method == Method::Max { &**high } else { &**low });
            return Ok(text.map_or(Json::Null, Json::from));
        }
        let (low, high) = self.extremes.unwrap_or_default();
        let result = match method {
            Method::Avg if sort == Sort::Time => return Ok(Json::from(time_text(self.mean))),
            Method::Avg => self.mean,
            Method::Sum => self.sum,
            Method::Sumsq => self.squares,
            Method::Max => high,
            Method::Min => low,
            // Of the population, not of a sample: a period with one value has deviation 0.
            Method::Stddev => (self.deviation / self.numbers as f64).sqrt(),
            Method::DistinctCount | Method::TotalCount => self.count as f64,
        };
        Ok(as_json(result))
    }
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

//! Chunks: up to about a thousand instances of one series (an attribute and data set of one entity), in order of
//! time, in one row.
//!
//! A chunk of numbers (Properties that are numbers of one unit, with nothing beside their times) is columns; any
//! other is a list of instances and removals.

use std::sync::Arc;

use ngsi_ld::{Attribute, Name, PropertyValue, Timestamp, Uri, Value};

use crate::codec::{Input, Malformed, Output};
use crate::column::{EXACT, read_floats, read_integers, write_floats, write_integers};
use crate::names::{Dictionary, Namer};
use crate::record::{read_instance, read_time, write_instance, write_time};
use crate::{Number, Numbers, Past, Piece};

const NUMBERS: u8 = 1;
const LIST: u8 = 2;

/// All have `observedAt`, and the column of instants holds it; `modifiedAt` has a column of its own.
const OBSERVED: u8 = 1;
/// `modifiedAt` is written as the difference from the instant.
const MODIFIED_RELATIVE: u8 = 2;
/// The values are JSON integers; without this and [`MIXED`], JSON numbers with a fraction or exponent.
const INTEGERS: u8 = 4;
/// The values are of both sorts: a bit for each says whether it is an integer.
const MIXED: u8 = 8;
/// More than any chunk holds.
const LONGEST: usize = 1 << 28;

/// What the header of a chunk says of its numbers; none for a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) sum: f64,
    pub(crate) sum_of_squares: f64,
}

/// Writes instances, at least one, in order of time.
pub(crate) fn write_chunk(past: &[Past], namer: &mut Namer) -> (Vec<u8>, Option<Summary>) {
    let mut output = Output::default();
    if let Some(numbers) = plain_numbers(past) {
        write_numbers(&mut output, past, &numbers, namer);
        return (output.0, Some(summary(&numbers)));
    }
    output.byte(LIST);
    output.count(past.len());
    let mut base = Timestamp::from_micros(0);
    for one in past {
        match one {
            Past::Instance(attribute) => {
                output.byte(0);
                write_instance(&mut output, attribute, base, namer);
                base = attribute.modified_at;
            }
            Past::Removed { at, .. } => {
                output.byte(1);
                write_time(&mut output, *at, base);
                base = *at;
            }
        }
    }
    (output.0, None)
}

fn write_numbers(output: &mut Output, past: &[Past], numbers: &[PropertyValue], namer: &mut Namer) {
    let instances = || past.iter().filter_map(instance);
    let first = instances().next();
    let instants: Vec<i64> = instances().map(|a| a.instant().as_micros()).collect();
    let modified: Vec<i64> = instances().map(|a| a.modified_at.as_micros()).collect();
    let created: Vec<i64> = instances().map(|a| a.created_at.as_micros()).collect();
    let mut flags = 0;
    let mut modified_column = Output::default();
    if first.is_some_and(|a| a.observed_at.is_some()) {
        flags |= OBSERVED;
        let later: Vec<i64> = modified
            .iter()
            .zip(&instants)
            .map(|(m, i)| m.wrapping_sub(*i))
            .collect();
        let mut relative = Output::default();
        write_integers(&mut relative, &later);
        write_integers(&mut modified_column, &modified);
        if relative.0.len() <= modified_column.0.len() {
            flags |= MODIFIED_RELATIVE;
            modified_column = relative;
        }
    }
    let integers: Vec<Option<i64>> = numbers.iter().map(whole).collect();
    let count = integers.iter().flatten().count();
    if count == numbers.len() {
        flags |= INTEGERS;
    } else if count > 0 {
        flags |= MIXED;
    }
    output.byte(NUMBERS);
    output.byte(flags);
    output.count(numbers.len());
    let unit = first
        .and_then(|a| a.unit_code.as_deref())
        .map_or(0, |unit| namer.number(unit));
    output.varint(unit.into());
    write_integers(output, &instants);
    output.0.extend_from_slice(&modified_column.0);
    if flags & INTEGERS != 0 {
        write_integers(output, &integers.into_iter().flatten().collect::<Vec<_>>());
    } else {
        if flags & MIXED != 0 {
            for eight in integers.chunks(8) {
                output.byte(
                    eight
                        .iter()
                        .zip(0..)
                        .fold(0, |bits, (one, bit)| bits | u8::from(one.is_some()) << bit),
                );
            }
        }
        write_floats(
            output,
            &numbers
                .iter()
                .filter_map(PropertyValue::as_f64)
                .collect::<Vec<_>>(),
        );
    }
    write_integers(output, &created);
}

/// What stands in a chunk of numbers, without the times that only whole instances need.
struct Columns<'a> {
    flags: u8,
    unit: Option<&'a Arc<str>>,
    instants: Vec<i64>,
    modified: Vec<i64>,
    values: Values,
}

/// Values as they are stored.
enum Values {
    Integers(Vec<i64>),
    /// With a bit for each that says whether it is an integer; none: no one is.
    Floats(Vec<f64>, Vec<u8>),
}

impl Values {
    fn into_properties(self) -> Vec<PropertyValue> {
        match self {
            Self::Integers(integers) => integers.into_iter().map(PropertyValue::Integer).collect(),
            Self::Floats(floats, bits) => {
                let whole = |index: usize| {
                    bits.get(index / 8)
                        .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
                };
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "only whole numbers up to 2^53 were marked"
                )]
                let value = |(index, value)| {
                    if whole(index) {
                        PropertyValue::Integer(value as i64)
                    } else {
                        PropertyValue::Number(value)
                    }
                };
                floats.into_iter().enumerate().map(value).collect()
            }
        }
    }
}

fn read_columns<'a>(input: &mut Input, names: &'a Dictionary) -> Result<Columns<'a>, Malformed> {
    let flags = input.byte()?;
    let count = usize::try_from(input.varint()?)
        .ok()
        .filter(|count| (1..LONGEST).contains(count));
    let count = count.ok_or(Malformed("a chunk has an impossible length"))?;
    let unit = match input.varint()? {
        0 => None,
        number => Some(names.text(number)?),
    };
    let instants = read_integers(input, count)?;
    let mut modified = if flags & OBSERVED == 0 {
        instants.clone()
    } else {
        read_integers(input, count)?
    };
    if flags & MODIFIED_RELATIVE != 0 {
        for (later, instant) in modified.iter_mut().zip(&instants) {
            *later = later.wrapping_add(*instant);
        }
    }
    let values = if flags & INTEGERS != 0 {
        Values::Integers(read_integers(input, count)?)
    } else {
        let bits = if flags & MIXED == 0 {
            &[]
        } else {
            input.take(count.div_ceil(8))?
        };
        let bits = bits.to_vec();
        Values::Floats(read_floats(input, count)?, bits)
    };
    Ok(Columns {
        flags,
        unit,
        instants,
        modified,
        values,
    })
}

/// Reads what [`write_chunk`] wrote for this series.
pub(crate) fn read_chunk(
    body: &[u8],
    name: &Name,
    dataset_id: Option<&Uri>,
    names: &Dictionary,
) -> Result<Vec<Past>, Malformed> {
    let mut input = Input(body);
    let mut past = Vec::new();
    match input.byte()? {
        NUMBERS => {
            let columns = read_columns(&mut input, names)?;
            let created = read_integers(&mut input, columns.instants.len())?;
            past.reserve(created.len());
            let times = columns.instants.into_iter().zip(columns.modified).zip(created);
            for (((instant, modified), created), value) in times.zip(columns.values.into_properties()) {
                let mut attribute = Attribute::new(name.clone(), Value::Property(value));
                attribute.dataset_id = dataset_id.cloned();
                if columns.flags & OBSERVED != 0 {
                    attribute.observed_at = Some(Timestamp::from_micros(instant));
                }
                attribute.unit_code = columns.unit.map(|unit| Box::from(&**unit));
                attribute.modified_at = Timestamp::from_micros(modified);
                attribute.created_at = Timestamp::from_micros(created);
                past.push(Past::Instance(attribute));
            }
        }
        LIST => {
            let count = input.count()?;
            let mut base = Timestamp::from_micros(0);
            for _ in 0..count {
                past.push(match input.byte()? {
                    0 => {
                        let dataset = dataset_id.cloned();
                        let attribute = read_instance(&mut input, name.clone(), dataset, base, names, 0)?;
                        base = attribute.modified_at;
                        Past::Instance(attribute)
                    }
                    1 => {
                        base = read_time(&mut input, base)?;
                        Past::Removed {
                            name: name.clone(),
                            dataset_id: dataset_id.cloned(),
                            at: base,
                        }
                    }
                    _ => return Err(Malformed("no such kind of instance")),
                });
            }
        }
        _ => return Err(Malformed("no such kind of chunk")),
    }
    if input.is_empty() {
        Ok(past)
    } else {
        Err(Malformed("a chunk is too long"))
    }
}

/// Reads only the numbers within the half-open range; those of a list too.
pub(crate) fn read_series(
    body: &[u8],
    name: &Name,
    names: &Dictionary,
    range: (Timestamp, Timestamp),
    found: &mut Vec<Number>,
) -> Result<(), Malformed> {
    let mut input = Input(body);
    if input.byte()? != NUMBERS {
        let past = read_chunk(body, name, None, names)?;
        found.extend(
            past.iter()
                .filter(|one| within(one.instant(), range))
                .filter_map(number),
        );
        return Ok(());
    }
    let columns = read_columns(&mut input, names)?;
    let values = columns.values.into_properties();
    for (instant, value) in columns.instants.into_iter().zip(values) {
        let at = Timestamp::from_micros(instant);
        if let (true, Some(value)) = (within(at, range), value.as_f64()) {
            found.push(Number {
                at,
                value,
                unit_code: columns.unit.cloned(),
            });
        }
    }
    Ok(())
}

/// Gives what a chunk holds within the half-open range as pieces.
pub(crate) fn read_piece(
    body: &[u8],
    name: &Name,
    dataset_id: Option<&Uri>,
    names: &Dictionary,
    range: (Timestamp, Timestamp),
    each: &mut dyn FnMut(Piece<'_>),
) -> Result<(), Malformed> {
    let mut input = Input(body);
    if input.byte()? != NUMBERS {
        let mut past = read_chunk(body, name, dataset_id, names)?;
        past.retain(|one| within(one.instant(), range));
        if !past.is_empty() {
            each(Piece::Any(&past));
        }
        return Ok(());
    }
    let columns = read_columns(&mut input, names)?;
    let place = |at: Timestamp| {
        columns
            .instants
            .partition_point(|instant| *instant < at.as_micros())
    };
    let inside = place(range.0)..place(range.1);
    let damaged = Malformed("a column is too short");
    let (instants, modified) = (
        columns.instants.get(inside.clone()).ok_or(damaged)?,
        columns.modified.get(inside.clone()).ok_or(damaged)?,
    );
    if instants.is_empty() {
        return Ok(());
    }
    let values = match &columns.values {
        Values::Integers(integers) => Numbers::Integers(integers.get(inside.clone()).ok_or(damaged)?),
        Values::Floats(floats, _) => Numbers::Floats(floats.get(inside).ok_or(damaged)?),
    };
    each(Piece::Numbers {
        instants,
        modified,
        values,
        observed: columns.flags & OBSERVED != 0,
    });
    Ok(())
}

/// Whether an instant lies in a half-open range.
pub(crate) fn within(at: Timestamp, range: (Timestamp, Timestamp)) -> bool {
    range.0 <= at && at < range.1
}

/// An instance of the past as a number, if it holds one.
pub(crate) fn number(past: &Past) -> Option<Number> {
    let attribute = instance(past)?;
    let unit_code = attribute.unit_code.as_deref().map(Arc::from);
    Some(Number {
        at: attribute.instant(),
        value: attribute.as_f64()?,
        unit_code,
    })
}

fn instance(past: &Past) -> Option<&Attribute> {
    match past {
        Past::Instance(attribute) => Some(attribute),
        Past::Removed { .. } => None,
    }
}

fn whole(value: &PropertyValue) -> Option<i64> {
    if let PropertyValue::Integer(integer) = value {
        Some(*integer)
    } else {
        None
    }
}

/// The values, where columns can hold everything that the instances say.
fn plain_numbers(past: &[Past]) -> Option<Vec<PropertyValue>> {
    let first = instance(past.first()?)?;
    let mut values = Vec::with_capacity(past.len());
    for one in past {
        let attribute = instance(one)?;
        let plain = attribute.sub_attributes.is_empty()
            && attribute.expires_at.is_none()
            && attribute.instance_id.is_none()
            && attribute.unit_code == first.unit_code
            && attribute.observed_at.is_some() == first.observed_at.is_some();
        match &attribute.value {
            Value::Property(value @ (PropertyValue::Integer(_) | PropertyValue::Number(_))) if plain => {
                values.push(value.clone());
            }
            _ => return None,
        }
    }
    let integers = values.iter().filter_map(whole).count();
    let exact = values
        .iter()
        .filter_map(whole)
        .all(|integer| (-EXACT..=EXACT).contains(&integer));
    (integers == 0 || integers == values.len() || exact).then_some(values)
}

fn summary(numbers: &[PropertyValue]) -> Summary {
    let start = Summary {
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        sum: 0.0,
        sum_of_squares: 0.0,
    };
    numbers
        .iter()
        .filter_map(PropertyValue::as_f64)
        .fold(start, |so_far, number| Summary {
            min: so_far.min.min(number),
            max: so_far.max.max(number),
            sum: so_far.sum + number,
            sum_of_squares: number.mul_add(number, so_far.sum_of_squares),
        })
}

#[cfg(test)]
mod tests {
    use parking_lot::RwLock;
    use proptest::prelude::*;

    use super::*;
    use crate::codec::seal;

    fn reading(value: PropertyValue, observed: Option<i64>, modified: i64, created: i64) -> Past {
        let mut attribute = Attribute::new(Name::default_term("t"), Value::Property(value));
        attribute.observed_at = observed.map(Timestamp::from_micros);
        attribute.modified_at = Timestamp::from_micros(modified);
        attribute.created_at = Timestamp::from_micros(created);
        attribute.unit_code = Some("CEL".into());
        Past::Instance(attribute)
    }

    /// Writes, reads and compares; answers with the bytes that are stored.
    fn round_trip(past: &[Past]) -> (usize, bool) {
        let names = RwLock::new(Dictionary::default());
        let (body, summary) = write_chunk(past, &mut Namer::new(&names));
        let names = names.into_inner();
        let name = Name::default_term("t");
        assert_eq!(read_chunk(&body, &name, None, &names).unwrap(), past);
        let mut series = Vec::new();
        read_series(
            &body,
            &name,
            &names,
            (Timestamp::MIN, Timestamp::from_micros(i64::MAX)),
            &mut series,
        )
        .unwrap();
        let in_range = past.iter().filter(|one| one.instant() < Timestamp::MAX);
        assert_eq!(series, in_range.filter_map(number).collect::<Vec<_>>());
        (seal(&body).len(), summary.is_some())
    }

    /// A sensor's day: regular ticks, a drifting value, an answer of the network that is never equally quick.
    fn day(value: impl Fn(f64) -> f64) -> Vec<Past> {
        (0..1_000_i32)
            .map(|i| {
                let tick = 1_700_000_000_000_000 + i64::from(i) * 60_000_000;
                let jitter = i64::from(i).wrapping_mul(2_654_435_761) % 900_000;
                let value = value(f64::from(i) / 100.0);
                reading(value.into(), Some(tick), tick + jitter, 1_700_000_000_000_000)
            })
            .collect()
    }

    #[test]
    fn a_regular_series_takes_few_bytes() {
        let decimals = round_trip(&day(|x| ((20.0 + 5.0 * x.sin()) * 10.0).round() / 10.0));
        assert!(
            decimals.1 && decimals.0 <= 5_000,
            "{} bytes: 5 a sample",
            decimals.0
        );
        let noise = round_trip(&day(|x| 20.0 + 5.0 * x.sin()));
        assert!(
            noise.1 && noise.0 <= 12_000,
            "{} bytes: 12 a sample, though no digit repeats",
            noise.0
        );
    }

    #[test]
    fn a_chunk_sums_up_its_numbers() {
        let names = RwLock::new(Dictionary::default());
        let past = [1.0, -3.0, 2.0].map(|value| reading(value.into(), None, 5, 5));
        let (_, summary) = write_chunk(&past, &mut Namer::new(&names));
        assert_eq!(
            summary,
            Some(Summary {
                min: -3.0,
                max: 2.0,
                sum: 0.0,
                sum_of_squares: 14.0
            })
        );
    }

    #[test]
    fn the_edges_come_back() {
        for value in [0.0, -0.0, f64::MAX, f64::MIN, 5e-324, 0.1, 1e22] {
            let edge = reading(PropertyValue::Number(value), Some(i64::MIN), i64::MAX, 0);
            let Past::Instance(attribute) = &edge else {
                continue;
            };
            let names = RwLock::new(Dictionary::default());
            let (body, _) = write_chunk(std::slice::from_ref(&edge), &mut Namer::new(&names));
            let back = read_chunk(&body, &attribute.name, None, &names.read()).unwrap();
            let Some(Past::Instance(back)) = back.first() else {
                panic!("an instance")
            };
            assert_eq!(back.as_f64().unwrap().to_bits(), value.to_bits());
            assert_eq!(
                (back.observed_at, back.modified_at),
                (attribute.observed_at, attribute.modified_at)
            );
        }
        let both = [PropertyValue::Integer(i64::MAX), PropertyValue::Number(0.5)];
        assert!(
            !round_trip(&both.map(|value| reading(value, None, 1, 1))).1,
            "no column holds both exactly"
        );
    }

    fn values() -> impl Strategy<Value = PropertyValue> {
        prop_oneof![
            any::<f64>()
                .prop_filter("JSON has no such number", |n| n.is_finite())
                .prop_map(PropertyValue::Number),
            (-9_999_i32..9_999).prop_map(|n| PropertyValue::Number(f64::from(n) / 100.0)),
            any::<i64>().prop_map(PropertyValue::Integer),
            (-99_i64..99).prop_map(PropertyValue::Integer),
        ]
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(
            rows in proptest::collection::vec((values(), any::<i64>(), any::<i64>(), any::<i64>()), 1..40),
            observed in any::<bool>(),
        ) {
            let row = |(value, at, modified, created)| reading(value, observed.then_some(at), modified, created);
            let mut past: Vec<Past> = rows.into_iter().map(row).collect();
            past.sort_by_key(Past::instant);
            round_trip(&past);
        }

        #[test]
        fn nothing_panics_on_nonsense(mut bytes in proptest::collection::vec(any::<u8>(), 1..100), kind in 1_u8..3) {
            bytes[0] = kind;
            let _ = read_chunk(&bytes, &Name::default_term("t"), None, &Dictionary::default());
        }
    }
}

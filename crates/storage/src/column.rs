//! Columns of numbers, for chunks of history.
//!
//! Integers (and instants): constant, differences, or differences of differences (as in Gorilla: Pelkonen et
//! al., "Gorilla: a fast, scalable, in-memory time series database", VLDB 2015), as zigzag varints with runs of
//! zeros counted. Floats: decimals as scaled integers where that is exact to the bit, else XOR with the one
//! before, cut to the bytes that differ, else raw. Always the shortest.

use crate::codec::{Input, Malformed, Output};

const CONSTANT: u8 = 0;
const DELTA: u8 = 1;
const DELTA_OF_DELTA: u8 = 2;

const RAW: u8 = 0;
const XOR: u8 = 1;
const DECIMAL: u8 = 2;

/// Powers of ten that scale decimals; each is exact in binary.
const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// Whole numbers up to here are exact in a float: 2^53.
pub(crate) const EXACT: i64 = 9_007_199_254_740_992;

/// Writes integers.
pub(crate) fn write_integers(output: &mut Output, numbers: &[i64]) {
    let Some((first, rest)) = numbers.split_first() else {
        return;
    };
    if rest.iter().all(|number| number == first) {
        output.byte(CONSTANT);
        output.zigzag(*first);
        return;
    }
    let deltas: Vec<i64> = numbers
        .windows(2)
        .map(|pair| pair[1].wrapping_sub(pair[0]))
        .collect();
    let mut delta = Output::default();
    delta.byte(DELTA);
    delta.zigzag(*first);
    write_runs(&mut delta, &deltas);
    let mut second = Output::default();
    second.byte(DELTA_OF_DELTA);
    second.zigzag(*first);
    second.zigzag(deltas[0]);
    let seconds: Vec<i64> = deltas
        .windows(2)
        .map(|pair| pair[1].wrapping_sub(pair[0]))
        .collect();
    write_runs(&mut second, &seconds);
    let shortest = if second.0.len() <= delta.0.len() {
        second
    } else {
        delta
    };
    output.0.extend_from_slice(&shortest.0);
}

/// Reads `count` integers, at least one.
pub(crate) fn read_integers(input: &mut Input, count: usize) -> Result<Vec<i64>, Malformed> {
    let (kind, first) = (input.byte()?, input.zigzag()?);
    let mut numbers = Vec::with_capacity(count);
    match kind {
        CONSTANT => numbers.resize(count, first),
        DELTA => {
            let mut number = first;
            numbers.push(number);
            read_runs(input, count.saturating_sub(1), |delta| {
                number = number.wrapping_add(delta);
                numbers.push(number);
            })?;
        }
        DELTA_OF_DELTA => {
            let mut delta = input.zigzag()?;
            let mut number = first;
            numbers.push(number);
            number = number.wrapping_add(delta);
            numbers.push(number);
            read_runs(input, count.saturating_sub(2), |second| {
                delta = delta.wrapping_add(second);
                number = number.wrapping_add(delta);
                numbers.push(number);
            })?;
        }
        _ => return Err(Malformed("no such kind of column")),
    }
    if numbers.len() == count {
        Ok(numbers)
    } else {
        Err(Malformed("a column has the wrong length"))
    }
}

/// A zero is followed by how many more there are.
fn write_runs(output: &mut Output, numbers: &[i64]) {
    let mut rest = numbers;
    while let Some(first) = rest.first() {
        let run = if *first == 0 {
            rest.iter().take_while(|number| **number == 0).count()
        } else {
            1
        };
        output.zigzag(*first);
        if *first == 0 {
            output.count(run - 1);
        }
        rest = &rest[run..];
    }
}

fn read_runs(input: &mut Input, count: usize, mut each: impl FnMut(i64)) -> Result<(), Malformed> {
    let mut left = count;
    while left > 0 {
        let number = input.zigzag()?;
        let more = if number == 0 { input.varint()? } else { 0 };
        let run = usize::try_from(more)
            .ok()
            .and_then(|more| more.checked_add(1))
            .filter(|run| *run <= left);
        let run = run.ok_or(Malformed("a column is too long"))?;
        (0..run).for_each(|_| each(number));
        left -= run;
    }
    Ok(())
}

/// Writes floats, any bit pattern.
pub(crate) fn write_floats(output: &mut Output, numbers: &[f64]) {
    if let Some((power, scaled)) = decimals(numbers) {
        output.byte(DECIMAL);
        output.byte(power);
        write_integers(output, &scaled);
        return;
    }
    let mut xor = Output::default();
    let mut before = 0;
    for number in numbers {
        let difference = number.to_bits() ^ before;
        before = number.to_bits();
        write_difference(&mut xor, difference);
    }
    if xor.0.len() < numbers.len() * 8 {
        output.byte(XOR);
        output.0.extend_from_slice(&xor.0);
    } else {
        output.byte(RAW);
        for number in numbers {
            output.float(*number);
        }
    }
}

/// Reads `count` floats, at least one.
pub(crate) fn read_floats(input: &mut Input, count: usize) -> Result<Vec<f64>, Malformed> {
    match input.byte()? {
        RAW => (0..count).map(|_| input.float()).collect(),
        XOR => {
            let mut bits = 0;
            let read = |_| {
                bits ^= read_difference(input)?;
                Ok(f64::from_bits(bits))
            };
            (0..count).map(read).collect()
        }
        DECIMAL => {
            let power = usize::from(input.byte()?);
            let power = POWERS.get(power).ok_or(Malformed("no such power of ten"))?;
            Ok(read_integers(input, count)?
                .into_iter()
                .map(|number| number as f64 / power)
                .collect())
        }
        _ => Err(Malformed("no such kind of column")),
    }
}

/// The numbers as integers times a power of ten, where every one comes back exactly.
fn decimals(numbers: &[f64]) -> Option<(u8, Vec<i64>)> {
    let scale = |number: f64, power: f64| {
        let scaled = (number * power).round();
        #[allow(clippy::cast_possible_truncation, reason = "whole; and checked to come back")]
        let integer = scaled as i64;
        // A negative zero does not come back.
        let exact = scaled.abs() < EXACT as f64 && (integer as f64 / power).to_bits() == number.to_bits();
        exact.then_some(integer)
    };
    let mut power = 0_u8;
    for number in numbers {
        while scale(*number, *POWERS.get(usize::from(power))?).is_none() {
            power += 1;
        }
    }
    let power_of_ten = *POWERS.get(usize::from(power))?;
    let scaled = numbers
        .iter()
        .map(|number| scale(*number, power_of_ten))
        .collect::<Option<Vec<_>>>()?;
    Some((power, scaled))
}

/// 0 for none; else one byte that says how many zero bytes lead and how many bytes follow, and those bytes.
fn write_difference(output: &mut Output, difference: u64) {
    if difference == 0 {
        return output.byte(0);
    }
    let bytes = difference.to_be_bytes();
    let lead = bytes.iter().take_while(|byte| **byte == 0).count();
    let trail = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let length = 8 - lead - trail;
    output.byte(u8::try_from(lead * 8 + length).unwrap_or(0)); // at most 7 * 8 + 1
    output.0.extend_from_slice(&bytes[lead..lead + length]);
}

fn read_difference(input: &mut Input) -> Result<u64, Malformed> {
    let header = usize::from(input.byte()?);
    if header == 0 {
        return Ok(0);
    }
    let (lead, length) = ((header - 1) / 8, (header - 1) % 8 + 1);
    let mut bytes = [0; 8];
    let place = bytes
        .get_mut(lead..lead + length)
        .ok_or(Malformed("a difference is too long"))?;
    place.copy_from_slice(input.take(length)?);
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn integers(numbers: &[i64]) -> usize {
        let mut output = Output::default();
        write_integers(&mut output, numbers);
        let mut input = Input(&output.0);
        assert_eq!(read_integers(&mut input, numbers.len()).unwrap(), numbers);
        assert!(input.is_empty());
        output.0.len()
    }

    fn floats(numbers: &[f64]) -> usize {
        let mut output = Output::default();
        write_floats(&mut output, numbers);
        let mut input = Input(&output.0);
        let back = read_floats(&mut input, numbers.len()).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(numbers));
        assert!(input.is_empty());
        output.0.len()
    }

    #[test]
    fn regular_columns_are_short() {
        let ticks: Vec<i64> = (0..1_000)
            .map(|i| 1_700_000_000_000_000 + i * 60_000_000)
            .collect();
        assert!(integers(&ticks) < 24);
        assert!(integers(&[7; 1_000]) < 4);
        let readings: Vec<f64> = (0..1_000).map(|i| f64::from(200 + i * 7 % 13) / 10.0).collect();
        assert!(floats(&readings) < 1_100, "one byte each");
    }

    #[test]
    fn the_edges_come_back() {
        integers(&[0]);
        integers(&[1, 1]);
        integers(&[i64::MIN, i64::MAX, 0, i64::MIN, i64::MIN]);
        floats(&[
            0.0,
            -0.0,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::MIN,
            5e-324,
            f64::EPSILON,
        ]);
        floats(&[9_007_199_254_740_992.0, 0.1]);
        floats(&[f64::INFINITY, f64::NAN]);
    }

    proptest! {
        #[test]
        fn any_integers(numbers in proptest::collection::vec(any::<i64>(), 1..50)) {
            integers(&numbers);
        }

        #[test]
        fn small_integers(numbers in proptest::collection::vec(-2_i64..3, 1..200)) {
            integers(&numbers);
        }

        #[test]
        fn any_floats(numbers in proptest::collection::vec(any::<f64>(), 1..50)) {
            floats(&numbers);
        }

        #[test]
        fn decimal_floats(numbers in proptest::collection::vec(-99_999_i32..99_999, 1..50), power in 0_i32..4) {
            let numbers: Vec<f64> = numbers.iter().map(|n| f64::from(*n) / 10_f64.powi(power)).collect();
            floats(&numbers);
        }

        #[test]
        fn nothing_panics_on_nonsense(bytes in proptest::collection::vec(any::<u8>(), 0..100), count in 1_usize..50) {
            let _ = read_integers(&mut Input(&bytes), count);
            let _ = read_floats(&mut Input(&bytes), count);
        }
    }
}

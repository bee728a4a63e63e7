//! Numbers: Cedar's are decimals of four places, ours are binary. What is compared is the shortest decimal that is read as
//! the same binary number, rounded to four places: down for the highest of an attribute, up for the lowest. Policies
//! name numbers of at most fifteen digits, because such a decimal and its binary number stand for each other.

/// How many of Cedar's smallest steps one is.
const STEPS: i64 = 10_000;
/// The largest number that a policy can name, in steps: eleven digits before the point, four after it.
const LARGEST: i64 = 99_999_999_999 * STEPS;

/// A number that a policy names, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal(i64);

impl Decimal {
    /// Reads Cedar's text of a decimal: `-12.5`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.')?;
        let of_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !of_digits(whole) || !of_digits(part) || part.len() > 4 {
            return None;
        }
        let steps = format!("{whole}{part:0<4}").parse::<i64>().ok()?;
        (steps <= LARGEST).then_some(Self(if negative { -steps } else { steps }))
    }

    /// The binary number that it stands for.
    pub(super) fn value(self) -> f64 {
        // Exact to the last bit: both are whole numbers below 2^53, and a quotient is rounded correctly.
        self.0 as f64 / STEPS as f64
    }

    /// The next one above.
    pub(super) fn above(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The next one below.
    pub(super) fn below(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// How a number is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Never up.
    Down,
    /// Never down.
    Up,
}

/// Cedar's text of a number, rounded to four places; the largest or the smallest there is where it is beyond.
pub(super) fn text_of(number: f64, rounding: Rounding) -> String {
    let written = format!("{}", number.abs());
    let (whole, part) = written.split_once('.').unwrap_or((&written, ""));
    let negative = number < 0.0;
    let kept: String = part.chars().chain("0000".chars()).take(4).collect();
    let lost = part.bytes().skip(4).any(|digit| digit != b'0');
    let steps = format!("{whole}{kept}").parse::<i64>().unwrap_or(i64::MAX);
    let away = lost && negative == (rounding == Rounding::Down);
    let steps = if away { steps.saturating_add(1) } else { steps };
    let sign = if negative && steps > 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", steps / STEPS, steps % STEPS)
}

/// Below every number that a policy can name: the highest of none.
pub(super) const NO_HIGHEST: &str = "-922337203685477.5807";
/// Above every number that a policy can name: the lowest of none.
pub(super) const NO_LOWEST: &str = "922337203685477.5807";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_as_cedar_writes_it_and_no_larger_than_a_binary_number_can_tell() {
        for (text, value) in [
            ("1.0", Some(1.0)),
            ("-12.5", Some(-12.5)),
            ("0.1", Some(0.1)),
            ("0.0001", Some(0.0001)),
            ("99999999999.0000", Some(99_999_999_999.0)),
            ("100000000000.0", None),
            ("1", None),
            ("1.", None),
            (".1", None),
            ("1.00001", None),
            ("+1.0", None),
            ("--1.0", None),
            ("1e3.0", None),
        ] {
            assert_eq!(Decimal::parse(text).map(Decimal::value), value, "{text}");
        }
        let one = Decimal::parse("1.0").unwrap();
        assert_eq!((one.below().value(), one.above().value()), (0.9999, 1.0001));
    }

    #[test]
    fn a_number_is_rounded_away_from_where_it_would_pass() {
        for (number, down, up) in [
            (0.0, "0.0000", "0.0000"),
            (-0.0, "0.0000", "0.0000"),
            (0.1, "0.1000", "0.1000"),
            (12.345_67, "12.3456", "12.3457"),
            (-12.345_67, "-12.3457", "-12.3456"),
            (1e-9, "0.0000", "0.0001"),
            (-1e-9, "-0.0001", "0.0000"),
            (1e300, NO_LOWEST, NO_LOWEST),
            (-1e300, NO_HIGHEST, NO_HIGHEST),
        ] {
            assert_eq!(text_of(number, Rounding::Down), down, "{number}");
            assert_eq!(text_of(number, Rounding::Up), up, "{number}");
        }
    }

    /// Comparing binary numbers is comparing what Cedar sees.
    #[test]
    fn both_ways_to_compare_agree() {
        let numbers = [
            0.0,
            0.1,
            0.1 + 0.2,
            0.3,
            1.0 / 3.0,
            12.5,
            12.499_99,
            12.500_01,
            -7.25,
            1e10 + 0.1,
            99_999_999_998.999_9,
        ];
        for named in [
            "0.0",
            "0.1",
            "0.3",
            "0.3333",
            "12.5",
            "-7.25",
            "10000000000.1",
            "99999999999.0",
        ] {
            let named = Decimal::parse(named).unwrap();
            for number in numbers {
                let seen = |rounding| {
                    let text = text_of(number, rounding);
                    let steps: i64 = text.replace('.', "").parse().unwrap();
                    steps
                };
                let (highest, lowest) = (seen(Rounding::Down), seen(Rounding::Up));
                assert_eq!(
                    highest >= named.0,
                    number >= named.value(),
                    "{number} >= {named:?}"
                );
                assert_eq!(
                    highest > named.0,
                    number >= named.above().value(),
                    "{number} > {named:?}"
                );
                assert_eq!(
                    lowest <= named.0,
                    number <= named.value(),
                    "{number} <= {named:?}"
                );
                assert_eq!(
                    lowest < named.0,
                    number <= named.below().value(),
                    "{number} < {named:?}"
                );
            }
        }
    }
}

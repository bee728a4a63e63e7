//! Numbers of results for people. One rule for pages, files and pictures, and one rounding: from the full value to
//! what is shown, never from a number that was rounded before.

/// How many decimals a value or difference of a unit is shown with; zeros at the end are left out.
///
/// Per cent and percentage points have at most two. Of other units large numbers have fewer decimals and small ones
/// more: 12 346, 123.5, 1.23, 0.123, 0.01234.
#[must_use]
pub fn decimals(value: f64, unit: &str) -> usize {
    let most = match value.abs() {
        _ if unit.starts_with('%') => 2,
        size if size >= 10_000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 5,
    };
    needed(value, most)
}

/// How many decimals a sum of money is shown with: a large one has none that anybody plans with.
#[must_use]
pub fn money_decimals(amount: f64) -> usize {
    needed(amount, if amount.abs() >= 100.0 { 0 } else { 2 })
}

/// How many of at most so many decimals are not zeros at the end.
fn needed(value: f64, most: usize) -> usize {
    let text = format!("{value:.most$}");
    text.split_once('.')
        .map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len())
}

/// A number with so many decimals, thousands apart, with the sign of mathematics: `−1 234.5`.
fn written(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // What rounds to nothing has no sign.
    let nothing = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let mut result = String::from(if value < 0.0 && !nothing { "−" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            result.push('\u{a0}');
        }
        result.push(digit);
    }
    if !fraction.is_empty() {
        result.push('.');
        result.push_str(fraction);
    }
    result
}

/// A value for people, without its unit: `1 234.5`.
#[must_use]
pub fn figure(value: f64, unit: &str) -> String {
    written(value, decimals(value, unit))
}

/// A difference for people, with its sign and without its unit: `+2.35`, `−1`, `0`.
#[must_use]
pub fn signed(value: f64, unit: &str) -> String {
    let text = figure(value, unit);
    let nothing = !text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if value > 0.0 && !nothing {
        format!("+{text}")
    } else {
        text
    }
}

/// Money for people: `12 346 USD`.
#[must_use]
pub fn money(amount: f64, currency: Option<&str>) -> String {
    let text = written(amount, money_decimals(amount));
    match currency {
        Some(currency) if !currency.is_empty() => format!("{text} {currency}"),
        _ => text,
    }
}

/// A number of people for people to read: whole, thousands apart.
pub(crate) fn people(count: f64) -> String {
    written(count.round(), 0)
}

/// A unit as it is said after a number; nothing where the number says it all.
pub(crate) fn unit_of_value(unit: &str) -> &str {
    match unit {
        "number" | "ratio" | "index" | "yes/no" => "",
        unit if unit.starts_with('%') => "%",
        unit => unit,
    }
}

/// What a difference of a unit is in.
pub(crate) fn unit_of_difference(unit: &str) -> &str {
    match unit_of_value(unit) {
        "%" => "percentage points",
        unit => unit,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_rounded_once() {
        // Rounded to thousandths first, it would be 1.98.
        assert_eq!(figure(1.974_9, "%"), "1.97");
        assert_eq!(figure(1.974_9, "km"), "1.97");
        assert_eq!(signed(1.974_9, "%"), "+1.97");
        for (value, unit, text) in [
            (0.0, "%", "0"),
            (12.5, "%", "12.5"),
            (100.0, "%", "100"),
            (-0.001, "%", "0"),
            (0.647_033, "%", "0.65"),
            (0.647_033, "km", "0.647"),
            (-1234.56, "people", "−1\u{a0}234.6"),
            (12_345.6, "people", "12\u{a0}346"),
            (99.999, "index", "100"),
            (f64::NAN, "%", "–"),
        ] {
            assert_eq!(figure(value, unit), text, "{value} {unit}");
        }
        assert_eq!(signed(0.001, "%"), "0");
        assert_eq!(money(12_345.6, Some("USD")), "12\u{a0}346 USD");
        assert_eq!(money(90.525, None), "90.53");
        assert_eq!(money(111.28, Some("")), "111");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_within_half_of_its_last_decimal(value in -1e6..1e6_f64, percent in any::<bool>()) {
            let unit = if percent { "%" } else { "km" };
            let shown = figure(value, unit).replace('−', "-").replace('\u{a0}', "");
            let read: f64 = shown.parse().unwrap();
            let most = match value.abs() {
                _ if percent => 2,
                size if size >= 10_000.0 => 0,
                size if size >= 100.0 => 1,
                size if size >= 1.0 => 2,
                size if size >= 0.1 => 3,
                _ => 5,
            };
            let half = 0.5 * 10_f64.powi(-most);
            prop_assert!((read - value).abs() <= half * (1.0 + 1e-9), "{value}: {shown}");
        }
    }
}

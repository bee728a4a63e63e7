//! Scenario files as TOML.

use std::fmt::Write as _;

/// A value of a measure's parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Text(String),
    Number(f64),
    Integer(i64),
    /// Longitude and latitude.
    Position([f64; 2]),
    /// Ids of entities.
    Ids(Vec<String>),
}

/// A measure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) title: String,
    /// A kind of the catalogue of measures.
    pub(super) kind: &'static str,
    pub(super) cost: f64,
    pub(super) yearly_cost: f64,
    pub(super) owner: &'static str,
    /// `MM-DD` of the year after the data's.
    pub(super) start: &'static str,
    pub(super) with: Vec<(&'static str, Given)>,
}

/// Measures that are tried together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) measures: Vec<String>,
}

/// A scenario file.
pub(super) struct File<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) indicators: &'a [&'a str],
    pub(super) measures: Vec<&'a Measure>,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) choose: Option<Choose<'a>>,
}

/// What may be chosen from the measures.
pub(super) struct Choose<'a> {
    pub(super) measures: Vec<&'a str>,
    /// Indicator, and the group whose it is; without one, everybody's.
    pub(super) objectives: &'a [(&'a str, Option<&'a str>)],
    pub(super) budget: f64,
}

/// A basic string (TOML 1.0).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            letter if letter.is_control() => _ = write!(quoted, "\\u{:04X}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// An array of strings, on one line where they are few.
fn array<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    if texts.len() <= 2 {
        return format!("[{}]", texts.join(", "));
    }
    let mut lines = String::from("[\n");
    for line in texts.chunks(2) {
        _ = writeln!(lines, "    {},", line.join(", "));
    }
    lines + "]"
}

impl Given {
    fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => format!("{number:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Position([lon, lat]) => format!("[{lon:.7}, {lat:.7}]"),
            Self::Ids(ids) => array(ids.iter().map(String::as_str)),
        }
    }
}

impl File<'_> {
    /// The file as text.
    pub(super) fn toml(&self, currency: &str, year: i16, minutes: f64) -> String {
        // Writing to a string never fails.
        let mut text = String::from("schema = 1\n");
        _ = writeln!(text, "title = {}", quoted(self.title));
        _ = writeln!(text, "description = {}", quoted(self.description));
        _ = writeln!(text, "currency = {}", quoted(currency));
        _ = writeln!(text, "indicators = {}", array(self.indicators.iter().copied()));
        _ = writeln!(text, "travel.minutes = {minutes:?}");
        for measure in &self.measures {
            _ = writeln!(text, "\n[[measure]]\nname = {}", quoted(&measure.name));
            _ = writeln!(text, "title = {}", quoted(&measure.title));
            _ = writeln!(text, "kind = {}", quoted(measure.kind));
            _ = writeln!(text, "cost = {:.0}", measure.cost);
            if measure.yearly_cost > 0.0 {
                _ = writeln!(text, "yearly_cost = {:.0}", measure.yearly_cost);
            }
            _ = writeln!(text, "owner = {}", quoted(measure.owner));
            _ = writeln!(text, "start = \"{}-{}\"", year + 1, measure.start);
            for (parameter, given) in &measure.with {
                _ = writeln!(text, "with.{parameter} = {}", given.toml());
            }
        }
        for scenario in &self.scenarios {
            _ = writeln!(text, "\n[[scenario]]\nname = {}", quoted(scenario.name));
            _ = writeln!(text, "title = {}", quoted(&scenario.title));
            _ = writeln!(
                text,
                "measures = {}",
                array(scenario.measures.iter().map(String::as_str))
            );
        }
        if let Some(choose) = &self.choose {
            _ = writeln!(
                text,
                "\n[choose]\nmeasures = {}",
                array(choose.measures.iter().copied())
            );
            _ = writeln!(text, "budget = {:.0}", choose.budget);
            for (indicator, group) in choose.objectives {
                _ = writeln!(text, "\n[[choose.objectives]]\nindicator = {}", quoted(indicator));
                if let Some(group) = group {
                    _ = writeln!(text, "group = {}", quoted(group));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quoted("a \"b\" \\ c\n\u{1}"), r#""a \"b\" \\ c\n\u0001""#);
        assert_eq!(array(["a", "b"]), r#"["a", "b"]"#);
        assert_eq!(array(["a", "b", "c"]), "[\n    \"a\", \"b\",\n    \"c\",\n]");
    }
}

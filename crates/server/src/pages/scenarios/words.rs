//! Indicators, groups, differences and money, in words for people.

use std::collections::HashMap;

use scenarios::file::{Objective, ScenarioFile};
use scenarios::job::{Run, RunStatus};
use scenarios::model::Group;
use scenarios::result::{Difference, Value, Verdict};

use crate::pages::describe::plain;
use crate::pages::language::Argument::Text;
use crate::pages::language::{Language, instant};

/// A text that may be in English on a page of another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) text: String,
    pub(crate) english: bool,
}

impl Label {
    fn of(known: Option<String>, otherwise: &str) -> Self {
        match known {
            Some(text) => Self { text, english: false },
            None => Self {
                text: plain(otherwise),
                english: true,
            },
        }
    }
}

/// The part of a message's key that an identifier makes: `age:65+` → `age-65`.
fn key_of(id: &str) -> String {
    let dashed = id.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    dashed
        .take(60)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

/// The name of an indicator: ours in the reader's language, any other as it comes.
pub(crate) fn indicator(l: Language, id: &str, name: &str) -> Label {
    let known = l.known(&format!("reach-of-{}", key_of(id)));
    Label::of(known, if name.is_empty() { id } else { name })
}

/// The name of a group of people.
pub(crate) fn group(l: Language, group: &Group) -> Label {
    if let Some(ages) = group.id.strip_prefix("age:") {
        let ages: String = ages.chars().map(|c| if c == '-' { '–' } else { c }).collect();
        return Label {
            text: l.text_with("group-age", &[("ages", Text(&plain(&ages)))]),
            english: false,
        };
    }
    Label::of(l.known(&format!("group-{}", key_of(&group.id))), &group.name)
}

/// An objective: its indicator, and of whom.
pub(crate) fn objective(l: Language, wanted: &Objective, groups: &[Group]) -> String {
    let known = scenarios::indicator::all()
        .iter()
        .find(|one| one.id == wanted.indicator);
    let name = indicator(l, &wanted.indicator, known.map_or("", |one| &one.name)).text;
    let Some(id) = wanted.group.as_deref() else {
        return name;
    };
    let known = groups.iter().find(|group| group.id == id).cloned();
    let whom = known.unwrap_or_else(|| Group {
        id: id.to_owned(),
        name: id.to_owned(),
    });
    l.text_with(
        "objective-of",
        &[("indicator", Text(&name)), ("group", Text(&group(l, &whom).text))],
    )
}

/// A number with its sign: `+2.3`, `−1`, `0`.
pub(crate) fn signed(l: Language, value: f64) -> String {
    let text = l.value(value);
    let sign = if value > 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        "+"
    } else {
        ""
    };
    // Where one reads from the right, a sign without the mark would be shown behind its number.
    let mark = if l.direction() == "rtl" { "\u{200e}" } else { "" };
    format!("{mark}{sign}{text}")
}

/// As precise as the number is of use: a tenth of a per cent, more where there is less; of anything else, thousandths.
fn round(value: f64, unit: &str) -> f64 {
    let factor = match unit {
        "%" if value.abs() >= 0.1 => 10.0,
        "%" => 100.0,
        _ => 1000.0,
    };
    (value * factor).round() / factor
}

/// A text of several sentences from outside, without what would turn it around.
pub(crate) fn long(text: &str) -> String {
    const LONGEST: usize = 4000;
    let cut: String = text.chars().take(LONGEST).collect();
    let word = |word: &str| {
        let space = if word.ends_with(char::is_whitespace) {
            " "
        } else {
            ""
        };
        format!("{}{space}", plain(word.trim_end()))
    };
    cut.split_inclusive(char::is_whitespace).map(word).collect()
}

/// The same with `code` in it: the parts, and whether each is code.
pub(crate) fn ticked(text: &str) -> Vec<(bool, String)> {
    text.split('`')
        .enumerate()
        .map(|(index, part)| (index % 2 == 1, long(part)))
        .collect()
}

/// The titles of a file's measures, by name.
#[derive(Debug, Default)]
pub(crate) struct Titles(HashMap<String, String>);

impl Titles {
    pub(crate) fn of(file: Option<&ScenarioFile>) -> Self {
        let measures = file.map(|file| file.measures.as_slice()).unwrap_or_default();
        let titled = measures
            .iter()
            .filter_map(|one| Some((one.name.clone(), plain(one.title.as_deref()?))));
        Self(titled.collect())
    }

    /// A measure for people.
    pub(crate) fn title(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| plain(name))
    }
}

/// A value with its unit.
pub(crate) fn with_unit(l: Language, value: f64, unit: &str) -> String {
    let number = l.value(round(value, unit));
    match unit {
        "%" => l.text_with("percent", &[("percent", Text(&number))]),
        "" | "number" | "ratio" | "index" | "yes/no" => number,
        other => format!("{number} {}", plain(other)),
    }
}

/// A difference with its sign and unit; of percentages, in points.
pub(crate) fn difference(l: Language, value: f64, unit: &str) -> String {
    let number = signed(l, round(value, unit));
    match unit {
        "%" => l.text_with("points", &[("value", Text(&number))]),
        "" | "number" | "ratio" | "index" | "yes/no" => number,
        other => format!("{number} {}", plain(other)),
    }
}

/// `between −0.3 and +2.1`, where something is not known.
pub(crate) fn between(
    l: Language,
    (low, high): (Option<f64>, Option<f64>),
    unit: &str,
    sign: bool,
) -> Option<String> {
    let (low, high) = (round(low?, unit), round(high?, unit));
    let write = |value| if sign { signed(l, value) } else { l.value(value) };
    let (low, high) = (write(low), write(high));
    (low != high).then(|| l.text_with("between", &[("low", Text(&low)), ("high", Text(&high))]))
}

/// A number of people; a dash where it is not known.
pub(crate) fn whole(l: Language, people: Option<f64>) -> String {
    people.map_or_else(|| "–".to_owned(), |people| l.number(people.round(), 0))
}

/// Money. A sum has no decimals that anybody plans with.
pub(crate) fn money(l: Language, amount: f64, currency: Option<&str>) -> String {
    let number = if amount.abs() >= 100.0 {
        l.number(amount, 0)
    } else {
        l.value((amount * 100.0).round() / 100.0)
    };
    match currency {
        Some(currency) => format!("{number}\u{a0}{}", plain(currency)),
        None => number,
    }
}

/// What a difference means, in a word.
pub(crate) fn verdict(l: Language, difference: &Difference, value: &Value) -> String {
    match (difference.verdict, value.more_is_better, difference.difference) {
        (Verdict::Same, ..) => l.text("verdict-same"),
        // Where neither direction is better, only the direction is known.
        (_, None, Some(change)) if change > 0.0 => l.text("verdict-more"),
        (_, None, Some(change)) if change < 0.0 => l.text("verdict-less"),
        (_, None, Some(_)) => l.text("verdict-same"),
        (Verdict::NotKnown, ..) => l.text("verdict-not-known"),
        (Verdict::Better, ..) => l.text("verdict-better"),
        (Verdict::Worse, ..) => l.text("verdict-worse"),
    }
}

/// The class of a verdict's tag.
pub(crate) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same => "same",
        Verdict::NotKnown => "not_reported",
    }
}

/// The word for how far a run is.
pub(crate) fn status(l: Language, status: RunStatus) -> String {
    match status {
        RunStatus::Queued => l.text("run-queued"),
        RunStatus::Running => l.text("run-running"),
        RunStatus::Done => l.text("run-done"),
        RunStatus::Failed => l.text("run-failed"),
        RunStatus::Cancelled => l.text("run-cancelled"),
    }
}

/// The class of its tag.
pub(crate) fn status_class(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Queued | RunStatus::Running => "reported",
        RunStatus::Done => "calculated",
        RunStatus::Failed => "worse",
        RunStatus::Cancelled => "not_reported",
    }
}

/// A run in a list.
#[derive(Clone, Debug)]
pub(crate) struct RunLine {
    pub(crate) address: String,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) class: &'static str,
    pub(crate) at: String,
    /// Whether the scenario file was another one then.
    pub(crate) earlier: bool,
    /// Where to post to delete it; none while it works.
    pub(crate) delete: Option<String>,
}

impl RunLine {
    /// Of a run of a scenario whose file is `file` now.
    pub(crate) fn of(l: Language, run: &Run, file: Option<&str>) -> Self {
        let address = crate::scenarios::runs::address(&run.id);
        let works = matches!(run.status, RunStatus::Queued | RunStatus::Running);
        Self {
            title: plain(&run.title),
            status: status(l, run.status),
            class: status_class(run.status),
            at: instant(run.submitted_at),
            earlier: file.is_some_and(|file| file != run.scenario_file),
            delete: (!works).then(|| format!("{address}/delete")),
            address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_its_direction_in_sign_and_word() {
        let en = Language::ENGLISH;
        assert_eq!(signed(en, 2.345), "+2.35");
        assert_eq!(signed(en, -2.0), "\u{2212}2");
        assert_eq!(signed(en, 0.0), "0");
        assert_eq!(difference(en, 0.0001, "%"), "0 points");
        assert_eq!(difference(en, -0.0001, "%"), "0 points");
        assert_eq!(difference(en, 0.047, "%"), "+0.05 points");
        assert_eq!(difference(en, 11.934, "%"), "+11.9 points");
        assert_eq!(signed(Language::of_tag("ar").unwrap(), -2.0), "\u{200e}\u{2212}2");
        assert_eq!(difference(en, 1.5, "%"), "+1.5 points");
        assert_eq!(with_unit(en, 12.5, "%"), "12.5 %");
        assert_eq!(between(en, (Some(1.0), Some(1.0)), "%", true), None);
        assert_eq!(
            between(en, (Some(-1.0), Some(2.0)), "%", true).unwrap(),
            "between \u{2212}1 and +2"
        );
        assert_eq!(money(en, 12_345.6, Some("USD")), "12,346\u{a0}USD");
        assert_eq!(money(en, 0.125, None), "0.13");
    }

    #[test]
    fn groups_and_indicators_are_in_the_readers_language() {
        let named = |id: &str| Group {
            id: id.to_owned(),
            name: "Name".to_owned(),
        };
        let fr = Language::of_tag("fr").unwrap();
        assert_eq!(group(Language::ENGLISH, &named("age:65+")).text, "Aged 65+");
        assert!(!group(fr, &named("disability")).english);
        let odd = group(fr, &named("tenure:rent"));
        assert!(odd.english && odd.text == "Name");
        for id in [
            "stop-walk",
            "clinic-wheelchair",
            "clinic-transit-wheelchair",
            "park-walk",
            "school-walk",
        ] {
            for l in Language::all() {
                assert!(!indicator(l, id, "x").english, "{id} in {}", l.tag());
            }
        }
        assert!(indicator(fr, "EC: I: T: 2A", "Public transport").english);
    }
}

//! Indicators, groups, differences and money, in words for people.

use std::collections::HashMap;

use ngsi_ld::Timestamp;
use scenarios::file::{Objective, ScenarioFile};
use scenarios::job::{Run, RunStatus};
use scenarios::model::{Area, Group, TravelOptions};
use scenarios::names;
use scenarios::result::{self, Difference, Value, Verdict};

use crate::pages::describe::plain;
use crate::pages::language::Argument::Text;
use crate::pages::language::Language;

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
        return Label {
            text: l.text_with("group-age", &[("ages", Text(&plain(&names::span(ages))))]),
            english: false,
        };
    }
    Label::of(l.known(&format!("group-{}", key_of(&group.id))), &group.name)
}

/// An objective: its indicator, and of whom.
pub(crate) fn objective(l: Language, wanted: &Objective, groups: &[Group], areas: &[Area]) -> String {
    let known = names::indicator(&wanted.indicator);
    let name = indicator(l, &wanted.indicator, known.unwrap_or_default()).text;
    let Some(id) = wanted.group.as_deref() else {
        return name;
    };
    let area = areas.iter().find(|area| area.id.as_str() == id);
    let whom = match (groups.iter().find(|group| group.id == id), area) {
        (Some(known), _) => group(l, known).text,
        (None, Some(area)) => plain(&area.name),
        (None, None) => {
            let of = Group {
                id: id.to_owned(),
                name: id.to_owned(),
            };
            group(l, &of).text
        }
    };
    l.text_with(
        "objective-of",
        &[("indicator", Text(&name)), ("group", Text(&whom))],
    )
}

/// A number of a unit, rounded once, as the files round it.
fn figure(l: Language, value: f64, unit: &str) -> String {
    l.number(value, result::decimals(value, unit))
}

/// The same with its sign: `+2.3`, `−1`, `0`.
pub(crate) fn signed(l: Language, value: f64, unit: &str) -> String {
    let text = figure(l, value, unit);
    let sign = if value > 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        "+"
    } else {
        ""
    };
    // Where one reads from the right, a sign without the mark would be shown behind its number.
    let mark = if l.direction() == "rtl" { "\u{200e}" } else { "" };
    format!("{mark}{sign}{text}")
}

/// A text of several sentences from outside, without what would turn it around.
pub(crate) fn long(text: &str) -> String {
    const LONGEST: usize = 4000;
    let cut: String = text.chars().take(LONGEST).collect();
    let word = |word: &str| {
        let space = match word.chars().next_back() {
            // It holds a number together.
            Some('\u{a0}') => "\u{a0}",
            Some(last) if last.is_whitespace() => " ",
            _ => "",
        };
        format!("{}{space}", plain(word.trim_end()))
    };
    cut.split_inclusive(char::is_whitespace).map(word).collect()
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

    /// A sentence with `code` in it: the parts, and whether each is code. Names of measures become their titles.
    pub(crate) fn told(&self, text: &str) -> Vec<(bool, String)> {
        text.split('`')
            .enumerate()
            .map(
                |(index, part)| match self.0.get(part).filter(|_| index % 2 == 1) {
                    Some(title) => (false, format!("“{title}”")),
                    None => (index % 2 == 1, long(part)),
                },
            )
            .collect()
    }

    /// A measure for people.
    pub(crate) fn title(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| plain(name))
    }
}

/// A value with its unit.
pub(crate) fn with_unit(l: Language, value: f64, unit: &str) -> String {
    let number = figure(l, value, unit);
    match unit {
        "%" => l.text_with("percent", &[("percent", Text(&number))]),
        "" | "number" | "ratio" | "index" | "yes/no" => number,
        other => format!("{number} {}", plain(other)),
    }
}

/// A difference with its sign and unit; of percentages, in points.
pub(crate) fn difference(l: Language, value: f64, unit: &str) -> String {
    let number = signed(l, value, unit);
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
    let write = |value| {
        if sign {
            signed(l, value, unit)
        } else {
            figure(l, value, unit)
        }
    };
    let (low, high) = (write(low?), write(high?));
    (low != high).then(|| l.text_with("between", &[("low", Text(&low)), ("high", Text(&high))]))
}

/// A number of people; a dash where it is not known.
pub(crate) fn whole(l: Language, people: Option<f64>) -> String {
    people.map_or_else(|| "–".to_owned(), |people| l.number(people.round(), 0))
}

/// Money. A sum has no decimals that anybody plans with.
pub(crate) fn money(l: Language, amount: f64, currency: Option<&str>) -> String {
    let number = l.number(amount, result::money_decimals(amount));
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
    /// To the second, with a number where two of a list would look the same.
    pub(crate) at: String,
    /// What came out, in a line.
    pub(crate) headline: Option<String>,
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
            at: moment(run.submitted_at),
            headline: None,
            earlier: file.is_some_and(|file| file != run.scenario_file),
            delete: (!works).then(|| format!("{address}/delete")),
            address,
        }
    }
}

/// An instant to the second: two runs are often asked for in the same minute.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How people travel in a run: what, and how much.
pub(crate) fn travel(l: Language, options: &TravelOptions) -> Vec<(String, String)> {
    let metres = l.text_with("reach-length", &[("metres", Text(&l.value(options.walk_m)))]);
    let mut facts = vec![
        (l.text("fact-walk"), metres),
        (l.text("fact-minutes"), l.value(options.minutes)),
        (l.text("fact-time"), plain(&options.time)),
    ];
    if let Some(date) = &options.date {
        facts.push((l.text("fact-date"), plain(date)));
    }
    facts.push((l.text("fact-wheelchair"), wheelchair(l, options)));
    facts
}

/// The profile that “by wheelchair” stands for.
pub(crate) fn wheelchair(l: Language, options: &TravelOptions) -> String {
    let profile = plain(&options.wheelchair);
    l.known(&format!("wheelchair-{}", key_of(&profile)))
        .unwrap_or(profile)
}

/// A tag that decides whether a way can be used; as code where it has no name.
pub(crate) fn tag(l: Language, tag: &str) -> Label {
    Label::of(l.known(&format!("tag-{}", key_of(tag))), tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_its_direction_in_sign_and_word() {
        let en = Language::ENGLISH;
        assert_eq!(signed(en, 2.3456, ""), "+2.35");
        assert_eq!(signed(en, -2.0, ""), "\u{2212}2");
        assert_eq!(signed(en, 0.0, ""), "0");
        assert_eq!(difference(en, 0.0001, "%"), "0 points");
        assert_eq!(difference(en, -0.0001, "%"), "0 points");
        assert_eq!(difference(en, 0.047, "%"), "+0.05 points");
        assert_eq!(difference(en, 11.934, "%"), "+11.93 points");
        assert_eq!(
            signed(Language::of_tag("ar").unwrap(), -2.0, ""),
            "\u{200e}\u{2212}2"
        );
        assert_eq!(difference(en, 1.5, "%"), "+1.5 points");
        assert_eq!(with_unit(en, 12.5, "%"), "12.5 %");
        assert_eq!(between(en, (Some(1.0), Some(1.0)), "%", true), None);
        assert_eq!(
            between(en, (Some(-1.0), Some(2.0)), "%", true).unwrap(),
            "between \u{2212}1 and +2"
        );
        assert_eq!(money(en, 12_345.6, Some("USD")), "12,346\u{a0}USD");
        assert_eq!(money(en, 0.126, None), "0.13");
    }

    #[test]
    fn pages_and_files_write_the_same_digits() {
        let en = Language::ENGLISH;
        for unit in ["%", "km", ""] {
            for value in [
                1.9749, 1.975, 0.125, -0.0004, 64.999, 100.0, 12_345.678, 0.647_033,
            ] {
                let of_files = result::figure(value, unit).replace('\u{a0}', ",");
                assert_eq!(figure(en, value, unit), of_files, "{value} {unit}");
                let of_files = result::signed(value, unit).replace('\u{a0}', ",");
                assert_eq!(signed(en, value, unit), of_files, "{value} {unit}");
            }
        }
        assert_eq!(with_unit(en, 1.9749, "%"), "1.97 %", "not 1.975, and then 1.98");
        for amount in [12_345.6, 90.525, 0.125, 99.999] {
            let of_files = result::money(amount, None).replace('\u{a0}', ",");
            assert_eq!(money(en, amount, None), of_files, "{amount}");
        }
    }

    #[test]
    fn the_english_names_are_those_of_the_files_and_every_language_has_them() {
        for (id, name) in names::INDICATORS {
            assert_eq!(indicator(Language::ENGLISH, id, "x").text, name);
            for l in Language::all() {
                assert!(!indicator(l, id, "x").english, "{id} in {}", l.tag());
            }
        }
        for id in names::GROUPS
            .map(|(id, _)| id)
            .into_iter()
            .chain(["age:0-4", "age:65+"])
        {
            let of = Group {
                id: id.to_owned(),
                name: "x".to_owned(),
            };
            assert_eq!(group(Language::ENGLISH, &of).text, names::group(id).unwrap());
            for l in Language::all() {
                assert!(!group(l, &of).english, "{id} in {}", l.tag());
            }
        }
    }

    #[test]
    fn tags_and_wheelchairs_have_names_in_every_language() {
        for l in Language::all() {
            for criterion in sim_access_tags() {
                assert!(!tag(l, criterion).english, "{criterion} in {}", l.tag());
            }
            for profile in ["manual_wheelchair", "powered_wheelchair", "long_cane"] {
                let options = TravelOptions {
                    wheelchair: profile.to_owned(),
                    ..TravelOptions::default()
                };
                assert_ne!(wheelchair(l, &options), profile, "in {}", l.tag());
            }
        }
    }

    /// What the survey of missing tags may name.
    fn sim_access_tags() -> [&'static str; 16] {
        [
            "foot",
            "oneway:foot",
            "highway",
            "sidewalk",
            "crossing",
            "ramp:wheelchair",
            "handrail",
            "kerb",
            "width",
            "incline",
            "surface",
            "smoothness",
            "tactile_paving",
            "operational_status",
            "wheelchair",
            "report",
        ]
    }

    #[test]
    fn a_sum_in_a_sentence_is_not_torn() {
        assert_eq!(
            long("its 3\u{a0}500\u{a0}000 USD\n or"),
            "its 3\u{a0}500\u{a0}000 USD  or"
        );
    }

    #[test]
    fn a_sentence_names_measures_by_their_titles() {
        let titles = Titles(HashMap::from([("a".to_owned(), "Ramps".to_owned())]));
        assert_eq!(
            titles.told("`a` and `b`"),
            [
                (false, String::new()),
                (false, "“Ramps”".to_owned()),
                (false, " and ".to_owned()),
                (true, "b".to_owned()),
                (false, String::new())
            ]
        );
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
        assert!(indicator(fr, "EC: I: T: 2A", "Public transport").english);
    }
}

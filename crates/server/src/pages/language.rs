//! The languages of the pages: which one a reader gets, its texts (Fluent, `locales/`), and how it writes
//! numbers and times.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use ngsi_ld::Timestamp;

static_loader! {
    static LOCALES = {
        locales: "../../locales",
        fallback_language: "en",
        // Texts stand in HTML, where <bdi> isolates; the invisible marks would only trouble searching and copying.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The cookie that remembers a reader's choice.
pub(crate) const COOKIE: &str = "lang";

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Language(&'static Facts);

#[derive(Debug, PartialEq, Eq)]
struct Facts {
    tag: &'static str,
    id: LanguageIdentifier,
    /// Its own name for itself.
    name: &'static str,
    direction: &'static str,
    decimal: char,
    group: char,
}

static LANGUAGES: [Facts; 4] = [
    Facts {
        tag: "en",
        id: langid!("en"),
        name: "English",
        direction: "ltr",
        decimal: '.',
        group: ',',
    },
    Facts {
        tag: "fr",
        id: langid!("fr"),
        name: "Français",
        direction: "ltr",
        decimal: ',',
        group: '\u{202f}',
    },
    Facts {
        tag: "sw",
        id: langid!("sw"),
        name: "Kiswahili",
        direction: "ltr",
        decimal: '.',
        group: ',',
    },
    Facts {
        tag: "ar",
        id: langid!("ar"),
        name: "العربية",
        direction: "rtl",
        decimal: '.',
        group: ',',
    },
];

impl Language {
    /// English, in which every text exists.
    pub(crate) const ENGLISH: Self = Self(&LANGUAGES[0]);

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.iter().map(Self)
    }

    /// The one with this tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Self::all().find(|language| language.0.tag.eq_ignore_ascii_case(tag))
    }

    /// What a request asks for: the choice in its address, the choice remembered, the browser's languages.
    pub(crate) fn of_request(chosen: Option<&str>, headers: &HeaderMap) -> Self {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let remembered = || {
            let mut cookies = text(header::COOKIE)
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='));
            cookies
                .find(|(name, _)| *name == COOKIE)
                .and_then(|(_, tag)| Self::of_tag(tag))
        };
        chosen
            .and_then(Self::of_tag)
            .or_else(remembered)
            .or_else(|| Self::accepted(text(header::ACCEPT_LANGUAGE)))
            .unwrap_or(Self::ENGLISH)
    }

    /// The best of `Accept-Language` (RFC 9110, 12.5.4).
    fn accepted(header: &str) -> Option<Self> {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .filter_map(|item| {
                let mut parts = item.trim().split(';');
                let tag = parts.next()?.trim();
                let quality = parts
                    .find_map(|part| part.trim().strip_prefix("q="))
                    .map_or(Ok(1.0), str::parse);
                Some((quality.ok()?, tag))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted
            .into_iter()
            .filter(|(quality, _)| *quality > 0.0)
            .find_map(|(_, tag)| Self::of_tag(tag.split('-').next().unwrap_or(tag)))
    }

    /// The BCP 47 tag.
    pub(crate) fn tag(self) -> &'static str {
        self.0.tag
    }

    /// Its own name for itself.
    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    /// `ltr` or `rtl`.
    pub(crate) fn direction(self) -> &'static str {
        self.0.direction
    }

    /// A text.
    pub(crate) fn text(self, key: &str) -> String {
        LOCALES.lookup(&self.0.id, key)
    }

    /// A text that may not exist, such as the name of an entity type.
    pub(crate) fn known(self, key: &str) -> Option<String> {
        LOCALES.try_lookup(&self.0.id, key)
    }

    /// A text with arguments.
    pub(crate) fn text_with(self, key: &str, arguments: &[(&'static str, Argument<'_>)]) -> String {
        let mut values = HashMap::<Cow<'static, str>, FluentValue<'_>>::new();
        for (name, argument) in arguments {
            match argument {
                Argument::Text(text) => {
                    values.insert((*name).into(), FluentValue::from(*text));
                }
                // The plural is chosen by the number; what is shown is the number as the language writes it.
                Argument::Count(count) => {
                    values.insert((*name).into(), FluentValue::from(*count));
                    values.insert(
                        format!("{name}-text").into(),
                        FluentValue::from(self.count(*count)),
                    );
                }
            }
        }
        LOCALES.lookup_with_args(&self.0.id, key, &values)
    }

    /// A whole number with its groups.
    pub(crate) fn count(self, count: usize) -> String {
        self.grouped(&count.to_string())
    }

    /// A number with so many decimals.
    pub(crate) fn number(self, number: f64, decimals: usize) -> String {
        if !number.is_finite() {
            return "–".to_owned();
        }
        let plain = format!("{:.decimals$}", number.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        // A value that rounds to nothing has no sign.
        let negative = number < 0.0 && plain.chars().any(|c| c.is_ascii_digit() && c != '0');
        let mut text = String::from(if negative { "\u{2212}" } else { "" });
        text += &self.grouped(whole);
        if !fraction.is_empty() {
            text.push(self.0.decimal);
            text += fraction;
        }
        text
    }

    /// A number with the decimals that a reader can use: about three or four digits.
    pub(crate) fn value(self, number: f64) -> String {
        let size = number.abs();
        if number.fract() == 0.0 && size < 1e15 {
            return self.number(number, 0);
        }
        if !(1e-4..1e15).contains(&size) {
            return format!("{number:.3e}");
        }
        let decimals = match size {
            s if s >= 10_000.0 => 0,
            s if s >= 100.0 => 1,
            s if s >= 1.0 => 2,
            s if s >= 0.1 => 3,
            _ => 5,
        };
        // Rounded first, so that no zero stands where nobody measured one.
        let factor = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
        let rounded = (number * factor).round() / factor;
        let needed = (0..=decimals).find(|d| {
            let shifted = rounded * 10_f64.powi(i32::try_from(*d).unwrap_or(0));
            (shifted - shifted.round()).abs() < 1e-6
        });
        self.number(rounded, needed.unwrap_or(decimals))
    }

    fn grouped(self, digits: &str) -> String {
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 3 {
                text.push(self.0.group);
            }
            text.push(digit);
        }
        text
    }
}

/// An instant, to the minute, in UTC: the order of ISO 8601, which every language reads the same.
pub(crate) fn instant(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A day, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d").to_string()
}

/// An argument of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<'a> {
    /// `{ $name }`.
    Text(&'a str),
    /// `{ $name -> [one] … }` chooses the plural, `{ $name-text }` is the number as the language writes it.
    Count(usize),
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use axum::http::HeaderValue;

    use super::*;

    fn request(chosen: Option<&str>, cookie: &str, accept: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
        Language::of_request(chosen, &headers).tag()
    }

    #[test]
    fn the_address_wins_over_the_memory_over_the_browser() {
        assert_eq!(request(Some("ar"), "lang=fr", "en"), "ar");
        assert_eq!(request(Some("xx"), "a=b; lang=fr", "en"), "fr");
        assert_eq!(request(None, "", "de, sw;q=0.4, fr-CA;q=0.8"), "fr");
        assert_eq!(request(None, "", "fr;q=0, *"), "en");
        assert_eq!(request(None, "", "fr;q=many"), "en");
        assert_eq!(request(None, "lang=", ""), "en");
    }

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        let (en, fr) = (Language::ENGLISH, Language::of_tag("fr").unwrap());
        assert_eq!(en.number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(fr.number(-1234.5, 2), "\u{2212}1\u{202f}234,50");
        assert_eq!(en.number(-0.04, 1), "0.0");
        assert_eq!(en.number(f64::NAN, 1), "–");
        assert_eq!(en.count(999), "999");
        assert_eq!(en.count(1000), "1,000");
        for (value, text) in [
            (4.0, "4"),
            (76.123, "76.12"),
            (4_397_073.4, "4,397,073"),
            (0.05, "0.05"),
            (7.8, "7.8"),
            (0.123_456, "0.123"),
            (99.999, "100"),
            (0.000_2, "0.0002"),
            (1e20, "1.000e20"),
        ] {
            assert_eq!(en.value(value), text);
        }
    }

    /// Message identifiers of a language's Fluent files with the variables they use.
    fn messages(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../locales/{tag}"));
        let mut text = String::new();
        for file in std::fs::read_dir(folder).unwrap() {
            text += &std::fs::read_to_string(file.unwrap().path()).unwrap();
        }
        let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
        let mut current = String::new();
        for line in text.lines() {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                current = line.split(" =").next().unwrap().to_owned();
                assert!(
                    messages.insert(current.clone(), BTreeSet::new()).is_none(),
                    "{tag}: {current} twice"
                );
            }
            for variable in line.split('$').skip(1) {
                let end = variable
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                    .unwrap_or(variable.len());
                let name = variable[..end].trim_end_matches("-text").to_owned();
                if let Some(variables) = messages.get_mut(&current) {
                    variables.insert(name);
                }
            }
        }
        messages
    }

    #[test]
    fn every_language_says_the_same_things() {
        let english = messages("en");
        for language in Language::all() {
            assert_eq!(messages(language.tag()), english, "{}", language.tag());
        }
    }

    /// Keys that the templates and the code of the pages ask for by a literal.
    #[test]
    fn every_text_that_is_asked_for_exists() {
        let english = messages("en");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut asked = 0;
        for folder in [
            "templates",
            "src/pages",
            "src/pages/scenarios",
            "src/pages/accounts",
            "src/pages/desk",
            "src/pages/policies",
        ] {
            for entry in std::fs::read_dir(here.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let Ok(source) = std::fs::read_to_string(&path) else {
                    continue;
                };
                for start in ["text(\"", "text_with(\"", "text_with(\n            \""] {
                    for rest in source.split(start).skip(1) {
                        let key = rest.split('"').next().unwrap();
                        assert!(english.contains_key(key), "{}: no text `{key}`", path.display());
                        asked += 1;
                    }
                }
            }
        }
        assert!(asked > 50, "the search finds the calls");
    }
}

//! The order of strings in a language (4.23.3): the Unicode Collation Algorithm with the tailorings of CLDR.

use std::cmp::Ordering;
use std::fmt;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, MaxVariable, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering, CollationType};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;
use icu_locale_core::extensions::unicode::Value;
use ngsi_ld::Error;

/// The order of strings in a language, by code points where the language finds no difference.
pub struct Collation {
    collator: CollatorBorrowed<'static>,
}

impl fmt::Debug for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collation({:?})", self.collator.resolved_options())
    }
}

impl Collation {
    /// The collation that a tag of RFC 6067 names, such as `de-u-co-phonebk` or `und-u-ks-level2`; `None`: the root
    /// collation. A language without rules of its own has those of the root.
    ///
    /// # Errors
    /// `BadRequestData` for what is not a language tag, and for a collation, strength or other setting that does not
    /// exist.
    pub fn new(tag: Option<&str>) -> Result<Self, Error> {
        let tag = tag.unwrap_or("und");
        let shown: String = tag.chars().take(80).collect();
        let bad = |what: &str| Error::bad_data(format!("`collation` `{shown}`: {what}"));
        let locale: Locale = tag
            .parse()
            .ok()
            .filter(|_| tag.len() <= 200)
            .ok_or_else(|| bad("not a language tag (RFC 6067), such as `de-u-co-phonebk`"))?;
        let mut options = CollatorOptions::default();
        for (key, value) in locale.extensions.unicode.keywords.iter() {
            let text = value.to_string();
            match key.as_str() {
                "co" => known(CollationType::try_from(value).is_ok(), &text, &bad)?,
                "kn" => known(
                    is_bare(value) || CollationNumericOrdering::try_from(value).is_ok(),
                    &text,
                    &bad,
                )?,
                "kf" => known(CollationCaseFirst::try_from(value).is_ok(), &text, &bad)?,
                "ks" => {
                    options.strength = Some(match &*text {
                        "level1" => Strength::Primary,
                        "level2" => Strength::Secondary,
                        "level3" => Strength::Tertiary,
                        "level4" => Strength::Quaternary,
                        "identic" => Strength::Identical,
                        _ => return Err(bad("`ks` is level1, level2, level3, level4 or identic")),
                    });
                }
                "ka" => {
                    options.alternate_handling = Some(match &*text {
                        "noignore" => AlternateHandling::NonIgnorable,
                        "shifted" => AlternateHandling::Shifted,
                        _ => return Err(bad("`ka` is noignore or shifted")),
                    });
                }
                "kc" => {
                    options.case_level = Some(match &*text {
                        "" | "true" => CaseLevel::On,
                        "false" => CaseLevel::Off,
                        _ => return Err(bad("`kc` is true or false")),
                    });
                }
                "kv" => {
                    options.max_variable = Some(match &*text {
                        "space" => MaxVariable::Space,
                        "punct" => MaxVariable::Punctuation,
                        "symbol" => MaxVariable::Symbol,
                        "currency" => MaxVariable::Currency,
                        _ => return Err(bad("`kv` is space, punct, symbol or currency")),
                    });
                }
                // Others say nothing of an order.
                _ => {}
            }
        }
        let preferences = CollatorPreferences::from(&locale);
        let collator = CollatorBorrowed::try_new(preferences, options)
            .map_err(|error| bad(&format!("there is no such collation ({error})")))?;
        Ok(Self { collator })
    }

    /// How two strings stand to each other; `Equal` where this collation makes no difference.
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        self.collator.compare(a, b)
    }
}

fn is_bare(value: &Value) -> bool {
    value.to_string().is_empty()
}

fn known(is: bool, text: &str, bad: &dyn Fn(&str) -> Error) -> Result<(), Error> {
    if is {
        Ok(())
    } else {
        Err(bad(&format!("there is no setting `{text}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(tag: Option<&str>, words: &[&str]) -> String {
        let collation = Collation::new(tag).unwrap();
        let mut words = words.to_vec();
        words.sort_by(|a, b| collation.compare(a, b));
        words.join(" ")
    }

    #[test]
    fn clause_4_23_3_collations() {
        // Expected by the rules of CLDR for each language.
        let letters = ["b", "á", "A", "a", "B"];
        assert_eq!(sorted(None, &letters), "a A á b B");
        assert_eq!(sorted(Some("und"), &letters), "a A á b B");
        assert_eq!(sorted(Some("und-x-icu"), &letters), "a A á b B");
        assert_eq!(sorted(Some("und-u-kf-upper"), &letters), "A a á B b");
        // Swedish: ä after z. German: with a; in phone books as ae.
        let words = ["zebra", "ärm", "arm"];
        assert_eq!(sorted(Some("sv"), &words), "arm zebra ärm");
        assert_eq!(sorted(Some("de"), &words), "arm ärm zebra");
        let names = ["Azer", "Ähre", "Adler", "Afrika"];
        assert_eq!(sorted(Some("de"), &names), "Adler Afrika Ähre Azer");
        assert_eq!(sorted(Some("de-u-co-phonebk"), &names), "Adler Ähre Afrika Azer");
        // Spanish, traditional: ch is a letter after c.
        let words = ["cuna", "chico", "dedo"];
        assert_eq!(sorted(Some("es-u-co-trad"), &words), "cuna chico dedo");
        assert_eq!(sorted(Some("es"), &words), "chico cuna dedo");
        let numbers = ["x10", "x9", "x1"];
        assert_eq!(sorted(None, &numbers), "x1 x10 x9");
        assert_eq!(sorted(Some("und-u-kn"), &numbers), "x1 x9 x10");
        assert_eq!(sorted(Some("und-u-kn-true"), &numbers), "x1 x9 x10");
        let two = Collation::new(Some("und-u-ks-level2")).unwrap();
        assert_eq!(two.compare("a", "A"), Ordering::Equal);
        assert_eq!(two.compare("a", "á"), Ordering::Less);
        let identical = Collation::new(Some("und-u-ks-identic")).unwrap();
        assert_ne!(identical.compare("a", "A"), Ordering::Equal);
        // A language without rules of its own.
        assert_eq!(sorted(Some("sw-KE"), &letters), "a A á b B");
    }

    #[test]
    fn what_is_no_collation_is_refused() {
        for bad in [
            "",
            "!!nope",
            "not a bcp47 tag!!",
            "de-u-co-nothing",
            "und-u-ks-level9",
            "und-u-ka-maybe",
            "und-u-kn-perhaps",
            "und-u-kf-both",
            "x",
            &"de-".repeat(200),
        ] {
            assert!(Collation::new(Some(bad)).is_err(), "{bad}");
        }
    }
}

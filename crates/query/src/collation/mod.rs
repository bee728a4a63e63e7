//! The order of strings in a language (4.23.3): the Unicode Collation Algorithm with the tailorings of CLDR.

mod ascii;

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, MaxVariable, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering, CollationType};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;
use icu_locale_core::extensions::unicode::Value;
use ngsi_ld::Error;

/// The order of strings in a language.
pub struct Collation {
    collator: CollatorBorrowed<'static>,
    /// It is that of the root, without any setting.
    is_root: bool,
}

/// The root collation, a constant that takes some work to make.
static ROOT: LazyLock<Option<Collation>> = LazyLock::new(|| Collation::new(None).ok());

/// How two strings stand to each other where no collation is asked for: by the root collation, and by code points where
/// that finds no difference.
pub fn compare_texts(a: &str, b: &str) -> Ordering {
    let collated = ROOT.as_ref().map_or(Ordering::Equal, |root| root.compare(a, b));
    collated.then_with(|| a.cmp(b))
}

/// So many bytes of a sort key decide as the texts do.
pub const MAX_KEY_BYTES: usize = 256;
/// A text is long from here, in bytes.
const LONG: usize = 4096;
/// With so many primary weights, in bytes, the first of them are sure.
const ENOUGH: usize = 4 * MAX_KEY_BYTES;
/// What the weights of two levels are separated by in a sort key.
const LEVEL_SEPARATOR: u8 = 1;

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
        let is_root = tag.is_none();
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
        Ok(Self { collator, is_root })
    }

    /// Whether it is the root collation, because none was asked for.
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// How two strings stand to each other; `Equal` where this collation makes no difference.
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        if self.is_root
            && let Some(order) = ascii::compare(a, b)
        {
            return order;
        }
        self.collator.compare(a, b)
    }

    /// Bytes that stand to those of another text as the two texts do, as far as [`MAX_KEY_BYTES`]: of a long text, what
    /// comes after them may be left out.
    pub fn sort_key(&self, text: &str) -> Vec<u8> {
        let start = &text[..text.floor_char_boundary(LONG)];
        let mut key = self.whole_key(start);
        // The primary weights come first. What follows a text changes no more than the last few of them: those of one
        // number (254 digits), of one letter with its accents.
        let primary = key.iter().position(|byte| *byte == LEVEL_SEPARATOR);
        if start.len() < text.len() && primary.is_none_or(|primary| primary < ENOUGH) {
            key = self.whole_key(text);
        }
        key
    }

    fn whole_key(&self, text: &str) -> Vec<u8> {
        let mut key = Vec::with_capacity(2 * text.len() + 8);
        let Ok(()) = self.collator.write_sort_key_to(text, &mut key);
        key
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
    use proptest::prelude::*;

    /// Texts that share most of what they have, with letters that belong to the one before or count for nothing.
    fn any_text() -> impl Strategy<Value = String> {
        let letters = prop_oneof![
            4 => prop::sample::select(vec!['a', 'A', 'b', 'l', 'L', 'n', 'z', '1', '2', ' ', '-', '_', '~']),
            2 => (0..128_u8).prop_map(char::from),
            2 => prop::sample::select(vec![
                '\u{301}', '\u{308}', '\u{b7}', '\u{387}', 'ä', 'Ä', 'é', 'ß', 'æ', 'ñ', '\u{200d}', '\u{ad}', '日', 'п', '😀', '²',
                '\u{ffff}', '\u{338}', 'ŀ', 'Ā', 'ŉ', 'ǆ', 'Ȁ', 'ɏ', 'ɐ', '×',
            ]),
        ];
        (
            prop::sample::select(vec!["", "", "al", "Sensor "]),
            prop::collection::vec(letters, 0..5),
        )
            .prop_map(|(start, letters)| start.chars().chain(letters).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200_000))]
        #[test]
        fn what_is_decided_within_ascii_is_decided_so_by_the_tables(a in any_text(), b in any_text()) {
            let root = Collation::new(None).unwrap();
            let expected = root.collator.compare(&a, &b);
            prop_assert_eq!(root.compare(&a, &b), expected);
            prop_assert_eq!(compare_texts(&a, &b), expected.then(a.cmp(&b)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_start_of_a_long_text_has_the_start_of_its_key(
            part in any_text(), times in 0..3000_usize, end in any_text(),
            tag in prop::sample::select(vec![None, Some("und-u-kn"), Some("th"), Some("ja"), Some("und-u-ks-identic")]),
        ) {
            let collation = Collation::new(tag).unwrap();
            let text = part.repeat(times) + &end;
            let (key, whole) = (collation.sort_key(&text), collation.whole_key(&text));
            let most = MAX_KEY_BYTES;
            prop_assert_eq!(&key[..most.min(key.len())], &whole[..most.min(whole.len())]);
        }
    }

    #[test]
    fn every_pair_of_ascii_stands_as_in_the_tables() {
        let root = Collation::new(None).unwrap();
        for a in 0..128_u8 {
            for b in 0..128_u8 {
                for (a, b) in [
                    (char::from(a).to_string(), char::from(b).to_string()),
                    (format!("x{}y", char::from(a)), format!("X{}", char::from(b))),
                ] {
                    assert_eq!(root.compare(&a, &b), root.collator.compare(&a, &b), "{a:?} {b:?}");
                }
            }
        }
        assert_eq!(ascii::compare("sensor 1", "sensor 20"), Some(Ordering::Less));
        assert_eq!(ascii::compare("Genève", "Bern"), Some(Ordering::Greater));
        assert_eq!(ascii::compare("Genève", "Geneva"), None);
        assert_eq!(ascii::compare("Zürich", "Paris"), Some(Ordering::Greater));
        assert_eq!(ascii::compare("n\u{303}", "o"), None, "an accent may count");
    }

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

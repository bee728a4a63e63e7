//! The natural language filter (4.15): which text of a LanguageProperty an `Accept-Language` list asks for.

use serde_json::{Map, Value as Json};

/// The text, or texts, that suit the ranges of `asked` best, with its language tag. A range takes, in this order:
/// its own tag, tags below it (`fr` takes `fr-CH`; RFC 4647, 3.3.1), tags above it (`fr-CH` takes `fr`; 3.4). Where
/// none suits, the default text (`@none`), else the first.
pub(super) fn choose<'m>(map: &'m Map<String, Json>, asked: &str) -> Option<(&'m str, &'m Json)> {
    let found = ranges(asked).into_iter().find_map(|range| {
        let with = |fits: &dyn Fn(&str) -> bool| map.iter().find(|(tag, _)| fits(tag));
        if range == "*" {
            return map.get_key_value("@none").or_else(|| map.iter().next());
        }
        let below = |tag: &str| {
            tag.get(..range.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(range))
                && tag.as_bytes().get(range.len()) == Some(&b'-')
        };
        let above = || {
            let mut range = range;
            while let Some((shorter, _)) = range.rsplit_once('-') {
                range = shorter;
                if let Some(found) = with(&|tag| tag.eq_ignore_ascii_case(range)) {
                    return Some(found);
                }
            }
            None
        };
        with(&|tag| tag.eq_ignore_ascii_case(range))
            .or_else(|| with(&below))
            .or_else(above)
    });
    let found = found
        .or_else(|| map.get_key_value("@none"))
        .or_else(|| map.iter().next());
    found.map(|(tag, text)| (tag.as_str(), text))
}

/// The ranges of the list, best first; those of equal quality in the order given.
fn ranges(asked: &str) -> Vec<&str> {
    let mut ranges: Vec<(f64, &str)> = asked
        .split(',')
        .filter_map(|part| {
            let mut parts = part.split(';').map(str::trim);
            let range = parts.next().filter(|range| !range.is_empty())?;
            let quality = parts
                .find_map(|part| part.strip_prefix("q=")?.trim().parse().ok())
                .unwrap_or(1.0);
            (quality > 0.0).then_some((quality, range))
        })
        .collect();
    ranges.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranges.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_best_language_is_chosen() {
        let map = json!({"en": "yes", "fr-CH": "ouais", "fr": "oui", "@none": "1"});
        for (asked, tag) in [
            ("en", "en"),
            ("EN", "en"),
            ("fr-CH,fr", "fr-CH"),
            ("fr", "fr"),
            ("fr-BE", "fr"),
            ("de", "@none"),
            ("*", "@none"),
            ("de,fr;q=0.5,en;q=0.8", "en"),
            ("de;q=1,*;q=0.1,en;q=0.2", "en"),
            ("en;q=0,fr", "fr"),
            ("", "@none"),
            (";;,,é", "@none"),
        ] {
            assert_eq!(choose(map.as_object().unwrap(), asked).unwrap().0, tag, "{asked}");
        }
        let regional = json!({"de": "ja", "fr-CH": "ouais"});
        assert_eq!(choose(regional.as_object().unwrap(), "fr").unwrap().0, "fr-CH");
        assert_eq!(choose(regional.as_object().unwrap(), "it").unwrap().0, "de");
        assert_eq!(choose(&Map::new(), "it"), None);
    }
}

//! Which property is the name, which the code: by the names that publishers of boundaries and places use.

use serde_json::{Map, Value as Json};

/// A property that was found: its key and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) text: String,
}

/// The text of a value that names something: a string or a number, not empty.
pub(crate) fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The first of these keys that is there and holds something; upper and lower case, `_`, `-` and blanks the same.
pub(crate) fn find(properties: &Map<String, Json>, keys: &[&str]) -> Option<Found> {
    keys.iter().find_map(|wanted| {
        let wanted = plain(wanted);
        properties
            .iter()
            .filter(|(key, _)| plain(key) == wanted)
            .find_map(|(key, value)| {
                Some(Found {
                    key: key.clone(),
                    text: text(value)?,
                })
            })
    })
}

/// The level, name and code of an administrative area by the prefix of its properties, the most local first:
/// `ward_name` and `ward_code` before `county_name`; `NAME_3` and `GID_3` (GADM); `ADM2_EN` and `ADM2_PCODE`
/// (OCHA); `shapeName` and `shapeID` (geoBoundaries).
pub(crate) fn find_level(properties: &Map<String, Json>) -> Option<(Option<String>, Found, Option<Found>)> {
    const LEVELS: [&str; 22] = [
        "neighbourhood",
        "neighborhood",
        "village",
        "sublocation",
        "ward",
        "location",
        "parish",
        "commune",
        "subdistrict",
        "division",
        "subcounty",
        "constituency",
        "district",
        "municipality",
        "city",
        "county",
        "department",
        "region",
        "province",
        "governorate",
        "state",
        "country",
    ];
    const CODES: [&str; 5] = ["code", "id", "no", "number", "pcode"];
    for level in LEVELS {
        let name = find(
            properties,
            &[&format!("{level}name"), &format!("name{level}"), level],
        );
        if let Some(name) = name {
            let keys: Vec<String> = CODES.iter().map(|code| format!("{level}{code}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            return Some((Some(level.to_owned()), name, find(properties, &keys)));
        }
    }
    for depth in (0..=5).rev() {
        let key = |pattern: &str| pattern.replace('#', &depth.to_string());
        let name = find(
            properties,
            &[
                &key("NAME_#"),
                &key("ADM#_EN"),
                &key("ADM#_FR"),
                &key("ADM#_ES"),
                &key("ADM#_PT"),
                &key("ADM#_AR"),
                &key("ADM#_NAME"),
                &key("admin#Name"),
            ],
        );
        if let Some(name) = name {
            let code = find(
                properties,
                &[
                    &key("GID_#"),
                    &key("ADM#_PCODE"),
                    &key("admin#Pcod"),
                    &key("ID_#"),
                    &key("CC_#"),
                ],
            );
            return Some((Some(format!("level {depth}")), name, code));
        }
    }
    find(properties, &["shapeName"]).map(|name| (None, name, find(properties, &["shapeID", "shapeISO"])))
}

fn plain(key: &str) -> String {
    key.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' ' | ':' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn level(json: &Json) -> (Option<String>, String, Option<String>) {
        let (level, name, code) = find_level(json.as_object().unwrap()).unwrap();
        (level, name.text, code.map(|code| code.text))
    }

    #[test]
    fn the_most_local_level_is_taken() {
        let nairobi = json!({"county_name": "NAIROBI", "county_code": 47, "ward_name": "KITISURU", "ward_code": "1366"});
        assert_eq!(
            level(&nairobi),
            (Some("ward".into()), "KITISURU".into(), Some("1366".into()))
        );
        let gadm =
            json!({"NAME_0": "Kenya", "NAME_1": "Nairobi", "NAME_3": "Kilimani", "GID_3": "KEN.30.3.2_1"});
        assert_eq!(
            level(&gadm),
            (
                Some("level 3".into()),
                "Kilimani".into(),
                Some("KEN.30.3.2_1".into())
            )
        );
        let ocha = json!({"ADM1_EN": "Nairobi", "ADM1_PCODE": "KE047", "ADM0_EN": "Kenya"});
        assert_eq!(level(&ocha).1, "Nairobi");
        assert!(find_level(json!({"x": 1}).as_object().unwrap()).is_none());
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        let properties = json!({"Ward Name": " X ", "empty": "", "n": 7});
        let properties = properties.as_object().unwrap();
        assert_eq!(find(properties, &["ward_name"]).unwrap().text, "X");
        assert_eq!(find(properties, &["empty", "N"]).unwrap().text, "7");
    }
}

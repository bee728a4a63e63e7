//! Entities, types and values in words for people.

use std::borrow::Cow;

use ngsi_ld::value::OneOrMany;
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Uri, Value};
use percent_encoding::percent_decode_str;

use super::language::Language;

/// The longest text of a value that a page shows; the rest is in the JSON.
const LONGEST: usize = 300;

/// A text from the data as it may be shown: without control characters, and without the marks that change the
/// direction of what follows (a name could otherwise show itself backwards). The pages isolate it with `<bdi>`.
pub(crate) fn plain(text: &str) -> String {
    let kept = |c: &char| {
        !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
    };
    let mut shown: String = text.chars().filter(kept).take(LONGEST + 1).collect();
    if shown.chars().count() > LONGEST {
        shown = shown.chars().take(LONGEST).collect::<String>() + "…";
    }
    shown
}

/// A text of ours with `code` in it: the parts, and whether each is code.
pub(crate) fn ticked(text: &str) -> Vec<(bool, String)> {
    text.split('`')
        .enumerate()
        .map(|(index, part)| (index % 2 == 1, plain(part)))
        .collect()
}

/// The name of an entity, in the reader's language where it has one there.
pub(crate) fn name_of(entity: &Entity, language: Language) -> Option<String> {
    const NAMES: [&str; 6] = [
        "name",
        "title",
        "stopName",
        "shortName",
        "alternateName",
        "routeShortName",
    ];
    let named = |short: &str| entity.attributes.iter().find(|a| a.name.short() == short);
    NAMES
        .iter()
        .filter_map(|short| named(short))
        .find_map(|attribute| text_of(attribute, language))
}

/// The name of an entity, or what stands for it: the last part of its id.
pub(crate) fn label_of(entity: &Entity, language: Language) -> String {
    name_of(entity, language).unwrap_or_else(|| local_of(&entity.id))
}

/// The last part of an id, readable.
pub(crate) fn local_of(id: &Uri) -> String {
    plain(&percent_decode_str(id.local()).decode_utf8_lossy())
}

fn text_of(attribute: &Attribute, language: Language) -> Option<String> {
    let text = match &attribute.value {
        Value::Property(value) => value.as_str().map(Cow::Borrowed)?,
        Value::Language(texts) => {
            let in_language = texts.get(language.tag()).or_else(|| texts.get("en"));
            let any = in_language.or_else(|| texts.values().next())?;
            Cow::Borrowed(any.as_str().or_else(|| any.as_array()?.first()?.as_str())?)
        }
        _ => return None,
    };
    let shown = plain(&text);
    (!shown.trim().is_empty()).then_some(shown)
}

/// The name of an entity type for people: in the reader's language where we know it, else its words.
pub(crate) fn type_label(language: Language, name: &Name) -> String {
    let short = name.short();
    let simple = !short.is_empty() && short.bytes().all(|b| b.is_ascii_alphanumeric());
    let known = if simple {
        language.known(&format!("type-{short}"))
    } else {
        None
    };
    known.unwrap_or_else(|| spaced(short))
}

/// The name of a measured quantity for people: `no2` → `NO₂`, `relativeHumidity` → `Relative humidity`.
pub(crate) fn quantity(short: &str) -> String {
    let formula = match short {
        "pm1" => "PM1",
        "pm25" | "pm2_5" | "PM25" => "PM2.5",
        "pm10" => "PM10",
        "no" => "NO",
        "no2" => "NO₂",
        "nox" => "NOₓ",
        "o3" => "O₃",
        "so2" => "SO₂",
        "co" => "CO",
        "co2" => "CO₂",
        "LAeq" | "laeq" => "LAeq",
        other => return spaced(other),
    };
    formula.to_owned()
}

/// `AirQualityObserved` → `Air quality observed`.
fn spaced(camel: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    for c in plain(camel).chars() {
        if before == ' ' && text.is_empty() {
            text.extend(c.to_uppercase());
        } else if c.is_uppercase() && before.is_lowercase() {
            text.push(' ');
            text.extend(c.to_lowercase());
        } else if c == '_' {
            text.push(' ');
        } else {
            text.push(c);
        }
        before = c;
    }
    text
}

/// A unit for people: common UN/CEFACT codes become their symbols, any other text stays.
pub(crate) fn unit(code: &str) -> String {
    let symbol = match code {
        "C62" | "1" => "",
        "P1" => "%",
        "CEL" => "°C",
        "GQ" => "µg/m³",
        "GP" => "mg/m³",
        "59" => "ppm",
        "61" => "ppb",
        "2N" => "dB",
        "MTR" => "m",
        "KMT" => "km",
        "MMT" => "mm",
        "MTK" => "m²",
        "KMK" => "km²",
        "MTQ" => "m³",
        "LTR" => "l",
        "MTS" => "m/s",
        "KMH" => "km/h",
        "KWH" => "kWh",
        "KWT" => "kW",
        "WTT" => "W",
        "LUX" => "lx",
        "A97" => "hPa",
        "DD" => "°",
        "SEC" => "s",
        "MIN" => "min",
        "HUR" => "h",
        "VLT" => "V",
        other => return plain(other),
    };
    symbol.to_owned()
}

/// What a value is, as a page shows it.
#[derive(Debug, PartialEq)]
pub(crate) enum Shown {
    /// Words from the data.
    Text(String),
    /// A number, written in the reader's language.
    Number(String),
    /// Other entities.
    Links(Vec<Uri>),
    /// JSON.
    Code(String),
}

impl Shown {
    /// Of an attribute's value.
    pub(crate) fn of(attribute: &Attribute, language: Language) -> Self {
        match &attribute.value {
            Value::Property(value) => Self::of_property(value, language),
            Value::Relationship(relationship) => Self::Links(relationship.targets().to_vec()),
            Value::ListRelationship(targets) => Self::Links(targets.to_vec()),
            Value::Geo(value) => Self::Text(geometry(&value.geometry, language)),
            Value::Language(texts) => {
                let all = texts
                    .iter()
                    .map(|(tag, text)| format!("{tag}: {}", text.as_str().unwrap_or_default()));
                text_of(attribute, language).map_or_else(
                    || Self::Text(plain(&all.collect::<Vec<_>>().join(" · "))),
                    Self::Text,
                )
            }
            Value::Json(json) => Self::Code(plain(&json.to_string())),
            Value::Vocab(terms) => {
                let terms = match terms {
                    OneOrMany::One(term) => std::slice::from_ref(term),
                    OneOrMany::Many(terms) => terms,
                };
                Self::Text(plain(
                    &terms.iter().map(Name::short).collect::<Vec<_>>().join(", "),
                ))
            }
            Value::List(list) => Self::Code(plain(&serde_json::Value::from(list.to_vec()).to_string())),
        }
    }

    fn of_property(value: &PropertyValue, language: Language) -> Self {
        match value {
            PropertyValue::Boolean(true) => Self::Text(language.text("yes")),
            PropertyValue::Boolean(false) => Self::Text(language.text("no")),
            PropertyValue::Integer(_) | PropertyValue::Number(_) => {
                Self::Number(language.value(value.as_f64().unwrap_or_default()))
            }
            PropertyValue::Text(text) => Self::Text(plain(text)),
            PropertyValue::Structured(json) => match (json.get("@type"), json.get("@value")) {
                (Some(_), Some(serde_json::Value::String(text))) => Self::Text(plain(text)),
                _ => Self::Code(plain(&json.to_string())),
            },
        }
    }

    /// As one line of text, for tables and files.
    pub(crate) fn into_line(self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Code(text) => text,
            Self::Links(targets) => targets.iter().map(local_of).collect::<Vec<_>>().join(", "),
        }
    }
}

fn geometry(geometry: &geo_types::Geometry<f64>, language: Language) -> String {
    use geo::CoordsIter;
    use geo_types::Geometry;
    match geometry {
        Geometry::Point(point) => {
            format!(
                "{}, {}",
                language.number(point.y(), 5),
                language.number(point.x(), 5)
            )
        }
        other => {
            let key = match other {
                Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => "geometry-line",
                Geometry::MultiPoint(_) | Geometry::GeometryCollection(_) => "geometry-other",
                _ => "geometry-area",
            };
            let points = super::language::Argument::Count(other.coords_count());
            language.text_with(key, &[("points", points)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_turn_the_text_around() {
        assert_eq!(plain("a\u{202e}b\u{2066}c\u{0}\nd"), "abcd");
        assert_eq!(plain(&"x".repeat(1000)).chars().count(), LONGEST + 1);
        assert_eq!(
            plain("قطار\u{200f}"),
            "قطار\u{200f}",
            "the marks of a writer stay"
        );
    }

    #[test]
    fn types_are_read_by_people() {
        assert_eq!(
            type_label(Language::ENGLISH, &Name::default_term("GtfsStop")),
            "Public transport stops"
        );
        assert_eq!(
            type_label(Language::ENGLISH, &Name::default_term("SwimmingPool")),
            "Swimming pool"
        );
        assert_eq!(
            type_label(Language::ENGLISH, &Name::from_iri("https://a.example/x#Y_z")),
            "Y z"
        );
        assert_eq!(
            type_label(Language::ENGLISH, &Name::from_iri("urn:x:a = b")),
            "A = b"
        );
    }

    #[test]
    fn the_name_is_in_the_readers_language() {
        let texts = serde_json::json!({"en": "Market", "fr": "Marché", "ar": ["سوق"]});
        let name = Attribute::new(
            Name::default_term("name"),
            Value::Language(Box::new(texts.as_object().unwrap().clone())),
        );
        let entity = Entity::new(Uri::ngsi_ld("Place", "a%20b"), Name::default_term("Place"));
        assert_eq!(label_of(&entity, Language::ENGLISH), "a%20b");
        let entity = entity.with(name);
        for (tag, expected) in [
            ("en", "Market"),
            ("fr", "Marché"),
            ("ar", "سوق"),
            ("sw", "Market"),
        ] {
            assert_eq!(label_of(&entity, Language::of_tag(tag).unwrap()), expected);
        }
    }
}

//! What is given for a parameter, read into types that hold no nonsense. Nothing here knows a city.

use std::collections::BTreeMap;

use formats::gtfs::time::ServiceTime;
use formats::osm::keys;
use geo_types::{Coord, LineString, Polygon};
use ngsi_ld::context::Context;
use ngsi_ld::query::q::Q;
use ngsi_ld::{PropertyValue, Uri};
use serde_json::Value as Json;

use super::parameter::{Parameter, ParameterType};
use crate::file::Finding;
use crate::file::nearest::{did_you_mean, listed};

/// What is given for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Text(String),
    Number(f64),
    Integer(i64),
    Boolean(bool),
    /// Seconds of the service day.
    Time(u32),
    Position(Coord<f64>),
    Line(Vec<Coord<f64>>),
    Area(Polygon<f64>),
    Entity(Uri),
    Entities(Wanted),
    Joint(Joint),
    Calls(Vec<CallAt>),
    /// By term of the attribute.
    Tags(BTreeMap<&'static str, PropertyValue>),
}

/// Which entities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    These(Vec<Uri>),
    Selected(Box<Selected>),
}

/// A selection of entities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selected {
    /// By term.
    pub(crate) entity_type: String,
    pub(crate) q: Option<Q>,
    /// Those that touch it.
    pub(crate) area: Option<Polygon<f64>>,
    /// Those so near, in metres.
    pub(crate) within: Option<(f64, Near)>,
}

/// What something is near to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Near {
    Position(Coord<f64>),
    Entity(Uri),
}

/// A place of the street network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Joint {
    /// A RoadNode.
    Entity(Uri),
    /// A vertex, as `nodes` says it.
    Node(Json),
    /// The nearest vertex.
    Position(Coord<f64>),
}

/// Where a line calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallAt {
    Stop(Uri),
    Position(Coord<f64>),
}

/// The arguments of a measure, by parameter; defaults filled in.
pub(crate) type Arguments = BTreeMap<String, Argument>;

/// The longest list that is taken.
const MOST_ITEMS: usize = 100_000;

/// Reads what is given for a kind's parameters. `place` names the measure.
pub(crate) fn read(
    kind: &super::Kind,
    with: &BTreeMap<String, Json>,
    place: &str,
) -> Result<Arguments, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut arguments = Arguments::new();
    for key in with.keys().filter(|key| kind.parameter(key).is_none()) {
        findings.push(Finding {
            place: format!("{place}, with.{key}"),
            what: format!("`{}` has no parameter `{key}`", kind.name),
            remedy: did_you_mean(
                key,
                kind.parameters.iter().map(|parameter| parameter.name.as_str()),
                "leave it out",
            ),
        });
    }
    for parameter in &kind.parameters {
        let Some(given) = with.get(&parameter.name).or(parameter.default.as_ref()) else {
            if parameter.is_needed() {
                findings.push(Finding {
                    place: format!("{place}, with.{}", parameter.name),
                    what: format!("`{}` needs it, and it is not given", kind.name),
                    remedy: format!("give {}: {}", parameter.value.example(), parameter.description),
                });
            }
            continue;
        };
        let mut reader = Reader {
            parameter,
            place: format!("{place}, with.{}", parameter.name),
            findings: &mut findings,
        };
        if let Some(argument) = reader.read(given) {
            arguments.insert(parameter.name.clone(), argument);
        }
    }
    if findings.is_empty() {
        Ok(arguments)
    } else {
        Err(findings)
    }
}

/// Reads one argument, noting what is wrong.
struct Reader<'a> {
    parameter: &'a Parameter,
    place: String,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, at: &str, what: String, remedy: String) -> Option<T> {
        self.findings.push(Finding {
            place: format!("{}{at}", self.place),
            what,
            remedy,
        });
        None
    }

    /// It is of another type.
    fn mistyped<T>(&mut self, at: &str, given: &Json, wanted: &str) -> Option<T> {
        self.wrong(
            at,
            format!("{} is not {wanted}", shown(given)),
            format!("give {wanted}"),
        )
    }

    fn read(&mut self, given: &Json) -> Option<Argument> {
        let wanted = self.parameter.value.example();
        match self.parameter.value {
            ParameterType::Text => self.text(given).map(Argument::Text),
            ParameterType::Number => match given.as_f64() {
                Some(number) => self.within(number).map(Argument::Number),
                None => self.mistyped("", given, wanted),
            },
            ParameterType::Integer => match given.as_i64() {
                Some(number) => self.within(number as f64).map(|_| Argument::Integer(number)),
                None => self.mistyped("", given, wanted),
            },
            ParameterType::Boolean => match given.as_bool() {
                Some(boolean) => Some(Argument::Boolean(boolean)),
                None => self.mistyped("", given, wanted),
            },
            ParameterType::Time => match given.as_str().and_then(time) {
                Some(seconds) => Some(Argument::Time(seconds)),
                None => self.mistyped("", given, wanted),
            },
            ParameterType::Position => self.position("", given).map(Argument::Position),
            ParameterType::Line => self.positions("", given, 1).map(Argument::Line),
            ParameterType::Area => self.area("", given).map(Argument::Area),
            ParameterType::Entity => self.id("", given).map(Argument::Entity),
            ParameterType::Entities => self.entities(given).map(Argument::Entities),
            ParameterType::Joint => self.joint(given).map(Argument::Joint),
            ParameterType::Calls => self.calls(given).map(Argument::Calls),
            ParameterType::Tags => self.tags(given).map(Argument::Tags),
        }
    }

    fn text(&mut self, given: &Json) -> Option<String> {
        let Some(text) = given.as_str() else {
            return self.mistyped("", given, "a text");
        };
        let words: Vec<&str> = self.parameter.one_of.iter().map(String::as_str).collect();
        if !words.is_empty() && !words.contains(&text) {
            let remedy = did_you_mean(text, words.iter().copied(), &format!("give {}", listed(&words)));
            return self.wrong("", format!("{} is not one of its words", shown(given)), remedy);
        }
        if text.trim().is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
            let what = "it is blank, longer than 500 characters, or has control characters".to_owned();
            return self.wrong("", what, "give a line of text".to_owned());
        }
        Some(text.to_owned())
    }

    fn within(&mut self, number: f64) -> Option<f64> {
        let (min, max) = (self.parameter.min, self.parameter.max);
        if number.is_finite() && min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max) {
            return Some(number);
        }
        let range = match (min, max) {
            (Some(min), Some(max)) => format!("a number from {min} to {max}"),
            (Some(min), None) => format!("a number of {min} or more"),
            (None, Some(max)) => format!("a number of {max} or less"),
            (None, None) => "a number".to_owned(),
        };
        self.wrong("", format!("{number} cannot be"), format!("give {range}"))
    }

    fn position(&mut self, at: &str, given: &Json) -> Option<Coord<f64>> {
        let pair = given.as_array().map(Vec::as_slice);
        let pair = match pair {
            Some([lon, lat]) => lon.as_f64().zip(lat.as_f64()),
            _ => None,
        };
        let Some((x, y)) = pair else {
            return self.mistyped(at, given, "a position [longitude, latitude]");
        };
        if !(-180.0..=180.0).contains(&x) || !(-90.0..=90.0).contains(&y) {
            let what = format!("{} is nowhere on earth", shown(given));
            let remedy = "give degrees of WGS 84, longitude (-180 to 180) before latitude (-90 to 90)";
            return self.wrong(at, what, remedy.to_owned());
        }
        Some(Coord { x, y })
    }

    /// A list with at least so many items, each read by `read`; `None` where anything is wrong.
    fn list<T>(
        &mut self,
        at: &str,
        given: &Json,
        least: usize,
        mut read: impl FnMut(&mut Self, &str, &Json) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(items) = given.as_array() else {
            let wanted = self.parameter.value.example();
            return self.mistyped(at, given, wanted);
        };
        if items.len() < least || items.len() > MOST_ITEMS {
            let what = format!("it has {} items", items.len());
            return self.wrong(at, what, format!("give {least} to {MOST_ITEMS}"));
        }
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| read(self, &format!("{at}[{index}]"), item))
            .collect();
        read.into_iter().collect()
    }

    fn positions(&mut self, at: &str, given: &Json, least: usize) -> Option<Vec<Coord<f64>>> {
        self.list(at, given, least, Self::position)
    }

    fn area(&mut self, at: &str, given: &Json) -> Option<Polygon<f64>> {
        let ring = self.positions(at, given, 3)?;
        // geo-types closes the ring.
        let area = Polygon::new(LineString(ring), Vec::new());
        if geo::Area::unsigned_area(&area) > 0.0 {
            return Some(area);
        }
        let what = "its positions enclose nothing".to_owned();
        self.wrong(at, what, "give the corners of an area in their order".to_owned())
    }

    fn id(&mut self, at: &str, given: &Json) -> Option<Uri> {
        let Some(text) = given.as_str() else {
            return self.mistyped(at, given, "the id of an entity");
        };
        match Uri::parse(text) {
            Ok(id) => Some(id),
            Err(error) => {
                let remedy = "give the id of an entity, as in `urn:ngsi-ld:RoadNode:17`".to_owned();
                self.wrong(at, error.to_string(), remedy)
            }
        }
    }

    fn entities(&mut self, given: &Json) -> Option<Wanted> {
        match given {
            Json::Object(_) => self.selected(given).map(|it| Wanted::Selected(Box::new(it))),
            Json::String(_) => self.id("", given).map(|id| Wanted::These(vec![id])),
            _ => {
                let mut ids = self.list("", given, 1, Self::id)?;
                let mut seen = std::collections::HashSet::new();
                ids.retain(|id| seen.insert(id.clone()));
                Some(Wanted::These(ids))
            }
        }
    }

    fn selected(&mut self, given: &Json) -> Option<Selected> {
        const KEYS: [&str; 5] = ["type", "q", "area", "within_m", "of"];
        let members = given.as_object()?;
        let before = self.findings.len();
        for key in members.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let what = format!("a selection has no key `{key}`");
            self.wrong::<()>(&format!(".{key}"), what, did_you_mean(key, KEYS, "leave it out"));
        }
        let of: Vec<&str> = self.parameter.of.iter().map(String::as_str).collect();
        let entity_type = match members.get("type") {
            None => match of.as_slice() {
                // There is only one it can be.
                [only] => Some((*only).to_owned()),
                _ => self.wrong(
                    ".type",
                    "it is not given".to_owned(),
                    format!("give the type of the entities, {}", listed(&of)),
                ),
            },
            Some(Json::String(text)) if of.is_empty() || of.contains(&text.as_str()) => Some(text.clone()),
            Some(Json::String(text)) => self.wrong(
                ".type",
                format!("`{text}` cannot be meant here"),
                did_you_mean(text, of.iter().copied(), "give one of its types"),
            ),
            Some(other) => self.mistyped(".type", other, "a type of entities"),
        };
        let q = match members.get("q") {
            None => None,
            Some(Json::String(text)) => match Q::parse(text, Context::core()) {
                Ok(q) => Some(q),
                Err(error) => {
                    let remedy = "write it as in NGSI-LD: `kerb==\"raised\"`".to_owned();
                    self.wrong(".q", error.detail, remedy)
                }
            },
            Some(other) => self.mistyped(".q", other, "a text, as in `kerb==\"raised\"`"),
        };
        let area = members.get("area").and_then(|area| self.area(".area", area));
        let within = match (members.get("within_m"), members.get("of")) {
            (None, None) => None,
            (Some(metres), Some(of)) => {
                let metres = match metres.as_f64() {
                    Some(metres) if (0.0..=100_000.0).contains(&metres) => Some(metres),
                    _ => self.mistyped(".within_m", metres, "a number of metres from 0 to 100000"),
                };
                let near = match of {
                    Json::String(_) => self.id(".of", of).map(Near::Entity),
                    _ => self.position(".of", of).map(Near::Position),
                };
                metres.zip(near)
            }
            (Some(_), None) => self.wrong(
                ".of",
                "it is not given".to_owned(),
                "say of what: a position or the id of an entity".to_owned(),
            ),
            (None, Some(_)) => self.wrong(
                ".within_m",
                "it is not given".to_owned(),
                "say within how many metres".to_owned(),
            ),
        };
        if self.findings.len() > before {
            return None;
        }
        Some(Selected {
            entity_type: entity_type?,
            q,
            area,
            within,
        })
    }

    fn joint(&mut self, given: &Json) -> Option<Joint> {
        match given {
            Json::Array(_) => self.position("", given).map(Joint::Position),
            Json::Number(number) if number.is_i64() => Some(Joint::Node(given.clone())),
            Json::String(text) if text.trim().is_empty() => {
                self.mistyped("", given, "a place of the streets")
            }
            // The ids of entities are URIs; those of vertices are what the maker of `nodes` liked.
            Json::String(text) if text.starts_with("urn:") => self.id("", given).map(Joint::Entity),
            Json::String(_) => Some(Joint::Node(given.clone())),
            _ => self.mistyped("", given, self.parameter.value.example()),
        }
    }

    fn calls(&mut self, given: &Json) -> Option<Vec<CallAt>> {
        let calls = self.list("", given, 2, |reader, at, item| match item {
            Json::String(_) => reader.id(at, item).map(CallAt::Stop),
            _ => reader.position(at, item).map(CallAt::Position),
        })?;
        if let Some(again) = calls.windows(2).position(|pair| matches!(pair, [a, b] if a == b)) {
            let at = format!("[{}]", again + 1);
            let what = "it is the same as the one before".to_owned();
            return self.wrong(&at, what, "give every call once".to_owned());
        }
        Some(calls)
    }

    fn tags(&mut self, given: &Json) -> Option<BTreeMap<&'static str, PropertyValue>> {
        let Some(members) = given.as_object().filter(|members| !members.is_empty()) else {
            return self.mistyped(
                "",
                given,
                "tags and their values, as in { smoothness = \"good\" }",
            );
        };
        let before = self.findings.len();
        let mut tags = BTreeMap::new();
        for (key, value) in members {
            let at = format!(".{key}");
            // Either spelling: the tag's, or that of the attribute.
            let term = keys::term(key).or_else(|| keys::key(key).and_then(keys::term));
            let Some(term) = term else {
                let what = format!("`{key}` is not a tag that the twin keeps");
                let remedy = did_you_mean(
                    key,
                    keys::all().collect::<Vec<_>>(),
                    "give a key of OpenStreetMap that matters on foot",
                );
                self.wrong::<()>(&at, what, remedy);
                continue;
            };
            match value {
                Json::String(text) if !text.trim().is_empty() => {
                    tags.insert(term, PropertyValue::from(text.as_str()));
                }
                Json::Number(_) => {
                    tags.insert(term, PropertyValue::from_json(value.clone()));
                }
                _ => {
                    self.mistyped::<()>(&at, value, "a text or a number");
                }
            }
        }
        (self.findings.len() == before).then_some(tags)
    }
}

/// `HH:MM` or `HH:MM:SS`, up to 48 hours, as seconds.
fn time(text: &str) -> Option<u32> {
    let full = if text.matches(':').count() == 1 {
        format!("{text}:00")
    } else {
        text.to_owned()
    };
    ServiceTime::parse(&full)
        .map(ServiceTime::seconds)
        .filter(|seconds| *seconds <= 48 * 3600)
}

/// A value as the user wrote it, held to a length.
pub(crate) fn shown(given: &Json) -> String {
    let text = given.to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

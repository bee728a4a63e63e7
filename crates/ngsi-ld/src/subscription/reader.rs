//! Reading members of a JSON object, each refusal with the place of what is wrong.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::name::Uri;
use crate::time::Timestamp;

/// Whether a member of a fragment is there to take away what it names (5.5.8).
pub(crate) fn is_null(json: &Json) -> bool {
    json.is_null() || json.as_str() == Some("urn:ngsi-ld:null")
}

/// An object and where it stands in the document.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) members: &'a Map<String, Json>,
    /// A JSON pointer, without the slash at its end.
    pub(crate) place: &'a str,
}

impl<'a> Object<'a> {
    /// What is at `place`, which must be an object.
    pub(crate) fn of(json: &'a Json, place: &'a str, what: &str) -> Result<Self, Error> {
        match json {
            Json::Object(members) => Ok(Self { members, place }),
            _ if place.is_empty() => Err(Error::bad_data(format!("the body is not an object: {what}"))),
            _ => Err(Error::bad_data(format!("`{place}` is not an object: {what}"))),
        }
    }

    /// A refusal of a member.
    pub(crate) fn error(&self, member: &str, what: impl fmt::Display) -> Error {
        Error::bad_data(format!("`{}/{member}`: {what}", self.place))
    }

    pub(crate) fn get(&self, member: &str) -> Option<&'a Json> {
        self.members.get(member)
    }

    /// Whether the member is there to be taken away.
    pub(crate) fn is_removed(&self, member: &str) -> bool {
        self.get(member).is_some_and(is_null)
    }

    pub(crate) fn text(&self, member: &str) -> Result<Option<&'a str>, Error> {
        match self.get(member) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(member, "it must be a string")),
        }
    }

    pub(crate) fn required_text(&self, member: &str) -> Result<&'a str, Error> {
        self.text(member)?
            .ok_or_else(|| self.error(member, "it is missing"))
    }

    pub(crate) fn flag(&self, member: &str) -> Result<Option<bool>, Error> {
        match self.get(member) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.error(member, "it must be `true` or `false`")),
        }
    }

    /// A number greater than 0.
    pub(crate) fn positive(&self, member: &str) -> Result<Option<f64>, Error> {
        match self.get(member) {
            None => Ok(None),
            Some(Json::Number(number)) => match number.as_f64() {
                Some(number) if number > 0.0 && number.is_finite() => Ok(Some(number)),
                _ => Err(self.error(member, "it must be greater than 0")),
            },
            Some(_) => Err(self.error(member, "it must be a number greater than 0")),
        }
    }

    pub(crate) fn instant(&self, member: &str) -> Result<Option<Timestamp>, Error> {
        self.text(member)?
            .map(|text| Timestamp::parse(text).map_err(|error| self.error(member, error)))
            .transpose()
    }

    /// An array of at least one string; a lone string where `or_one`.
    pub(crate) fn texts(&self, member: &str, or_one: bool) -> Result<Option<Vec<&'a str>>, Error> {
        let wrong = || self.error(member, "it must be an array of strings, at least one");
        match self.get(member) {
            None => Ok(None),
            Some(Json::String(one)) if or_one => Ok(Some(vec![one])),
            Some(Json::Array(elements)) if !elements.is_empty() => {
                let texts: Option<Vec<&str>> = elements.iter().map(Json::as_str).collect();
                texts.map(Some).ok_or_else(wrong)
            }
            Some(_) => Err(wrong()),
        }
    }

    /// An array of at least one element, each with its place.
    pub(crate) fn elements(&self, member: &str, of: &str) -> Result<Option<Vec<(String, &'a Json)>>, Error> {
        match self.get(member) {
            None => Ok(None),
            Some(Json::Array(elements)) if !elements.is_empty() => {
                let placed = elements.iter().enumerate();
                Ok(Some(
                    placed
                        .map(|(index, element)| (format!("{}/{member}/{index}", self.place), element))
                        .collect(),
                ))
            }
            Some(_) => Err(self.error(member, format!("it must be an array of at least one {of}"))),
        }
    }

    pub(crate) fn uri(&self, member: &str, text: &str) -> Result<Uri, Error> {
        Uri::parse(text).map_err(|error| self.error(member, error))
    }
}

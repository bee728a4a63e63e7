//! Entity fragments: what PATCH and POST /attrs carry (5.2.4 with members left out, `urn:ngsi-ld:null` 4.5.0).

mod apply;
mod merge;
#[cfg(test)]
mod tests;

use serde_json::Value as Json;

use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::{Kind, OneOrMany, Terms, Value};

/// A part of an entity.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Fragment {
    /// `type`: added to the entity's.
    pub types: Vec<Name>,
    /// `scope`: replaces the entity's; `Some(empty)` removes it.
    pub scope: Option<Vec<Box<str>>>,
    /// `expiresAt`.
    pub expires_at: Change<Timestamp>,
    /// The common `observedAt` of a merge: taken by the attributes that had one and are given none (5.6.17).
    pub observed_at: Option<Timestamp>,
    /// Attributes, in order.
    pub attributes: Vec<AttributeFragment>,
}

/// What becomes of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It is not mentioned.
    #[default]
    Keep,
    /// `urn:ngsi-ld:null`: it goes.
    Remove,
    /// It gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// The value that is set.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Remove => None,
        }
    }
}

/// A part of one attribute instance.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeFragment {
    /// Its name.
    pub name: Name,
    /// Its `datasetId`.
    pub dataset_id: Option<Uri>,
    /// What becomes of the instance.
    pub change: AttributeChange,
}

/// What a fragment does to an attribute instance.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeChange {
    /// `urn:ngsi-ld:null`: it goes.
    Remove,
    /// The members that are given change.
    Set(Box<AttributePatch>),
}

/// The members that a fragment gives of an attribute instance.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AttributePatch {
    /// The kind, where `type` or the value's member says it.
    pub kind: Option<Kind>,
    /// The value. May hold `urn:ngsi-ld:null` inside an object, for a member that goes.
    pub value: Option<ValuePatch>,
    /// `objectType` of a Relationship.
    pub object_type: Change<OneOrMany<Name>>,
    /// `observedAt`.
    pub observed_at: Change<Timestamp>,
    /// `unitCode`.
    pub unit_code: Change<Box<str>>,
    /// `expiresAt`.
    pub expires_at: Change<Timestamp>,
    /// Sub-attributes, in order.
    pub sub_attributes: Vec<AttributeFragment>,
}

/// A value in a fragment.
#[derive(Clone, Debug, PartialEq)]
pub enum ValuePatch {
    /// Its kind is known.
    Typed(Value),
    /// A bare value: it takes the kind that the attribute has, if it can, else that of its look.
    Simplified {
        /// As it was sent.
        json: Box<Json>,
        /// With the kind that its look suggests.
        inferred: Value,
        /// As targets, where it is URIs.
        targets: Option<OneOrMany<Uri>>,
        /// As terms, where it is texts.
        terms: Option<Terms>,
        /// The language of a text for a LanguageProperty.
        lang: Option<Box<str>>,
    },
}

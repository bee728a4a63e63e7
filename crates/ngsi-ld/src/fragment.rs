//! Entity fragments: what PATCH and POST /attrs carry (5.2.4 with members left out, `urn:ngsi-ld:null` 4.5.0).

use crate::entity::Entity;
use crate::error::Error;
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
    /// Simplified: it takes the kind that the attribute has, if it can, else that of `value`.
    Simplified {
        /// With the kind that its look suggests.
        value: Value,
        /// The same as targets, where it is URIs.
        targets: Option<OneOrMany<Uri>>,
        /// The same as terms, where it is texts.
        terms: Option<Terms>,
        /// The language of a text for a LanguageProperty.
        lang: Option<Box<str>>,
    },
}

impl Fragment {
    /// Merge Entity (5.6.17, 5.5.12).
    pub fn merge_into(&self, _entity: &mut Entity, _now: Timestamp) -> Result<(), Error> {
        todo!()
    }

    /// Append Attributes (5.6.3). Answers with what was left alone, and why.
    pub fn append_to(
        &self,
        _entity: &mut Entity,
        _overwrite: bool,
        _now: Timestamp,
    ) -> Result<Vec<(Name, String)>, Error> {
        todo!()
    }

    /// Update Attributes (5.6.2). Answers with what was left alone, and why.
    pub fn update(&self, _entity: &mut Entity, _now: Timestamp) -> Result<Vec<(Name, String)>, Error> {
        todo!()
    }
}

impl AttributeFragment {
    /// Partial Attribute Update (5.6.4). `false` where the entity has no such instance.
    pub fn partial_update(&self, _entity: &mut Entity, _now: Timestamp) -> Result<bool, Error> {
        todo!()
    }
}

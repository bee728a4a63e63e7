//! Entity fragments: what PATCH and POST /attrs carry (5.2.4 with members left out, `urn:ngsi-ld:null` 4.5.0).

use crate::name::{Name, Uri};
use crate::value::Value;

/// A part of an entity.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Fragment {
    /// `type`: added to the entity's.
    pub types: Vec<Name>,
    /// `scope`: replaces the entity's; `Some(empty)` removes it.
    pub scope: Option<Vec<Box<str>>>,
    /// Attributes, in order.
    pub attributes: Vec<AttributeFragment>,
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
    /// The members that are given replace those that are there; see `Fragment::merge_into`.
    Set {
        /// The value, if given.
        value: Option<Value>,
    },
}

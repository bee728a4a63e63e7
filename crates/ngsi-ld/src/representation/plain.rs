//! Members of an attribute that are not attributes themselves (non-reified) and have no place of their own in
//! [`Attribute`]. They are held as sub-attributes under a name of the core vocabulary and written as plain values.

use serde_json::Value as Json;

use super::reader::deleted;
use crate::entity::Attribute;
use crate::name::{NGSI_LD, Name, Uri};
use crate::time::Timestamp;
use crate::value::{Kind, PropertyValue, Value};

/// Member and last segment of the name it is held under.
const MEMBERS: [(&str, &str); 12] = [
    ("valueType", "hasValueType"),
    ("lang", "lang"),
    ("deletedAt", "deletedAt"),
    ("entityIdSealed", "entityIdSealed"),
    ("entityTypeSealed", "entityTypeSealed"),
    // Output only (5.2.5): given in notifications with `showChanges`.
    ("previousValue", "hasPreviousValue"),
    ("previousObject", "hasPreviousObject"),
    ("previousLanguageMap", "hasPreviousLanguageMap"),
    ("previousJson", "hasPreviousJson"),
    ("previousVocab", "hasPreviousVocab"),
    ("previousValueList", "hasPreviousValueList"),
    ("previousObjectList", "hasPreviousObjectList"),
];

/// The plain member a sub-attribute stands for.
pub(super) fn member_of(name: &Name) -> Option<&'static str> {
    let segment = name.as_str().strip_prefix(NGSI_LD)?;
    MEMBERS
        .iter()
        .find(|(_, held)| *held == segment)
        .map(|(member, _)| *member)
}

/// A sub-attribute that is written as the plain member `member`: `valueType`, `lang`, `deletedAt`, `previousValue`
/// and its like. `None` for members that have a place of their own.
pub fn plain_member(member: &str, value: Json) -> Option<Attribute> {
    let (_, held) = MEMBERS.iter().find(|(known, _)| *known == member)?;
    let name = Name::from_iri(format!("{NGSI_LD}{held}"));
    Some(Attribute::new(
        name,
        Value::Property(PropertyValue::from_json(value)),
    ))
}

impl Attribute {
    /// The same, as the instance of a temporal evolution that says that the attribute was deleted at `instant`:
    /// it is written with an NGSI-LD Null for its value and with `deletedAt` (4.5.7, 4.5.8).
    #[must_use]
    pub fn deleted_at(mut self, instant: Timestamp) -> Self {
        self.sub_attributes.clear();
        self.sub_attributes
            .extend(plain_member("deletedAt", Json::from(instant.to_string())));
        self
    }

    /// The instance of a temporal evolution that says that an attribute of this kind was deleted at `at`.
    #[must_use]
    pub fn deletion_of(name: Name, dataset_id: Option<Uri>, kind: Kind, at: Timestamp) -> Self {
        let mut attribute = Self::new(name, deleted(Some(kind))).deleted_at(at);
        attribute.dataset_id = dataset_id;
        (attribute.created_at, attribute.modified_at) = (at, at);
        attribute
    }

    /// When it was deleted, if it says so.
    pub fn deletion(&self) -> Option<Timestamp> {
        let member = self
            .sub_attributes
            .iter()
            .find(|sub| member_of(&sub.name) == Some("deletedAt"))?;
        Timestamp::parse(member.as_str()?).ok()
    }
}

//! One attribute instance as it was read, before it becomes an attribute or a part of a fragment.

use crate::entity::{Attribute, UNSET};
use crate::fragment::{AttributeChange, AttributeFragment, AttributePatch, Change, ValuePatch};
use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::Value;

/// What was read of one instance.
#[allow(clippy::struct_field_names, reason = "`instanceId` is the standard's name")]
pub(super) struct Instance {
    pub(super) name: Name,
    pub(super) dataset_id: Option<Uri>,
    /// NGSI-LD Null stood for its value.
    pub(super) removed: bool,
    pub(super) patch: AttributePatch,
    pub(super) created_at: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) instance_id: Option<Uri>,
    pub(super) sub_instances: Vec<Instance>,
}

impl Instance {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            dataset_id: None,
            removed: false,
            patch: AttributePatch::default(),
            created_at: None,
            modified_at: None,
            instance_id: None,
            sub_instances: Vec::new(),
        }
    }

    pub(super) fn with_value(name: Name, value: Value) -> Self {
        let mut instance = Self::new(name);
        instance.patch.kind = Some(value.kind());
        instance.patch.value = Some(ValuePatch::Typed(value));
        instance
    }

    /// As a whole attribute; nothing where it has no value, which readers of whole attributes refuse before.
    pub(super) fn into_attribute(self) -> Option<Attribute> {
        let ValuePatch::Typed(mut value) = self.patch.value? else {
            return None;
        };
        if let (Value::Relationship(relationship), Change::Set(types)) = (&mut value, self.patch.object_type)
        {
            relationship.object_type = Some(Box::new(types));
        }
        Some(Attribute {
            name: self.name,
            value,
            dataset_id: self.dataset_id,
            observed_at: self.patch.observed_at.set(),
            unit_code: self.patch.unit_code.set(),
            created_at: self.created_at.unwrap_or(UNSET),
            modified_at: self.modified_at.unwrap_or(UNSET),
            expires_at: self.patch.expires_at.set(),
            instance_id: self.instance_id,
            sub_attributes: self
                .sub_instances
                .into_iter()
                .filter_map(Self::into_attribute)
                .collect(),
        })
    }

    /// As a part of a fragment.
    pub(super) fn into_fragment(self) -> AttributeFragment {
        let change = if self.removed {
            AttributeChange::Remove
        } else {
            let mut patch = self.patch;
            patch.sub_attributes = self.sub_instances.into_iter().map(Self::into_fragment).collect();
            AttributeChange::Set(Box::new(patch))
        };
        AttributeFragment {
            name: self.name,
            dataset_id: self.dataset_id,
            change,
        }
    }
}

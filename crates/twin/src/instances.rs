//! The name of an instance of an evolution, and finding it by that.

use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use query::View;
use storage::Past;

use crate::error::Error;
use crate::history::instance_id;
use crate::operation::InstanceRef;
use crate::reading::Reading;
use crate::remembered::remembered;
use crate::state::Shards;

impl<S: Shards> Reading<'_, S> {
    /// The instance of an attribute that has this `instanceId`. Reads the attribute's whole past if it has to, some
    /// at a time.
    pub(crate) fn find_instance(
        &self,
        view: &View,
        id: &Uri,
        attribute: &Name,
        instance: &Uri,
    ) -> Result<InstanceRef, Error> {
        let not_found = || Error::NotFound(id.clone());
        let record = self.state.record(id).ok_or_else(not_found)?;
        let now = remembered(view, &record).ok_or_else(not_found)?;
        let reference = |found: &Attribute| InstanceRef {
            attribute: attribute.clone(),
            id: instance.clone(),
            at: found.instant(),
        };
        let is_it = |one: &Attribute| one.name == *attribute && instance_id(id, one) == *instance;
        let current = &now.seen.attributes;
        if let Some(current) = current.iter().find(|one| is_it(one)) {
            return Ok(reference(current));
        }
        let mut known = current.iter().any(|one| one.name == *attribute);
        let mut found = None;
        if view.history().of(&now.whole).to_attribute(attribute) {
            let always = (Timestamp::MIN, Timestamp::MAX);
            for (name, dataset) in self.storage.list(record.key, std::slice::from_ref(attribute))? {
                known = true;
                let mut each = |past: Vec<Past>| {
                    for past in past {
                        if let (None, Past::Instance(one)) = (&found, &past)
                            && is_it(one)
                        {
                            found = Some(reference(one));
                        }
                    }
                };
                self.storage
                    .visit(record.key, &name, dataset.as_ref(), always, &mut each)?;
            }
        }
        match found {
            Some(found) => Ok(found),
            None if known => Err(Error::InstanceNotFound(
                id.clone(),
                attribute.clone(),
                instance.clone(),
            )),
            None => Err(Error::AttributeNotFound(id.clone(), attribute.clone())),
        }
    }
}

impl crate::Twin {
    /// The instance of an attribute that has this `instanceId` (5.6.14, 5.6.15). Reads the store: not for an
    /// executor's thread.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::AttributeNotFound`], [`Error::InstanceNotFound`].
    pub fn find_instance(
        &self,
        view: &View,
        id: &Uri,
        attribute: &Name,
        instance: &Uri,
    ) -> Result<InstanceRef, Error> {
        self.reading().find_instance(view, id, attribute, instance)
    }
}

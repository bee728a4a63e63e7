//! Legal holds: what may not be destroyed, whoever asks. They are asked where every write passes, so that no door, job or
//! command line goes round them.
//!
//! While something is held, it is not deleted, nothing of its past is destroyed or replaced, and no write brings it out of
//! its hold. Everything else goes on: what a write replaces becomes past, and that is held too.

use std::sync::{Arc, OnceLock};

use ngsi_ld::{Entity, Timestamp};

use crate::error::Error;
use crate::evaluate::Situation;

/// Knows what is held.
pub trait Holds: Send + Sync {
    /// The id of the hold that an entity of a tenant (`None`: the default one) is under. `whole`: the entity is known as
    /// it is; otherwise it is the last that is known of one that is gone, of which values may be missing, and what could
    /// be held is. Asked for each deletion on the writer's thread, so it is to be quick, and asks the twin nothing.
    fn on(&self, tenant: Option<&str>, entity: &Entity, whole: bool, now: Timestamp) -> Option<String>;
}

/// Who is asked in all twins of an installation, once somebody is.
pub(crate) type Holder = OnceLock<Arc<dyn Holds>>;

/// What a twin asks.
#[derive(Default)]
pub(crate) struct Held(OnceLock<(Arc<Holder>, Option<Box<str>>)>);

impl Held {
    /// From now on these are asked, as the tenant with this name.
    pub(crate) fn ask(&self, holder: Arc<Holder>, tenant: Option<&str>) {
        let _ = self.0.set((holder, tenant.map(Into::into))); // once for the life of a twin
    }

    /// The hold on an entity.
    pub(crate) fn on(&self, entity: &Entity, whole: bool, now: Timestamp) -> Option<String> {
        let (holder, tenant) = self.0.get()?;
        holder.get()?.on(tenant.as_deref(), entity, whole, now)
    }
}

impl crate::Twin {
    /// From now on `holds` are asked before anything is destroyed. For a twin that stands alone; those of
    /// [`crate::Tenants`] are told by [`crate::Tenants::ask_holds`].
    pub fn ask_holds(&self, holds: Arc<dyn Holds>, tenant: Option<&str>) {
        self.0.state.held.ask(Arc::new(Holder::from(holds)), tenant);
    }
}

impl Situation<'_> {
    /// Refuses to destroy what is held. After what hides things: who does not see an entity learns of no hold.
    pub(crate) fn permit_loss(&self) -> Result<(), Error> {
        let (Some(held), Some(record)) = (self.held, &self.record) else {
            return Ok(());
        };
        let whole = record.live().is_some();
        match held.on(&record.entity, whole, self.now) {
            Some(hold) => Err(Error::Held(record.entity.id.clone(), hold)),
            None => Ok(()),
        }
    }

    /// Refuses a change that brings an entity out of its hold.
    pub(crate) fn permit_leaving(&self, before: &Entity, after: &Entity) -> Result<(), Error> {
        let Some(held) = self.held else { return Ok(()) };
        match held.on(before, true, self.now) {
            Some(hold) if held.on(after, true, self.now).is_none() => {
                Err(Error::Held(before.id.clone(), hold))
            }
            _ => Ok(()),
        }
    }
}

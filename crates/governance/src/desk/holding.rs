//! Legal holds at the desk: placed by one person, released by another.

use std::sync::Arc;

use ngsi_ld::{Entity, Uri};
use query::View;
use twin::{Holds, Reader as _, Twin};

use super::doing::{By, Desk};
use super::error::{Error, Result};
use super::hold::{Hold, NewHold, Release};
use super::request::next_id;
use super::words;

impl Desk {
    /// Every hold, by id.
    pub fn holds(&self) -> Vec<Arc<Hold>> {
        self.0.holds.all()
    }

    /// One of them.
    pub fn hold(&self, id: &str) -> Result<Arc<Hold>> {
        self.0.holds.get(id)
    }

    /// What the twins are to ask before they destroy anything: [`twin::Tenants::ask_holds`].
    pub fn keeper(&self) -> Arc<dyn Holds> {
        Arc::clone(&self.0.book) as Arc<dyn Holds>
    }

    /// Places a hold. It stands before it is durable, so that nothing slips through meanwhile.
    pub fn place(&self, by: &By, new: NewHold) -> Result<Arc<Hold>> {
        let who = by.person("a legal hold")?.to_string();
        let now = self.now();
        let placed = self.0.holds.add(by.event("hold.place"), |others| {
            let hold = Hold::new(next_id('h', now, others.keys()), new, who, now)?;
            self.0.book.add(&hold)?;
            Ok(hold)
        });
        self.0.book.write(|| self.0.holds.all());
        placed
    }

    /// Releases a hold: by another person than who placed it.
    pub fn release(&self, by: &By, id: &str, note: &str) -> Result<Arc<Hold>> {
        let who = by.person("the release of a legal hold")?.to_string();
        words::some("note", note, words::TEXT, "say why it is no longer needed")?;
        let now = self.now();
        let released = self.0.holds.change(id, by.event("hold.release"), |before| {
            if let Some(release) = &before.released {
                return Err(Error::Conflict(format!(
                    "`{id}` was released already, on {}",
                    release.at
                )));
            }
            if before.placed_by == who {
                return Err(Error::Forbidden(
                    "a legal hold is released by another person than who placed it".to_owned(),
                ));
            }
            let mut hold = before.clone();
            hold.released = Some(Release {
                by: who,
                at: now,
                note: note.to_owned(),
            });
            Ok(hold)
        });
        self.0.book.write(|| self.0.holds.all());
        released
    }

    /// The hold that an entity is under.
    pub(super) fn hold_on(&self, tenant: Option<&str>, entity: &Entity, live: bool) -> Option<String> {
        self.0.book.on(tenant, entity, live, self.now())
    }

    /// Refuses where one of these is held, before anything is done to any.
    pub(super) fn none_is_held(
        &self,
        tenant: Option<&str>,
        twin: &Twin,
        view: &View,
        ids: &[Uri],
    ) -> Result<()> {
        for id in ids {
            let live = twin.get(view, id);
            let is_live = live.is_some();
            let Some(entity) = live.or_else(|| twin.evolution_of(view, id)) else {
                continue;
            };
            if let Some(hold) = self.hold_on(tenant, &entity, is_live) {
                return Err(Error::Conflict(format!(
                    "`{id}` is under the legal hold `{hold}` (/governance/holds): it is not erased until somebody else than who \
                     placed it releases it; where the hold stays, refuse the request and say so"
                )));
            }
        }
        Ok(())
    }
}

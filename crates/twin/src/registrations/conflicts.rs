//! What 4.3.6.3, 5.9.2.4 and 5.9.3.4 forbid beside what is here: no attribute has two homes.

use std::sync::Arc;

use ngsi_ld::registration::{Mode, Registration};
use ngsi_ld::{Name, Timestamp, Uri};
use query::{Caller, View};

use super::StoredRegistration;
use crate::error::Error;
use crate::reader::Reader as _;
use crate::twin::Twin;

/// Whether a registration may be here, in the place of the one with its id, if any.
///
/// # Errors
/// [`Error::Conflict`].
pub(super) fn check(
    twin: &Twin,
    view: &View,
    stored: &StoredRegistration,
    now: Timestamp,
) -> Result<(), Error> {
    let registration = stored.registration();
    match registration.mode() {
        Mode::Inclusive | Mode::Auxiliary => Ok(()),
        Mode::Exclusive => {
            let others = others(twin, registration, now);
            let proxied = others
                .iter()
                .filter(|other| other.registration().mode().is_proxied());
            for other in proxied {
                disjoint(registration, other, other.seen(view).as_deref())?;
            }
            no_entity(twin, stored)
        }
        Mode::Redirect => {
            let others = others(twin, registration, now);
            let exclusive = |other: &&Arc<StoredRegistration>| other.registration().mode() == Mode::Exclusive;
            for other in others.iter().filter(exclusive) {
                disjoint(other.registration(), stored, other.seen(view).as_deref())?;
            }
            no_entity(twin, stored)
        }
    }
}

fn others(twin: &Twin, registration: &Registration, now: Timestamp) -> Vec<Arc<StoredRegistration>> {
    let mut all = twin.registrations().all(now);
    all.retain(|other| other.registration().id != registration.id);
    // The same tenant of this twin, but sources of temporal information hold other data than those of the latest.
    all.retain(|other| other.registration().is_temporal() == registration.is_temporal());
    all
}

/// Every attribute of an exclusive registration, with its entity.
fn held(exclusive: &Registration) -> impl Iterator<Item = (&Uri, &[Name], &Name)> {
    exclusive.information.iter().flat_map(|info| {
        let entities = info.entities.iter().flatten();
        entities.flat_map(move |entity| {
            let types = entity.types.as_slice();
            let id = entity.id.iter();
            id.flat_map(move |id| info.attributes().map(move |attribute| (id, types, attribute)))
        })
    })
}

/// 4.3.6.3: nothing of an exclusive registration is in another that is proxied. `present` is the one that was
/// here first, if it may be named.
fn disjoint(
    exclusive: &Registration,
    other: &StoredRegistration,
    present: Option<&StoredRegistration>,
) -> Result<(), Error> {
    let by = present.map_or_else(String::new, |present| format!(" by `{}`", present.id()));
    match held(exclusive).find(|(id, types, attribute)| other.prepared().covers(id, types, attribute)) {
        None => Ok(()),
        Some((id, _, attribute)) => Err(Error::Conflict(format!(
            "`{attribute}` of `{id}` is registered already{by}, and one of the two is exclusive (4.3.6.3)"
        ))),
    }
}

/// 5.9.2.4: nothing of what is registered is here. Asked of all entities, whoever may see them: there must be none.
fn no_entity(twin: &Twin, stored: &StoredRegistration) -> Result<(), Error> {
    let view = View::open(Caller::System("registrations"), "service-operation");
    for element in 0..stored.registration().information.len() {
        for mut selection in stored.prepared().selections(element) {
            if stored.registration().mode() == Mode::Exclusive {
                selection.types = None; // its entity is known by its id, whatever types it has
            }
            let mut found = false;
            twin.scan(&view, &selection, &mut |_| {
                found = true;
                false
            })?;
            if found {
                return Err(Error::Conflict(format!(
                    "`/information/{element}`: an entity that it is for is stored here; what is registered as \
                     {} must not be (4.3.6.3)",
                    stored.registration().mode().as_str()
                )));
            }
        }
    }
    Ok(())
}

//! What 4.3.6.3, 5.9.2.4 and 5.9.3.4 forbid beside what is here: no attribute has two homes.

use std::sync::Arc;

use ngsi_ld::registration::{Mode, Registration};
use ngsi_ld::{Name, Timestamp, Uri};
use query::{Caller, View};

use super::StoredRegistration;
use crate::error::Error;
use crate::reading::Reading;
use crate::state::State;
use crate::twin::Twin;
use crate::writer::Check;

/// Whether a registration may be here, in the place of the one with its id, if any. Of registrations that is said for as
/// long as no other is changed; of entities the writer is to ask once more, by what is given back, before it commits.
///
/// # Errors
/// [`Error::Conflict`]; [`Error::Forbidden`] to those who must not learn whether it does.
pub(super) fn check(
    twin: &Twin,
    view: &View,
    stored: &StoredRegistration,
    now: Timestamp,
) -> Result<Option<Check>, Error> {
    let registration = stored.registration();
    // Whether it may be here tells of every entity and of every other registration.
    if registration.mode().is_proxied() && !view.is_open() {
        return Err(Error::Forbidden(format!(
            "a registration that is {} is made by who may see everything: whether it contradicts what is here tells of \
             all of it",
            registration.mode().as_str()
        )));
    }
    match registration.mode() {
        Mode::Inclusive | Mode::Auxiliary => Ok(None),
        Mode::Exclusive => {
            for other in &others(twin, registration, now) {
                disjoint(registration, other, other.seen(view).as_deref())?;
            }
            no_entity(twin, stored).map(Some)
        }
        Mode::Redirect => {
            let others = others(twin, registration, now);
            let exclusive = |other: &&Arc<StoredRegistration>| other.registration().mode() == Mode::Exclusive;
            for other in others.iter().filter(exclusive) {
                disjoint(other.registration(), stored, other.seen(view).as_deref())?;
            }
            no_entity(twin, stored).map(Some)
        }
    }
}

/// Those that are proxied and may be about the same.
fn others(twin: &Twin, registration: &Registration, now: Timestamp) -> Vec<Arc<StoredRegistration>> {
    let mut others = twin.registrations().proxied_beside(registration, now);
    // Sources of temporal information hold other data than those of the latest.
    others.retain(|other| other.registration().is_temporal() == registration.is_temporal());
    others
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

/// 5.9.2.4: nothing of what is registered is here. Asked of all entities, whoever may see them: there must be none. What
/// is given back asks it once more: of ids, types and attributes the indexes know, so that the writer is not kept long.
fn no_entity(twin: &Twin, stored: &StoredRegistration) -> Result<Check, Error> {
    let mut selections = Vec::new();
    for element in 0..stored.registration().information.len() {
        for mut selection in stored.prepared().selections(element) {
            if stored.registration().mode() == Mode::Exclusive {
                selection.types = None; // its entity is known by its id, whatever types it has
            }
            selections.push((element, selection));
        }
    }
    let mode = stored.registration().mode();
    let check = move |reading: &Reading<'_, State>| {
        for (element, selection) in &selections {
            let mut found = false;
            reading.visit(&everything(), selection, &mut |_| {
                found = true;
                false
            })?;
            if found {
                return Err(Error::Conflict(format!(
                    "`/information/{element}`: an entity that it is for is stored here; what is registered as \
                     {} must not be (4.3.6.3)",
                    mode.as_str()
                )));
            }
        }
        Ok(())
    };
    // Most that is refused is refused without the writer.
    check(&twin.reading())?;
    Ok(Box::new(check))
}

fn everything() -> View {
    View::open(Caller::System("registrations"), "service-operation")
}

//! What must hold between the members of a registration (4.3.6, 5.9.2.4).

use super::operations::{Group, Offered, Operation};
use super::{Mode, Registration};
use crate::error::Error;

/// What 4.3.6.2, 4.3.6.3 and 5.9.2.4 ask of a registration by itself. What other registrations and entities have to
/// say is the twin's.
pub(super) fn check(registration: &Registration) -> Result<(), Error> {
    match registration.mode() {
        Mode::Exclusive => exclusive(registration),
        Mode::Auxiliary => auxiliary(registration),
        Mode::Inclusive | Mode::Redirect => Ok(()),
    }
}

/// 4.3.6.3: attributes of one entity, by its id.
fn exclusive(registration: &Registration) -> Result<(), Error> {
    let refuse = |index: usize, what: &str| {
        Err(Error::bad_data(format!(
            "`/information/{index}`: an exclusive registration {what} (4.3.6.3)"
        )))
    };
    let mut only = None;
    for (index, info) in registration.information.iter().enumerate() {
        if !info.names_attributes() {
            return refuse(
                index,
                "names attributes: give `propertyNames` or `relationshipNames`",
            );
        }
        let Some(entities) = &info.entities else {
            return refuse(index, "names its entity: give `entities`");
        };
        for entity in entities {
            let Some(id) = entity.id.as_ref().filter(|_| entity.id_pattern.is_none()) else {
                return refuse(index, "names its entity by `id`, not by a pattern or a type");
            };
            if *only.get_or_insert(id) != id {
                return refuse(index, "is of a single entity; make one for each");
            }
        }
    }
    Ok(())
}

/// 5.9.2.4. Where nothing is said, the default group stands for what it has of consumption (4.3.6.2).
fn auxiliary(registration: &Registration) -> Result<(), Error> {
    let allowed = |offered: &Offered| {
        matches!(
            offered,
            Offered::Group(Group::RetrieveOps)
                | Offered::One(Operation::RetrieveEntity | Operation::QueryEntity)
        )
    };
    match registration.operations.iter().flatten().find(|one| !allowed(one)) {
        None => Ok(()),
        Some(other) => Err(Error::bad_data(format!(
            "`/operations`: an auxiliary source is asked for retrieveOps, retrieveEntity and queryEntity only, not \
             `{}` (5.9.2.4)",
            other.as_str()
        ))),
    }
}

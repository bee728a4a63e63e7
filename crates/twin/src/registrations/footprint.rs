//! What a registration, or a question to registrations, is about: as much of it as an index can be asked for.

use ngsi_ld::registration::Registration;
use ngsi_ld::{Name, Uri};
use query::registrations::RegistrationQuery;

/// Entities and attributes. What a registration is about and what a question is about meet in their footprints where
/// the question is for the registration (5.12); where they meet, it need not be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Footprint {
    /// One of these; `None`: any entity.
    pub(super) entities: Option<Vec<Part>>,
    /// One of these; `None`: any attribute.
    pub(super) attributes: Option<Vec<Name>>,
}

/// Some entities.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Of one of these types; `None`: of any.
    pub(super) types: Option<Vec<Name>>,
    /// With one of these ids; `None`: with any.
    pub(super) ids: Option<Vec<Uri>>,
}

impl Footprint {
    /// That of a registration, all elements of its `information` together.
    pub(super) fn of_registration(registration: &Registration) -> Self {
        let information = &registration.information;
        let mut parts = Vec::new();
        for entity in information.iter().flat_map(|info| info.entities.iter().flatten()) {
            parts.push(Part {
                types: Some(entity.types.as_slice().to_vec()),
                ids: entity.id.clone().map(|id| vec![id]),
            });
        }
        let any_entity = information.iter().any(|info| info.entities.is_none());
        let any_attribute = information.iter().any(|info| !info.names_attributes());
        let names = || information.iter().flat_map(|info| info.attributes().cloned());
        Self {
            entities: (!any_entity).then_some(parts),
            attributes: (!any_attribute).then(|| names().collect()),
        }
    }

    /// That of a question.
    pub(super) fn of_query(query: &RegistrationQuery) -> Self {
        let parts: Vec<Part> = query
            .entities
            .iter()
            .map(|one| Part {
                types: one
                    .needed_types()
                    .map(|types| types.into_iter().cloned().collect()),
                ids: (!one.ids.is_empty() && one.id_pattern.is_none()).then(|| one.ids.clone()),
            })
            .collect();
        Self {
            entities: (!parts.is_empty()).then_some(parts),
            attributes: (!query.attributes.is_empty()).then(|| query.attributes.clone()),
        }
    }
}

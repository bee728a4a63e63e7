//! Which context source registrations a question is for (5.10.2.4, 5.11.2.4, 5.12).

mod subscribed;
#[cfg(test)]
mod tests;

use geo::CoordsIter;
use geo_types::Geometry;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};
use ngsi_ld::query::q::Q;
use ngsi_ld::query::scope::ScopeQuery;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::registration::{Operation, Registration, RegistrationInfo, TimeInterval};
use ngsi_ld::{Attribute, Entity, Error, Name, Timestamp, Uri};

use crate::entity_query::compile_pattern;
use crate::{Prepared, Selection};

/// Which entities are asked for: a part of a [`RegistrationQuery`].
#[derive(Clone, Debug, Default)]
pub struct EntitySpecification {
    /// With one of these ids; empty: any.
    pub ids: Vec<Uri>,
    /// With an id that this matches.
    pub id_pattern: Option<regex::Regex>,
    /// Of these types.
    pub types: Option<TypeSelection>,
}

/// A question, as far as it says which registrations are concerned. Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct RegistrationQuery {
    /// One of these entity specifications; empty: any.
    pub entities: Vec<EntitySpecification>,
    /// One of these attributes; empty: any.
    pub attributes: Vec<Name>,
    /// Attributes that are not wanted: a source that has no others is not concerned.
    pub omitted: Vec<Name>,
    /// Asked of the registration's own GeoProperties.
    pub geo: Option<GeoQuery>,
    /// Asked of its scopes.
    pub scope: Option<ScopeQuery>,
    /// The context source filter.
    pub csf: Option<Q>,
    /// The time range; `None`: the latest information is wanted, and sources of temporal information are not
    /// concerned (5.9.1).
    pub temporal: Option<TemporalQuery>,
    /// The data sets; `None` is the default one; empty: any.
    pub dataset_ids: Vec<Option<Uri>>,
    /// What the source is to do, if that matters (4.20).
    pub operation: Option<Operation>,
    /// The pseudonyms of sources that the request came by (4.3.6.4).
    pub via: Vec<String>,
}

/// A [`RegistrationQuery`] made ready.
#[derive(Clone, Debug)]
pub struct PreparedRegistrationQuery {
    query: RegistrationQuery,
    /// `scopeQ` and `csf`.
    own: Option<Prepared>,
    /// The geo-query, and what holds where a geometry that matches may lie inside the registered one.
    places: Option<Places>,
}

#[derive(Clone, Debug)]
struct Places {
    property: Name,
    directly: Prepared,
    possibly: Possibly,
}

#[derive(Clone, Debug)]
enum Possibly {
    /// Only what holds directly.
    No,
    /// This relation holds of the whole.
    Related(Box<Prepared>),
    /// It lies not wholly inside.
    Unless(Box<Prepared>),
    /// One of its positions is so related.
    Position(Box<Prepared>),
}

/// A registration made ready.
#[derive(Clone, Debug)]
pub struct PreparedRegistration {
    registration: Registration,
    /// For each element of `information` the patterns of its entities.
    patterns: Vec<Vec<Option<regex::Regex>>>,
    entity: Entity,
}

impl RegistrationQuery {
    /// Makes it ready for many registrations.
    ///
    /// # Errors
    /// For a regular expression that cannot be used, and a reference geometry that crosses itself.
    pub fn prepare(self) -> Result<PreparedRegistrationQuery, Error> {
        let own = Selection {
            q: self.csf.clone(),
            scope: self.scope.clone(),
            ..Selection::default()
        };
        Ok(PreparedRegistrationQuery {
            own: if own.is_everything() {
                None
            } else {
                Some(own.prepare()?)
            },
            places: self.geo.as_ref().map(Places::new).transpose()?,
            query: self,
        })
    }

    /// The types of which one is needed for it to hold; `None`: that cannot be told.
    pub fn needed_types(&self) -> Option<Vec<&Name>> {
        let mut types = Vec::new();
        for one in &self.entities {
            if !needed(one.types.as_ref()?, &mut types) {
                return None;
            }
        }
        (!types.is_empty()).then_some(types)
    }
}

/// Collects types of which one is needed.
fn needed<'a>(selection: &'a TypeSelection, types: &mut Vec<&'a Name>) -> bool {
    match selection {
        TypeSelection::Type(name) => {
            types.push(name);
            true
        }
        // Any one of them is needed; the first does.
        TypeSelection::And(parts) => parts.first().is_some_and(|part| needed(part, types)),
        TypeSelection::Or(parts) => parts.iter().all(|part| needed(part, types)),
    }
}

impl Places {
    fn new(query: &GeoQuery) -> Result<Self, Error> {
        let with = |relation: GeoRelation| {
            let query = GeoQuery {
                relation,
                ..query.clone()
            };
            let selection = Selection {
                geo: Some(query),
                ..Selection::default()
            };
            selection.prepare().map(Box::new)
        };
        Ok(Self {
            property: query.property.clone(),
            directly: *with(query.relation)?,
            possibly: match query.relation {
                GeoRelation::Within | GeoRelation::Overlaps => {
                    Possibly::Related(with(GeoRelation::Intersects)?)
                }
                GeoRelation::Equals => Possibly::Related(with(GeoRelation::Contains)?),
                GeoRelation::Disjoint => Possibly::Unless(with(GeoRelation::Within)?),
                GeoRelation::Near {
                    min_distance_m: Some(_),
                    ..
                } => Possibly::Position(with(query.relation)?),
                GeoRelation::Near { .. } | GeoRelation::Contains | GeoRelation::Intersects => Possibly::No,
            },
        })
    }

    /// Whether the registered place matches, or may hold places that do.
    fn match_of(&self, entity: &Entity) -> bool {
        if self.directly.matches(entity) {
            return true;
        }
        let Some(place) = entity
            .get(self.property.as_str())
            .and_then(Attribute::as_geometry)
        else {
            return false;
        };
        if matches!(place, Geometry::Point(_) | Geometry::MultiPoint(_)) {
            return false; // it holds no places but its own
        }
        match &self.possibly {
            Possibly::No => false,
            Possibly::Related(related) => related.matches(entity),
            Possibly::Unless(inside) => !inside.matches(entity),
            Possibly::Position(near) => place.coords_iter().any(|position| {
                let alone = Entity::new(entity.id.clone(), self.property.clone())
                    .with(Attribute::geo(self.property.clone(), geo_types::Point(position)));
                near.matches(&alone)
            }),
        }
    }
}

impl PreparedRegistration {
    /// Makes a registration ready. The instants are when it was made and changed, for `csf`.
    ///
    /// # Errors
    /// For an `idPattern` that cannot be used.
    pub fn new(
        registration: Registration,
        created_at: Timestamp,
        modified_at: Timestamp,
    ) -> Result<Self, Error> {
        let compile = |pattern: &Option<String>| {
            pattern
                .as_deref()
                .map(|pattern| compile_pattern("idPattern", pattern))
                .transpose()
        };
        let of = |info: &RegistrationInfo| {
            let entities = info.entities.iter().flatten();
            entities.map(|one| compile(&one.id_pattern)).collect()
        };
        Ok(Self {
            patterns: registration
                .information
                .iter()
                .map(of)
                .collect::<Result<_, Error>>()?,
            entity: registration.as_entity(created_at, modified_at),
            registration,
        })
    }

    /// The registration.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// It as an entity, as a view and a filter see it.
    pub fn entity(&self) -> &Entity {
        &self.entity
    }

    /// The selections by which what an element of `information` names is found among entities.
    pub fn selections(&self, element: usize) -> Vec<Selection> {
        let (Some(info), Some(patterns)) = (
            self.registration.information.get(element),
            self.patterns.get(element),
        ) else {
            return Vec::new();
        };
        let attributes: Vec<Name> = info.attributes().cloned().collect();
        let Some(entities) = &info.entities else {
            return vec![Selection {
                attributes,
                ..Selection::default()
            }];
        };
        let one = |(entity, pattern): (&ngsi_ld::registration::EntityInfo, &Option<regex::Regex>)| {
            let types = entity.types.as_slice().iter();
            let mut types: Vec<TypeSelection> = types.cloned().map(TypeSelection::Type).collect();
            Selection {
                ids: entity.id.iter().cloned().collect(),
                // `id` goes before `idPattern` (5.2.8).
                id_pattern: pattern.clone().filter(|_| entity.id.is_none()),
                types: match types.len() {
                    1 => types.pop(),
                    _ => Some(TypeSelection::And(types)),
                },
                attributes: attributes.clone(),
                ..Selection::default()
            }
        };
        entities.iter().zip(patterns).map(one).collect()
    }

    /// Whether it may be for an attribute of an entity of which the id is known, and some types.
    pub fn covers(&self, id: &Uri, types: &[Name], attribute: &Name) -> bool {
        let mut infos = self.registration.information.iter().zip(&self.patterns);
        infos.any(|(info, patterns)| {
            let names = !info.names_attributes() || info.attributes().any(|one| one == attribute);
            names
                && info.entities.as_ref().is_none_or(|entities| {
                    entities.iter().zip(patterns).any(|(entity, pattern)| {
                        let of_type = entity.types.as_slice().iter().any(|one| types.contains(one));
                        match (&entity.id, pattern) {
                            // The same id is the same entity, whatever types are told of it.
                            (Some(own), _) => own == id,
                            (None, Some(pattern)) => of_type && pattern.is_match(id.as_str()),
                            (None, None) => of_type,
                        }
                    })
                })
        })
    }
}

impl PreparedRegistrationQuery {
    /// The question.
    pub fn query(&self) -> &RegistrationQuery {
        &self.query
    }

    /// The elements of `information` that the question is for; none: it is not for this registration.
    pub fn matching(&self, prepared: &PreparedRegistration) -> Vec<usize> {
        let registration = &prepared.registration;
        if !self.whole(prepared) {
            return Vec::new();
        }
        let infos = registration.information.iter().zip(&prepared.patterns);
        infos
            .enumerate()
            .filter(|(_, (info, patterns))| {
                self.entities_match(info, patterns) && self.attributes_match(info)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// What does not depend on `information`.
    fn whole(&self, prepared: &PreparedRegistration) -> bool {
        let (query, registration) = (&self.query, &prepared.registration);
        in_time(query.temporal.as_ref(), registration)
            && query.operation.is_none_or(|one| registration.offers(one))
            && !registration
                .alias
                .as_ref()
                .is_some_and(|alias| query.via.contains(alias))
            && (query.dataset_ids.is_empty()
                || registration
                    .dataset_ids
                    .as_ref()
                    .is_none_or(|own| own.iter().any(|one| query.dataset_ids.contains(one))))
            && self.own.as_ref().is_none_or(|own| own.matches(&prepared.entity))
            && self
                .places
                .as_ref()
                .is_none_or(|places| places.match_of(&prepared.entity))
    }

    fn entities_match(&self, info: &RegistrationInfo, patterns: &[Option<regex::Regex>]) -> bool {
        let Some(entities) = &info.entities else {
            return true;
        };
        self.query.entities.is_empty()
            || self.query.entities.iter().any(|asked| {
                entities.iter().zip(patterns).any(|(entity, pattern)| {
                    asked
                        .types
                        .as_ref()
                        .is_none_or(|types| types.matches(entity.types.as_slice()))
                        && asked.ids_match(entity.id.as_ref(), pattern.as_ref())
                })
            })
    }

    fn attributes_match(&self, info: &RegistrationInfo) -> bool {
        if !info.names_attributes() {
            return true;
        }
        let asked = &self.query.attributes;
        info.attributes()
            .any(|name| (asked.is_empty() || asked.contains(name)) && !self.query.omitted.contains(name))
    }
}

impl EntitySpecification {
    /// The five conditions of 5.12; and where neither ids nor a pattern are asked for, any will do.
    fn ids_match(&self, id: Option<&Uri>, pattern: Option<&regex::Regex>) -> bool {
        if self.ids.is_empty() && self.id_pattern.is_none() {
            return true;
        }
        match (id, pattern) {
            (None, None) => true,
            // `id` goes before `idPattern` (5.2.8).
            (Some(id), _) => {
                self.ids.contains(id)
                    || self
                        .id_pattern
                        .as_ref()
                        .is_some_and(|asked| asked.is_match(id.as_str()))
            }
            (None, Some(pattern)) => {
                self.ids.iter().any(|id| pattern.is_match(id.as_str())) || self.id_pattern.is_some()
            }
        }
    }
}

/// 5.9.1 and 5.10.2.4: without a temporal query only sources of the latest information; with one, those whose
/// interval of that time property meets it.
fn in_time(query: Option<&TemporalQuery>, registration: &Registration) -> bool {
    let Some(query) = query else {
        return !registration.is_temporal();
    };
    let interval = match query.property {
        TimeProperty::ObservedAt => registration.observation_interval,
        TimeProperty::CreatedAt | TimeProperty::ModifiedAt | TimeProperty::DeletedAt => {
            registration.management_interval
        }
    };
    interval.is_some_and(|interval| meets(query.relation, interval))
}

fn meets(relation: TimeRelation, interval: TimeInterval) -> bool {
    let TimeInterval { start, end } = interval;
    let not_over = |at: Timestamp| end.is_none_or(|end| at <= end);
    match relation {
        TimeRelation::Always => true,
        TimeRelation::Before(at) => start <= at,
        TimeRelation::After(at) => not_over(at),
        TimeRelation::Between(from, to) => start <= to && not_over(from),
    }
}

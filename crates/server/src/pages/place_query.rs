//! The query behind the map page: which entities with a place, for the table, the picture, the interactive map
//! and the files alike.

use std::sync::Arc;

use geo::BoundingRect;
use geo_types::{Geometry, Rect};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Entity, Name};
use query::{Selection, View};
use twin::Reader;

use super::describe::{Shown, name_of};
use super::language::Language;
use super::layers::{Kind, Layer, key};
use super::visit::Visit;

/// More entities than these are not looked at; the page says so.
const MOST: usize = 300_000;

/// Which entities.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlaceQuery {
    /// As given: the short name of a type, or its IRI.
    pub(crate) type_text: String,
    /// The types that are meant; empty: every type.
    types: Vec<Name>,
    /// As given: the short name of an attribute, or its IRI.
    pub(crate) attribute: String,
    /// What the attribute's value, or without one the name or id, has to contain.
    pub(crate) value: String,
    language: Option<Language>,
}

/// What a query found.
pub(crate) struct Places {
    /// The entities that match and have a place, in order of creation, each with its layer.
    pub(crate) found: Vec<(usize, Arc<Entity>)>,
    /// The layers, those with the fewest entities first.
    pub(crate) layers: Vec<Layer>,
    /// Around them all.
    pub(crate) bounds: Option<Rect<f64>>,
    /// Whether there were too many to look at them all.
    pub(crate) cut: bool,
}

impl PlaceQuery {
    /// From the parameters of a visit. A type that does not exist selects nothing.
    pub(crate) fn of(visit: &Visit, types: &[(Name, usize)]) -> Self {
        let text = |name| visit.parameter(name).unwrap_or_default().to_owned();
        let type_text = text("type");
        let types = if type_text.is_empty() {
            Vec::new()
        } else {
            let meant = types
                .iter()
                .map(|(name, _)| name)
                .filter(|name| is_named(name, &type_text));
            let mut meant: Vec<Name> = meant.cloned().collect();
            if meant.is_empty() {
                meant.push(Name::from_iri(type_text.as_str()));
            }
            meant
        };
        Self {
            types,
            type_text,
            attribute: text("attribute"),
            value: text("value"),
            language: Some(visit.language),
        }
    }

    /// The parameters again.
    pub(crate) fn parameters(&self) -> [(&str, &str); 3] {
        [
            ("type", &self.type_text),
            ("attribute", &self.attribute),
            ("value", &self.value),
        ]
    }

    /// Whether anything is filtered at all.
    pub(crate) fn is_filtered(&self) -> bool {
        self.parameters().iter().any(|(_, value)| !value.is_empty())
    }

    /// What the twin can select of it.
    pub(crate) fn selection(&self) -> Selection {
        let mut types: Vec<_> = self.types.iter().cloned().map(TypeSelection::Type).collect();
        let types = if types.len() > 1 {
            Some(TypeSelection::Or(types))
        } else {
            types.pop()
        };
        Selection {
            types,
            ..Selection::default()
        }
    }

    /// The rest of it.
    pub(crate) fn takes(&self, entity: &Entity) -> bool {
        let language = self.language.unwrap_or(Language::ENGLISH);
        let wanted = self.value.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&wanted);
        if self.attribute.is_empty() {
            return wanted.is_empty()
                || contains(entity.id.as_str())
                || name_of(entity, language).is_some_and(|name| contains(&name));
        }
        let mut named = entity
            .attributes
            .iter()
            .filter(|a| is_named(&a.name, &self.attribute));
        named.any(|attribute| {
            wanted.is_empty()
                || attribute
                    .as_f64()
                    .is_some_and(|number| wanted.parse() == Ok(number))
                || contains(&Shown::of(attribute, language).into_line())
        })
    }

    /// Asks the twin.
    pub(crate) fn run(
        &self,
        reader: &dyn Reader,
        view: &View,
        language: Language,
    ) -> Result<Places, twin::Error> {
        let mut layers: Vec<Layer> = Vec::new();
        let mut found = Vec::new();
        let mut bounds: Vec<Option<Rect<f64>>> = Vec::new();
        let mut cut = false;
        reader.scan(view, &self.selection(), &mut |entity| {
            let Some((type_name, geometry)) = place_of(entity) else {
                return true;
            };
            let Some(kind) = Kind::of(type_name, geometry) else {
                return true;
            };
            if !self.takes(entity) {
                return true;
            }
            if found.len() == MOST {
                cut = true;
                return false;
            }
            let known = layers
                .iter()
                .position(|l| l.kind == kind && l.type_name == *type_name);
            let layer = known.unwrap_or_else(|| {
                layers.push(Layer::new(type_name, kind, 0, language));
                bounds.push(None);
                layers.len() - 1
            });
            if let Some(layer) = layers.get_mut(layer) {
                layer.count += 1;
            }
            if let (Some(known), Some(rect)) =
                (bounds.get_mut(layer), geometry.bounding_rect().filter(on_earth))
            {
                *known = Some(known.map_or(rect, |known| around(known, rect)));
            }
            found.push((layer, Arc::clone(entity)));
            true
        })?;
        let mut order: Vec<usize> = (0..layers.len()).collect();
        order.sort_by_key(|index| layers[*index].count);
        let mut place_of_layer = vec![0; layers.len()];
        for (place, index) in order.iter().enumerate() {
            place_of_layer[*index] = place;
        }
        for (layer, _) in &mut found {
            *layer = place_of_layer[*layer];
        }
        // What is all that was asked for is drawn, whatever it is.
        if layers.iter().all(|layer| !layer.shown) {
            for layer in &mut layers {
                layer.shown = true;
            }
        }
        let drawn = layers.iter().zip(&bounds).filter(|(layer, _)| layer.shown);
        let bounds = drawn.filter_map(|(_, rect)| *rect).reduce(around);
        let layers = order.into_iter().map(|index| layers[index].clone()).collect();
        Ok(Places {
            found,
            layers,
            bounds,
            cut,
        })
    }
}

impl Places {
    /// At most so many of them, such that the types with few entities are there in full.
    pub(crate) fn at_most(&self, most: usize) -> Vec<&(usize, Arc<Entity>)> {
        let mut left = most;
        let mut quota: Vec<usize> = self
            .layers
            .iter()
            .map(|layer| {
                let share = layer.count.min(left);
                left -= share;
                share
            })
            .collect();
        let taken = |(layer, _): &&(usize, Arc<Entity>)| {
            quota.get_mut(*layer).is_some_and(|left| {
                let some = *left > 0;
                *left = left.saturating_sub(1);
                some
            })
        };
        self.found.iter().filter(taken).collect()
    }
}

/// The type that an entity is drawn as, and where it is.
pub(crate) fn place_of(entity: &Entity) -> Option<(&Name, &Geometry<f64>)> {
    let location = entity.get(LOCATION)?.as_geometry()?;
    Some((entity.types.first()?, location))
}

/// `location`, which the core @context defines.
pub(crate) const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";

/// Whether a text means a name: its last part, or all of it.
pub(crate) fn is_named(name: &Name, text: &str) -> bool {
    name.short() == text || name.as_str() == text
}

/// The `t` of a feature.
pub(crate) fn key_of(entity: &Entity) -> Option<String> {
    let (type_name, geometry) = place_of(entity)?;
    Some(key(type_name, Kind::of(type_name, geometry)?))
}

fn on_earth(rect: &Rect<f64>) -> bool {
    let (min, max) = (rect.min(), rect.max());
    min.x >= -180.0 && max.x <= 180.0 && min.y >= -90.0 && max.y <= 90.0
}

fn around(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    Rect::new(
        (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
        (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
    )
}

//! Places that people go to: `PointOfInterest`, `School` and `Park` entities, by category.
//!
//! | Kind | Entities |
//! |---|---|
//! | `clinic` | any public outpatient health facility, hospitals with it: `category` is `clinic`, `hospital`, `doctors`, `health_centre`, `health_post`, `dispensary` … (spaces and dashes count as `_`) |
//! | `school` | a `School`, or `category` is `school` |
//! | `park` | a `Park`, or `category` is `park`, `garden`, `playground`, `recreation_ground`, `nature_reserve` … |
//!
//! `wheelchair` is `yes`, `limited` or `no`; without it nobody knows. A park counts as reached at its edge: only where
//! somebody says `no` or `limited` of it does it matter.

use geo::InteriorPoint as _;
use geo_types::{Geometry, MultiPolygon};
use indicators::binding::terms;
use indicators::geometry::areas::polygons;
use ngsi_ld::{Entity, Uri};
use sim_access::attributes::Wheelchair;
use sim_access::{Passability, Position, Profile};

use super::table::{is_any, word, words};

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
    /// Its categories as the entity says them, in lower case with `_` for spaces and dashes; its kind among them.
    pub categories: Vec<String>,
    /// Where it is: its point, or a point within it.
    pub position: Position,
    /// Its outline in degrees, where it is an area.
    pub outline: Option<MultiPolygon<f64>>,
    /// Where one goes in, as far as the entity says it.
    pub entrances: Vec<Position>,
    /// Whether one gets in by wheelchair; `None`: nobody knows.
    pub wheelchair: Option<Wheelchair>,
}

/// The kinds that indicators ask for.
pub(crate) const KINDS: [&str; 3] = ["clinic", "school", "park"];

const CLINICS: [&str; 20] = [
    "clinic",
    "medical_clinic",
    "hospital",
    "national_hospital",
    "district_hospital",
    "doctors",
    "doctor",
    "general_practitioner",
    "health_centre",
    "health_center",
    "health_post",
    "health_facility",
    "healthcare",
    "primary_care",
    "dispensary",
    "medical_centre",
    "medical_center",
    "polyclinic",
    "maternity",
    "birthing_centre",
];
const PARKS: [&str; 8] = [
    "park",
    "garden",
    "playground",
    "recreation_ground",
    "nature_reserve",
    "dog_park",
    "common",
    "village_green",
];

impl Place {
    pub(crate) const TYPES: [&'static str; 3] = ["PointOfInterest", "School", "Park"];

    pub(crate) fn read(entity: &Entity) -> Option<Self> {
        let geometry = terms::attribute(entity, "location")?.as_geometry()?;
        let inside = geometry.interior_point()?;
        let position = Position::new(inside.x(), inside.y());
        if !position.is_valid() {
            return None;
        }
        let category = terms::attribute(entity, "category")
            .map(words)
            .unwrap_or_default();
        let mut categories: Vec<String> = category.iter().map(|text| plain(text)).collect();
        let kind = if is_any(entity, &["School"]) {
            Some("school")
        } else if is_any(entity, &["Park"]) || any(&categories, &PARKS) {
            Some("park")
        } else if any(&categories, &CLINICS) {
            Some("clinic")
        } else {
            None
        };
        categories.extend(
            kind.filter(|kind| !categories.iter().any(|known| known == kind))
                .map(str::to_owned),
        );
        let outline = Some(polygons(geometry)).filter(|outline| !outline.0.is_empty());
        let entrances = terms::attribute(entity, "entrances").and_then(|gates| gates.as_geometry());
        let entrances: Vec<Position> = match entrances {
            Some(Geometry::Point(at)) => vec![Position::new(at.x(), at.y())],
            Some(Geometry::MultiPoint(points)) => {
                points.iter().map(|at| Position::new(at.x(), at.y())).collect()
            }
            _ => Vec::new(),
        };
        let said = terms::attribute(entity, "wheelchair").and_then(word);
        Some(Self {
            id: entity.id.clone(),
            name: terms::text_of(entity, "name").unwrap_or_else(|| entity.id.local().to_owned()),
            categories,
            position,
            outline,
            entrances: entrances.into_iter().filter(|at| at.is_valid()).collect(),
            wheelchair: said.and_then(|said| match said.to_lowercase().as_str() {
                "yes" | "designated" | "1" => Some(Wheelchair::Yes),
                "limited" => Some(Wheelchair::Limited),
                "no" | "2" => Some(Wheelchair::No),
                _ => None,
            }),
        })
    }

    /// Whether it is of a kind, or of a category.
    pub fn is(&self, category: &str) -> bool {
        let category = plain(category);
        self.categories.contains(&category)
    }

    /// Whether it is a park: open on all sides, and reached at its edge.
    pub fn is_open(&self) -> bool {
        self.categories.iter().any(|category| category == "park")
    }

    /// Whether somebody of a profile gets in.
    pub fn state(&self, profile: &Profile) -> Passability {
        if !profile.heeds_wheelchair_tag {
            return Passability::Passable;
        }
        match self.wheelchair {
            Some(Wheelchair::No) => Passability::Blocked,
            Some(Wheelchair::Yes) => Passability::Passable,
            None if self.is_open() => Passability::Passable,
            Some(Wheelchair::Limited) | None => Passability::Unknown,
        }
    }
}

fn plain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    text.replace([' ', '-'], "_")
}

fn any(categories: &[String], known: &[&str]) -> bool {
    categories
        .iter()
        .any(|category| known.contains(&category.as_str()))
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Attribute, Name};

    use super::*;

    fn entity(kind: &str, category: &str) -> Entity {
        let term = Name::default_term;
        let location = Name::from_iri("https://uri.etsi.org/ngsi-ld/location");
        Entity::new(Uri::ngsi_ld(kind, "1"), term(kind))
            .with(Attribute::geo(location, geo_types::Point::new(36.8, -1.3)))
            .with(Attribute::property(term("category"), category))
    }

    #[test]
    fn kinds_by_type_and_category() {
        for (kind, category, expected) in [
            ("PointOfInterest", "Health Centre", Some("clinic")),
            ("PointOfInterest", "national hospital", Some("clinic")),
            ("PointOfInterest", "dispensary", Some("clinic")),
            ("PointOfInterest", "pharmacy", None),
            ("School", "primary", Some("school")),
            ("PointOfInterest", "school", Some("school")),
            ("Park", "x", Some("park")),
            ("PointOfInterest", "playground", Some("park")),
        ] {
            let place = Place::read(&entity(kind, category)).unwrap();
            for asked in KINDS {
                assert_eq!(place.is(asked), expected == Some(asked), "{category} as {asked}");
            }
            assert!(place.is(category), "{category}");
        }
        let nowhere = Entity::new(Uri::ngsi_ld("Park", "1"), Name::default_term("Park"));
        assert_eq!(Place::read(&nowhere), None);
    }
}

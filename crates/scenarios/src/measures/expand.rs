//! From a kind and its parameters to changes of entities: what all verbs share.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo_types::{Coord, Geometry, Point};
use indicators::binding::terms::is;
use ngsi_ld::{Attribute, Entity, PropertyValue, Uri};
use serde_json::Value as Json;

use super::city::{City, SelectError, called, type_of};
use super::plan::{Change, Plan};
use super::timetable::Timetable;
use crate::catalogue::argument::{self, Argument, Arguments, Wanted};
use crate::catalogue::{Effect, Kind, Parameter, Who, kind};
use crate::file::nearest::{did_you_mean, listed};
use crate::file::{Finding, Measure};

/// A place farther than this outside of the city is a mistake, in kilometres.
const MOST_OUTSIDE_KM: f64 = 100.0;
/// The most findings that one measure gives.
const MOST_FINDINGS: usize = 50;

/// A measure while it is expanded.
pub(super) struct Expansion<'a> {
    pub(super) city: &'a City<'a>,
    pub(super) measure: &'a Measure,
    pub(super) kind: &'static Kind,
    pub(super) plan: Plan,
    /// The entity that the measure makes, for verbs that go on from it.
    pub(super) created: Option<(Uri, Coord<f64>)>,
    /// How many trips the measure has added.
    pub(super) copies: usize,
    arguments: Arguments,
    findings: Vec<Finding>,
    /// Entities by parameter, looked up once.
    looked_up: BTreeMap<String, Arc<Vec<Found>>>,
}

/// An entity that a parameter names.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) entity: Arc<Entity>,
    /// Where it is named: `with.nodes[2]`.
    pub(super) at: String,
}

/// Expands a measure.
pub(super) fn expand(city: &City<'_>, measure: &Measure) -> Result<Plan, Vec<Finding>> {
    let place = format!("measure {}", measure.name);
    let Some(kind) = kind(&measure.kind) else {
        return Err(vec![Finding {
            place: format!("{place}, kind"),
            what: format!("there is no kind of measure `{}`", measure.kind),
            remedy: did_you_mean(
                &measure.kind,
                crate::catalogue::kinds().iter().map(|kind| kind.name.as_str()),
                "`mapacha scenario kinds` lists them",
            ),
        }]);
    };
    let arguments = argument::read(kind, &measure.with, &place)?;
    let mut expansion = Expansion {
        city,
        measure,
        kind,
        plan: Plan {
            measure: measure.name.clone(),
            ..Plan::default()
        },
        created: None,
        copies: 0,
        arguments,
        findings: Vec::new(),
        looked_up: BTreeMap::new(),
    };
    for effect in &kind.effects {
        expansion.effect(effect);
    }
    expansion.tell_what_is_so_already();
    if expansion.findings.is_empty() {
        return Ok(expansion.plan);
    }
    let more = expansion.findings.len().saturating_sub(MOST_FINDINGS);
    expansion.findings.truncate(MOST_FINDINGS);
    if more > 0 {
        expansion.findings.push(Finding {
            place,
            what: format!("{more} more of its entities cannot be taken"),
            remedy: "mend those above first".to_owned(),
        });
    }
    Err(expansion.findings)
}

impl<'a> Expansion<'a> {
    fn effect(&mut self, effect: &'static Effect) {
        match effect {
            Effect::Create {
                entity_type,
                location,
                attributes,
            } => self.create(entity_type, location, attributes),
            Effect::Set {
                who,
                attributes,
                only_where,
            } => self.set(who, attributes, only_where),
            Effect::Fill { who, tags } => self.fill(who, tags),
            Effect::Remove { who, attributes } => self.remove(who, attributes),
            Effect::Delete { who } => self.delete(who),
            Effect::Close { who, attributes } => self.close(who, attributes),
            Effect::Scale { who, attributes } => self.scale(who, attributes),
            Effect::Move { who, to } => self.relocate(who, to),
            Effect::CallAt {
                stop,
                routes,
                dwell_s,
                most_detour_m,
            } => self.call_at(stop, routes, dwell_s, most_detour_m),
            Effect::NewLine { .. } => self.new_line(effect),
            Effect::Headway {
                routes,
                headway_min,
                from,
                until,
                extend,
            } => self.headway(routes, headway_min, from, until, *extend),
            Effect::AddStreet {
                from,
                to,
                via,
                attributes,
            } => self.add_street(from, to, via, attributes),
            Effect::ShortenRuns {
                streets,
                routes,
                saving_pct,
            } => self.shorten_runs(streets, routes, saving_pct),
        }
    }

    /// Notes what stands against it. `at` is a key under the measure, as in `with.nodes[2]`.
    pub(super) fn wrong(&mut self, at: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding {
            place: format!("measure {}, {at}", self.measure.name),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.plan.warnings.push(text.into());
    }

    /// The twin could not be read.
    pub(super) fn unread(&mut self, error: &twin::Error) {
        self.wrong(
            "with",
            format!("the twin could not be read: {error}"),
            "see what the store says",
        );
    }

    /// What a parameter was given, by an operand `$name`.
    pub(super) fn argument(&self, operand: &Json) -> Option<&Argument> {
        self.arguments.get(parameter_of(operand)?)
    }

    pub(super) fn number(&self, operand: &Json) -> Option<f64> {
        match self.argument(operand) {
            Some(Argument::Number(number)) => Some(*number),
            Some(Argument::Integer(number)) => Some(*number as f64),
            _ => operand.as_f64(),
        }
    }

    pub(super) fn text(&self, operand: &Json) -> Option<String> {
        match self.argument(operand) {
            Some(Argument::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn boolean(&self, operand: &Json) -> bool {
        matches!(self.argument(operand), Some(Argument::Boolean(true)))
    }

    pub(super) fn time(&self, operand: &Json) -> Option<u32> {
        match self.argument(operand) {
            Some(Argument::Time(seconds)) => Some(*seconds),
            _ => None,
        }
    }

    pub(super) fn position(&self, operand: &Json) -> Option<Coord<f64>> {
        match self.argument(operand) {
            Some(Argument::Position(at)) => Some(*at),
            _ => None,
        }
    }

    /// The value of an attribute and its unit, by an operand.
    pub(super) fn value(&self, operand: &Json) -> Option<(PropertyValue, Option<String>)> {
        let (operand, unit) = match operand {
            Json::Object(members) => (
                members.get("value")?,
                members.get("unit").and_then(Json::as_str).map(str::to_owned),
            ),
            other => (other, None),
        };
        if parameter_of(operand).is_none() {
            return Some((PropertyValue::from_json(operand.clone()), unit));
        }
        let value = match self.argument(operand)? {
            Argument::Text(text) => PropertyValue::from(text.as_str()),
            Argument::Number(number) => PropertyValue::from(*number),
            Argument::Integer(number) => PropertyValue::from(*number),
            Argument::Boolean(value) => PropertyValue::from(*value),
            _ => return None,
        };
        Some((value, unit))
    }

    /// The measure's name for people: what an entity is called that was given no name.
    pub(super) fn title(&self) -> &str {
        self.measure.title.as_deref().unwrap_or(&self.measure.name)
    }

    /// A position as a geometry. `at` is the key that gives it. Outside of the city it is a warning; so far that
    /// nobody can have meant it, a finding.
    pub(super) fn point(&mut self, at: &str, position: Coord<f64>) -> Geometry<f64> {
        self.in_city(at, position);
        Geometry::Point(Point(position))
    }

    /// Says where a position does not lie in the city.
    pub(super) fn in_city(&mut self, at: &str, position: Coord<f64>) {
        let Some(km) = self.city.far_out_km(position) else {
            return;
        };
        let Coord { x, y } = position;
        let what = format!("[{x}, {y}] lies {km:.0} km outside of the city");
        let swapped = Coord { x: y, y: x };
        if swapped.y.abs() <= 90.0 && self.city.far_out_km(swapped).is_none() {
            let remedy = format!("longitude comes first, then latitude: [{y}, {x}] lies in the city");
            self.wrong(at, what, remedy);
        } else if km > MOST_OUTSIDE_KM {
            self.wrong(
                at,
                what,
                "give a place in the city, longitude first, then latitude",
            );
        } else {
            self.warn(format!("{what}; positions are [longitude, latitude]"));
        }
    }

    pub(super) fn timetable(&mut self) -> Option<&'a Timetable> {
        let city = self.city;
        match city.timetable() {
            Ok(timetable) => Some(timetable),
            Err(error) => {
                self.unread(&error);
                None
            }
        }
    }

    /// The entities that are meant. Empty where none are, which was told.
    pub(super) fn entities(&mut self, who: &Who) -> Arc<Vec<Found>> {
        match who {
            Who::Entities(operand) => self.named(&Json::String(operand.clone())),
            Who::TripsOf(operand) => self.trips_of(&Json::String(operand.clone())),
        }
    }

    /// The entities of a parameter.
    pub(super) fn named(&mut self, operand: &Json) -> Arc<Vec<Found>> {
        let Some(name) = parameter_of(operand) else {
            return Arc::default();
        };
        if let Some(found) = self.looked_up.get(name) {
            return Arc::clone(found);
        }
        let found = match (self.kind.parameter(name), self.arguments.get(name)) {
            (Some(parameter), Some(argument)) => {
                let argument = argument.clone();
                self.look_up(parameter, &argument)
            }
            _ => Vec::new(),
        };
        let found = Arc::new(found);
        self.looked_up.insert(name.to_owned(), Arc::clone(&found));
        found
    }

    fn look_up(&mut self, parameter: &Parameter, argument: &Argument) -> Vec<Found> {
        let at = format!("with.{}", parameter.name);
        match argument {
            Argument::Entity(id) => self.one(parameter, id, at).into_iter().collect(),
            Argument::Entities(Wanted::These(ids)) => ids
                .iter()
                .enumerate()
                .filter_map(|(index, id)| self.one(parameter, id, format!("{at}[{index}]")))
                .collect(),
            Argument::Entities(Wanted::Selected(selected)) => match self.city.select(selected) {
                Ok(found) if found.is_empty() => {
                    let mut what = format!("it selects no {} of the baseline", selected.entity_type);
                    if let Some(there) = self.city.occurring(selected) {
                        what = format!("{what}: {there}");
                    }
                    self.wrong(
                        &at,
                        what,
                        "widen the selection, or name the entities by their ids",
                    );
                    Vec::new()
                }
                Ok(found) => found
                    .into_iter()
                    .map(|entity| Found {
                        entity,
                        at: at.clone(),
                    })
                    .collect(),
                Err(SelectError::NoSuch(id)) => {
                    self.missing(&format!("{at}.of"), &id, &[]);
                    Vec::new()
                }
                Err(SelectError::Nowhere(id)) => {
                    let what = format!("`{id}` has no location");
                    self.wrong(
                        &format!("{at}.of"),
                        what,
                        "name an entity that has one, or a position",
                    );
                    Vec::new()
                }
                Err(SelectError::Twin(error)) => {
                    self.unread(&error);
                    Vec::new()
                }
            },
            _ => Vec::new(),
        }
    }

    fn one(&mut self, parameter: &Parameter, id: &Uri, at: String) -> Option<Found> {
        let Some(entity) = self.city.get(id) else {
            self.missing(&at, id, &parameter.of);
            return None;
        };
        if !has_type(&entity, &parameter.of) {
            let of: Vec<&str> = parameter.of.iter().map(String::as_str).collect();
            let what = format!(
                "{} is a {}, and `{}` takes {}",
                called(&entity),
                type_of(&entity),
                self.kind.name,
                listed(&of)
            );
            self.wrong(&at, what, "name an entity of that type");
            return None;
        }
        Some(Found { entity, at })
    }

    /// Tells of an entity that is not there.
    pub(super) fn missing(&mut self, at: &str, id: &Uri, of: &[String]) {
        let remedy = if self.findings.len() < MOST_FINDINGS
            && let Some(near) = self.city.meant(id, of)
        {
            format!("did you mean `{near}`?")
        } else {
            "name an entity that is in the twin, or import it first".to_owned()
        };
        self.wrong(at, format!("there is no entity `{id}`"), remedy);
    }

    /// The trips of the routes of a parameter.
    fn trips_of(&mut self, operand: &Json) -> Arc<Vec<Found>> {
        let routes = self.named(operand);
        let mut trips = Vec::new();
        let Some(timetable) = self.timetable() else {
            return Arc::default();
        };
        for route in routes.iter() {
            self.plan.uses.insert(route.entity.id.clone());
            let of_route = timetable.of_route(&route.entity.id);
            if of_route.is_empty() {
                self.no_trips(route);
            }
            trips.extend(of_route.iter().filter_map(|id| {
                Some(Found {
                    entity: self.city.get(id)?,
                    at: route.at.clone(),
                })
            }));
        }
        Arc::new(trips)
    }

    /// Tells of a route on which nothing runs.
    pub(super) fn no_trips(&mut self, route: &Found) {
        let what = format!("no trip runs on {}", called(&route.entity));
        self.wrong(&route.at, what, "name a line that has trips in the timetable");
    }

    /// Counts the entities that are already as the measure would have them.
    fn tell_what_is_so_already(&mut self) {
        let mut so: Vec<String> = Vec::new();
        let mut all = 0;
        let mut last = None;
        for id in self.plan.written() {
            if last == Some(id) {
                continue;
            }
            last = Some(id);
            let Some(entity) = self.city.get(id) else { continue };
            all += 1;
            let changes = self.plan.writes_of(id).any(|(name, change)| {
                let now = entity.instance(name.as_str(), None);
                match change {
                    Change::Set(new) | Change::Fill(new) => {
                        !now.is_some_and(|now| super::plan::says(now, new))
                    }
                    Change::Remove => now.is_some(),
                    Change::Scale { factor, .. } => (*factor - 1.0).abs() > f64::EPSILON,
                }
            });
            if !changes {
                so.push(called(&entity));
            }
        }
        if so.is_empty() {
            return;
        }
        let dots = if so.len() > 3 { " …" } else { "" };
        let text = format!(
            "{} of {all} entities are so already and stay as they are: {}{dots}",
            so.len(),
            so.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
        );
        self.warn(text);
    }
}

/// The parameter that an operand stands for.
pub(super) fn parameter_of(operand: &Json) -> Option<&str> {
    operand.as_str()?.strip_prefix('$')
}

/// Whether an entity has one of these types, by term; none: any will do.
pub(super) fn has_type(entity: &Entity, of: &[String]) -> bool {
    of.is_empty()
        || entity
            .types
            .iter()
            .any(|name| of.iter().any(|term| is(name, term)))
}

/// An attribute with a unit.
pub(super) fn property(name: ngsi_ld::Name, (value, unit): (PropertyValue, Option<String>)) -> Attribute {
    let attribute = Attribute::property(name, value);
    match unit {
        Some(unit) => attribute.unit_code(&unit),
        None => attribute,
    }
}

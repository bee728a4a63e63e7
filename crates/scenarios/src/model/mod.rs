//! From entities to the inputs of the simulators: streets, timetable, people, places.
//!
//! A model is read from anything that is read as the twin is: the live twin, a snapshot, a fork with measures. It
//! depends on the entities alone, not on their order. [`Model::after`] follows changes and is the same as reading
//! anew; it shares what did not change:
//!
//! | Changed | Made anew |
//! |---|---|
//! | tags of a street, a kerb, a report | the verdicts on its edges |
//! | a clinic, a school, a park | where one enters it |
//! | a stop, a trip, a time, a frequency, a calendar | the timetable |
//! | the course of a street, a new or a removed one | the network, and where everything lies on it |
//! | boundaries, districts, the population grid | the people |
//!
//! What each part takes, assumes and leaves out is said in [`streets`], [`timetable`], [`places`] and [`people`];
//! street tags and reports in [`ways`].

mod calendar;
pub(crate) mod feed;
mod follow;
pub(crate) mod layout;
pub(crate) mod outline;
pub mod people;
pub mod places;
pub mod streets;
mod table;
pub mod timetable;
pub mod ways;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use ngsi_ld::Uri;
use query::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_access::{Metric, Position, Profile, Snap};
use twin::Reader;

use crate::file::nearest::{did_you_mean, listed};
use crate::indicator::Rides;
use feed::Feed;
use people::People;
use streets::{HOME_WITHIN_M, StreetChanges, StreetEntities};
use table::Table;
use ways::{Joint, Report, Way};

pub use follow::Followed;
pub use places::Place;
pub use streets::{Streets, Who};
pub use timetable::{Stop, Timetable};

/// How people travel, where a scenario file says nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TravelOptions {
    /// The day, `YYYY-MM-DD`; without it, a Tuesday on which the timetable runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// When journeys by public transport start, `HH:MM`.
    pub time: String,
    /// How long a journey by public transport may take, door to door, in minutes.
    pub minutes: f64,
    /// How far somebody walks or rolls to a clinic, a school, in metres along the network.
    pub walk_m: f64,
    /// Where there are no streets in the twin: how much longer the way is than the straight line.
    pub detour: f64,
    /// The profile that stands for persons with disabilities (`manual_wheelchair`, `powered_wheelchair`,
    /// `long_cane`).
    pub wheelchair: String,
}

impl Default for TravelOptions {
    fn default() -> Self {
        Self {
            date: None,
            time: "08:00".to_owned(),
            minutes: 30.0,
            walk_m: 1000.0,
            detour: 1.3,
            wheelchair: "manual_wheelchair".to_owned(),
        }
    }
}

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// `disability`, `age:65+`, `income:low` …
    pub id: String,
    /// For people.
    pub name: String,
}

/// An area of the city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
}

/// Whether models are made of entities of a type.
pub(crate) fn reads(name: &ngsi_ld::Name) -> bool {
    let short = name.short();
    short.starts_with("Gtfs")
        || ["RoadSegment", "RoadNode", "AccessibilityReport"].contains(&short)
        || people::TYPES.contains(&short)
        || Place::TYPES.contains(&short)
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The twin could not be read.
    #[error("the twin could not be read: {0}")]
    Twin(#[from] twin::Error),
    /// An option that is none.
    #[error("travel.{key}: {what}; {remedy}")]
    Option {
        /// Its key.
        key: &'static str,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Entities that the simulators cannot take.
    #[error("{0}")]
    Data(String),
}

/// The city as the simulators see it. Cheap to clone: parts are shared.
#[derive(Clone)]
pub struct Model {
    options: Arc<TravelOptions>,
    wheelchair: Arc<Profile>,
    people: Arc<People>,
    street_entities: StreetEntities,
    streets: Option<Arc<Streets>>,
    cell_snaps: Arc<[Option<Snap>]>,
    feed: Feed,
    timetable: Option<Arc<Timetable>>,
    places: Table<Place>,
    /// Of places of the kinds that indicators ask for.
    entrances: Arc<BTreeMap<Uri, Arc<[Snap]>>>,
    /// For each of [`Who::ALL`], made when it is asked for.
    rides: [Arc<OnceLock<Arc<Rides>>>; 2],
    notes: Arc<[String]>,
}

impl Model {
    /// Reads a city.
    ///
    /// # Errors
    /// The twin cannot be read, or an option makes no sense.
    pub fn read(reader: &dyn Reader, view: &View, options: &TravelOptions) -> Result<Self, ModelError> {
        let wheelchair = check(options)?;
        let people = Arc::new(People::read(reader, view)?);
        let street_entities = StreetEntities {
            ways: Table::read(reader, view, &["RoadSegment"], Way::read)?,
            joints: Table::read(reader, view, &["RoadNode"], Joint::read)?,
            reports: Table::read(reader, view, &["AccessibilityReport"], Report::read)?,
        };
        let streets = Streets::build(&street_entities, &wheelchair)?.map(Arc::new);
        let feed = Feed::read(reader, view)?;
        let timetable = Timetable::of(&feed, options, &people, streets.as_deref())?.map(Arc::new);
        let mut options = options.clone();
        if let Some(date) = timetable.as_ref().and_then(|timetable| timetable.date.clone()) {
            options.date = Some(date);
        }
        let mut model = Self {
            options: Arc::new(options),
            wheelchair: Arc::new(wheelchair),
            cell_snaps: snap_cells(&people, streets.as_deref()),
            people,
            street_entities,
            streets,
            feed,
            timetable,
            places: Table::read(reader, view, &Place::TYPES, Place::read)?,
            entrances: Arc::default(),
            rides: Default::default(),
            notes: Arc::default(),
        };
        model.enter_all();
        model.notes = model.tell().into();
        Ok(model)
    }

    /// The model after these entities were made, changed or taken away, as `reader` now shows them. The same as
    /// [`Model::read`] of that reader with this model's [`Model::options`], but it shares with this model what did
    /// not change, and costs what did.
    ///
    /// # Errors
    /// As for [`Model::read`].
    pub fn after(&self, reader: &dyn Reader, view: &View, changed: &[Uri]) -> Result<Self, ModelError> {
        let mut model = self.clone();
        let (mut people, mut timetable) = (false, false);
        let mut streets = StreetChanges::default();
        let mut places = Vec::new();
        for id in changed {
            let entity = reader.get(view, id);
            let entity = entity.as_deref();
            people |= self.people.is_of(id, entity);
            model.street_entities.update(id, entity, &mut streets);
            timetable |= model.feed.update(id, entity);
            if model.places.update(id, entity).is_some() {
                places.push(id);
            }
        }
        if people {
            model.people = Arc::new(People::read(reader, view)?);
        }
        let anew = model.follow_streets(&streets)?;
        if people || anew {
            model.cell_snaps = snap_cells(&model.people, model.streets.as_deref());
        }
        if people || anew || timetable {
            let built = Timetable::of(
                &model.feed,
                &model.options,
                &model.people,
                model.streets.as_deref(),
            )?;
            model.timetable = built.map(Arc::new);
            model.rides = Default::default();
        }
        if anew {
            model.enter_all();
        } else {
            for id in places {
                model.enter(id);
            }
        }
        model.notes = model.tell().into();
        Ok(model)
    }

    /// Follows changes of streets. Gives whether the network was built anew.
    fn follow_streets(&mut self, changes: &StreetChanges) -> Result<bool, ModelError> {
        if changes.is_empty() {
            return Ok(false);
        }
        let before = self.streets.clone();
        let followed = before
            .as_ref()
            .and_then(|streets| streets.after(&self.street_entities, changes));
        let anew = followed.is_none();
        self.streets = match followed {
            Some(streets) => Some(Arc::new(streets)),
            None => Streets::build(&self.street_entities, &self.wheelchair)?.map(Arc::new),
        };
        for (who, rides) in Who::ALL.into_iter().zip(&mut self.rides) {
            let travel = |streets: &Option<Arc<Streets>>| {
                streets
                    .as_ref()
                    .map(|streets| Arc::clone(streets.travel(who, Metric::Time)))
            };
            let same = match (travel(&before), travel(&self.streets)) {
                (Some(before), Some(now)) => now.moves_as(&before),
                (before, now) => before.is_none() && now.is_none(),
            };
            if !same {
                *rides = Arc::default();
            }
        }
        Ok(anew)
    }

    /// Looks for the entrances of a place.
    fn enter(&mut self, id: &Uri) {
        let place = self
            .places
            .get(id)
            .filter(|place| places::KINDS.iter().any(|kind| place.is(kind)));
        let snaps = self
            .streets
            .as_ref()
            .zip(place)
            .map(|(streets, place)| streets.entrances(place));
        let entrances = Arc::make_mut(&mut self.entrances);
        match snaps {
            Some(snaps) => drop(entrances.insert(id.clone(), snaps.into())),
            None => drop(entrances.remove(id)),
        }
    }

    fn enter_all(&mut self) {
        self.entrances = Arc::default();
        if self.streets.is_some() {
            let ids: Vec<Uri> = self.places.iter().map(|(id, _)| id.clone()).collect();
            for id in &ids {
                self.enter(id);
            }
        }
    }

    /// How people travel; `date` is the day that was chosen, where none was given and a timetable runs.
    pub fn options(&self) -> &TravelOptions {
        &self.options
    }

    /// The profile of somebody.
    pub fn profile(&self, who: Who) -> Profile {
        match who {
            Who::Walking => Profile::walking(),
            Who::Wheelchair => (*self.wheelchair).clone(),
        }
    }

    /// The city's name, where its boundary says it.
    pub fn city_name(&self) -> Option<&str> {
        self.people.city_name.as_deref()
    }

    /// The groups that people are counted by (see [`people`]).
    pub fn groups(&self) -> &[Group] {
        &self.people.groups
    }

    /// The city's areas, by name.
    pub fn areas(&self) -> &[Area] {
        &self.people.areas
    }

    /// Where people live: longitude and latitude of each inhabited cell within the boundary, and how many.
    pub fn cells(&self) -> &[indicators::calculation::Cell] {
        &self.people.cells
    }

    /// The area that each of [`Model::cells`] is in, by its place among [`Model::areas`].
    pub fn cell_areas(&self) -> &[Option<u32>] {
        &self.people.cell_areas
    }

    /// The share of each of [`Model::groups`] in the people of an area, 0 to 1; of `None`, in those of no area.
    pub fn group_shares(&self, area: Option<u32>) -> &[f64] {
        let row = area.map_or(self.people.areas.len(), |area| area as usize);
        self.people.shares.get(row).map_or(&[], Vec::as_slice)
    }

    /// Where each of [`Model::cells`] lies on the streets; empty where the twin has no streets.
    pub fn cell_snaps(&self) -> &[Option<Snap>] {
        &self.cell_snaps
    }

    /// The streets; `None`: the twin has none, and ways are straight lines times `detour`.
    pub fn streets(&self) -> Option<&Streets> {
        self.streets.as_deref()
    }

    /// The timetable of the day; `None`: the twin has no trips.
    pub fn timetable(&self) -> Option<&Timetable> {
        self.timetable.as_deref()
    }

    /// The stops that trips call at, on the day or the days around it.
    pub fn stops(&self) -> &[Stop] {
        self.timetable.as_ref().map_or(&[], |timetable| &timetable.stops)
    }

    /// The places of a category: `clinic`, `school`, `park` (see [`places`]), or a category as the entities say it
    /// (`pharmacy`, `library` …); by id.
    pub fn places(&self, category: &str) -> Vec<&Place> {
        let all = self.places.iter().map(|(_, place)| place.as_ref());
        all.filter(|place| place.is(category)).collect()
    }

    /// The categories of all places, each as often as it occurs.
    pub(crate) fn categories(&self) -> impl Iterator<Item = &str> {
        let all = self.places.iter().flat_map(|(_, place)| &place.categories);
        all.map(String::as_str)
    }

    /// Where one enters a clinic, a school or a park from the streets; of other places see [`Streets::entrances`].
    pub fn entrances(&self, place: &Uri) -> &[Snap] {
        self.entrances.get(place).map_or(&[], |snaps| snaps)
    }

    /// What was assumed, left out or not known, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn rides(&self, who: Who) -> &OnceLock<Arc<Rides>> {
        &self.rides[who as usize]
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(crate) fn place(&self, id: &Uri) -> Option<&Place> {
        self.places.get(id).map(AsRef::as_ref)
    }

    /// Whether an entity is one that people are read from.
    pub(crate) fn is_of_people(&self, id: &Uri) -> bool {
        self.people.is_of(id, None)
    }

    pub(crate) fn street_entities(&self) -> &StreetEntities {
        &self.street_entities
    }

    fn tell(&self) -> Vec<String> {
        let mut notes = self.people.notes.clone();
        match &self.streets {
            None => notes.push(format!(
                "the twin has no streets: ways are straight lines times {}, and nobody knows whether wheels pass them \
                 (`mapacha import osm`)",
                self.options.detour
            )),
            Some(streets) => {
                streets.notes(&self.street_entities, &mut notes);
                let off = self.cell_snaps.iter().zip(self.cells()).filter(|(snap, _)| snap.is_none());
                let people: f64 = off.map(|(_, cell)| cell.people).sum();
                if people > 0.0 {
                    notes.push(format!(
                        "{people:.0} people live more than {HOME_WITHIN_M:.0} m from every street: nobody knows what \
                         they reach"
                    ));
                }
            }
        }
        match &self.timetable {
            None => notes.push("the twin has no timetable (`mapacha import gtfs`)".to_owned()),
            Some(timetable) => notes.extend(timetable.notes.iter().cloned()),
        }
        for kind in places::KINDS {
            if !self.places.iter().any(|(_, place)| place.is(kind)) {
                notes.push(format!(
                    "the twin has no place of the kind `{kind}`: what reaches one is not measured"
                ));
            }
        }
        notes
    }
}

fn snap_cells(people: &People, streets: Option<&Streets>) -> Arc<[Option<Snap>]> {
    let Some(streets) = streets else {
        return Arc::default();
    };
    let place = |cell: &indicators::calculation::Cell| Position::new(cell.centre.x, cell.centre.y);
    people
        .cells
        .iter()
        .map(|cell| streets.snap(place(cell), HOME_WITHIN_M))
        .collect()
}

/// The profiles that may stand for persons with disabilities, as options name them.
const WHEELCHAIRS: [&str; 3] = ["manual_wheelchair", "powered_wheelchair", "long_cane"];

/// The profile that stands for persons with disabilities.
fn profile_of(options: &TravelOptions) -> Option<Profile> {
    let name = WHEELCHAIRS.into_iter().find(|name| *name == options.wheelchair)?;
    crate::access::profile(name)
}

/// A date of options and scenario files.
pub(crate) fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn date_of(text: &str) -> Result<Date, ModelError> {
    date(text).ok_or_else(|| no_date(text))
}

fn no_date(text: &str) -> ModelError {
    ModelError::Option {
        key: "date",
        what: format!("`{text}` is not a date"),
        remedy: "write it as `YYYY-MM-DD`, as in `2027-03-01`, or leave it out".to_owned(),
    }
}

/// When journeys start, seconds of the service day; `None`: it is no time of day.
pub(crate) fn departure_s(options: &TravelOptions) -> Option<i32> {
    let (hours, minutes) = options.time.split_once(':')?;
    let part = |text: &str| -> Option<i32> {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    (hours < 48 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}

/// Whether the options make sense. Gives the profile that they name.
fn check(options: &TravelOptions) -> Result<Profile, ModelError> {
    if let Some(fault) = faults(options).into_iter().next() {
        return Err(fault);
    }
    profile_of(options).ok_or_else(|| no_profile(options))
}

fn no_profile(options: &TravelOptions) -> ModelError {
    ModelError::Option {
        key: "wheelchair",
        what: format!("there is no profile `{}`", options.wheelchair),
        remedy: did_you_mean(&options.wheelchair, WHEELCHAIRS, &listed(&WHEELCHAIRS)),
    }
}

/// Everything in the options that makes no sense: what a model cannot be read with, and so what a scenario file
/// cannot say.
pub(crate) fn faults(options: &TravelOptions) -> Vec<ModelError> {
    let mut faults = Vec::new();
    faults.extend(options.date.as_ref().and_then(|date| date_of(date).err()));
    if departure_s(options).is_none() {
        faults.push(ModelError::Option {
            key: "time",
            what: format!("`{}` is not a time of day", options.time),
            remedy: "write it as `HH:MM`, as in `08:00`".to_owned(),
        });
    }
    for (key, value, least, most) in [
        ("minutes", options.minutes, 1.0, 600.0),
        ("walk_m", options.walk_m, 1.0, 50_000.0),
        ("detour", options.detour, 1.0, 5.0),
    ] {
        if !(least..=most).contains(&value) {
            faults.push(ModelError::Option {
                key,
                what: format!("{value} cannot be"),
                remedy: format!("give a number from {least} to {most}"),
            });
        }
    }
    if profile_of(options).is_none() {
        faults.push(no_profile(options));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_make_no_sense_are_told() {
        let with = |change: fn(&mut TravelOptions)| {
            let mut options = TravelOptions::default();
            change(&mut options);
            check(&options)
                .map(|profile| profile.name)
                .map_err(|error| error.to_string())
        };
        assert_eq!(with(|_| {}), Ok("manual-wheelchair".to_owned()));
        assert_eq!(
            with(|o| o.wheelchair = "long_cane".into()),
            Ok("long-cane".to_owned())
        );
        for (change, key) in [
            (
                (|o: &mut TravelOptions| o.time = "8".into()) as fn(&mut TravelOptions),
                "travel.time:",
            ),
            (|o| o.time = "24:60".into(), "travel.time:"),
            (|o| o.minutes = f64::NAN, "travel.minutes:"),
            (|o| o.walk_m = 0.0, "travel.walk_m:"),
            (|o| o.detour = 0.5, "travel.detour:"),
            (|o| o.wheelchair = "walking".into(), "travel.wheelchair:"),
            (|o| o.date = Some("tomorrow".into()), "travel.date:"),
            (|o| o.minutes = 1_000.0, "travel.minutes:"),
            (|o| o.wheelchair = "Long-Cane".into(), "travel.wheelchair:"),
        ] {
            let error = with(change).unwrap_err();
            assert!(error.starts_with(key), "{error}");
        }
        let time = |text: &str| {
            departure_s(&TravelOptions {
                time: text.to_owned(),
                ..TravelOptions::default()
            })
        };
        assert_eq!(
            (time("08:00"), time("25:30"), time("+8:00"), time("")),
            (Some(28_800), Some(91_800), None, None)
        );
    }
}

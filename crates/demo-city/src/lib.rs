//! A believable city of any size from one seed: streets, people, bus lines, buildings, places, sensors.
//!
//! Nothing of it is real. It lies in the open ocean, where no land is, its names come from a generator of
//! syllables, and its year is fixed. The same seed and number of inhabitants give the same bytes, on any machine
//! and at any time: nothing here asks a clock or the order of a hash map.
//!
//! What it gives are files that a city would have (a GTFS feed, a population GeoTIFF) and entities of the Smart
//! Data Models; each [`Sensor`] knows what it would read at any instant.

mod buildings;
mod districts;
mod entities;
mod footing;
mod geotiff;
mod ground;
mod gtfs;
mod names;
mod noise;
mod places;
mod population;
mod readings;
mod scenarios;
mod sensors;
mod streets;
mod transit;
mod weather;

use std::collections::BTreeMap;

use ngsi_ld::Entity;

pub use population::{AgeGroup, Cell, PopulationGrid};
pub use sensors::{Sensor, SensorKind};

use buildings::Building;
use districts::District;
use ground::Ground;
use names::Names;
use places::Places;
use streets::Streets;
use transit::Line;

/// The year that the generated data are of.
pub const YEAR: i16 = 2026;

/// A generated city.
#[derive(Debug)]
pub struct City {
    seed: u64,
    name: String,
    ground: Ground,
    districts: Vec<District>,
    streets: Streets,
    population: PopulationGrid,
    by_block: BTreeMap<usize, u32>,
    buildings: Vec<Building>,
    places: Places,
    lines: Vec<Line>,
    sensors: Vec<Sensor>,
}

impl City {
    /// A city of exactly so many inhabitants. 50 000 take a fraction of a second; the area grows with the number.
    pub fn generate(seed: u64, inhabitants: u32) -> Self {
        let mut names = Names::new(seed);
        let name = names.place();
        let ground = Ground::generate(seed, inhabitants);
        let mut districts = districts::generate(seed, &ground, &mut names);
        let streets = Streets::generate(seed, &ground, &districts, &mut names);
        let by_block = population::by_block(seed, &ground, inhabitants);
        let population = PopulationGrid::generate(seed, &ground, &mut districts, &by_block);
        let buildings = buildings::generate(seed, &ground, &districts, &by_block);
        let places = Places::generate(seed, &ground, &districts, &by_block, &mut names);
        let lines = transit::generate(seed, &ground, &streets, &districts, inhabitants);
        let sensors = sensors::generate(seed, &ground, &districts, &streets, &buildings, inhabitants);
        Self {
            seed,
            name,
            ground,
            districts,
            streets,
            population,
            by_block,
            buildings,
            places,
            lines,
            sensors,
        }
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Its invented name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The year that its data are of.
    pub fn year(&self) -> i16 {
        YEAR
    }

    /// Everybody who lives in it, by cells of about 100 m.
    pub fn population_grid(&self) -> &PopulationGrid {
        &self.population
    }

    /// The number of inhabitants by cell as a GeoTIFF in degrees of WGS 84.
    pub fn population_geotiff(&self) -> Vec<u8> {
        geotiff::write(&self.population)
    }

    /// The inhabited cells as a CSV with the columns `lon`, `lat`, `population`, each sex and age group, and
    /// `persons_with_disabilities`.
    pub fn population_csv(&self) -> Vec<u8> {
        self.population.csv()
    }

    /// Its bus lines as a GTFS feed.
    pub fn gtfs_zip(&self) -> Vec<u8> {
        gtfs::write(&self.name, &self.lines)
    }

    /// What stands in it: its area and its districts, streets, buildings, schools, parks, other places and sensors
    /// (without readings). Bus lines and population come as files.
    pub fn entities(&self) -> impl Iterator<Item = Entity> + '_ {
        entities::all(self)
    }

    /// Scenario files to try on it, each with its name and its text in TOML: what kerbs, buses and a clinic would
    /// do, and what they cost. A city too small for a measure goes without it.
    pub fn scenarios(&self) -> Vec<(String, String)> {
        scenarios::all(self)
    }

    /// Its sensors.
    pub fn sensors(&self) -> &[Sensor] {
        &self.sensors
    }
}

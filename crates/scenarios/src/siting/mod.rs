//! Where new stops or clinics would help most people: sites chosen one after the other, with a bound on what any
//! other choice could do better, and how sure each site is.

use query::View;
use serde::{Deserialize, Serialize};
use twin::Snapshot;

use crate::run::{RunError, Watch};

/// What is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Stops of public transport, near lines that run already.
    Stop,
    /// Clinics.
    Clinic,
}

/// The question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SitingOptions {
    /// What is to be placed.
    pub wanted: Wanted,
    /// How many, 1 to 100.
    pub count: usize,
    /// How far one reaches, in metres; without it, 500 m for a stop and 1000 m for a clinic.
    pub reach_m: Option<f64>,
    /// How much longer the way is than the straight line.
    pub detour: f64,
    /// How far from a line that runs a stop may be, in metres, so that it can be served.
    pub line_m: f64,
    /// How far candidates are apart, in metres.
    pub spacing_m: f64,
    /// How often the population is drawn anew, to see which sites stay; 0: not at all.
    pub resamples: usize,
    /// The seed of that.
    pub seed: u64,
    /// The cost of one, for the scenario file.
    pub cost: f64,
}

impl Default for SitingOptions {
    fn default() -> Self {
        Self {
            wanted: Wanted::Stop,
            count: 10,
            reach_m: None,
            detour: 1.0,
            line_m: 250.0,
            spacing_m: 100.0,
            resamples: 100,
            seed: 1,
            cost: 0.0,
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Siting {
    /// What was asked.
    pub options: SitingOptions,
    /// All people.
    pub people: f64,
    /// People who reach one already.
    pub reached_before: f64,
    /// People who reach one with the new ones.
    pub reached_after: f64,
    /// No choice of as many sites among the candidates gives more people than this.
    pub upper_bound: f64,
    /// How many candidates there were.
    pub candidates: usize,
    /// The sites, in the order in which they were chosen.
    pub sites: Vec<Site>,
    /// The same question under other assumptions.
    pub variants: Vec<Variant>,
    /// What was assumed and left out.
    pub notes: Vec<String>,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its name, `stop-01` …
    pub name: String,
    /// Longitude and latitude in degrees of WGS 84.
    pub position: [f64; 2],
    /// The area that it is in, by name.
    pub area: Option<String>,
    /// How many people it adds to those before it.
    pub adds: f64,
    /// How many people only it reaches.
    pub alone: f64,
    /// The share of the resamples in whose answer a site within its reach is, 0 to 1.
    pub stays: Option<f64>,
    /// In how many of the variants a site within its reach is.
    pub in_variants: usize,
}

/// The answer under other assumptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The reach in metres.
    pub reach_m: f64,
    /// The detour factor.
    pub detour: f64,
    /// People who reach one already.
    pub reached_before: f64,
    /// How many more the sites of this answer give.
    pub adds: f64,
    /// How many more the sites of the main answer give.
    pub main_adds: f64,
}

/// Finds the sites.
pub fn site(
    reader: &Snapshot,
    view: &View,
    options: &SitingOptions,
    watch: &dyn Watch,
) -> Result<Siting, RunError> {
    let _ = (reader, view, options, watch);
    todo!()
}

impl Siting {
    /// A scenario file with these sites, ready to run.
    pub fn scenario_file(&self) -> String {
        todo!()
    }

    /// The sites as GeoJSON.
    pub fn geojson(&self) -> serde_json::Value {
        todo!()
    }

    /// The sites as a table of text for a terminal.
    pub fn table(&self) -> String {
        todo!()
    }
}

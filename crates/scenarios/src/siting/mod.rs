//! Where new stops or clinics would help most people: sites chosen one after the other, with a bound on what any
//! other choice could do better, and how sure each site is.
//!
//! **Method.** Maximum coverage: of many candidate places, those `count` that together reach most people whom nothing
//! reaches yet. Each step takes the candidate that adds most (greedy; at least 1 − 1/e = 63 % of the best possible:
//! Nemhauser, Wolsey, Fisher 1978), evaluated lazily (Minoux 1978); then single sites are exchanged as long as that
//! reaches more people. The bound on any other choice of as many candidates is what is reached, with the `count`
//! largest gains that are left (the same paper), at its lowest along the way; so the answer says itself how near to the
//! best it is. People are counted in whole thousandths, so nothing depends on the order of adding.
//!
//! **Candidates** are street nodes (where the twin has no streets: the middles of inhabited cells), thinned out to
//! `spacing_m`; for stops only those within `line_m` of a line that runs, so that it can be served, and not where
//! putting the stop into the nearest line's trips would be too long a way round.
//!
//! **What is not in it.** Reach is a circle, of the reach divided by the detour factor. A line that has one stop more
//! is a little slower for everybody on it. To see both, run the scenario file that comes with the answer: it carries
//! the sites out as measures, in the network and the timetable.
//!
//! **How sure.** The same question with a reach of a fifth less and more and detour factors of 1.0, 1.2 and 1.4; and
//! with the population drawn anew: each block of about 1 km by a factor (lognormal, mean 1, σ 0.3) and each cell in it
//! by another. That σ is an assumption: gridded populations are models themselves, and say nothing of their error. A
//! site stays in an answer that has a site within the reach of it.

mod candidates;
mod cover;
mod export;
mod ground;
#[cfg(test)]
mod tests;
mod uncertain;

use query::View;
use serde::{Deserialize, Serialize};
use twin::Snapshot;

use crate::file::Finding;
use crate::model::{Model, TravelOptions};
use crate::run::{RunError, Watch, threads};
use cover::Cover;
use ground::Ground;

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
    /// The city's name.
    pub city: String,
    /// All people.
    pub people: f64,
    /// People who reach one already.
    pub reached_before: f64,
    /// People who reach one with the new ones.
    pub reached_after: f64,
    /// No choice of as many sites among the candidates makes more people reach one than this.
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
    /// The lines that would call there, by name; for stops.
    pub lines: Vec<String>,
    /// Their entities.
    pub routes: Vec<String>,
    /// How much longer the way of those lines gets, in metres, from stop to stop; for stops.
    pub way_round_m: Option<f64>,
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
///
/// # Errors
/// An option that is none; a city without people, or without lines for stops; somebody cancelled it.
pub fn site(
    reader: &Snapshot,
    view: &View,
    options: &SitingOptions,
    watch: &dyn Watch,
) -> Result<Siting, RunError> {
    check(options)?;
    watch.progress(0, 4, "the city is read");
    let model = Model::read(reader, view, &TravelOptions::default())?;
    site_in(&model, reader, view, options, threads(), watch)
}

/// As [`site`], in a city that is read already, on so many threads.
///
/// # Errors
/// As [`site`].
pub fn site_in(
    model: &Model,
    reader: &Snapshot,
    view: &View,
    options: &SitingOptions,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Siting, RunError> {
    check(options)?;
    let go_on = || {
        if watch.cancelled() {
            Err(RunError::Cancelled)
        } else {
            Ok(())
        }
    };
    go_on()?;
    let mut ground = Ground::of(model)?;
    watch.progress(1, 4, "candidates");
    let (candidates, mut notes) = candidates::find(&mut ground, model, reader, view, options)?;
    go_on()?;
    watch.progress(2, 4, "sites");
    let reach_m = options.reach();
    let existing = ground.existing(model, options.wanted);
    let cover = Cover::new(
        &ground.people,
        &existing,
        &candidates.places,
        reach_m / options.detour,
        threads,
    );
    let answer = cover.solve(options.count, &go_on)?;
    watch.progress(3, 4, "how sure");
    let sure = uncertain::Sure::of(
        &ground,
        &existing,
        &candidates.places,
        &answer.sites,
        options,
        threads,
        &go_on,
    )?;
    if answer.sites.len() < options.count {
        notes.push(format!(
            "{} sites reach all that the candidates can; {} were asked for",
            answer.sites.len(),
            options.count
        ));
    }
    notes.extend(model.notes().iter().cloned());
    let adds = cover.adds(&answer.sites);
    let sites = answer
        .sites
        .iter()
        .enumerate()
        .map(|(order, &candidate)| {
            let line = candidates.lines.get(candidate);
            Site {
                name: format!("{}-{:02}", options.wanted.noun(), order + 1),
                position: candidates.positions[candidate],
                area: ground.area(model, candidates.places[candidate]),
                lines: line.map(|line| line.names.clone()).unwrap_or_default(),
                routes: line.map(|line| line.routes.clone()).unwrap_or_default(),
                way_round_m: line.map(|line| line.way_round_m),
                adds: people(adds[order]),
                alone: people(cover.only(&answer.sites, order)),
                stays: sure.stays.get(order).copied(),
                in_variants: sure.in_variants[order],
            }
        })
        .collect();
    Ok(Siting {
        options: options.clone(),
        city: model.city_name().unwrap_or_default().to_owned(),
        people: people(ground.people.total()),
        reached_before: people(cover.reached_before()),
        reached_after: people(cover.reached_before() + adds.iter().sum::<u64>()),
        upper_bound: people(cover.reached_before() + answer.bound),
        candidates: candidates.places.len(),
        sites,
        variants: sure.variants,
        notes,
    })
}

/// Thousandths of people as people.
fn people(thousandths: u64) -> f64 {
    thousandths as f64 / 1000.0
}

impl Wanted {
    fn noun(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Clinic => "clinic",
        }
    }
}

impl SitingOptions {
    /// How far one reaches, in metres.
    pub fn reach(&self) -> f64 {
        self.reach_m.unwrap_or(match self.wanted {
            Wanted::Stop => 500.0,
            Wanted::Clinic => 1000.0,
        })
    }
}

fn check(options: &SitingOptions) -> Result<(), RunError> {
    let mut findings = Vec::new();
    let mut within = |place: &str, value: f64, least: f64, most: f64| {
        if !(least..=most).contains(&value) {
            findings.push(Finding {
                place: place.to_owned(),
                what: format!("{value} cannot be"),
                remedy: format!("give a number from {least} to {most}"),
            });
        }
    };
    within("count", options.count as f64, 1.0, 100.0);
    within("reach_m", options.reach(), 50.0, 10_000.0);
    within("detour", options.detour, 1.0, 5.0);
    within("line_m", options.line_m, 0.0, 5000.0);
    within("spacing_m", options.spacing_m, 10.0, 5000.0);
    within("resamples", options.resamples as f64, 0.0, 1000.0);
    within("cost", options.cost, 0.0, 1e12);
    if findings.is_empty() {
        Ok(())
    } else {
        Err(RunError::Findings(findings))
    }
}

//! What can be typed after `mapacha scenario`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use scenarios::siting::Wanted;

use crate::cli::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Run a scenario file and print the comparison
    ///
    /// Every scenario of the file is a copy of the city with its measures; the simulators and the KPIs read that
    /// copy, and what differs from the city as it is, is printed. The city itself is not touched; the results are
    /// stored in it as entities.
    #[command(
        after_help = "Examples:\n  mapacha scenario run kerbs.toml --data-dir ./nairobi\n  mapacha scenario run kerbs.toml --url http://127.0.0.1:8080 --format html -o kerbs.html"
    )]
    Run(Run),
    /// Check a scenario file against the city: what each measure would change; simulate nothing
    #[command(after_help = "Example:\n  mapacha scenario check kerbs.toml --data-dir ./nairobi")]
    Check(Check),
    /// Find the places where new stops or clinics would help most people
    #[command(
        after_help = "Example:\n  mapacha scenario site --count 10 --data-dir ./nairobi --scenario ten-stops.toml"
    )]
    Site(Site),
    /// List the kinds of measures: what each needs to know and which entities it changes
    #[command(after_help = "Example:\n  mapacha scenario kinds")]
    Kinds,
    /// Print the JSON Schema of scenario files
    #[command(after_help = "Example:\n  mapacha scenario schema > scenario.schema.json")]
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The scenario file: TOML or JSON
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
    /// How it is written [default: text, or json with --json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Do not store the run and its results in the twin (with --data-dir: a server keeps every run)
    #[arg(long = "dry-run", conflicts_with = "url")]
    pub(crate) unstored: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The scenario file: TOML or JSON
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Folder,
}

#[derive(Debug, Args)]
pub(crate) struct Site {
    /// How many new places
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) count: u16,
    /// What is placed
    #[arg(long, value_enum, default_value_t = Kind::Stop)]
    pub(crate) kind: Kind,
    #[command(flatten)]
    pub(crate) place: Folder,
    /// Write the places as a scenario file
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// What one costs, for the scenario file
    #[arg(long, value_name = "AMOUNT", default_value_t = 0.0)]
    pub(crate) cost: f64,
    /// How the answer is written [default: text, or json with --json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Places>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The seed of what is drawn by chance
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// A data folder, and whose city in it.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The data folder. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The tenant; without it the default one
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
    /// A running server is not asked: it runs scenarios, and neither checks nor sites
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) url: Option<String>,
}

/// What is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Stops of public transport, near lines that run
    Stop,
    /// Clinics
    Clinic,
}

impl From<Kind> for Wanted {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Stop => Self::Stop,
            Kind::Clinic => Self::Clinic,
        }
    }
}

/// How places are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Places {
    /// A table for people
    Text,
    /// Everything
    Json,
    /// Points for a map
    Geojson,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A summary for people
    Text,
    /// Everything
    Json,
    /// One row for each scenario, indicator and part of the people
    Csv,
    /// One page, to read and to print
    Html,
}

impl Format {
    /// The word for it at the server's door; people's summary is made here, of the JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Text | Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}

impl Scenario {
    /// The data folder that is named.
    pub(crate) fn data_dir(&self) -> Option<&PathBuf> {
        match self {
            Self::Run(run) => run.place.data_dir.as_ref(),
            Self::Check(check) => check.place.data_dir.as_ref(),
            Self::Site(site) => site.place.data_dir.as_ref(),
            Self::Kinds | Self::Schema => None,
        }
    }
}

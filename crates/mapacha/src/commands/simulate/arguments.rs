//! What can be typed after `mapacha simulate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use scenarios::access::survey;

#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    /// Who reaches what: on foot, by wheelchair, by public transport
    ///
    /// Asks the files that you name, or a city in a data folder. What nobody knows is never assumed to be good:
    /// answers are passable, unknown (with the tags that would decide) or blocked (with the reasons).
    /// Exit code 3: there is no solution; the answer is printed all the same.
    #[command(
        subcommand,
        after_help = "Examples:\n  mapacha simulate access isochrone --osm city.osm.pbf --from 9.5209,47.1410 --minutes 15\n  mapacha simulate access route --osm city.osm.pbf --from 9.5209,47.1410 --to 9.5235,47.1372 \\\n      --profile manual-wheelchair\n  mapacha simulate access reach --data-dir ./nairobi --category clinic --metres 1000\n\nEvery question has its own --help."
    )]
    Access(Question),
}

impl Simulate {
    /// The data folder that is named.
    pub(crate) fn data_dir(&self) -> Option<&PathBuf> {
        let Self::Access(question) = self;
        question.common().city.data_dir.as_ref()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// What is reached from a place within minutes or metres: areas, people, metres of street
    #[command(
        after_help = "Examples:\n  mapacha simulate access isochrone --osm city.osm.pbf --from 9.5209,47.1410 --minutes 15 \\\n      --profile manual-wheelchair --format geojson -o reach.geojson\n  mapacha simulate access isochrone --data-dir ./nairobi --from 36.8219,-1.2921 --minutes 45 \\\n      --by transit --time 08:00"
    )]
    Isochrone(Box<Isochrone>),
    /// The share of people who reach a kind of place along the network, by area
    #[command(
        visible_alias = "within",
        after_help = "Examples:\n  mapacha simulate access reach --data-dir ./nairobi\n  mapacha simulate access reach --osm city.osm.pbf --population grid.tif --category pharmacy --metres 800"
    )]
    Reach(Box<Reach>),
    /// From one place to another: passable, unknown or blocked, and what it hangs on
    #[command(
        visible_alias = "answer",
        after_help = "Example:\n  mapacha simulate access route --osm city.osm.pbf --from 9.5209,47.1410 --to 9.5235,47.1372 \\\n      --profile manual-wheelchair"
    )]
    Route(Box<Route>),
    /// What it costs from all of these to all of those, on foot or by public transport
    #[command(
        after_help = "Examples:\n  mapacha simulate access matrix --data-dir ./nairobi --to-category clinic --by transit --time 08:00 \\\n      --format csv -o wards-clinics.csv\n  mapacha simulate access matrix --osm city.osm.pbf --origins homes.csv --destinations shops.csv --metres 2000"
    )]
    Matrix(Box<Matrix>),
    /// The map of missing tags: where a look would tell most people most
    #[command(
        after_help = "Example:\n  mapacha simulate access survey --osm city.osm.pbf --population grid.tif --profile manual-wheelchair \\\n      --category clinic --format geojson -o missing.geojson"
    )]
    Survey(Box<Survey>),
    /// The network itself, edge by edge, to check it with another engine
    #[command(
        after_help = "Example:\n  mapacha simulate access edges --osm city.osm.pbf --format csv -o edges.csv"
    )]
    Edges(Box<Edges>),
}

impl Question {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Isochrone(question) => &question.common,
            Self::Reach(question) => &question.common,
            Self::Route(question) => &question.common,
            Self::Matrix(question) => &question.common,
            Self::Survey(question) => &question.common,
            Self::Edges(question) => &question.common,
        }
    }
}

/// What every question takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) city: City,
    /// Who goes: walking, manual-wheelchair, powered-wheelchair, long-cane, or a JSON file with a profile
    #[arg(long, value_name = "PROFILE", default_value = "walking")]
    pub(crate) profile: String,
    /// How it is written [default: json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The files of a city, or a city.
#[derive(Debug, Args)]
#[command(next_help_heading = "The city: files, or a data folder")]
pub(crate) struct City {
    /// Streets and places: OpenStreetMap, PBF or XML
    #[arg(long, value_name = "FILE")]
    pub(crate) osm: Vec<PathBuf>,
    /// The `admin_level` of the city itself in the OpenStreetMap files [default: 8]
    #[arg(long, value_name = "N", requires = "osm")]
    pub(crate) level: Option<String>,
    /// A timetable: GTFS zip
    #[arg(long, value_name = "FILE")]
    pub(crate) gtfs: Vec<PathBuf>,
    /// Where people live: GeoTIFF, or CSV with lon,lat,population
    #[arg(long, value_name = "FILE")]
    pub(crate) population: Vec<PathBuf>,
    /// The city and its areas: polygons
    #[arg(long, value_name = "FILE")]
    pub(crate) boundaries: Vec<PathBuf>,
    /// Clinics, schools …: points or polygons
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Vec<PathBuf>,
    /// NGSI-LD entities
    #[arg(long, value_name = "FILE")]
    pub(crate) entities: Vec<PathBuf>,
    /// A data folder instead of files
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The tenant in the data folder; without it the default one
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
    /// A running server is not asked: a simulation runs here
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) url: Option<String>,
}

/// How people go, and when.
#[derive(Debug, Args)]
#[command(next_help_heading = "Public transport")]
pub(crate) struct Going {
    /// On foot (or by wheelchair) alone, or by public transport too
    #[arg(long, value_enum, default_value_t = By::Walk)]
    pub(crate) by: By,
    /// When journeys start
    #[arg(long, value_name = "HH:MM", default_value = "08:00")]
    pub(crate) time: String,
    /// The day; without it a Tuesday on which the timetable runs
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) date: Option<String>,
}

/// How far.
#[derive(Debug, Args)]
pub(crate) struct Far {
    /// How far, in metres along the network
    #[arg(
        long,
        value_name = "M",
        conflicts_with = "minutes",
        allow_negative_numbers = true
    )]
    pub(crate) metres: Option<f64>,
    /// How far, in minutes at the profile's speed
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    pub(crate) minutes: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Isochrone {
    /// Where one starts
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    pub(crate) from: String,
    #[command(flatten)]
    pub(crate) far: Far,
    #[command(flatten)]
    pub(crate) going: Going,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// What is reached: stop, clinic, school, park, or a category of places as the twin has it; without it, every
    /// indicator that the city has the data for
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: Option<String>,
    #[command(flatten)]
    pub(crate) far: Far,
    #[command(flatten)]
    pub(crate) going: When,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// When journeys are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Public transport")]
pub(crate) struct When {
    /// When journeys start
    #[arg(long, value_name = "HH:MM", default_value = "08:00")]
    pub(crate) time: String,
    /// The day; without it a Tuesday on which the timetable runs
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) date: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Route {
    /// Where one starts
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    pub(crate) from: String,
    /// Where one wants to go
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) far: Far,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Matrix {
    /// The rows: a CSV with the columns id, lon, lat; without it the middles of the city's areas
    #[arg(long, value_name = "FILE")]
    pub(crate) origins: Option<PathBuf>,
    /// The columns: a CSV with the columns id, lon, lat
    #[arg(long, value_name = "FILE", conflicts_with = "to_category")]
    pub(crate) destinations: Option<PathBuf>,
    /// The columns: the places of a category
    #[arg(long, value_name = "CATEGORY", default_value = "clinic")]
    pub(crate) to_category: String,
    /// On foot: count minutes instead of metres where no limit says it
    #[arg(long)]
    pub(crate) count_minutes: bool,
    #[command(flatten)]
    pub(crate) far: Far,
    #[command(flatten)]
    pub(crate) going: Going,
    /// Threads to work on; 0: all the machine has
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Survey {
    /// What people want to reach: stop, clinic, school, park, or a category of places as the twin has it
    #[arg(long, value_name = "CATEGORY", default_value = "stop")]
    pub(crate) category: String,
    #[command(flatten)]
    pub(crate) far: Far,
    /// So many pieces of way at most, the worthiest first; 0: all
    #[arg(long, value_name = "N", default_value_t = survey::USUAL_MOST)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Edges {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// How people go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// On foot, or as the profile goes
    Walk,
    /// By public transport too
    Transit,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Everything but the map
    Json,
    /// The map, with everything else beside it
    Geojson,
    /// The rows
    Csv,
}

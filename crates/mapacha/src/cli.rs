//! The command line: what can be typed, and its help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The twin of a smart sustainable city, in one program.
///
/// A city keeps its live digital twin (NGSI-LD), reads in the files it has, assesses itself on the U4SSC key
/// performance indicators, and shows the results to everybody.
#[derive(Debug, Parser)]
#[command(
    name = "mapacha",
    version,
    max_term_width = 100,
    after_help = "Start with:\n  mapacha demo                          a whole living city, offline, in seconds\n  mapacha import gtfs feed.zip          your own city's bus network\n  mapacha assess                        what the KPIs say\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done with findings."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print one JSON document on stdout; progress and logs go to stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// A configuration file (TOML); see `mapacha config`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What is logged to stderr: error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open a whole living demo city, offline, in seconds
    ///
    /// Generates a city from a seed, loads it, opens the server and connects simulated sensors over HTTP.
    /// Everything lives in a temporary folder and goes when you press Ctrl-C, unless you give --data-dir.
    #[command(after_help = "Example:\n  mapacha demo --population 20000 --listen 127.0.0.1:9000")]
    Demo(Demo),
    /// Run the server
    ///
    /// With no configuration at all it listens on 127.0.0.1:8080 and keeps the twin in your data home.
    #[command(after_help = "Example:\n  mapacha serve --data-dir ./nairobi --listen 127.0.0.1:8080")]
    Serve(Serve),
    /// Read files into the twin
    ///
    /// Good rows are kept, bad rows are listed with file, row and remedy. Reading the same file again changes
    /// nothing. Exit code 3: at least one row was refused.
    #[command(
        after_help = "Examples:\n  mapacha import gtfs matatu.zip --data-dir ./nairobi\n  mapacha import population population-2025-100m.tif --data-dir ./nairobi\n  mapacha import boundaries wards.geojson --data-dir ./nairobi\n  mapacha import osm nairobi.osm.pbf --data-dir ./nairobi\n  mapacha import observations pm25.csv --data-dir ./nairobi \\\n      --entity urn:ngsi-ld:AirQualityObserved:kibera --attribute pm25 --unit GQ \\\n      --time-column timestamp --value-column P2 --time-zone Africa/Nairobi \\\n      --time-format '%m/%d/%Y %H:%M:%S' --time-format '%m/%d/%Y %H:%M'"
    )]
    Import(Box<Import>),
    /// Assess the city on the U4SSC key performance indicators
    ///
    /// Calculates what the twin's entities can answer, takes reported values for the rest, and says for every
    /// one of the 112 data points what it was computed from, how good it is and what is missing. The results
    /// are stored in the twin.
    #[command(
        after_help = "Examples:\n  mapacha assess --data-dir ./nairobi\n  mapacha assess --data-dir ./nairobi --json > assessment.json\n  mapacha assess --data-dir ./nairobi --format html -o assessment.html"
    )]
    Assess(Assess),
    /// Try measures before paying for them: run scenario files, compare, choose
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha scenario run kerbs.toml --data-dir ./nairobi"
    )]
    Scenario(crate::commands::scenario::Scenario),
    /// Run a simulator on files, or on a city, without a server
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha simulate access isochrone --osm city.osm.pbf --from 9.5209,47.1410 --minutes 15"
    )]
    Simulate(crate::commands::simulate::Simulate),
    /// Make and manage the accounts of people
    #[command(
        subcommand,
        after_help = "Examples:\n  mapacha user setup-code --data-dir ./nairobi\n  mapacha user add wanjiku --role planner --data-dir ./nairobi"
    )]
    User(crate::commands::user::User),
    /// Make and manage the keys of programs
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha key create sensors --role operator --days 365 --data-dir ./nairobi"
    )]
    Key(crate::commands::key::Keys),
    /// Register devices and services, and manage what they may do
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha device add urn:ngsi-ld:Device:lamp-7 --role operator --scope twin.write --data-dir ./nairobi"
    )]
    Device(crate::commands::device::Devices),
    /// Make and keep the certificate authority that signs devices and servers
    #[command(subcommand, after_help = "Example:\n  mapacha ca init --data-dir ./nairobi")]
    Ca(crate::commands::ca::Ca),
    /// Check every checksum and the audit log of a data folder, or an exported audit log
    ///
    /// Recomputes the hash of every entry and of the tree over all of them, for every tenant, and holds the result
    /// against the signed checkpoint. Names the tenant, row and entry that is wrong. Exit code 3: something is.
    #[command(
        after_help = "Examples:\n  mapacha verify --data-dir ./nairobi\n  mapacha verify audit.jsonl --key \"$(cat city.key)\""
    )]
    Verify(Verify),
    /// Take the audit log away in a file that proves itself
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha audit export --data-dir ./nairobi -o audit.jsonl"
    )]
    Audit(Audit),
    /// Check, try, compare and explain policies of access
    #[command(subcommand, after_help = "Example:\n  mapacha policy check north.cedar")]
    Policy(crate::commands::policy::Policy),
    /// Show the rules of retention, what they would delete, and have them run
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha retention preview --data-dir ./nairobi"
    )]
    Retention(crate::commands::retention::Retention),
    /// Check configuration, disk, clock, ports and store, and say what to mend
    ///
    /// With --profile, hold the installation against a law instead: each article, and what the program's checks find. What
    /// no program can check is listed as organisational. Exit code 3: something wants mending.
    #[command(
        after_help = "Examples:\n  mapacha doctor --data-dir ./nairobi\n  mapacha doctor --profile kenya-dpa --data-dir ./nairobi\n  mapacha doctor --profile kenya-dpa --url https://twin.city.example"
    )]
    Doctor(Doctor),
    /// A guideline for the Internet of Things in cities, under a law, to be adapted by a ministry
    #[command(
        subcommand,
        after_help = "Example:\n  mapacha guideline export --profile kenya-dpa -o guideline.md"
    )]
    Guideline(crate::commands::guideline::Guideline),
    /// Print the configuration in force and where each value came from
    ///
    /// Keys are set in a TOML file (--config), by environment variables (MAPACHA__HTTP__LISTEN) and by flags.
    #[command(after_help = "Example:\n  MAPACHA__HTTP__LISTEN=127.0.0.1:9000 mapacha config")]
    Config(Config),
    /// Print the OpenAPI 3.1 document of the HTTP doors
    #[command(after_help = "Example:\n  mapacha openapi > openapi.json")]
    Openapi,
    /// Print what this program is made of: a bill of materials (CycloneDX 1.6, JSON)
    #[command(after_help = "Example:\n  mapacha sbom > mapacha.cdx.json")]
    Sbom,
    /// Print a completion script for your shell
    #[command(after_help = "Example:\n  mapacha completions bash > /etc/bash_completion.d/mapacha")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where the twin is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The data folder; made when missing. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A running server instead of a folder, as in http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) key: Key,
    /// The tenant; without it the default one
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
}

/// By what a server knows who asks.
#[derive(Args, Clone, Default)]
pub(crate) struct Key {
    /// With --url: a key of the server, as `mapacha key create` prints it
    #[arg(long, value_name = "KEY", env = "MAPACHA_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.key.is_some() { "a key" } else { "no key" })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// How many people live there (1 000 to 1 000 000)
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub(crate) population: u32,
    /// The same seed gives the same city
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Keep the city in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The data folder; made when missing. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// NGSI-LD entities: JSON array, object, or one a line
    Entities,
    /// A public transport feed: GTFS zip
    Gtfs,
    /// Inhabitants per cell: GeoTIFF, or CSV with lon,lat,population
    Population,
    /// Areas of the city: GeoJSON, GeoPackage or Shapefile polygons
    Boundaries,
    /// Clinics, schools, parks …: GeoJSON, GeoPackage or Shapefile
    Places,
    /// Readings of one sensor: CSV
    Observations,
    /// Reported KPI values: CSV or XLSX
    Kpi,
    /// Streets, places and areas of OpenStreetMap: .osm.pbf, .osm, .osm.gz
    Osm,
    /// An EPANET network (not in this version)
    #[value(hide = true)]
    Epanet,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// What the files hold
    pub(crate) kind: Kind,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Write every refused row to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) observations: Observations,
    /// gtfs: put this before every id, so that two feeds can live together
    #[arg(long, value_name = "NAME", help_heading = "Other kinds")]
    pub(crate) feed: Option<String>,
    /// population, gtfs, boundaries, places: the year the data are of, where the file does not say
    #[arg(long, value_name = "YYYY", help_heading = "Other kinds")]
    pub(crate) year: Option<i16>,
    /// boundaries, places: the property that holds the name
    #[arg(long, value_name = "NAME", help_heading = "Other kinds")]
    pub(crate) name_property: Option<String>,
    /// boundaries, places: the property that holds the code
    #[arg(long, value_name = "NAME", help_heading = "Other kinds")]
    pub(crate) code_property: Option<String>,
    /// places: the property that holds the category
    #[arg(long, value_name = "NAME", help_heading = "Other kinds")]
    pub(crate) category_property: Option<String>,
    /// boundaries: what the areas are: city, district, ward; osm: the admin_level of the city, usually 8
    #[arg(long, value_name = "LEVEL", help_heading = "Other kinds")]
    pub(crate) level: Option<String>,
    /// boundaries, places: the layer to read, where a GeoPackage or a zip holds several
    #[arg(long, value_name = "NAME", help_heading = "Other kinds")]
    pub(crate) layer: Option<String>,
    /// boundaries, places, population: the coordinate system, as in EPSG:21037, where the file does not say it
    #[arg(long, value_name = "EPSG:CODE", help_heading = "Other kinds")]
    pub(crate) crs: Option<String>,
    /// Who published the files
    #[arg(long, value_name = "TEXT", help_heading = "Other kinds")]
    pub(crate) publisher: Option<String>,
    /// places: the category all of them get
    #[arg(long, value_name = "TEXT", help_heading = "Other kinds")]
    pub(crate) category: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Observations")]
pub(crate) struct Observations {
    /// The entity that observed, as in urn:ngsi-ld:AirQualityObserved:kibera
    #[arg(long, value_name = "URN")]
    pub(crate) entity: Option<String>,
    /// Its type; without it the third part of the URN
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) entity_type: Option<String>,
    /// The attribute observed, as in pm25
    #[arg(long, value_name = "NAME")]
    pub(crate) attribute: Option<String>,
    /// The column that holds the time
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time_column: Option<String>,
    /// The column that holds the value
    #[arg(long, value_name = "COLUMN")]
    pub(crate) value_column: Option<String>,
    /// How the time is written, as in '%d/%m/%Y %H:%M'; may be repeated, tried in this order
    #[arg(long, value_name = "FORMAT")]
    pub(crate) time_format: Vec<String>,
    /// The time zone of times without an offset, as in Africa/Nairobi
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// The unit: a UN/CEFACT code as in GQ, or a text as in µg/m3
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<String>,
    /// Where the sensor stands, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        requires = "latitude"
    )]
    pub(crate) longitude: Option<f64>,
    /// Where the sensor stands, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        requires = "longitude"
    )]
    pub(crate) latitude: Option<f64>,
    /// What stands between the fields, where it is not found out: , ; tab |
    #[arg(long, value_name = "SIGN")]
    pub(crate) delimiter: Option<String>,
    /// Numbers have a decimal comma
    #[arg(long)]
    pub(crate) decimal_comma: bool,
}

/// How an assessment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A summary for people
    Text,
    /// Everything
    Json,
    /// The 112 data points
    Csv,
    /// One page, to read and to print
    Html,
    /// The overview picture
    Svg,
    /// Not in this version
    #[value(hide = true)]
    Pdf,
}

#[derive(Debug, Args)]
pub(crate) struct Assess {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A year, a month or a range: 2018, 2018-09, 2018-09-01/2018-12-31 (last day included). Without it, for each indicator the
    /// latest period that has data
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Option<String>,
    /// How it is written [default: text, or json with --json]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Do not store the results in the twin
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// An exported audit log, instead of a data folder
    #[arg(value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) file: Option<PathBuf>,
    /// The data folder. Default: `mapacha` in your data home
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The key that signs, as `mapacha audit export` or /audit/key gave it before. Without it, the folder's or file's
    /// own word for it is taken
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Write the audit log to a file: JSON lines, the first with the signed checkpoint
    #[command(
        after_help = "Examples:\n  mapacha audit export --data-dir ./nairobi -o audit.jsonl\n  mapacha audit export --url http://127.0.0.1:8080 -o audit.jsonl"
    )]
    Export(AuditExport),
}

#[derive(Debug, Args)]
pub(crate) struct AuditExport {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The data folder to look at
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The address the server would listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Hold it against this law: gdpr, kenya-dpa, malabo, nigeria-ndpa, popia
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// With --profile: a running server instead of a folder, as in http://127.0.0.1:8080; it asks for a key with
    /// `governance.manage`
    #[arg(long, value_name = "URL", conflicts_with = "data_dir", requires = "profile")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Debug, Args)]
pub(crate) struct Config {
    /// Print the JSON Schema of the configuration file instead
    #[arg(long)]
    pub(crate) schema: bool,
    /// As with `serve`: where the twin is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// As with `serve`: where it listens
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

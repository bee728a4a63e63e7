//! `mapacha import`

use formats::{ImportOptions, InputFile, Progress, Report, TwinSink};

use super::remote::Remote;
use crate::cli::{Import, Kind};
use crate::config::Effective;
use crate::output::{Failure, Outcome, interactive, print, say};
use crate::world;

/// So many refused rows are named on stdout; all of them are in the JSON and in `--refused`.
const REFUSALS_SHOWN: usize = 20;

/// Reads files into the twin, here or through a running server.
pub(crate) fn run(arguments: &Import, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let kind = kind(arguments.kind)?;
    let mut options = options(arguments)?;
    for file in &arguments.files {
        if let Err(error) = std::fs::File::open(file) {
            return Err(
                Failure::new(format!("`{}` cannot be read: {error}", file.display()))
                    .remedy("check the path, and that you may read the file"),
            );
        }
    }
    let report = if let Some(url) = &arguments.place.url {
        Remote::new(url, arguments.place.tenant.as_deref(), &arguments.place.key)?.import(
            kind,
            &arguments.files,
            &options,
        )?
    } else {
        let folder = world::data_dir(&effective.config)?;
        let tenants = world::open(&folder, &effective.config)?;
        let twin = world::twin(&tenants, arguments.place.tenant.as_deref())?;
        let view = world::own_view("import");
        let files: Vec<InputFile> = arguments.files.iter().map(InputFile::new).collect();
        options.refusals_file.clone_from(&arguments.refused);
        let bar = Bar::new(json);
        let mut sink = TwinSink::new(&twin, &view);
        let imported = formats::import(kind, &files, &options, &mut sink, &mut |progress| {
            bar.show(progress);
        });
        bar.clear();
        let report = imported.map_err(|error| failure(&error));
        twin.close();
        report?
    };
    if arguments.place.url.is_some() {
        write_refused(arguments, &report)?;
    }
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report.to_text(REFUSALS_SHOWN))?;
    }
    Ok(if report.has_refusals() {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}

fn failure(error: &formats::ImportError) -> Failure {
    match error {
        formats::ImportError::Option(bad) => Failure::usage(format!("--{}: {}", bad.option, bad.why)),
        other => Failure::new(other.what()).remedy(other.remedy()),
    }
}

fn kind(kind: Kind) -> Result<formats::Kind, Failure> {
    let absent = |what: &str| {
        Err(Failure::new(format!("this version cannot read {what}"))
            .remedy("`mapacha import --help` lists the kinds it can read"))
    };
    Ok(match kind {
        Kind::Entities => formats::Kind::Entities,
        Kind::Gtfs => formats::Kind::Gtfs,
        Kind::Population => formats::Kind::Population,
        Kind::Boundaries => formats::Kind::Boundaries,
        Kind::Places => formats::Kind::Places,
        Kind::Observations => formats::Kind::Observations,
        Kind::Kpi => formats::Kind::Kpi,
        Kind::Osm => formats::Kind::Osm,
        Kind::Epanet => return absent("EPANET networks (epanet)"),
    })
}

/// The flags, by the names that the importers know them.
fn options(arguments: &Import) -> Result<ImportOptions, Failure> {
    let observations = &arguments.observations;
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for (name, value) in [
        ("entity", &observations.entity),
        ("type", &observations.entity_type),
        ("attribute", &observations.attribute),
        ("time-column", &observations.time_column),
        ("value-column", &observations.value_column),
        ("time-zone", &observations.time_zone),
        ("unit", &observations.unit),
        ("delimiter", &observations.delimiter),
        ("feed", &arguments.feed),
        ("name-property", &arguments.name_property),
        ("code-property", &arguments.code_property),
        ("category-property", &arguments.category_property),
        ("category", &arguments.category),
        ("level", &arguments.level),
        ("layer", &arguments.layer),
        ("crs", &arguments.crs),
        ("publisher", &arguments.publisher),
    ] {
        pairs.extend(value.iter().map(|value| (name, value.clone())));
    }
    pairs.extend(
        observations
            .time_format
            .iter()
            .map(|format| ("time-format", format.clone())),
    );
    pairs.extend(
        observations
            .longitude
            .iter()
            .map(|degrees| ("longitude", degrees.to_string())),
    );
    pairs.extend(
        observations
            .latitude
            .iter()
            .map(|degrees| ("latitude", degrees.to_string())),
    );
    pairs.extend(arguments.year.iter().map(|year| ("year", year.to_string())));
    if observations.decimal_comma {
        pairs.push(("decimal-comma", "true".into()));
    }
    let options = ImportOptions::from_pairs(pairs)
        .map_err(|error| Failure::usage(format!("--{}: {}", error.option, error.why)))?;
    if matches!(arguments.kind, Kind::Observations) {
        let required = [
            (
                "--entity",
                &options.entity,
                "urn:ngsi-ld:AirQualityObserved:kibera",
            ),
            ("--attribute", &options.attribute, "pm25"),
            ("--time-column", &options.time_column, "timestamp"),
            ("--value-column", &options.value_column, "value"),
        ];
        for (flag, value, example) in required {
            if value.is_none() {
                return Err(
                    Failure::usage(format!("observations need {flag}, as in {flag} {example}"))
                        .remedy("`mapacha import --help` shows a whole example"),
                );
            }
        }
    }
    Ok(options)
}

fn write_refused(arguments: &Import, report: &Report) -> Result<(), Failure> {
    use std::io::Write as _;
    let Some(path) = &arguments.refused else {
        return Ok(());
    };
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for refusal in &report.refused {
        writeln!(file, "{}", serde_json::to_string(refusal)?)?;
    }
    Ok(file.flush()?)
}

/// A progress bar on a terminal, one line a step otherwise, nothing with `--json` into a pipe.
struct Bar {
    drawn: Option<indicatif::ProgressBar>,
    quiet: bool,
    last: std::cell::RefCell<String>,
}

impl Bar {
    fn new(json: bool) -> Self {
        let bar = (interactive() && !json).then(|| {
            let style = indicatif::ProgressStyle::with_template("{spinner} {msg}  {elapsed}");
            let bar = indicatif::ProgressBar::new_spinner();
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        Self {
            drawn: bar,
            quiet: json,
            last: std::cell::RefCell::default(),
        }
    }

    fn show(&self, progress: Progress) {
        if let Some(bar) = &self.drawn {
            bar.set_message(format!(
                "{}: {} read, {} refused",
                progress.file, progress.read, progress.refused
            ));
            bar.tick();
        } else if !self.quiet && *self.last.borrow() != progress.file {
            say(&format!("reading {}", progress.file));
            *self.last.borrow_mut() = progress.file;
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }
}

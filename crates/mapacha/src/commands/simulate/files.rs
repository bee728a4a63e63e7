//! A city out of files: they are imported into a twin in memory, so that files and cities are read by one mapping.

use std::path::PathBuf;
use std::sync::Arc;

use formats::{ImportOptions, InputFile, Kind, Report, TwinSink};
use query::View;
use storage::Memory;
use storage::environment::SystemClock;
use twin::Twin;

use super::arguments::City;
use crate::output::{Failure, say};

/// Imports the files, in an order in which nothing waits for what comes later. The second part says what the reader
/// of an answer should know of the files.
pub(super) fn city(city: &City, view: &View) -> Result<(Twin, Vec<String>), Failure> {
    let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock))?;
    let kinds: [(Kind, &Vec<PathBuf>); 6] = [
        (Kind::Boundaries, &city.boundaries),
        (Kind::Population, &city.population),
        (Kind::Osm, &city.osm),
        (Kind::Places, &city.places),
        (Kind::Gtfs, &city.gtfs),
        (Kind::Entities, &city.entities),
    ];
    let mut warnings = Vec::new();
    for (kind, files) in kinds {
        if files.is_empty() {
            continue;
        }
        let files: Vec<InputFile> = files.iter().map(InputFile::new).collect();
        let options = ImportOptions {
            level: city.level.clone().filter(|_| kind == Kind::Osm),
            ..ImportOptions::default()
        };
        let mut sink = TwinSink::new(&twin, view);
        let report = formats::import(kind, &files, &options, &mut sink, &mut |_| {})
            .map_err(|error| Failure::new(error.what()).remedy(error.remedy().to_owned()))?;
        tell(&report, &mut warnings);
    }
    Ok((twin, warnings))
}

/// Whether any file is named.
pub(super) fn any(city: &City) -> bool {
    [
        &city.osm,
        &city.gtfs,
        &city.population,
        &city.boundaries,
        &city.places,
        &city.entities,
    ]
    .iter()
    .any(|files| !files.is_empty())
}

/// What an import found wrong: on stderr in full, in the answer in a line.
fn tell(report: &Report, warnings: &mut Vec<String>) {
    const SHOWN: usize = 10;
    for refusal in report.refused.iter().take(SHOWN) {
        say(&format!("refused: {refusal}"));
    }
    if report.refused_count > 0 {
        let first = report
            .refused
            .first()
            .map_or_else(String::new, |refusal| format!(" (the first: {refusal})"));
        warnings.push(format!(
            "{}: {} rows were refused and are left out{first}",
            report.files.join(", "),
            report.refused_count
        ));
    }
    warnings.extend(report.warnings.iter().cloned());
}

//! The Nairobi pack, imported as a user imports it.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::{json, test_data};

/// The entity that the readings are imported as.
pub const SENSOR: &str = "urn:ngsi-ld:AirQualityObserved:nairobi";

/// The files, copied into a folder of the test's own so that it can delete them; `None` where they are not here.
///
/// # Panics
/// When they cannot be copied.
pub fn files(folder: &Path) -> Option<PathBuf> {
    let source = test_data("nairobi")?;
    let target = folder.join("files");
    std::fs::create_dir_all(&target).expect("a folder");
    for entry in std::fs::read_dir(source).expect("a folder").flatten() {
        let copy = target.join(entry.file_name());
        std::fs::write(&copy, std::fs::read(entry.path()).expect("a file")).expect("a copy");
    }
    Some(target)
}

/// What follows `mapacha import` for each file, with the kind first.
pub fn imports(files: &Path) -> Vec<Vec<String>> {
    let file = |name: &str| files.join(name).display().to_string();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut observations = words("observations");
    observations.push(file("air-quality-pm25-2018.csv"));
    observations.extend(words(&format!(
        "--entity {SENSOR} --attribute pm25 --unit GQ --time-zone Africa/Nairobi"
    )));
    observations.extend(words("--time-column timestamp --value-column P2"));
    for format in ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"] {
        observations.extend(["--time-format".to_owned(), format.to_owned()]);
    }
    vec![
        vec!["boundaries".into(), file("wards.geojson")],
        vec!["population".into(), file("population-2025-100m.tif")],
        vec!["gtfs".into(), file("gtfs-2019.zip")],
        vec!["places".into(), file("health-facilities.geojson")],
        observations,
    ]
}

/// Imports everything into a data folder; one report for each file.
pub fn import(files: &Path, data_dir: &Path) -> Vec<Json> {
    imports(files)
        .into_iter()
        .map(|words| {
            let mut line = vec!["import".to_owned()];
            line.extend(words);
            line.extend(["--data-dir".to_owned(), data_dir.display().to_string()]);
            json(line)
        })
        .collect()
}

//! The main job, end to end: Nairobi from files to an assessment, held against brute force.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use std::path::Path;

use black_box::{Server, json, nairobi, oracle, run};
use serde_json::Value as Json;

fn row<'a>(assessment: &'a Json, kpi: &str, data_point: Option<&str>) -> &'a Json {
    let rows = assessment["data_points"].as_array().expect("data points");
    let wanted = |row: &&Json| row["kpi"] == kpi && row["data_point"].as_str() == data_point;
    rows.iter()
        .find(wanted)
        .unwrap_or_else(|| panic!("{kpi} {data_point:?} is not there"))
}

fn close(ours: &Json, theirs: f64, relative: f64, what: &str) {
    let ours = ours
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: {ours} is no number"));
    assert!(
        (ours - theirs).abs() <= relative * theirs.abs(),
        "{what}: {ours}, by brute force {theirs}"
    );
}

fn rows_read(report: &Json, name: &str) -> u64 {
    report["rows"][name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} is not in {}", report["rows"]))
}

#[test]
fn nairobi_from_files_to_an_assessment() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(files) = nairobi::files(folder.path()) else {
        return;
    };
    let data = folder.path().join("data");
    let file = |name: &str| files.join(name);

    // What is in the files, read by naive readers.
    let areas = oracle::areas(&file("wards.geojson"));
    let cells = oracle::cells(&file("population-2025-100m.tif"));
    let zip = file("gtfs-2019.zip");
    let stops = oracle::served_stops(&zip);
    let shapes = oracle::shapes(&zip);
    let (readings, mean) = oracle::mean_reading(&file("air-quality-pm25-2018.csv"));
    assert_eq!((areas.len(), cells.len(), readings), (84, 64_666, 32_907));
    assert_eq!((stops.len(), shapes.len()), (4_273, 272));

    let reports = nairobi::import(&files, &data);
    assert_eq!(reports[0]["by_type"]["AdministrativeArea"]["made"], 84);
    assert_eq!(
        reports[2]["by_type"]["GtfsStop"]["made"].as_u64().unwrap_or(0)
            + reports[2]["by_type"]["GtfsStation"]["made"].as_u64().unwrap_or(0),
        4_284
    );
    assert_eq!(reports[2]["by_type"]["GtfsTrip"]["made"], 272);
    assert_eq!(rows_read(&reports[2], "shapes.txt"), 36_483);
    assert_eq!(
        reports[4]["made"].as_u64(),
        Some(32_907 + reports[4]["datasets"].as_array().map_or(0, Vec::len) as u64),
        "{}",
        reports[4]
    );

    // Twice changes nothing.
    for report in nairobi::import(&files, &data) {
        assert_eq!(
            (&report["made"], &report["updated"]),
            (&Json::from(0), &Json::from(0)),
            "{report}"
        );
    }

    // From the twin alone.
    std::fs::remove_dir_all(&files).expect("the files are deleted");
    let data_dir = data.display().to_string();
    let assessment = json(["assess", "--data-dir", &data_dir]);
    assert_eq!(assessment["data_points"].as_array().map(Vec::len), Some(112));
    assert_eq!(assessment["coverage"]["total"], 112);
    assert_eq!(assessment["coverage"]["reported"], 3);

    // EC: I: T: 2A, the city and every ward.
    let mut city = (0.0, 0.0);
    let mut wards = vec![(0.0, 0.0); areas.len()];
    for cell in &cells {
        let inside: Vec<usize> = (0..areas.len())
            .filter(|ward| areas[*ward].contains(cell.centre))
            .collect();
        if inside.is_empty() {
            continue;
        }
        let served = if oracle::near_a_stop(cell.centre, &stops) {
            cell.people
        } else {
            0.0
        };
        city = (city.0 + served, city.1 + cell.people);
        for ward in inside {
            wards[ward] = (wards[ward].0 + served, wards[ward].1 + cell.people);
        }
    }
    let convenience = row(&assessment, "EC: I: T: 2A", None);
    close(
        &convenience["value"],
        100.0 * city.0 / city.1,
        1e-6,
        "EC: I: T: 2A",
    );
    assert_eq!(convenience["status"], "calculated");
    let values = assessment["areas"].as_array().expect("areas");
    let in_areas: Vec<&Json> = values
        .iter()
        .filter(|value| value["kpi"] == "EC: I: T: 2A")
        .collect();
    assert_eq!(in_areas.len(), 84);
    for (ward, (served, people)) in areas.iter().zip(&wards) {
        let by_name = |area: &&Json| {
            area["name"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(&ward.name))
        };
        let candidates: Vec<&Json> = in_areas.iter().copied().filter(by_name).collect();
        assert!(!candidates.is_empty(), "{} is among the areas", ward.name);
        let expected = 100.0 * served / people;
        let agrees = candidates.iter().any(|area| {
            let value = area["value"].as_f64();
            value.is_some_and(|value| (value - expected).abs() <= 1e-6 * expected.abs().max(1.0))
        });
        assert!(
            agrees,
            "{} ({}): by brute force {expected}: {candidates:?}",
            ward.name, ward.code
        );
    }

    // EC: I: T: 1C and what it would be with other widths.
    let network = row(&assessment, "EC: I: T: 1C", None);
    let km = oracle::corridor_km(&shapes, 10.0, [36.85, -1.27]);
    close(&network["value"], km / (city.1 / 100_000.0), 0.01, "EC: I: T: 1C");
    assert!(
        network["sensitivity"].to_string().contains("15"),
        "{}",
        network["sensitivity"]
    );

    // EN: EN: AQ: 1C, PM2.5.
    let air = row(&assessment, "EN: EN: AQ: 1C", Some("PM2.5"));
    close(&air["value"], mean, 1e-6, "EN: EN: AQ: 1C PM2.5");
    close(&air["index"], mean / 5.0 * 100.0, 1e-6, "the index");
    close(
        &air["coverage"]["temporal_pct"],
        32_907.0 * 5.0 / (365.0 * 24.0 * 60.0) * 100.0,
        0.01,
        "temporal coverage",
    );
    assert_eq!(air["quality"], "estimate_on_assumptions");

    // The years of the sources.
    let years = |row: &Json| row["vintages"].to_string();
    assert!(
        years(air).contains("2018") && !years(air).contains("2025"),
        "{}",
        years(air)
    );
    assert!(
        years(convenience).contains("2019") && years(convenience).contains("2025"),
        "{}",
        years(convenience)
    );

    // What is not known is said to be not known.
    let unknown = row(&assessment, "EN: EN: AQ: 1C", Some("NO2"));
    assert_eq!(
        (&unknown["status"], &unknown["value"]),
        (&Json::from("not_reported"), &Json::Null)
    );

    results_are_entities_with_history(&data, &assessment);
}

fn results_are_entities_with_history(data: &Path, assessment: &Json) {
    let server = Server::over(data);
    let (status, results) = server.get("/ngsi-ld/v1/entities?type=KeyPerformanceIndicator&limit=500");
    assert_eq!(status, 200);
    let of_air =
        results.as_array().expect("entities").iter().find(|entity| {
            entity["kpi"]["value"] == "EN: EN: AQ: 1C" && entity["dataPoint"]["value"] == "PM2.5"
        });
    let id = of_air.expect("the result is an entity")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let id = id.replace('%', "%25");
    let (status, history) = server.get(&format!("/ngsi-ld/v1/temporal/entities/{id}?attrs=kpiValue"));
    assert_eq!(status, 200, "{history}");
    let expected = row(assessment, "EN: EN: AQ: 1C", Some("PM2.5"))["value"]
        .as_f64()
        .expect("a number");
    assert!(
        history["kpiValue"].to_string().contains(&expected.to_string()),
        "{history}"
    );

    // The temporal evolution of the sensor comes from disk: this process never saw the import.
    let path = format!("/ngsi-ld/v1/temporal/entities/{}", nairobi::SENSOR);
    let (status, readings) = server.get(&format!(
        "{path}?attrs=pm25&timerel=before&timeAt=2018-08-31T21:15:00Z"
    ));
    assert_eq!(status, 200);
    let values: Vec<_> = readings["pm25"]
        .as_array()
        .expect("instances")
        .iter()
        .map(|i| i["value"].clone())
        .collect();
    assert_eq!(
        values,
        [34.43, 30.53, 22.8].map(Json::from),
        "00:00, 00:05 and 00:10 in Nairobi"
    );
    let (_, last) = server.get(&format!("{path}?attrs=pm25&lastN=1"));
    assert!(
        last["pm25"].to_string().contains("2018-12-31T20:55:05Z"),
        "{last}"
    );
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took.as_secs() < 5, "{took:?}");
}

fn everything(server: &Server) -> Vec<Json> {
    let mut all = Vec::new();
    loop {
        let (status, page) = server.get(&format!("/ngsi-ld/v1/entities?limit=1000&offset={}&local=true&type=GtfsStop,GtfsStation,GtfsStopTime,GtfsTrip,GtfsRoute,GtfsShape,GtfsFrequency,GtfsAgency,GtfsService,GtfsCalendarRule,GtfsCalendarDateRule,AdministrativeArea,PointOfInterest,PopulationGrid,AirQualityObserved,Dataset", all.len()));
        assert_eq!(status, 200, "{page}");
        let page = page.as_array().expect("entities").clone();
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    all.sort_by_key(|entity| entity["id"].to_string());
    all
}

#[test]
fn killed_imports_done_again_are_one_clean_import() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(files) = nairobi::files(folder.path()) else {
        return;
    };
    let clean = folder.path().join("clean");
    nairobi::import(&files, &clean);
    let torn = folder.path().join("torn");
    let cycles = if std::env::var_os("MAPACHA_TORTURE").is_some() {
        20
    } else {
        2
    };
    for cycle in 0..cycles {
        for (which, words) in nairobi::imports(&files).into_iter().enumerate() {
            let mut child = black_box::mapacha(["import"])
                .args(words)
                .arg("--data-dir")
                .arg(&torn)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("it starts");
            // Another instant each time: 15 ms to 400 ms into the import.
            let instant = 15 + (cycle * 97 + which as u64 * 71) % 385;
            std::thread::sleep(std::time::Duration::from_millis(instant));
            let _ = child.kill();
            let _ = child.wait();
        }
    }
    nairobi::import(&files, &torn);
    let clean = Server::over(&clean);
    let torn = Server::over(&torn);
    assert_eq!(everything(&clean), everything(&torn));
    let path = format!(
        "/ngsi-ld/v1/temporal/entities/{}?attrs=pm25&options=aggregatedValues&aggrMethods=totalCount,sum",
        nairobi::SENSOR
    );
    let (one, other) = (clean.get(&path).1, torn.get(&path).1);
    assert_eq!(one, other);
    assert_eq!(one["pm25"]["totalCount"][0][0], 32_907, "{one}");
}

#[test]
fn import_through_a_running_server_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(files) = nairobi::files(folder.path()) else {
        return;
    };
    let server = Server::start(
        black_box::mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data")),
    );
    for words in nairobi::imports(&files) {
        let mut line = vec!["import".to_owned()];
        line.extend(words);
        line.extend(["--url".to_owned(), server.url.clone()]);
        let report = json(line);
        assert!(report["made"].as_u64().is_some_and(|made| made > 0), "{report}");
    }
    let assessment = json(["assess", "--url", &server.url]);
    assert_eq!(assessment["coverage"]["reported"], 3);
    // The folder is in use: a second process is told what to do.
    let data = folder.path().join("data").display().to_string();
    let output = run(["assess", "--data-dir", &data]);
    let (code, _, stderr) = black_box::told(&output);
    assert_eq!(code, 1);
    assert!(stderr.contains("--url"), "{stderr}");
}

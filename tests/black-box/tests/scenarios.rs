//! Scenarios as a planner meets them: over HTTP, on the demo city, with faults, cancellation and a power cut.

#![allow(
    clippy::duration_suboptimal_units,
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
use std::time::{Duration, Instant};

use black_box::{Server, client, mapacha};
use serde_json::{Value as Json, json};

/// The demo city, kept in a folder.
fn demo(folder: &Path) -> Server {
    let mut command = mapacha([
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--population",
        "4000",
        "--data-dir",
    ]);
    Server::start(command.arg(folder))
}

/// Sends a scenario file; gives status, body and `Location`.
fn send(server: &Server, path: &str, file: &str) -> (u16, Json, String) {
    let request = client()
        .post(format!("{}{path}", server.url))
        .header("content-type", "application/toml");
    let answer = request.body(file.to_owned()).send().expect("the server answers");
    let location = answer
        .headers()
        .get("location")
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().unwrap()).unwrap_or_default(),
        location,
    )
}

fn finished(server: &Server, run: &str) -> Json {
    let started = Instant::now();
    loop {
        let (status, json) = server.get(run);
        assert_eq!(status, 200, "{json}");
        if ["done", "failed", "cancelled"].contains(&json["status"].as_str().unwrap()) {
            return json;
        }
        assert!(started.elapsed() < Duration::from_secs(180), "{json}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A clinic where people are, and a park.
fn file(server: &Server) -> String {
    let (_, places) =
        server.get("/ngsi-ld/v1/entities?type=PointOfInterest&q=category==%22clinic%22&format=simplified");
    let at = &places[0]["location"]["coordinates"];
    let (lon, lat) = (
        at[0].as_f64().expect("a clinic"),
        at[1].as_f64().expect("a clinic"),
    );
    format!(
        "schema = 1\ntitle = \"A clinic or a park\"\ncurrency = \"USD\"\n\n\
         [[measure]]\nname = \"clinic\"\nkind = \"new-place\"\ncost = 90000\nwith.category = \"clinic\"\n\
         with.place_name = \"North clinic\"\nwith.at = [{}, {}]\n\n\
         [[measure]]\nname = \"park\"\nkind = \"new-place\"\ncost = 20000\nwith.category = \"park\"\n\
         with.at = [{lon}, {lat}]\n\n\
         [[scenario]]\nname = \"clinic\"\nmeasures = [\"clinic\"]\n\n\
         [[scenario]]\nname = \"park\"\nmeasures = [\"park\"]\n\n\
         [[scenario]]\nname = \"both\"\nmeasures = [\"clinic\", \"park\"]\n",
        lon + 0.008,
        lat + 0.006
    )
}

#[test]
fn a_planner_tries_measures_and_the_city_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = demo(&folder.path().join("data"));
    let file = file(&server);
    let clinics = || {
        server
            .get("/ngsi-ld/v1/entities?type=PointOfInterest&limit=1000&format=simplified")
            .1
    };
    let before = clinics();

    let (status, problem, _) = send(
        &server,
        "/scenarios/runs",
        &file.replace("new-place", "new-palace"),
    );
    assert_eq!(status, 400);
    assert!(
        problem["findings"]
            .as_array()
            .is_some_and(|findings| findings.len() == 2),
        "{problem}"
    );

    let (status, asked, run) = send(&server, "/scenarios/runs", &file);
    assert_eq!(status, 202, "{asked}");
    let done = finished(&server, &run);
    assert_eq!(done["status"], "done", "{done}");
    let (_, result) = server.get(&format!("{run}/result"));
    let names: Vec<&str> = result["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["clinic", "park", "both"]);
    let of = |scenario: usize, indicator: &str| {
        let all = result["scenarios"][scenario]["differences"].as_array().unwrap();
        let one = all
            .iter()
            .find(|one| one["indicator"] == indicator)
            .expect("the indicator");
        one["difference"].as_f64().unwrap_or(0.0)
    };
    assert!(
        of(0, "clinic-walk") > 0.0,
        "a clinic where people live brings some of them within reach"
    );
    assert!((of(1, "clinic-walk")).abs() < 1e-9, "a park does not");
    assert!(
        (of(0, "clinic-walk") - of(2, "clinic-walk")).abs() < 1e-9,
        "nor beside a clinic"
    );

    // The same query shows the clinic in the scenario and nowhere else.
    let query = "type=PointOfInterest&q=name==%22North%20clinic%22&format=simplified";
    assert_eq!(
        server
            .get(&format!("{run}/entities?scenario=clinic&{query}"))
            .1
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        server.get(&format!("{run}/entities?scenario=park&{query}")).1,
        json!([])
    );
    assert_eq!(server.get(&format!("/ngsi-ld/v1/entities?{query}")).1, json!([]));
    assert_eq!(clinics(), before, "the city is as it was");

    for format in ["csv", "html"] {
        let answer = client()
            .get(format!("{}{run}/result?format={format}", server.url))
            .send()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{format}");
        assert!(answer.text().unwrap().contains("clinic-walk") || format == "html");
    }
    // As a browser asks.
    for (path, part) in [
        ("/scenarios", "<h1"),
        (run.as_str(), "c-mark"),
        ("/reach", "r-passable"),
    ] {
        let answer = client()
            .get(format!("{}{path}", server.url))
            .header("accept", "text/html")
            .send()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        assert!(answer.text().unwrap().contains(part), "{path}");
    }
    // The ready scenarios of the demo are there, and each can be run.
    let started = Instant::now();
    let ready = loop {
        let (_, page) = server.get("/scenarios");
        let items = page["items"].as_array().unwrap().clone();
        if !items.is_empty() {
            break items;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the demo brings scenarios"
        );
        std::thread::sleep(Duration::from_millis(200));
    };
    let first = format!("/scenarios/{}/runs", ready[0]["id"].as_str().unwrap());
    let (status, asked, run) = send(&server, &first, "");
    assert_eq!(status, 202, "{asked}");
    assert_eq!(finished(&server, &run)["status"], "done");
}

#[test]
fn a_run_outlives_a_power_cut_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = demo(&data);
    let file = file(&server);
    let runs: Vec<String> = (0..4)
        .map(|number| {
            let (status, asked, run) = send(
                &server,
                "/scenarios/runs",
                &file.replace("or a park", &number.to_string()),
            );
            assert_eq!(status, 202, "{asked}");
            run
        })
        .collect();
    // One of them is cancelled while others work or wait.
    let (status, _) = server.send("POST", &format!("{}/cancel", runs[2]), &json!({}));
    assert_eq!(status, 200);
    server.kill();

    let server = Server::over(&data);
    for (index, run) in runs.iter().enumerate() {
        let done = finished(&server, run);
        let expected = if index == 2 {
            ["cancelled", "done"]
        } else {
            ["done", "done"]
        };
        assert!(expected.contains(&done["status"].as_str().unwrap()), "{done}");
    }
    let (status, _) = server.get(&format!("{}/result", runs[3]));
    assert_eq!(status, 200);
    // What a run wrote are runs and results alone.
    let (_, types) = server.get("/ngsi-ld/v1/types");
    assert!(
        types.to_string().contains("ScenarioRun") && types.to_string().contains("ScenarioResult"),
        "{types}"
    );
    let (status, _) = server.send("DELETE", &runs[3], &json!({}));
    assert_eq!(status, 204);
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn the_server_stops_while_a_run_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = demo(&data);
    let file = file(&server);
    let (_, _, run) = send(&server, "/scenarios/runs", &file);
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(20), "{took:?}");
    let server = Server::over(&data);
    assert_eq!(finished(&server, &run)["status"], "done");
}

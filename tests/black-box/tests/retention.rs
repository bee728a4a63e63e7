//! Retention under kill -9: what a run that was cut off left, the next one takes, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    reason = "a suite fails by panicking and says why"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use black_box::{Server, client, json, run, told};
use serde_json::{Value, json as body};

const ENTITIES: u64 = 8;
const OLD: u64 = 2_500;
const YOUNG: u64 = 40;

/// A city with values of years ago, and of a day that is still far.
fn fill(data: &Path) {
    let server = Server::over(data);
    for which in 0..ENTITIES {
        let mut values = Vec::new();
        for number in 0..OLD {
            let at = format!(
                "2001-01-{:02}T{:02}:{:02}:00Z",
                1 + number / 1_440,
                number / 60 % 24,
                number % 60
            );
            values.push(body!({"type": "Property", "value": number, "observedAt": at}));
        }
        for number in 0..YOUNG {
            let at = format!("2999-01-01T00:{number:02}:00Z");
            values.push(body!({"type": "Property", "value": number, "observedAt": at}));
        }
        let entity = body!({"id": format!("urn:ngsi-ld:Meter:{which}"), "type": "Meter", "level": values});
        let (status, told) = server.send("POST", "/ngsi-ld/v1/temporal/entities", &entity);
        assert_eq!(status, 201, "{told}");
    }
    let rule = body!({"name": "Levels", "types": ["Meter"], "what": "history", "keep": "P1Y"});
    let (status, told) = server.send("POST", "/governance/retention", &rule);
    assert_eq!(status, 201, "{told}");
}

/// How many values each entity has.
fn counts(server: &Server) -> Vec<usize> {
    let count = |which: u64| {
        let (_, entity) = server.get(&format!(
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Meter:{which}"
        ));
        entity["level"].as_array().map_or(0, Vec::len)
    };
    (0..ENTITIES).map(count).collect()
}

/// Waits until the latest run is done and none runs, and gives them all, as seen at that moment:
/// a server just started may begin its own run at any time.
fn settled(server: &Server) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let (_, runs) = server.get("/governance/retention-runs");
        let runs = runs.as_array().expect("runs");
        if runs.last().is_some_and(|run| run["state"] == "done")
            && runs.iter().all(|run| run["state"] != "running")
        {
            return runs.clone();
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{runs:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_run_that_was_killed_is_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fill(&data);
    let mut cut_off = 0;
    for cycle in 0..4_u64 {
        // It runs at the start by itself; another is asked for, should that be done already.
        let server = Server::over(&data);
        let url = format!("{}/governance/retention-runs", server.url);
        let asking = std::thread::spawn(move || {
            let request = client().post(url).header("content-type", "application/json");
            let _ = request.body("{}").send(); // it is cut off
        });
        std::thread::sleep(Duration::from_millis(20 + cycle * 60));
        server.kill();
        asking.join().expect("nobody panicked");
    }
    let server = Server::over(&data);
    let runs = settled(&server);
    let run = runs.last().expect("one at least");
    assert_eq!(run["rules"][0]["left"], body!(0), "{run}");
    for run in &runs {
        assert!(run["state"] == "done" || run["state"] == "interrupted", "{run}");
        cut_off += usize::from(run["state"] == "interrupted");
    }
    println!("{cut_off} of {} runs were cut off", runs.len());
    let young = usize::try_from(YOUNG).expect("small");
    let all = usize::try_from(ENTITIES).expect("small");
    assert_eq!(counts(&server), vec![young; all], "as one run would leave it");
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    // The command line sees the same, in the folder.
    let place = data.display().to_string();
    let preview = json(["retention", "preview", "--data-dir", &place]);
    assert_eq!(
        (&preview[0]["rule"], &preview[0]["instances"]),
        (&body!("levels"), &body!(0)),
        "{preview}"
    );
    let rules = json(["retention", "list", "--data-dir", &place]);
    assert_eq!(rules[0]["keep"], "P1Y");
    let ran = json(["retention", "run", "levels", "--data-dir", &place]);
    assert_eq!(ran["state"], "done", "{ran}");
}

#[test]
fn a_misspelt_folder_is_named_and_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nairobbi");
    for words in [
        ["retention", "list"],
        ["retention", "preview"],
        ["retention", "run"],
    ] {
        let place = nowhere.display().to_string();
        let (code, _, error) = told(&run(words.into_iter().chain(["--data-dir", &place])));
        assert_eq!(code, 1, "{error}");
        assert!(
            error.contains("there is no data folder") && error.contains("nairobbi"),
            "{error}"
        );
        assert!(!nowhere.exists());
    }
}

//! The API of scenarios: files, runs, results, and the city as it would be, over a generated city in memory.

use std::time::{Duration, Instant};

use demo_city::City as DemoCity;
use formats::{ImportOptions, InputFile, Kind, TwinSink};
use query::{Caller, View};
use serde_json::{Value, json};
use twin::Operation;

use crate::common::{City, Reply};

const FILE: &str = "schema = 1\ntitle = \"A park\"\nindicators = [\"park-walk\"]\n\n[[measure]]\nname = \"green\"\n\
    kind = \"new-place\"\ncost = 1000\nwith.category = \"park\"\nwith.at = [36.82, -1.28]\n";

async fn put(city: &City, path: &str, headers: &[(&str, &str)], file: &str) -> Reply {
    let mut all = vec![("content-type", "application/toml")];
    all.extend_from_slice(headers);
    let method = if path == "/scenarios" || path.ends_with("/runs") {
        "POST"
    } else {
        "PUT"
    };
    city.ask(method, path, &all, Some(file)).await
}

/// A small city with streets, people, buses, clinics.
async fn living() -> (City, DemoCity) {
    let city = City::new();
    let demo = DemoCity::generate(5, 3000);
    let twin = city.app.twin(None).unwrap();
    let demo = tokio::task::spawn_blocking(move || {
        let view = View::open(Caller::System("test"), "test");
        let folder = tempfile::tempdir().unwrap();
        let files = [
            (Kind::Gtfs, "feed.zip", demo.gtfs_zip()),
            (Kind::Population, "people.tif", demo.population_geotiff()),
        ];
        for (kind, name, content) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let options = ImportOptions {
                year: Some(demo.year()),
                ..ImportOptions::default()
            };
            let mut sink = TwinSink::new(&twin, &view);
            formats::import(kind, &[InputFile::new(&path)], &options, &mut sink, &mut |_| {}).unwrap();
        }
        for outcome in twin.execute_blocking(&view, demo.entities().map(Operation::Import).collect()) {
            outcome.unwrap();
        }
        demo
    });
    (city, demo.await.unwrap())
}

async fn finished(city: &City, path: &str) -> Value {
    let started = Instant::now();
    loop {
        let run = city.get(path).await.json();
        if !["queued", "running"].contains(&run["status"].as_str().unwrap()) {
            return run;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "{run}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_kept_read_replaced_and_deleted() {
    let city = City::new();
    let made = put(&city, "/scenarios", &[], FILE).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").to_owned();
    assert_eq!(path, "/scenarios/urn:ngsi-ld:Scenario:a-park");
    let again = put(&city, "/scenarios", &[], FILE).await;
    assert_eq!(
        again.header("location"),
        "/scenarios/urn:ngsi-ld:Scenario:a-park-2",
        "another one"
    );

    let read = city.get(&path).await;
    assert_eq!(read.json()["file"], FILE);
    let etag = read.header("etag").to_owned();
    let known = city.ask("GET", &path, &[("if-none-match", &etag)], None).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let text = city
        .ask("GET", &path, &[("accept", "application/toml")], None)
        .await;
    assert_eq!(
        (text.header("content-type"), text.text().as_str()),
        ("application/toml", FILE)
    );
    // It is an entity like any other.
    let entity = city
        .get("/ngsi-ld/v1/entities?type=Scenario&format=simplified&limit=1")
        .await
        .json();
    assert_eq!(
        (&entity[0]["title"], &entity[0]["file"]),
        (&json!("A park"), &json!(FILE))
    );

    let other = FILE.replace("A park", "A garden");
    let refused = put(&city, &path, &[("if-match", "\"0\"")], &other).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (412, "application/problem+json")
    );
    let replaced = put(&city, &path, &[("if-match", &etag)], &other).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text());
    assert_ne!(replaced.header("etag"), etag);
    assert_eq!(city.get(&path).await.json()["title"], "A garden");
    let stale = city.ask("DELETE", &path, &[("if-match", &etag)], None).await;
    assert_eq!(stale.status, 412);
    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(city.ask(method, &path, &[], None).await.status, 404);
    }
    assert_eq!(
        put(&city, &path, &[], FILE).await.status,
        404,
        "only what is there is replaced"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_file_is_refused_with_all_its_faults() {
    let city = City::new();
    let bad = FILE
        .replace("new-place", "new-palace")
        .replace("cost = 1000", "cost = -1");
    for path in ["/scenarios", "/scenarios/runs"] {
        let refused = put(&city, path, &[], &bad).await;
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (400, "application/problem+json")
        );
        let problem = refused.json();
        let findings = problem["findings"].as_array().unwrap();
        assert!(findings.len() >= 2, "{problem}");
        for finding in findings {
            for member in ["place", "what", "remedy"] {
                assert!(!finding[member].as_str().unwrap().is_empty(), "{finding}");
            }
        }
        for bad in ["", "schema", "{", "schema = 2\ntitle = 'x'", "\u{0}"] {
            assert_eq!(put(&city, path, &[], bad).await.status, 400, "{bad}");
        }
        let headers = [("content-type", "application/toml")];
        let binary = city
            .ask_bytes("POST", path, &headers, Some(b"title = \"\xff\""))
            .await;
        assert_eq!(binary.status, 400);
        let long = "#".repeat((1 << 20) + 1);
        assert_eq!(put(&city, path, &[], &long).await.status, 413);
    }
    assert_eq!(city.get("/scenarios").await.json()["items"], json!([]));
    assert_eq!(city.get("/scenarios/runs").await.json()["items"], json!([]));
    for path in [
        "/scenarios/urn:x",
        "/scenarios/nonsense",
        "/scenarios/runs/urn:x",
        "/scenarios/runs/urn:x/result",
    ] {
        assert_eq!(city.get(path).await.status, 404, "{path}");
    }
    let nobody = city
        .ask("GET", "/scenarios", &[("ngsild-tenant", "nobody")], None)
        .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_twice_with_one_key_is_asking_once() {
    let city = City::new();
    let key = [("idempotency-key", "\"k-1\"")];
    let first = put(&city, "/scenarios", &key, FILE).await;
    let again = put(&city, "/scenarios", &key, FILE).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.header("location"), again.header("location"));
    let other = put(&city, "/scenarios", &key, &FILE.replace("A park", "B")).await;
    assert_eq!(other.status, 422, "{}", other.text());
    assert_eq!(
        city.get("/scenarios").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        put(&city, "/scenarios", &[("idempotency-key", "")], FILE)
            .await
            .status,
        400
    );

    let first = put(&city, "/scenarios/runs", &key, FILE).await;
    let again = put(&city, "/scenarios/runs", &key, FILE).await;
    assert_eq!((first.status, again.status), (202, 202), "{}", again.text());
    assert_eq!(first.header("location"), again.header("location"));
    let other = put(&city, "/scenarios/runs", &key, &FILE.replace("A park", "B")).await;
    assert_eq!(other.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_read_page_by_page() {
    let city = City::new();
    for number in 0..7 {
        put(
            &city,
            "/scenarios",
            &[],
            &FILE.replace("A park", &format!("Park {number}")),
        )
        .await;
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = city.get(&format!("/scenarios?limit=3&cursor={cursor}")).await;
        let json = page.json();
        seen.extend(
            json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["title"].as_str().unwrap().to_owned()),
        );
        let Some(next) = json["next"].as_str() else {
            assert!(page.header("link").is_empty());
            break;
        };
        assert!(page.header("link").contains("rel=\"next\""));
        cursor = next.to_owned();
    }
    let expected: Vec<String> = (0..7).map(|number| format!("Park {number}")).collect();
    assert_eq!(seen, expected);
    for bad in ["limit=0", "limit=x", "limit=9999", "cursor=!"] {
        assert_eq!(city.get(&format!("/scenarios?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_can_hold_is_told() {
    let city = City::new();
    let schema = city.get("/scenarios/schema").await;
    assert_eq!(
        (schema.status, schema.header("content-type")),
        (200, "application/schema+json")
    );
    assert!(schema.json()["properties"]["measure"].is_object());
    let kinds = city.get("/scenarios/kinds").await.json();
    let named = |name: &str| {
        kinds["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .any(|kind| kind["name"] == name)
    };
    assert!(named("kerb-ramp") && named("new-stop"));
    let indicators = city.get("/scenarios/indicators").await.json();
    assert!(
        indicators
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["id"] == "clinic-wheelchair")
    );
    let described = city.get("/openapi.json").await.json();
    for path in [
        "/scenarios",
        "/scenarios/{id}",
        "/scenarios/{id}/runs",
        "/scenarios/runs",
        "/scenarios/runs/{id}",
        "/scenarios/runs/{id}/cancel",
        "/scenarios/runs/{id}/result",
        "/scenarios/runs/{id}/entities",
        "/scenarios/runs/{id}/map",
        "/scenarios/schema",
        "/scenarios/kinds",
        "/scenarios/indicators",
    ] {
        assert!(described["paths"][path].is_object(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_is_run_compared_looked_into_and_forgotten() {
    let (city, demo) = living().await;
    let people = demo.population_grid();
    let _ = people;
    let clinics =
        "/ngsi-ld/v1/entities?type=PointOfInterest&q=category==%22clinic%22&format=simplified&limit=1";
    let at = city.get(clinics).await.json()[0]["location"]["coordinates"].clone();
    let (lon, lat) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    let file = format!(
        "schema = 1\ntitle = \"Clinics\"\ncurrency = \"USD\"\nindicators = [\"clinic-walk\", \"park-walk\"]\n\n\
         [[measure]]\nname = \"clinic\"\nkind = \"new-place\"\ncost = 90000\nwith.category = \"clinic\"\n\
         with.place_name = \"North clinic\"\nwith.at = [{}, {}]\n\n\
         [[measure]]\nname = \"none\"\nkind = \"new-place\"\ncost = 1\nwith.category = \"park\"\nwith.at = [{lon}, {lat}]\n\n\
         [[scenario]]\nname = \"clinic\"\nmeasures = [\"clinic\"]\n\n\
         [[scenario]]\nname = \"both\"\nmeasures = [\"clinic\", \"none\"]\n",
        lon + 0.01,
        lat + 0.005
    );
    let kept = put(&city, "/scenarios", &[], &file).await;
    assert_eq!(kept.status, 201, "{}", kept.text());
    let asked = city
        .ask("POST", &format!("{}/runs", kept.header("location")), &[], None)
        .await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let path = asked.header("location").to_owned();
    assert_eq!(asked.json()["id"], path.rsplit('/').next().unwrap());
    let run = finished(&city, &path).await;
    assert_eq!(run["status"], "done", "{run}");
    assert_eq!((&run["title"], &run["file"]), (&json!("Clinics"), &json!(file)));

    let result = city.get(&format!("{path}/result")).await;
    let found = result.json();
    assert_eq!(found["scenarios"][1]["name"], "both");
    assert_eq!(found["scenarios"][0]["differences"].as_array().unwrap().len(), 2);
    let known = city
        .ask(
            "GET",
            &format!("{path}/result"),
            &[("if-none-match", result.header("etag"))],
            None,
        )
        .await;
    assert_eq!(known.status, 304);
    let csv = city
        .ask("GET", &format!("{path}/result"), &[("accept", "text/csv")], None)
        .await;
    assert_eq!(
        (csv.status, csv.header("content-type")),
        (200, "text/csv; charset=utf-8")
    );
    let html = city.get(&format!("{path}/result?format=html")).await;
    assert!(html.header("content-security-policy").contains("sandbox") && html.text().contains("<h1"));
    // Its outlines are those of now: a page that was kept would show others.
    assert_eq!(html.header("etag"), "");
    assert_eq!(city.get(&format!("{path}/result?format=pdf")).await.status, 400);

    // The same query shows it in the scenario, and not in the city.
    let query = "type=PointOfInterest&q=name==%22North%20clinic%22&count=true&format=simplified";
    let of = |scenario: &str| format!("{path}/entities?scenario={scenario}&{query}");
    for (address, expected) in [
        (of("clinic"), "1"),
        (of("both"), "1"),
        (of(""), "1"),
        (of("baseline"), "0"),
        (format!("/ngsi-ld/v1/entities?{query}"), "0"),
    ] {
        let reply = city.get(&address).await;
        assert_eq!(
            (reply.status, reply.header("ngsild-results-count")),
            (200, expected),
            "{address} {}",
            reply.text()
        );
    }
    assert!(
        !city
            .get(&of("clinic"))
            .await
            .header("mapacha-snapshot")
            .is_empty()
    );
    assert_eq!(city.get(&of("nowhere")).await.status, 404);
    let everything = city.get(&format!("{path}/entities?limit=5")).await;
    assert_eq!(
        everything.json().as_array().unwrap().len(),
        5,
        "a fork answers what is wide, too"
    );
    let geo = [("accept", "application/geo+json")];
    let features = city.ask("GET", &of("clinic"), &geo, None).await.json();
    assert_eq!(features["type"], "FeatureCollection");

    let map = city
        .get(&format!("{path}/map?indicator=clinic-walk&scenario=clinic"))
        .await;
    assert_eq!(map.header("content-type"), "application/geo+json");
    let map = map.json();
    assert_eq!(
        map["features"].as_array().unwrap().len(),
        found["areas"].as_array().unwrap().len()
    );
    let gains = |feature: &Value| feature["properties"]["gain"].as_f64().unwrap_or(0.0);
    assert!(
        map["features"].as_array().unwrap().iter().map(gains).sum::<f64>() > 0.0,
        "{map:.1000}"
    );
    assert_eq!(city.get(&format!("{path}/map?indicator=none")).await.status, 404);

    for language in ["en", "ar"] {
        let page = city
            .ask(
                "GET",
                &format!("{path}?lang={language}"),
                &[("accept", "text/html")],
                None,
            )
            .await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("class=\"c-mark\""), "{}", page.text());
        let reach = city
            .ask(
                "GET",
                &format!("/reach?lang={language}"),
                &[("accept", "text/html")],
                None,
            )
            .await;
        assert!(reach.text().contains("class=\"r-passable\""), "{}", reach.text());
    }

    let cancelled = city.ask("POST", &format!("{path}/cancel"), &[], None).await;
    assert_eq!(
        (cancelled.status, &cancelled.json()["status"]),
        (200, &json!("done")),
        "what is done stays"
    );
    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204);
    assert_eq!(city.get(&path).await.status, 404);
    assert_eq!(city.get(&of("clinic")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_full_says_when_to_come_back() {
    let city = City::with(|config| config.scenario_runs.waiting = 0);
    let refused = put(&city, "/scenarios/runs", &[], FILE).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (503, "application/problem+json")
    );
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let kept = put(&city, "/scenarios", &[], FILE).await;
    let form = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let page = city
        .ask(
            "POST",
            &format!("{}/runs", kept.header("location")),
            &form,
            Some(""),
        )
        .await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (503, "text/html; charset=utf-8")
    );
    assert!(!page.header("retry-after").is_empty());
}

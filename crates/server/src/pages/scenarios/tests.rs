//! The pages about scenarios, over a twin in memory: every form with and without faults, and a result of every
//! shape, with names that mean harm.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts as _;
use axum::http::{Request, StatusCode, header};
use geo_types::polygon;
use ngsi_ld::{Timestamp, Uri};
use scenarios::file::Objective;
use scenarios::job::{Run, RunStatus};
use scenarios::measures::Applied;
use scenarios::model::{Area, Group};
use scenarios::result::{
    Choice, Difference, Part, PartDifference, Provenance, RunResult, ScenarioResult, Subset, Told, Value,
    Verdict,
};
use tower::ServiceExt as _;

use super::run;
use crate::pages::tests::{NASTY, ask, check, city, location, thing};
use crate::pages::visit::Visit;
use crate::{App, router};

const FILE: &str = "schema = 1\ntitle = \"A park\"\ncurrency = \"KES\"\n\n[[measure]]\nname = \"green\"\n\
    kind = \"new-place\"\ncost = 1000\nowner = \"Parks\"\nwith.category = \"park\"\nwith.at = [36.82, -1.28]\n";

/// Sends a form, as a browser does.
async fn send(app: &App, address: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
    let mut body = String::new();
    for (name, value) in fields {
        let file = if *name == "upload" {
            "; filename=\"a.toml\""
        } else {
            ""
        };
        let _ = write!(
            body,
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{}\r\n",
            value.replace('\n', "\r\n")
        );
    }
    body += "--b--\r\n";
    let request = Request::post(address)
        .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(Body::from(body))
        .unwrap();
    let response = router(app.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let location = response
        .headers()
        .get(header::LOCATION)
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    (status, location, String::from_utf8(body.to_vec()).unwrap())
}

/// What stands in a field of a page, unescaped.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let start = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    start.split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_kept_changed_and_deleted_by_forms() {
    let app = city(Vec::new());
    let (status, location, _) = send(&app, "/scenarios", &[("file", FILE), ("then", "keep")]).await;
    assert_eq!(
        (status, location.as_str()),
        (StatusCode::SEE_OTHER, "/scenarios/urn:ngsi-ld:Scenario:a-park")
    );
    let (_, _, page) = ask(&app, &location, &[]).await;
    check(&page, &location);
    for part in ["A park", "A new place", "Parks", "1,000\u{a0}KES", "Not run yet"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let (_, _, list) = ask(&app, "/scenarios", &[]).await;
    check(&list, "/scenarios");
    assert!(
        list.contains("1 measure in 1 scenario") && list.contains(&format!("action=\"{location}/runs\""))
    );

    let edit = format!("{location}/edit");
    let (_, _, form) = ask(&app, &edit, &[]).await;
    check(&form, &edit);
    let (etag, shown) = (field(&form, "etag").to_owned(), field(&form, "shown").to_owned());
    let etag = etag.replace("&#34;", "\"");
    // A file that is chosen takes the place of a text that nobody touched.
    let other = FILE.replace("A park", "A garden");
    let fields = [
        ("etag", etag.as_str()),
        ("shown", &shown),
        ("file", FILE),
        ("upload", &other),
    ];
    let (status, _, _) = send(&app, &edit, &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, _, page) = ask(&app, &location, &[]).await;
    assert!(page.contains("A garden"));
    // The same once more: the state is another one now, and nothing is lost.
    let mine = FILE.replace("A park", "Mine <b>");
    let (status, _, page) = send(&app, &edit, &[("etag", &etag), ("file", &mine)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&page, "a form of an old state");
    assert!(
        page.contains("Somebody else changed") && page.contains("Mine &#60;b&#62;"),
        "{page}"
    );
    let again = field(&page, "etag").replace("&#34;", "\"");
    assert_ne!(again, etag);
    let (status, _, _) = send(&app, &edit, &[("etag", &again), ("file", &mine)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "saying it once more means it");

    let (status, to, _) = send(&app, &format!("{location}/delete"), &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/scenarios"));
    let (status, _, page) = ask(&app, &location, &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    check(&page, "a scenario that is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_listed_and_what_was_typed_stays() {
    let app = city(Vec::new());
    let bad = FILE
        .replace("new-place", "new-palace")
        .replace("cost = 1000", "cost = -1");
    for language in ["en", "fr", "sw", "ar"] {
        let (status, _, page) = send(&app, &format!("/scenarios?lang={language}"), &[("file", &bad)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        check(&page, "a faulty file");
        assert!(
            page.contains("new-palace") && page.contains("cost = -1"),
            "the text stays"
        );
        let summary = page
            .split("class=\"error-summary\"")
            .nth(1)
            .unwrap()
            .split("</div>")
            .next()
            .unwrap();
        assert!(summary.matches("<li").count() >= 2, "both faults: {summary}");
        assert!(page.contains("aria-invalid=\"true\""));
    }
    let (_, _, page) = send(&app, "/scenarios", &[("file", " \n")]).await;
    assert!(page.contains("Choose a file, or write one"), "{page}");
    let (_, _, page) = send(&app, "/scenarios", &[("file", FILE), ("upload", &bad)]).await;
    assert!(
        page.contains("also changed the text") && page.contains("A park"),
        "{page}"
    );
    let (_, _, page) = send(&app, "/scenarios", &[("file", NASTY)]).await;
    check(&page, "a text that means harm");
    assert!(!page.contains("<script>"));
    let long = "x".repeat(3 << 20);
    let (status, _, page) = send(&app, "/scenarios", &[("file", &long)]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    check(&page, "a text without end");
    let (_, _, page) = ask(&app, "/scenarios", &[]).await;
    assert!(
        page.contains("There is no scenario yet"),
        "nothing of it was kept"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_for_people_and_programs() {
    let app = city(Vec::new());
    let (_, location, _) = send(&app, "/scenarios", &[("file", FILE)]).await;
    for address in ["/scenarios", "/scenarios/runs", "/scenarios/kinds", &location] {
        let request = Request::get(address)
            .header(header::ACCEPT, "*/*")
            .body(Body::empty())
            .unwrap();
        let response = router(app.clone()).oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/json",
            "{address}"
        );
        let (_, headers, _) = ask(&app, address, &[]).await;
        assert_eq!(
            headers[header::CONTENT_TYPE],
            "text/html; charset=utf-8",
            "{address}"
        );
        assert!(
            headers[header::VARY].to_str().unwrap().contains("Accept"),
            "{address}"
        );
    }
    let (_, headers, file) = ask(&app, &format!("{location}?format=file"), &[]).await;
    assert_eq!(
        (headers[header::CONTENT_TYPE].to_str().unwrap(), file.as_str()),
        ("application/toml", FILE)
    );
}

#[test]
fn the_example_is_a_scenario_file() {
    let example = include_str!("example.toml");
    scenarios::file::ScenarioFile::parse(example).unwrap();
}

fn a_run(status: RunStatus) -> Run {
    Run {
        id: Uri::parse("urn:ngsi-ld:ScenarioRun:1").unwrap(),
        title: NASTY.to_owned(),
        status,
        progress: 0.4,
        step: Some(NASTY.to_owned()),
        submitted_at: Timestamp::from_seconds(1_800_000_000),
        started_at: None,
        finished_at: None,
        scenario_file: FILE.to_owned(),
        fingerprint: None,
        baseline_at: None,
        attempts: 0,
        version: "1".into(),
        errors: vec![NASTY.to_owned()],
        warnings: vec![NASTY.to_owned()],
        key: None,
        blob: None,
    }
}

fn value(indicator: &str, unit: &str, more_is_better: Option<bool>, number: Option<f64>) -> Value {
    let part = |value: f64| Part {
        value: Some(value),
        low: Some(value - 1.0),
        high: Some(value + 1.0),
        people: Some(1234.4),
    };
    Value {
        indicator: indicator.to_owned(),
        name: NASTY.to_owned(),
        unit: unit.to_owned(),
        more_is_better,
        value: number,
        low: number.map(|number| number - 2.0),
        high: number.map(|number| number + 2.5),
        uncertainty: Some(NASTY.to_owned()),
        groups: number
            .map(|number| vec![part(number), Part::default()])
            .unwrap_or_default(),
        areas: number
            .map(|number| vec![part(number), part(number), Part::default()])
            .unwrap_or_default(),
    }
}

fn difference(indicator: &str, change: Option<f64>, verdict: Verdict) -> Difference {
    let part = |change: f64| PartDifference {
        difference: Some(change),
        gain: Some(change.max(0.0) * 10.0),
        lose: Some(change.min(0.0) * -10.0),
    };
    Difference {
        indicator: indicator.to_owned(),
        difference: change,
        low: change.map(|change| change - 1.0),
        high: change.map(|change| change + 1.0),
        verdict,
        gain: change.map(|change| change.max(0.0) * 100.0),
        lose: change.map(|change| change.min(0.0) * -100.0),
        people: change.map(|change| change * 100.0),
        cost_per_unit: change
            .filter(|change| *change > 0.0)
            .map(|change| 12_000.0 / change),
        groups: change
            .map(|change| vec![part(change), PartDifference::default()])
            .unwrap_or_default(),
        areas: change
            .map(|change| vec![part(-change), part(2.0 * change), PartDifference::default()])
            .unwrap_or_default(),
    }
}

/// A result with everything in it.
fn a_result() -> RunResult {
    let id = |local: &str| Uri::ngsi_ld("AdministrativeArea", local);
    let area = |local: &str| Area {
        id: id(local),
        name: NASTY.to_owned(),
    };
    let scenario = |name: &str, change: f64| ScenarioResult {
        name: name.to_owned(),
        title: format!("{name} {NASTY}"),
        cost: 12_000.0,
        yearly_cost: 10.0,
        measures: vec![Applied {
            measure: NASTY.to_owned(),
            created: vec![Uri::ngsi_ld("GtfsStop", "new")],
            updated: (0..9).map(|n| Uri::ngsi_ld("RoadNode", &n.to_string())).collect(),
            deleted: vec![Uri::ngsi_ld("RoadSegment", "gone")],
            warnings: vec![NASTY.to_owned()],
        }],
        carried_out: Vec::new(),
        values: vec![
            value("clinic-wheelchair", "%", Some(true), Some(40.0 + change)),
            value("EC: X", "min", Some(false), Some(10.0)),
            value("none", "", None, None),
        ],
        differences: vec![
            difference(
                "clinic-wheelchair",
                Some(change),
                if change > 0.0 {
                    Verdict::Better
                } else {
                    Verdict::Worse
                },
            ),
            difference("EC: X", Some(0.0), Verdict::Same),
            difference("none", None, Verdict::NotKnown),
        ],
        warnings: vec![NASTY.to_owned()],
    };
    let subset = |bits: u32, cost: f64, gain: f64, dropped: Option<&str>| Subset {
        bits,
        measures: Vec::new(),
        cost,
        values: vec![gain],
        dropped: dropped.map(str::to_owned),
    };
    RunResult {
        schema: 1,
        title: NASTY.to_owned(),
        city: NASTY.to_owned(),
        currency: Some("USD".into()),
        groups: vec![
            Group {
                id: "disability".into(),
                name: "x".into(),
            },
            Group {
                id: "odd".into(),
                name: NASTY.to_owned(),
            },
        ],
        areas: vec![area("w1"), area("w2"), area("nowhere")],
        measure_titles: [("a".to_owned(), NASTY.to_owned())].into(),
        baseline: vec![
            value("clinic-wheelchair", "%", Some(true), Some(40.0)),
            value("EC: X", "min", Some(false), Some(10.0)),
            value("none", "", None, None),
        ],
        scenarios: vec![scenario("kerbs", 3.0), scenario("cuts", -2.0)],
        choice: Some(Choice {
            measures: vec!["a".into(), "b".into()],
            objectives: vec![Objective {
                indicator: "clinic-wheelchair".into(),
                group: Some("disability".into()),
            }],
            budget: Some(100.0),
            subsets: 4,
            simulations: 3,
            best: Some(1),
            notes: vec![NASTY.to_owned()],
            pareto: vec![subset(0, 0.0, 40.0, None), subset(1, 50.0, 42.0, None)],
            measures_told: vec![Told {
                measure: "b".into(),
                in_pareto: 0,
                alone: vec![1.0],
                with_the_best: vec![-0.5],
                why: format!("`a` does more {NASTY}"),
            }],
            all: vec![
                subset(0, 0.0, 40.0, None),
                subset(1, 50.0, 42.0, None),
                subset(2, 60.0, 41.0, Some("`a` costs less")),
                subset(3, 110.0, 43.0, Some("over the budget")),
            ],
        }),
        provenance: Provenance {
            version: "1".into(),
            snapshot: "2026-01-01T00:00:00Z".into(),
            inputs: "00".into(),
            begun_with: None,
            file: "11".into(),
            seed: 7,
            entities: [("GtfsStop".to_owned(), 3)].into(),
            assumptions: vec![NASTY.to_owned()],
        },
        warnings: vec![NASTY.to_owned()],
    }
}

async fn visit(app: &App, address: &str) -> Visit {
    let (mut parts, ()) = Request::get(address).body(()).unwrap().into_parts();
    Visit::from_request_parts(&mut parts, app)
        .await
        .unwrap_or_else(|_| panic!("{address}"))
}

async fn drawn(app: &App, address: &str, run: &Run, found: Option<&RunResult>) -> String {
    let response = run::shown(&visit(app, address).await, run, found).unwrap_or_else(|_| panic!("{address}"));
    assert_eq!(
        response.headers().contains_key(header::REFRESH),
        address.contains("watch") && found.is_none()
    );
    let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn two_wards() -> App {
    let ward = |local: &str, x: f64| {
        let square = polygon![(x: x, y: 0.0), (x: x + 0.1, y: 0.0), (x: x + 0.1, y: 0.1), (x: x, y: 0.1), (x: x, y: 0.0)];
        thing("AdministrativeArea", local, NASTY).with(location(square))
    };
    city(vec![ward("w1", 0.0), ward("w2", 0.1)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_is_told_in_every_language() {
    let app = two_wards();
    let (run, found) = (a_run(RunStatus::Done), a_result());
    for language in ["en", "fr", "sw", "ar"] {
        for query in [
            "",
            "&indicator=EC%3A%20X&scenario=cuts",
            "&indicator=none",
            "&ask=1&m=b",
            "&ask=1",
        ] {
            let address = format!("/scenarios/runs/x?lang={language}{query}");
            let page = drawn(&app, &address, &run, Some(&found)).await;
            check(&page, &address);
            assert!(
                !page.contains("<script>") && !page.contains(['\u{202e}', '\u{2066}']),
                "{address}"
            );
            assert!(!page.contains("Unknown localization"), "{address}");
        }
    }
    let page = drawn(&app, "/scenarios/runs/x", &run, Some(&found)).await;
    for part in [
        "Of 2 scenarios",
        "+3 points",
        "\u{2212}2 points",
        "between +2 and +4",
        ">better<",
        ">worse<",
        ">not known<",
        "class=\"area d-b3\"",
        "class=\"area d-w2\"",
        "url(#hatch)",
        "Persons with disabilities",
        "People gain in 1 of 3 districts. People lose in 1 of 3 districts.",
        "Hour of departure",
        "1,000 m",
        "12,000\u{a0}USD",
        "4,000\u{a0}USD",
        "/result?format=csv",
        "class=\"c-mark\"",
        "class=\"c-budget\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let asked = drawn(&app, "/scenarios/runs/x?ask=1&m=b", &run, Some(&found)).await;
    assert!(
        asked.contains("It was dropped:") && asked.contains("<code>a</code> costs less"),
        "{asked}"
    );
    let asked = drawn(&app, "/scenarios/runs/x?ask=1&m=a", &run, Some(&found)).await;
    assert!(asked.contains("No other combination beats it"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_with_nothing_in_it_is_a_page_too() {
    let app = city(Vec::new());
    let mut found = a_result();
    found.choice = None;
    (found.groups, found.areas, found.baseline) = (Vec::new(), Vec::new(), Vec::new());
    for scenario in &mut found.scenarios {
        (scenario.values, scenario.differences) = (Vec::new(), Vec::new());
    }
    let run = a_run(RunStatus::Done);
    check(
        &drawn(&app, "/scenarios/runs/x", &run, Some(&found)).await,
        "no indicator",
    );
    found.scenarios.clear();
    check(
        &drawn(&app, "/scenarios/runs/x", &run, Some(&found)).await,
        "no scenario",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_not_done_says_how_far_it_is() {
    let app = city(Vec::new());
    for status in [
        RunStatus::Queued,
        RunStatus::Running,
        RunStatus::Failed,
        RunStatus::Cancelled,
    ] {
        let run = a_run(status);
        let page = drawn(&app, "/scenarios/runs/x", &run, None).await;
        check(&page, "a run");
        assert_eq!(page.contains("/cancel\""), !status.is_final(), "{status:?}");
    }
    let page = drawn(
        &app,
        "/scenarios/runs/x?watch=1",
        &a_run(RunStatus::Running),
        None,
    )
    .await;
    check(&page, "a run that is watched");
    assert!(page.contains("Stop that") && page.contains(">40<"), "{page}");
    assert!(!page.contains("http-equiv"), "the reader can stop it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_begins_with_a_button() {
    let app = city(Vec::new());
    let (status, run, page) = send(&app, "/scenarios", &[("file", FILE), ("then", "run")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let run = run.strip_suffix("?watch=1").unwrap().to_owned();
    let id = Uri::parse(run.rsplit('/').next().unwrap()).unwrap();
    let (waiting, known) = (app.clone(), id.clone());
    let done = tokio::task::spawn_blocking(move || {
        let twin = waiting.twin(None).unwrap();
        waiting
            .scenarios
            .jobs(&waiting, None, &twin)
            .unwrap()
            .wait(&known, Duration::from_mins(1))
            .unwrap()
    });
    assert!(done.await.unwrap().status.is_final());
    for language in ["en", "ar"] {
        let (status, _, page) = ask(&app, &format!("{run}?lang={language}"), &[]).await;
        assert_eq!(status, StatusCode::OK);
        check(&page, "a run of an empty city");
    }
    let (_, _, list) = ask(&app, "/scenarios", &[]).await;
    assert!(list.contains(&run), "the latest run is in the list");
    let (status, to, _) = send(&app, &format!("{run}/delete"), &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/scenarios/runs"));
    let (status, _, _) = ask(&app, &run, &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

//! Every page over a twin in memory: an empty city, a small one, one whose names mean harm.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use geo_types::{LineString, Point, polygon};
use indicators::Catalogue;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, View};
use storage::environment::ManualClock;
use storage::memory::Memory;
use tower::ServiceExt;
use twin::contexts::Contexts;
use twin::{Operation, Tenants};

use crate::{App, Config, router};

const NOW: i64 = 1_800_000_000;

/// Texts that would do harm where they are not escaped, or turned the page around where they are not isolated.
pub(super) const NASTY: &str =
    "<script>alert('x')</script>\"' onload=x \u{202e}evil\u{2066} &amp; </bdi></title> قطار";

pub(crate) fn city(entities: Vec<Entity>) -> App {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOW)));
    let folder = std::env::temp_dir();
    let audit = governance::audit::Audit::new();
    let tenants = Tenants::open_witnessed(
        &folder,
        Arc::clone(&clock) as Arc<dyn twin::Clock>,
        twin::Limits::default(),
        Some(Arc::new(audit.clone())),
        |_| Ok(Box::new(Memory::new())),
    )
    .expect("a twin in memory");
    let view = View::open(Caller::System("test"), "test");
    let twin = tenants.get(None).expect("the default tenant");
    for entity in entities {
        let mut history = Entity::new(entity.id.clone(), entity.types[0].clone());
        for attribute in entity.attributes.iter().filter(|a| a.observed_at.is_some()) {
            for hour in 1..40 {
                let mut past = attribute.clone();
                past.observed_at = Some(Timestamp::from_seconds(NOW - 3600 * hour));
                past.value = ngsi_ld::Value::Property((10.0 + (hour % 7) as f64).into());
                history.attributes.push(past);
            }
        }
        let mut operations = vec![Operation::Import(entity)];
        if !history.attributes.is_empty() {
            operations.push(Operation::AppendHistory {
                entity: history,
                current: false,
            });
        }
        for outcome in twin.execute_blocking(&view, operations) {
            outcome.expect("stored");
        }
    }
    let listen = "127.0.0.1:8080".parse().expect("an address");
    let mut config = Config::new(listen, folder);
    config.audit = Some(audit);
    App::new(
        tenants,
        Contexts::offline([]),
        clock,
        Catalogue::built_in(),
        config,
    )
}

pub(super) fn term(name: &str) -> Name {
    Name::default_term(name)
}

pub(super) fn location(geometry: impl Into<geo_types::Geometry<f64>>) -> Attribute {
    Attribute::geo(Name::from_iri(super::place_query::LOCATION), geometry)
}

pub(super) fn thing(kind: &str, id: &str, name: &str) -> Entity {
    Entity::new(Uri::ngsi_ld(kind, id), term(kind)).with(Attribute::property(term("name"), name))
}

/// A few of everything that is drawn.
pub(super) fn small(name: &str) -> Vec<Entity> {
    let square = |x: f64, y: f64, size: f64| polygon![(x: x, y: y), (x: x + size, y: y), (x: x + size, y: y + size), (x: x, y: y + size), (x: x, y: y)];
    let at = Timestamp::from_seconds(NOW - 60);
    let road = Uri::ngsi_ld("RoadSegment", "r1");
    vec![
        thing("AdministrativeArea", "w1", name).with(location(square(36.80, -1.30, 0.05))),
        thing("RoadSegment", "r1", name).with(location(LineString::from(vec![
            (36.81, -1.29),
            (36.82, -1.28),
            (36.83, -1.29),
        ]))),
        thing("Building", "b1", name)
            .with(location(square(36.815, -1.285, 0.0005)))
            .with(Attribute::property(term("height"), 12.5).unit_code("MTR")),
        thing("GtfsStop", "s1", name)
            .with(location(Point::new(36.82, -1.28)))
            .with(Attribute::property(term("code"), name))
            .with(Attribute::relationship(term("refRoad"), road.clone()))
            .with(Attribute::relationship(
                term("refNowhere"),
                Uri::ngsi_ld("Nothing", "1"),
            )),
        thing("AirQualityObserved", "a1", name)
            .with(location(Point::new(36.825, -1.285)))
            .with(
                Attribute::property(term("pm25"), 17.5)
                    .unit_code("GQ")
                    .observed_at(at),
            )
            .with(Attribute::property(term("note"), serde_json::json!({"a": name})))
            .with(Attribute::relationship(term("refRoad"), road)),
    ]
}

pub(super) async fn ask(
    app: &App,
    address: &str,
    headers: &[(header::HeaderName, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(address).header(header::ACCEPT, "text/html");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = router(app.clone())
        .oneshot(request.body(Body::empty()).expect("a request"))
        .await;
    let response = response.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 26).await.expect("a body");
    (status, headers, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

/// Whether a page is what every page has to be: HTML whose elements are closed in order, nothing inline, one
/// `h1`, headings in order, unique ids, labels for what they point to.
pub(super) fn check(page: &str, address: &str) {
    const VOID: [&str; 5] = ["meta", "link", "br", "input", "img"];
    let mut open: Vec<String> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    let mut references: Vec<String> = Vec::new();
    let mut level = 0;
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest
            .find('>')
            .unwrap_or_else(|| panic!("{address}: a tag has no end: {rest:.60}"));
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name),
                "{address}: </{name}> closes something else"
            );
            continue;
        }
        let name = tag.split([' ', '/', '\n']).next().expect("a name").to_owned();
        assert!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{address}: <{tag}>"
        );
        let attributes = attributes(tag);
        let value = |wanted: &str| {
            attributes
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, v)| v.as_str())
        };
        for (key, content) in &attributes {
            assert!(
                !key.starts_with("on") && key != "style",
                "{address}: inline {key} in <{tag}>"
            );
            assert!(!content.contains(['<']), "{address}: `{content}` in <{tag}>");
            let outside =
                matches!(key.as_str(), "href" | "src" | "action") && !content.starts_with(['/', '#']);
            assert!(!outside, "{address}: <{tag}> leads outside");
            match key.as_str() {
                "id" => {
                    assert!(!ids.contains(content), "{address}: id {content} twice");
                    ids.push(content.clone());
                }
                "for" | "aria-labelledby" | "aria-describedby" => {
                    references.extend(content.split(' ').map(str::to_owned));
                }
                _ => {}
            }
        }
        if name == "script" {
            assert_eq!(value("type"), Some("module"), "{address}: <{tag}>");
            assert!(
                value("src").is_some_and(|src| src.starts_with("/assets/")),
                "{address}: inline script"
            );
            assert!(rest.starts_with("</script>"), "{address}: inline script");
        }
        assert_ne!(name, "style", "{address}: inline style");
        if let Some(heading) = name.strip_prefix('h').and_then(|n| n.parse::<u8>().ok()) {
            assert!(heading <= level + 1, "{address}: h{heading} after h{level}");
            level = heading;
        }
        let closed = tag.ends_with('/') || VOID.contains(&name.as_str());
        if !closed {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "{address}: left open");
    assert_eq!(page.matches("<h1").count(), 1, "{address}: one h1");
    assert!(
        page.matches("<caption").count() == page.matches("<table").count(),
        "{address}: a caption each"
    );
    for reference in references {
        assert!(
            ids.contains(&reference),
            "{address}: nothing has the id {reference}"
        );
    }
}

/// The attributes of a tag, unescaped as far as our pages escape.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.find([' ', '\n']).map_or("", |at| &tag[at..]);
    loop {
        rest = rest.trim_start().trim_end_matches('/');
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        if let Some(value) = rest[end..].strip_prefix("=\"") {
            let close = value
                .find('"')
                .unwrap_or_else(|| panic!("<{tag}> has an open value"));
            found.push((key, value[..close].to_owned()));
            rest = &value[close + 1..];
        } else {
            found.push((key, String::new()));
            rest = &rest[end..];
        }
    }
}

const EVERY: [&str; 21] = [
    "/audit",
    "/audit?action=entity.&actor=anonymous&entity=%3Cscript%3E&day=2027-01-15&below=3",
    "/",
    "/kpi",
    "/kpi?status=not_reported&search=water",
    "/kpi?search=%3Cscript%3E",
    "/kpi/EC:%20I:%20T:%202A",
    "/kpi/EN:%20EN:%20AQ:%201C?data_point=PM2.5",
    "/kpi/EC:%20ICT:%20ICT:%201C",
    "/map",
    "/map?type=GtfsStop&attribute=code&value=a&page=99",
    "/map?type=%22%3E%3Cscript%3E&value=%3Cb%3E",
    "/scenarios",
    "/scenarios/new",
    "/scenarios/runs",
    "/scenarios/kinds",
    "/reach?indicator=park-wheelchair",
    "/entities",
    "/entities?type=AirQualityObserved&value=a1",
    "/entities/urn:ngsi-ld:GtfsStop:s1",
    "/entities/urn:ngsi-ld:AirQualityObserved:a1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_well_formed_in_every_language() {
    let app = city(small("Kijani Market"));
    for address in EVERY {
        for language in ["en", "fr", "sw", "ar"] {
            let mark = if address.contains('?') { '&' } else { '?' };
            let address = format!("{address}{mark}lang={language}");
            let (status, headers, page) = ask(&app, &address, &[]).await;
            assert_eq!(status, StatusCode::OK, "{address}: {page:.300}");
            check(&page, &address);
            assert!(page.contains(&format!("<html lang=\"{language}\"")), "{address}");
            assert!(!page.contains("Unknown localization"), "{address}");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert!(
                !policy.contains("unsafe") && policy.contains("default-src 'none'"),
                "{policy}"
            );
            assert_eq!(headers[header::CONTENT_LANGUAGE], language);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_means_harm_is_harmless() {
    let app = city(small(NASTY));
    for address in EVERY {
        let (status, _, page) = ask(&app, address, &[]).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        check(&page, address);
        assert!(!page.contains("<script>"), "{address}: not escaped");
        assert!(
            !page.contains(['\u{202e}', '\u{2066}']),
            "{address}: turns the text around"
        );
    }
    let (_, _, page) = ask(&app, "/entities/urn:ngsi-ld:GtfsStop:s1", &[]).await;
    assert!(page.contains("alert("), "the name is shown, as text");
    let (_, _, features) = ask(&app, "/map/features.geojson", &[]).await;
    serde_json::from_str::<serde_json::Value>(&features).expect("JSON");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_city_says_how_to_begin() {
    let app = city(Vec::new());
    let (status, _, page) = ask(&app, "/", &[]).await;
    assert_eq!(status, StatusCode::OK);
    check(&page, "/");
    for command in [
        "mapacha import boundaries",
        "mapacha import population",
        "mapacha import gtfs",
        "mapacha demo",
    ] {
        assert!(page.contains(command), "{command}");
    }
    for address in [
        "/kpi",
        "/map",
        "/entities",
        "/scenarios",
        "/scenarios/runs",
        "/reach",
    ] {
        let (status, _, page) = ask(&app, address, &[]).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        check(&page, address);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entity_shows_its_values_its_links_and_its_history() {
    let app = city(small("Kijani Market"));
    let (_, _, stop) = ask(&app, "/entities/urn:ngsi-ld:GtfsStop:s1", &[]).await;
    assert!(
        stop.contains("href=\"/entities/urn:ngsi-ld:RoadSegment:r1\""),
        "a link to what is there"
    );
    assert!(
        !stop.contains("href=\"/entities/urn:ngsi-ld:Nothing:1\""),
        "none to what is not"
    );
    assert!(stop.contains("href=\"/ngsi-ld/v1/entities/urn:ngsi-ld:GtfsStop:s1\""));
    let (_, _, road) = ask(&app, "/entities/urn:ngsi-ld:RoadSegment:r1", &[]).await;
    for from in ["GtfsStop:s1", "AirQualityObserved:a1"] {
        assert!(
            road.contains(&format!("href=\"/entities/urn:ngsi-ld:{from}\"")),
            "{from} points here"
        );
    }
    let (_, _, sensor) = ask(&app, "/entities/urn:ngsi-ld:AirQualityObserved:a1", &[]).await;
    assert!(
        sensor.contains("µg/m³") && sensor.contains("17.5"),
        "the value with its unit"
    );
    assert!(
        sensor.contains("class=\"c-line\"") && sensor.contains("<caption id=\"plot-1\""),
        "chart and table"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_its_table_and_its_files_are_of_one_query() {
    let mut entities = small("Market");
    for index in 0..120 {
        let at = Point::new(36.80 + 0.0004 * f64::from(index), -1.28);
        entities
            .push(thing("Streetlight", &format!("l{index}"), &format!("Light {index}")).with(location(at)));
    }
    entities.push(thing("Idea", "i1", "nowhere"));
    let app = city(entities);
    let (_, _, page) = ask(&app, "/map?type=Streetlight", &[]).await;
    assert!(page.contains("1 to 50 of 120"), "the table is paged");
    assert!(page.contains("type=Streetlight&#38;page=2") || page.contains("type=Streetlight&amp;page=2"));
    let (_, headers, text) = ask(&app, "/map/features.geojson?type=Streetlight", &[]).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/geo+json");
    let features: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(features["numberMatched"], 120);
    assert_eq!(features["features"].as_array().expect("features").len(), 120);
    assert_eq!(features["features"][0]["properties"]["t"], "Streetlight-point");
    let (_, _, csv) = ask(&app, "/map/features.csv?type=Streetlight&value=light%2011", &[]).await;
    let expected = (0..120)
        .filter(|index| format!("light {index}").contains("light 11"))
        .count();
    assert_eq!(csv.lines().count(), expected + 1, "{csv}");
    let (_, _, all) = ask(&app, "/map/features.geojson", &[]).await;
    let all: serde_json::Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["numberMatched"], 125, "what has no place is not on the map");
    let building = all["features"]
        .as_array()
        .expect("features")
        .iter()
        .find(|f| f["properties"]["h"] == 12.5);
    assert!(building.is_some(), "buildings have their height");
    let (_, _, none) = ask(&app, "/map?type=NoSuchType", &[]).await;
    check(&none, "/map?type=NoSuchType");
    assert!(!none.contains("map-picture"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_entities_is_leafed_and_searched() {
    let lights = (0..250).map(|index| thing("Streetlight", &format!("l{index}"), &format!("Light {index}")));
    let app = city(lights.collect());
    let (_, _, first) = ask(&app, "/entities", &[]).await;
    assert!(first.contains("1 to 100 of 250"));
    let (_, _, last) = ask(&app, "/entities?page=9", &[]).await;
    assert!(
        last.contains("201 to 250 of 250"),
        "past the end is the last page"
    );
    assert_eq!(last.matches("<th scope=\"row\">").count(), 50);
    let (_, _, found) = ask(&app, "/entities?value=LIGHT%20249", &[]).await;
    assert!(
        found.contains("1 to 1 of 1"),
        "names are searched whatever their case"
    );
    let (_, _, found) = ask(&app, "/entities?value=Streetlight:l24", &[]).await;
    assert!(found.contains("of 11"), "ids are searched too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_404() {
    let app = city(small("Market"));
    for address in [
        "/entities/urn:ngsi-ld:No:1",
        "/entities/nonsense",
        "/kpi/none",
        "/kpi/EC:%20I:%20T:%202A?data_point=x",
    ] {
        let (status, _, page) = ask(&app, address, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{address}");
        check(&page, address);
    }
    let (status, headers, _) = ask(&app, "/assets/none.js", &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        !headers[header::CONTENT_TYPE]
            .to_str()
            .expect("text")
            .contains("html"),
        "never a page for an asset"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assets_may_be_kept_for_ever() {
    let app = city(Vec::new());
    let style = ui::path_of("style.css").expect("the style");
    let (status, headers, _) = ask(&app, &style, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    let mut request = Request::get(&style).header(header::ACCEPT_ENCODING, "gzip");
    request = request.header(header::ACCEPT, "*/*");
    let response = router(app)
        .oneshot(request.body(Body::empty()).expect("a request"))
        .await
        .expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_is_remembered_and_the_page_kept() {
    let app = city(small("Market"));
    let (_, headers, page) = ask(&app, "/entities?type=GtfsStop&lang=ar", &[]).await;
    assert!(
        headers[header::SET_COOKIE]
            .to_str()
            .expect("text")
            .starts_with("lang=ar;")
    );
    assert!(page.contains("dir=\"rtl\""));
    assert!(
        page.contains("/entities?type=GtfsStop&#38;lang=fr")
            || page.contains("/entities?type=GtfsStop&amp;lang=fr")
    );
    let (_, headers, page) = ask(&app, "/kpi", &[(header::COOKIE, "lang=fr")]).await;
    assert!(page.contains("<html lang=\"fr\"") && !headers.contains_key(header::SET_COOKIE));
    let (_, _, page) = ask(&app, "/kpi", &[(header::ACCEPT_LANGUAGE, "sw-KE, en;q=0.5")]).await;
    assert!(page.contains("<html lang=\"sw\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_view_is_light() {
    use std::io::Write as _;
    let mut entities = small("Market");
    for index in 0..300 {
        entities.push(thing(
            "Streetlight",
            &format!("l{index}"),
            &format!("Light {index}"),
        ));
    }
    let app = city(entities);
    let (_, _, page) = ask(&app, "/", &[]).await;
    let style = ui::path_of("style.css").expect("the style");
    let style = ui::asset(style.strip_prefix(ui::PREFIX).expect("its prefix")).expect("the asset");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(page.as_bytes()).expect("packed");
    let bytes = packed.finish().expect("packed").len() + style.gzip.expect("gzip").len();
    assert!(bytes < 30_000, "the overview with its style takes {bytes} bytes");
}

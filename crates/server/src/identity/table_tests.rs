//! The table and the router say the same.

use super::*;
use std::collections::BTreeSet;
use std::path::Path;

/// Every route with each of its methods.
fn table() -> BTreeSet<(String, String)> {
    ROUTES
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .iter()
                .map(|(method, _)| ((*method).to_owned(), (*path).to_owned()))
        })
        .collect()
}

/// The routes of the OpenAPI document.
fn documented() -> BTreeSet<(String, String)> {
    let document = crate::openapi();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// The routes of the pages, as their sources name them.
fn of_pages() -> BTreeSet<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    let mut routes = BTreeSet::new();
    for file in [
        "mod.rs",
        "desk/mod.rs",
        "scenarios/mod.rs",
        "accounts/mod.rs",
        "policies/mod.rs",
    ] {
        let source = std::fs::read_to_string(folder.join(file)).unwrap();
        for rest in source.split(".route(").skip(1) {
            let path = rest.split('"').nth(1).unwrap();
            let handlers = rest.split(".route(").next().unwrap();
            let handlers = handlers.split(".merge(").next().unwrap();
            let handlers = handlers.split("\n}").next().unwrap();
            for (call, method) in [("get(", "GET"), ("post(", "POST")] {
                if handlers.contains(call) {
                    routes.insert((method.to_owned(), path.to_owned()));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_is_in_the_table_and_nothing_else() {
    let (table, mut routes) = (table(), documented());
    let pages = of_pages();
    assert!(
        routes.len() > 80 && pages.len() > 25,
        "{} {}",
        routes.len(),
        pages.len()
    );
    routes.extend(pages);
    let missing: Vec<_> = routes.difference(&table).collect();
    assert!(missing.is_empty(), "not in the table, so refused: {missing:#?}");
    let gone: Vec<_> = table.difference(&routes).collect();
    assert!(gone.is_empty(), "in the table, and not there: {gone:#?}");
    let paths: BTreeSet<_> = ROUTES.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths.len(), ROUTES.len(), "each path once");
}

#[test]
fn what_is_open_to_everybody_is_little() {
    let open: Vec<_> = ROUTES
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .iter()
                .filter(|(_, need)| *need == Anybody)
                .map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(
        open,
        [
            "GET /ngsi-ld/v1/jsonldContexts/{contextId}",
            "GET /healthz",
            "GET /readyz",
            "GET /version",
            "GET /openapi.json",
            "GET /access/authority",
            "POST /access/devices/{device}/enrol",
            "POST /access/passkeys/login",
            "POST /access/passkeys/login/options",
            "GET /assets/{name}",
            "GET /trust",
            "GET /trust/{document}",
            "GET /.well-known/security.txt",
            "GET /setup",
            "POST /setup",
            "GET /login",
            "POST /login",
            "GET /login/code",
            "POST /login/code",
            "GET /login/provider",
            "GET /login/provider/return",
            "GET /invitation",
            "POST /invitation",
        ]
    );
}

#[test]
fn methods() {
    assert_eq!(said_of("HEAD", "/kpi"), Said::Needs(May(AssessmentRead)));
    assert_eq!(said_of("TRACE", "/"), Said::Otherwise("GET,HEAD".into()));
    assert_eq!(said_of("GET", "/nowhere"), Said::Nothing);
}

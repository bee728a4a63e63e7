//! What there is not to be found: nothing that scanners look for, no way out of a folder, nothing of the inside in a
//! refusal.

use std::collections::BTreeSet;

use access::Role;

use crate::admitted::{key_with, operations};
use crate::common::{City, Reply};

#[tokio::test]
async fn what_scanners_look_for_is_not_there() {
    for city in [City::new(), City::guarded()] {
        for path in [
            "/.git/config",
            "/.git/HEAD",
            "/.env",
            "/.svn/entries",
            "/.DS_Store",
            "/.htaccess",
            "/.aws/credentials",
            "/server-status",
            "/server-info",
            "/nginx_status",
            "/phpinfo.php",
            "/wp-login.php",
            "/admin",
            "/console",
            "/debug",
            "/debug/pprof/",
            "/debug/vars",
            "/actuator",
            "/actuator/env",
            "/actuator/heapdump",
            "/jolokia",
            "/trace",
            "/swagger",
            "/swagger-ui",
            "/graphql",
            "/config",
            "/config.toml",
            "/mapacha.toml",
            "/backup",
            "/backup.zip",
            "/dump.sql",
            "/tenant-default.sqlite",
            "/data",
            "/logs",
            "/log",
            "/assets",
            "/assets/",
            "/static/",
            "/templates/",
            "/locales/",
            "/src/main.rs",
            "/Cargo.lock",
            "/crossdomain.xml",
            "/clientaccesspolicy.xml",
            "/.well-known/",
            "/.well-known/openid-configuration",
            "/trust/",
            "/trust/../Cargo.toml",
        ] {
            let reply = city.get(path).await;
            let fine = reply.status == 404 || (path == "/trust/" && reply.status == 200);
            assert!(fine, "{path}: {} {}", reply.status, reply.text());
        }
        for method in ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "MOVE", "get"] {
            for path in ["/", "/healthz", "/ngsi-ld/v1/entities", "/trust"] {
                let reply = city.ask(method, path, &[("x-canary", "canary-1")], None).await;
                assert_eq!(reply.status, 405, "{method} {path}");
                assert!(
                    !reply.text().contains("canary-1"),
                    "{method} {path} sends back what came"
                );
            }
        }
    }
    // Figures need a permission, where people log in, and can be moved to a door of their own.
    assert_eq!(City::guarded().get("/metrics").await.status, 401);
    assert_eq!(
        City::with(|config| config.metrics_apart = true)
            .get("/metrics")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let city = City::new();
    for name in [
        "..%2f..%2f..%2fetc%2fpasswd",
        "..%2F..%2FCargo.toml",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%252e%252e%252fetc%252fpasswd",
        "..%5c..%5cetc%5cpasswd",
        "..%c0%afetc%c0%afpasswd",
        "%00",
        "style.css%00.html",
        "....//....//etc/passwd",
        "../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "%e2%80%a5/etc/passwd",
        "~root",
        "style.css",
        "con",
        "%ff%fe",
    ] {
        for folder in ["/assets/", "/trust/", "/entities/", "/kpi/", "/.well-known/"] {
            let target = format!("{folder}{name}");
            if target.parse::<axum::http::Uri>().is_err() {
                continue;
            }
            let reply = city.get(&target).await;
            assert!(
                [400, 404].contains(&reply.status),
                "{target}: {} {}",
                reply.status,
                reply.text()
            );
            for content in ["root:", "[workspace]", "@font-face", ":root"] {
                assert!(!reply.text().contains(content), "{target}: {}", reply.text());
            }
        }
    }
}

#[tokio::test]
async fn no_name_of_a_file_leads_anywhere() {
    let city = City::new();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("planted");
    let up = "../".repeat(12);
    for (n, name) in [
        format!("{up}{}", target.display()),
        target.display().to_string(),
        "..\\..\\planted".to_owned(),
        "planted\0.json".to_owned(),
        "a".repeat(5000),
        "$(touch planted)".to_owned(),
        "con".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "-rf".to_owned(),
        String::new(),
    ]
    .iter()
    .enumerate()
    {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n[{{\"id\":\"urn:a:{n}\",\"type\":\"A\"}}]\r\n--x--\r\n"
        );
        let kind = [("content-type", "multipart/form-data; boundary=x")];
        let reply = city.ask("POST", "/imports/entities", &kind, Some(&body)).await;
        assert!(
            [200, 400].contains(&reply.status),
            "{name:?}: {} {}",
            reply.status,
            reply.text()
        );
    }
    assert_eq!(
        std::fs::read_dir(outside.path()).unwrap().count(),
        0,
        "nothing was written there"
    );
    let spool = &city.app.config.spool_dir;
    let left = std::fs::read_dir(spool).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left in {}", spool.display());
}

/// Parts of texts that only the inside knows.
const INSIDE: [&str; 18] = [
    "panicked at",
    "stack backtrace",
    "RUST_BACKTRACE",
    "src/",
    ".rs:",
    "/crates/",
    "/home/",
    "/root/",
    "sqlite",
    "SQLITE",
    "SELECT ",
    "INSERT ",
    "rusqlite",
    "tokio",
    "unwrap()",
    "Option::",
    "Err(",
    "Some(",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_tell_nothing_of_the_inside() {
    let mut told = BTreeSet::new();
    for guarded in [false, true] {
        let city = if guarded { City::guarded() } else { City::new() };
        let key = guarded.then(|| key_with(&city, &[Role::Administrator]));
        let folder = city.app.config.spool_dir.parent().unwrap().display().to_string();
        let mut check = |reply: &Reply, what: &str| {
            assert_ne!(reply.status, 500, "{what}: {}", reply.text());
            if reply.status < 400 {
                return;
            }
            let all = format!("{:?} {}", reply.headers, reply.text());
            for inside in INSIDE
                .iter()
                .copied()
                .chain([folder.as_str(), env!("CARGO_MANIFEST_DIR")])
            {
                assert!(!all.contains(inside), "{what} tells `{inside}`: {all}");
            }
            told.insert((reply.status, what.to_owned()));
        };
        for (method, path, target, body) in operations() {
            let odd = path
                .split('/')
                .map(|part| if part.starts_with('{') { "%00'%22<x>" } else { part });
            let odd = odd.collect::<Vec<_>>().join("/");
            let odd = odd.replace('<', "%3C").replace('>', "%3E").replace('"', "%22");
            let kind = body
                .as_ref()
                .map_or("application/json", |(kind, _)| kind.as_str());
            for (address, kind, body) in [
                (&*odd, kind, None),
                (
                    &target,
                    kind,
                    Some(&b"{\"'; DROP TABLE log; --\": [1e999, \xff"[..]),
                ),
                (&target, kind, Some(b"[[[[[[[[\x00")),
                (
                    &target,
                    kind,
                    Some(b"{\"@context\": 7, \"id\": {}, \"type\": [[]]}"),
                ),
                (&target, "application/x-nonsense", Some(b"\x00\x01")),
                (
                    &format!("{target}?limit=-1&offset=%27&options=%00&q=((("),
                    kind,
                    None,
                ),
                (
                    &format!("{target}?timerel=x&lang=%3Cscript%3E&georel=%ff"),
                    kind,
                    None,
                ),
            ] {
                let mut headers = vec![("content-type", kind)];
                if let Some(key) = &key {
                    headers.push(("authorization", key.as_str()));
                }
                if address.parse::<axum::http::Uri>().is_err() {
                    continue;
                }
                let reply = city.ask_bytes(&method, address, &headers, body).await;
                check(&reply, &format!("{method} {address}"));
            }
        }
        for page in [
            "/kpi/%00",
            "/entities/%27%22",
            "/entities?type=%00&page=-1",
            "/map?value=%ff",
            "/reach?from=x",
            "/scenarios/%00",
            "/audit?below=x&day=x",
        ] {
            let reply = city.ask("GET", page, &[("accept", "text/html")], None).await;
            check(&reply, page);
        }
    }
    assert!(told.len() > 200, "{}", told.len());
}

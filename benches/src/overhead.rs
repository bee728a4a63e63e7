//! What access control and the audit log cost the broker: the same requests to servers that have neither, one of them, and
//! both, in turns.

use std::path::Path;
use std::process::Command;

use black_box::{Server, client, mapacha, run};
use tempfile::TempDir;

use crate::broker::setting;
use crate::load::{Broker, CONNECTIONS, Cost, LOADS, Load, load, upsert};

/// Entities that there are.
const ENTITIES: usize = 10_000;

/// The entities of the load, attribute by attribute: one is not for everybody who works there.
const CLASSES: &str = r#"
[[rules]]
types = ["Sensor"]
others = "open"
attributes = { status = "confidential", refDistrict = "internal" }
"#;

/// What a server has.
#[derive(Clone, Copy, Debug)]
struct Set {
    access: bool,
    audit: bool,
}

const SETS: [Set; 4] = [
    Set {
        access: false,
        audit: false,
    },
    Set {
        access: true,
        audit: false,
    },
    Set {
        access: false,
        audit: true,
    },
    Set {
        access: true,
        audit: true,
    },
];

/// What is measured beside what every broker is asked: a share of writes as cities have it.
const MIXED: Load = Load {
    name: "nine GET by id to one PATCH, durable",
    operation: "mixed",
    goal: "",
};

/// A server with its entities, and the keys of an operator and a viewer.
struct Made {
    server: Server,
    operator: Option<String>,
    viewer: Option<String>,
}

fn made(set: Set, folder: &Path) -> Made {
    let folder_text = folder.to_str().expect("a path");
    let mut command = mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir", folder_text]);
    command.env("MAPACHA__AUDIT__ENABLED", set.audit.to_string()).env(
        "MAPACHA__ACCESS__MODE",
        if set.access { "required" } else { "open" },
    );
    let key = |role: &str| {
        let made = run([
            "key",
            "create",
            role,
            "--role",
            role,
            "--days",
            "9",
            "--data-dir",
            folder_text,
        ]);
        let text = String::from_utf8_lossy(&made.stdout).into_owned();
        let key = text.split_whitespace().find(|word| word.starts_with("mapacha_"));
        key.unwrap_or_else(|| panic!("no key in {text}{}", String::from_utf8_lossy(&made.stderr)))
            .to_owned()
    };
    let keys = set
        .access
        .then(|| ["administrator", "operator", "viewer"].map(key));
    let server = Server::start(&mut command);
    let Some([administrator, operator, viewer]) = keys else {
        upsert(&(&server).into(), ENTITIES);
        return Made {
            server,
            operator: None,
            viewer: None,
        };
    };
    let document = format!("{}/access/policies/classification", server.url);
    let http = client();
    let before = http.get(&document).bearer_auth(&administrator).send();
    let before = before.expect("an answer").text().expect("the classification");
    let put = http.put(&document).bearer_auth(&administrator);
    let put = put.header("content-type", "text/plain").body(before + CLASSES);
    let answer = put.send().expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text());
    upsert(&broker(&server, Some(&operator)), ENTITIES);
    Made {
        server,
        operator: Some(operator),
        viewer: Some(viewer),
    }
}

fn broker(server: &Server, key: Option<&String>) -> Broker {
    Broker {
        key: key.cloned(),
        ..server.into()
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut all: Vec<f64> = costs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Measures and prints.
pub(crate) fn report(runs: usize) {
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("This chapter needs wrk: apt-get install wrk");
        return;
    }
    let slices = runs.max(2) * setting("SECONDS", 5);
    let loads: Vec<&Load> = LOADS.iter().chain([&MIXED]).collect();
    let folders: Vec<TempDir> = (SETS.iter().map(|_| tempfile::tempdir().expect("a folder"))).collect();
    let all: Vec<Made> = (SETS.iter().zip(&folders))
        .map(|(set, folder)| made(*set, folder.path()))
        .collect();
    // What it cost: for each load, in each set; and what a viewer reads, where people log in. All servers are there at
    // once, and each is asked for a second at a time, so that what else the machine does hits all of them alike.
    let mut costs = vec![vec![Vec::new(); SETS.len()]; loads.len()];
    let mut viewed = vec![vec![Vec::new(); SETS.len()]; loads.len()];
    for (n, what) in loads.iter().enumerate() {
        let reads = !matches!(what.operation, "patch" | "create" | "mixed");
        for slice in 0..slices {
            for at in 0..SETS.len() {
                let set = (at + slice) % SETS.len();
                let made = &all[set];
                let operator = broker(&made.server, made.operator.as_ref());
                costs[n][set].push(load(&operator, what, ENTITIES, 1, slice));
                if reads && made.viewer.is_some() {
                    let viewer = broker(&made.server, made.viewer.as_ref());
                    viewed[n][set].push(load(&viewer, what, ENTITIES, 1, slice));
                }
            }
        }
    }
    for made in all {
        let (code, _) = made.server.stop();
        assert_eq!(code, Some(0), "the server ends well after the load");
    }
    println!(
        "## Access control and the audit log: {ENTITIES} entities of 5 attributes, {CONNECTIONS} connections\n"
    );
    println!(
        "| What | Requests a second, neither | access control | audit log | both | fewer with both | CPU a request, neither and both |"
    );
    println!("|---|---|---|---|---|---|---|");
    let rate = |costs: &[Cost]| median(costs, |cost| cost.count as f64 / cost.wall.as_secs_f64());
    let cpu = |costs: &[Cost]| median(costs, |cost| cost.each_us(cost.cpu));
    let row = |name: &str, neither: &[Cost], [access, audit, both]: [&[Cost]; 3]| {
        let less = (1.0 - rate(both) / rate(neither)) * 100.0;
        let audit = if audit.is_empty() {
            String::new()
        } else {
            format!("{:.0}", rate(audit))
        };
        println!(
            "| {name} | {:.0} | {:.0} | {audit} | {:.0} | {less:.0} % | {:.1} → {:.1} µs |",
            rate(neither),
            rate(access),
            rate(both),
            cpu(neither),
            cpu(both)
        );
    };
    for (n, what) in loads.iter().enumerate() {
        let of = &costs[n];
        row(what.name, &of[0], [&of[1], &of[2], &of[3]]);
        if !viewed[n][1].is_empty() {
            let name = format!("{}, by somebody who does not see one attribute", what.name);
            row(&name, &of[0], [&viewed[n][1], &[], &viewed[n][3]]);
        }
    }
    println!();
}

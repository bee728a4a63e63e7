//! The part of the page that is beside another engine.

use std::fmt::Write as _;
use std::process::Command;

use black_box::{binary, root, test_data};
use serde_json::Value as Json;

/// Runs the peer's script; an error says why it could not.
pub(super) fn table() -> Result<String, String> {
    let python = std::env::var("PEER_PYTHON").unwrap_or_else(|_| "python3".into());
    let here = Command::new(&python)
        .args(["-c", "import pandana, osmium, numpy, scipy, pandas, pyproj"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !here {
        return Err(
            "pip install pandana osmium numpy scipy pandas pyproj (or name a python in $PEER_PYTHON)".into(),
        );
    }
    let extract = test_data("osm/liechtenstein.osm.pbf").ok_or("the extract is not here")?;
    let output = Command::new(&python)
        .arg(root().join("benches/peers/access.py"))
        .arg(binary())
        .arg(extract)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: Json = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    Ok(told(&document))
}

fn number(value: &Json, digits: usize) -> String {
    match value.as_f64() {
        Some(number) if value.is_u64() => format!("{number}"),
        Some(number) => format!("{number:.digits$}"),
        None => "–".to_owned(),
    }
}

fn told(document: &Json) -> String {
    let peers = &document["peers"];
    let (same, own) = (&document["same_edges"], &document["independent"]);
    let version = |name: &str| format!("{name} {}", peers[name].as_str().unwrap_or("?"));
    let mut text = format!(
        "{}; {}, {}, {}; extract `{}`: {} edges between {} nodes that are known to be walkable, {} nodes in the largest part.\n\n",
        version("pandana"),
        version("scipy"),
        version("osmium"),
        version("pyproj"),
        document["extract"].as_str().unwrap_or("?"),
        number(&same["edges"], 0),
        number(&same["nodes"], 0),
        number(&same["largest_part"], 0)
    );
    text.push_str("| What | Compared | Median difference | 95 % within | Largest |\n|---|---|---|---|---|\n");
    let mut row = |what: &str, spread: &Json, unit: &str, scale: f64, digits: usize| {
        let of = |key: &str| {
            spread[key]
                .as_f64()
                .map_or("–".into(), |value| format!("{:.digits$} {unit}", value * scale))
        };
        let _ = writeln!(
            text,
            "| {what} | {} | {} | {} | {} |",
            number(&spread["count"], 0),
            of("median"),
            of("p95"),
            of("max")
        );
    };
    row(
        "the same edges: shortest ways, scipy's Dijkstra",
        &same["to_scipy_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the same edges: shortest ways, pandana",
        &same["to_pandana_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the same edges: metres of street within 500, 1 500 and 5 000 m, scipy",
        &same["isochrone_length_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the same edges: the nearest of 40 places, pandana",
        &same["nearest_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the file read anew: length of each way, PROJ",
        &own["ways_length_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the file read anew: shortest ways, scipy's Dijkstra",
        &own["uncut_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the file read anew: shortest ways, pandana",
        &own["difference_m"],
        "m",
        1.0,
        4,
    );
    row(
        "the file read anew: the nearest of 40 places, pandana",
        &own["nearest_m"],
        "m",
        1.0,
        4,
    );
    let within = &same["nodes_within_1500_m"];
    let kilometres = |value: &Json| value.as_f64().unwrap_or(0.0) / 1000.0;
    let _ = writeln!(
        text,
        "\nThe ways are {:.1} km long at the median. Nodes within 1 500 m of one: {} by us, {} by scipy, {} in one set \
         only. Of {} ways that the script lets people walk on, {} are walked here too, and {} are walked here that are \
         not there; on {} of them pieces are left out here, {:.0} m together. In all {:.3} km of street here and {:.3} km \
         there. Of {} shortest ways {} differ by more than 0.1 %.",
        kilometres(&same["median_distance_m"]),
        within["ours"],
        within["peer"],
        within["different"],
        number(&own["ways"], 0),
        number(&own["ways_in_both"], 0),
        number(&own["ways_only_ours"]["count"], 0),
        number(&own["ways_shorter_here"]["count"], 0),
        own["ways_shorter_here"]["metres"].as_f64().unwrap_or(0.0),
        kilometres(&own["metres_ours"]),
        kilometres(&own["metres_peer"]),
        number(&own["pairs"], 0),
        number(&own["pairs_beyond_0_1_pct"], 0)
    );
    text
}

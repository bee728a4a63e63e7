//! An answer as a scenario file, as GeoJSON, as a table.

use std::fmt::Write as _;

use serde_json::json;

use super::{Siting, Wanted};
use crate::result::rounded;

impl Siting {
    /// A scenario file with these sites, ready to run: each a measure, and a scenario of all of them.
    pub fn scenario_file(&self) -> String {
        let wanted = self.options.wanted;
        let city = if self.city.is_empty() {
            "the city"
        } else {
            &self.city
        };
        let title = format!("{} new {}s for {city}", self.sites.len(), wanted.noun());
        let description = format!(
            "Found by coverage: {} of {} people reached one before, {} would with these; no other choice among {} \
             candidates makes it more than {}.",
            rounded(self.reached_before),
            rounded(self.people),
            rounded(self.reached_after),
            self.candidates,
            rounded(self.upper_bound)
        );
        let mut file = format!(
            "schema = 1\ntitle = {}\ndescription = {}\nindicators = [{}]\nseed = {}\n",
            quoted(&title),
            quoted(&description),
            match wanted {
                Wanted::Stop => "\"stop-walk\", \"stop-wheelchair\", \"EC: I: T: 2A\"",
                Wanted::Clinic => "\"clinic-walk\", \"clinic-wheelchair\"",
            },
            self.options.seed.min(i64::MAX.unsigned_abs())
        );
        for site in &self.sites {
            let area = site
                .area
                .as_ref()
                .map_or_else(String::new, |area| format!(", {area}"));
            let _ = write!(
                file,
                "\n# adds {} people\n[[measure]]\nname = {}\ntitle = {}\nkind = \"{}\"\ncost = {}\nwith.at = [{}, {}]\n",
                rounded(site.adds),
                quoted(&site.name),
                quoted(&format!("{}{area}", site.name)),
                match wanted {
                    Wanted::Stop => "new-stop",
                    Wanted::Clinic => "new-place",
                },
                float(self.options.cost),
                float(site.position[0]),
                float(site.position[1])
            );
            if wanted == Wanted::Clinic {
                file.push_str("with.category = \"clinic\"\n");
            } else {
                let routes: Vec<String> = site.routes.iter().map(|route| quoted(route)).collect();
                let _ = writeln!(file, "with.routes = [{}]", routes.join(", "));
                // A little more than was measured here, on another projection.
                let most = site
                    .way_round_m
                    .unwrap_or(0.0)
                    .mul_add(1.05, 50.0)
                    .max(300.0)
                    .ceil();
                let _ = writeln!(file, "with.most_detour_m = {}", float(most));
            }
        }
        let names: Vec<String> = self.sites.iter().map(|site| quoted(&site.name)).collect();
        let _ = write!(
            file,
            "\n[[scenario]]\nname = \"all-sites\"\ntitle = {}\nmeasures = [{}]\n",
            quoted(&title),
            names.join(", ")
        );
        file
    }

    /// The sites as GeoJSON (RFC 7946).
    pub fn geojson(&self) -> serde_json::Value {
        let features: Vec<serde_json::Value> = self
            .sites
            .iter()
            .map(|site| {
                json!({
                    "type": "Feature",
                    "id": site.name,
                    "geometry": { "type": "Point", "coordinates": site.position },
                    "properties": {
                        "name": site.name,
                        "area": site.area,
                        "lines": site.lines,
                        "way_round_m": site.way_round_m,
                        "adds": site.adds,
                        "alone": site.alone,
                        "stays": site.stays,
                        "in_variants": site.in_variants,
                    },
                })
            })
            .collect();
        json!({ "type": "FeatureCollection", "features": features })
    }

    /// The answer as text for a terminal.
    pub fn table(&self) -> String {
        let noun = self.options.wanted.noun();
        let share = |people: f64| 100.0 * people / self.people.max(f64::MIN_POSITIVE);
        let mut text = format!(
            "{} of {} people ({:.1} %) reach a {noun} within {} m; with {} more, {} would ({:.1} %).\n",
            rounded(self.reached_before),
            rounded(self.people),
            share(self.reached_before),
            self.options.reach(),
            self.sites.len(),
            rounded(self.reached_after),
            share(self.reached_after)
        );
        let (gained, possible) = (
            self.reached_after - self.reached_before,
            self.upper_bound - self.reached_before,
        );
        if possible > 0.0 {
            let _ = writeln!(
                text,
                "No other choice among {} candidates gains more than {}: this one has at least {:.1} % of the best.",
                self.candidates,
                rounded(possible),
                100.0 * gained / possible
            );
        }
        let _ = write!(
            text,
            "\n{:<10} {:>10} {:>9} {:>10} {:>8} {:>8}  {:<12} area\n",
            "site", "longitude", "latitude", "adds", "stays", "variants", "line"
        );
        for site in &self.sites {
            let stays = site
                .stays
                .map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
            let _ = writeln!(
                text,
                "{:<10} {:>10.5} {:>9.5} {:>10} {stays:>8} {:>8}  {:<12} {}",
                site.name,
                site.position[0],
                site.position[1],
                rounded(site.adds),
                format!("{}/{}", site.in_variants, self.variants.len()),
                site.lines.join(" "),
                site.area.as_deref().unwrap_or("-")
            );
        }
        let _ = write!(
            text,
            "\n{:>8} {:>7} {:>14} {:>12} {:>14}\n",
            "reach m", "detour", "reached before", "best adds", "these add"
        );
        for variant in &self.variants {
            let _ = writeln!(
                text,
                "{:>8} {:>7.1} {:>14} {:>12} {:>14}",
                variant.reach_m,
                variant.detour,
                rounded(variant.reached_before),
                rounded(variant.adds),
                rounded(variant.main_adds)
            );
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A number as TOML, with its point.
fn float(number: f64) -> String {
    format!("{number:?}")
}

//! What the scripts of the pages are made of, as the lock file of `web/` has it, where they were built in.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const LOCK: &str = include_str!("../../../../web/package-lock.json");

/// A package of npm, for the bill of materials.
pub(super) fn components() -> Vec<Value> {
    let lock: Value = serde_json::from_str(LOCK).unwrap_or_default();
    let packages = lock.get("packages").and_then(Value::as_object);
    packages
        .into_iter()
        .flatten()
        .filter(|(_, package)| !package["dev"].as_bool().unwrap_or(false))
        .filter_map(|(folder, package)| component(folder, package))
        .collect()
}

fn component(folder: &str, package: &Value) -> Option<Value> {
    let (_, name) = folder.rsplit_once("node_modules/")?;
    let version = package["version"].as_str()?;
    let url = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
    let mut component = Map::new();
    component.insert("type".into(), "library".into());
    component.insert("bom-ref".into(), url.as_str().into());
    component.insert("name".into(), name.into());
    component.insert("version".into(), version.into());
    component.insert("scope".into(), "required".into());
    if let Some(digest) = package["integrity"].as_str().and_then(hexadecimal) {
        component.insert("hashes".into(), json!([{"alg": "SHA-512", "content": digest}]));
    }
    if let Some(licence) = package["license"].as_str() {
        component.insert("licenses".into(), json!([{"expression": licence}]));
    }
    component.insert("purl".into(), url.into());
    Some(Value::Object(component))
}

/// `sha512-…` in Base64, as npm writes it.
fn hexadecimal(integrity: &str) -> Option<String> {
    let bytes = STANDARD.decode(integrity.strip_prefix("sha512-")?).ok()?;
    Some(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_made_of_what_the_lock_file_has() {
        let all = components();
        let named = |name: &str| all.iter().find(|one| one["name"] == name);
        let map = named("maplibre-gl").unwrap();
        assert!(
            map["purl"].as_str().unwrap().starts_with("pkg:npm/maplibre-gl@"),
            "{map}"
        );
        assert_eq!(map["hashes"][0]["content"].as_str().unwrap().len(), 128, "{map}");
        assert!(named("vite").is_none(), "what only builds is not in the program");
        let scoped = named("@mapbox/point-geometry").unwrap();
        assert!(
            scoped["purl"]
                .as_str()
                .unwrap()
                .starts_with("pkg:npm/%40mapbox/point-geometry@")
        );
        assert_eq!(hexadecimal("sha512-AAH/").as_deref(), Some("0001ff"));
        assert_eq!(hexadecimal("sha1-AAH/"), None);
    }
}

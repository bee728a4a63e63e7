//! What the pages need beside their HTML, built into the binary and compressed there: the hand-written style
//! and icons, always; the islands of `web/`, where they were built before (see `build.rs`).
//!
//! The names carry a hash of the content, so that a browser may keep a file for ever.

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The path under which the server offers the assets.
pub const PREFIX: &str = "/assets/";

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Its name under [`PREFIX`], with a hash of the content in it.
    pub name: &'static str,
    /// `Content-Type`.
    pub media_type: &'static str,
    /// The content.
    pub body: &'static [u8],
    /// The content, compressed with gzip.
    pub gzip: Option<&'static [u8]>,
    /// The content, compressed with Brotli.
    pub brotli: Option<&'static [u8]>,
}

/// What a page has to load for one island.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Island {
    /// The path of its module script.
    pub script: String,
    /// The paths of its style sheets.
    pub styles: Vec<String>,
}

impl Asset {
    /// The smallest content that a client with this `Accept-Encoding` takes, and its `Content-Encoding`.
    pub fn content(&self, accept_encoding: &str) -> (&'static [u8], Option<&'static str>) {
        let takes = |coding: &str| {
            accept_encoding.split(',').any(|item| {
                let mut parts = item.split(';');
                let named = parts
                    .next()
                    .is_some_and(|name| name.trim().eq_ignore_ascii_case(coding));
                let refused = parts.any(|parameter| {
                    let quality = parameter.trim().strip_prefix("q=");
                    quality
                        .and_then(|q| q.parse::<f32>().ok())
                        .is_some_and(|q| q <= 0.0)
                });
                named && !refused
            })
        };
        match (self.brotli, self.gzip) {
            (Some(body), _) if takes("br") => (body, Some("br")),
            (_, Some(body)) if takes("gzip") => (body, Some("gzip")),
            _ => (self.body, None),
        }
    }
}

/// The asset of this name, hash and all.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The path of a hand-written file: `style.css` → `/assets/style-0123456789abcdef.css`.
pub fn path_of(file: &str) -> Option<String> {
    NAMES
        .iter()
        .find(|(plain, _)| *plain == file)
        .map(|(_, name)| format!("{PREFIX}{name}"))
}

/// What a page has to load for an island; `None` in a binary that was built without the islands.
pub fn island(island: &str) -> Option<Island> {
    let files = |role: &'static str| {
        ISLANDS
            .iter()
            .filter(move |(of, is, _)| *of == island && *is == role)
            .map(|(_, _, file)| format!("{PREFIX}{file}"))
    };
    Some(Island {
        script: files("script").next()?,
        styles: files("style").collect(),
    })
}

/// Whether the islands are in this binary.
pub fn has_islands() -> bool {
    !ISLANDS.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hand_written_files_are_always_there() {
        for file in ["style.css", "icon.svg"] {
            let path = path_of(file).unwrap();
            let asset = asset(path.strip_prefix(PREFIX).unwrap()).unwrap();
            assert!(!asset.body.is_empty());
            assert!(asset.gzip.unwrap().len() < asset.body.len(), "{file}");
        }
        assert!(asset("style.css").is_none(), "only the hashed name is offered");
        assert!(path_of("none.css").is_none());
    }

    #[test]
    fn every_file_of_an_island_is_embedded() {
        for (island_name, _, file) in ISLANDS {
            assert!(asset(file).is_some(), "{island_name} names {file}");
            assert!(island(island_name).is_some());
        }
        assert_eq!(has_islands(), island("map").is_some());
        assert!(island("none").is_none());
    }

    #[test]
    fn the_client_chooses_the_encoding() {
        let asset = Asset {
            name: "a.js",
            media_type: "text/javascript",
            body: b"plain",
            gzip: Some(b"gz"),
            brotli: Some(b"br"),
        };
        for (header, encoding) in [
            ("", None),
            ("gzip", Some("gzip")),
            ("gzip, deflate, br", Some("br")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("BR", Some("br")),
            ("brx", None),
        ] {
            assert_eq!(asset.content(header).1, encoding, "{header}");
        }
    }

    #[test]
    fn the_style_is_written_for_both_directions_and_asks_nothing_of_the_network() {
        let style = std::str::from_utf8(
            asset(path_of("style.css").unwrap().strip_prefix(PREFIX).unwrap())
                .unwrap()
                .body,
        )
        .unwrap();
        for (number, line) in style.lines().enumerate() {
            for physical in [
                "-left", "-right", "left:", "right:", ": left", ": right", "http:", "https:", "@import",
            ] {
                assert!(
                    !line.contains(physical),
                    "style.css:{}: `{physical}` in `{line}`",
                    number + 1
                );
            }
        }
    }
}

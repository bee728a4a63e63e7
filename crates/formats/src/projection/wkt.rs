//! Systems from well-known text.

use proj4wkt::builder::{Builder, Node};

use super::{Crs, UnknownCrs, codes, definition};

/// The longest text: the largest of EPSG's has some 2 kB.
const MAX_LENGTH: usize = 16 << 10;
/// The parser calls itself for each level; real texts have six.
const MAX_DEPTH: usize = 24;

/// Reads a system.
pub(super) fn read(text: &str) -> Result<Crs, UnknownCrs> {
    let text = text.trim().trim_start_matches('\u{feff}').trim_end_matches('\0');
    let outline = Outline::of(text)
        .ok_or_else(|| UnknownCrs::new("of its well-known text", "the text is damaged or too long"))?;
    // A code says more than the text does: PROJ's tables know the shift of its datum. Unless the text adds one.
    if let Some((authority, code)) = &outline.authority
        && !outline.shifted
        && let Ok(crs) = Crs::from_code(authority, *code)
    {
        return Ok(crs);
    }
    let unknown = |why: String| UnknownCrs::new(outline.name.clone(), why);
    let node = Builder::new()
        .parse(text)
        .map_err(|error| unknown(short(&error.to_string())))?;
    let (datum, unit) = match &node {
        Node::PROJCRS(system) => (&system.geogcs.datum, None),
        Node::GEOGCRS(system) => (&system.datum, system.unit.as_ref()),
        Node::COMPOUNDCRS(_) => {
            return Err(unknown(
                "it has heights of its own; give the horizontal system".to_owned(),
            ));
        }
        Node::GEOCCRS(_) => return Err(unknown("it is geocentric, not of a map".to_owned())),
        _ => {
            return Err(unknown(
                "it describes neither a projection nor degrees".to_owned(),
            ));
        }
    };
    if unit.is_some_and(|unit| (unit.factor - 1_f64.to_radians()).abs() > 1e-10) {
        return Err(unknown(
            "its coordinates are angles other than degrees".to_owned(),
        ));
    }
    let mut bytes = Vec::new();
    proj4wkt::Formatter::new(&mut bytes)
        .format(&node)
        .map_err(|error| unknown(short(&error.to_string())))?;
    let mut found = String::from_utf8_lossy(&bytes).into_owned();
    // Without a shift in the text, that of EPSG for a datum of this name. An ellipsoid like that of WGS 84 is not
    // enough to be WGS 84: VN-2000's lies two hundred metres from it.
    if !outline.shifted
        && !found.contains("+nadgrids=")
        && let Some(shift) = codes::datum(datum.name).and_then(codes::shift)
    {
        let words = found
            .split_whitespace()
            .filter(|word| !word.starts_with("+towgs84="));
        found = words.chain([shift]).collect::<Vec<_>>().join(" ");
    }
    definition::build(&outline.name, &found)
}

fn short(text: &str) -> String {
    text.chars().take(120).filter(|c| !c.is_control()).collect()
}

/// What stands at the top of a text.
struct Outline {
    name: String,
    /// The authority of the whole, not that of a part.
    authority: Option<(String, u32)>,
    /// The text gives the shift of the datum.
    shifted: bool,
}

impl Outline {
    /// `None`: the brackets or quotes do not close, or are too deep.
    fn of(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (mut depth, mut quoted, mut started) = (0_usize, false, false);
        // Where a part of the top level begins: its keyword, and the text within its brackets.
        let (mut word, mut part) = (String::new(), String::new());
        let mut name = None;
        let mut authority = None;
        for sign in text.chars() {
            if quoted {
                quoted = sign != '"';
                part.push(sign);
                if depth == 1 && !quoted && name.is_none() {
                    name = Some(part.trim_matches([' ', '"', '\n', '\r', '\t', ',']).to_owned());
                }
                continue;
            }
            match sign {
                '"' => {
                    quoted = true;
                    if depth == 1 {
                        part.clear();
                    }
                    part.push(sign);
                }
                '[' | '(' => {
                    depth += 1;
                    started = true;
                    if depth > MAX_DEPTH {
                        return None;
                    }
                    if depth == 2 {
                        part.clear();
                    }
                }
                ']' | ')' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 1 && matches!(word.trim(), "AUTHORITY" | "ID") {
                        authority = pair(&part).or(authority);
                    }
                    if depth == 1 {
                        word.clear();
                    }
                }
                ',' if depth == 1 => word.clear(),
                _ if depth == 1 => word.push(sign),
                _ => part.push(sign),
            }
        }
        (started && depth == 0 && !quoted).then(|| Self {
            name: name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "of no name".to_owned()),
            authority,
            shifted: text.contains("TOWGS84"),
        })
    }
}

/// `"EPSG","32737"` or `"EPSG",32737`.
fn pair(text: &str) -> Option<(String, u32)> {
    let mut fields = text.split(',').map(|field| field.trim().trim_matches('"'));
    let authority = fields.next()?.to_ascii_uppercase();
    let code = fields.next()?.parse().ok()?;
    matches!(authority.as_str(), "EPSG" | "ESRI").then_some((authority, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_that_of_the_whole() {
        let of = |text: &str| Outline::of(text).unwrap();
        let whole =
            of(r#"PROJCS["A [1], b",GEOGCS["g",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32737"]]"#);
        assert_eq!(
            (whole.name.as_str(), whole.authority),
            ("A [1], b", Some(("EPSG".into(), 32737)))
        );
        let part = of(r#"PROJCS["x", GEOGCS["g",AUTHORITY["EPSG","4326"]]]"#);
        assert_eq!(part.authority, None);
        let new = of("PROJCRS[\"x\",\n  BASEGEOGCRS[\"g\",ID[\"EPSG\",4210]],\n  ID[\"EPSG\",21037]]");
        assert_eq!(new.authority, Some(("EPSG".into(), 21037)));
        for bad in ["", "x", "A[", "A]", "A[\"]", "A[B[]"] {
            assert!(Outline::of(bad).is_none(), "{bad}");
        }
        assert!(Outline::of(&"A[".repeat(9000)).is_none());
    }
}

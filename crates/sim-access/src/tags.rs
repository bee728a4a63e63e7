//! OpenStreetMap's words for what is known of a way, read into [`EdgeAttributes`]. Text in, attributes out: which
//! file the words came from is not this crate's business.

use crate::attributes::{
    Access, Crossing, Directions, EdgeAttributes, Highway, Incline, Kerb, KerbKind, Lift, Sidewalk,
    Smoothness, Surface, Wheelchair,
};

/// A tag whose value cannot be read; the attribute stays unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The key.
    pub key: String,
    /// The value as it stands.
    pub value: String,
}

/// Reads the tags of a way. Later tags win over earlier ones of the same key; unreadable values are handed back
/// and leave the attribute unknown.
pub fn read<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> (EdgeAttributes, Vec<Unreadable>) {
    let tags: Vec<(&str, &str)> = tags
        .into_iter()
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let get = |key: &str| {
        tags.iter()
            .rev()
            .find(|(k, _)| *k == key)
            .map(|(_, value)| *value)
    };
    let mut unreadable = Vec::new();
    let mut note = |key: &str, value: &str| {
        unreadable.push(Unreadable {
            key: key.to_owned(),
            value: value.to_owned(),
        });
    };

    let mut way = EdgeAttributes {
        highway: get("highway").map(highway),
        surface: get("surface").map(surface),
        ..EdgeAttributes::default()
    };
    if way.highway.is_none() && matches!(get("railway").or(get("public_transport")), Some("platform")) {
        way.highway = Some(Highway::Platform);
    }
    way.smoothness = parse(get("smoothness"), "smoothness", smoothness, &mut note);
    way.incline = parse(get("incline"), "incline", incline, &mut note);
    way.step_count = parse(
        get("step_count"),
        "step_count",
        |text| text.parse().ok(),
        &mut note,
    );
    way.ramp = ["ramp:wheelchair", "wheelchair:ramp"]
        .into_iter()
        .find_map(|key| parse(get(key), key, yes_no, &mut note));
    if way.ramp.is_none() && get("ramp") == Some("no") {
        way.ramp = Some(false);
    }
    way.handrail = [
        "handrail",
        "handrail:both",
        "handrail:left",
        "handrail:right",
        "handrail:center",
    ]
    .into_iter()
    .filter_map(|key| parse(get(key), key, yes_no, &mut note))
    .reduce(|a, b| a || b);
    way.sidewalk = sidewalk(&get);
    way.width_m = width(way.highway, way.sidewalk, &get, &mut note);
    way.crossing = get("crossing").map(crossing);
    if way.crossing.is_none()
        && matches!(
            get("footway").or(get("path")).or(get("cycleway")),
            Some("crossing")
        )
    {
        way.crossing = Some(Crossing::Yes);
    }
    way.tactile_paving = parse(get("tactile_paving"), "tactile_paving", yes_no, &mut note);
    if way.highway == Some(Highway::Elevator) || get("elevator") == Some("yes") {
        let broken = ["operational_status", "elevator:operational_status"]
            .iter()
            .filter_map(|key| get(key))
            .any(|status| {
                matches!(
                    status,
                    "broken" | "closed" | "out_of_order" | "out_of_service" | "no"
                )
            });
        way.lift = Some(if broken {
            Lift::OutOfService
        } else {
            Lift::InService
        });
    }
    let on_foot = parse(get("foot"), "foot", access, &mut note);
    way.access = on_foot.or_else(|| parse(get("access"), "access", access, &mut note));
    if on_foot.is_none()
        && way.access == Some(Access::No)
        && matches!(get("access"), Some("agricultural" | "forestry"))
    {
        way.access = Some(Access::Private);
    }
    way.wheelchair = parse(get("wheelchair"), "wheelchair", wheelchair, &mut note);
    way.directions = match get("oneway:foot").or_else(|| get("conveying").filter(|_| way.has_steps())) {
        Some("yes" | "forward" | "1") => Directions::Forward,
        Some("-1" | "backward" | "reverse") => Directions::Backward,
        _ => Directions::Both,
    };
    let both = kerb(get("kerb"), get("kerb:height"), &mut note);
    way.kerb_from = both;
    way.kerb_to = both;
    (way, unreadable)
}

/// Reads the kerb of a node (`kerb`, or `barrier=kerb`), to be put at the ends of the edges that end there.
pub fn read_kerb<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Kerb> {
    let (mut kind, mut height, mut barrier) = (None, None, None);
    for (key, value) in tags {
        match key {
            "kerb" => kind = Some(value),
            "kerb:height" => height = Some(value),
            "barrier" if value == "kerb" => barrier = Some("yes"),
            _ => {}
        }
    }
    kerb(kind.or(barrier), height, &mut |_, _| {})
}

fn parse<T>(
    text: Option<&str>,
    key: &str,
    read: impl Fn(&str) -> Option<T>,
    note: &mut impl FnMut(&str, &str),
) -> Option<T> {
    let text = text?;
    let value = read(text);
    if value.is_none() {
        note(key, text);
    }
    value
}

fn highway(text: &str) -> Highway {
    match text {
        "footway" | "sidewalk" | "crossing" => Highway::Footway,
        "path" => Highway::Path,
        "pedestrian" => Highway::Pedestrian,
        "steps" => Highway::Steps,
        "corridor" => Highway::Corridor,
        "platform" => Highway::Platform,
        "elevator" => Highway::Elevator,
        "cycleway" => Highway::Cycleway,
        "bridleway" => Highway::Bridleway,
        "living_street" => Highway::LivingStreet,
        "service" => Highway::Service,
        "track" => Highway::Track,
        "residential" => Highway::Residential,
        "unclassified" | "road" => Highway::Unclassified,
        "tertiary" | "tertiary_link" => Highway::Tertiary,
        "secondary" | "secondary_link" => Highway::Secondary,
        "primary" | "primary_link" => Highway::Primary,
        "trunk" | "trunk_link" => Highway::Trunk,
        "motorway" | "motorway_link" => Highway::Motorway,
        "construction" | "proposed" | "abandoned" | "razed" => Highway::NotBuilt,
        _ => Highway::Other,
    }
}

fn surface(text: &str) -> Surface {
    match text {
        "asphalt" | "chipseal" => Surface::Asphalt,
        "concrete" | "concrete:plates" | "concrete:lanes" => Surface::Concrete,
        "paving_stones" | "bricks" | "tiles" | "paving_stones:30" | "paving_stones:20" => {
            Surface::PavingStones
        }
        "metal" => Surface::Metal,
        "wood" => Surface::Wood,
        "rubber" | "tartan" | "acrylic" => Surface::Rubber,
        "compacted" => Surface::Compacted,
        "fine_gravel" => Surface::FineGravel,
        "sett" => Surface::Sett,
        "cobblestone" | "unhewn_cobblestone" | "cobblestone:flattened" => Surface::Cobblestone,
        "gravel" | "rock" | "stone" => Surface::Gravel,
        "pebblestone" => Surface::Pebblestone,
        "grass_paver" => Surface::GrassPaver,
        "grass" => Surface::Grass,
        "dirt" | "earth" | "ground" | "clay" | "woodchips" => Surface::Dirt,
        "sand" => Surface::Sand,
        "mud" | "snow" | "ice" => Surface::Mud,
        "paved" => Surface::Paved,
        "unpaved" => Surface::Unpaved,
        _ => Surface::Other,
    }
}

fn smoothness(text: &str) -> Option<Smoothness> {
    Some(match text {
        "excellent" => Smoothness::Excellent,
        "good" => Smoothness::Good,
        "intermediate" => Smoothness::Intermediate,
        "bad" => Smoothness::Bad,
        "very_bad" => Smoothness::VeryBad,
        "horrible" => Smoothness::Horrible,
        "very_horrible" => Smoothness::VeryHorrible,
        "impassable" => Smoothness::Impassable,
        _ => return None,
    })
}

fn crossing(text: &str) -> Crossing {
    match text {
        "traffic_signals" | "traffic_signals;marked" | "pelican" | "toucan" => Crossing::TrafficSignals,
        "marked" | "uncontrolled" | "zebra" | "island" => Crossing::Marked,
        "unmarked" | "informal" => Crossing::Unmarked,
        "no" => Crossing::No,
        _ => Crossing::Yes,
    }
}

/// `unknown`, and a word that is not in use, say nothing of who may walk.
fn access(text: &str) -> Option<Access> {
    Some(match text {
        "yes" | "permissive" | "designated" | "official" | "public" | "discouraged" => Access::Yes,
        "no" | "agricultural" | "forestry" | "military" | "use_sidepath" => Access::No,
        "private" | "residents" | "employees" => Access::Private,
        "destination" | "customers" | "delivery" | "permit" => Access::Destination,
        _ => return None,
    })
}

fn wheelchair(text: &str) -> Option<Wheelchair> {
    Some(match text {
        "yes" | "designated" | "official" => Wheelchair::Yes,
        "limited" | "bad" => Wheelchair::Limited,
        "no" => Wheelchair::No,
        _ => return None,
    })
}

fn yes_no(text: &str) -> Option<bool> {
    match text {
        "no" | "separate" => Some(false),
        "yes" | "contrasted" | "primitive" | "both" | "left" | "right" | "center" => Some(true),
        _ => None,
    }
}

fn sidewalk<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<Sidewalk> {
    let sides = ["sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"]
        .into_iter()
        .filter_map(get);
    sides
        .filter_map(|text| match text {
            "both" | "left" | "right" | "yes" => Some(Sidewalk::Yes),
            "separate" => Some(Sidewalk::Separate),
            "no" | "none" => Some(Sidewalk::No),
            _ => None,
        })
        // One good side is enough.
        .min_by_key(|sidewalk| *sidewalk as u8)
}

/// The width that is walked. A street's own `width` says nothing of its pavement.
fn width<'a>(
    highway: Option<Highway>,
    sidewalk: Option<Sidewalk>,
    get: &impl Fn(&str) -> Option<&'a str>,
    note: &mut impl FnMut(&str, &str),
) -> Option<f32> {
    let street = highway.is_some_and(|class| class.street_rank().is_some());
    let keys: &[&str] = if street && !matches!(sidewalk, Some(Sidewalk::No | Sidewalk::Separate)) {
        &[
            "sidewalk:width",
            "sidewalk:both:width",
            "sidewalk:left:width",
            "sidewalk:right:width",
        ]
    } else {
        &["width", "est_width"]
    };
    let read = |key: &&str| parse(get(key), key, metres, note).filter(|width| *width <= 1_000.0);
    keys.iter().filter_map(read).reduce(f32::max)
}

/// A kerb of its kind and measured height.
fn kerb(kind: Option<&str>, height: Option<&str>, note: &mut impl FnMut(&str, &str)) -> Option<Kerb> {
    let height_m = parse(height, "kerb:height", metres, note).filter(|height| *height <= 10.0);
    let kind = match kind {
        Some("no" | "none") => KerbKind::No,
        Some("flush") => KerbKind::Flush,
        Some("lowered") => KerbKind::Lowered,
        Some("raised" | "regular") => KerbKind::Raised,
        Some("rolled") => KerbKind::Rolled,
        Some("yes") => KerbKind::Yes,
        Some(other) => {
            note("kerb", other);
            height_m?;
            KerbKind::Yes
        }
        None => {
            height_m?;
            KerbKind::Yes
        }
    };
    Some(Kerb { kind, height_m })
}

/// A length: metres without a unit, or with `m`, `cm`, `mm`, `'`, `"`. Negative and infinite are refused.
fn metres(text: &str) -> Option<f32> {
    let text = text.trim();
    let number = |text: &str| text.trim().replace(',', ".").parse::<f32>().ok();
    let value = if let Some((feet, rest)) = text.split_once('\'') {
        let inches = rest.trim().trim_end_matches('"').trim();
        number(feet)? * 0.3048
            + if inches.is_empty() {
                0.0
            } else {
                number(inches)? * 0.0254
            }
    } else {
        let (text, scale) = [
            ("cm", 0.01),
            ("mm", 0.001),
            ("ft", 0.3048),
            ("\"", 0.0254),
            ("m", 1.0),
        ]
        .into_iter()
        .find_map(|(unit, scale)| text.strip_suffix(unit).map(|text| (text, scale)))
        .unwrap_or((text, 1.0));
        number(text)? * scale
    };
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// A slope: `5%`, `-3 %`, `10°`, `up`, `down`, a ratio `1:12`, or a plain number (per cent).
fn incline(text: &str) -> Option<Incline> {
    let number = |text: &str| text.trim().replace(',', ".").parse::<f32>().ok();
    let percent = match text {
        "up" | "yes" => return Some(Incline::Up),
        "down" => return Some(Incline::Down),
        "no" => 0.0,
        _ => {
            if let Some(text) = text.strip_suffix('%') {
                number(text)?
            } else if let Some(text) = text.strip_suffix('°') {
                number(text)?.to_radians().tan() * 100.0
            } else if let Some((rise, run)) = text.split_once(':') {
                number(rise)? / number(run)? * 100.0
            } else {
                number(text)?
            }
        }
    };
    (percent.abs() <= 1_000.0).then_some(Incline::Percent(percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(tags: &[(&'static str, &'static str)]) -> EdgeAttributes {
        read(tags.iter().copied()).0
    }

    #[test]
    fn words_of_a_crossing() {
        let way = way(&[
            ("highway", "footway"),
            ("footway", "crossing"),
            ("crossing", "traffic_signals"),
            ("kerb", "lowered"),
            ("kerb:height", "2 cm"),
            ("tactile_paving", "yes"),
            ("width", "1,8 m"),
            ("incline", "-2.5%"),
            ("surface", "paving_stones"),
            ("smoothness", "good"),
        ]);
        assert_eq!(way.crossing, Some(Crossing::TrafficSignals));
        assert_eq!(way.kerb_from.map(|kerb| kerb.kind), Some(KerbKind::Lowered));
        assert!((way.kerb_to.unwrap().height_m.unwrap() - 0.02).abs() < 1e-6);
        assert!((way.width_m.unwrap() - 1.8).abs() < 1e-6);
        assert_eq!(way.slope_pct(false), Some(2.5));
        assert_eq!(way.tactile_paving, Some(true));
    }

    #[test]
    fn a_street_s_width_is_not_its_pavement_s() {
        assert_eq!(
            way(&[("highway", "residential"), ("sidewalk", "both"), ("width", "9")]).width_m,
            None
        );
        assert_eq!(
            way(&[("highway", "residential"), ("sidewalk", "no"), ("width", "9")]).width_m,
            Some(9.0)
        );
        let pavement = [
            ("highway", "primary"),
            ("sidewalk:left", "yes"),
            ("sidewalk:left:width", "1.5"),
        ];
        assert_eq!(way(&pavement).width_m, Some(1.5));
    }

    #[test]
    fn what_cannot_be_read_is_unknown_and_told() {
        let (way, unreadable) = read([
            ("highway", "footway"),
            ("smoothness", "nice"),
            ("width", "wide"),
            ("incline", "steep"),
            ("kerb", "?"),
        ]);
        assert_eq!(
            (way.smoothness, way.width_m, way.incline, way.kerb_from),
            (None, None, None, None)
        );
        let keys: Vec<_> = unreadable.iter().map(|tag| tag.key.as_str()).collect();
        assert_eq!(keys, ["smoothness", "incline", "width", "kerb"]);
    }

    #[test]
    fn lengths_and_slopes() {
        assert!((metres("6'6\"").unwrap() - 1.9812).abs() < 1e-4);
        assert_eq!(metres("-1"), None);
        assert_eq!(metres("NaN"), None);
        assert_eq!(incline("up"), Some(Incline::Up));
        let Some(Incline::Percent(slope)) = incline("1:12") else {
            panic!("a ratio")
        };
        assert!((slope - 8.333).abs() < 0.01);
        assert_eq!(incline("1:0"), None);
        assert_eq!(incline("NaN%"), None);
    }

    #[test]
    fn kerbs_of_nodes() {
        assert_eq!(read_kerb([("barrier", "kerb")]), Some(Kerb::of(KerbKind::Yes)));
        assert_eq!(
            read_kerb([("barrier", "kerb"), ("kerb", "flush")]),
            Some(Kerb::of(KerbKind::Flush))
        );
        assert_eq!(read_kerb([("highway", "crossing")]), None);
    }

    #[test]
    fn who_may_walk() {
        assert_eq!(
            way(&[("highway", "service"), ("access", "private")]).access,
            Some(Access::Private)
        );
        assert_eq!(
            way(&[("highway", "service"), ("access", "private"), ("foot", "yes")]).access,
            Some(Access::Yes)
        );
        for word in ["yes", "permissive", "designated", "official"] {
            assert_eq!(
                way(&[("access", "no"), ("foot", word)]).access,
                Some(Access::Yes),
                "{word}"
            );
        }
        // Who does not know has not allowed it; the general word then counts.
        for word in ["unknown", "wumbo", ""] {
            let read = |tags| read(tags).1.into_iter().map(|tag| tag.key).collect::<Vec<_>>();
            assert_eq!(
                way(&[("highway", "cycleway"), ("foot", word)]).access,
                None,
                "{word}"
            );
            assert_eq!(
                way(&[("highway", "cycleway"), ("access", word)]).access,
                None,
                "{word}"
            );
            assert_eq!(
                way(&[("access", "private"), ("foot", word)]).access,
                Some(Access::Private),
                "{word}"
            );
            assert_eq!(read([("highway", "path"), ("foot", word)]), ["foot"]);
            assert_eq!(read([("highway", "path"), ("access", word)]), ["access"]);
        }
        assert_eq!(
            way(&[("highway", "elevator"), ("operational_status", "broken")]).lift,
            Some(Lift::OutOfService)
        );
    }
}

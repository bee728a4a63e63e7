//! What an element is for a city, by its tags.

use super::element::Tags;

/// Values of `amenity` that are places people go to. Furniture (benches, bins) and parking are not.
const AMENITIES: &[&str] = &[
    // health and care
    "hospital",
    "clinic",
    "doctors",
    "dentist",
    "pharmacy",
    "nursing_home",
    "social_facility",
    "childcare",
    // learning
    "school",
    "kindergarten",
    "college",
    "university",
    "library",
    "language_school",
    "music_school",
    "driving_school",
    "research_institute",
    "training",
    // the public's business
    "townhall",
    "courthouse",
    "police",
    "fire_station",
    "ambulance_station",
    "post_office",
    "community_centre",
    "social_centre",
    "public_building",
    "embassy",
    "prison",
    // culture and worship
    "theatre",
    "cinema",
    "arts_centre",
    "museum",
    "exhibition_centre",
    "conference_centre",
    "events_venue",
    "place_of_worship",
    "planetarium",
    // money, food, water
    "bank",
    "atm",
    "marketplace",
    "food_court",
    "restaurant",
    "cafe",
    "fast_food",
    "pub",
    "bar",
    "drinking_water",
    "water_point",
    "toilets",
    "shower",
    "shelter",
    // getting about, and getting rid
    "bus_station",
    "ferry_terminal",
    "taxi",
    "bicycle_rental",
    "charging_station",
    "fuel",
    "recycling",
    "waste_transfer_station",
];
/// Shops of daily needs.
const SHOPS: &[&str] = &[
    "supermarket",
    "convenience",
    "greengrocer",
    "bakery",
    "butcher",
    "chemist",
    "medical_supply",
    "mall",
    "department_store",
];
const TOURISM: &[&str] = &["museum", "gallery", "information", "viewpoint", "zoo", "aquarium"];
const SPORTS: &[&str] = &[
    "sports_centre",
    "sports_hall",
    "stadium",
    "pitch",
    "fitness_station",
    "swimming_pool",
    "swimming_area",
    "ice_rink",
    "track",
];
/// Values of `leisure` that are open space.
const PARKS: &[&str] = &[
    "park",
    "garden",
    "playground",
    "nature_reserve",
    "dog_park",
    "common",
];
const PARK_LAND: &[&str] = &["recreation_ground", "village_green"];

/// What a place becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    PointOfInterest,
    School,
    Park,
}

impl Sort {
    /// The type of its entity.
    pub(super) fn entity_type(self) -> &'static str {
        match self {
            Self::PointOfInterest => "PointOfInterest",
            Self::School => "School",
            Self::Park => "Park",
        }
    }
}

/// A place: its sort, and its category in OpenStreetMap's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlaceClass {
    pub(super) sort: Sort,
    pub(super) category: String,
}

/// Whether a way is a `RoadSegment`.
pub(super) fn is_street(tags: &Tags<'_>) -> bool {
    tags.get("highway").is_some()
        || tags.get("railway") == Some("platform")
        || tags.get("public_transport") == Some("platform")
}

/// Whether a node says something to those who walk or roll over it.
pub(super) fn is_road_node(tags: &Tags<'_>) -> bool {
    tags.0.iter().any(|(key, value)| match *key {
        "kerb" | "barrier" | "crossing" | "tactile_paving" | "entrance" | "door" | "automatic_door"
        | "wheelchair" | "elevator" | "obstacle" | "bollard" | "cycle_barrier" | "ford"
        | "traffic_calming" | "button_operated" | "traffic_signals" => true,
        "highway" => matches!(
            *value,
            "crossing" | "elevator" | "traffic_signals" | "steps" | "stop"
        ),
        "railway" => {
            matches!(
                *value,
                "crossing" | "level_crossing" | "tram_crossing" | "tram_level_crossing"
            )
        }
        key => ["kerb:", "crossing:", "traffic_signals:"]
            .iter()
            .any(|prefix| key.starts_with(prefix)),
    })
}

/// Whether one can go in there.
pub(super) fn is_entrance(tags: &Tags<'_>) -> bool {
    tags.get("entrance")
        .is_some_and(|value| !matches!(value, "no" | "exit" | "emergency" | "garage"))
}

/// A stop, where a node is one. A feed of timetables knows more of it; this is for cities without one.
pub(super) fn stop(tags: &Tags<'_>) -> Option<PlaceClass> {
    let category = match (tags.get("highway"), tags.get("railway")) {
        (Some("bus_stop"), _) => "bus_stop",
        (_, Some("tram_stop")) => "tram_stop",
        (_, Some("station")) => "station",
        (_, Some("halt")) => "halt",
        (_, Some("subway_entrance")) => "subway_entrance",
        _ if tags.get("public_transport") == Some("platform") => {
            if tags.get("tram") == Some("yes") {
                "tram_stop"
            } else if tags.get("bus") != Some("yes")
                && (tags.get("railway") == Some("platform") || tags.get("train") == Some("yes"))
            {
                "platform"
            } else {
                "bus_stop"
            }
        }
        _ => return None,
    };
    Some(PlaceClass {
        sort: Sort::PointOfInterest,
        category: category.to_owned(),
    })
}

/// A place, where an element is one.
pub(super) fn place(tags: &Tags<'_>) -> Option<PlaceClass> {
    let class = |sort, category: &str| {
        Some(PlaceClass {
            sort,
            category: category.chars().take(100).collect(),
        })
    };
    let of = |key: &str, values: &[&str]| tags.get(key).filter(|value| values.contains(value));
    if let Some(category) = of("amenity", AMENITIES) {
        let sort = if category == "school" {
            Sort::School
        } else {
            Sort::PointOfInterest
        };
        return class(sort, category);
    }
    match tags.get("healthcare") {
        None | Some("no" | "") => {}
        Some("yes") => return class(Sort::PointOfInterest, "healthcare"),
        Some(category) => return class(Sort::PointOfInterest, category),
    }
    // What is nobody's but its owner's is no public space.
    let closed = tags.is("access", &["private", "no"]);
    if let Some(category) = of("leisure", PARKS).or_else(|| of("landuse", PARK_LAND))
        && !closed
    {
        return class(Sort::Park, category);
    }
    if let Some(category) = of("leisure", SPORTS)
        && !closed
    {
        return class(Sort::PointOfInterest, category);
    }
    let rest = of("shop", SHOPS).or_else(|| of("tourism", TOURISM))?;
    class(Sort::PointOfInterest, rest)
}

/// Whether a relation's ways are the outline of an area.
pub(super) fn is_area_relation(tags: &Tags<'_>) -> bool {
    tags.is("type", &["multipolygon", "boundary"])
}

/// The level of an administrative area.
pub(super) fn admin_level(tags: &Tags<'_>) -> Option<u8> {
    if tags.get("boundary") != Some("administrative") {
        return None;
    }
    tags.get("admin_level")?
        .trim()
        .parse()
        .ok()
        .filter(|level| (1..=12).contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[(&'static str, &'static str)]) -> Option<(Sort, String)> {
        place(&Tags(tags.to_vec())).map(|class| (class.sort, class.category))
    }

    #[test]
    fn places_by_their_tags() {
        assert_eq!(
            of(&[("amenity", "school")]),
            Some((Sort::School, "school".into()))
        );
        assert_eq!(
            of(&[("amenity", "clinic"), ("healthcare", "centre")]),
            Some((Sort::PointOfInterest, "clinic".into()))
        );
        assert_eq!(
            of(&[("healthcare", "centre")]),
            Some((Sort::PointOfInterest, "centre".into()))
        );
        assert_eq!(of(&[("leisure", "garden")]), Some((Sort::Park, "garden".into())));
        assert_eq!(of(&[("leisure", "garden"), ("access", "private")]), None);
        assert_eq!(of(&[("amenity", "bench")]), None);
        assert_eq!(of(&[("building", "yes")]), None);
    }

    #[test]
    fn stops_by_their_tags() {
        let category =
            |tags: &[(&'static str, &'static str)]| stop(&Tags(tags.to_vec())).map(|class| class.category);
        assert_eq!(category(&[("highway", "bus_stop")]).as_deref(), Some("bus_stop"));
        let tram = [("public_transport", "platform"), ("tram", "yes")];
        assert_eq!(category(&tram).as_deref(), Some("tram_stop"));
        let train = [("public_transport", "platform"), ("train", "yes")];
        assert_eq!(category(&train).as_deref(), Some("platform"));
        assert_eq!(
            category(&[("public_transport", "platform")]).as_deref(),
            Some("bus_stop")
        );
        assert_eq!(category(&[("public_transport", "stop_position")]), None);
    }

    #[test]
    fn nodes_that_matter_on_foot() {
        let matters = |key, value| is_road_node(&Tags(vec![(key, value)]));
        assert!(matters("kerb", "lowered"));
        assert!(matters("kerb:height", "0.1"));
        assert!(matters("highway", "crossing"));
        assert!(matters("railway", "level_crossing"));
        assert!(!matters("highway", "bus_stop"));
        assert!(!matters("natural", "tree"));
    }
}

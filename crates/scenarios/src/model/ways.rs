//! The entities that streets are made of, read: `RoadSegment`, `RoadNode`, `AccessibilityReport`.
//!
//! Tags are attributes; `formats::osm::keys` says which key each is, and `sim_access::tags` what it means.
//!
//! An `AccessibilityReport` is what somebody on the spot said, and counts before all tags of the street:
//!
//! | Attribute | Meaning |
//! |---|---|
//! | `refRoadSegment` | Relationship to the `RoadSegment`, all of it |
//! | `passable` | `yes`, `no` or `unknown` |
//! | `profile` | for whom: `walking` for somebody on foot; otherwise, or without it, for persons with disabilities |
//! | `dateReported` | when; of several reports on one street the latest counts, of equally late ones the worst |
//!
//! Where wheels pass feet pass, and where feet do not pass wheels do not: a `yes` counts for somebody on foot too, a
//! `no` or `unknown` of `walking` for everybody, and no report lets wheels pass where feet do not.

use formats::osm::keys;
use geo_types::Geometry;
use indicators::binding::terms;
use ngsi_ld::{Entity, Uri};
use sim_access::attributes::{Access, EdgeAttributes, Highway, Kerb, KerbKind, Sidewalk, Wheelchair};
use sim_access::{Passability, Position, tags};

use super::table::{json, word};

/// What joins ways: the id of a vertex, or its place to 1e-7 degrees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum NodeKey {
    Number(i64),
    Text(Box<str>),
    Place(i64, i64),
}

impl NodeKey {
    fn of(json: &serde_json::Value) -> Option<Self> {
        match json {
            serde_json::Value::Number(number) => number.as_i64().map(Self::Number),
            // A number that somebody wrote as text is that number.
            serde_json::Value::String(text) => Some(match text.parse() {
                Ok(number) => Self::Number(number),
                Err(_) => Self::Text(text.as_str().into()),
            }),
            _ => None,
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "at most 1.8e9")]
    pub(crate) fn of_place(place: Position) -> Self {
        Self::Place((place.lon * 1e7).round() as i64, (place.lat * 1e7).round() as i64)
    }
}

/// A `RoadSegment`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    /// Its course: two places or more.
    pub(crate) line: Vec<Position>,
    /// What each of them is, where the entity says it.
    pub(crate) keys: Option<Vec<NodeKey>>,
    /// What is known of it.
    pub(crate) attributes: EdgeAttributes,
    /// Whether houses open on it: where homes and places are put onto the network.
    pub(crate) opens: bool,
    /// Tags whose values cannot be read.
    pub(crate) unreadable: usize,
}

/// No street is longer, in metres.
const LONGEST_M: f64 = 1_000_000.0;

impl Way {
    pub(crate) fn read(entity: &Entity) -> Option<Self> {
        let line: Vec<Position> = match terms::attribute(entity, "location")?.as_geometry()? {
            Geometry::LineString(line) => line.coords().map(|at| Position::new(at.x, at.y)).collect(),
            Geometry::Polygon(area) => area
                .exterior()
                .coords()
                .map(|at| Position::new(at.x, at.y))
                .collect(),
            _ => return None,
        };
        if line.len() < 2 || !line.iter().all(|place| place.is_valid()) {
            return None;
        }
        let length: f64 = line.windows(2).map(|ab| ab[0].distance_m(ab[1])).sum();
        if length > LONGEST_M {
            return None;
        }
        let keys = terms::attribute(entity, "nodes")
            .and_then(json)
            .and_then(|nodes| {
                let keys: Option<Vec<NodeKey>> = nodes.as_array()?.iter().map(NodeKey::of).collect();
                keys.filter(|keys| keys.len() == line.len())
            });
        let tags = tags_of(entity);
        let (mut attributes, unreadable) = tags::read(tags.iter().map(|(key, value)| (*key, value.as_str())));
        make_sound(&mut attributes);
        Some(Self {
            line,
            keys,
            opens: opens(&attributes),
            attributes,
            unreadable: unreadable.len(),
        })
    }

    /// Whether another way has the same course, joints and doors: only tags differ.
    pub(crate) fn same_shape(&self, other: &Self) -> bool {
        self.line == other.line && self.keys == other.keys && self.opens == other.opens
    }
}

/// Whether houses open on a way. A ban on walking does not count: who lives on a street that is closed is cut off,
/// and does not walk through the air to the next one. What nobody lives on is left out, and streets whose pavement
/// is a way of its own beside them.
fn opens(way: &EdgeAttributes) -> bool {
    let nobody_s = matches!(
        way.highway,
        Some(Highway::Motorway | Highway::NotBuilt | Highway::Elevator)
    );
    let fast = way.highway == Some(Highway::Trunk) && way.access == Some(Access::No);
    !nobody_s && !fast && way.sidewalk != Some(Sidewalk::Separate) && way.access != Some(Access::Private)
}

/// Forgets numbers that cannot be.
fn make_sound(way: &mut EdgeAttributes) {
    while let Some((tag, _)) = way.nonsense() {
        match tag {
            "width" => way.width_m = None,
            "incline" => way.incline = None,
            _ => (way.kerb_from, way.kerb_to) = (None, None),
        }
    }
}

/// The attributes that are tags, as OpenStreetMap writes them.
fn tags_of(entity: &Entity) -> Vec<(&'static str, String)> {
    let attributes = entity
        .attributes
        .iter()
        .filter(|attribute| attribute.dataset_id.is_none());
    attributes
        .filter_map(|attribute| {
            let term = attribute.name.short();
            let key = keys::key(term).filter(|_| terms::is(&attribute.name, term))?;
            Some((key, word(attribute)?))
        })
        .collect()
}

/// A `RoadNode`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Joint {
    pub(crate) key: Option<NodeKey>,
    pub(crate) place: Position,
    pub(crate) kerb: Option<Kerb>,
    /// It says something else than that one crosses here: a bollard, a gate, an entrance.
    pub(crate) no_crossing: bool,
    pub(crate) obstacle: Obstacle,
}

/// What stands at a node, as it bears on the ways that end there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Obstacle {
    /// Nobody passes.
    pub(crate) shut: bool,
    /// Wheels do not (`No`), or nobody knows (`Limited`).
    pub(crate) wheelchair: Option<Wheelchair>,
    /// The room it leaves, metres.
    pub(crate) width_m: Option<f32>,
}

/// The narrowest room that a profile may need, metres: where a gap is narrower, no wheels pass whatever the street's
/// own width is.
const NARROW_M: f32 = 0.9;

impl Joint {
    pub(crate) fn read(entity: &Entity) -> Option<Self> {
        let place = match terms::attribute(entity, "location")?.as_geometry()? {
            Geometry::Point(at) => Position::new(at.x(), at.y()),
            _ => return None,
        };
        let key = terms::attribute(entity, "node").and_then(json);
        let tags = tags_of(entity);
        let get = |key: &str| tags.iter().find(|tag| tag.0 == key).map(|tag| tag.1.as_str());
        let kerb = tags::read_kerb(tags.iter().map(|(key, value)| (*key, value.as_str())))
            .filter(|kerb| kerb.height_m.is_none_or(|height| (0.0..=10.0).contains(&height)));
        let crosses =
            get("highway") == Some("crossing") || get("crossing").is_some() || get("kerb").is_some();
        let says = ["barrier", "entrance", "door", "elevator", "bollard"];
        place.is_valid().then(|| Self {
            key: key.as_ref().and_then(NodeKey::of),
            place,
            kerb,
            no_crossing: !crosses
                && (says.iter().any(|key| get(key).is_some()) || get("highway") == Some("elevator")),
            obstacle: Obstacle::read(&get),
        })
    }

    /// Whether another stands at the same place of the network.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        self.key == other.key && self.place == other.place
    }
}

impl Obstacle {
    fn read<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Self {
        // The words of a way say the same at a node.
        let (way, _) = tags::read(
            [
                "width",
                "wheelchair",
                "access",
                "foot",
                "operational_status",
                "elevator:operational_status",
            ]
            .into_iter()
            .filter_map(|key| Some((key, get(key)?)))
            .chain(get("maxwidth:physical").map(|width| ("width", width)))
            .chain((get("highway") == Some("elevator")).then_some(("highway", "elevator"))),
        );
        let barrier = get("barrier").filter(|word| *word != "no");
        let width_m = way.width_m;
        let by_kind = match barrier {
            Some(
                "stile"
                | "turnstile"
                | "full-height_turnstile"
                | "kissing_gate"
                | "debris"
                | "log"
                | "horse_stile",
            ) => Some(Wheelchair::No),
            // One may or may not come through between or around them; a width says it.
            Some(
                "bollard" | "cycle_barrier" | "motorcycle_barrier" | "block" | "chain" | "rope" | "planter"
                | "jersey_barrier",
            ) if width_m.is_none() => Some(Wheelchair::Limited),
            _ => None,
        };
        let locked = get("locked") == Some("yes") && barrier.is_some();
        let wall = matches!(
            barrier,
            Some("wall" | "fence" | "hedge" | "retaining_wall" | "city_wall")
        ) && get("foot").or(get("access")).is_none();
        let out_of_order = way.lift == Some(sim_access::attributes::Lift::OutOfService);
        Self {
            shut: locked || wall || out_of_order || matches!(way.access, Some(Access::No | Access::Private)),
            wheelchair: way.wheelchair.or(by_kind).filter(|said| *said != Wheelchair::Yes),
            width_m: width_m.filter(|width| (0.0..=1_000.0).contains(width)),
        }
    }

    /// Puts it onto a way that ends at it.
    pub(crate) fn onto(self, way: &mut EdgeAttributes) {
        if self.shut {
            way.access = Some(Access::No);
        }
        way.wheelchair = match (self.wheelchair, way.wheelchair) {
            (Some(Wheelchair::No), _) | (_, Some(Wheelchair::No)) => Some(Wheelchair::No),
            (Some(Wheelchair::Limited), _) | (_, Some(Wheelchair::Limited)) => Some(Wheelchair::Limited),
            (_, said) => said,
        };
        if let Some(room) = self.width_m {
            way.width_m = match way.width_m {
                Some(width) => Some(width.min(room)),
                None => (room < NARROW_M).then_some(room),
            };
        }
    }
}

/// No kerb.
pub(crate) const LEVEL: Kerb = Kerb::of(KerbKind::No);

/// An `AccessibilityReport`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) way: Uri,
    pub(crate) state: Passability,
    /// It is about somebody on foot.
    pub(crate) on_foot: bool,
    /// As it is written: dates of one form sort by time.
    pub(crate) date: String,
}

impl Report {
    pub(crate) fn read(entity: &Entity) -> Option<Self> {
        let passable = terms::attribute(entity, "passable").and_then(word)?;
        Some(Self {
            way: terms::target(entity, "refRoadSegment")?,
            state: match passable.to_lowercase().as_str() {
                "yes" | "true" | "passable" => Passability::Passable,
                "no" | "false" | "blocked" => Passability::Blocked,
                _ => Passability::Unknown,
            },
            on_foot: terms::text_of(entity, "profile").is_some_and(|profile| profile == "walking"),
            date: terms::text_of(entity, "dateReported").unwrap_or_default(),
        })
    }

    /// Whether it holds for somebody on foot, and for persons with disabilities.
    pub(crate) fn holds_for(&self) -> [bool; 2] {
        let passes = self.state == Passability::Passable;
        [self.on_foot || passes, !self.on_foot || !passes]
    }
}

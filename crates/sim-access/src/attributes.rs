//! What is known of a piece of way. `None` is "nobody has said"; it is never read as good.

use serde::{Deserialize, Serialize};

/// The class of a way, as OpenStreetMap's `highway` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Highway {
    /// Made for walking: pavements mapped as ways of their own, crossings, paths in parks.
    Footway,
    /// A path.
    Path,
    /// A street or square for people on foot.
    Pedestrian,
    /// Stairs.
    Steps,
    /// A way inside a building.
    Corridor,
    /// A platform.
    Platform,
    /// A lift.
    Elevator,
    /// A cycle way; whether one may walk there differs by country.
    Cycleway,
    /// A bridle way.
    Bridleway,
    /// A street that walkers share by design.
    LivingStreet,
    /// A drive, an alley.
    Service,
    /// A farm or forest track.
    Track,
    /// A street people live in.
    Residential,
    /// A minor road.
    Unclassified,
    /// A road that links districts.
    Tertiary,
    /// A main road.
    Secondary,
    /// A principal road.
    Primary,
    /// A trunk road.
    Trunk,
    /// A motorway: never walked.
    Motorway,
    /// Being built or planned: not there yet.
    NotBuilt,
    /// A class this crate does not know.
    Other,
}

impl Highway {
    /// The rank among streets with a carriageway, quietest first; `None`: no carriageway.
    #[must_use]
    pub const fn street_rank(self) -> Option<u8> {
        Some(match self {
            Self::LivingStreet => 0,
            Self::Service => 1,
            Self::Track => 2,
            Self::Residential => 3,
            Self::Unclassified => 4,
            Self::Tertiary => 5,
            Self::Secondary => 6,
            Self::Primary => 7,
            Self::Trunk => 8,
            Self::Motorway => 9,
            _ => return None,
        })
    }
}

/// What a way is made of (`surface`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are OpenStreetMap's values")]
pub enum Surface {
    Asphalt,
    Concrete,
    PavingStones,
    Metal,
    Wood,
    Rubber,
    Compacted,
    FineGravel,
    Sett,
    Cobblestone,
    Gravel,
    Pebblestone,
    GrassPaver,
    Grass,
    Dirt,
    Sand,
    Mud,
    /// Paved, with what is not said.
    Paved,
    /// Not paved, with what is not said.
    Unpaved,
    /// A value this crate does not know.
    Other,
}

/// How even a way is (`smoothness`), best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are OpenStreetMap's values")]
pub enum Smoothness {
    Excellent,
    Good,
    Intermediate,
    Bad,
    VeryBad,
    Horrible,
    VeryHorrible,
    Impassable,
}

/// How steep a way is, in its own direction (from, to).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incline {
    /// Rise over run, per cent; positive is up from `from` to `to`.
    Percent(f32),
    /// It climbs, how much is not said.
    Up,
    /// It falls, how much is not said.
    Down,
}

/// A kerb that one must get over at an end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kerb {
    /// Its kind.
    pub kind: KerbKind,
    /// Its height in metres, where it was measured (`kerb:height`).
    pub height_m: Option<f32>,
}

impl Kerb {
    /// A kerb of a kind whose height nobody measured.
    #[must_use]
    pub const fn of(kind: KerbKind) -> Self {
        Self { kind, height_m: None }
    }
}

/// Kinds of kerb (`kerb`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KerbKind {
    /// No kerb here.
    No,
    /// Level with the road.
    Flush,
    /// Lowered to 3 cm or less.
    Lowered,
    /// Higher than 3 cm.
    Raised,
    /// Rounded, of any height.
    Rolled,
    /// There is one; no more is said.
    Yes,
}

/// Pavements of a street (`sidewalk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sidewalk {
    /// On one side or both; this edge stands for it.
    Yes,
    /// Mapped as a way of its own; this edge is the carriageway.
    Separate,
    /// None.
    No,
}

/// How a carriageway is crossed (`crossing`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// With lights.
    TrafficSignals,
    /// Marked, without lights.
    Marked,
    /// Not marked.
    Unmarked,
    /// Forbidden, or not possible.
    No,
    /// A crossing; no more is said.
    Yes,
}

/// A lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lift {
    /// It runs.
    InService,
    /// It does not.
    OutOfService,
}

/// Who may go here on foot (`foot`, else `access`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody: by right, or because the owner lets them.
    Yes,
    /// People who have business here.
    Destination,
    /// Nobody without the owner's leave.
    Private,
    /// Nobody.
    No,
}

/// What somebody has said of the whole way (`wheelchair`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wheelchair {
    /// Passable.
    Yes,
    /// In part, or with help.
    Limited,
    /// Not passable.
    No,
}

/// Directions in which walkers may go (moving stairs, turnstiles).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directions {
    /// Both ways.
    #[default]
    Both,
    /// Only from `from` to `to`.
    Forward,
    /// Only from `to` to `from`.
    Backward,
}

/// What is known of an edge. The default knows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeAttributes {
    /// Class of the way.
    pub highway: Option<Highway>,
    /// What it is made of.
    pub surface: Option<Surface>,
    /// How even it is.
    pub smoothness: Option<Smoothness>,
    /// Clear width in metres of the part that is walked (the pavement, where the edge stands for a street with one).
    pub width_m: Option<f32>,
    /// How steep it is.
    pub incline: Option<Incline>,
    /// Number of steps; more than none makes any way a stair.
    pub step_count: Option<u16>,
    /// Whether a ramp for wheelchairs lies beside the steps (`ramp:wheelchair`).
    pub ramp: Option<bool>,
    /// Whether there is a handrail.
    pub handrail: Option<bool>,
    /// The kerb at `from`.
    pub kerb_from: Option<Kerb>,
    /// The kerb at `to`.
    pub kerb_to: Option<Kerb>,
    /// Pavements of a street.
    pub sidewalk: Option<Sidewalk>,
    /// Set where the edge crosses a carriageway.
    pub crossing: Option<Crossing>,
    /// Whether there is tactile paving.
    pub tactile_paving: Option<bool>,
    /// Set where the edge is a lift.
    pub lift: Option<Lift>,
    /// Who may go here on foot.
    pub access: Option<Access>,
    /// What somebody has said of the whole way.
    pub wheelchair: Option<Wheelchair>,
    /// Directions in which walkers may go.
    pub directions: Directions,
}

impl EdgeAttributes {
    /// A way of a class, nothing else known.
    #[must_use]
    pub fn of(highway: Highway) -> Self {
        Self {
            highway: Some(highway),
            ..Self::default()
        }
    }

    /// Whether the edge is a lift.
    #[must_use]
    pub fn is_lift(&self) -> bool {
        self.lift.is_some() || self.highway == Some(Highway::Elevator)
    }

    /// Whether the edge has steps.
    #[must_use]
    pub fn has_steps(&self) -> bool {
        !self.is_lift()
            && (self.highway == Some(Highway::Steps) || self.step_count.is_some_and(|count| count > 0))
    }

    /// The slope in a direction, per cent, up positive; `None`: not known as a number.
    #[must_use]
    pub fn slope_pct(&self, forward: bool) -> Option<f32> {
        match self.incline {
            Some(Incline::Percent(percent)) if forward => Some(percent),
            Some(Incline::Percent(percent)) => Some(-percent),
            _ => None,
        }
    }

    /// The first attribute whose number cannot be: its tag and the number. A network does not take such an edge.
    #[must_use]
    pub fn nonsense(&self) -> Option<(&'static str, f32)> {
        let kerb = |kerb: Option<Kerb>| kerb.and_then(|kerb| kerb.height_m);
        let steep = match self.incline {
            Some(Incline::Percent(percent)) => Some(percent),
            _ => None,
        };
        [
            ("width", self.width_m, 0.0..=1_000.0),
            ("kerb:height", kerb(self.kerb_from), 0.0..=10.0),
            ("kerb:height", kerb(self.kerb_to), 0.0..=10.0),
            ("incline", steep, -1_000.0..=1_000.0),
        ]
        .into_iter()
        .find_map(|(tag, value, range)| {
            value
                .filter(|value| !range.contains(value))
                .map(|value| (tag, value))
        })
    }
}

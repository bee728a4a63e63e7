//! What a street is like for those who walk or roll, and how much of that anybody has surveyed.
//!
//! Everything is drawn first and part of it forgotten afterwards: what nobody surveyed is there all the same, and is
//! simply not said. Streets are better where a district has means and towards the middle of the city; they are also
//! better surveyed there, and main streets before side streets. Both change smoothly from street to street, as they
//! do in cities, so that there are neighbourhoods one can cross on wheels and others one cannot.

use geo_types::Coord;

use crate::noise::{field, unit};
use crate::streets::{Class, Segment, Streets};

/// What is known of a street for those who walk or roll; `None`: nobody surveyed it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Footing {
    /// As OpenStreetMap's `surface`.
    pub(crate) surface: Option<&'static str>,
    /// As OpenStreetMap's `smoothness`.
    pub(crate) smoothness: Option<&'static str>,
    /// `both`, `left`, `right`, `no`; never said of a footway.
    pub(crate) sidewalk: Option<&'static str>,
    /// The clear width of the pavement in metres.
    pub(crate) sidewalk_width_m: Option<f64>,
    /// The width of the carriageway, or of a footway, in metres.
    pub(crate) width_m: Option<f64>,
    /// Rise from the first node to the second, per cent.
    pub(crate) incline_pct: Option<f64>,
    pub(crate) lit: Option<bool>,
    /// Tactile paving along the pavement.
    pub(crate) tactile_paving: Option<bool>,
    /// Where the way is a flight of steps.
    pub(crate) steps: Option<Steps>,
}

/// A flight of steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Steps {
    pub(crate) count: u32,
    /// Whether a ramp for wheelchairs lies beside it.
    pub(crate) ramp: Option<bool>,
    pub(crate) handrail: Option<bool>,
}

/// A place where streets meet and one gets off one pavement and onto another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Junction {
    pub(crate) node: usize,
    /// `lowered`, `flush`, `raised`, or `no` where nothing is crossed.
    pub(crate) kerb: Option<&'static str>,
    /// Where somebody measured it, in metres.
    pub(crate) kerb_height_m: Option<f64>,
    /// `traffic_signals`, `marked`, `unmarked`; `None`: nothing is crossed.
    pub(crate) crossing: Option<&'static str>,
    pub(crate) tactile_paving: Option<bool>,
    pub(crate) district: usize,
}

/// Streets and junctions whose tags nobody surveyed, before means and rank count, as a share.
const UNSURVEYED: f64 = 0.68;
/// From so many per cent on, a footway is a flight of steps.
const STEPS_FROM_PCT: f64 = 5.0;
/// The height of one step in metres.
const RISER_M: f64 = 0.16;

/// How good the streets are at a place, 0 to 1.
pub(crate) fn goodness(seed: u64, at: Coord<f64>, means: f64, out: f64) -> f64 {
    let local = field(seed, 104, at.x / 700.0, at.y / 700.0);
    (0.17 + 0.75 * means + 0.35 * (1.0 - out) + 0.22 * local).clamp(0.0, 1.0)
}

/// The share of streets at a place that were surveyed in full, 0 to 1.
fn surveyed(seed: u64, at: Coord<f64>, good: f64) -> f64 {
    let local = field(seed, 42, at.x / 500.0, at.y / 500.0);
    (1.0 - UNSURVEYED * (1.0 - good) * (1.0 + 0.8 * local)).clamp(0.0, 1.0)
}

/// What a street is drawn from.
pub(crate) struct Draw {
    pub(crate) seed: u64,
    /// The street's own number.
    pub(crate) key: u64,
    /// Its middle, in metres from the centre.
    pub(crate) at: Coord<f64>,
    pub(crate) class: Class,
    /// As [`goodness`] says.
    pub(crate) good: f64,
    pub(crate) length_m: f64,
    pub(crate) incline_pct: f64,
    pub(crate) width_m: f64,
}

impl Draw {
    /// A number in [0, 1) of this street's own.
    fn chance(&self, channel: u64) -> f64 {
        unit(self.seed, 50 + channel, self.key)
    }

    /// What is known of the street.
    pub(crate) fn footing(&self) -> Footing {
        let surface = self.surface();
        let sidewalk = self.sidewalk();
        let steep = self.incline_pct.abs();
        let steps = (self.class == Class::Footway && steep >= STEPS_FROM_PCT).then(|| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a flight between two streets has a few hundred steps at most"
            )]
            let count = (self.length_m * steep / 100.0 / RISER_M).round() as u32;
            let ramp = self.chance(6) < 0.2 + 0.6 * self.good;
            Steps {
                count: count.max(3),
                ramp: (self.chance(7) < 0.5 + 0.4 * self.good).then_some(ramp),
                handrail: (self.chance(8) < 0.7).then_some(self.chance(9) < 0.6),
            }
        });
        let mut footing = Footing {
            surface: Some(surface),
            smoothness: Some(self.smoothness(surface)),
            sidewalk,
            sidewalk_width_m: matches!(sidewalk, Some("both" | "left" | "right"))
                .then(|| self.sidewalk_width_m()),
            width_m: Some(self.width_m),
            incline_pct: Some(self.incline_pct),
            lit: Some(self.class <= Class::Secondary || self.chance(4) < 0.3 + 0.65 * self.good),
            tactile_paving: (self.class <= Class::Secondary).then(|| self.chance(5) < self.good - 0.3),
            steps,
        };
        self.forget(&mut footing);
        footing
    }

    /// Takes out what nobody surveyed: a few tags of a street, or none.
    fn forget(&self, footing: &mut Footing) {
        let rank = match self.class {
            Class::Primary => 0.3,
            Class::Secondary => 0.55,
            Class::Residential => 1.0,
            Class::Footway => 1.15,
        };
        let lacks = rank * (1.0 - surveyed(self.seed, self.at, self.good));
        if self.chance(20) >= lacks {
            return;
        }
        // What is hardest to see is missing most: it takes an eye for smoothness, a rule for width, a level for
        // slope; a surface is seen from the air.
        footing.smoothness = None;
        if self.chance(21) < 0.6 {
            footing.sidewalk_width_m = None;
        }
        if self.class == Class::Footway && self.chance(22) < 0.6 {
            footing.width_m = None;
        }
        if self.chance(23) < 0.5 {
            footing.incline_pct = None;
        }
        if self.chance(24) < 0.25 {
            footing.surface = None;
        }
        if self.chance(25) < 0.15 {
            (footing.sidewalk, footing.sidewalk_width_m) = (None, None);
        }
        if self.chance(26) < 0.5 {
            footing.lit = None;
        }
        if self.chance(27) < 0.7 {
            footing.tactile_paving = None;
        }
    }

    fn surface(&self) -> &'static str {
        let (chance, good) = (self.chance(0), self.good);
        match self.class {
            Class::Primary => "asphalt",
            Class::Secondary if chance < 0.85 => "asphalt",
            Class::Secondary => "concrete",
            Class::Residential if chance < 0.48 + 0.40 * good => "asphalt",
            Class::Residential if chance < 0.70 + 0.27 * good => "paving_stones",
            Class::Residential if chance < 0.78 + 0.20 * good => "compacted",
            Class::Residential if chance < 0.93 + 0.06 * good => "gravel",
            Class::Residential => "ground",
            Class::Footway if chance < 0.35 + 0.5 * good => "paving_stones",
            Class::Footway if chance < 0.75 + 0.2 * good => "compacted",
            Class::Footway => "gravel",
        }
    }

    fn smoothness(&self, surface: &str) -> &'static str {
        let even = self.chance(1) + 0.7 * self.good;
        match surface {
            "gravel" if even < 1.0 => "very_bad",
            "gravel" => "bad",
            "ground" => "very_bad",
            _ if even < 0.25 => "bad",
            "compacted" => "intermediate",
            _ if even < 0.6 => "intermediate",
            "asphalt" if even > 1.3 => "excellent",
            _ => "good",
        }
    }

    fn sidewalk(&self) -> Option<&'static str> {
        let (chance, good) = (self.chance(2), self.good);
        let side = if self.chance(10) < 0.5 { "left" } else { "right" };
        Some(match self.class {
            Class::Footway => return None,
            Class::Primary if chance < 0.85 + 0.15 * good => "both",
            Class::Primary => side,
            Class::Secondary if chance < 0.7 + 0.3 * good => "both",
            Class::Secondary if chance < 0.95 + 0.05 * good => side,
            Class::Residential if chance < 0.25 + 0.6 * good => "both",
            Class::Residential if chance < 0.55 + 0.4 * good => side,
            Class::Residential | Class::Secondary => "no",
        })
    }

    fn sidewalk_width_m(&self) -> f64 {
        let usual = match self.class {
            Class::Primary => 2.8,
            Class::Secondary => 2.1,
            Class::Residential | Class::Footway => 1.5,
        };
        decimal(usual * (0.42 + 0.45 * self.good + 0.5 * self.chance(3)))
    }
}

/// To one decimal.
pub(crate) fn decimal(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// The junctions of a network, by node.
pub(crate) fn junctions(seed: u64, streets: &Streets, place: impl Fn(usize) -> Coord<f64>) -> Vec<Junction> {
    streets
        .at_node
        .iter()
        .filter_map(|(&node, indexes)| {
            let meeting: Vec<&Segment> = indexes.iter().map(|&index| &streets.segments[index]).collect();
            junction(seed, node, place(node), &meeting)
        })
        .collect()
}

/// The junction at a node; `None` where only footways meet, which have no kerbs.
fn junction(seed: u64, node: usize, at: Coord<f64>, meeting: &[&Segment]) -> Option<Junction> {
    let busiest = meeting.iter().map(|segment| segment.class).min()?;
    if busiest == Class::Footway {
        return None;
    }
    let first = meeting.first()?;
    let good = meeting.iter().map(|segment| segment.good).sum::<f64>() / meeting.len() as f64;
    let chance = |channel: u64| unit(seed, 80 + channel, node as u64);
    let mut junction = Junction {
        node,
        kerb: Some("no"),
        kerb_height_m: None,
        crossing: None,
        tactile_paving: None,
        district: first.district,
    };
    let carriageways = meeting
        .iter()
        .filter(|segment| segment.class != Class::Footway)
        .count();
    if carriageways < 3 && meeting.len() == carriageways {
        // A bend, or the end of a street: the pavement goes on.
        return Some(junction);
    }
    junction.crossing = Some(match busiest {
        Class::Primary if chance(0) < 0.75 => "traffic_signals",
        Class::Primary | Class::Secondary if chance(0) < 0.7 + 0.3 * good => "marked",
        _ if chance(0) < 0.25 * good => "marked",
        _ => "unmarked",
    });
    // Main streets get their ramps first.
    let rank = match busiest {
        Class::Primary => 0.2,
        Class::Secondary => 0.12,
        Class::Residential | Class::Footway => 0.0,
    };
    let ramps = 0.26 + 0.95 * good + rank;
    let kerb = match chance(1) {
        chance if chance < 0.62 * ramps => "lowered",
        chance if chance < ramps => "flush",
        _ => "raised",
    };
    junction.kerb = Some(kerb);
    junction.kerb_height_m = match (kerb, chance(2)) {
        ("raised", measured) if measured < 0.3 => Some(if chance(3) < 0.5 { 0.12 } else { 0.15 }),
        // Now and then a ramp was built and its lip left too high.
        ("lowered", measured) if measured < 0.3 => Some(if chance(3) < 0.08 { 0.05 } else { 0.02 }),
        _ => None,
    };
    junction.tactile_paving = Some(busiest <= Class::Secondary && chance(4) < 0.7 * good);
    let lacks = (0.91 - rank * 2.0) * (1.0 - surveyed(seed, at, good));
    if chance(5) < lacks {
        (junction.kerb, junction.kerb_height_m) = (None, None);
    }
    if chance(6) < lacks + 0.1 {
        junction.tactile_paving = None;
    }
    Some(junction)
}

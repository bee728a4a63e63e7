//! Sensors: where they are and what they are like.

use geo_types::Coord;
use ngsi_ld::{Entity, Timestamp};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::buildings::Building;
use crate::districts::District;
use crate::entities;
use crate::ground::{Ground, degrees};
use crate::noise::{mix, stream};
use crate::readings;
use crate::streets::{Class, Streets};

/// What a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SensorKind {
    Weather,
    Air,
    Noise,
    Parking,
    Water,
    StreetLight,
}

impl SensorKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Weather,
        Self::Air,
        Self::Noise,
        Self::Parking,
        Self::Water,
        Self::StreetLight,
    ];

    /// The type of its entities, a Smart Data Model.
    pub fn entity_type(self) -> &'static str {
        match self {
            Self::Weather => "WeatherObserved",
            Self::Air => "AirQualityObserved",
            Self::Noise => "NoiseLevelObserved",
            Self::Parking => "OffStreetParking",
            Self::Water => "WaterConsumptionObserved",
            Self::StreetLight => "Streetlight",
        }
    }

    /// Its share of all sensors, in thousandths.
    fn share(self) -> u32 {
        match self {
            Self::Weather => 10,
            Self::Air => 60,
            Self::Noise => 80,
            Self::Parking => 100,
            Self::Water => 350,
            Self::StreetLight => 400,
        }
    }
}

/// A sensor.
#[derive(Debug)]
pub struct Sensor {
    entity: Entity,
    kind: SensorKind,
    at: Coord<f64>,
    pub(crate) key: u64,
    pub(crate) weather_seed: u64,
    /// How busy the place is, 0 to 1.
    pub(crate) busyness: f64,
    /// What it can hold or use: spaces of a car park, watts of a lamp, litres a day of a household.
    pub(crate) size: f64,
}

impl Sensor {
    /// What it measures.
    pub fn kind(&self) -> SensorKind {
        self.kind
    }

    /// Its entity as it stands before the first reading: name, place and what never changes.
    pub fn entity(&self) -> &Entity {
        &self.entity
    }

    /// Where it is, in degrees.
    pub fn location(&self) -> Coord<f64> {
        self.at
    }

    /// What it reads at an instant: an entity with its id, its type and the attributes that change, each observed at
    /// that instant. The same instant gives the same reading, in whatever order instants are asked for.
    pub fn reading(&self, at: Timestamp) -> Entity {
        readings::reading(self, at)
    }
}

pub(crate) fn generate(
    seed: u64,
    ground: &Ground,
    districts: &[District],
    streets: &Streets,
    buildings: &[Building],
    inhabitants: u32,
) -> Vec<Sensor> {
    let mut rng = stream(seed, "sensors");
    let total = (inhabitants / 100).clamp(20, 10_000);
    let mut sensors = Vec::with_capacity(total as usize);
    for kind in SensorKind::ALL {
        let count = match kind {
            // The rest, so that all together are as many as they should be.
            SensorKind::StreetLight => total
                .saturating_sub(u32::try_from(sensors.len()).unwrap_or(total))
                .max(1),
            kind => (total * kind.share() / 1000).max(1),
        };
        for number in 1..=count {
            let (at, busyness, district) = match kind {
                SensorKind::Water if !buildings.is_empty() => {
                    let building = &buildings[rng.random_range(0..buildings.len())];
                    (building.middle, 0.5, building.district)
                }
                // Every district has its turn.
                SensorKind::Air | SensorKind::Noise | SensorKind::Weather => {
                    on_a_street(ground, streets, Some(number as usize % districts.len()), &mut rng)
                }
                _ => on_a_street(ground, streets, None, &mut rng),
            };
            let size = match kind {
                SensorKind::Parking => f64::from(rng.random_range(3_u32..=40) * 10),
                SensorKind::StreetLight => [35.0, 50.0, 70.0, 100.0][rng.random_range(0..4)],
                SensorKind::Water => rng.random_range(250.0..900.0),
                _ => 0.0,
            };
            let key = mix(seed ^ mix(kind as u64 ^ (u64::from(number) << 8)));
            let place = degrees(at);
            let entity = entities::sensor(kind, number, place, size, districts.get(district));
            sensors.push(Sensor {
                entity,
                kind,
                at: place,
                key,
                weather_seed: seed,
                busyness,
                size,
            });
        }
    }
    sensors
}

/// A place at the side of a street, how busy it is, and its district.
fn on_a_street(
    ground: &Ground,
    streets: &Streets,
    district: Option<usize>,
    rng: &mut ChaCha8Rng,
) -> (Coord<f64>, f64, usize) {
    let fits = |index: &usize| {
        let segment = &streets.segments[*index];
        segment.class != Class::Footway && district.is_none_or(|district| segment.district == district)
    };
    let count = streets.segments.len();
    let tries: Vec<usize> = (0..200).map(|_| rng.random_range(0..count)).collect();
    // In a small district among many the tries may all miss.
    let index = tries
        .iter()
        .copied()
        .find(fits)
        .or_else(|| (0..count).find(fits))
        .unwrap_or(0);
    let segment = &streets.segments[index];
    let (from, to) = (ground.nodes[segment.from], ground.nodes[segment.to]);
    let on = from + (to - from) * rng.random_range(0.15..0.85);
    let towards = ground.centroid(segment.block) - on;
    let at = on + towards * ((segment.width_m / 2.0 + 1.0) / towards.x.hypot(towards.y));
    let rank = match segment.class {
        Class::Primary => 1.0,
        Class::Secondary => 0.65,
        Class::Residential | Class::Footway => 0.25,
    };
    (
        at,
        (0.75 * rank + 0.25 * (1.0 - ground.outness(at))).clamp(0.05, 1.0),
        segment.district,
    )
}

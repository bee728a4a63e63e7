//! A town on a grid, whose answers are counted by hand.
//!
//! Streets run every 100 m; the one from junction (i, j) to the next in the east is `h-i-j`, to the next in the north
//! `v-i-j`. Ten people live in the middle of every street that runs east. Every tag is known and good for wheels.

use formats::raster::{Georeference, GridWriter, Sample};
use geo_types::{Coord, LineString, Point, Polygon};
use ngsi_ld::{Attribute, Entity, Uri};
use sim_access::Position;
use sim_access::place::Plane;
use twin::{Snapshot, Twin};

use crate::support::{entity, name, property, put, refers, twin};

pub(crate) const BLOCK_M: f64 = 100.0;

/// So many streets from west to east, and so many junctions from south to north.
#[derive(Clone, Copy)]
pub(crate) struct Town {
    pub(crate) wide: u32,
    pub(crate) high: u32,
}

/// What the hand-counted answers are of: 12 streets wide, 7 junctions high, 840 people.
pub(crate) const TOWN: Town = Town { wide: 12, high: 7 };

pub(crate) fn place([x, y]: [f64; 2]) -> Coord<f64> {
    let at = Plane::at(Position::new(36.8, 0.0)).position([x * BLOCK_M, y * BLOCK_M]);
    Coord { x: at.lon, y: at.lat }
}

pub(crate) fn node([i, j]: [u32; 2]) -> Uri {
    Uri::ngsi_ld("RoadNode", &format!("{i}-{j}"))
}

pub(crate) fn street(local: &str) -> Uri {
    Uri::ngsi_ld("RoadSegment", local)
}

pub(crate) fn corner([i, j]: [u32; 2]) -> [f64; 2] {
    [f64::from(i), f64::from(j)]
}

pub(crate) fn located(entity: Entity, at: [f64; 2]) -> Entity {
    entity.with(Attribute::geo(name("location"), Point(place(at))))
}

/// A street between junctions that wheels pass.
pub(crate) fn way(local: &str, ends: [[u32; 2]; 2]) -> Entity {
    let line = LineString(ends.map(|end| place(corner(end))).to_vec());
    let nodes = ends.map(|[i, j]| i64::from(i * 1000 + j));
    entity("RoadSegment", local)
        .with(Attribute::geo(name("location"), line))
        .with(property("nodes", serde_json::json!(nodes)))
        .with(property("highway", "residential"))
        .with(property("sidewalk", "both"))
        .with(property("sidewalkBothWidth", 2.0).unit_code("MTR"))
        .with(property("incline", 0_i64).unit_code("P1"))
        .with(property("surface", "asphalt"))
        .with(property("smoothness", "good"))
}

pub(crate) fn junction(at: [u32; 2]) -> Entity {
    let mut entity = entity("RoadNode", "");
    entity.id = node(at);
    located(entity, corner(at))
        .with(property("node", i64::from(at[0] * 1000 + at[1])))
        .with(property("kerb", "lowered"))
}

pub(crate) fn clinic(local: &str, at: [f64; 2]) -> Entity {
    located(entity("PointOfInterest", local), at)
        .with(property("category", "clinic"))
        .with(property("wheelchair", "yes"))
}

pub(crate) fn park(local: &str, [south_west, north_east]: [[f64; 2]; 2]) -> Entity {
    entity("Park", local).with(Attribute::geo(
        name("location"),
        rectangle(south_west, north_east),
    ))
}

pub(crate) fn rectangle([west, south]: [f64; 2], [east, north]: [f64; 2]) -> Polygon<f64> {
    let ring = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ];
    Polygon::new(LineString(ring.map(place).to_vec()), vec![])
}

pub(crate) fn stop(local: &str, at: [f64; 2]) -> Entity {
    located(entity("GtfsStop", local), at)
        .with(property("name", local))
        .with(property("wheelChairAccessible", "1"))
}

/// A trip of line `1` that calls at stops at these times.
pub(crate) fn trip(local: &str, calls: &[(&str, &str)]) -> Vec<Entity> {
    let trip = entity("GtfsTrip", local)
        .with(refers("hasRoute", &Uri::ngsi_ld("GtfsRoute", "1")))
        .with(refers("hasService", &Uri::ngsi_ld("GtfsService", "daily")))
        .with(property("wheelChairAccessible", "1"));
    let id = trip.id.clone();
    let mut entities = vec![trip];
    for (sequence, (stop, time)) in (1_i64..).zip(calls) {
        let mut call = entity("GtfsStopTime", &format!("{local}:{sequence}"))
            .with(refers("hasTrip", &id))
            .with(refers("hasStop", &Uri::ngsi_ld("GtfsStop", stop)))
            .with(property("stopSequence", sequence));
        if !time.is_empty() {
            call.put(property("arrivalTime", *time));
            call.put(property("departureTime", *time));
        }
        entities.push(call);
    }
    entities
}

/// The route and the calendar of trips: every day of 2026.
pub(crate) fn service() -> Vec<Entity> {
    let daily = Uri::ngsi_ld("GtfsService", "daily");
    let mut rule = entity("GtfsCalendarRule", "daily")
        .with(refers("hasService", &daily))
        .with(property("startDate", "2026-01-01"))
        .with(property("endDate", "2026-12-31"));
    for day in [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ] {
        rule.put(property(day, true));
    }
    vec![
        entity("GtfsRoute", "1").with(property("routeType", "3")),
        entity("GtfsService", "daily"),
        rule,
    ]
}

impl Town {
    pub(crate) fn streets(self) -> Vec<Entity> {
        let mut entities = Vec::new();
        for j in 0..self.high {
            for i in 0..=self.wide {
                entities.push(junction([i, j]));
                if i < self.wide {
                    entities.push(way(&format!("h-{i}-{j}"), [[i, j], [i + 1, j]]));
                }
                if j + 1 < self.high {
                    entities.push(way(&format!("v-{i}-{j}"), [[i, j], [i, j + 1]]));
                }
            }
        }
        entities
    }

    /// Two halves: in the western a tenth have a disability, in the eastern, which is richer, a fifth.
    pub(crate) fn districts(self) -> Vec<Entity> {
        let (wide, high) = (f64::from(self.wide), f64::from(self.high) - 0.5);
        let half = (wide / 2.0).floor();
        let area = |local: &str, level: &str, from: f64, to: f64| {
            entity("AdministrativeArea", local)
                .with(property("name", local))
                .with(property("administrativeLevel", level))
                .with(Attribute::geo(
                    name("location"),
                    rectangle([from, -0.5], [to, high]),
                ))
        };
        let people = |columns: f64| columns * f64::from(self.high) * 10.0;
        let west = area("West", "district", 0.0, half)
            .with(property("population", people(half)))
            .with(property("personsWithDisabilities", people(half) / 10.0))
            .with(property(
                "populationByAge",
                serde_json::json!({"0-64": 3, "65+": 1}),
            ))
            .with(property("medianIncome", 1000_i64));
        let east = area("East", "district", half, wide)
            .with(property("population", people(wide - half)))
            .with(property("personsWithDisabilities", people(wide - half) / 5.0))
            .with(property(
                "populationByAge",
                serde_json::json!({"0-64": 1, "65+": 1}),
            ))
            .with(property("medianIncome", 2000_i64));
        vec![area("Town", "city", 0.0, wide), west, east]
    }

    /// Puts ten people into the middle of every street that runs east.
    pub(crate) fn settle(self, twin: &Twin) {
        let (south_west, north_east) = (place([0.0, 0.0]), place([1.0, 1.0]));
        let (width, height) = (north_east.x - south_west.x, north_east.y - south_west.y);
        let north = place([0.0, f64::from(self.high) - 0.5]).y;
        let georeference = Georeference {
            west: south_west.x,
            north,
            cell_width: width,
            cell_height: height,
        };
        let mut writer = GridWriter::new(self.wide, self.high, Sample::F32, georeference, None).unwrap();
        for _ in 0..self.high {
            writer.push_row(&vec![10.0; self.wide as usize]).unwrap();
        }
        let (_, mut content) = writer.finish().unwrap();
        let blob = twin.put_blob(&mut content).unwrap();
        put(
            twin,
            [entity("PopulationGrid", "town").with(property("blob", blob.0))],
        );
    }

    /// The town with more entities.
    pub(crate) fn with(self, more: impl IntoIterator<Item = Entity>) -> Snapshot {
        let twin = twin();
        self.settle(&twin);
        put(
            &twin,
            self.streets().into_iter().chain(self.districts()).chain(more),
        );
        twin.snapshot()
    }

    /// The cell in the middle of the street that runs east from a junction.
    pub(crate) fn cell(self, [k, j]: [u32; 2]) -> usize {
        // Rows of the grid run from north to south.
        ((self.high - 1 - j) * self.wide + k) as usize
    }
}
